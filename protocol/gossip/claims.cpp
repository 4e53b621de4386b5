// What is said of members, and which claim beats which (SWIM, section 4.2):
// the higher incarnation; at the same one doubt beats life, and death both.
// Only the member itself raises its incarnation, by which it refutes.

#include "protocol/gossip/codec.hpp"
#include "protocol/gossip/core.hpp"

#include <algorithm>

namespace praetor::gossip {

// -- alive --------------------------------------------------------------------

void core::on(const alive& heard, const endpoint&) {
  auto found = members_.find(heard.name);
  if (found == members_.end())
    return meet(heard);
  auto& known = found->second;
  if (heard.name == name_) {
    if (heard.at != known.at) {
      report(note::level::error, "serf: Node name conflicts with another node "
                                 "at " +
                                     to_text(heard.at) +
                                     ". Names must be unique!");
      out_.events.push_back(conflict{name_, known.at, heard.at, {}, {}, true});
      return;
    }
    // Said by an earlier life of ours, or by somebody who makes it up.
    bool same =
        heard.incarnation == known.incarnation && heard.tags == known.tags;
    if (heard.incarnation >= known.incarnation && !same)
      refute(heard.incarnation, "an alive message for '" + name_ + "'");
    return;
  }
  bool moves = heard.at != known.at;
  if (moves && !may_move(known, heard))
    return;
  if (heard.incarnation > known.incarnation || moves)
    renew(known, heard);
}

void core::meet(const alive& heard) {
  if (members_.size() >= members_max) {
    report(note::level::warning,
           "memberlist: " + heard.name + " is not taken in: there are " +
               std::to_string(members_max) + " members, which is the most");
    return;
  }
  member met{heard.name, heard.at, heard.tags, heard.incarnation, {}, now_};
  auto& kept = members_.emplace(heard.name, std::move(met)).first->second;
  ++present_;
  // Somewhere in this round, so that many newcomers are not probed in a row.
  ring_.push_back(heard.name);
  std::swap(ring_.back(), ring_[chance_.below(ring_.size())]);
  report(change::joined, kept);
  look_for_id_conflict(kept);
  spread(heard.name, heard);
  PRAETOR_ASSERT(members_.size() == ring_.size() + 1);
}

// A name goes to another address only when nobody holds it any more.
bool core::may_move(const member& known, const alive& heard) {
  if (known.status == member_status::left ||
      (known.status == member_status::failed &&
       now_ - known.since >= settings_.dead_reclaim))
    return true;
  report(note::level::warning, "serf: Name conflict for '" + known.name +
                                   "' both " + to_text(known.at) + " and " +
                                   to_text(heard.at) + " are claiming");
  out_.events.push_back(
      conflict{known.name, known.at, heard.at, {}, {}, false});
  return false;
}

void core::renew(member& known, const alive& heard) {
  PRAETOR_ASSERT(known.name != name_);
  suspicions_.erase(known.name);
  bool updated = known.tags != heard.tags || known.at != heard.at;
  bool returned = !is_present(known);
  known.incarnation = heard.incarnation;
  known.at = heard.at;
  known.tags = heard.tags;
  set_status(known, member_status::alive);
  if (returned || updated) {
    report(returned ? change::joined : change::updated, known);
    look_for_id_conflict(known);
  }
  spread(known.name, heard);
}

void core::look_for_id_conflict(const member& who) {
  auto id = tag_of(who.tags, "id");
  if (id.empty())
    return;
  auto other = id == tag_of(own().tags, "id") ? name_ : ids_[id];
  auto* holder = other == who.name ? nullptr : find(other);
  if (!holder || !is_present(*holder) || tag_of(holder->tags, "id") != id) {
    ids_[id] = who.name;
    return;
  }
  report(note::level::error, "serf: Member '" + who.name +
                                 "' has conflicting node ID '" + id +
                                 "' with member '" + other + "'");
  out_.events.push_back(
      conflict{who.name, holder->at, who.at, id, other, other == name_});
}

// -- suspect ------------------------------------------------------------------

void core::on(const suspect& heard, const endpoint&) {
  auto found = members_.find(heard.name);
  if (found == members_.end() || heard.incarnation < found->second.incarnation)
    return;
  if (heard.name == name_) {
    if (farewell_ == farewell::none)
      refute(heard.incarnation, "a suspect message (from: " + heard.from + ")");
    return;
  }
  auto& known = found->second;
  if (auto doubt = suspicions_.find(heard.name); doubt != suspicions_.end()) {
    known.incarnation = heard.incarnation;
    if (doubt->second.confirm(heard.from, heard.refused))
      spread(heard.name, heard);
    return;
  }
  if (!is_present(known))
    return;
  known.incarnation = heard.incarnation;
  begin_suspicion(known, heard);
  spread(heard.name, heard);
}

void core::begin_suspicion(const member& known, const suspect& heard) {
  suspicion_rules rules;
  auto wanted = settings_.suspicion_mult - 2;
  // Not counting the suspect and the accuser, there are not so many others.
  if (static_cast<int>(present_) - 2 < wanted)
    wanted = 0;
  rules.confirmations = std::max(wanted, 0);
  rules.least = suspicion_timeout(settings_.suspicion_mult, present_,
                                  settings_.probe_interval);
  rules.most = rules.least * settings_.suspicion_max_mult;
  rules.refused = rules.least / settings_.refused_divisor;
  suspicions_.emplace(known.name,
                      suspicion(heard.from, heard.refused, rules, now_));
}

void core::tick_suspicions() {
  std::vector<dead> over;
  for (auto& [name, doubt] : suspicions_)
    if (now_ >= doubt.deadline()) {
      report(note::level::info, "memberlist: Marking " + name +
                                    " as failed, suspect timeout reached (" +
                                    std::to_string(doubt.confirmations()) +
                                    " peer confirmations)");
      over.push_back({members_.at(name).incarnation, name, name_});
    }
  for (auto& one : over)
    on(one, endpoint{});
}

void core::refute(std::uint64_t accused, const std::string& why) {
  auto& self = own();
  PRAETOR_ASSERT(accused >= self.incarnation);
  self.incarnation = std::min(accused + 1, incarnation_max);
  be_aware(1);
  ++counters_.refutations;
  report(note::level::warning, "memberlist: Refuting " + why);
  announce();
}

void core::announce() {
  auto& self = own();
  spread(name_, alive{self.incarnation, name_, self.at, self.tags});
}

// -- dead and left ------------------------------------------------------------

void core::on(const dead& heard, const endpoint&) {
  auto found = members_.find(heard.name);
  if (found == members_.end() || heard.incarnation < found->second.incarnation)
    return;
  auto& known = found->second;
  if (heard.name == name_) {
    if (farewell_ == farewell::none)
      refute(heard.incarnation, "a dead message (from: " + heard.from + ")");
    return;
  }
  // Its own word comes late, but is better than what we took from silence.
  bool said_so = heard.from == heard.name;
  if (!is_present(known) && !(said_so && known.status == member_status::failed))
    return;
  known.incarnation = heard.incarnation;
  suspicions_.erase(heard.name);
  bool left = said_so || known.status == member_status::leaving;
  set_status(known, left ? member_status::left : member_status::failed);
  report(left ? change::left : change::failed, known);
  spread(heard.name, heard);
}

void core::on(const leave_intent& heard, const endpoint&) {
  auto found = members_.find(heard.name);
  if (found == members_.end() || heard.incarnation < found->second.incarnation)
    return;
  auto& known = found->second;
  if (heard.name == name_) {
    if (farewell_ == farewell::none)
      refute(heard.incarnation, "a leave message (from: " + heard.from + ")");
    return;
  }
  bool prunes = heard.prune && !is_present(known);
  if (!prunes && known.status != member_status::alive &&
      known.status != member_status::failed)
    return;
  known.incarnation = heard.incarnation;
  if (known.status == member_status::alive) {
    set_status(known, member_status::leaving);
    report(change::leaving, known);
  } else if (known.status == member_status::failed) {
    set_status(known, member_status::left);
    report(change::left, known);
  }
  spread(heard.name, heard);
  if (prunes)
    forget(std::string(heard.name), true);
}

void core::set_status(member& who, member_status status) {
  if (who.status == status)
    return;
  auto was_present = is_present(who);
  who.status = status;
  who.since = now_;
  if (was_present && !is_present(who))
    --present_;
  else if (!was_present && is_present(who))
    ++present_;
}

void core::forget(const std::string& name, bool reported) {
  PRAETOR_ASSERT(name != name_);
  auto found = members_.find(name);
  PRAETOR_ASSERT(found != members_.end());
  PRAETOR_ASSERT(!is_present(found->second));
  if (reported)
    report(change::reaped, found->second);
  auto id = ids_.find(tag_of(found->second.tags, "id"));
  if (id != ids_.end() && id->second == name)
    ids_.erase(id);
  members_.erase(found);
  suspicions_.erase(name);
  places_.forget(name);
  places_of_.erase(name);
  std::erase(ring_, name);
}

// -- events -------------------------------------------------------------------

void core::on(const user_event& heard, const endpoint&) {
  if (!events_.accept(heard))
    return;
  out_.events.push_back(heard);
  // Each is a subject of its own.
  spread(encode(heard), heard);
}

status core::fire_event(std::string name, std::string payload, instant now) {
  enter(now);
  if (name.size() + payload.size() > settings_.event_bytes_max)
    return fail(errc::too_large, "user event exceeds configured limit of " +
                                     std::to_string(settings_.event_bytes_max) +
                                     " bytes before encoding");
  auto fired = events_.fire(std::move(name), std::move(payload));
  out_.events.push_back(fired);
  spread(encode(fired), fired);
  promise();
  return {};
}

} // namespace praetor::gossip
