#include "actors/dns_responder.hpp"

#include "dns/address.hpp"
#include "protocol/base/duration.hpp"
#include "storage/query_run.hpp"

#include <algorithm>
#include <ctime>

namespace praetor::actors {

std::shared_ptr<const model::node> dns_view::node(std::string_view name) const {
  return reader_.newest()->catalog.node(name);
}

std::shared_ptr<const dns::service_entries>
dns_view::service(std::string_view name) const {
  auto& catalog = reader_.newest()->catalog;
  // After a restore an old index may stand for something else.
  auto changed =
      std::max(catalog.service_changed(name, true), reader_.newest()->restored);
  auto found = services_.find(name);
  if (found != services_.end() && found->second.changed == changed)
    return found->second.entries;
  auto instances = catalog.instances(name);
  if (instances.empty())
    return nullptr; // a flood of unknown names must not fill our memory
  auto entries = std::make_shared<dns::service_entries>();
  entries->reserve(instances.size());
  for (auto& one : instances)
    entries->push_back(catalog.entry_of(one));
  if (found == services_.end() && services_.size() >= dns_services_kept_max)
    services_.clear();
  services_[std::string(name)] = {changed, entries};
  return entries;
}

std::shared_ptr<const dns::service_entries>
dns_view::connect(std::string_view name) const {
  auto& catalog = reader_.newest()->catalog;
  auto entries = std::make_shared<dns::service_entries>();
  for (auto& one : catalog.connect_instances(name))
    entries->push_back(catalog.entry_of(one));
  return entries;
}

std::vector<std::shared_ptr<const model::node>>
dns_view::nodes_at(std::string_view ip) const {
  std::vector<std::shared_ptr<const model::node>> found;
  for (auto& one : reader_.newest()->catalog.nodes()) {
    auto address = dns::parse_address(one->address);
    if (address && dns::format_address(*address) == ip)
      found.push_back(one);
  }
  return found;
}

std::vector<std::string> dns_view::services_at(std::string_view ip) const {
  std::vector<std::string> found;
  auto& catalog = reader_.newest()->catalog;
  for (auto& node : catalog.nodes())
    for (auto& one : catalog.services_of_node(node->name)) {
      auto address = dns::parse_address(one->address);
      if (address && dns::format_address(*address) == ip)
        found.push_back(one->name);
    }
  return found;
}

bool dns_view::has_leader() const {
  return reader_.source().had_leader();
}

namespace {

// Only our own datacenter is asked; others come in here, when nothing was
// found and when one is named.
dns::prepared_result execute(const std::string& name,
                             const dns::settings& rules, const dns_view& view,
                             prng& chance) {
  model::query_run asked;
  asked.name = name;
  asked.agent = rules.node_name;
  auto found = storage::run_query(view.newest(), asked, chance);
  dns::prepared_result out;
  if (!found) {
    bool unknown = found.failure().code == errc::not_found;
    out.what = unknown ? dns::prepared_result::kind::unknown
                       : dns::prepared_result::kind::failed;
    return out;
  }
  out.service = found->query.wanted.service;
  out.datacenter = rules.datacenter;
  if (auto& ttl = found->query.dns_ttl; !ttl.empty())
    if (auto parsed = parse_duration(ttl))
      out.ttl = *parsed;
  out.entries =
      std::make_shared<dns::service_entries>(std::move(found->entries));
  return out;
}

} // namespace

std::string answer_packet(std::string_view packet, dns::transport via,
                          const dns::settings& rules, const dns_view& view,
                          prng& chance) {
  auto found = dns::answer(packet, via, rules, view, chance);
  if (found.what == dns::outcome::kind::prepared) {
    auto result = execute(found.names[0], rules, view, chance);
    dns::supplement more;
    more.prepared = &result;
    found = dns::answer(packet, via, rules, view, chance, more);
  }
  if (found.what != dns::outcome::kind::reply)
    return {};
  return std::move(found.bytes);
}

namespace {

// A server answers in our place.
void ask_elsewhere(dns_responder_ptr self, const dns_question& question) {
  auto& state = self->state;
  auto from = question.from;
  self->request(state.elsewhere, caf::infinite, at::resolve::value,
                remote_question{*question.packet, question.via, *state.rules})
      .then(
          [from](const remote_packet& given) {
            if (!given.bytes.empty())
              from->send(given.bytes);
          },
          [](caf::error&) {
            // The client asks again, as it does when a packet is lost.
          });
}

void on_question(dns_responder_ptr self, const dns_question& question) {
  auto& state = self->state;
  if (state.elsewhere)
    return ask_elsewhere(self, question);
  auto bytes = answer_packet(*question.packet, question.via, *state.rules,
                             *state.view, state.chance);
  if (!bytes.empty())
    question.from->send(std::move(bytes));
}

} // namespace

dns_responder_actor::behavior_type
dns_responder(dns_responder_ptr self,
              std::shared_ptr<const dns::settings> rules,
              std::shared_ptr<publication> readers, std::uint64_t seed,
              gateway_actor elsewhere) {
  self->state.rules = std::move(rules);
  self->state.view = std::make_unique<dns_view>(std::move(readers), [] {
    return static_cast<std::uint32_t>(std::time(nullptr));
  });
  self->state.chance = prng(seed);
  self->state.elsewhere = std::move(elsewhere);
  return {
      [=](at::received, const dns_question& question) {
        on_question(self, question);
      },
      [=](at::reload, const std::shared_ptr<const dns::settings>& rules) {
        self->state.rules = rules;
      },
  };
}

} // namespace praetor::actors
