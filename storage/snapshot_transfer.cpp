#include "storage/snapshot_transfer.hpp"

#include "protocol/base/assert.hpp"
#include "storage/state_codec.hpp"

namespace praetor::storage {
namespace {

// Within the folder for what comes in; its true name says what is in it and
// is known only at the end.
constexpr const char* piece_name = "/pieces";

status check_whole(disk& on, const std::string& directory,
                   const snapshot_name& name) {
  auto from = snapshot_reader::open(on, directory, name);
  if (!from)
    return from.failure();
  for (;;) {
    auto chunk = from->next();
    if (!chunk)
      return chunk.failure();
    if (chunk->empty())
      return {};
  }
}

} // namespace

result<snapshot_bytes> read_piece(disk& on, const std::string& directory,
                                  const snapshot_name& name,
                                  std::uint64_t offset) {
  if (offset == 0)
    if (auto ok = check_whole(on, directory, name); !ok)
      return ok.failure();
  auto path = directory + "/" + to_text(name);
  auto from = on.open(path, open_mode::existing);
  if (!from)
    return from.failure();
  auto size = (*from)->size();
  if (!size)
    return size.failure();
  if (offset >= *size)
    return fail(errc::bad_input, path + ": offset " + std::to_string(offset) +
                                     " of " + std::to_string(*size));
  auto bytes = (*from)->read_at(offset, snapshot_piece_bytes_max);
  if (!bytes)
    return bytes.failure();
  PRAETOR_ASSERT(!bytes->empty());
  auto last = offset + bytes->size() >= *size;
  return snapshot_bytes{*std::move(bytes), last};
}

void snapshot_receiver::drop() {
  to_.reset();
  size_ = 0;
  last_ = {};
  // What cannot be removed is overwritten by the next.
  (void)disk_->remove(aside() + piece_name);
}

status snapshot_receiver::take(log_index last, std::uint64_t offset,
                               std::string_view bytes) {
  PRAETOR_ASSERT(last.value > 0);
  if (offset == 0) {
    drop();
    if (auto ok = disk_->create_directory(aside()); !ok)
      return ok;
    auto made = disk_->open(aside() + piece_name, open_mode::create_new);
    if (!made)
      return made.failure();
    to_ = *std::move(made);
    last_ = last;
  }
  if (!to_ || last != last_ || offset != size_)
    return fail(errc::conflict, "snapshot: a piece at offset " +
                                    std::to_string(offset) + " of index " +
                                    std::to_string(last.value) + ", but " +
                                    std::to_string(size_) + " bytes of index " +
                                    std::to_string(last_.value) + " are there");
  if (auto ok = to_->append(bytes); !ok) {
    drop();
    return ok;
  }
  size_ += bytes.size();
  return {};
}

result<state> snapshot_receiver::read(const snapshot_name& name,
                                      std::string_view servers,
                                      std::size_t shards) const {
  auto from = snapshot_reader::open(*disk_, aside(), name);
  if (!from)
    return from.failure();
  if (from->meta().servers != servers)
    return fail(errc::corrupt, "snapshot of index " +
                                   std::to_string(name.index.value) +
                                   ": it names other servers");
  state_decoder decoder(shards);
  for (;;) {
    auto chunk = from->next();
    if (!chunk)
      return chunk.failure();
    if (chunk->empty())
      return std::move(decoder).finish();
    if (auto ok = decoder.feed(*chunk); !ok)
      return ok.failure();
  }
}

result<state> snapshot_receiver::install(const snapshot_name& name,
                                         std::string_view servers_expected,
                                         std::size_t shards) {
  if (!to_ || last_ != name.index)
    return fail(errc::not_found, "snapshot of index " +
                                     std::to_string(name.index.value) +
                                     ": its pieces are not here");
  auto give_up = [this](const error& why) {
    drop();
    return why;
  };
  if (auto ok = to_->sync(); !ok)
    return give_up(ok.failure());
  to_.reset();
  auto arrived = aside() + "/" + to_text(name);
  if (auto ok = disk_->rename(aside() + piece_name, arrived); !ok)
    return give_up(ok.failure());
  auto found = read(name, servers_expected, shards);
  if (found && found->applied != name.index.value)
    found = fail(errc::corrupt, arrived + ": its state is of index " +
                                    std::to_string(found->applied));
  if (!found) {
    (void)disk_->remove(arrived);
    return give_up(found.failure());
  }
  if (auto ok = disk_->rename(arrived, directory_ + "/" + to_text(name)); !ok)
    return give_up(ok.failure());
  if (auto ok = disk_->sync_directory(directory_); !ok)
    return give_up(ok.failure());
  drop();
  if (auto ok = remove_old_snapshots(*disk_, directory_); !ok)
    return ok.failure();
  return found;
}

} // namespace praetor::storage
