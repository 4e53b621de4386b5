#pragma once

// One question, one answer: from the bytes of a query and a view of the
// catalogue to the bytes of the reply. Relies on nothing but its arguments:
// chance comes from the caller, time from the view. What needs others (a
// recursor, another datacenter, a prepared query) is asked for by the outcome,
// fetched by the caller, and handed in when it asks again.

#include "protocol/base/prng.hpp"
#include "protocol/base/time.hpp"
#include "protocol/model/records.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::dns {

enum class transport : std::uint8_t { udp, tcp };

/// Timers of the zone's SOA record (RFC 1035, section 3.3.13), in seconds.
struct soa_timers {
  std::uint32_t refresh = 3600;
  std::uint32_t retry = 600;
  std::uint32_t expire = 86400;
  /// Also how long a negative answer may be kept.
  std::uint32_t min_ttl = 0;
};

struct settings {
  std::string domain = "consul";
  std::string alt_domain; // empty: none
  std::string datacenter = "dc1";
  std::string node_name;
  span node_ttl{};
  /// By name, by prefix ("web*"), or "*" for all others. Lower case.
  std::map<std::string, span, std::less<>> service_ttl;
  bool only_passing = false;
  /// Answers over UDP to a client without EDNS; never more than eight.
  int udp_answer_limit = 3;
  /// Addresses in any answer; 0: no limit. SRV is exempt.
  int a_record_limit = 0;
  bool enable_truncate = false;
  bool disable_compression = false;
  bool node_meta_txt = true;
  /// Answers about another datacenter use the addresses tagged "wan".
  bool translate_wan_addrs = false;
  bool has_recursors = false;
  soa_timers soa;
};

using service_entries = std::vector<model::service_entry>;

/// What the catalogue of one datacenter knows. Names come in lower case and
/// are to be found whatever case they were registered in.
class catalogue_view {
public:
  virtual ~catalogue_view();

  /// Null when unknown.
  virtual std::shared_ptr<const model::node>
  node(std::string_view name) const = 0;
  /// All instances, whatever their health; null or empty when unknown.
  virtual std::shared_ptr<const service_entries>
  service(std::string_view name) const = 0;
  /// The proxies and native instances that speak for the service.
  virtual std::shared_ptr<const service_entries>
  connect(std::string_view name) const = 0;
  /// The gateways that let others in to the service.
  virtual std::shared_ptr<const service_entries>
  ingress(std::string_view name) const;
  /// Addresses come as dns::format_address() writes them.
  virtual std::vector<std::shared_ptr<const model::node>>
  nodes_at(std::string_view ip) const = 0;
  /// Names of services with an instance that has this address of its own.
  virtual std::vector<std::string> services_at(std::string_view ip) const = 0;
  /// False while there never was a leader: what is here may be nothing yet.
  virtual bool has_leader() const = 0;
  /// Whether another datacenter of this name is known.
  virtual bool has_datacenter(std::string_view name) const;
  /// The SOA serial: seconds since 1970, so that it never goes back.
  virtual std::uint32_t zone_serial() const = 0;
};

/// What a prepared query found. Its entries are filtered and in order.
struct prepared_result {
  enum class kind : std::uint8_t { found, unknown, failed };
  kind what = kind::found;
  std::shared_ptr<const service_entries> entries;
  std::string service;    // for the TTL when the query has none
  std::string datacenter; // where the entries are
  std::optional<span> ttl;
};

/// What an earlier outcome asked for.
struct supplement {
  const prepared_result* prepared = nullptr;
  /// The view of `datacenter`, when that was asked for.
  const catalogue_view* elsewhere = nullptr;
  std::string datacenter;
  /// By host name as the outcome wrote it: the reply that a recursor gave to a
  /// query of type A, or empty when none answered.
  std::map<std::string, std::string, std::less<>> resolved;
};

struct outcome {
  enum class kind : std::uint8_t {
    reply,    // send `bytes`
    drop,     // send nothing
    recurse,  // pass the packet on to a recursor; it is in none of our zones
    resolve,  // ask a recursor for the A records of `names`, then ask again
    prepared, // execute the query `names[0]` for `datacenter`, then ask again
    elsewhere // fetch a view of `datacenter`, then ask again
  };
  kind what = kind::drop;
  std::string bytes; // without the length that TCP puts before it
  std::vector<std::string> names;
  std::string datacenter; // empty: our own
};

/// The prng moves on only with a reply, so that asking again is repeatable.
outcome answer(std::string_view packet, transport via, const settings& rules,
               const catalogue_view& view, prng& chance,
               const supplement& more = {});

/// How long answers about the service may be kept, in seconds.
std::uint32_t ttl_of_service(const settings& rules, std::string_view name);

} // namespace praetor::dns
