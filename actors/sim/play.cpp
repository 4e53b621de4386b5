#include "actors/sim/play.hpp"

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;

// A client's step waits for its answer so long; longer than a server makes
// its clients wait for a leader.
constexpr span patience = 8s;

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

std::string unknown(const node_name& name) {
  return "there is no node \"" + name + "\" now";
}

std::uint64_t per_mille(double share) {
  return static_cast<std::uint64_t>(share * 1000 + 0.5);
}

} // namespace

std::optional<player::number> player::find(const node_name& name) const {
  if (name == "leader")
    return world_.leader();
  if (auto known = names_.find(name); known != names_.end())
    return known->second;
  if (name.size() == 1 && name[0] >= 'a' &&
      static_cast<number>(name[0] - 'a') < world_.size())
    return static_cast<number>(name[0] - 'a');
  return std::nullopt;
}

void player::remember_leader() {
  last_leader_ = world_.leader();
  if (last_leader_ && !first_term_)
    first_term_ = world_.at(*last_leader_).core()->current_term().value;
}

// -- the network -------------------------------------------------------------

void player::cut(const cut_step& what) {
  std::map<number, std::size_t> group;
  for (std::size_t i = 0; i < what.groups.size(); ++i)
    for (auto& name : what.groups[i])
      if (auto which = find(name))
        group[*which] = i;
  for (auto& [from, a] : group)
    for (auto& [to, b] : group)
      if (a != b)
        world_.net().cut(from, to);
}

void player::bridge(number through) {
  std::size_t count = 0;
  std::vector<int> side(world_.size());
  for (number i = 0; i < world_.size(); ++i)
    if (i != through)
      side[i] = 1 + static_cast<int>(count++ % 2);
  for (number i = 0; i < world_.size(); ++i)
    for (number j = 0; j < world_.size(); ++j)
      if (i != through && j != through && side[i] != side[j])
        world_.net().cut(i, j);
}

void player::isolate(number which) {
  for (number i = 0; i < world_.size(); ++i)
    if (i != which) {
      world_.net().cut(i, which);
      world_.net().cut(which, i);
    }
}

std::string player::act_on_network(const step_action& what) {
  auto& net = world_.net();
  auto between = [&](const node_name& from, const node_name& to, auto then) {
    auto a = find(from);
    auto b = find(to);
    if (!a || !b)
      return unknown(a ? to : from);
    then(*a, *b);
    return std::string();
  };
  if (auto* one = std::get_if<cut_step>(&what))
    cut(*one);
  else if (auto* one = std::get_if<cut_one_way_step>(&what))
    return between(one->from, one->to,
                   [&](number a, number b) { net.cut(a, b); });
  else if (auto* one = std::get_if<slow_step>(&what))
    return between(one->from, one->to, [&](number a, number b) {
      net.clog(a, b, one->time, instant::max());
    });
  else if (auto* one = std::get_if<loss_step>(&what))
    net.sky.drop = per_mille(one->share);
  else if (auto* one = std::get_if<duplicate_step>(&what))
    net.sky.duplicate = per_mille(one->share);
  else if (auto* one = std::get_if<delay_step>(&what))
    net.sky.delay_min = one->least, net.sky.delay_max = one->most;
  else if (std::get_if<heal_step>(&what)) {
    net.sky = {};
    net.mend_all();
  }
  return {};
}

// -- servers -----------------------------------------------------------------

void player::disk(number which, disk_state state) {
  auto& on = world_.at(which).disk;
  switch (state) {
  case disk_state::ok:
    return on.mend();
  case disk_state::full:
    return on.set_room(0);
  case disk_state::failing_sync:
    return on.fail_syncs(true);
  case disk_state::rot:
    (void)on.decay(world_.chosen().seed, "/data/raft/log");
  }
}

void player::pause(number which, std::optional<span> time) {
  world_.at(which).pause();
  if (time)
    world_.time.after(*time, [this, which] {
      if (world_.at(which).is_paused())
        world_.at(which).resume();
    });
}

std::string player::act_on_node(const step_action& what) {
  auto with = [&](const node_name& name, auto then) {
    auto which = find(name);
    if (!which)
      return unknown(name);
    then(*which);
    return std::string();
  };
  return std::visit(
      overloaded{
          [&](const isolate_step& x) {
            return with(x.node, [&](number n) { isolate(n); });
          },
          [&](const bridge_step& x) {
            return with(x.node, [&](number n) { bridge(n); });
          },
          [&](const crash_step& x) {
            return with(x.node, [&](number n) { world_.crash(n, {}); });
          },
          [&](const restart_step& x) {
            return with(x.node, [&](number n) { (void)world_.start(n); });
          },
          [&](const pause_step& x) {
            return with(x.node, [&](number n) { pause(n, x.time); });
          },
          [&](const resume_step& x) {
            return with(x.node, [&](number n) {
              if (world_.at(n).is_paused())
                world_.at(n).resume();
            });
          },
          // Servers read no wall clock, and the other kind never goes back.
          [&](const clock_step& x) {
            return with(x.node, [&](number n) {
              world_.at(n).clock.leap(std::max(x.by, span{}));
            });
          },
          [&](const drift_step& x) {
            return with(x.node, [&](number n) {
              world_.at(n).clock.set_drift(
                  static_cast<std::int64_t>(x.share * 1e6));
            });
          },
          [&](const disk_step& x) {
            return with(x.node, [&](number n) { disk(n, x.state); });
          },
          [&](const transfer_step& x) {
            auto leads = world_.leader();
            auto to = x.to ? find(*x.to) : std::nullopt;
            if (!leads || (x.to && !to))
              return unknown(leads ? *x.to : "leader");
            if (to != leads)
              world_.at(*leads).transfer_leadership(to ? world_.at(*to).id()
                                                       : node_id{});
            return std::string();
          },
          [&](const remember_step& x) {
            return with(x.node, [&](number n) { names_[x.as] = n; });
          },
          [&](const auto&) { return std::string(); },
      },
      what);
}

std::string player::act(const step_action& what) {
  if (auto* one = std::get_if<wait_step>(&what)) {
    world_.run_for(one->time);
    return {};
  }
  if (auto* one = std::get_if<wait_leader_step>(&what)) {
    auto found = world_.run_until(
        [&] {
          auto leads = world_.leader();
          return leads && world_.at(*leads).core()->has_committed_in_term();
        },
        one->time_max);
    remember_leader();
    return found ? "" : "nobody leads";
  }
  if (auto* one = std::get_if<client_step>(&what)) {
    (void)ask(*one, patience);
    return {};
  }
  if (auto* one = std::get_if<expect_step>(&what))
    return expect(*one);
  if (auto why = act_on_network(what); !why.empty())
    return why;
  return act_on_node(what);
}

std::string player::perform(const step& what) {
  world_.kept.line(world_.time.now(), [&] { return "step: " + what.text; });
  world_.kept.note(world_.time.now(), 'p', what.line);
  auto why = act(what.what);
  if (why.empty())
    why = world_.checks().violation();
  if (why.empty())
    return {};
  return "line " + std::to_string(what.line) + ", \"" + what.text +
         "\": " + why;
}

played play(const std::vector<step>& story, trace::line_sink lines) {
  world_options chosen;
  chosen.nodes = 3;
  chosen.restarts_itself = false;
  chosen.lines = std::move(lines);
  std::size_t first = 0;
  for (; first < story.size(); ++first) {
    if (auto* one = std::get_if<nodes_step>(&story[first].what))
      chosen.nodes = one->count;
    else if (auto* one = std::get_if<seed_step>(&story[first].what))
      chosen.seed = one->seed;
    else if (!std::get_if<profile_step>(&story[first].what))
      break;
  }
  world one(chosen);
  player plays(one);
  played done;
  done.seed = chosen.seed;
  auto began = one.time.now();
  if (!one.begin())
    done.failure = one.checks().violation();
  for (auto i = first; i < story.size() && done.passed(); ++i, ++done.steps)
    done.failure = plays.perform(story[i]);
  done.hash = one.kept.hash();
  done.time = one.time.now() - began;
  return done;
}

} // namespace praetor::actors::sim
