#include "actors/sim/node.hpp"

#include "actors/watch_keeper.hpp"
#include "protocol/base/bytes.hpp"
#include "storage/wal_format.hpp"

#include <caf/actor_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/send.hpp>

namespace praetor::actors::sim {
namespace {

// A few batches of a short run fill one, so that segments come and go.
constexpr std::size_t segment_bytes = 8 * 1024;

// The disk outlives its users.
class borrowed_disk final : public storage::disk {
public:
  explicit borrowed_disk(storage::disk& from) : from_(from) {}

  result<std::unique_ptr<storage::file>>
  open(const std::string& path, storage::open_mode mode) override {
    return from_.open(path, mode);
  }
  result<std::string> read_all(const std::string& path,
                               std::size_t size_max) override {
    return from_.read_all(path, size_max);
  }
  status rename(const std::string& from, const std::string& to) override {
    return from_.rename(from, to);
  }
  status remove(const std::string& path) override { return from_.remove(path); }
  result<std::vector<std::string>> list(const std::string& directory) override {
    return from_.list(directory);
  }
  status create_directory(const std::string& directory) override {
    return from_.create_directory(directory);
  }
  status sync_directory(const std::string& directory) override {
    return from_.sync_directory(directory);
  }

private:
  storage::disk& from_;
};

// Stands before another actor and sees what it is sent. Answers go past it.
class door final : public caf::monitorable_actor {
public:
  using pass = std::function<void(caf::mailbox_element_ptr)>;
  door(caf::actor_config& config, pass what)
      : monitorable_actor(config), pass_(std::move(what)) {}
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    pass_(std::move(what));
  }

private:
  pass pass_;
};

template <class Handle>
Handle make_door(caf::actor_system& system, door::pass what) {
  caf::actor_config config;
  return caf::actor_cast<Handle>(caf::make_actor<door, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, config, std::move(what)));
}

bool is_dead(const caf::strong_actor_ptr& one) {
  return one->get()->getf(caf::abstract_actor::is_terminated_flag);
}

template <class Handle>
caf::strong_actor_ptr strong(const Handle& one) {
  return caf::actor_cast<caf::strong_actor_ptr>(one);
}

} // namespace

node::node(network& net, timeline& time, trace& kept, witness& looks_on,
           node_options chosen)
    : clock(time.now(), chosen.clock_reads, chosen.drift_ppm), net_(net),
      time_(time), trace_(kept), looks_on_(looks_on),
      chosen_(std::move(chosen)), chance_(chosen_.seed) {}

node::~node() = default;

// -- lives -------------------------------------------------------------------

// What a recovery would do that took all damage for a torn write.
void node::cut_all_damage() {
  bool is_cut = false;
  for (auto& path : disk.paths()) {
    auto first = storage::parse_segment_name(path.substr(path.rfind('/') + 1));
    if (!first)
      continue;
    if (is_cut) {
      (void)disk.remove(path);
      continue;
    }
    auto bytes = disk.contents(path);
    storage::batch_place place{*first, storage::segment_header_size};
    while (!is_cut && place.offset < bytes.size() &&
           !storage::is_unused(bytes, place.offset)) {
      auto header = storage::read_batch_header(bytes, place);
      auto body = place.offset + storage::batch_header_size;
      is_cut = !header || crc32c(std::string_view(bytes).substr(
                              body, header->body_size)) != header->body_crc;
      if (!is_cut)
        place.offset = body + header->body_size;
    }
    if (is_cut)
      disk.plant(path, bytes.substr(0, place.offset));
  }
}

status node::start(const roster& others) {
  PRAETOR_ASSERT(!is_up());
  if (chosen_.log_cuts_all_damage)
    cut_all_damage();
  recovery_means means;
  means.log = std::make_unique<borrowed_disk>(disk);
  means.snapshots = std::make_unique<borrowed_disk>(disk);
  means.seed = chance_.next();
  means.log_segment_bytes = segment_bytes;
  means.adjust = [this](raft::settings& x) {
    x.fault = chosen_.fault;
    if (chosen_.small_batches)
      x.append_entries_max = 1;
  };
  auto found = recover(chosen_.config, chosen_.id, std::move(means));
  lost_ = found ? lost_of(*found->core) : loss::none;
  if (!found)
    return found.failure();
  if (lost_ != loss::none)
    return fail(
        errc::corrupt,
        "its log ends at " + std::to_string(found->core->last_index().value) +
            " and was saved up to " + std::to_string(saved_.index.value));
  clock.move_to(time_.now());
  carrier_ = net_.start(chosen_.number);
  core_ = found->core.get();
  looks_on_.on_start(chosen_.number, found->state->applied);
  server_parts parts;
  parts.system = &net_.system();
  parts.time = &clock;
  parts.recovered = *std::move(found);
  parts.carrier = carrier_.get();
  parts.own_address = net_.at(chosen_.number).address;
  parts.writers_have_threads = false;
  parts.interpose = [this](server& made) { interpose(made); };
  handles_ = spawn_server(std::move(parts));
  adopt(strong(handles_.raft));
  adopt(strong(handles_.sessions));
  adopt(strong(handles_.gateway));
  spawn_front();
  caf::anon_send(handles_.raft, at::update::value, others);
  caf::anon_send(handles_.gateway, at::update::value, others);
  return {};
}

void node::interpose(server& made) {
  for (auto& one : made.shards)
    adopt(strong(one));
  adopt(strong(made.keeper));
  adopt(strong(made.writer));
  adopt(strong(made.snapshots));
  auto& system = net_.system();
  made.keeper = make_door<store_keeper_actor>(
      system, [this, to = strong(made.keeper)](caf::mailbox_element_ptr what) {
        on_keeper_input(what->content());
        to->enqueue(std::move(what), nullptr);
      });
  made.writer = make_door<log_writer_actor>(
      system, [this, to = strong(made.writer)](caf::mailbox_element_ptr what) {
        save_later(false, to, std::move(what));
      });
  made.snapshots = make_door<snapshot_writer_actor>(
      system,
      [this, to = strong(made.snapshots)](caf::mailbox_element_ptr what) {
        save_later(true, to, std::move(what));
      });
}

void node::spawn_front() {
  auto& system = net_.system();
  answers_ = std::make_unique<answers>(handles_.readers);
  auto watches =
      io::spawn_on(system, nullptr, watch_keeper, answers_.get(),
                   static_cast<actors::clock*>(&clock), chance_.next());
  caf::anon_send(handles_.keeper, at::subscribe::value,
                 caf::actor_cast<state_listener_actor>(watches));
  auto parts = std::make_shared<front_parts>();
  parts->gateway = handles_.gateway;
  parts->watches = watches;
  parts->readers = handles_.readers;
  parts->time = &clock;
  front_ = io::spawn_on(system, nullptr, front, std::move(parts));
  adopt(strong(watches));
  adopt(strong(front_));
}

void node::crash(storage::simulated_disk::crash_options how) {
  PRAETOR_ASSERT(is_up());
  net_.stop(chosen_.number);
  core_ = nullptr;
  for (auto& one : ours_)
    caf::anon_send_exit(one, caf::exit_reason::kill);
  ours_.clear();
  for (auto& some : saves_)
    some.clear();
  clock.clear();
  handles_ = {};
  front_ = front_actor{};
  disk.crash(how);
  for (auto& free : disk_free_)
    free = {};
}

bool node::begin_torn_save(std::size_t calls) {
  if (saves_[0].empty())
    return false;
  disk.fail_call(calls, true);
  run_save(false);
  return true;
}

// -- what it has saved -------------------------------------------------------

void node::note_saved() {
  auto* its = core();
  if (!its)
    return;
  saved_.index = its->saved_index();
  saved_.in_term = its->entries().term_at(saved_.index).value_or(term{});
}

void node::note_batch(const caf::type_erased_tuple& request) {
  if (!request.match_elements<at::save, save_request>())
    return;
  auto& what = request.get_as<save_request>(1);
  if (what.begin_after)
    batches_.clear();
  if (what.entries.empty())
    return;
  auto first = what.entries.front().index;
  while (!batches_.empty() && batches_.back() >= first)
    batches_.pop_back();
  batches_.push_back(first);
}

node::loss node::lost_of(const raft::core& found) const {
  auto last = found.last_index();
  auto there = found.entries().term_at(saved_.index);
  auto is_before = saved_.index < found.entries().base_index();
  if (last >= saved_.index && (is_before || there == saved_.in_term))
    return loss::none;
  auto after = std::upper_bound(batches_.begin(), batches_.end(), saved_.index);
  if (after != batches_.begin() && last.next() >= *std::prev(after))
    return loss::tail;
  return loss::more;
}

// -- what it is told ---------------------------------------------------------

void node::bootstrap(std::vector<node_id> voters) {
  caf::anon_send(handles_.raft, at::bootstrap::value, std::move(voters));
}

void node::transfer_leadership(const node_id& to) {
  if (is_up())
    caf::anon_send(handles_.raft, at::transfer::value, to);
}

void node::ask(asked_ptr what) {
  if (is_up())
    caf::anon_send(front_, at::call::value, std::move(what));
}

// -- facts -------------------------------------------------------------------

bool node::has_given_up() const {
  return is_up() && is_dead(strong(handles_.raft));
}

const raft::core* node::core() const {
  return core_ && !has_given_up() ? core_ : nullptr;
}

state_ptr node::newest() const {
  return is_up() ? handles_.readers->newest() : nullptr;
}

// -- the doors ---------------------------------------------------------------

void node::on_keeper_input(const caf::type_erased_tuple& what) {
  if (what.match_elements<at::apply, committed>())
    looks_on_.on_commit(chosen_.number, what.get_as<committed>(1),
                        core_->current_term());
  else if (what.match_elements<at::adopt, state_ptr>())
    looks_on_.on_adopt(chosen_.number, what.get_as<state_ptr>(1));
}

void node::save_later(bool is_snapshot, caf::strong_actor_ptr target,
                      caf::mailbox_element_ptr what) {
  if (!is_up())
    return;
  ++trace_.counts.saves;
  auto width = static_cast<std::uint64_t>((pace.most - pace.least).count());
  auto takes =
      pace.least + span{static_cast<std::int64_t>(chance_.below(width + 1))};
  auto& free = disk_free_[is_snapshot];
  free = std::max(free, time_.now()) + takes;
  saves_[is_snapshot].push_back({std::move(target), std::move(what)});
  net_.at_server(chosen_.number, free,
                 [this, is_snapshot] { run_save(is_snapshot); });
}

void node::run_save(bool is_snapshot) {
  auto& some = saves_[is_snapshot];
  if (some.empty())
    return;
  auto next = std::move(some.front());
  some.pop_front();
  trace_.note(time_.now(), 'w', chosen_.number);
  if (!is_snapshot)
    note_batch(next.what->content());
  next.target->enqueue(std::move(next.what), nullptr);
}

} // namespace praetor::actors::sim
