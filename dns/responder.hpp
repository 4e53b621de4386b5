#pragma once

// The work on one query, inside answer(). What a name asks for is looked up in
// lookup.cpp and instances.cpp; answer.cpp decides what kind of reply it is.

#include "dns/answer.hpp"
#include "dns/message.hpp"
#include "dns/query.hpp"
#include "dns/records.hpp"

namespace praetor::dns {

/// How many host names inside our zones are followed one after another.
inline constexpr int follow_depth_max = 3;

/// A question on its way: the client's, or one of our own that follows a host
/// name inside our zones.
struct pursuit {
  std::uint16_t type = 0;
  span_ref owner;
  int depth = follow_depth_max;
  bool is_nested = false;
};

/// Where the records of a pursuit go and what became of it.
struct part {
  std::vector<record>& answers;
  std::vector<record>& additional;
  rcode code = rcode::no_error;
  bool needs_soa = false;
  /// The answers are many and alike: they may be cut to the client's size.
  bool may_cut = false;
};

/// Instances to answer with.
struct instance_set {
  const service_entries& entries;
  std::string_view tag; // empty: any
  origin from;
  std::uint32_t ttl = 0;
  /// Filtered and in order already.
  bool is_ready = false;
};

class responder {
public:
  responder(const query_message& query, transport via, const settings& rules,
            const catalogue_view& view, prng& chance, const supplement& more)
      : query_(query), via_(via), rules_(rules), view_(view), chance_(chance),
        more_(more), reply_(query) {}

  outcome run();

private:
  // answer.cpp
  zones ours() const { return {rules_.domain, rules_.alt_domain}; }
  outcome refuse();
  outcome reverse(const asked& what);
  void apex();
  void add_name_servers(std::vector<record>& servers,
                        std::vector<record>& glue);
  void add_soa(std::vector<record>& section);
  void cut(part& found);
  outcome finish();

  // lookup.cpp
  void look_up(const asked& what, const pursuit& asking, part& out);
  void look_up_service(const asked& what, const pursuit& asking, part& out);
  void look_up_node(const asked& what, const pursuit& asking, part& out);
  void look_up_prepared(const asked& what, const pursuit& asking, part& out);
  void look_up_address(const asked& what, const pursuit& asking, part& out);
  void add_node(const model::node& node, const pursuit& asking,
                const origin& from, std::vector<record>& out);
  /// The catalogue to look in, or null and the outcome set.
  const catalogue_view* catalogue_of(std::string_view datacenter, part& out);
  origin origin_of(std::string_view datacenter) const;
  /// The records that a host name leads to, as far as they are known.
  std::vector<record> follow(std::string_view host, int depth);
  static void unknown_name(part& out);

  // instances.cpp
  /// False when no instance may be shown.
  bool add_instances(const instance_set& set, const pursuit& asking, part& out);
  bool add_addresses(const instance_set& set, const pursuit& asking,
                     const room& limit, part& out);
  bool add_services(const instance_set& set, const pursuit& asking,
                    const room& limit, part& out);
  bool add_service(const model::service_entry& entry, const instance_set& set,
                   const pursuit& asking, part& out);
  void add_alias(std::string_view host, const instance_set& set,
                 const pursuit& asking, part& out);

  const query_message& query_;
  transport via_;
  const settings& rules_;
  const catalogue_view& view_;
  prng& chance_;
  const supplement& more_;
  reply reply_;
  int follows_ = 0;
  /// What is missing for an answer; `drop` while nothing is.
  outcome missing_;
};

} // namespace praetor::dns
