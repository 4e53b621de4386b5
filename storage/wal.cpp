#include "storage/wal.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/bytes.hpp"
#include "storage/wal_format.hpp"

#include <utility>

namespace praetor::storage {

wal::wal(disk& on, std::string directory, wal_settings chosen)
    : disk_(&on), directory_(std::move(directory)), settings_(chosen) {
  PRAETOR_ASSERT(!directory_.empty());
  PRAETOR_ASSERT(settings_.segment_bytes_max > 0);
  PRAETOR_ASSERT(settings_.batch_bytes_max > 0);
  // The largest file: a segment just below its limit, or one huge batch.
  PRAETOR_ASSERT(settings_.segment_bytes_max <= segment_file_bytes_max / 4);
  PRAETOR_ASSERT(settings_.batch_bytes_max <= entry_bytes_max);
}

log_index wal::first_index() const {
  if (!segments_.empty())
    return segments_.front();
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

status wal::poisoned(error why) {
  PRAETOR_ASSERT(!poison_);
  poison_ = std::move(why);
  return *poison_;
}

std::string wal::path_of(log_index segment) const {
  return directory_ + "/" + segment_name(segment);
}

status wal::append(std::span<const raft::entry> entries) {
  if (auto usable = check_usable(); !usable)
    return usable;
  for (auto& one : entries)
    if (one.bytes().size() > entry_bytes_max)
      return fail(errc::too_large,
                  "log entry " + std::to_string(one.index.value) + " of " +
                      std::to_string(one.bytes().size()) +
                      " bytes; allowed are " + std::to_string(entry_bytes_max));
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

status wal::write_batch(log_index first, std::uint32_t count,
                        std::string_view body) {
  auto size = batch_header_size + body.size();
  auto full = active_size_ > segment_header_size &&
              active_size_ + size > settings_.segment_bytes_max;
  // A truncation mark belongs into the segment that it shortens.
  if (!active_ || (full && count > 0))
    if (auto started = start_segment(first); !started)
      return started;
  PRAETOR_ASSERT(active_size_ + size <= segment_file_bytes_max);
  batch_header header{static_cast<std::uint32_t>(body.size()), first, count,
                      crc32c(body)};
  auto bytes = encode_batch_header({segments_.back(), active_size_}, header);
  bytes.append(body);
  if (auto written = active_->append(bytes); !written)
    return written;
  if (auto synced = active_->sync(); !synced)
    return synced;
  active_size_ += size;
  return {};
}

// Header and name are durable before the first batch is written.
status wal::start_segment(log_index first) {
  PRAETOR_ASSERT(segments_.empty() || segments_.back() < first);
  auto opened = disk_->open(path_of(first), open_mode::create_new);
  if (!opened)
    return opened.failure();
  auto header = encode_segment_header(first);
  if (auto written = (*opened)->append(header); !written)
    return written;
  if (auto synced = (*opened)->sync(); !synced)
    return synced;
  if (auto synced = disk_->sync_directory(directory_); !synced)
    return synced;
  segments_.push_back(first);
  active_ = std::move(*opened);
  active_size_ = header.size();
  return {};
}

status wal::reopen_last_segment() {
  PRAETOR_ASSERT(!segments_.empty());
  auto opened = disk_->open(path_of(segments_.back()), open_mode::existing);
  if (!opened)
    return opened.failure();
  auto size = (*opened)->size();
  if (!size)
    return size.failure();
  active_ = std::move(*opened);
  active_size_ = *size;
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
  auto dropped = flush();
  if (dropped && from < next_)
    dropped = drop_suffix(from);
  if (!dropped)
    return poisoned(dropped.failure());
  next_ = from;
  return {};
}

status wal::drop_suffix(log_index from) {
  PRAETOR_ASSERT(pending_count_ == 0);
  PRAETOR_ASSERT(!segments_.empty());
  // How far the segments that are left still reach.
  auto reached = next_;
  while (!segments_.empty() && segments_.back() >= from) {
    active_.reset();
    reached = segments_.back();
    if (auto removed = remove_segment(reached); !removed)
      return removed;
    segments_.pop_back();
  }
  if (segments_.empty())
    return {};
  if (!active_)
    if (auto opened = reopen_last_segment(); !opened)
      return opened;
  PRAETOR_ASSERT(reached >= from);
  if (reached == from)
    return {};
  // Rewriting the batch would put durable entries at risk; a mark does not.
  return write_batch(from, 0, {});
}

status wal::truncate_prefix(log_index upto) {
  PRAETOR_ASSERT(upto <= last_index());
  if (auto usable = check_usable(); !usable)
    return usable;
  while (segments_.size() > 1 && segments_[1] <= upto.next()) {
    if (auto removed = remove_segment(segments_.front()); !removed)
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
    if (auto removed = remove_segment(segments_.back()); !removed)
      return poisoned(removed.failure());
    segments_.pop_back();
  }
  next_ = first;
  PRAETOR_ASSERT(first_index() == first);
  return {};
}

} // namespace praetor::storage
