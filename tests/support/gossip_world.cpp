#include "tests/support/gossip_world.hpp"

#include <algorithm>

namespace praetor::tests {
namespace {

constexpr std::uint16_t port = 8301;
// What a socket's buffer takes while its owner does not read.
constexpr std::size_t waiting_max = 4096;

} // namespace

gossip_world::gossip_world(gossip::settings chosen, std::uint64_t seed)
    : settings_(std::move(chosen)), chance_(seed) {}

std::size_t gossip_world::add(gossip::tag_map tags) {
  auto number = members_.size();
  auto& made = members_.emplace_back();
  made.self.name = "m" + std::to_string(number);
  made.self.at = {"10.0." + std::to_string(number / 256) + "." +
                      std::to_string(number % 256),
                  port};
  made.self.tags = std::move(tags);
  begin(number);
  return number;
}

void gossip_world::add_many(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    add();
}

void gossip_world::begin(std::size_t who) {
  auto& one = members_[who];
  one.up = one.host_up = true;
  one.core = std::make_unique<gossip::core>(settings_, one.self,
                                            prng(chance_.next()), now_);
  places_[one.self.at] = who;
  one.tick_at = instant::max();
  flush(who);
}

void gossip_world::join(std::size_t who, std::size_t whom) {
  to(who, [=, this] {
    [[maybe_unused]] auto begun = core(who).join(members_[whom].self.at, now_);
    PRAETOR_ASSERT(begun);
  });
}

void gossip_world::join_all() {
  for (std::size_t i = 1; i < size(); ++i)
    join(i, 0);
}

// -- faults -------------------------------------------------------------------

void gossip_world::crash(std::size_t who) {
  auto& one = members_[who];
  one.up = false;
  ++one.life;
  one.waiting.clear();
  one.stalled_until = {};
}

void gossip_world::power_off(std::size_t who) {
  crash(who);
  members_[who].host_up = false;
}

void gossip_world::restart(std::size_t who,
                           std::optional<gossip::endpoint> at) {
  auto& one = members_[who];
  PRAETOR_ASSERT(!one.up);
  if (at) {
    places_.erase(one.self.at);
    one.self.at = *at;
  }
  begin(who);
}

void gossip_world::stall(std::size_t who, span for_how_long) {
  auto& one = members_[who];
  one.stalled_until = std::max(one.stalled_until, now_ + for_how_long);
  at(one.stalled_until, [=, this] {
    auto& back = members_[who];
    if (!back.up || now_ < back.stalled_until)
      return;
    // As a loop does: timers first, then the sockets.
    if (back.tick_at <= now_)
      tick(who);
    for (auto& work : std::exchange(back.waiting, {}))
      work();
    flush(who);
  });
}

void gossip_world::heal() {
  for (auto& one : members_)
    one.side = 0;
}

// -- time ---------------------------------------------------------------------

void gossip_world::at(instant when, std::function<void()> work) {
  queue_.push({when, next_order_++, std::move(work)});
}

void gossip_world::run(span time_passing) {
  auto end = now_ + time_passing;
  while (!queue_.empty() && queue_.top().when <= end) {
    now_ = queue_.top().when;
    auto work = std::move(const_cast<due&>(queue_.top()).work);
    queue_.pop();
    work();
  }
  now_ = end;
}

std::optional<span> gossip_world::run_until(const std::function<bool()>& holds,
                                            span most, span step) {
  auto start = now_;
  while (!holds()) {
    if (now_ - start >= most)
      return std::nullopt;
    run(step);
  }
  return now_ - start;
}

void gossip_world::to(std::size_t who, std::function<void()> work) {
  auto& one = members_[who];
  if (!one.up)
    return;
  if (now_ < one.stalled_until) {
    if (one.waiting.size() < waiting_max)
      one.waiting.push_back(std::move(work));
    return;
  }
  work();
  flush(who);
}

void gossip_world::tick(std::size_t who) {
  auto& one = members_[who];
  one.tick_at = instant::max();
  if (one.core->next_deadline() <= now_)
    one.core->tick(now_);
}

void gossip_world::arm(std::size_t who) {
  auto& one = members_[who];
  auto next = std::max(one.core->next_deadline(), now_);
  if (next >= one.tick_at || one.core->has_left())
    return;
  one.tick_at = next;
  at(next, [=, this, life = one.life] {
    auto& due = members_[who];
    // A stalled one ticks when it is back.
    if (!due.up || due.life != life || now_ < due.stalled_until ||
        due.tick_at > now_)
      return;
    tick(who);
    flush(who);
  });
}

void gossip_world::flush(std::size_t who) {
  auto& one = members_[who];
  while (one.core->has_output()) {
    auto out = one.core->take_output();
    for (auto& what : out.packets)
      carry(who, std::move(what));
    for (auto& what : out.exchanges)
      carry(who, std::move(what));
    for (auto& what : out.events) {
      if (hook_)
        hook_(who, now_, what);
      if (keeps_events)
        one.heard.push_back(std::move(what));
    }
  }
  arm(who);
}

// -- the network --------------------------------------------------------------

span gossip_world::delay() {
  auto range = (weather.delay_max - weather.delay_min).count();
  return weather.delay_min + span{static_cast<span::rep>(chance_.below(
                                 static_cast<std::uint64_t>(range) + 1))};
}

std::optional<std::size_t>
gossip_world::find(const gossip::endpoint& where) const {
  auto found = places_.find(where);
  if (found == places_.end())
    return std::nullopt;
  return found->second;
}

bool gossip_world::hears(std::size_t a, std::size_t b) const {
  return members_[a].side == members_[b].side;
}

void gossip_world::carry(std::size_t from, gossip::packet what) {
  ++packets_;
  bytes_ += what.bytes.size();
  auto whom = find(what.to);
  auto luck = chance_.below(1'000'000);
  auto when = now_ + delay();
  if (!whom || !hears(from, *whom) ||
      static_cast<double>(luck) < weather.loss * 1e6)
    return;
  at(when, [=, this, bytes = std::move(what.bytes)] {
    to(*whom,
       [=, this] { core(*whom).handle(bytes, members_[from].self.at, now_); });
  });
}

void gossip_world::answer(std::size_t who, int life, gossip::ticket which,
                          gossip::exchange_answer what) {
  if (members_[who].life != life)
    return;
  to(who, [=, this] { core(who).on_answer(which, what, now_); });
}

void gossip_world::carry(std::size_t from, gossip::exchange what) {
  auto life = members_[from].life;
  auto whom = find(what.to);
  auto there = now_ + delay();
  auto late = now_ + what.timeout;
  auto fail_at = [&](instant when, bool refused, const char* why) {
    at(when, [=, this] {
      answer(from, life, what.which, gossip::exchange_failure{refused, why});
    });
  };
  if (!whom || !hears(from, *whom) || !members_[*whom].host_up)
    return fail_at(late, false, "i/o timeout");
  if (!members_[*whom].up)
    return fail_at(there, true, "connection refused");
  // Whichever comes first counts; the core forgets the ticket with it.
  fail_at(late, false, "i/o timeout");
  at(there, [=, this] {
    to(*whom, [=, this] {
      auto reply = core(*whom).serve(what.bytes, members_[from].self.at, now_);
      at(now_ + delay(), [=, this, reply = std::move(reply)] {
        answer(from, life, what.which, reply);
      });
    });
  });
}

// -- questions ----------------------------------------------------------------

bool gossip_world::is_converged() const {
  std::size_t up = 0;
  for (auto& one : members_)
    up += one.up ? 1 : 0;
  for (auto& one : members_) {
    if (!one.up)
      continue;
    if (one.core->present() != up)
      return false;
    for (auto& [name, other] : one.core->members())
      if (other.status == gossip::member_status::alive &&
          !members_[std::stoul(name.substr(1))].up)
        return false;
  }
  return true;
}

std::size_t gossip_world::seeing(const std::string& whom,
                                 gossip::member_status how) const {
  std::size_t count = 0;
  for (auto& one : members_) {
    auto* found = one.up ? one.core->find(whom) : nullptr;
    count += found && found->status == how ? 1 : 0;
  }
  return count;
}

void gossip_world::check_invariants() const {
  for (auto& one : members_)
    if (one.up)
      one.core->check_invariants();
}

} // namespace praetor::tests
