// What the names in our zones lead to, except the choice among instances.

#include "dns/responder.hpp"

#include <algorithm>

namespace praetor::dns {
namespace {

/// Records of a recursor's reply that a client without EDNS is given.
constexpr std::size_t followed_records_max = 5;
/// Host names that are followed for one answer: each may be a service of many
/// instances.
constexpr int follows_max = 256;
/// Host names that one answer makes a recursor look up.
constexpr std::size_t resolve_names_max = 16;

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

} // namespace

void responder::unknown_name(part& out) {
  out.code = rcode::name_error;
  out.needs_soa = true;
}

void responder::look_up(const asked& what, const pursuit& asking, part& out) {
  switch (what.what) {
  case asked::kind::service:
  case asked::kind::connect:
  case asked::kind::ingress:
    look_up_service(what, asking, out);
    return;
  case asked::kind::node:
    look_up_node(what, asking, out);
    return;
  case asked::kind::prepared:
    look_up_prepared(what, asking, out);
    return;
  case asked::kind::address:
    look_up_address(what, asking, out);
    return;
  case asked::kind::unknown:
  case asked::kind::outside:
  case asked::kind::reverse:
    unknown_name(out);
    return;
  }
}

origin responder::origin_of(std::string_view datacenter) const {
  if (datacenter.empty())
    return {rules_.datacenter, false};
  bool is_other = !equal_ignoring_case(datacenter, rules_.datacenter);
  return {datacenter, is_other && rules_.translate_wan_addrs};
}

const catalogue_view* responder::catalogue_of(std::string_view datacenter,
                                              part& out) {
  const catalogue_view* view = nullptr;
  if (datacenter.empty() || equal_ignoring_case(datacenter, rules_.datacenter))
    view = &view_;
  else if (more_.elsewhere && more_.datacenter == datacenter)
    view = more_.elsewhere;
  if (view) {
    if (view->has_leader())
      return view;
    out.code = rcode::server_failure;
  } else if (!view_.has_datacenter(datacenter)) {
    unknown_name(out);
  } else if (more_.elsewhere) {
    // One answer is made from our view and one other.
    out.code = rcode::server_failure;
  } else {
    missing_.what = outcome::kind::elsewhere;
    missing_.datacenter = datacenter;
  }
  return nullptr;
}

void responder::look_up_service(const asked& what, const pursuit& asking,
                                part& out) {
  auto* view = catalogue_of(what.datacenter, out);
  if (!view)
    return;
  std::shared_ptr<const service_entries> entries;
  if (what.what == asked::kind::service)
    entries = view->service(what.name);
  else if (what.what == asked::kind::connect)
    entries = view->connect(what.name);
  else
    entries = view->ingress(what.name);
  if (!entries || entries->empty()) {
    unknown_name(out);
    return;
  }
  instance_set set{*entries, what.tag, origin_of(what.datacenter)};
  set.ttl = ttl_of_service(rules_, what.name);
  if (!add_instances(set, asking, out))
    unknown_name(out);
}

void responder::look_up_node(const asked& what, const pursuit& asking,
                             part& out) {
  bool is_all = asking.type == type::any || asking.type == type::txt;
  if (!is_all && asking.type != type::a && asking.type != type::aaaa)
    return;
  auto* view = catalogue_of(what.datacenter, out);
  if (!view)
    return;
  auto node = view->node(what.name);
  if (!node) {
    unknown_name(out);
    return;
  }
  if (asking.type != type::txt)
    add_node(*node, asking, origin_of(what.datacenter), out.answers);
  if (is_all || rules_.node_meta_txt)
    append_metadata(reply_, *node, asking.owner, ttl_seconds(rules_.node_ttl),
                    is_all ? out.answers : out.additional);
}

void responder::add_node(const model::node& node, const pursuit& asking,
                         const origin& from, std::vector<record>& out) {
  auto ttl = ttl_seconds(rules_.node_ttl);
  auto address = address_of(node, asking.type, from.use_wan);
  if (auto ip = parse_address(address)) {
    if (wants(asking.type, *ip))
      out.push_back(address_record(asking.owner, *ip, ttl));
    return;
  }
  if (address.empty())
    return;
  auto target = reply_.keep_name(address);
  if (!target)
    return;
  out.push_back(name_record(asking.owner, type::cname, *target, ttl));
  auto further = follow(address, asking.depth);
  out.insert(out.end(), further.begin(), further.end());
}

void responder::look_up_prepared(const asked& what, const pursuit& asking,
                                 part& out) {
  if (asking.is_nested)
    return;
  bool is_local = what.datacenter.empty() ||
                  equal_ignoring_case(what.datacenter, rules_.datacenter);
  if (!is_local && !view_.has_datacenter(what.datacenter)) {
    unknown_name(out);
    return;
  }
  if (!more_.prepared) {
    missing_.what = outcome::kind::prepared;
    missing_.names = {what.name};
    missing_.datacenter = is_local ? std::string() : what.datacenter;
    return;
  }
  auto& result = *more_.prepared;
  if (result.what == prepared_result::kind::failed) {
    out.code = rcode::server_failure;
    return;
  }
  if (result.what == prepared_result::kind::unknown || !result.entries ||
      result.entries->empty()) {
    unknown_name(out);
    return;
  }
  instance_set set{*result.entries, {}, origin_of(result.datacenter)};
  set.ttl = result.ttl ? ttl_seconds(*result.ttl)
                       : ttl_of_service(rules_, result.service);
  set.is_ready = true;
  if (!add_instances(set, asking, out))
    unknown_name(out);
}

// The type does not matter: whoever asks for another one learns the address
// just the same.
void responder::look_up_address(const asked& what, const pursuit& asking,
                                part& out) {
  auto size = what.name.size() / 2;
  if (size != 4 && size != 16)
    return;
  if (what.name.size() % 2 != 0) {
    unknown_name(out);
    return;
  }
  ip_address address;
  address.size = size;
  for (std::size_t i = 0; i < size; ++i) {
    int high = hex_digit(what.name[2 * i]);
    int low = hex_digit(what.name[2 * i + 1]);
    if (high < 0 || low < 0) {
      unknown_name(out);
      return;
    }
    address.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  out.answers.push_back(
      address_record(asking.owner, address, ttl_seconds(rules_.node_ttl)));
}

std::vector<record> responder::follow(std::string_view host, int depth) {
  if (depth < 1 || follows_ == follows_max)
    return {};
  ++follows_;
  if (host.ends_with('.'))
    host.remove_suffix(1);
  if (is_ours(host, ours())) {
    auto owner = reply_.keep_name(host);
    if (!owner)
      return {};
    wire_name name;
    auto wire = reply_.at(*owner);
    std::copy(wire.begin(), wire.end(), name.bytes.begin());
    name.size = wire.size();
    std::vector<record> answers, additional;
    part found{answers, additional};
    pursuit asking;
    asking.type = type::any;
    asking.owner = *owner;
    asking.depth = depth - 1;
    asking.is_nested = true;
    look_up(parse_question(name, type::any, ours()), asking, found);
    return answers;
  }
  if (!rules_.has_recursors)
    return {};
  auto known = more_.resolved.find(host);
  if (known != more_.resolved.end()) {
    auto records = decode_answers(known->second, reply_);
    if (!reply_.extension && records.size() > followed_records_max)
      records.resize(followed_records_max);
    return records;
  }
  // Asked once already: what is not here is not to be had.
  bool may_ask =
      more_.resolved.empty() && (missing_.what == outcome::kind::drop ||
                                 missing_.what == outcome::kind::resolve);
  if (may_ask && missing_.names.size() < resolve_names_max &&
      !contains(missing_.names, host)) {
    missing_.what = outcome::kind::resolve;
    missing_.names.emplace_back(host);
  }
  return {};
}

} // namespace praetor::dns
