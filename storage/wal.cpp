#include "storage/wal.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/bytes.hpp"
#include "storage/wal_format.hpp"

#include <algorithm>
#include <utility>

namespace praetor::storage {

wal::wal(disk& on, std::string directory, wal_settings chosen)
    : disk_(&on), directory_(std::move(directory)), settings_(chosen) {
  PRAETOR_ASSERT(!directory_.empty());
  PRAETOR_ASSERT(settings_.segment_bytes_max > 0);
  PRAETOR_ASSERT(settings_.batch_bytes_max > 0);
  // The largest file: one that had just enough room for a large append.
  PRAETOR_ASSERT(settings_.segment_bytes_max + append_bytes_max <=
                 segment_file_bytes_max);
  PRAETOR_ASSERT(settings_.batch_bytes_max <= entry_bytes_max);
}

log_index wal::first_index() const {
  if (!segments_.empty())
    return segments_.front().first;
  return pending_count_ > 0 ? pending_first_ : next_;
}

log_index wal::last_index() const {
  return {next_.value == 0 ? 0 : next_.value - 1};
}

status wal::check_usable() const {
  if (poison_)
    return fail(poison_->code, "the log is out of use since: " + poison_->text);
  return {};
}

// That the disk is full is no excuse here: it is not for the caller to try
// again.
status wal::poisoned(error why) {
  PRAETOR_ASSERT(!poison_);
  poison_ = std::move(why);
  if (poison_->code == errc::disk_full)
    poison_->code = errc::io;
  return *poison_;
}

std::string wal::path_of(log_index segment) const {
  return directory_ + "/" + segment_name(segment);
}

status wal::append(std::span<const raft::entry> entries) {
  if (auto usable = check_usable(); !usable)
    return usable;
  if (entries.empty())
    return {};
  std::uint64_t bytes = 0;
  for (auto& one : entries) {
    auto size = one.bytes().size();
    if (size > entry_bytes_max)
      return fail(errc::too_large,
                  "log entry " + std::to_string(one.index.value) + " of " +
                      std::to_string(size) + " bytes; allowed are " +
                      std::to_string(entry_bytes_max));
    bytes += entry_size(one);
  }
  // All batches but the last are full.
  bytes += (bytes / settings_.batch_bytes_max + 1) * batch_header_size;
  if (bytes > append_bytes_max)
    return fail(errc::too_large, std::to_string(bytes) +
                                     " bytes of log entries at once; allowed "
                                     "are " +
                                     std::to_string(append_bytes_max));
  if (auto room = make_room(entries.front().index, bytes); !room)
    return room;
  for (auto& one : entries) {
    PRAETOR_ASSERT(one.index.value > 0);
    PRAETOR_ASSERT(next_.value == 0 || one.index == next_);
    if (pending_count_ == 0)
      pending_first_ = one.index;
    encode_entry(one, pending_);
    ++pending_count_;
    next_ = one.index.next();
    if (pending_.size() >= settings_.batch_bytes_max)
      if (auto written = flush(); !written)
        return poisoned(written.failure());
  }
  return {};
}

// Room for what is pending and for so many bytes more, the first of which
// begin the entry `first`. `errc::disk_full` leaves all as it was.
status wal::make_room(log_index first, std::uint64_t bytes) {
  if (active_) {
    auto& last = segments_.back();
    auto end = last.end + bytes;
    if (pending_count_ > 0)
      end += pending_.size();
    auto is_empty = last.end == segment_header_size && pending_count_ == 0;
    PRAETOR_ASSERT(!is_empty || last.first == first);
    if (is_empty || end <= settings_.segment_bytes_max)
      return reserve(end);
  }
  // What waits belongs to the segment that has room for it.
  if (auto written = flush(); !written)
    return poisoned(written.failure());
  return start_segment(first, bytes);
}

// A whole segment at once, so that few syncs have a size to write down.
status wal::reserve(std::uint64_t end) {
  PRAETOR_ASSERT(active_ != nullptr);
  PRAETOR_ASSERT(end <= segment_file_bytes_max);
  if (end <= reserved_)
    return {};
  auto size = std::max<std::uint64_t>(end, settings_.segment_bytes_max);
  auto kept = active_->reserve(size);
  if (kept) {
    reserved_ = size;
    return kept;
  }
  if (kept.failure().code == errc::disk_full)
    return kept;
  return poisoned(kept.failure());
}

status wal::sync() {
  if (auto usable = check_usable(); !usable)
    return usable;
  if (auto written = flush(); !written)
    return poisoned(written.failure());
  return {};
}

status wal::flush() {
  if (pending_count_ == 0)
    return {};
  PRAETOR_ASSERT(pending_first_.value + pending_count_ == next_.value);
  auto written = write_batch(pending_first_, pending_count_, pending_);
  pending_.clear();
  pending_count_ = 0;
  return written;
}

// There is room: whoever asked for entries or for a mark has seen to that.
status wal::write_batch(log_index first, std::uint32_t count,
                        std::string_view body) {
  PRAETOR_ASSERT(active_ != nullptr);
  auto& last = segments_.back();
  auto size = batch_header_size + body.size();
  PRAETOR_ASSERT(last.end + size <= reserved_);
  batch_header header{static_cast<std::uint32_t>(body.size()), first, count,
                      crc32c(body)};
  auto bytes = encode_batch_header({last.first, last.end}, header);
  bytes.append(body);
  if (auto written = active_->write_at(last.end, bytes); !written)
    return written;
  if (auto synced = active_->sync(); !synced)
    return synced;
  last.end += size;
  return {};
}

// The new file, reserved; without room there is none.
result<std::unique_ptr<file>> wal::create_segment(log_index first,
                                                  std::uint64_t size) {
  auto path = path_of(first);
  auto opened = disk_->open(path, open_mode::create_new);
  if (!opened)
    return opened;
  auto kept = (*opened)->reserve(size);
  if (kept)
    return opened;
  opened->reset();
  if (auto removed = disk_->remove(path); !removed)
    return removed.failure();
  return kept.failure();
}

// Header and name are durable before the first batch is written.
status wal::start_segment(log_index first, std::uint64_t bytes) {
  PRAETOR_ASSERT(segments_.empty() || segments_.back().first < first);
  auto size = std::max<std::uint64_t>(segment_header_size + bytes,
                                      settings_.segment_bytes_max);
  auto made = create_segment(first, size);
  if (!made && made.failure().code == errc::disk_full)
    return made.failure();
  if (!made)
    return poisoned(made.failure());
  auto header = encode_segment_header(first);
  auto done = (*made)->write_at(0, header);
  if (done)
    done = (*made)->sync();
  if (done)
    done = disk_->sync_directory(directory_);
  // What the one before did not need is given back. A crash may undo this.
  if (done && active_)
    done = active_->truncate(segments_.back().end);
  if (!done)
    return poisoned(done.failure());
  segments_.push_back({first, header.size()});
  active_ = std::move(*made);
  reserved_ = size;
  return {};
}

// Where its last batch ends is known to whoever read or wrote it.
status wal::reopen_last_segment() {
  PRAETOR_ASSERT(!segments_.empty());
  auto opened =
      disk_->open(path_of(segments_.back().first), open_mode::existing);
  if (!opened)
    return opened.failure();
  auto size = (*opened)->size();
  if (!size)
    return size.failure();
  PRAETOR_ASSERT(segments_.back().end <= *size);
  active_ = std::move(*opened);
  reserved_ = *size;
  return {};
}

// The directory is synced each time: whatever the order in which a disk
// forgets, no gap can appear between the segments that are left.
status wal::remove_segment(log_index first) {
  if (auto removed = disk_->remove(path_of(first)); !removed)
    return removed;
  return disk_->sync_directory(directory_);
}

status wal::truncate_suffix(log_index from) {
  PRAETOR_ASSERT(from.value > 0);
  PRAETOR_ASSERT(next_.value > 0);
  PRAETOR_ASSERT(from >= first_index());
  PRAETOR_ASSERT(from <= next_);
  if (auto usable = check_usable(); !usable)
    return usable;
  if (auto written = flush(); !written)
    return poisoned(written.failure());
  if (from < next_)
    if (auto dropped = drop_suffix(from); !dropped)
      return dropped;
  next_ = from;
  return {};
}

status wal::drop_suffix(log_index from) {
  PRAETOR_ASSERT(pending_count_ == 0);
  PRAETOR_ASSERT(!segments_.empty());
  auto kept = segments_.size();
  while (kept > 0 && segments_[kept - 1].first >= from)
    --kept;
  // How far the segments that are kept reach.
  auto reached = kept < segments_.size() ? segments_[kept].first : next_;
  PRAETOR_ASSERT(reached >= from);
  auto with_mark = kept > 0 && reached > from;
  if (auto done = shorten(kept, with_mark); !done)
    return done;
  if (!with_mark)
    return {};
  // Rewriting the batch would put durable entries at risk; a mark does not.
  if (auto written = write_batch(from, 0, {}); !written)
    return poisoned(written.failure());
  return {};
}

// The last of the kept segments becomes the active one. Room for a mark comes
// before the first removal: without it nothing must have changed.
status wal::shorten(std::size_t kept, bool with_mark) {
  if (kept == segments_.size())
    return with_mark ? reserve(segments_.back().end + batch_header_size)
                     : status();
  std::unique_ptr<file> shortened;
  if (kept > 0) {
    auto& last = segments_[kept - 1];
    auto opened = disk_->open(path_of(last.first), open_mode::existing);
    if (!opened)
      return poisoned(opened.failure());
    shortened = std::move(*opened);
    auto done =
        with_mark ? shortened->reserve(last.end + batch_header_size) : status();
    if (!done && done.failure().code == errc::disk_full)
      return done;
    if (!done)
      return poisoned(done.failure());
  }
  active_.reset();
  while (segments_.size() > kept) {
    if (auto removed = remove_segment(segments_.back().first); !removed)
      return poisoned(removed.failure());
    segments_.pop_back();
  }
  if (!shortened)
    return {};
  auto size = shortened->size();
  if (!size)
    return poisoned(size.failure());
  active_ = std::move(shortened);
  reserved_ = *size;
  return {};
}

status wal::truncate_prefix(log_index upto) {
  PRAETOR_ASSERT(upto <= last_index());
  if (auto usable = check_usable(); !usable)
    return usable;
  while (segments_.size() > 1 && segments_[1].first <= upto.next()) {
    if (auto removed = remove_segment(segments_.front().first); !removed)
      return poisoned(removed.failure());
    segments_.erase(segments_.begin());
  }
  PRAETOR_ASSERT(segments_.empty() || active_ != nullptr);
  return {};
}

status wal::reset(log_index first) {
  PRAETOR_ASSERT(first.value > 0);
  if (auto usable = check_usable(); !usable)
    return usable;
  pending_.clear();
  pending_count_ = 0;
  active_.reset();
  // Newest first: what a crash leaves is a log that ends early.
  while (!segments_.empty()) {
    if (auto removed = remove_segment(segments_.back().first); !removed)
      return poisoned(removed.failure());
    segments_.pop_back();
  }
  reserved_ = 0;
  next_ = first;
  PRAETOR_ASSERT(first_index() == first);
  return {};
}

} // namespace praetor::storage
