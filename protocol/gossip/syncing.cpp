// Whole states between two members over a stream: to join, to find what
// rumours have missed, and to heal partitions.

#include "protocol/gossip/codec.hpp"
#include "protocol/gossip/core.hpp"

#include <algorithm>
#include <bit>

namespace praetor::gossip {
namespace {

// Pools up to this size exchange states at the interval as it is given; each
// doubling adds one, for everybody's states grow with everybody.
constexpr std::size_t push_pull_members = 32;

// A newcomer exchanges states once more within this.
constexpr span second_look_within = std::chrono::seconds(5);
static_assert(second_look_within > span{});

claim claim_of(const member& one, bool suspected) {
  switch (one.status) {
  case member_status::alive:
    return suspected ? claim::suspect : claim::alive;
  case member_status::leaving:
    return claim::leaving;
  case member_status::left:
    return claim::left;
  case member_status::failed:
    return claim::failed;
  }
  PRAETOR_ASSERT(false);
}

bool is_reached(const core&, const member& one) {
  return is_present(one);
}

} // namespace

// -- opening ------------------------------------------------------------------

push_pull core::own_state(bool join) const {
  push_pull state;
  state.join = join;
  state.event_time = events_.time();
  state.members.reserve(members_.size());
  for (auto& [name, one] : members_)
    state.members.push_back({{one.incarnation, name, one.at, one.tags},
                             claim_of(one, is_suspect(name))});
  state.events.assign(events_.recent().begin(), events_.recent().end());
  return state;
}

ticket core::open(open_exchange::purpose why, const endpoint& whom,
                  std::string bytes, span timeout) {
  PRAETOR_ASSERT(open_.size() < exchanges_max);
  PRAETOR_ASSERT(bytes.size() <= stream_bytes_max);
  auto which = next_ticket_++;
  open_.emplace(which, open_exchange{why, whom});
  out_.exchanges.push_back({which, whom, std::move(bytes), timeout});
  return which;
}

result<ticket> core::join(const endpoint& whom, instant now) {
  enter(now);
  if (farewell_ != farewell::none)
    return fail(errc::unavailable, "Serf can't Join after Leave or Shutdown");
  if (open_.size() >= exchanges_max)
    return fail(errc::unavailable,
                std::to_string(exchanges_max) + " exchanges are under way");
  auto which = open(open_exchange::purpose::join, whom,
                    encode_stream(own_state(true)), settings_.stream_timeout);
  promise();
  return which;
}

void core::sync_next() {
  next_push_pull_ = now_ + push_pull_after();
  if (farewell_ != farewell::none || open_.size() >= exchanges_max)
    return;
  for (auto& name : pick(1, name_, is_reached))
    open(open_exchange::purpose::sync, members_.at(name).at,
         encode_stream(own_state(false)), settings_.stream_timeout);
}

span core::push_pull_after() const {
  if (present_ <= push_pull_members)
    return settings_.push_pull_interval;
  // ceil(log2(n) - log2(32)) + 1
  auto doublings = std::bit_width((present_ - 1) / push_pull_members);
  return settings_.push_pull_interval * (doublings + 1);
}

// So seldom that all together try about one failed member an interval.
void core::reconnect() {
  next_reconnect_ = now_ + settings_.reconnect_interval;
  if (farewell_ != farewell::none || open_.size() >= exchanges_max)
    return;
  std::vector<const member*> failed;
  for (auto& [name, one] : members_)
    if (one.status == member_status::failed)
      failed.push_back(&one);
  if (failed.empty())
    return;
  auto others = present_ > 1 ? present_ - 1 : 1;
  if (chance_.below(others) >= failed.size())
    return;
  auto* one = failed[chance_.below(failed.size())];
  report(note::level::info,
         "serf: attempting reconnect to " + one->name + " " + to_text(one->at));
  open(open_exchange::purpose::sync, one->at, encode_stream(own_state(false)),
       settings_.stream_timeout);
}

// -- answers ------------------------------------------------------------------

void core::on_answer(ticket which, const exchange_answer& answer, instant now) {
  enter(now);
  auto found = open_.find(which);
  if (found == open_.end())
    return;
  auto asked = std::move(found->second);
  open_.erase(found);
  if (asked.why == open_exchange::purpose::ping) {
    on_ping_answer(which, answer);
  } else {
    auto failure = take_state(asked, answer);
    if (asked.why == open_exchange::purpose::join)
      end_join(which, asked.whom, std::move(failure));
    else if (!failure.empty())
      report(note::level::debug, "memberlist: Push/Pull with " +
                                     to_text(asked.whom) +
                                     " failed: " + failure);
  }
  promise();
}

// What the other side knows becomes ours; else says why not.
std::string core::take_state(const open_exchange& asked,
                             const exchange_answer& answer) {
  if (auto* failure = std::get_if<exchange_failure>(&answer))
    return failure->text.empty() ? "no answer" : failure->text;
  if (farewell_ != farewell::none)
    return "leaving";
  auto read = decode_stream(std::get<std::string>(answer));
  if (!read)
    return read.failure().text;
  if (auto* refused = std::get_if<refusal>(&*read))
    return refused->why;
  auto* theirs = std::get_if<push_pull>(&*read);
  if (!theirs)
    return "the answer to a state is none";
  if (asked.why == open_exchange::purpose::join) {
    if (auto fits = admit(*theirs); !fits)
      return fits.failure().text;
    // What happened before we came is none of ours.
    events_.ignore_before(theirs->event_time);
    // Where many join at once, rumours of some miss others: look again soon.
    auto soon = span{static_cast<span::rep>(
        chance_.below(static_cast<std::uint64_t>(second_look_within.count())))};
    next_push_pull_ = std::min(next_push_pull_, now_ + soon);
  }
  merge(*theirs);
  return {};
}

void core::end_join(ticket which, const endpoint& whom, std::string failure) {
  out_.events.push_back(join_ended{which, whom, std::move(failure)});
}

std::string core::serve(std::string_view request, const endpoint& from,
                        instant now) {
  enter(now);
  if (has_left())
    return encode_stream(refusal{"this member has left"});
  auto read = decode_stream(request);
  if (!read) {
    ++counters_.packets_malformed;
    return encode_stream(refusal{read.failure().text});
  }
  if (auto* asked = std::get_if<ping>(&*read)) {
    if (asked->target == name_)
      return encode_stream(ack{asked->number, std::nullopt});
    return encode_stream(refusal{"this is not " + asked->target});
  }
  auto* theirs = std::get_if<push_pull>(&*read);
  if (!theirs)
    return encode_stream(refusal{"neither a state nor a ping"});
  if (farewell_ >= farewell::said)
    return encode_stream(refusal{"this member is leaving"});
  if (auto fits = admit(*theirs); theirs->join && !fits) {
    report(note::level::warning, "memberlist: the join of " + to_text(from) +
                                     " is refused: " + fits.failure().text);
    return encode_stream(refusal{fits.failure().text});
  }
  auto answer = encode_stream(own_state(false));
  merge(*theirs);
  promise();
  return answer;
}

// -- merging ------------------------------------------------------------------

// Whoever comes with members that cannot be in this pool stays outside, and
// their pool with it.
status core::admit(const push_pull& theirs) {
  auto& rule = settings_.admit;
  auto own_id = tag_of(own().tags, "id");
  std::map<std::string, std::string> ids;
  for (auto& [what, state] : theirs.members) {
    if (state == claim::left || state == claim::failed)
      continue;
    auto said = "Member '" + what.name + "'";
    auto dc = tag_of(what.tags, "dc");
    if (!rule.datacenter.empty() && !dc.empty() && dc != rule.datacenter)
      return fail(errc::conflict,
                  said + " part of wrong datacenter '" + dc + "'");
    if (rule.servers_only && tag_of(what.tags, "role") != "consul")
      return fail(errc::conflict, said + " is not a server");
    auto id = tag_of(what.tags, "id");
    if (id.empty())
      continue;
    if (id == own_id && what.name != name_)
      return fail(errc::conflict, said + " has conflicting node ID '" + id +
                                      "' with this agent's ID");
    auto [first, is_new] = ids.emplace(id, what.name);
    if (!is_new && first->second != what.name)
      return fail(errc::conflict, said + " has conflicting node ID '" + id +
                                      "' with member '" + first->second + "'");
  }
  return {};
}

void core::merge(const push_pull& theirs) {
  const endpoint nowhere;
  for (auto& [what, state] : theirs.members) {
    switch (state) {
    case claim::alive:
      on(what, nowhere);
      break;
    case claim::leaving:
      on(what, nowhere);
      on(leave_intent{what.incarnation, what.name, what.name, false}, nowhere);
      break;
    case claim::suspect:
      on(what, nowhere);
      [[fallthrough]];
    case claim::failed:
      // We did not see it: it gets the chance to refute.
      on(suspect{what.incarnation, what.name, name_, false}, nowhere);
      break;
    case claim::left:
      on(dead{what.incarnation, what.name, what.name}, nowhere);
      break;
    }
  }
  if (theirs.event_time > 0)
    events_.witness(theirs.event_time - 1);
  for (auto& one : theirs.events)
    on(one, nowhere);
}

} // namespace praetor::gossip
