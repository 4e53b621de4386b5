#pragma once

// What nodes ask of one another beside Raft: a whole request of a client, a
// whole DNS packet, what the catalogue has of a node. An agent without a
// state of its own answers its clients so, and a server about another
// datacenter.

#include "dns/answer.hpp"
#include "http/render.hpp"
#include "protocol/base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace praetor::http {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, header& x) {
  auto& [name, value] = x;
  return f(name, value);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, read_source& x) {
  auto& [index, leader_known, last_contact_ms, level, tells_consistency,
         cache] = x;
  return f(index, leader_known, last_contact_ms, level, tells_consistency,
           cache);
}

} // namespace praetor::http

namespace praetor::dns {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, soa_timers& x) {
  auto& [refresh, retry, expire, min_ttl] = x;
  return f(refresh, retry, expire, min_ttl);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, settings& x) {
  auto& [domain, alt_domain, datacenter, node_name, node_ttl, service_ttl,
         only_passing, udp_answer_limit, a_record_limit, enable_truncate,
         disable_compression, node_meta_txt, translate_wan_addrs, has_recursors,
         soa] = x;
  return f(domain, alt_domain, datacenter, node_name, node_ttl, service_ttl,
           only_passing, udp_answer_limit, a_record_limit, enable_truncate,
           disable_compression, node_meta_txt, translate_wan_addrs,
           has_recursors, soa);
}

} // namespace praetor::dns

namespace praetor::actors {

/// Requests of other nodes that a server carries out at once; those beyond
/// it are refused. Most of them are blocking queries that cost little.
inline constexpr std::size_t remote_requests_max = 65'536;

/// A request of an HTTP client, for a server to carry out.
struct remote_request {
  /// Names it in `at::unwatch`; drawn by chance by who asks.
  std::uint64_t ticket = 0;
  std::string node; // whose client it is
  std::string method;
  std::string target;
  std::vector<http::header> headers; // those that bear on the answer
  std::string body;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, remote_request& x) {
  auto& [ticket, node, method, target, headers, body] = x;
  return f(ticket, node, method, target, headers, body);
}

/// The answer, without what differs between connections.
struct remote_reply {
  /// Not `errc::ok`: nobody could be asked, and this is why.
  error failure{errc::ok, {}};
  int status = 0;
  std::string content_type;
  std::vector<http::header> headers;
  std::string body;
  bool is_read = false; // then there is a source
  http::read_source source;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, remote_reply& x) {
  auto& [failure, status, content_type, headers, body, is_read, source] = x;
  return f(failure, status, content_type, headers, body, is_read, source);
}

/// A DNS packet, to be answered by these rules.
struct remote_question {
  std::string packet;
  dns::transport via = dns::transport::udp;
  dns::settings rules;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, remote_question& x) {
  auto& [packet, via, rules] = x;
  return f(packet, via, rules);
}

/// The bytes to send; none: nothing.
struct remote_packet {
  std::string bytes;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, remote_packet& x) {
  auto& [bytes] = x;
  return f(bytes);
}

/// What the catalogue has of one node, as the commands that make it.
struct node_slice {
  error failure{errc::ok, {}};
  std::vector<std::string> commands;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_slice& x) {
  auto& [failure, commands] = x;
  return f(failure, commands);
}

} // namespace praetor::actors
