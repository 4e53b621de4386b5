#include "storage/snapshot_file.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/bytes.hpp"

#include <algorithm>
#include <cstdio>

namespace praetor::storage {
namespace {

constexpr std::uint32_t file_magic = 0x4E535250; // "PRSN" in the file
constexpr std::uint32_t file_version = 1;
constexpr std::size_t fixed_header_size = 32;
constexpr std::size_t crc_size = 4;
constexpr std::size_t chunk_head_size = 8;
constexpr std::size_t end_size = 16; // behind the head of a chunk of no bytes

constexpr std::string_view suffix = ".snapshot";
constexpr const char* aside_name = "/next.new";
constexpr std::size_t digits = 16;

std::string path_of(const std::string& directory, const snapshot_name& name) {
  return directory + "/" + to_text(name);
}

// The place enters the checksum: chunks that changed places are damage.
std::uint32_t crc_of(std::uint64_t place, std::uint32_t size,
                     std::string_view body) {
  std::string head;
  byte_writer out(head);
  out.u64(place);
  out.u32(size);
  return crc32c(body, crc32c(head));
}

std::string encode_header(const snapshot_meta& what) {
  std::string bytes;
  byte_writer out(bytes);
  out.u32(file_magic);
  out.u32(file_version);
  out.u64(what.index.value);
  out.u64(what.in_term.value);
  out.u32(static_cast<std::uint32_t>(what.servers.size()));
  out.u32(crc32c(bytes));
  PRAETOR_ASSERT(bytes.size() == fixed_header_size);
  if (what.servers.empty())
    return bytes;
  bytes += what.servers;
  out.u32(crc32c(what.servers));
  return bytes;
}

std::string encode_chunk_head(std::uint64_t place, std::string_view body,
                              std::uint32_t size) {
  std::string bytes;
  byte_writer out(bytes);
  out.u32(size);
  out.u32(crc_of(place, size, body));
  PRAETOR_ASSERT(bytes.size() == chunk_head_size);
  return bytes;
}

// Lower-case hexadecimal digits only, as we write them.
std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t x = 0;
  for (auto c : text) {
    auto small = c >= 'a' && c <= 'f';
    if (!small && (c < '0' || c > '9'))
      return std::nullopt;
    x = x << 4 | static_cast<std::uint64_t>(small ? c - 'a' + 10 : c - '0');
  }
  return x;
}

} // namespace

std::string to_text(const snapshot_name& name) {
  char text[2 * digits + 2];
  std::snprintf(text, sizeof text, "%016llx-%016llx",
                static_cast<unsigned long long>(name.index.value),
                static_cast<unsigned long long>(name.in_term.value));
  return text + std::string(suffix);
}

std::optional<snapshot_name> parse_snapshot_name(std::string_view text) {
  if (text.size() != 2 * digits + 1 + suffix.size() || text[digits] != '-' ||
      !text.ends_with(suffix))
    return std::nullopt;
  auto index = parse_digits(text.substr(0, digits));
  auto in_term = parse_digits(text.substr(digits + 1, digits));
  if (!index || !in_term || *index == 0 || *in_term == 0)
    return std::nullopt;
  return snapshot_name{{*index}, {*in_term}};
}

result<std::vector<snapshot_name>>
list_snapshots(disk& on, const std::string& directory) {
  std::vector<snapshot_name> found;
  auto names = on.list(directory);
  if (!names && names.failure().code == errc::not_found)
    return found;
  if (!names)
    return names.failure();
  for (auto& text : *names)
    if (auto name = parse_snapshot_name(text))
      found.push_back(*name);
  std::sort(found.rbegin(), found.rend());
  return found;
}

snapshot_writer::snapshot_writer(disk& on, std::string directory,
                                 snapshot_meta what)
    : disk_(&on), directory_(std::move(directory)), what_(std::move(what)) {
  PRAETOR_ASSERT(!directory_.empty());
  PRAETOR_ASSERT(what_.index.value > 0);
  PRAETOR_ASSERT(what_.in_term.value > 0);
}

result<snapshot_writer> snapshot_writer::create(disk& on, std::string directory,
                                                snapshot_meta what) {
  if (what.servers.size() > snapshot_servers_bytes_max)
    return fail(errc::too_large,
                "snapshot: " + std::to_string(what.servers.size()) +
                    " bytes of servers; allowed are " +
                    std::to_string(snapshot_servers_bytes_max));
  snapshot_writer made(on, std::move(directory), std::move(what));
  auto aside = made.directory_ + aside_name;
  if (auto ok = on.create_directory(made.directory_); !ok)
    return ok.failure();
  if (auto ok = on.remove(aside); !ok && ok.failure().code != errc::not_found)
    return ok.failure();
  auto opened = on.open(aside, open_mode::create_new);
  if (!opened)
    return opened.failure();
  made.to_ = std::move(*opened);
  if (auto ok = made.write(encode_header(made.what_)); !ok)
    return ok.failure();
  return made;
}

// The first failure counts; that of the removal would hide it.
error snapshot_writer::given_up(error why) {
  to_.reset();
  (void)disk_->remove(directory_ + aside_name);
  return why;
}

status snapshot_writer::write(std::string_view bytes) {
  PRAETOR_ASSERT(to_);
  if (auto ok = to_->append(bytes); !ok)
    return given_up(ok.failure());
  size_ += bytes.size();
  unsynced_ += bytes.size();
  if (unsynced_ < snapshot_sync_bytes)
    return {};
  unsynced_ = 0;
  if (auto ok = to_->sync(); !ok)
    return given_up(ok.failure());
  return {};
}

status snapshot_writer::append(std::string_view chunk) {
  PRAETOR_ASSERT(!chunk.empty());
  PRAETOR_ASSERT(chunk.size() <= snapshot_chunk_bytes_max);
  if (!to_)
    return fail(errc::io, "the snapshot was given up after a failure");
  auto bytes = encode_chunk_head(chunks_, chunk,
                                 static_cast<std::uint32_t>(chunk.size()));
  bytes += chunk;
  if (auto ok = write(bytes); !ok)
    return ok;
  ++chunks_;
  bytes_ += chunk.size();
  return {};
}

status snapshot_writer::close() {
  std::string end;
  byte_writer out(end);
  out.u64(chunks_);
  out.u64(bytes_);
  PRAETOR_ASSERT(end.size() == end_size);
  if (auto ok = write(encode_chunk_head(chunks_, end, 0) + end); !ok)
    return ok;
  if (auto ok = to_->sync(); !ok)
    return given_up(ok.failure());
  to_.reset();
  return {};
}

result<std::uint64_t> snapshot_writer::commit() {
  if (!to_)
    return fail(errc::io, "the snapshot was given up after a failure");
  if (auto ok = close(); !ok)
    return ok.failure();
  snapshot_name name{what_.index, what_.in_term};
  if (auto ok =
          disk_->rename(directory_ + aside_name, path_of(directory_, name));
      !ok)
    return ok.failure();
  if (auto ok = disk_->sync_directory(directory_); !ok)
    return ok.failure();
  if (auto ok = remove_old_snapshots(*disk_, directory_); !ok)
    return ok.failure();
  return size_;
}

status remove_old_snapshots(disk& on, const std::string& directory) {
  auto found = list_snapshots(on, directory);
  if (!found)
    return found.failure();
  PRAETOR_ASSERT(std::is_sorted(found->rbegin(), found->rend()));
  while (found->size() > snapshots_kept) {
    if (auto ok = on.remove(path_of(directory, found->back())); !ok)
      return ok;
    found->pop_back();
  }
  return {};
}

error snapshot_reader::corrupt(const std::string& what) const {
  return fail(errc::corrupt,
              path_ + " at offset " + std::to_string(offset_) + ": " + what);
}

result<snapshot_reader> snapshot_reader::open(disk& on,
                                              const std::string& directory,
                                              const snapshot_name& name) {
  snapshot_reader made;
  made.path_ = path_of(directory, name);
  auto opened = on.open(made.path_, open_mode::existing);
  if (!opened)
    return opened.failure();
  made.from_ = std::move(*opened);
  if (auto ok = made.read_header(name); !ok)
    return ok.failure();
  return made;
}

// All of so many bytes, or `errc::corrupt`.
result<std::string> snapshot_reader::read(std::size_t size) {
  PRAETOR_ASSERT(size <= snapshot_chunk_bytes_max);
  auto bytes = from_->read_at(offset_, size);
  if (!bytes)
    return bytes.failure();
  if (bytes->size() < size)
    return corrupt("the file ends within a record");
  offset_ += size;
  return bytes;
}

status snapshot_reader::read_header(const snapshot_name& name) {
  auto bytes = read(fixed_header_size);
  if (!bytes)
    return bytes.failure();
  byte_reader in(*bytes);
  auto magic = in.u32();
  auto version = in.u32();
  meta_.index.value = in.u64();
  meta_.in_term.value = in.u64();
  auto size = in.u32();
  auto crc = in.u32();
  PRAETOR_ASSERT(in.at_end());
  auto covered = std::string_view(*bytes).substr(0, bytes->size() - crc_size);
  if (magic != file_magic || crc != crc32c(covered))
    return corrupt("the header is damaged");
  if (version != file_version)
    return fail(errc::unsupported,
                path_ + ": version " + std::to_string(version) +
                    "; this build reads " + std::to_string(file_version));
  if (name != snapshot_name{meta_.index, meta_.in_term})
    return corrupt("the header is that of index " +
                   std::to_string(meta_.index.value) + " and term " +
                   std::to_string(meta_.in_term.value));
  if (size > snapshot_servers_bytes_max)
    return corrupt(std::to_string(size) + " bytes of servers");
  if (size == 0)
    return {};
  auto servers = read(size + crc_size);
  if (!servers)
    return servers.failure();
  meta_.servers = servers->substr(0, size);
  if (byte_reader(std::string_view(*servers).substr(size)).u32() !=
      crc32c(meta_.servers))
    return corrupt("the list of servers is damaged");
  return {};
}

status snapshot_reader::check_end(std::uint32_t expected) {
  auto bytes = read(end_size);
  if (!bytes)
    return bytes.failure();
  if (crc_of(chunks_, 0, *bytes) != expected)
    return corrupt("the closing record is damaged");
  byte_reader in(*bytes);
  if (in.u64() != chunks_ || in.u64() != bytes_)
    return corrupt("the closing record speaks of other chunks");
  PRAETOR_ASSERT(in.at_end());
  auto size = from_->size();
  if (!size)
    return size.failure();
  if (*size != offset_)
    return corrupt("bytes after the closing record");
  ended_ = true;
  return {};
}

result<std::string> snapshot_reader::next() {
  if (ended_)
    return std::string();
  auto head = read(chunk_head_size);
  if (!head)
    return head.failure();
  byte_reader in(*head);
  auto size = in.u32();
  auto crc = in.u32();
  PRAETOR_ASSERT(in.at_end());
  if (size == 0) {
    if (auto ok = check_end(crc); !ok)
      return ok.failure();
    return std::string();
  }
  if (size > snapshot_chunk_bytes_max)
    return corrupt("a chunk of " + std::to_string(size) + " bytes");
  auto body = read(size);
  if (!body)
    return body.failure();
  if (crc_of(chunks_, size, *body) != crc)
    return corrupt("chunk " + std::to_string(chunks_) + " is damaged");
  ++chunks_;
  bytes_ += size;
  return body;
}

} // namespace praetor::storage
