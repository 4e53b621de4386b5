// Who is there? Section 3.1 of SWIM: a ping, then pings by way of others; and
// as memberlist does, a stream beside them, for networks that lose datagrams
// only. How much we trust what we find depends on how well we do ourselves
// (Lifeguard, section 4.1).

#include "protocol/gossip/codec.hpp"
#include "protocol/gossip/core.hpp"

#include <algorithm>

namespace praetor::gossip {
namespace {

bool may_probe_for_us(const core& pool, const member& one) {
  return is_present(one) && !pool.is_suspect(one.name);
}

} // namespace

void core::tick_probe() {
  if (probe_ && !probe_->indirect && now_ >= probe_->direct_until)
    probe_indirectly();
  if (probe_ && now_ >= probe_->until)
    fail_probe();
  if (!probe_ && now_ >= next_probe_)
    probe_next();
}

instant core::probing_deadline() const {
  // The next probe waits for this one, which may take longer than usual.
  auto next = next_probe_;
  if (probe_)
    next = probe_->indirect ? probe_->until
                            : std::min(probe_->direct_until, probe_->until);
  for (auto& [number, one] : relays_)
    next = std::min(next, one.nacked ? one.until : one.nack_at);
  return next;
}

// Everybody in turn, in an order that is drawn anew for each round (SWIM,
// section 4.3): the time until some member is probed is bounded.
void core::probe_next() {
  next_probe_ = now_ + settings_.probe_interval;
  if (farewell_ >= farewell::said)
    return;
  for (std::size_t i = 0; i < ring_.size() + 1; ++i) {
    if (next_in_ring_ >= ring_.size()) {
      next_in_ring_ = 0;
      for (auto left = ring_.size(); left > 1; --left)
        std::swap(ring_[left - 1], ring_[chance_.below(left)]);
    }
    if (ring_.empty())
      return;
    auto& one = members_.at(ring_[next_in_ring_++]);
    if (is_present(one))
      return start_probe(one);
  }
}

void core::start_probe(const member& target) {
  PRAETOR_ASSERT(!probe_);
  PRAETOR_ASSERT(target.name != name_);
  probe begun;
  begun.number = next_number_++;
  begun.target = target.name;
  begun.sent = now_;
  // Whatever was chosen, others get some time to try.
  begun.direct_until = now_ + std::min(settings_.probe_timeout,
                                       settings_.probe_interval * 3 / 4);
  begun.until = now_ + awareness_scaled(settings_.probe_interval);
  probe_ = std::move(begun);
  ++counters_.probes;
  auto packet = new_packet() + encode(ping{probe_->number, target.name});
  // The suspect hears first hand what it has to refute (Lifeguard, 4.3).
  if (settings_.buddy && is_suspect(target.name))
    packet += encode(suspect{target.incarnation, target.name, name_, false});
  send(target.at, std::move(packet));
}

void core::probe_indirectly() {
  auto& one = *probe_;
  PRAETOR_ASSERT(!one.indirect);
  one.indirect = true;
  auto known = members_.find(one.target);
  if (known == members_.end())
    return;
  auto at = known->second.at;
  for (auto& helper :
       pick(settings_.indirect_probes, one.target, may_probe_for_us)) {
    send(members_.at(helper).at, ping_request{one.number, one.target, at});
    ++one.asked;
  }
  if (open_.size() < exchanges_max)
    one.by_stream = open(open_exchange::purpose::ping, at,
                         encode_stream(ping{one.number, one.target}),
                         std::max(one.until - now_, settings_.probe_timeout));
}

void core::end_probe(bool answered) {
  if (answered)
    be_aware(-1);
  probe_.reset();
}

void core::fail_probe() {
  PRAETOR_ASSERT(probe_);
  auto over = std::move(*probe_);
  probe_.reset();
  auto found = members_.find(over.target);
  if (found == members_.end() || !is_present(found->second))
    return;
  ++counters_.probes_failed;
  // Who was asked answers, even if the target does not. If they do not
  // either, it is we who are not well. A refused connection is no silence.
  if (!over.refused)
    be_aware(over.asked > 0 ? over.asked - over.nacks : 1);
  if (over.reached_by_stream) {
    report(note::level::warning,
           "memberlist: Was able to connect to " + over.target +
               " but other probes failed, network may be misconfigured");
    return;
  }
  report(note::level::info, "memberlist: Suspect " + over.target +
                                " has failed, no acks received");
  on(suspect{found->second.incarnation, over.target, name_, over.refused},
     endpoint{});
}

void core::on_ping_answer(ticket which, const exchange_answer& answer) {
  if (!probe_ || probe_->by_stream != which)
    return;
  if (auto* failure = std::get_if<exchange_failure>(&answer)) {
    if (!failure->refused)
      return;
    // Nobody listens: soon sure, but a datagram by way of others may yet say
    // that only streams are kept from us.
    probe_->refused = true;
    auto patience = probe_->asked > 0 ? settings_.probe_timeout / 2 : span{};
    probe_->until = std::min(probe_->until, now_ + patience);
    return;
  }
  auto heard = decode_stream(std::get<std::string>(answer));
  if (!heard)
    return;
  auto* found = std::get_if<ack>(&*heard);
  if (found && found->number == probe_->number)
    probe_->reached_by_stream = true;
}

// -- probes in the stead of others --------------------------------------------

void core::tick_relays() {
  for (auto at = relays_.begin(); at != relays_.end();) {
    auto& one = at->second;
    if (!one.nacked && now_ >= one.nack_at) {
      one.nacked = true;
      send(one.whom, nack{one.number});
    }
    at = now_ >= one.until ? relays_.erase(at) : std::next(at);
  }
}

void core::on(const ping_request& heard, const endpoint& from) {
  if (relays_.size() >= relays_max)
    return;
  auto number = next_number_++;
  relay begun;
  begun.whom = from;
  begun.number = heard.number;
  begun.nack_at = now_ + settings_.probe_timeout;
  begun.until = begun.nack_at + settings_.probe_interval;
  relays_.insert_or_assign(number, std::move(begun));
  send(heard.at, ping{number, heard.target});
}

// -- answers ------------------------------------------------------------------

void core::on(const ping& heard, const endpoint& from) {
  if (heard.target != name_) {
    report(note::level::warning, "memberlist: Got ping for unexpected node '" +
                                     heard.target + "' from " + to_text(from));
    return;
  }
  send(from, ack{heard.number, places_.own()});
}

void core::on(const ack& heard, const endpoint&) {
  if (auto found = relays_.find(heard.number); found != relays_.end()) {
    auto done = std::move(found->second);
    relays_.erase(found);
    return send(done.whom, ack{done.number, std::nullopt});
  }
  if (!probe_ || probe_->number != heard.number)
    return;
  // By way of others the time says nothing of the distance.
  if (!probe_->indirect && heard.place && members_.count(probe_->target)) {
    auto round_trip = now_ - probe_->sent;
    if (places_.update(probe_->target, *heard.place, round_trip, chance_))
      places_of_.insert_or_assign(probe_->target, *heard.place);
  }
  end_probe(true);
}

void core::on(const nack& heard, const endpoint&) {
  if (probe_ && probe_->number == heard.number && probe_->nacks < probe_->asked)
    ++probe_->nacks;
}

} // namespace praetor::gossip
