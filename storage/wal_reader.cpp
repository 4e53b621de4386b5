// Opening a log: reading what is there, and deciding what a damaged place is.

#include "protocol/base/assert.hpp"
#include "protocol/base/bytes.hpp"
#include "storage/wal.hpp"
#include "storage/wal_format.hpp"

#include <utility>

namespace praetor::storage {
namespace {

// Without the zeros behind.
std::size_t used_size(std::string_view bytes) {
  auto last = bytes.find_last_not_of('\0');
  return last == std::string_view::npos ? 0 : last + 1;
}

} // namespace

/// Reads one directory of segments, oldest first.
class wal_reader {
public:
  wal_reader(disk& on, std::string directory, wal_settings chosen)
      : disk_(on), found_{wal(on, std::move(directory), chosen), {}, 0, {}} {}

  result<recovered_wal> run();

private:
  wal& log() { return found_.log; }
  error corrupt(log_index segment, std::size_t offset,
                const std::string& what) const;
  result<std::vector<log_index>> list_segments();
  status read_segment(log_index first, bool is_last);
  status read_batches(log_index first, bool is_last, std::string_view bytes);
  status take_batch(const batch_place& place, const batch_header& header,
                    std::string_view body);
  status cut(log_index first, std::size_t offset, std::size_t size);
  status finish();

  disk& disk_;
  recovered_wal found_;
  /// The last segment's header is damaged and nothing follows it.
  bool last_is_stillborn_ = false;
};

result<recovered_wal> wal::open(disk& on, std::string directory,
                                wal_settings chosen) {
  return wal_reader(on, std::move(directory), chosen).run();
}

result<recovered_wal> wal_reader::run() {
  if (auto made = disk_.create_directory(log().directory_); !made)
    return made.failure();
  auto segments = list_segments();
  if (!segments)
    return segments.failure();
  for (std::size_t i = 0; i < segments->size(); ++i)
    if (auto read = read_segment((*segments)[i], i + 1 == segments->size());
        !read)
      return read.failure();
  if (auto finished = finish(); !finished)
    return finished.failure();
  return std::move(found_);
}

error wal_reader::corrupt(log_index segment, std::size_t offset,
                          const std::string& what) const {
  return fail(errc::corrupt, found_.log.path_of(segment) + " at offset " +
                                 std::to_string(offset) + ": " + what);
}

// Files of other names are not ours and stay.
result<std::vector<log_index>> wal_reader::list_segments() {
  auto names = disk_.list(log().directory_);
  if (!names)
    return names.failure();
  std::vector<log_index> segments;
  for (auto& name : *names)
    if (auto first = parse_segment_name(name); first && first->value > 0)
      segments.push_back(*first);
  for (std::size_t i = 1; i < segments.size(); ++i)
    PRAETOR_ASSERT(segments[i - 1] < segments[i]);
  return segments;
}

status wal_reader::read_segment(log_index first, bool is_last) {
  auto& next = log().next_;
  if (next.value > 0 && first != next)
    return corrupt(first, 0,
                   "the segment begins at index " +
                       std::to_string(first.value) + " where " +
                       std::to_string(next.value) + " should follow");
  auto bytes = disk_.read_all(log().path_of(first), segment_file_bytes_max);
  if (!bytes)
    return bytes.failure();
  auto header = read_segment_header(*bytes, first);
  if (!header)
    return fail(header.failure().code,
                log().path_of(first) + ": " + header.failure().text);
  log().segments_.push_back({first, segment_header_size});
  next = first;
  if (*header == header_state::good)
    return read_batches(first, is_last, *bytes);
  // A header is durable before the first batch is written, and a segment
  // before the next is made.
  if (!is_last || has_batch_after(*bytes, {first, 0}))
    return corrupt(first, 0, "the segment's header is damaged");
  last_is_stillborn_ = true;
  found_.torn_bytes = used_size(*bytes);
  found_.torn_file = log().path_of(first);
  return {};
}

status wal_reader::read_batches(log_index first, bool is_last,
                                std::string_view bytes) {
  batch_place place{first, segment_header_size};
  while (!is_unused(bytes, place.offset)) {
    auto header = read_batch_header(bytes, place);
    auto left = bytes.size() - place.offset;
    auto whole = header && left - batch_header_size >= header->body_size;
    auto body = whole ? bytes.substr(place.offset + batch_header_size,
                                     header->body_size)
                      : std::string_view();
    if (!whole || crc32c(body) != header->body_crc) {
      // A batch is durable before anything is written after it: if anything
      // was, then this batch was whole once.
      auto followed =
          whole &&
          !is_unused(bytes, place.offset + batch_header_size + body.size());
      if (!is_last || followed || has_batch_after(bytes, place))
        return corrupt(first, place.offset, "a damaged batch of entries");
      return cut(first, place.offset, used_size(bytes));
    }
    if (auto taken = take_batch(place, *header, body); !taken)
      return taken;
    place.offset += batch_header_size + body.size();
    log().segments_.back().end = place.offset;
  }
  return {};
}

status wal_reader::take_batch(const batch_place& place,
                              const batch_header& header,
                              std::string_view body) {
  auto& next = log().next_;
  auto& entries = found_.entries;
  if (header.count == 0) {
    if (!body.empty() || header.first <= place.segment || header.first >= next)
      return corrupt(place.segment, place.offset,
                     "a truncation to index " +
                         std::to_string(header.first.value) +
                         " is out of place");
    auto dropped = next.value - header.first.value;
    PRAETOR_ASSERT(dropped <= entries.size());
    entries.resize(entries.size() - static_cast<std::size_t>(dropped));
    next = header.first;
    return {};
  }
  if (header.first != next)
    return corrupt(place.segment, place.offset,
                   "a batch begins at index " +
                       std::to_string(header.first.value) + " where " +
                       std::to_string(next.value) + " should follow");
  auto before = entries.size();
  if (!decode_entries(header, body, entries))
    return corrupt(place.segment, place.offset,
                   "a batch whose entries cannot be read");
  PRAETOR_ASSERT(entries.size() == before + header.count);
  PRAETOR_ASSERT(entries[before].index == next);
  next = entries.back().index.next();
  return {};
}

status wal_reader::cut(log_index first, std::size_t offset, std::size_t size) {
  PRAETOR_ASSERT(offset < size);
  PRAETOR_ASSERT(offset == log().segments_.back().end);
  auto path = log().path_of(first);
  auto opened = disk_.open(path, open_mode::existing);
  if (!opened)
    return opened.failure();
  if (auto done = (*opened)->truncate(offset); !done)
    return done;
  found_.torn_bytes = size - offset;
  found_.torn_file = path;
  return {};
}

// What was read may so far be in the system's memory only, if the last run
// was killed before its sync; but the caller may rest on it from now on.
status wal_reader::finish() {
  auto& segments = log().segments_;
  if (last_is_stillborn_) {
    PRAETOR_ASSERT(!segments.empty());
    if (auto removed = log().remove_segment(segments.back().first); !removed)
      return removed;
    segments.pop_back();
  }
  if (auto synced = disk_.sync_directory(log().directory_); !synced)
    return synced;
  // A log without entries does not insist on where it was to begin.
  if (segments.empty()) {
    log().next_ = {};
    return {};
  }
  if (auto opened = log().reopen_last_segment(); !opened)
    return opened;
  return log().active_->sync();
}

} // namespace praetor::storage
