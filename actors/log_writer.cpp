#include "actors/log_writer.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

saved end_of(const save_request& what) {
  if (what.entries.empty())
    return {};
  return {what.entries.back().index, what.entries.back().in_term};
}

status append(storage::wal& log, const std::vector<raft::entry>& entries) {
  auto first = entries.front().index;
  if (first <= log.last_index())
    if (auto ok = log.truncate_suffix(first); !ok)
      return ok;
  if (auto ok = log.append(entries); !ok)
    return ok;
  return log.sync();
}

status save(log_files& files, const save_request& what) {
  if (what.state)
    if (auto ok = files.state->save(*what.state); !ok)
      return ok;
  if (what.begin_after)
    return files.log->reset(what.begin_after->next());
  if (!what.entries.empty())
    if (auto ok = append(*files.log, what.entries); !ok)
      return ok;
  // A log that begins anew behind a snapshot may hold nothing of it.
  auto upto = std::min(what.drop_upto, files.log->last_index());
  if (upto.value > 0)
    return files.log->truncate_prefix(upto);
  return {};
}

} // namespace

log_writer_actor::behavior_type log_writer(log_writer_ptr self,
                                           std::shared_ptr<log_files> files) {
  self->state.files = std::move(files);
  return {
      [=](at::save, const save_request& what) -> caf::result<saved> {
        auto ok = save(*self->state.files, what);
        if (ok)
          return end_of(what);
        spdlog::critical("agent.log: {}", ok.failure().text);
        self->quit();
        return caf::make_error(caf::sec::runtime_error, ok.failure().text);
      },
  };
}

log_writer_actor::behavior_type no_log_writer(no_log_writer_ptr) {
  return {
      [](at::save, const save_request& what) { return end_of(what); },
  };
}

} // namespace praetor::actors
