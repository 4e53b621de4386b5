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

// A log that begins anew behind a snapshot may hold nothing of it.
status drop(storage::wal& log, log_index upto) {
  upto = std::min(upto, log.last_index());
  return upto.value > 0 ? log.truncate_prefix(upto) : status();
}

// Saved again, all of it comes to the same: a request that met a full disk
// may be repeated.
status save(log_files& files, const save_request& what) {
  auto& log = *files.log;
  if (what.state)
    if (auto ok = files.state->save(*what.state); !ok)
      return ok;
  if (what.begin_after)
    return log.reset(what.begin_after->next());
  if (!what.entries.empty()) {
    auto ok = append(log, what.entries);
    // What may go anyway may make the room.
    if (!ok && ok.failure().code == errc::disk_full) {
      if (auto dropped = drop(log, what.drop_upto); !dropped)
        return dropped;
      ok = append(log, what.entries);
    }
    if (!ok)
      return ok;
  }
  return drop(log, what.drop_upto);
}

caf::error to_caf(const error& why) {
  return caf::make_error(caf::sec::runtime_error, why.text,
                         static_cast<std::uint8_t>(why.code));
}

} // namespace

bool is_disk_full(const caf::error& why) {
  auto& context = why.context();
  return context.match_elements<std::string, std::uint8_t>() &&
         context.get_as<std::uint8_t>(1) ==
             static_cast<std::uint8_t>(errc::disk_full);
}

log_writer_actor::behavior_type log_writer(log_writer_ptr self,
                                           std::shared_ptr<log_files> files) {
  self->state.files = std::move(files);
  return {
      [=](at::save, const save_request& what) -> caf::result<saved> {
        auto ok = save(*self->state.files, what);
        if (ok)
          return end_of(what);
        // The log and its promises are as they were; who asked decides when
        // to ask again, and says so.
        if (ok.failure().code == errc::disk_full)
          return to_caf(ok.failure());
        spdlog::critical("agent.log: {}", ok.failure().text);
        self->quit();
        return to_caf(ok.failure());
      },
  };
}

log_writer_actor::behavior_type no_log_writer(no_log_writer_ptr) {
  return {
      [](at::save, const save_request& what) { return end_of(what); },
  };
}

} // namespace praetor::actors
