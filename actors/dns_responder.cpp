#include "actors/dns_responder.hpp"

#include "dns/address.hpp"
#include "dns/recursion.hpp"
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

// Host names of instances stay as they are: only who has recursors of its own
// follows them.
std::string answer_packet(std::string_view packet, dns::transport via,
                          const dns::settings& rules, const dns_view& view,
                          prng& chance) {
  dns::prepared_result prepared;
  dns::supplement more;
  auto found = dns::answer(packet, via, rules, view, chance);
  if (found.what == dns::outcome::kind::prepared) {
    prepared = execute(found.names[0], rules, view, chance);
    more.prepared = &prepared;
    found = dns::answer(packet, via, rules, view, chance, more);
  }
  if (found.what == dns::outcome::kind::resolve) {
    for (auto& name : found.names)
      more.resolved[name] = "";
    found = dns::answer(packet, via, rules, view, chance, more);
  }
  if (found.what != dns::outcome::kind::reply)
    return {};
  return std::move(found.bytes);
}

namespace {

// A question, and what was fetched for it so far.
struct pending {
  dns_question from;
  std::shared_ptr<const dns::settings> rules;
  dns::prepared_result prepared;
  dns::supplement more;
  std::size_t unresolved = 0; // names that a recursor is asked for
};
using pending_ptr = std::shared_ptr<pending>;

void go_on(dns_responder_ptr self, const pending_ptr& job);

// The question is not ours: its reply is passed on as it comes.
void recurse(dns_responder_ptr self, const pending_ptr& job) {
  auto failed = [](const pending_ptr& of) {
    of->from.from->send(dns::failed_recursion(*of->from.packet));
  };
  if (!self->state.recursors)
    return failed(job);
  self->state.recursors->ask(*job->from.packet, job->from.via,
                             [=](std::string reply) {
                               if (reply.empty())
                                 failed(job);
                               else
                                 job->from.from->send(std::move(reply));
                             });
}

// Host names that instances have instead of addresses. The responder outlives
// the loop that calls back.
void resolve(dns_responder_ptr self, const pending_ptr& job,
             const std::vector<std::string>& names) {
  job->unresolved = names.size();
  for (auto& name : names)
    job->more.resolved[name] = ""; // as long as nobody knows
  auto arrived = [=](const std::string& name, std::string reply) {
    job->more.resolved[name] = std::move(reply);
    if (--job->unresolved == 0)
      go_on(self, job);
  };
  for (auto& name : names) {
    auto query = dns::make_address_query(name);
    if (query.empty() || !self->state.recursors)
      arrived(name, "");
    else
      self->state.recursors->ask(
          std::move(query), dns::transport::udp,
          [=](std::string reply) { arrived(name, std::move(reply)); });
  }
}

void go_on(dns_responder_ptr self, const pending_ptr& job) {
  auto& state = self->state;
  auto found = dns::answer(*job->from.packet, job->from.via, *job->rules,
                           *state.view, state.chance, job->more);
  switch (found.what) {
  case dns::outcome::kind::reply:
    return job->from.from->send(std::move(found.bytes));
  case dns::outcome::kind::prepared:
    PRAETOR_ASSERT(!job->more.prepared);
    job->prepared =
        execute(found.names[0], *job->rules, *state.view, state.chance);
    job->more.prepared = &job->prepared;
    return go_on(self, job);
  case dns::outcome::kind::recurse:
    return recurse(self, job);
  case dns::outcome::kind::resolve:
    PRAETOR_ASSERT(job->more.resolved.empty());
    return resolve(self, job, found.names);
  case dns::outcome::kind::elsewhere: // no other datacenter is known
  case dns::outcome::kind::drop:
    return;
  }
}

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
  // Most answers need nothing else.
  auto found = dns::answer(*question.packet, question.via, *state.rules,
                           *state.view, state.chance);
  if (state.elsewhere && found.what != dns::outcome::kind::recurse)
    return ask_elsewhere(self, question);
  if (found.what == dns::outcome::kind::reply)
    return question.from->send(std::move(found.bytes));
  if (found.what == dns::outcome::kind::drop)
    return;
  auto job = std::make_shared<pending>();
  job->from = question;
  job->rules = state.rules;
  go_on(self, job);
}

} // namespace

dns_responder_actor::behavior_type dns_responder(
    dns_responder_ptr self, std::shared_ptr<const dns::settings> rules,
    std::shared_ptr<publication> readers, std::uint64_t seed,
    std::shared_ptr<dns_recursors> recursors, gateway_actor elsewhere) {
  self->state.rules = std::move(rules);
  self->state.view = std::make_unique<dns_view>(std::move(readers), [] {
    return static_cast<std::uint32_t>(std::time(nullptr));
  });
  self->state.chance = prng(seed);
  self->state.recursors = std::move(recursors);
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
