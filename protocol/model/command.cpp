// The bytes of a command: one tag byte, then the fields as archive.hpp writes
// them. New fields may only be added at
// the end of a command, under a new tag.

#include "protocol/model/command.hpp"

#include "protocol/model/archive.hpp"

namespace praetor::model {
namespace {

using archive::as_fields;
using archive::fields;
using archive::is_a;
using archive::reader;
using archive::writer;

enum class tag : std::uint8_t {
  kv = 1,
  transaction,
  catalog_register,
  catalog_deregister,
  session_create,
  session_destroy,
  reap_tombstones,
  query_put = 10,
  query_remove = 11,
  restore_part = 12,
  restore_abort = 13,
};

template <class Archive, is_a<transaction> T>
void fields(Archive& a, T& x) {
  auto& [operations] = x;
  a.list(operations, as_fields);
}

template <class Archive, is_a<catalog_register> T>
void fields(Archive& a, T& x) {
  auto& [node, skip, service, checks] = x;
  fields(a, node);
  a.flag(skip);
  a.maybe(service, as_fields);
  a.list(checks, as_fields);
}

template <class Archive, is_a<catalog_deregister> T>
void fields(Archive& a, T& x) {
  auto& [node, service_id, check_id] = x;
  a.text(node);
  a.text(service_id);
  a.text(check_id);
}

template <class Archive, is_a<session_create> T>
void fields(Archive& a, T& x) {
  auto& [session] = x;
  fields(a, session);
}

template <class Archive, is_a<session_destroy> T>
void fields(Archive& a, T& x) {
  auto& [id] = x;
  a.text(id);
}

template <class Archive, is_a<reap_tombstones> T>
void fields(Archive& a, T& x) {
  auto& [upto] = x;
  a.number(upto);
}

template <class Archive, is_a<query_put> T>
void fields(Archive& a, T& x) {
  auto& [query, must_exist] = x;
  fields(a, query);
  a.flag(must_exist);
}

template <class Archive, is_a<query_remove> T>
void fields(Archive& a, T& x) {
  auto& [id] = x;
  a.text(id);
}

template <class Archive, is_a<restore_part> T>
void fields(Archive& a, T& x) {
  auto& [id, number, last, bytes] = x;
  a.text(id);
  a.number(number);
  a.flag(last);
  a.text(bytes);
}

template <class Archive, is_a<restore_abort> T>
void fields(Archive& a, T& x) {
  auto& [id] = x;
  a.text(id);
}

tag tag_of(const kv_operation&) {
  return tag::kv;
}
tag tag_of(const transaction&) {
  return tag::transaction;
}
tag tag_of(const catalog_register&) {
  return tag::catalog_register;
}
tag tag_of(const catalog_deregister&) {
  return tag::catalog_deregister;
}
tag tag_of(const session_create&) {
  return tag::session_create;
}
tag tag_of(const session_destroy&) {
  return tag::session_destroy;
}
tag tag_of(const reap_tombstones&) {
  return tag::reap_tombstones;
}
tag tag_of(const query_put&) {
  return tag::query_put;
}
tag tag_of(const query_remove&) {
  return tag::query_remove;
}
tag tag_of(const restore_part&) {
  return tag::restore_part;
}
tag tag_of(const restore_abort&) {
  return tag::restore_abort;
}

template <class T>
result<command> decode_as(byte_reader in) {
  reader r{in};
  T x;
  fields(r, x);
  if (r.failed())
    return fail(errc::corrupt, "command: a field is cut off or out of range");
  if (!r.in.at_end())
    return fail(errc::corrupt, "command: " + std::to_string(r.in.left()) +
                                   " bytes after its end");
  return command{std::move(x)};
}

} // namespace

std::string encode(const command& what) {
  std::string bytes;
  writer w{byte_writer{bytes}};
  std::visit(
      [&](auto& x) {
        w.out.u8(static_cast<std::uint8_t>(tag_of(x)));
        fields(w, x);
      },
      what);
  PRAETOR_ASSERT(!bytes.empty());
  return bytes;
}

result<command> decode_command(std::string_view bytes) {
  byte_reader in(bytes);
  auto kind = in.u8();
  switch (static_cast<tag>(kind)) {
  case tag::kv:
    return decode_as<kv_operation>(in);
  case tag::transaction:
    return decode_as<transaction>(in);
  case tag::catalog_register:
    return decode_as<catalog_register>(in);
  case tag::catalog_deregister:
    return decode_as<catalog_deregister>(in);
  case tag::session_create:
    return decode_as<session_create>(in);
  case tag::session_destroy:
    return decode_as<session_destroy>(in);
  case tag::reap_tombstones:
    return decode_as<reap_tombstones>(in);
  case tag::query_put:
    return decode_as<query_put>(in);
  case tag::query_remove:
    return decode_as<query_remove>(in);
  case tag::restore_part:
    return decode_as<restore_part>(in);
  case tag::restore_abort:
    return decode_as<restore_abort>(in);
  }
  constexpr auto last = static_cast<int>(tag::restore_abort);
  return fail(errc::corrupt, "command: unknown tag " + std::to_string(kind) +
                                 ", at most " + std::to_string(last));
}

} // namespace praetor::model
