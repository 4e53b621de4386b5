#include "storage/recovery.hpp"

#include "storage/state_codec.hpp"

#include <algorithm>

namespace praetor::storage {
namespace {

result<recovered_state> read_snapshot(disk& on, const std::string& directory,
                                      const snapshot_name& name,
                                      std::size_t shards) {
  auto opened = snapshot_reader::open(on, directory, name);
  if (!opened)
    return opened.failure();
  auto context = [&](const error& why) {
    return fail(why.code, directory + "/" + to_text(name) + ": " + why.text);
  };
  state_decoder decoder(shards);
  for (;;) {
    auto chunk = opened->next();
    if (!chunk)
      return chunk.failure();
    if (chunk->empty())
      break;
    if (auto ok = decoder.feed(*chunk); !ok)
      return context(ok.failure());
  }
  auto found = std::move(decoder).finish();
  if (!found)
    return context(found.failure());
  if (found->applied != name.index.value)
    return context(fail(errc::corrupt, "the state in it is that of index " +
                                           std::to_string(found->applied)));
  return recovered_state{*std::move(found), opened->meta(), {}};
}

// The log must have every entry after `base`, and reach `upto` at least.
status check_reach(const log_reach& log, log_index base, log_index upto) {
  if (log.first > base.next())
    return fail(errc::corrupt, "the log begins at index " +
                                   std::to_string(log.first.value) + " where " +
                                   std::to_string(base.next().value) +
                                   " should follow");
  if (std::max(log.last, base) < upto)
    return fail(errc::corrupt, "the log ends at index " +
                                   std::to_string(log.last.value) +
                                   " and cannot replace the snapshot of " +
                                   std::to_string(upto.value));
  return {};
}

// A name that is not a snapshot's, so that it is neither read nor counted
// again, and is there for whoever looks into it.
status set_aside(disk& on, const std::string& directory,
                 const std::vector<snapshot_name>& damaged) {
  for (auto& name : damaged) {
    auto path = directory + "/" + to_text(name);
    if (auto ok = on.rename(path, path + ".damaged"); !ok)
      return ok;
  }
  return damaged.empty() ? status() : on.sync_directory(directory);
}

} // namespace

result<recovered_state> recover_state(disk& on, const std::string& directory,
                                      log_reach log, std::size_t shards) {
  PRAETOR_ASSERT(log.first <= log.last.next());
  auto names = list_snapshots(on, directory);
  if (!names)
    return names.failure();
  recovered_state found{state(shards), {}, {}};
  std::vector<snapshot_name> damaged;
  for (auto& name : *names) {
    auto read = read_snapshot(on, directory, name, shards);
    if (read) {
      found.state = std::move(read->state);
      found.meta = std::move(read->meta);
      break;
    }
    // An operating system that cannot read now may be able to later, and a
    // newer build's file is whole.
    if (read.failure().code != errc::corrupt)
      return read.failure();
    damaged.push_back(name);
    found.damaged.push_back(read.failure().text);
  }
  auto upto = damaged.empty() ? log_index{} : damaged.front().index;
  if (auto ok = check_reach(log, found.meta.index, upto); !ok) {
    auto text = ok.failure().text;
    for (auto& one : found.damaged)
      text += "; " + one;
    return fail(errc::corrupt, "snapshots in " + directory + ": " + text);
  }
  if (auto ok = set_aside(on, directory, damaged); !ok)
    return ok.failure();
  PRAETOR_ASSERT(found.state.applied == found.meta.index.value);
  return found;
}

} // namespace praetor::storage
