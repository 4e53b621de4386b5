#include "actors/io/link_codec.hpp"

#include "protocol/base/bytes.hpp"

#include <caf/actor_system.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/error.hpp>

#include <exception>

namespace praetor::actors::io {
namespace {

constexpr std::size_t failure_fixed_bytes = 1 + 8;

bool write(caf::actor_system& system, std::vector<char>& out,
           const caf::type_erased_tuple& what) {
  auto before = out.size();
  caf::binary_serializer sink{system, out};
  sink.seek(before);
  // For a type that it does not know CAF reports no error and writes nothing.
  auto failed = caf::message::save(sink, what);
  return !failed && out.size() > before;
}

bool write_failure(caf::actor_system& system, std::vector<char>& out,
                   const caf::error& why) {
  std::string head;
  byte_writer fields(head);
  // An error of no error has no parts, and CAF does not look.
  fields.u8(why ? why.code() : 0);
  fields.u64(why ? static_cast<std::uint64_t>(why.category()) : 0);
  out.insert(out.end(), head.begin(), head.end());
  auto before = out.size();
  if (why && write(system, out, why.context()))
    return true;
  // The error itself matters more than words that cannot travel.
  out.resize(before);
  return write(system, out, caf::message{});
}

result<caf::message> read(caf::actor_system& system, std::string_view payload) {
  if (auto ok = check_types(payload); !ok)
    return ok.failure();
  caf::message found;
  caf::binary_deserializer source{system, payload.data(), payload.size()};
  try {
    if (auto failed = source(found))
      return fail(errc::bad_input,
                  "a message of " + std::to_string(payload.size()) +
                      " bytes that CAF cannot read: " + caf::to_string(failed));
  } catch (const std::exception& problem) {
    return fail(errc::bad_input,
                "a message of " + std::to_string(payload.size()) +
                    " bytes that CAF cannot read: " + problem.what());
  }
  return found;
}

} // namespace

status append_frame(caf::actor_system& system, std::vector<char>& out,
                    frame_header header, const caf::type_erased_tuple& what) {
  auto at = out.size();
  out.resize(at + frame_header_bytes);
  bool done;
  if (header.kind == frame_kind::answer && what.match_elements<caf::error>()) {
    header.kind = frame_kind::failure;
    done = write_failure(system, out, what.get_as<caf::error>(0));
  } else {
    done = write(system, out, what);
  }
  auto size = out.size() - at;
  if (!done || size > frame_bytes_max) {
    out.resize(at);
    if (done)
      return fail(errc::too_large, "a message of " + std::to_string(size) +
                                       " bytes, at most " +
                                       std::to_string(frame_bytes_max));
    return fail(errc::unsupported,
                "a message with a type that is in no table: " +
                    what.stringify());
  }
  put_header(out, at, header);
  return {};
}

result<caf::message> read_payload(caf::actor_system& system, frame_kind kind,
                                  std::string_view payload) {
  if (kind != frame_kind::failure)
    return read(system, payload);
  if (payload.size() < failure_fixed_bytes)
    return fail(errc::bad_input,
                "an error of " + std::to_string(payload.size()) +
                    " bytes, at least " + std::to_string(failure_fixed_bytes));
  byte_reader in(payload);
  auto code = in.u8();
  auto category = static_cast<caf::atom_value>(in.u64());
  auto context = read(system, payload.substr(failure_fixed_bytes));
  if (!context)
    return context.failure();
  return caf::make_message(caf::error{code, category, *std::move(context)});
}

} // namespace praetor::actors::io
