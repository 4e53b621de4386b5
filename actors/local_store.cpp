#include "actors/local_store.hpp"

#include "protocol/base/bytes.hpp"

#include <spdlog/spdlog.h>

#include <cstdio>

namespace praetor::actors {
namespace {

constexpr std::uint32_t magic = 0x434c5250; // "PRLC"
constexpr std::size_t frame_size = 8;       // magic and checksum

// Long enough to recognise an id, and with the hash and what is written aside
// well below the 255 bytes that file systems take.
constexpr std::size_t readable_bytes_max = 64;

// Not a name of ours: those end with a hexadecimal digit.
constexpr std::string_view aside_suffix = ".new";

constexpr const char* expiries_name = "expiries";

// FNV-1a. Two ids that agree in it and in their readable part would share a
// file, which `load` notices.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ull;
  for (auto c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

// ASCII alone, whatever the locale says.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string framed(std::string_view content) {
  std::string bytes;
  byte_writer out(bytes);
  out.u32(magic);
  bytes += content;
  out.u32(crc32c(bytes));
  PRAETOR_ASSERT(bytes.size() == content.size() + frame_size);
  return bytes;
}

result<std::string_view> unframed(std::string_view bytes) {
  if (bytes.size() < frame_size)
    return fail(errc::corrupt,
                "it has only " + std::to_string(bytes.size()) + " bytes");
  if (byte_reader(bytes).u32() != magic)
    return fail(errc::corrupt, "it does not begin as a file of ours");
  auto covered = bytes.substr(0, bytes.size() - 4);
  if (byte_reader(bytes.substr(covered.size())).u32() != crc32c(covered))
    return fail(errc::corrupt, "its checksum is wrong");
  return covered.substr(4);
}

const std::string& id_of(const model::service_wish& what) {
  return what.service.id;
}
const std::string& id_of(const model::kept_check& what) {
  return what.wish.id;
}

status unless_absent(status outcome) {
  if (!outcome && outcome.failure().code == errc::not_found)
    return {};
  return outcome;
}

template <class T, class Decode>
result<T> read(storage::disk& disk, const std::string& directory,
               const std::string& name, Decode decode) {
  auto bytes = disk.read_all(directory + "/" + name, local_file_bytes_max);
  if (!bytes)
    return bytes.failure();
  auto content = unframed(*bytes);
  if (!content)
    return content.failure();
  result<T> found = decode(*content);
  if (found && local_file_name(id_of(*found)) != name)
    return fail(errc::corrupt, "it has the name of another");
  return found;
}

std::string fault_of(const status& outcome) {
  if (outcome)
    return {};
  auto& text = outcome.failure().text;
  spdlog::error("agent: what the API said is not kept: {}", text);
  return "Failed to persist: " + text;
}

} // namespace

std::string local_file_name(std::string_view id) {
  std::string name(id.substr(0, readable_bytes_max));
  for (auto& c : name)
    if (!is_plain(c))
      c = '_';
  char digits[18];
  std::snprintf(digits, sizeof digits, "-%016llx",
                static_cast<unsigned long long>(hash_of(id)));
  return name + digits;
}

local_files::local_files(std::shared_ptr<storage::disk> on,
                         std::string directory)
    : disk_(std::move(on)), directory_(directory),
      services_(directory + "/services"), checks_(directory + "/checks") {
  PRAETOR_ASSERT(disk_);
}

template <class T, class Decode>
status local_files::load_each(const std::string& directory, Decode decode,
                              std::vector<T>& into) {
  if (auto ok = disk_->create_directory(directory); !ok)
    return ok;
  auto names = disk_->list(directory);
  if (!names)
    return names.failure();
  for (auto& name : *names) {
    if (name.ends_with(aside_suffix)) {
      // Never finished, so nobody was told that it is kept.
      if (auto ok = disk_->remove(directory + "/" + name); !ok)
        spdlog::warn("agent: {}", ok.failure().text);
      continue;
    }
    auto one = read<T>(*disk_, directory, name, decode);
    if (one)
      into.push_back(*std::move(one));
    else
      spdlog::error("agent: a kept file is left out: file={}/{} error=\"{}\"",
                    directory, name, one.failure().text);
  }
  return {};
}

result<model::kept_local> local_files::load() {
  model::kept_local found;
  if (auto ok =
          load_each(services_, model::decode_local_service, found.services);
      !ok)
    return ok.failure();
  if (auto ok = load_each(checks_, model::decode_local_check, found.checks);
      !ok)
    return ok.failure();
  if (auto expiries = load_expiries())
    found.expiries = *std::move(expiries);
  else if (expiries.failure().code != errc::not_found)
    spdlog::error("agent: a kept file is left out: file={}/{} error=\"{}\"",
                  directory_, expiries_name, expiries.failure().text);
  return found;
}

result<model::kept_expiries> local_files::load_expiries() {
  auto bytes =
      disk_->read_all(directory_ + "/" + expiries_name, local_file_bytes_max);
  if (!bytes)
    return bytes.failure();
  auto content = unframed(*bytes);
  if (!content)
    return content.failure();
  return model::decode_local_expiries(*content);
}

status local_files::save(const model::service_wish& what) {
  PRAETOR_ASSERT(!id_of(what).empty());
  return write(services_, local_file_name(id_of(what)),
               model::encode_local(what));
}

status local_files::save(const model::kept_check& what) {
  PRAETOR_ASSERT(!id_of(what).empty());
  return write(checks_, local_file_name(id_of(what)),
               model::encode_local(what));
}

status local_files::save(const model::kept_expiries& what) {
  return write(directory_, expiries_name, model::encode_local(what));
}

status local_files::remove_service(const std::string& id) {
  return remove(services_, id);
}

status local_files::remove_check(const std::string& id) {
  return remove(checks_, id);
}

status local_files::write(const std::string& directory, const std::string& name,
                          std::string_view content) {
  if (content.size() > local_file_bytes_max - frame_size)
    return fail(errc::too_large,
                std::to_string(content.size()) + " bytes; allowed are " +
                    std::to_string(local_file_bytes_max - frame_size));
  auto path = directory + "/" + name;
  auto aside = path + std::string(aside_suffix);
  if (auto ok = unless_absent(disk_->remove(aside)); !ok)
    return ok;
  auto file = disk_->open(aside, storage::open_mode::create_new);
  if (!file)
    return file.failure();
  auto done = (*file)->append(framed(content));
  if (done)
    done = (*file)->sync();
  if (done)
    done = disk_->rename(aside, path);
  if (!done) {
    // What is half written takes room that a full disk may lack.
    (void)disk_->remove(aside);
    return done;
  }
  return disk_->sync_directory(directory);
}

status local_files::remove(const std::string& directory,
                           const std::string& id) {
  PRAETOR_ASSERT(!id.empty());
  auto gone = disk_->remove(directory + "/" + local_file_name(id));
  if (!gone)
    return unless_absent(std::move(gone));
  return disk_->sync_directory(directory);
}

local_store_actor::behavior_type
local_store(local_store_ptr self, std::shared_ptr<local_files> files) {
  self->state.files = std::move(files);
  auto* on = self->state.files.get();
  return {
      [=](at::save, const model::service_wish& what) {
        return fault_of(on->save(what));
      },
      [=](at::save, const model::kept_check& what) {
        return fault_of(on->save(what));
      },
      [=](at::save, const model::kept_expiries& what) {
        return fault_of(on->save(what));
      },
      [=](at::remove, at::service, const std::string& id) {
        return fault_of(on->remove_service(id));
      },
      [=](at::remove, at::check, const std::string& id) {
        return fault_of(on->remove_check(id));
      },
  };
}

} // namespace praetor::actors
