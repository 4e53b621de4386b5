#include "dns/answer.hpp"

#include "dns/responder.hpp"

namespace praetor::dns {
namespace {

/// Name servers in an NS answer: more would not help a resolver.
constexpr std::size_t name_servers_max = 3;

/// The service that the servers of a cluster are registered as.
constexpr std::string_view servers_service = "consul";

/// What a host name may consist of in an NS record (RFC 1123, section 2.1).
bool is_host_label(std::string_view name) {
  for (auto c : name) {
    bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   (c >= '0' && c <= '9') || c == '-';
    if (!is_fine)
      return false;
  }
  return !name.empty();
}

outcome reply_with(std::string bytes) {
  outcome out;
  out.what = outcome::kind::reply;
  out.bytes = std::move(bytes);
  return out;
}

/// No more than an error code, and the question where it is legible.
outcome bare_reply(const query_message& query, rcode code) {
  reply message(query);
  message.code = code;
  return reply_with(encode(message, true));
}

} // namespace

catalogue_view::~catalogue_view() = default;

std::shared_ptr<const service_entries>
catalogue_view::ingress(std::string_view) const {
  return nullptr;
}

bool catalogue_view::has_datacenter(std::string_view) const {
  return false;
}

std::uint32_t ttl_of_service(const settings& rules, std::string_view name) {
  if (rules.service_ttl.empty())
    return 0;
  auto exact = rules.service_ttl.find(name);
  if (exact != rules.service_ttl.end())
    return ttl_seconds(exact->second);
  std::string pattern(name);
  for (auto size = name.size() + 1; size-- > 0;) {
    pattern.resize(size);
    pattern.push_back('*');
    auto found = rules.service_ttl.find(pattern);
    if (found != rules.service_ttl.end())
      return ttl_seconds(found->second);
  }
  return 0;
}

outcome answer(std::string_view packet, transport via, const settings& rules,
               const catalogue_view& view, prng& chance,
               const supplement& more) {
  query_message query;
  switch (decode_query(packet, query)) {
  case decoded::ignored:
    return {};
  case decoded::format_error:
    return bare_reply(query, rcode::format_error);
  case decoded::not_implemented:
    return bare_reply(query, rcode::not_implemented);
  case decoded::query:
    break;
  }
  auto before = chance;
  auto out = responder(query, via, rules, view, chance, more).run();
  if (out.what != outcome::kind::reply)
    chance = before;
  return out;
}

outcome responder::run() {
  if (!query_.has_question)
    return refuse();
  auto what = parse_question(query_.name, query_.type, ours());
  if (what.what == asked::kind::outside)
    return refuse();
  reply_.extension = query_.extension;
  reply_.authoritative = true;
  reply_.recursion_available = rules_.has_recursors;
  if (what.what == asked::kind::reverse)
    return reverse(what);
  switch (query_.type) {
  case type::soa:
  case type::ns:
    apex();
    return finish();
  case type::axfr:
    reply_.code = rcode::not_implemented;
    return finish();
  default:
    break;
  }
  part found{reply_.answers, reply_.additional};
  pursuit asking;
  asking.type = query_.type;
  asking.owner = reply_.question_name;
  look_up(what, asking, found);
  if (missing_.what != outcome::kind::drop)
    return std::move(missing_);
  reply_.code = found.code;
  if (found.may_cut)
    cut(found);
  if (found.needs_soa)
    add_soa(reply_.authority);
  bool depends_on_subnet =
      what.what == asked::kind::prepared && found.code == rcode::no_error;
  if (depends_on_subnet && reply_.extension && reply_.extension->subnet)
    reply_.subnet_scope = reply_.extension->subnet->source_prefix;
  return finish();
}

outcome responder::refuse() {
  if (query_.has_question && rules_.has_recursors) {
    outcome out;
    out.what = outcome::kind::recurse;
    return out;
  }
  return bare_reply(query_, rcode::refused);
}

// A node's name goes before a service's, and one name is enough: a reverse
// answer with several names confuses those who verify it.
outcome responder::reverse(const asked& what) {
  auto address = parse_reverse(what.name);
  if (address && view_.has_leader()) {
    auto ip = format_address(*address);
    auto nodes = view_.nodes_at(ip);
    std::optional<span_ref> target;
    if (!nodes.empty()) {
      target = keep_our_name(reply_, nodes.front()->name, "node",
                             rules_.datacenter, rules_.domain);
    } else if (auto services = view_.services_at(ip); !services.empty()) {
      target = keep_our_name(reply_, services.front(), "service",
                             rules_.datacenter, rules_.domain);
    }
    if (target)
      reply_.answers.push_back(
          name_record(reply_.question_name, type::ptr, *target, 0));
  }
  if (!reply_.answers.empty()) {
    if (query_.type == type::soa)
      add_soa(reply_.authority);
    return finish();
  }
  if (rules_.has_recursors)
    return refuse();
  // Not our zone: we cannot say that there is no such name.
  reply_.authoritative = false;
  reply_.recursion_available = true;
  reply_.code = rcode::server_failure;
  return finish();
}

void responder::apex() {
  if (query_.type == type::soa)
    add_soa(reply_.answers);
  add_name_servers(query_.type == type::soa ? reply_.authority : reply_.answers,
                   reply_.additional);
}

void responder::add_name_servers(std::vector<record>& servers,
                                 std::vector<record>& glue) {
  auto zone = reply_.keep_name(rules_.domain);
  auto entries = view_.has_leader() ? view_.service(servers_service) : nullptr;
  if (!zone || !entries)
    return;
  std::vector<const model::node*> nodes;
  for (auto& entry : *entries) {
    auto status = std::string_view(model::worst_status(entry.checks));
    if (is_host_label(entry.node->name) &&
        status != model::check_status::critical)
      nodes.push_back(entry.node.get());
  }
  auto ttl = ttl_seconds(rules_.node_ttl);
  auto count = std::min(nodes.size(), name_servers_max);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(nodes[i], nodes[i + chance_.below(nodes.size() - i)]);
    std::string name = nodes[i]->name;
    for (auto& c : name)
      c = to_lower(c);
    auto target =
        keep_our_name(reply_, name, "node", rules_.datacenter, rules_.domain);
    if (!target)
      continue;
    servers.push_back(name_record(*zone, type::ns, *target, ttl));
    pursuit asking;
    asking.type = type::any;
    asking.owner = *target;
    asking.depth = 0; // glue is an address or nothing
    add_node(*nodes[i], asking, origin_of({}), glue);
  }
}

void responder::add_soa(std::vector<record>& section) {
  section.push_back(soa_record(reply_, rules_, view_.zone_serial()));
}

void responder::cut(part& found) {
  bool was_cut = fit(reply_, via_, rules_);
  if (was_cut && rules_.enable_truncate)
    reply_.truncated = true;
  if (reply_.answers.empty() && !reply_.truncated)
    found.needs_soa = true;
}

outcome responder::finish() {
  auto bytes = encode(reply_, !rules_.disable_compression);
  auto limit = via_ == transport::tcp ? message_size_max : udp_payload_size_max;
  if (bytes.size() > limit) {
    // Only metadata without end gets here; the answer itself goes first.
    reply_.additional.clear();
    bytes = encode(reply_, true);
  }
  while (bytes.size() > limit) {
    reply_.answers.resize(reply_.answers.size() / 2);
    reply_.truncated = true;
    bytes = encode(reply_, true);
  }
  return reply_with(std::move(bytes));
}

} // namespace praetor::dns
