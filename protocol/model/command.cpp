// The bytes of a command: one tag byte, then the fields as archive.hpp writes
// them. New fields may only be added at the end of a command, under a new tag.

#include "protocol/model/command.hpp"

#include "protocol/model/archive.hpp"

#include <algorithm>

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
  mixed_transaction, // with operations on the catalogue
  autopilot_set,
  query_put = 10,
  query_remove = 11,
  restore_part = 12,
  restore_abort = 13,
};
constexpr auto tag_last = tag::restore_abort;

template <class Archive, is_a<node_operation> T>
void fields(Archive& a, T& x) {
  auto& [verb, node] = x;
  a.small(verb, record_verb_last);
  fields(a, node);
}

template <class Archive, is_a<service_operation> T>
void fields(Archive& a, T& x) {
  auto& [verb, service] = x;
  a.small(verb, record_verb_last);
  fields(a, service);
}

template <class Archive, is_a<check_operation> T>
void fields(Archive& a, T& x) {
  auto& [verb, check] = x;
  a.small(verb, record_verb_last);
  fields(a, check);
}

template <class Archive, is_a<impossible_operation> T>
void fields(Archive& a, T& x) {
  auto& [why] = x;
  a.text(why);
}

// One of a variant: its place, then its fields.
template <class... Ts>
void variant_fields(writer& w, const std::variant<Ts...>& x) {
  w.out.u8(static_cast<std::uint8_t>(x.index()));
  std::visit([&](auto& one) { fields(w, one); }, x);
}

template <class... Ts>
void variant_fields(reader& r, std::variant<Ts...>& x) {
  auto kind = r.in.u8();
  std::size_t at = 0;
  bool known =
      ((at++ == kind && (fields(r, x.template emplace<Ts>()), true)) || ...);
  r.bad = r.bad || !known;
}

constexpr auto as_variant = [](auto& a, auto& x) { variant_fields(a, x); };

bool is_mixed(const transaction& x) {
  return !std::all_of(x.operations.begin(), x.operations.end(), [](auto& one) {
    return std::holds_alternative<kv_operation>(one);
  });
}

void fields(writer& w, const transaction& x) {
  if (is_mixed(x))
    return w.list(x.operations, as_variant);
  w.list(x.operations,
         [](auto& a, auto& one) { fields(a, std::get<kv_operation>(one)); });
}

// Of keys alone; the other form is read by `read_mixed`.
void fields(reader& r, transaction& x) {
  r.list(x.operations, [](auto& a, auto& one) {
    fields(a, one.template emplace<kv_operation>());
  });
}

template <class Archive, is_a<autopilot_set> T>
void fields(Archive& a, T& x) {
  auto& [config, only_if, index] = x;
  fields(a, config);
  a.small(only_if, autopilot_set::condition::absent);
  a.number(index);
}

tag tag_of(const kv_operation&) {
  return tag::kv;
}
tag tag_of(const transaction& x) {
  return is_mixed(x) ? tag::mixed_transaction : tag::transaction;
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
tag tag_of(const autopilot_set&) {
  return tag::autopilot_set;
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

template <class T, class Read>
result<command> decode_by(byte_reader in, Read read) {
  reader r{in};
  T x;
  read(r, x);
  if (r.failed())
    return fail(errc::corrupt, "command: a field is cut off or out of range");
  if (!r.in.at_end())
    return fail(errc::corrupt, "command: " + std::to_string(r.in.left()) +
                                   " bytes after its end");
  return command{std::move(x)};
}

template <class T>
result<command> decode_as(byte_reader in) {
  return decode_by<T>(in, [](reader& r, T& x) { fields(r, x); });
}

result<command> decode_mixed(byte_reader in) {
  return decode_by<transaction>(
      in, [](reader& r, transaction& x) { r.list(x.operations, as_variant); });
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
  case tag::mixed_transaction:
    return decode_mixed(in);
  case tag::autopilot_set:
    return decode_as<autopilot_set>(in);
  }
  return fail(errc::corrupt, "command: unknown tag " + std::to_string(kind) +
                                 ", at most " +
                                 std::to_string(static_cast<int>(tag_last)));
}

std::string encode(const std::vector<transaction_result>& results) {
  std::string bytes;
  if (results.empty())
    return bytes;
  writer w{byte_writer{bytes}};
  w.list(results, as_variant);
  return bytes;
}

std::optional<std::vector<transaction_result>>
decode_results(std::string_view bytes) {
  std::vector<transaction_result> results;
  if (bytes.empty())
    return results;
  reader r{byte_reader(bytes)};
  r.list(results, as_variant);
  if (r.failed() || !r.in.at_end())
    return std::nullopt;
  return results;
}

} // namespace praetor::model
