// Writes snapshots beside everything else: the state is an immutable copy, so
// nobody waits for it. Between two chunks the mailbox is looked at, so that
// the end of the node need not wait for the end of the snapshot.

#include "actors/snapshot_writer.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

caf::error to_caf(const error& why) {
  return caf::make_error(caf::sec::runtime_error, why.text);
}

void give_up(snapshot_writer_ptr self, const error& why) {
  spdlog::error("agent.snapshot: {}", why.text);
  auto promise = self->state.current->promise;
  self->state.current.reset();
  promise.deliver(to_caf(why));
}

// The older of the two that are kept, if there are two.
result<log_index> older_one(snapshot_files& files) {
  auto names = storage::list_snapshots(*files.disk, files.directory);
  if (!names)
    return names.failure();
  return names->size() > 1 ? (*names)[1].index : log_index{};
}

void finish(snapshot_writer_ptr self) {
  auto& current = *self->state.current;
  auto bytes = current.to.commit();
  if (!bytes)
    return give_up(self, bytes.failure());
  auto older = older_one(*self->state.files);
  if (!older)
    return give_up(self, older.failure());
  spdlog::info("agent.snapshot: wrote a snapshot: index={} bytes={}",
               current.index.value, *bytes);
  auto promise = current.promise;
  snapshot_done done{current.index, *older, *bytes};
  self->state.current.reset();
  promise.deliver(done);
}

void write_chunk(snapshot_writer_ptr self) {
  if (!self->state.current)
    return;
  auto& current = *self->state.current;
  auto chunk = current.from.next();
  if (chunk.empty())
    return finish(self);
  if (auto ok = current.to.append(chunk); !ok)
    return give_up(self, ok.failure());
  self->send(self, at::flush::value);
}

caf::typed_response_promise<snapshot_done> begin(snapshot_writer_ptr self,
                                                 const snapshot_request& what) {
  auto promise = self->make_response_promise<snapshot_done>();
  if (self->state.current) {
    promise.deliver(to_caf(fail(errc::unavailable, "a snapshot is under way")));
    return promise;
  }
  auto& files = *self->state.files;
  log_index index{what.state->applied};
  auto to = storage::snapshot_writer::create(
      *files.disk, files.directory, {index, what.in_term, what.servers});
  if (!to) {
    spdlog::error("agent.snapshot: {}", to.failure().text);
    promise.deliver(to_caf(to.failure()));
    return promise;
  }
  self->state.current.emplace(snapshot_writer_state::job{
      storage::state_encoder(*what.state), *std::move(to), index, promise});
  self->send(self, at::flush::value);
  return promise;
}

caf::result<snapshot_piece> read(snapshot_writer_ptr self,
                                 const snapshot_place& place) {
  auto& files = *self->state.files;
  auto found =
      storage::read_piece(*files.disk, files.directory,
                          {place.last.index, place.last.in_term}, place.offset);
  if (!found)
    return to_caf(found.failure());
  return snapshot_piece{std::move(found->bytes), found->last};
}

// A piece that is refused shows when the whole is to be installed: then the
// leader begins anew.
void take(snapshot_writer_ptr self, const raft::snapshot_chunk& chunk) {
  auto ok = self->state.incoming->take(chunk.last, chunk.offset, chunk.bytes);
  if (!ok)
    spdlog::warn("agent.snapshot: {}", ok.failure().text);
}

caf::result<state_ptr> install(snapshot_writer_ptr self,
                               const raft::snapshot_mark& mark) {
  auto found = self->state.incoming->install(
      {mark.last.index, mark.last.in_term}, raft::encode(mark.members));
  if (!found)
    return to_caf(found.failure());
  return std::make_shared<const storage::state>(*std::move(found));
}

} // namespace

static_assert(storage::state_chunk_bytes_max <=
              storage::snapshot_chunk_bytes_max);

snapshot_writer_actor::behavior_type
snapshot_writer(snapshot_writer_ptr self,
                std::shared_ptr<snapshot_files> files) {
  PRAETOR_ASSERT(files && files->disk);
  self->state.files = std::move(files);
  auto& kept = *self->state.files;
  self->state.incoming.emplace(*kept.disk, kept.directory);
  return {
      [=](at::snapshot, const snapshot_request& what) {
        return begin(self, what);
      },
      [=](at::read, const snapshot_place& place) { return read(self, place); },
      [=](at::save, const raft::snapshot_chunk& chunk) { take(self, chunk); },
      [=](at::install, const raft::snapshot_mark& mark) {
        return install(self, mark);
      },
      [=](at::flush) { write_chunk(self); },
  };
}

} // namespace praetor::actors
