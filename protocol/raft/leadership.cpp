// What a leader does as time passes: it makes itself heard, gives up when a
// quorum no longer hears it (Ongaro's thesis, section 6.2), and hands over
// when asked to (section 3.10).

#include "protocol/base/assert.hpp"
#include "protocol/raft/core.hpp"

#include <algorithm>
#include <tuple>

namespace praetor::raft {

instant core::quorum_heard(instant by_self, instant by_nobody) const {
  PRAETOR_ASSERT(role_ == role::leader);
  std::vector<instant> heard;
  for (auto& id : members().voters) {
    auto found = lead_.followers.find(id);
    if (id == settings_.self)
      heard.push_back(by_self);
    else if (found != lead_.followers.end() && found->second.contact)
      heard.push_back(*found->second.contact);
    else
      heard.push_back(by_nobody);
  }
  return majority_value(std::move(heard));
}

instant core::quorum_contact() const {
  PRAETOR_ASSERT(now_.has_value());
  // They have voted for us, so for a start everyone counts as heard.
  return quorum_heard(*now_, lead_.since);
}

void core::note_contact(progress& of, const echo& returned) {
  PRAETOR_ASSERT(role_ == role::leader);
  instant left{span{returned.sent_at}};
  if (has_fault(mutation::lease_from_receipt))
    left = *now_;
  // What cannot have left in this term is nobody's echo of us.
  if (left < lead_.since || left > *now_ || returned.round > lead_.round)
    return;
  of.contact = of.contact ? std::max(*of.contact, left) : left;
  of.round = std::max(of.round, returned.round);
}

void core::tick_leader(instant now) {
  PRAETOR_ASSERT(role_ == role::leader);
  auto alone = quorum_contact() + settings_.election_timeout <= now;
  if (alone && !has_fault(mutation::stale_leader_stays)) {
    step_down({});
    return;
  }
  if (!lead_.successor.empty() && now >= lead_.successor_due)
    lead_.successor.clear();
  for (auto& [id, of] : lead_.followers)
    if (of.chunk_repeat && now >= *of.chunk_repeat && of.contact &&
        now < *of.contact + settings_.election_timeout)
      of.chunk_due = true;
  if (now < lead_.heartbeat_due)
    return;
  lead_.heartbeat_due = now + settings_.heartbeat;
  for (auto& [id, of] : lead_.followers) {
    of.heartbeat_due = true;
    // An answer that is this late was lost, or its question.
    of.is_asked = false;
  }
}

node_id core::best_successor() const {
  const std::pair<const node_id, progress>* best = nullptr;
  for (auto& each : lead_.followers)
    if (members().is_voter(each.first) &&
        (!best || std::tuple(each.second.match, each.second.contact) >
                      std::tuple(best->second.match, best->second.contact)))
      best = &each;
  return best ? best->first : node_id();
}

status core::transfer_leadership(const node_id& to) {
  if (role_ != role::leader)
    return fail(errc::no_leader, "No cluster leader");
  auto next = to.empty() ? best_successor() : to;
  if (next == settings_.self || !members().is_voter(next))
    return fail(errc::bad_input,
                "Raft: \"" + next + "\" is no other voter to lead next");
  if (!lead_.successor.empty())
    return fail(errc::conflict,
                "Raft: leadership is being transferred to " + lead_.successor);
  PRAETOR_ASSERT(lead_.followers.count(next) == 1);
  lead_.successor = next;
  lead_.successor_due = *now_ + settings_.election_timeout;
  lead_.successor_told = false;
  return {};
}

void core::tell_successor() {
  if (lead_.successor.empty() || lead_.successor_told)
    return;
  auto found = lead_.followers.find(lead_.successor);
  if (found == lead_.followers.end()) {
    lead_.successor.clear();
    return;
  }
  if (found->second.match < log_.last_index())
    return;
  PRAETOR_ASSERT(found->second.match == log_.last_index());
  lead_.successor_told = true;
  // Its election ignores that we are alive, and the order may be late: from
  // now on our term has no lease.
  lead_.lease_is_void = true;
  send(timeout_now{settings_.self, lead_.successor, state_.current});
}

} // namespace praetor::raft
