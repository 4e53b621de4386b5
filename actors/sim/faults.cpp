#include "actors/sim/faults.hpp"

#include "actors/sim/plots.hpp"

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;
using enum fault_kind;

// Chances out of 1000, as far as the best-known simulators go.
constexpr std::uint64_t drop_max = 300;
constexpr std::uint64_t duplicate_max = 500;
constexpr std::uint64_t reorder_max = 300;
constexpr std::uint64_t straggle_max = 100;

// A leap that the margin of the lease forgives, with drift beside it: it is a
// promise about time, and no system can keep it against clocks that lie.
constexpr span small_leap_max = 5ms;
constexpr span large_leap_max = 2s;

constexpr std::int64_t drift_max = 5'000;

// A plot, instead of a fault, once in so many.
constexpr std::uint64_t plot_odds = 5;

// Term, vote, log and snapshots.
constexpr const char* data_prefix = "/data/raft/";

std::vector<fault_kind>
joined(std::initializer_list<std::vector<fault_kind>> x) {
  std::vector<fault_kind> all;
  for (auto& some : x)
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

const std::vector<fault_kind>& paths() {
  static const std::vector<fault_kind> all{cut,     split, isolate, bridge,
                                           one_way, flap,  clog};
  return all;
}
const std::vector<fault_kind>& ends() {
  static const std::vector<fault_kind> all{
      crash, crash_leader, crash_in_save, crash_all, pause, pause_leader};
  return all;
}
const std::vector<fault_kind>& disk_faults() {
  static const std::vector<fault_kind> all{
      sync_error, call_error,    read_error, full_disk,
      slow_disk,  crash_in_save, bit_rot,    stray_write};
  return all;
}
const std::vector<fault_kind>& clock_faults() {
  static const std::vector<fault_kind> all{leap, drift, pause, pause_leader};
  return all;
}

} // namespace

const std::vector<profile>& profiles() {
  static const std::vector<profile> all{
      {"everything", "all of the below together", true,
       joined({paths(), ends(), disk_faults(), clock_faults(), {transfer}})},
      {"calm", "no faults at all", false, {}},
      {"lossy", "messages are lost, doubled, late and out of order", true, {}},
      {"partitions", "paths are cut, one by one and in all shapes", true,
       joined({paths(), {transfer}})},
      {"crashes", "servers crash and stand still", false, ends()},
      {"disks", "disks fail, tear, fill up and are slow", false,
       joined({disk_faults(), {crash, crash_leader}})},
      {"clocks", "clocks leap and drift, servers stand still", false,
       clock_faults()},
  };
  return all;
}

const profile* find_profile(std::string_view name) {
  for (auto& one : profiles())
    if (name == one.name)
      return &one;
  return nullptr;
}

storm::storm(world& where, const profile& from, const plot* repeated,
             std::uint64_t seed)
    : world_(where), chance_(seed), plot_(repeated) {
  // Each run has some of the kinds only, so that those get to meet often.
  for (auto kind : from.kinds)
    if (chance_.below(3) != 0)
      odds_.push_back({kind, 1 + chance_.below(8)});
  interval_ = some(30ms, 500ms);
  lasting_ = some(100ms, 3s);
  if (from.has_bad_weather)
    draw_weather();
}

span storm::some(span least, span most) {
  PRAETOR_ASSERT(least <= most);
  auto width = static_cast<std::uint64_t>((most - least).count()) + 1;
  return least + span{static_cast<std::int64_t>(chance_.below(width))};
}

// Often none of a kind, and seldom the worst of it.
void storm::draw_weather() {
  auto draw = [&](std::uint64_t most) {
    auto worst = 1 + chance_.below(most);
    return chance_.below(2) * chance_.below(worst);
  };
  auto& sky = world_.net().sky;
  sky.drop = draw(drop_max);
  sky.duplicate = draw(duplicate_max);
  sky.reorder = draw(reorder_max);
  sky.straggle = draw(straggle_max);
  sky.delay_max = some(500us, chance_.below(2) == 0 ? 3ms : 30ms);
}

std::size_t storm::leader_or_anyone() {
  auto leads = world_.leader();
  return leads ? *leads : anyone();
}

fault_kind storm::draw() {
  std::uint64_t total = 0;
  for (auto& one : odds_)
    total += one.odds;
  auto place = chance_.below(total);
  for (auto& one : odds_) {
    if (place < one.odds)
      return one.kind;
    place -= one.odds;
  }
  return odds_.back().kind;
}

bool storm::rage(span time) {
  auto end = world_.time.now() + time;
  while (world_.time.now() < end) {
    auto wait = some(span{}, interval_ * 2);
    if (!world_.run_for(std::min(wait, end - world_.time.now())))
      return false;
    if (plot_ && chance_.below(plot_odds) == 0)
      perform_plot();
    else if (!odds_.empty())
      strike(draw());
  }
  ++scene_;
  return world_.is_sound();
}

// The weather is the storm's again afterwards.
void storm::perform_plot() {
  ++scene_;
  auto sky = world_.net().sky;
  stage on(world_, chance_);
  if (on.clear()) {
    world_.note_fault(plot_->name);
    plot_->perform(on);
    world_.heal();
  }
  world_.net().sky = sky;
}

void storm::later(span delay, timeline::work what) {
  world_.time.after(delay,
                    [this, scene = scene_, what = std::move(what)]() mutable {
                      if (scene == scene_)
                        what();
                    });
}

void storm::strike(fault_kind kind) {
  if (!strike_network(kind) && !strike_server(kind))
    strike_disk(kind);
}

// -- paths -------------------------------------------------------------------

void storm::mend_later(span delay) {
  later(delay, [this] { world_.net().mend_all(); });
}

void storm::part(const std::vector<bool>& side,
                 std::optional<std::size_t> bridge) {
  for (std::size_t i = 0; i < side.size(); ++i)
    for (std::size_t j = 0; j < side.size(); ++j)
      if (side[i] != side[j] && i != bridge && j != bridge)
        world_.net().cut(i, j);
  mend_later(some(20ms, lasting_));
}

void storm::keep_flapping(std::size_t from, std::size_t to, int times) {
  if (times == 0)
    return;
  auto& net = world_.net();
  net.is_cut(from, to) ? net.mend(from, to) : net.cut(from, to);
  later(some(5ms, 150ms), [=, this] { keep_flapping(from, to, times - 1); });
}

bool storm::strike_network(fault_kind kind) {
  auto n = world_.size();
  auto one = anyone();
  auto other = (one + 1 + chance_.below(std::max<std::size_t>(n - 1, 1))) % n;
  std::vector<bool> side(n);
  switch (kind) {
  case cut:
    world_.note_fault("cut");
    world_.net().cut(one, other);
    mend_later(some(20ms, lasting_));
    return true;
  case isolate:
    world_.note_fault("isolate");
    side[chance_.below(3) == 0 ? one : leader_or_anyone()] = true;
    part(side, std::nullopt);
    return true;
  case split:
  case bridge:
    world_.note_fault(kind == split ? "split" : "bridge");
    for (std::size_t i = 0; i < n; ++i)
      side[i] = chance_.below(2) == 0;
    part(side, kind == split ? std::nullopt : std::optional(one));
    return true;
  case one_way: {
    world_.note_fault("one_way");
    auto who = chance_.below(2) == 0 ? one : leader_or_anyone();
    auto deaf = chance_.below(2) == 0;
    for (std::size_t i = 0; i < n; ++i)
      if (i != who)
        deaf ? world_.net().cut(i, who) : world_.net().cut(who, i);
    mend_later(some(20ms, lasting_));
    return true;
  }
  case flap:
    world_.note_fault("flap");
    keep_flapping(one, other, 2 * static_cast<int>(1 + chance_.below(6)));
    return true;
  case clog:
    world_.note_fault("clog");
    world_.net().clog(one, other, some(5ms, 400ms),
                      world_.time.now() + some(20ms, lasting_));
    return true;
  default:
    return false;
  }
}

// -- servers -----------------------------------------------------------------

storage::simulated_disk::crash_options storm::crash_options() {
  storage::simulated_disk::crash_options how;
  how.keep_names = chance_.below(2) == 0;
  switch (chance_.below(3)) {
  case 0:
    how.torn_bytes = chance_.below(4096);
    how.zero_rest = chance_.below(2) == 0;
    break;
  case 1:
    how.scatter = chance_.next();
    break;
  default:
    break;
  }
  return how;
}

void storm::strike_down(std::size_t which, bool in_save) {
  auto& one = world_.at(which);
  if (!one.is_up())
    return;
  if (in_save)
    world_.crash_in_save(which, chance_.below(8), crash_options());
  else
    world_.crash(which, crash_options());
  world_.start_later(which, some(span{}, lasting_));
}

// A leader that leaps forward gives up its lease too early, which harms
// nobody. Others may leap only a little while they run: what they promised to
// the leader would end too early.
void storm::make_leap() {
  auto which = leader_or_anyone();
  auto& one = world_.at(which);
  auto leads = one.core() && one.core()->is_leader();
  auto far = leads && chance_.below(2) == 0;
  world_.note_fault(far ? "far_leap" : "leap");
  one.clock.leap(some(span{}, far ? large_leap_max : small_leap_max));
}

bool storm::strike_server(fault_kind kind) {
  auto one = anyone();
  switch (kind) {
  case crash:
    world_.note_fault("crash");
    strike_down(one, false);
    return true;
  case crash_leader:
    world_.note_fault("crash_leader");
    strike_down(leader_or_anyone(), chance_.below(2) == 0);
    return true;
  case crash_in_save:
    world_.note_fault("crash_in_save");
    strike_down(one, true);
    return true;
  case crash_all:
    world_.note_fault("crash_all");
    for (std::size_t i = 0; i < world_.size(); ++i)
      strike_down(i, chance_.below(2) == 0);
    return true;
  case pause:
  case pause_leader: {
    world_.note_fault(kind == pause ? "pause" : "pause_leader");
    auto& who = world_.at(kind == pause ? one : leader_or_anyone());
    if (!who.is_up() || who.is_paused())
      return true;
    who.pause();
    later(some(5ms, lasting_), [&who] {
      if (who.is_paused())
        who.resume();
    });
    return true;
  }
  case leap:
    make_leap();
    return true;
  case drift:
    world_.note_fault("drift");
    world_.at(one).clock.set_drift(
        static_cast<std::int64_t>(chance_.below(2 * drift_max + 1)) -
        drift_max);
    return true;
  case transfer:
    world_.note_fault("transfer");
    world_.at(leader_or_anyone())
        .transfer_leadership(chance_.below(2) == 0 ? node_id{}
                                                   : world_.at(one).id());
    return true;
  default:
    return false;
  }
}

// -- disks -------------------------------------------------------------------

// Only a minority suffers so: what a majority forgets nobody can give back.
void storm::damage(std::size_t which, fault_kind kind) {
  auto& disk = world_.at(which).disk;
  if (!world_.may_damage(which))
    return;
  world_.note_fault(kind == bit_rot ? "bit_rot" : "stray_write");
  if (kind == bit_rot) {
    (void)disk.decay(chance_.next(), data_prefix);
    return;
  }
  std::optional<storage::simulated_disk::place> to;
  auto paths = disk.paths();
  if (!paths.empty() && chance_.below(3) != 0) {
    auto& path = paths[chance_.below(paths.size())];
    auto size = disk.contents(path).size();
    to = {path, chance_.below(size + 1)};
  }
  disk.misdirect_write(chance_.below(8), to);
}

void storm::strike_disk(fault_kind kind) {
  auto which = chance_.below(3) == 0 ? leader_or_anyone() : anyone();
  auto& one = world_.at(which);
  switch (kind) {
  case bit_rot:
  case stray_write:
    damage(which, kind);
    break;
  case sync_error: // until the server starts again
    world_.note_fault("sync_error");
    one.disk.fail_syncs(true);
    break;
  case call_error:
    world_.note_fault("call_error");
    one.disk.fail_call(chance_.below(20));
    break;
  case read_error:
    world_.note_fault("read_error");
    one.disk.fail_read({}, chance_.below(4), chance_.below(2) == 0);
    break;
  case full_disk:
    world_.note_fault("full_disk");
    one.disk.set_room(chance_.below(2000));
    later(some(20ms, lasting_), [&one] { one.disk.set_room(std::nullopt); });
    break;
  case slow_disk:
    world_.note_fault("slow_disk");
    one.pace = {some(span{}, 20ms), some(20ms, 300ms)};
    later(some(20ms, lasting_), [&one] { one.pace = {}; });
    break;
  default:
    break;
  }
}

} // namespace praetor::actors::sim
