// The choice among the instances of a service. An answer holds a few of maybe
// thousands, so instances are drawn one after another, and looked at only when
// drawn, until the answer is full.

#include "dns/responder.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace praetor::dns {
namespace {

/// Type, class, TTL and length of a record.
constexpr std::size_t record_behind_owner = 10;
constexpr std::size_t pointer_size = 2;

/// Strings that were seen before, without an allocation for each.
class seen_set {
public:
  /// True the first time.
  bool insert(std::string_view key) {
    if ((used_ + 1) * 2 > slots_.size())
      grow();
    auto hash = hash_of(key);
    auto i = hash & (slots_.size() - 1);
    for (; slots_[i].size != 0; i = (i + 1) & (slots_.size() - 1)) {
      auto& slot = slots_[i];
      if (slot.hash == hash &&
          std::string_view(keys_).substr(slot.offset, slot.size - 1) == key)
        return false;
    }
    slots_[i] = {hash, static_cast<std::uint32_t>(keys_.size()),
                 static_cast<std::uint32_t>(key.size() + 1)};
    keys_.append(key);
    ++used_;
    return true;
  }

private:
  struct slot {
    std::uint32_t hash = 0;
    std::uint32_t offset = 0;
    std::uint32_t size = 0; // one more than the key's; 0: free
  };
  static constexpr std::size_t slots_at_first = 64;

  static std::uint32_t hash_of(std::string_view key) {
    return static_cast<std::uint32_t>(std::hash<std::string_view>{}(key));
  }

  void grow() {
    std::vector<slot> old(std::max(slots_at_first, slots_.size() * 2));
    old.swap(slots_);
    for (auto& slot : old) {
      if (slot.size == 0)
        continue;
      auto i = slot.hash & (slots_.size() - 1);
      while (slots_[i].size != 0)
        i = (i + 1) & (slots_.size() - 1);
      slots_[i] = slot;
    }
  }

  std::vector<slot> slots_;
  std::string keys_;
  std::size_t used_ = 0;
};

bool has_tag(const model::service& service, std::string_view tag) {
  for (auto& one : service.tags)
    if (equal_ignoring_case(one, tag))
      return true;
  return false;
}

/// Draws usable instances without repetition (Fisher and Yates; the part of
/// the shuffle that is not looked at is not done).
class drawer {
public:
  drawer(const instance_set& set, bool only_passing, prng& chance)
      : set_(set), only_passing_(only_passing), chance_(chance),
        order_(set.is_ready ? 0 : set.entries.size()) {
    std::iota(order_.begin(), order_.end(), 0u);
  }

  /// Null when there are no more.
  const model::service_entry* next() {
    auto count = set_.entries.size();
    while (at_ < count) {
      if (set_.is_ready)
        return &set_.entries[at_++];
      std::swap(order_[at_], order_[at_ + chance_.below(count - at_)]);
      auto& entry = set_.entries[order_[at_++]];
      if (is_usable(entry))
        return &entry;
    }
    return nullptr;
  }

private:
  bool is_usable(const model::service_entry& entry) const {
    if (!set_.tag.empty() && !has_tag(*entry.service, set_.tag))
      return false;
    auto status = std::string_view(model::worst_status(entry.checks));
    if (only_passing_)
      return status == model::check_status::passing;
    return status != model::check_status::critical;
  }

  const instance_set& set_;
  bool only_passing_;
  prng& chance_;
  std::vector<std::uint32_t> order_;
  std::size_t at_ = 0;
};

/// Where an instance is: at an address, or at a host name.
struct place {
  std::optional<ip_address> ip;
  std::string_view host; // empty with an address, or when there is neither
  /// The address is the node's plain one, so that the node's name leads to it.
  bool is_node = false;
};

place place_of(const model::service_entry& entry, std::uint16_t type,
               bool use_wan, std::string_view owner) {
  place out;
  auto own = address_of(*entry.service, type, use_wan);
  auto node = address_of(*entry.node, type, use_wan);
  if (!own.empty()) {
    out.ip = parse_address(own);
    if (out.ip)
      return out;
    // A service whose address is the name that is asked for would lead to
    // itself.
    std::string wire;
    if (!append_name(wire, own) || !equal_ignoring_case(wire, owner)) {
      out.host = own;
      return out;
    }
    out.is_node = true;
    out.ip = parse_address(node);
    if (!out.ip)
      out.host = own;
    return out;
  }
  out.ip = parse_address(node);
  out.is_node = out.ip && node == entry.node->address;
  if (!out.ip)
    out.host = node;
  return out;
}

/// Answers to make room for: one more than may be given, and no more than a
/// datagram usually holds.
std::size_t reserved(const instance_set& set, const room& limit) {
  constexpr std::size_t usual_max = 256;
  return std::min({set.entries.size(), limit.answers, usual_max}) + 1;
}

} // namespace

bool responder::add_instances(const instance_set& set, const pursuit& asking,
                              part& out) {
  if (!asking.is_nested) {
    out.may_cut = true;
    auto limit = room_of(reply_, via_, rules_);
    return asking.type == type::srv ? add_services(set, asking, limit, out)
                                    : add_addresses(set, asking, limit, out);
  }
  // Our own question is one by UDP without EDNS.
  room limit;
  limit.answers = static_cast<std::size_t>(
      std::clamp(rules_.udp_answer_limit, 0, plain_udp_answers_max));
  limit.bytes = plain_udp_size_max;
  limit.compress = !rules_.disable_compression;
  bool is_any = add_addresses(set, asking, limit, out);
  if (out.answers.size() > limit.answers)
    out.answers.resize(limit.answers);
  return is_any;
}

bool responder::add_addresses(const instance_set& set, const pursuit& asking,
                              const room& limit, part& out) {
  drawer instances(set, rules_.only_passing, chance_);
  seen_set seen;
  out.answers.reserve(reserved(set, limit));
  std::string alias;
  bool is_any = false;
  auto enough = rules_.a_record_limit > 0
                    ? static_cast<std::size_t>(rules_.a_record_limit)
                    : static_cast<std::size_t>(-1);
  // Sizes are counted from below: fit() has the last word.
  std::size_t bytes = header_size + asking.owner.size;
  auto step = (limit.compress ? pointer_size : asking.owner.size) +
              record_behind_owner + 4;
  // One answer more than there is room for shows that some were cut.
  while (out.answers.size() <= limit.answers && bytes <= limit.bytes &&
         out.answers.size() < enough) {
    auto* entry = instances.next();
    if (!entry)
      break;
    is_any = true;
    auto at = place_of(*entry, asking.type, set.from.use_wan,
                       reply_.at(asking.owner));
    if (at.ip) {
      if (!wants(asking.type, *at.ip) || !seen.insert(at.ip->view()))
        continue;
      out.answers.push_back(address_record(asking.owner, *at.ip, set.ttl));
      bytes += step;
    } else if (alias.empty()) {
      alias = at.host;
    }
  }
  if (out.answers.empty() && !alias.empty())
    add_alias(alias, set, asking, out);
  return is_any;
}

// The chain that a host name leads to is as short-lived as the service.
void responder::add_alias(std::string_view host, const instance_set& set,
                          const pursuit& asking, part& out) {
  auto target = reply_.keep_name(host);
  if (!target)
    return;
  out.answers.push_back(
      name_record(asking.owner, type::cname, *target, set.ttl));
  for (auto& one : follow(host, asking.depth)) {
    if (one.type == type::txt)
      continue;
    one.ttl = set.ttl;
    out.answers.push_back(one);
  }
}

bool responder::add_services(const instance_set& set, const pursuit& asking,
                             const room& limit, part& out) {
  drawer instances(set, rules_.only_passing, chance_);
  seen_set seen;
  bool is_any = false;
  std::size_t bytes = header_size + asking.owner.size;
  auto step = (limit.compress ? pointer_size : asking.owner.size) +
              record_behind_owner + 6;
  std::string key;
  while (out.answers.size() <= limit.answers && bytes <= limit.bytes) {
    auto* entry = instances.next();
    if (!entry)
      break;
    is_any = true;
    key.assign(entry->node->name);
    key.push_back('\0');
    key += address_of(*entry->service, type::any, set.from.use_wan);
    key.push_back('\0');
    key += std::to_string(port_of(*entry->service, set.from.use_wan));
    if (seen.insert(key) && add_service(*entry, set, asking, out))
      bytes += step + out.answers.back().target.size;
  }
  return is_any;
}

bool responder::add_service(const model::service_entry& entry,
                            const instance_set& set, const pursuit& asking,
                            part& out) {
  auto at =
      place_of(entry, type::srv, set.from.use_wan, reply_.at(asking.owner));
  auto home = keep_our_name(reply_, entry.node->name, "node",
                            set.from.datacenter, rules_.domain);
  std::optional<span_ref> target;
  if (at.ip && at.is_node)
    target = home;
  else if (at.ip)
    target = keep_our_name(reply_, format_hex(*at.ip), "addr",
                           set.from.datacenter, rules_.domain);
  else if (!at.host.empty())
    target = reply_.keep_name(at.host);
  if (!target)
    return false;
  auto made =
      srv_record(asking.owner, weight_of(entry),
                 port_of(*entry.service, set.from.use_wan), *target, set.ttl);
  made.extra_begin = static_cast<std::uint32_t>(out.additional.size());
  if (at.ip) {
    out.additional.push_back(address_record(*target, *at.ip, set.ttl));
  } else {
    for (auto& one : follow(at.host, asking.depth)) {
      if (one.type == type::txt)
        continue;
      one.ttl = set.ttl;
      out.additional.push_back(one);
    }
  }
  made.extra_count =
      static_cast<std::uint32_t>(out.additional.size()) - made.extra_begin;
  out.answers.push_back(made);
  if (rules_.node_meta_txt && home)
    append_metadata(reply_, *entry.node, *home, set.ttl, out.additional);
  return true;
}

} // namespace praetor::dns
