#include "protocol/gossip/core.hpp"

#include "protocol/gossip/codec.hpp"

#include <algorithm>

namespace praetor::gossip {
namespace {

// The first rumour after a silence waits this part of the interval, so that
// those which come together go together.
constexpr int first_gossip_divisor = 10;
// Draws per wanted member before we take fewer (memberlist's three rounds).
constexpr std::size_t draws_per_pick = 3;
constexpr std::size_t draws_min = 16;

span random_span(prng& chance, span below) {
  PRAETOR_ASSERT(below > span{});
  return span{static_cast<span::rep>(
      chance.below(static_cast<std::uint64_t>(below.count())))};
}

bool is_heard_of(const core&, const member&) {
  return true;
}

} // namespace

const char* to_text(member_status status) {
  switch (status) {
  case member_status::alive:
    return "alive";
  case member_status::leaving:
    return "leaving";
  case member_status::left:
    return "left";
  case member_status::failed:
    return "failed";
  }
  PRAETOR_ASSERT(false);
}

status check_settings(const settings& chosen) {
  auto refuse = [](const char* what, const std::string& given) {
    return fail(errc::bad_input, std::string(what) + " is " + given +
                                     ", but must be more than 0");
  };
  for (auto [what, value] : {std::pair{"probe_interval", chosen.probe_interval},
                             {"probe_timeout", chosen.probe_timeout},
                             {"gossip_interval", chosen.gossip_interval},
                             {"push_pull_interval", chosen.push_pull_interval},
                             {"reconnect_interval", chosen.reconnect_interval},
                             {"reap_interval", chosen.reap_interval},
                             {"stream_timeout", chosen.stream_timeout}})
    if (value <= span{})
      return refuse(what, std::to_string(value.count()) + " ns");
  for (auto [what, value] : {std::pair{"suspicion_mult", chosen.suspicion_mult},
                             {"suspicion_max_mult", chosen.suspicion_max_mult},
                             {"refused_divisor", chosen.refused_divisor},
                             {"awareness_max", chosen.awareness_max},
                             {"retransmit_mult", chosen.retransmit_mult},
                             {"gossip_nodes", chosen.gossip_nodes}})
    if (value <= 0)
      return refuse(what, std::to_string(value));
  if (chosen.event_bytes_max > event_bytes_limit)
    return fail(errc::bad_input, "events of " +
                                     std::to_string(chosen.event_bytes_max) +
                                     " bytes do not fit a packet, at most " +
                                     std::to_string(event_bytes_limit));
  return {};
}

status check_identity(const identity& self) {
  if (self.name.empty() || self.name.size() > name_bytes_max)
    return fail(errc::bad_input,
                "a member's name of " + std::to_string(self.name.size()) +
                    " bytes, between 1 and " + std::to_string(name_bytes_max));
  if (self.at.host.empty() || self.at.host.size() > host_bytes_max)
    return fail(errc::bad_input,
                "the address of member " + self.name + " has " +
                    std::to_string(self.at.host.size()) +
                    " bytes, between 1 and " + std::to_string(host_bytes_max));
  auto bytes = pack_tags(self.tags).size();
  if (bytes > tags_bytes_max)
    return fail(errc::too_large, "the tags of member " + self.name + " take " +
                                     std::to_string(bytes) +
                                     " bytes, at most " +
                                     std::to_string(tags_bytes_max));
  return {};
}

core::core(settings chosen, const identity& self, prng chance, instant now)
    : settings_(std::move(chosen)), name_(self.name), chance_(chance),
      now_(now), promised_(now), rumours_(members_max) {
  PRAETOR_ASSERT(check_settings(settings_));
  PRAETOR_ASSERT(check_identity(self));
  member own{self.name,        self.at, pack_tags(self.tags),
             self.incarnation, {},      now};
  members_.emplace(name_, std::move(own));
  report(change::joined, this->own());
  // Everybody at a moment of its own.
  next_probe_ = now + random_span(chance_, settings_.probe_interval);
  next_push_pull_ = now + random_span(chance_, settings_.push_pull_interval);
  next_reconnect_ = now + settings_.reconnect_interval;
  next_reap_ = now + settings_.reap_interval;
  promise();
}

// -- time ---------------------------------------------------------------------

void core::enter(instant now) {
  auto late = now - promised_;
  if (settings_.stall > span{} && late > settings_.stall) {
    stalled_ += late;
    ++counters_.stalls;
    be_aware(1);
    report(note::level::warning,
           "memberlist: this agent was not scheduled for " +
               std::to_string(
                   std::chrono::duration_cast<std::chrono::milliseconds>(late)
                       .count()) +
               " ms");
  }
  now_ = std::max(now_, now - stalled_);
}

void core::tick(instant now) {
  enter(now);
  if (has_left())
    return;
  tick_relays();
  tick_probe();
  tick_suspicions();
  if (now_ >= next_gossip_)
    gossip();
  tick_farewell();
  if (now_ >= next_push_pull_)
    sync_next();
  if (now_ >= next_reconnect_)
    reconnect();
  if (now_ >= next_reap_)
    reap();
  promise();
}

instant core::next_deadline() const {
  if (has_left())
    return instant::max();
  auto next =
      std::min({next_gossip_, next_push_pull_, next_reconnect_, next_reap_});
  next = std::min(next, probing_deadline());
  for (auto& [name, one] : suspicions_)
    next = std::min(next, one.deadline());
  if (farewell_ != farewell::none)
    next = std::min(next, farewell_until_);
  return next + stalled_;
}

// -- packets ------------------------------------------------------------------

void core::handle(std::string_view bytes, const endpoint& from, instant now) {
  enter(now);
  ++counters_.packets_in;
  if (has_left())
    return;
  auto found = decode_packet(bytes);
  if (!found) {
    ++counters_.packets_malformed;
    return;
  }
  for (auto& one : *found)
    std::visit([&](auto& x) { on(x, from); }, one);
  promise();
}

void core::send(const endpoint& to, const message& what) {
  send(to, new_packet() + encode(what));
}

// Whatever goes out carries rumours in the room that is left (SWIM, 4.1).
void core::send(const endpoint& to, std::string packet) {
  fill(packet, packet_bytes_max);
  PRAETOR_ASSERT(packet.size() <= packet_bytes_max);
  ++counters_.packets_out;
  counters_.bytes_out += packet.size();
  out_.packets.push_back({to, std::move(packet)});
}

void core::fill(std::string& packet, std::size_t most) {
  auto limit = retransmit_limit(settings_.retransmit_mult, present_);
  rumours_.fill(packet, most, limit);
  event_rumours_.fill(packet, most, limit);
}

void core::spread(const std::string& subject, const message& what) {
  auto& queue =
      std::holds_alternative<user_event>(what) ? event_rumours_ : rumours_;
  queue.put(subject, encode(what));
  next_gossip_ = std::min(next_gossip_, now_ + settings_.gossip_interval /
                                                   first_gossip_divisor);
}

void core::gossip() {
  for (auto& name : pick(settings_.gossip_nodes, name_, is_heard_of)) {
    if (rumours_.empty() && event_rumours_.empty())
      break;
    send(members_.at(name).at, new_packet());
  }
  // Alone there is nobody to tell.
  if (ring_.empty())
    next_gossip_ = instant::max();
  else
    next_gossip_ = rumours_.empty() && event_rumours_.empty()
                       ? instant::max()
                       : now_ + settings_.gossip_interval;
}

// Different others who are present or have gone just now, drawn at random;
// fewer when there are not so many, or chance would have it.
std::vector<std::string> core::pick(int count, const std::string& but,
                                    bool (*wanted)(const core&,
                                                   const member&)) {
  std::vector<std::string> found;
  if (ring_.empty())
    return found;
  auto draws = std::max(draws_min, ring_.size() * draws_per_pick);
  for (std::size_t i = 0;
       i < draws && found.size() < static_cast<std::size_t>(count); ++i) {
    auto& name = ring_[chance_.below(ring_.size())];
    auto& one = members_.at(name);
    if (name == but || (!is_present(one) && !is_recently_gone(one)) ||
        !wanted(*this, one) ||
        std::find(found.begin(), found.end(), name) != found.end())
      continue;
    found.push_back(name);
  }
  return found;
}

bool core::is_recently_gone(const member& one) const {
  return one.status == member_status::failed &&
         now_ - one.since < settings_.gossip_to_dead;
}

// -- what is known ------------------------------------------------------------

bool core::has_output() const {
  return !out_.packets.empty() || !out_.exchanges.empty() ||
         !out_.events.empty();
}

const member* core::find(const std::string& name) const {
  auto found = members_.find(name);
  return found == members_.end() ? nullptr : &found->second;
}

const member& core::self() const {
  return members_.at(name_);
}

member& core::own() {
  return members_.at(name_);
}

bool core::is_suspect(const std::string& name) const {
  return suspicions_.count(name) > 0;
}

const coordinate* core::coordinate_of(const std::string& name) const {
  if (name == name_)
    return &places_.own();
  auto found = places_of_.find(name);
  return found == places_of_.end() ? nullptr : &found->second;
}

// -- health -------------------------------------------------------------------

span core::awareness_scaled(span time) const {
  return time * (awareness_ + 1);
}

void core::be_aware(int delta) {
  awareness_ = std::clamp(awareness_ + delta, 0, settings_.awareness_max - 1);
}

void core::report(note::level how, std::string text) {
  out_.events.push_back(note{how, std::move(text)});
}

void core::report(change what, const member& who) {
  out_.events.push_back(member_change{what, who});
}

// -- forgetting ---------------------------------------------------------------

void core::reap() {
  next_reap_ = now_ + settings_.reap_interval;
  std::vector<std::string> over;
  for (auto& [name, one] : members_) {
    auto age = now_ - one.since;
    if ((one.status == member_status::failed &&
         age > settings_.reconnect_timeout) ||
        (one.status == member_status::left &&
         age > settings_.tombstone_timeout))
      over.push_back(name);
  }
  for (auto& name : over)
    if (name != name_)
      forget(name, true);
}

void core::check_invariants() const {
  PRAETOR_ASSERT(members_.count(name_) == 1);
  PRAETOR_ASSERT(members_.size() == ring_.size() + 1);
  PRAETOR_ASSERT(members_.size() <= members_max);
  std::size_t present = 0;
  for (auto& [name, one] : members_) {
    PRAETOR_ASSERT(name == one.name);
    PRAETOR_ASSERT(one.tags.size() <= tags_bytes_max);
    present += is_present(one) ? 1 : 0;
  }
  PRAETOR_ASSERT(present == present_);
  for (auto& name : ring_)
    PRAETOR_ASSERT(name != name_ && members_.count(name) == 1);
  // Nobody who is gone is doubted, and nobody doubts itself.
  for (auto& [name, one] : suspicions_)
    PRAETOR_ASSERT(name != name_ && is_present(members_.at(name)));
  PRAETOR_ASSERT(relays_.size() <= relays_max);
  PRAETOR_ASSERT(open_.size() <= exchanges_max);
  PRAETOR_ASSERT(awareness_ < settings_.awareness_max);
  for (auto& one : out_.packets)
    PRAETOR_ASSERT(one.bytes.size() <= packet_bytes_max);
}

} // namespace praetor::gossip
