#include "storage/posix_disk.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace praetor::storage {
namespace {

// The files hold keys, values and tokens: nobody else may read them.
constexpr ::mode_t file_mode = 0600;
constexpr ::mode_t directory_mode = 0700;

errc code_of(int number) {
  PRAETOR_ASSERT(number != 0);
  switch (number) {
  case ENOENT:
    return errc::not_found;
  case EEXIST:
    return errc::conflict;
  case ENOSPC:
  case EDQUOT:
    return errc::disk_full;
  default:
    return errc::io;
  }
}

error failed(const char* what, const std::string& path, int number) {
  return fail(code_of(number), std::string(what) + " " + path + ": " +
                                   std::generic_category().message(number));
}

// To be called before anything that could change errno.
error failed(const char* what, const std::string& path) {
  return failed(what, path, errno);
}

// Calls again when a signal came in between.
template <class Call>
auto retry(Call call) {
  auto outcome = call();
  while (outcome < 0 && errno == EINTR)
    outcome = call();
  return outcome;
}

/// Owns a file descriptor.
class descriptor {
public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept
      : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  // Never repeated: on Linux the number is free even after EINTR.
  ~descriptor() {
    if (number_ >= 0)
      ::close(number_);
  }
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

private:
  int number_;
};

class posix_file final : public file {
public:
  posix_file(descriptor opened, std::string path)
      : opened_(std::move(opened)), path_(std::move(path)) {
    PRAETOR_ASSERT(opened_.is_open());
  }

  status append(std::string_view bytes) override {
    if (::lseek(opened_.number(), 0, SEEK_END) < 0)
      return failed("seek", path_);
    return write(bytes, [&] {
      return ::write(opened_.number(), bytes.data(), bytes.size());
    });
  }

  status write_at(std::uint64_t offset, std::string_view bytes) override {
    return write(bytes, [&] {
      auto moved = ::pwrite(opened_.number(), bytes.data(), bytes.size(),
                            static_cast<::off_t>(offset));
      if (moved > 0)
        offset += static_cast<std::uint64_t>(moved);
      return moved;
    });
  }

  // Where the file system cannot reserve, the library writes a byte into each
  // block, which comes to the same.
  status reserve(std::uint64_t size) override {
    auto have = this->size();
    if (!have)
      return have.failure();
    if (*have >= size)
      return {};
    auto from = static_cast<::off_t>(*have);
    auto more = static_cast<::off_t>(size) - from;
    int number = EINTR;
    while (number == EINTR)
      number = ::posix_fallocate(opened_.number(), from, more);
    if (number == 0)
      return {};
    // It may have grown in part.
    auto why = failed("reserve", path_, number);
    if (auto cut = truncate(*have); !cut)
      return cut;
    return why;
  }

  // EINTR is an error here: whether the pages were written is not known.
  status sync() override {
    if (::fdatasync(opened_.number()) != 0)
      return failed("fdatasync", path_);
    return {};
  }

  result<std::uint64_t> size() const override {
    struct stat facts {};
    if (::fstat(opened_.number(), &facts) != 0)
      return failed("fstat", path_);
    PRAETOR_ASSERT(facts.st_size >= 0);
    return static_cast<std::uint64_t>(facts.st_size);
  }

  result<std::string> read_at(std::uint64_t offset,
                              std::size_t size) const override {
    if (offset >
        static_cast<std::uint64_t>(std::numeric_limits<::off_t>::max() / 2))
      return std::string();
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      auto got = retry([&] {
        return ::pread(opened_.number(), bytes.data() + have, size - have,
                       static_cast<::off_t>(offset + have));
      });
      if (got < 0)
        return failed("read", path_);
      if (got == 0)
        break;
      have += static_cast<std::size_t>(got);
      PRAETOR_ASSERT(have <= size);
    }
    bytes.resize(have);
    return bytes;
  }

  status truncate(std::uint64_t size) override {
    auto outcome = retry([&] {
      return ::ftruncate(opened_.number(), static_cast<::off_t>(size));
    });
    if (outcome != 0)
      return failed("truncate", path_);
    return {};
  }

private:
  // `bytes` is what is left to write; the call is made until nothing is.
  template <class Call>
  status write(std::string_view& bytes, Call call) {
    while (!bytes.empty()) {
      auto written = retry(call);
      if (written < 0)
        return failed("write", path_);
      PRAETOR_ASSERT(static_cast<std::size_t>(written) <= bytes.size());
      if (written == 0)
        return fail(errc::io, "write " + path_ + ": no progress");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  descriptor opened_;
  std::string path_;
};

result<descriptor> open_descriptor(const std::string& path, int flags) {
  descriptor opened(retry(
      [&] { return ::open(path.c_str(), flags | O_CLOEXEC, file_mode); }));
  if (!opened.is_open())
    return failed("open", path);
  return opened;
}

std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int flags_of(open_mode mode) {
  constexpr int all = O_RDWR;
  switch (mode) {
  case open_mode::existing:
    return all;
  case open_mode::create_new:
    return all | O_CREAT | O_EXCL;
  case open_mode::create_or_open:
    return all | O_CREAT;
  }
  PRAETOR_ASSERT(false);
}

} // namespace

result<std::unique_ptr<file>> posix_disk::open(const std::string& path,
                                               open_mode mode) {
  auto opened = open_descriptor(path, flags_of(mode));
  if (!opened)
    return opened.failure();
  return std::unique_ptr<file>(
      std::make_unique<posix_file>(std::move(*opened), path));
}

result<std::string> posix_disk::read_all(const std::string& path,
                                         std::size_t size_max) {
  PRAETOR_ASSERT(size_max < std::numeric_limits<std::size_t>::max());
  auto opened = open_descriptor(path, O_RDONLY);
  if (!opened)
    return opened.failure();
  posix_file from(std::move(*opened), path);
  auto size = from.size();
  if (!size)
    return size.failure();
  if (*size > size_max)
    return fail(errc::too_large, "read " + path + ": " + std::to_string(*size) +
                                     " bytes; allowed are " +
                                     std::to_string(size_max));
  return from.read_at(0, static_cast<std::size_t>(*size));
}

status posix_disk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return failed("rename", from);
  return {};
}

status posix_disk::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0)
    return failed("remove", path);
  return {};
}

result<std::vector<std::string>>
posix_disk::list(const std::string& directory) {
  auto* opened = ::opendir(directory.c_str());
  if (opened == nullptr)
    return failed("list", directory);
  std::vector<std::string> names;
  errno = 0;
  for (auto* one = ::readdir(opened); one != nullptr; one = ::readdir(opened)) {
    std::string name = one->d_name;
    if (name != "." && name != ".." && one->d_type != DT_DIR)
      names.push_back(std::move(name));
    errno = 0;
  }
  auto number = errno;
  ::closedir(opened);
  errno = number;
  if (number != 0)
    return failed("list", directory);
  std::sort(names.begin(), names.end());
  return names;
}

status posix_disk::create_directory(const std::string& directory) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = directory.find('/', end + 1);
    auto part = directory.substr(0, end);
    if (::mkdir(part.c_str(), directory_mode) == 0) {
      // A new directory is as durable as its name in the one above.
      if (auto synced = sync_directory(directory_of(part)); !synced)
        return synced;
    } else if (errno != EEXIST) {
      return failed("create directory", part);
    }
  }
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) != 0)
    return failed("create directory", directory);
  if (!S_ISDIR(facts.st_mode))
    return fail(errc::io, "create directory " + directory +
                              ": a file of that name is in the way");
  return {};
}

status posix_disk::sync_directory(const std::string& directory) {
  auto opened = open_descriptor(directory, O_RDONLY | O_DIRECTORY);
  if (!opened)
    return opened.failure();
  if (::fsync(opened->number()) != 0)
    return failed("fsync", directory);
  return {};
}

directory_lock::directory_lock(directory_lock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

directory_lock::~directory_lock() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

result<directory_lock> directory_lock::take(const std::string& directory) {
  if (auto made = posix_disk().create_directory(directory); !made)
    return made.failure();
  auto path = directory + "/lock";
  constexpr mode_t owner_only = 0600;
  int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, owner_only);
  if (descriptor < 0)
    return failed("open", path);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    return directory_lock(descriptor);
  bool taken = errno == EWOULDBLOCK;
  auto why = failed("lock", path);
  ::close(descriptor);
  if (taken)
    return fail(errc::conflict, "data directory " + directory +
                                    " is in use by another process");
  return why;
}

} // namespace praetor::storage
