// What a story expects, and what its clients ask.

#include "actors/sim/play.hpp"

#include <memory>

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;

// One try of an expectation that may be tried again.
constexpr span try_max = 1s;

asked to_asked(const client_step& what) {
  asked made;
  if (what.what == client_verb::get || what.what == client_verb::list) {
    made.is = asked::read;
    made.query.kind = what.what == client_verb::get
                          ? model::query_kind::kv_get
                          : model::query_kind::kv_list;
    made.query.name = what.key;
    if (what.is_stale)
      made.level = http::consistency::stale;
    return made;
  }
  made.is = asked::write;
  model::kv_operation change;
  change.key = what.key;
  change.value = what.value;
  change.index = what.index;
  change.verb = what.what == client_verb::put   ? model::kv_verb::set
                : what.what == client_verb::cas ? model::kv_verb::cas
                                                : model::kv_verb::remove;
  made.command = change;
  return made;
}

bool is_done(const told& answer) {
  return answer.is == told::done && answer.outcome.accepted &&
         answer.outcome.failure.code == errc::ok;
}

std::string in_words(const told& answer) {
  switch (answer.is) {
  case told::done:
    return answer.outcome.accepted ? "it is answered" : "it is answered: false";
  case told::refused:
    return "it is refused: " + answer.why.text;
  case told::in_doubt:
    break;
  }
  return "it is not answered";
}

} // namespace

// Without a name, whoever leads is asked, or the first that can answer.
told player::ask(const client_step& what, span at_most) {
  auto whom = what.on ? find(*what.on) : world_.leader();
  for (number i = 0; i < world_.size() && !whom; ++i)
    if (world_.at(i).core() && !world_.at(i).is_paused())
      whom = i;
  auto got = std::make_shared<std::optional<told>>();
  world_.users().ask(whom.value_or(0), to_asked(what), at_most,
                     [got](const told& answer) { *got = answer; });
  world_.run_until([&] { return got->has_value(); }, at_most + try_max);
  return got->value_or(told{});
}

std::string player::check_client(const expect_client_step& what) {
  auto answer = ask(what.what, try_max);
  if (what.fails)
    return is_done(answer) ? "it is acknowledged" : "";
  if (!is_done(answer))
    return in_words(answer);
  if (!what.value && !what.is_nothing)
    return {};
  auto& found = std::get<model::kv_list>(answer.answer.records);
  if (what.is_nothing)
    return found.empty() ? "" : "it is \"" + found[0]->value + "\"";
  if (found.empty())
    return "it does not exist";
  return found[0]->value == *what.value ? ""
                                        : "it is \"" + found[0]->value + "\"";
}

std::string player::check_states() {
  for (number i = 0; i < world_.size(); ++i) {
    auto state = world_.at(i).newest();
    if (!world_.at(i).core())
      continue;
    if (state->applied != world_.checks().reached())
      return "server " + std::string(1, static_cast<char>('a' + i)) +
             " has applied " + std::to_string(state->applied) + " of " +
             std::to_string(world_.checks().reached()) + " entries";
    if (digest(*state) != digest(world_.checks().reference()))
      return "the states differ";
  }
  return {};
}

std::string player::check(const expectation& what) {
  if (auto* one = std::get_if<expect_client_step>(&what))
    return check_client(*one);
  if (std::get_if<expect_state_equal_step>(&what))
    return check_states();
  auto leads = world_.leader();
  if (auto* one = std::get_if<expect_leader_step>(&what))
    return leads.has_value() == one->exists ? ""
           : leads                          ? "somebody leads"
                                            : "nobody leads";
  if (auto* one = std::get_if<expect_leader_is_step>(&what)) {
    auto named = find(one->node);
    if (!leads)
      return "nobody leads";
    return (leads == named) == one->is
               ? ""
               : "the leader is " +
                     std::string(1, static_cast<char>('a' + *leads));
  }
  if (std::get_if<expect_same_leader_step>(&what))
    return leads && leads == last_leader_ ? "" : "somebody else leads";
  if (auto* one = std::get_if<expect_terms_step>(&what)) {
    std::uint64_t newest = 0;
    for (number i = 0; i < world_.size(); ++i)
      if (auto* core = world_.at(i).core())
        newest = std::max(newest, core->current_term().value);
    auto begun = newest - std::min(newest, first_term_.value_or(newest));
    return begun <= one->most ? "" : std::to_string(begun) + " terms began";
  }
  auto& one = std::get<expect_up_step>(what);
  auto named = find(one.node);
  auto is_up = named && world_.at(*named).core();
  return is_up == one.is ? "" : is_up ? "it is up" : "it is down";
}

std::string player::expect(const expect_step& what) {
  auto until = world_.time.now() + what.within.value_or(span{});
  auto why = check(what.what);
  while (!why.empty() && world_.is_sound() && world_.time.now() < until) {
    world_.run_for(5ms);
    why = check(what.what);
  }
  auto is_of_leader = std::get_if<expect_leader_step>(&what.what) ||
                      std::get_if<expect_leader_is_step>(&what.what);
  if (is_of_leader)
    remember_leader();
  return why;
}

} // namespace praetor::actors::sim
