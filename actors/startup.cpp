#include "actors/startup.hpp"

#include "storage/posix_disk.hpp"
#include "storage/recovery.hpp"

#include <spdlog/spdlog.h>

#include <cstdio>
#include <random>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t node_id_bytes_max = 128;

// For each unit of `raft_multiplier`, which is 5 unless the operator says
// otherwise: a leader that is silent for 200 ms is given up, some 50 ms after
// the slowest fsync of a healthy disk. First writes are back well within a
// second.
constexpr span election_timeout_unit = 40ms;
constexpr int heartbeats_per_timeout = 4;

// What may be proposed and not yet committed: bounds memory while the disk is
// slow.
constexpr std::size_t uncommitted_bytes_max = 64u << 20;

error named(std::string what, const error& why) {
  return fail(why.code, std::move(what) + ": " + why.text);
}

bool is_uuid(const std::string& text) {
  if (text.size() != 36)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-'
             : !std::isxdigit(static_cast<unsigned char>(text[i])))
      return false;
  }
  return true;
}

raft::settings make_settings(const agent_config& config,
                             const std::string& node_id) {
  raft::settings chosen;
  chosen.self = node_id;
  chosen.election_timeout =
      election_timeout_unit * std::max(1, config.performance.raft_multiplier);
  chosen.heartbeat = chosen.election_timeout / heartbeats_per_timeout;
  chosen.uncommitted_bytes_max = uncommitted_bytes_max;
  chosen.proposal_bytes_max = 8u << 20; // far above any request we take
  return chosen;
}

status write_node_id(storage::disk& disk, const std::string& directory,
                     const std::string& id) {
  if (auto ok = disk.create_directory(directory); !ok)
    return ok;
  auto aside = directory + "/node-id.new";
  if (auto ok = disk.remove(aside); !ok && ok.failure().code != errc::not_found)
    return ok;
  auto file = disk.open(aside, storage::open_mode::create_new);
  if (!file)
    return file.failure();
  if (auto ok = (*file)->append(id); !ok)
    return ok;
  if (auto ok = (*file)->sync(); !ok)
    return ok;
  if (auto ok = disk.rename(aside, directory + "/node-id"); !ok)
    return ok;
  return disk.sync_directory(directory);
}

snapshot_rules make_rules(const agent_config& config) {
  snapshot_rules rules;
  if (config.raft_snapshot_threshold > 0)
    rules.entries = static_cast<std::uint64_t>(config.raft_snapshot_threshold);
  if (config.raft_snapshot_interval > span{})
    rules.interval = config.raft_snapshot_interval;
  if (config.raft_trailing_logs > 0)
    rules.trailing = static_cast<std::uint64_t>(config.raft_trailing_logs);
  return rules;
}

// What the core starts from.
struct from_disk {
  raft::hard_state state;
  raft::log log;
  /// Who the servers were at the snapshot; nobody without one.
  raft::configuration members;
};

bool begins_alone(const agent_config& config) {
  return config.bootstrap || config.bootstrap_expect == 1;
}

// Who votes where the log begins: in a data directory the log's first entry
// says so, or a snapshot, and until one comes nobody does.
void choose_members(raft::settings& chosen, const agent_config& config,
                    const from_disk& found) {
  chosen.voters = found.members.voters;
  chosen.nonvoters = found.members.nonvoters;
  if (config.dev_mode)
    chosen.voters = {chosen.self};
  else if (chosen.voters.empty())
    chosen.nonvoters = {chosen.self};
}

// Nothing was promised to anybody yet; a crash may have left the first term.
bool is_blank(const from_disk& found) {
  return found.state.current.value <= 1 && found.state.voted_for.empty() &&
         found.log.last_index().value == 0;
}

// Alone, a server that has voted had a log.
status check_log_is_there(const agent_config& config, const from_disk& found) {
  if (!begins_alone(config) || is_blank(found) ||
      found.log.last_index().value > 0)
    return {};
  return fail(errc::corrupt,
              "raft log: this server has voted in term " +
                  std::to_string(found.state.current.value) +
                  " and has no log in " + config.data_dir +
                  "/raft/log: put it back, or begin with an empty data_dir");
}

// A log that does not lead up to the snapshot is older than it, and a crash
// came before it could be emptied. So is one that ends before.
bool is_overtaken(const storage::recovered_wal& wal,
                  const storage::snapshot_meta& by) {
  if (by.index.value == 0)
    return false;
  if (wal.log.last_index() < by.index)
    return true;
  return std::any_of(
      wal.entries.begin(), wal.entries.end(), [&](const raft::entry& one) {
        return (one.index == by.index && one.in_term != by.in_term) ||
               (one.index > by.index && one.in_term < by.in_term);
      });
}

// The snapshot, and then the log behind it.
status read_state(const std::string& directory, storage::recovered_wal& wal,
                  recovery_means& means, recovered_server& made,
                  from_disk& found) {
  made.snapshots = std::make_shared<snapshot_files>();
  made.snapshots->disk = std::move(means.snapshots);
  made.snapshots->directory = directory;
  auto state =
      storage::recover_state(*made.snapshots->disk, directory,
                             {wal.log.first_index(), wal.log.last_index()});
  if (!state)
    return named("raft snapshot", state.failure());
  for (auto& why : state->damaged)
    spdlog::error("agent.raft: a snapshot is damaged, an older one and the log "
                  "take its place: {}",
                  why);
  auto base = state->meta.index;
  if (!state->meta.servers.empty()) {
    auto members = raft::decode_configuration(state->meta.servers);
    if (!members)
      return named("raft snapshot", members.failure());
    found.members = *std::move(members);
  }
  if (is_overtaken(wal, state->meta)) {
    wal.entries.clear();
    if (auto ok = wal.log.reset(base.next()); !ok)
      return named("raft log", ok.failure());
  }
  auto log = raft::log::recover(base, state->meta.in_term, wal.entries);
  if (!log)
    return named("raft log", log.failure());
  made.state = std::make_shared<const storage::state>(std::move(state->state));
  found.log = *std::move(log);
  return {};
}

status read_files(const std::string& directory, recovery_means& means,
                  recovered_server& made, from_disk& found) {
  made.files = std::make_shared<log_files>();
  made.files->disk = std::move(means.log);
  auto& disk = *made.files->disk;
  auto saved = storage::hard_state_files::open(disk, directory);
  if (!saved)
    return named("raft state", saved.failure());
  storage::wal_settings chosen;
  chosen.segment_bytes_max = means.log_segment_bytes;
  auto wal = storage::wal::open(disk, directory + "/log", chosen);
  if (!wal)
    return named("raft log", wal.failure());
  if (wal->torn_bytes > 0)
    spdlog::warn("agent.raft: cut a torn write off the log: file={} bytes={}",
                 wal->torn_file, wal->torn_bytes);
  if (auto ok = read_state(directory + "/snapshots", *wal, means, made, found);
      !ok)
    return ok;
  made.entries = wal->entries.size();
  found.state = saved->state;
  made.files->state.emplace(std::move(saved->files));
  made.files->log.emplace(std::move(wal->log));
  return {};
}

} // namespace

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::string make_uuid() {
  auto high = (random_seed() & ~0xF000ull) | 0x4000ull;
  auto low = (random_seed() & ~(3ull << 62)) | (2ull << 62);
  char text[37];
  std::snprintf(text, sizeof text, "%08llx-%04llx-%04llx-%04llx-%012llx",
                static_cast<unsigned long long>(high >> 32),
                static_cast<unsigned long long>((high >> 16) & 0xFFFF),
                static_cast<unsigned long long>(high & 0xFFFF),
                static_cast<unsigned long long>(low >> 48),
                static_cast<unsigned long long>(low & 0xFFFFFFFFFFFFull));
  return text;
}

result<std::string> find_node_id(const agent_config& config) {
  bool keep = !config.dev_mode && !config.data_dir.empty();
  storage::posix_disk disk;
  if (!keep)
    return config.node_id.empty() ? make_uuid() : config.node_id;
  auto path = config.data_dir + "/node-id";
  if (config.node_id.empty()) {
    auto known = disk.read_all(path, node_id_bytes_max);
    if (known) {
      auto id = *known;
      id.erase(id.find_last_not_of(" \r\n\t") + 1);
      if (!is_uuid(id))
        return fail(errc::bad_input,
                    "node id in " + path + " is no UUID: \"" + id + "\"");
      return id;
    }
    if (known.failure().code != errc::not_found)
      return known.failure();
  }
  auto id = config.node_id.empty() ? make_uuid() : config.node_id;
  if (auto ok = write_node_id(disk, config.data_dir, id); !ok)
    return ok.failure();
  return id;
}

std::shared_ptr<local_files> open_local_files(const agent_config& config) {
  if (config.dev_mode || config.data_dir.empty())
    return nullptr;
  return std::make_shared<local_files>(std::make_shared<storage::posix_disk>(),
                                       config.data_dir);
}

result<recovered_server> recover(const agent_config& config,
                                 const std::string& node_id,
                                 recovery_means means) {
  PRAETOR_ASSERT(config.dev_mode || (means.log && means.snapshots));
  recovered_server made;
  made.state = std::make_shared<const storage::state>();
  made.rules = make_rules(config);
  from_disk found;
  if (!config.dev_mode)
    if (auto ok = read_files(config.data_dir + "/raft", means, made, found);
        !ok)
      return ok.failure();
  auto settings = make_settings(config, node_id);
  if (!config.dev_mode)
    settings.trailing_entries = made.rules.trailing;
  if (!config.dev_mode)
    if (auto ok = check_log_is_there(config, found); !ok)
      return ok.failure();
  choose_members(settings, config, found);
  if (means.adjust)
    means.adjust(settings);
  made.has_history = !is_blank(found);
  // The first term is nobody's, here as where a cluster is begun in the log.
  if (config.dev_mode && !made.has_history)
    found.state.current = term{1};
  if (auto ok = raft::check_settings(settings); !ok)
    return named("raft settings", ok.failure());
  log_index applied{made.state->applied};
  if (auto ok = raft::check_recovered(found.state, found.log, applied); !ok)
    return named("raft log", ok.failure());
  made.core = std::make_unique<raft::core>(std::move(settings), found.state,
                                           std::move(found.log), applied,
                                           prng(means.seed));
  if (!config.dev_mode && !made.has_history && begins_alone(config))
    if (auto ok = made.core->bootstrap({{node_id}, {}}); !ok)
      return named("raft", ok.failure());
  return made;
}

result<recovered_server> recover(const agent_config& config,
                                 const std::string& node_id) {
  recovery_means means;
  means.log = std::make_unique<storage::posix_disk>();
  means.snapshots = std::make_unique<storage::posix_disk>();
  means.seed = random_seed();
  return recover(config, node_id, std::move(means));
}

} // namespace praetor::actors
