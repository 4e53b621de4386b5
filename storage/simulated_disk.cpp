#include "storage/simulated_disk.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace praetor::storage {
namespace {

error broken(const std::string& what) {
  return fail(errc::io, what + ": Input/output error");
}

error absent(const std::string& what) {
  return fail(errc::not_found, what + ": No such file or directory");
}

std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

} // namespace

class simulated_disk::handle final : public file {
public:
  handle(simulated_disk& owner, std::shared_ptr<node> opened, std::string path)
      : owner_(owner), generation_(owner.generation_),
        opened_(std::move(opened)), path_(std::move(path)) {}

  status append(std::string_view bytes) override {
    auto fails = is_broken();
    auto fits =
        owner_.room_ ? std::min(*owner_.room_, bytes.size()) : bytes.size();
    auto written = fails ? std::min(fits, bytes.size() / 2) : fits;
    if (generation_ == owner_.generation_) {
      opened_->now += bytes.substr(0, written);
      owner_.written_last_ = opened_;
      if (owner_.room_)
        *owner_.room_ -= written;
    }
    if (fails)
      return broken("write " + path_);
    if (fits < bytes.size())
      return fail(errc::io, "write " + path_ + ": No space left on device");
    return {};
  }

  status sync() override {
    if (is_broken() || owner_.syncs_fail_)
      return broken("fdatasync " + path_);
    opened_->durable = opened_->now;
    ++owner_.syncs_;
    return {};
  }

  result<std::uint64_t> size() const override {
    if (is_broken())
      return broken("fstat " + path_);
    return std::uint64_t{opened_->now.size()};
  }

  result<std::string> read_at(std::uint64_t offset,
                              std::size_t size) const override {
    if (is_broken())
      return broken("read " + path_);
    if (offset >= opened_->now.size())
      return std::string();
    return opened_->now.substr(static_cast<std::size_t>(offset), size);
  }

  status truncate(std::uint64_t size) override {
    if (is_broken())
      return broken("truncate " + path_);
    opened_->now.resize(static_cast<std::size_t>(size));
    owner_.written_last_ = opened_;
    return {};
  }

private:
  bool is_broken() const {
    return owner_.is_broken() || generation_ != owner_.generation_;
  }

  simulated_disk& owner_;
  std::size_t generation_;
  std::shared_ptr<node> opened_;
  std::string path_;
};

simulated_disk::simulated_disk() = default;
simulated_disk::~simulated_disk() = default;

void simulated_disk::crash(crash_options how) {
  ++generation_;
  failing_call_.reset();
  fails_for_good_ = false;
  syncs_fail_ = false;
  room_.reset();
  if (how.keep_names)
    durable_names_ = names_;
  names_ = durable_names_;
  if (written_last_ && how.torn_bytes) {
    auto& one = *written_last_;
    auto grew = one.now.starts_with(one.durable);
    auto kept = (grew ? one.durable.size() : 0) + *how.torn_bytes;
    auto size = one.now.size();
    one.now.resize(std::min(kept, size));
    if (how.zero_rest)
      one.now.resize(size, '\0');
    one.durable = one.now;
  }
  for (auto& [path, one] : names_)
    one->now = one->durable;
  written_last_.reset();
}

void simulated_disk::fail_call(std::size_t n, bool for_good) {
  failing_call_ = calls_ + n;
  fails_for_good_ = for_good;
}

std::size_t simulated_disk::unsynced_bytes() const {
  if (!written_last_ || !written_last_->now.starts_with(written_last_->durable))
    return 0;
  return written_last_->now.size() - written_last_->durable.size();
}

std::string simulated_disk::contents(const std::string& path) const {
  auto found = names_.find(path);
  PRAETOR_ASSERT(found != names_.end());
  return found->second->now;
}

void simulated_disk::plant(const std::string& path, std::string bytes) {
  directories_.insert(directory_of(path));
  auto made = std::make_shared<node>(node{bytes, bytes});
  names_[path] = made;
  durable_names_[path] = made;
}

bool simulated_disk::is_broken() {
  auto number = calls_++;
  if (!failing_call_)
    return false;
  return fails_for_good_ ? number >= *failing_call_ : number == *failing_call_;
}

result<std::unique_ptr<file>> simulated_disk::open(const std::string& path,
                                                   open_mode mode) {
  if (is_broken())
    return broken("open " + path);
  auto found = names_.find(path);
  if (found != names_.end() && mode == open_mode::create_new)
    return fail(errc::conflict, "open " + path + ": File exists");
  if (found == names_.end()) {
    if (mode == open_mode::existing ||
        !directories_.contains(directory_of(path)))
      return absent("open " + path);
    if (room_ && *room_ == 0)
      return fail(errc::io, "open " + path + ": No space left on device");
    found = names_.emplace(path, std::make_shared<node>()).first;
  }
  return std::unique_ptr<file>(
      std::make_unique<handle>(*this, found->second, path));
}

result<std::string> simulated_disk::read_all(const std::string& path,
                                             std::size_t size_max) {
  if (is_broken())
    return broken("read " + path);
  auto found = names_.find(path);
  if (found == names_.end())
    return absent("read " + path);
  if (found->second->now.size() > size_max)
    return fail(errc::too_large, "read " + path + ": too large");
  return found->second->now;
}

status simulated_disk::rename(const std::string& from, const std::string& to) {
  if (is_broken())
    return broken("rename " + from);
  auto found = names_.find(from);
  if (found == names_.end())
    return absent("rename " + from);
  auto moved = found->second;
  names_.erase(found);
  names_[to] = std::move(moved);
  return {};
}

status simulated_disk::remove(const std::string& path) {
  if (is_broken())
    return broken("remove " + path);
  if (names_.erase(path) == 0)
    return absent("remove " + path);
  return {};
}

result<std::vector<std::string>>
simulated_disk::list(const std::string& directory) {
  if (is_broken())
    return broken("list " + directory);
  if (!directories_.contains(directory))
    return absent("list " + directory);
  std::vector<std::string> found;
  for (auto& [path, one] : names_)
    if (directory_of(path) == directory)
      found.push_back(path.substr(path.rfind('/') + 1));
  return found;
}

status simulated_disk::create_directory(const std::string& directory) {
  if (is_broken())
    return broken("create directory " + directory);
  directories_.insert(directory);
  return {};
}

status simulated_disk::sync_directory(const std::string& directory) {
  if (is_broken() || syncs_fail_)
    return broken("fsync " + directory);
  std::erase_if(durable_names_, [&](auto& one) {
    return directory_of(one.first) == directory;
  });
  for (auto& [path, one] : names_)
    if (directory_of(path) == directory)
      durable_names_[path] = one;
  return {};
}

} // namespace praetor::storage
