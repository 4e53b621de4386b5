#include "protocol/model/local_codec.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/model/archive.hpp"

namespace praetor::model {
namespace {

using archive::as_text;
using archive::fields;
using archive::is_a;
using archive::reader;
using archive::writer;

// Raised whenever the fields below change; a reader refuses all others.
constexpr std::uint8_t version = 1;

enum class tag : std::uint8_t { service = 1, check, expiries };

template <class Archive, is_a<check_wish> T>
void fields(Archive& a, T& x) {
  auto& [id, name, notes, service_id, token, status, alias_node, alias_service,
         args, http, method, header, body, skip_verify, tcp, udp, grpc,
         grpc_tls, h2ping, h2ping_tls, docker, shell, os_service, ttl, interval,
         timeout, deregister_after, successes, failures, output_size] = x;
  for (auto* text : {&id, &name, &notes, &service_id, &token, &status,
                     &alias_node, &alias_service})
    a.text(*text);
  a.list(args, as_text);
  a.text(http);
  a.text(method);
  a.map(header, [](auto& b, auto& values) { b.list(values, as_text); });
  a.text(body);
  a.flag(skip_verify);
  a.text(tcp);
  a.text(udp);
  a.text(grpc);
  a.flag(grpc_tls);
  a.text(h2ping);
  a.flag(h2ping_tls);
  a.text(docker);
  a.text(shell);
  a.text(os_service);
  for (auto* time : {&ttl, &interval, &timeout, &deregister_after})
    a.time(*time);
  a.integer(successes);
  a.integer(failures);
  a.integer(output_size);
}

template <class Archive, is_a<service_wish> T>
void fields(Archive& a, T& x) {
  auto& [service, checks, token, sidecar] = x;
  fields(a, service);
  a.list(checks, [](auto& b, auto& check) { fields(b, check); });
  a.text(token);
  a.text(sidecar);
}

template <class Archive, is_a<kept_check> T>
void fields(Archive& a, T& x) {
  auto& [wish, type, status, output] = x;
  fields(a, wish);
  a.text(type);
  a.text(status);
  a.text(output);
}

template <class Archive, is_a<kept_expiries> T>
void fields(Archive& a, T& x) {
  auto& [by_check] = x;
  a.map(by_check, [](auto& b, auto& at) { b.number(at); });
}

template <class T>
std::string encode_as(tag what, const T& x) {
  std::string bytes;
  writer w{byte_writer{bytes}};
  w.out.u8(version);
  w.out.u8(static_cast<std::uint8_t>(what));
  PRAETOR_ASSERT(bytes.size() == 2);
  fields(w, x);
  PRAETOR_ASSERT(bytes.size() > 2);
  return bytes;
}

template <class T>
result<T> decode_as(tag what, std::string_view bytes) {
  reader r{byte_reader{bytes}};
  auto found_version = r.in.u8();
  if (!r.failed() && found_version != version)
    return fail(errc::unsupported,
                "format version " + std::to_string(found_version) +
                    "; this build reads " + std::to_string(version));
  auto found_tag = r.in.u8();
  if (r.failed() || found_tag != static_cast<std::uint8_t>(what))
    return fail(errc::corrupt, "the tag is " + std::to_string(found_tag) +
                                   " and not " +
                                   std::to_string(static_cast<int>(what)));
  T x;
  fields(r, x);
  if (r.failed())
    return fail(errc::corrupt, "a field is cut off or out of range");
  if (!r.in.at_end())
    return fail(errc::corrupt,
                std::to_string(r.in.left()) + " bytes after the end");
  PRAETOR_ASSERT(bytes.size() > 2);
  return x;
}

} // namespace

std::string encode_local(const service_wish& what) {
  return encode_as(tag::service, what);
}

std::string encode_local(const kept_check& what) {
  return encode_as(tag::check, what);
}

std::string encode_local(const kept_expiries& what) {
  return encode_as(tag::expiries, what);
}

result<service_wish> decode_local_service(std::string_view bytes) {
  return decode_as<service_wish>(tag::service, bytes);
}

result<kept_check> decode_local_check(std::string_view bytes) {
  return decode_as<kept_check>(tag::check, bytes);
}

result<kept_expiries> decode_local_expiries(std::string_view bytes) {
  return decode_as<kept_expiries>(tag::expiries, bytes);
}

} // namespace praetor::model
