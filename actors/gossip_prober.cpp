// A prober decides nothing. It feeds packets, streams, wishes and time to
// `gossip::core`, seals what comes out of it, and tells those who listen.

#include "actors/gossip_prober.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

namespace praetor::actors {
namespace {

caf::strong_actor_ptr handle_of(gossip_prober_ptr self) {
  return caf::actor_cast<caf::strong_actor_ptr>(self);
}

// -- the log ------------------------------------------------------------------

// "serf: ..." and "memberlist: ..." name the part of Consul that would say so.
void write_line(const gossip_prober_state& state,
                spdlog::level::level_enum level, const std::string& text) {
  auto part = text.starts_with("serf:") ? "serf" : "memberlist";
  spdlog::log(level, "{}.{}.{}: {}", state.log_name, part, state.pool, text);
}

spdlog::level::level_enum level_of(gossip::note::level how) {
  switch (how) {
  case gossip::note::level::debug:
    return spdlog::level::debug;
  case gossip::note::level::info:
    return spdlog::level::info;
  case gossip::note::level::warning:
    return spdlog::level::warn;
  case gossip::note::level::error:
    return spdlog::level::err;
  }
  return spdlog::level::info;
}

void log_change(const gossip_prober_state& state,
                const gossip::member_change& news) {
  const char* what = nullptr;
  switch (news.what) {
  case gossip::change::joined:
    what = "EventMemberJoin";
    break;
  case gossip::change::updated:
    what = "EventMemberUpdate";
    break;
  case gossip::change::leaving:
    return;
  case gossip::change::left:
    what = "EventMemberLeave";
    break;
  case gossip::change::failed:
    what = "EventMemberFailed";
    break;
  case gossip::change::reaped:
    what = "EventMemberReap";
    break;
  }
  write_line(
      state, spdlog::level::info,
      fmt::format("serf: {}: {} {}", what, news.who.name, news.who.at.host));
}

// -- what came of it ----------------------------------------------------------

void end_join(gossip_prober_state& state, const gossip::join_ended& ended) {
  auto ours = state.join_of.find(ended.which);
  if (ours == state.join_of.end())
    return;
  auto found = state.joins.find(ours->second);
  state.join_of.erase(ours);
  if (found == state.joins.end())
    return;
  auto& join = found->second;
  if (ended.failure.empty())
    ++join.done.reached;
  else
    join.done.failures.push_back("Failed to join " + ended.whom.host + ": " +
                                 ended.failure);
  if (--join.pending > 0)
    return;
  auto over = std::move(join);
  state.joins.erase(found);
  over.promise.deliver(std::move(over.done));
}

void on_event(gossip_prober_ptr self, gossip::event& what) {
  auto& state = self->state;
  if (auto* line = std::get_if<gossip::note>(&what))
    return write_line(state, level_of(line->how), line->text);
  if (auto* ended = std::get_if<gossip::join_ended>(&what))
    return end_join(state, *ended);
  if (std::holds_alternative<gossip::leave_ended>(what)) {
    for (auto& promise : std::exchange(state.leavers, {}))
      promise.deliver(true);
    return;
  }
  if (auto* change = std::get_if<gossip::member_change>(&what))
    log_change(state, *change);
  for (auto& one : state.listeners)
    self->send(one, at::report::value, gossip_news{state.pool, what});
}

void arm(gossip_prober_ptr self) {
  auto& state = self->state;
  auto next = state.core->next_deadline();
  if (next == state.armed)
    return;
  if (state.armed != instant::max())
    state.time->cancel(state.timer);
  state.armed = next;
  if (next != instant::max())
    state.timer =
        state.time->after(std::max(span{}, next - state.time->now()),
                          handle_of(self), caf::make_message(at::tick::value));
}

// Carries out what the core wants by now.
void perform(gossip_prober_ptr self) {
  auto& state = self->state;
  while (state.core->has_output()) {
    auto out = state.core->take_output();
    for (auto& one : out.packets)
      state.port->send(one.to, state.seal.seal(std::move(one.bytes)));
    for (auto& one : out.exchanges) {
      one.bytes = state.seal.seal(std::move(one.bytes));
      state.port->exchange(std::move(one));
    }
    for (auto& one : out.events)
      on_event(self, one);
  }
  arm(self);
}

// -- what arrives -------------------------------------------------------------

// Another key, plain text where there must be none, or garbage.
void refuse(gossip_prober_state& state, const gossip::endpoint& from,
            const char* what) {
  ++state.refused;
  auto now = state.time->now();
  if (now < state.refused_line_due)
    return;
  state.refused_line_due = now + refused_log_interval;
  auto times = std::exchange(state.refused, 0);
  auto many = times > 1 ? fmt::format(" ({} since the last such line)", times)
                        : std::string();
  write_line(state, spdlog::level::err,
             fmt::format("memberlist: {} from {} does not open with any of "
                         "our {} gossip keys, it is dropped{}",
                         what, gossip::to_text(from),
                         state.seal.ring().keys().size(), many));
}

void on_datagram(gossip_prober_ptr self, const gossip_datagram& came) {
  auto& state = self->state;
  auto plain = state.seal.open(came.bytes);
  if (!plain)
    return refuse(state, came.from, "a packet");
  state.core->handle(*plain, came.from, state.time->now());
  perform(self);
}

void on_call(gossip_prober_ptr self, const gossip_call& came) {
  auto& state = self->state;
  auto plain = state.seal.open(came.bytes);
  if (!plain) {
    came.reply->send({});
    return refuse(state, came.from, "a stream");
  }
  auto answer = state.core->serve(*plain, came.from, state.time->now());
  came.reply->send(state.seal.seal(std::move(answer)));
  perform(self);
}

void on_answer(gossip_prober_ptr self, const gossip_answer& came) {
  auto& state = self->state;
  auto what = came.what;
  if (auto* bytes = std::get_if<std::string>(&what)) {
    if (auto plain = state.seal.open(*bytes))
      *bytes = std::move(*plain);
    else
      what = gossip::exchange_failure{
          false, "the answer does not open with any of our gossip keys"};
  }
  state.core->on_answer(came.which, what, state.time->now());
  perform(self);
}

void tick(gossip_prober_ptr self) {
  auto& state = self->state;
  // A tick that was cancelled too late, while another is armed.
  if (state.time->now() >= state.armed)
    state.armed = instant::max();
  state.core->tick(state.time->now());
  perform(self);
}

// -- what is wished -----------------------------------------------------------

caf::typed_response_promise<gossip_joined> join(gossip_prober_ptr self,
                                                const gossip_join& wish) {
  auto& state = self->state;
  auto promise = self->make_response_promise<gossip_joined>();
  gossip_prober_state::joining begun;
  begun.promise = promise;
  auto number = state.next_join++;
  for (std::size_t i = 0; i < wish.addresses.size(); ++i) {
    auto& address = wish.addresses[i];
    auto fail_one = [&](const std::string& why) {
      begun.done.failures.push_back("Failed to join " + address + ": " + why);
    };
    if (i >= join_addresses_max) {
      fail_one("at most " + std::to_string(join_addresses_max) +
               " addresses are tried at once");
      continue;
    }
    auto where = parse_endpoint(address, state.default_port);
    if (!where) {
      fail_one(where.failure().text);
      continue;
    }
    auto which = state.core->join(*where, state.time->now());
    if (!which) {
      fail_one(which.failure().text);
      continue;
    }
    state.join_of.emplace(*which, number);
    ++begun.pending;
  }
  if (begun.pending == 0)
    promise.deliver(std::move(begun.done));
  else
    state.joins.emplace(number, std::move(begun));
  perform(self);
  return promise;
}

caf::typed_response_promise<bool> leave(gossip_prober_ptr self) {
  auto& state = self->state;
  auto promise = self->make_response_promise<bool>();
  if (state.core->has_left()) {
    promise.deliver(true);
    return promise;
  }
  state.leavers.push_back(promise);
  // Who asks again waits for the same end.
  (void)state.core->leave(state.time->now()).has_value();
  perform(self);
  return promise;
}

error text_of(const status& done) {
  return done ? error{errc::ok, {}} : done.failure();
}

error answer_after(gossip_prober_ptr self, const status& done) {
  perform(self);
  return text_of(done);
}

gossip_members_ptr members(const gossip_prober_state& state) {
  auto found = std::make_shared<gossip_members>();
  auto& core = *state.core;
  found->self = core.self().name;
  found->members = core.members();
  for (auto& [name, one] : core.members())
    if (auto* place = core.coordinate_of(name))
      found->coordinates.emplace(name, *place);
  found->health_score = core.health_score();
  found->encrypted = !state.seal.ring().empty();
  return found;
}

gossip_keys change_keys(gossip_prober_state& state,
                        const gossip_key_request& wish) {
  auto& ring = state.seal.ring();
  status done;
  if (ring.empty())
    done = fail(errc::unsupported, "keyring is empty (encryption not enabled)");
  else if (wish.verb == key_verb::install)
    done = ring.install(wish.key);
  else if (wish.verb == key_verb::use)
    done = ring.use(wish.key);
  else if (wish.verb == key_verb::remove)
    done = ring.remove(wish.key);
  return {text_of(done), ring.keys()};
}

void subscribe(gossip_prober_ptr self, const gossip_listener_actor& who) {
  auto& state = self->state;
  state.listeners.push_back(who);
  auto tell = [&](gossip::change what, const gossip::member& whom) {
    self->send(who, at::report::value,
               gossip_news{state.pool, gossip::member_change{what, whom}});
  };
  for (auto& [name, one] : state.core->members()) {
    tell(gossip::change::joined, one);
    if (one.status == gossip::member_status::failed)
      tell(gossip::change::failed, one);
    else if (one.status == gossip::member_status::left)
      tell(gossip::change::left, one);
  }
}

} // namespace

result<gossip::endpoint> parse_endpoint(const std::string& text,
                                        std::uint16_t default_port) {
  auto host = text;
  std::string port;
  auto colon = text.rfind(':');
  auto bracket = text.rfind(']');
  bool is_bracketed = !text.empty() && text.front() == '[';
  bool has_port = is_bracketed
                      ? colon != std::string::npos && bracket + 1 == colon
                      : colon != std::string::npos && text.find(':') == colon;
  if (has_port) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (is_bracketed && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.empty() || host.size() > gossip::host_bytes_max)
    return fail(errc::bad_input, "\"" + text + "\" names no host");
  if (!has_port)
    return gossip::endpoint{host, default_port};
  std::uint16_t number = 0;
  auto [end, failed] =
      std::from_chars(port.data(), port.data() + port.size(), number);
  if (failed != std::errc() || end != port.data() + port.size() || number == 0)
    return fail(errc::bad_input, "\"" + port + "\" is no port");
  return gossip::endpoint{host, number};
}

gossip_prober_actor::behavior_type
gossip_prober(gossip_prober_ptr self,
              std::shared_ptr<gossip_prober_parts> parts) {
  static_cast<gossip_prober_parts&>(self->state) = std::move(*parts);
  PRAETOR_ASSERT(self->state.core && self->state.port && self->state.time);
  self->state.port->open(self);
  perform(self);
  return {
      [=](at::received, const gossip_datagram& came) {
        on_datagram(self, came);
      },
      [=](at::call, const gossip_call& came) { on_call(self, came); },
      [=](at::report, const gossip_answer& came) { on_answer(self, came); },
      [=](at::tick) { tick(self); },
      [=](at::join, const gossip_join& wish) { return join(self, wish); },
      [=](at::leave) { return leave(self); },
      [=](at::remove, const gossip_force_leave& whom) {
        return answer_after(
            self, self->state.core->force_leave(whom.name, whom.prune,
                                                self->state.time->now()));
      },
      [=](at::read) { return members(self->state); },
      [=](at::update, const gossip::tag_map& tags) {
        return answer_after(
            self, self->state.core->set_tags(tags, self->state.time->now()));
      },
      [=](at::fire, const gossip_event& what) {
        return answer_after(
            self, self->state.core->fire_event(what.name, what.payload,
                                               self->state.time->now()));
      },
      [=](at::keys, const gossip_key_request& wish) {
        return change_keys(self->state, wish);
      },
      [=](at::subscribe, const gossip_listener_actor& who) {
        subscribe(self, who);
      },
  };
}

} // namespace praetor::actors
