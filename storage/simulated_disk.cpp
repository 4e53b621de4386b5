#include "storage/simulated_disk.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace praetor::storage {
namespace {

error broken(const std::string& what) {
  return fail(errc::io, what + ": Input/output error");
}

error full(const std::string& what) {
  return fail(errc::disk_full, what + ": No space left on device");
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
    return write_at(opened_->now.size(), bytes);
  }

  status write_at(std::uint64_t offset, std::string_view bytes) override {
    auto fails = is_broken();
    auto at = static_cast<std::size_t>(offset);
    auto size = opened_->now.size();
    PRAETOR_ASSERT(at <= size);
    auto within = std::min(size - at, bytes.size());
    auto fits = bytes.size();
    if (owner_.room_)
      fits = std::min(fits, within + *owner_.room_);
    auto written = fails ? std::min(fits, bytes.size() / 2) : fits;
    if (generation_ == owner_.generation_)
      put(at, bytes.substr(0, written));
    if (fails)
      return broken("write " + path_);
    if (fits < bytes.size())
      return full("write " + path_);
    return {};
  }

  status reserve(std::uint64_t size) override {
    if (is_broken())
      return broken("reserve " + path_);
    auto have = opened_->now.size();
    if (size <= have)
      return {};
    auto more = static_cast<std::size_t>(size) - have;
    if (owner_.room_ && *owner_.room_ < more)
      return full("reserve " + path_);
    if (owner_.room_)
      *owner_.room_ -= more;
    opened_->make({true, static_cast<std::size_t>(size), {}});
    owner_.written_last_ = opened_;
    return {};
  }

  status sync() override {
    if (is_broken() || owner_.syncs_fail_)
      return broken("fdatasync " + path_);
    opened_->sync();
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
    auto fails = owner_.is_read_broken(path_);
    if (fails || generation_ != owner_.generation_)
      return broken("read " + path_);
    if (offset >= opened_->now.size())
      return std::string();
    return opened_->now.substr(static_cast<std::size_t>(offset), size);
  }

  status truncate(std::uint64_t size) override {
    if (is_broken())
      return broken("truncate " + path_);
    auto have = opened_->now.size();
    if (size < have)
      owner_.give_room(have - static_cast<std::size_t>(size));
    opened_->make({true, static_cast<std::size_t>(size), {}});
    owner_.written_last_ = opened_;
    return {};
  }

private:
  bool is_broken() const {
    return owner_.is_broken() || generation_ != owner_.generation_;
  }

  void put(std::size_t at, std::string_view bytes) {
    auto before = opened_->now.size();
    if (owner_.goes_astray(bytes)) {
      if (at + bytes.size() > before)
        opened_->make({true, at + bytes.size(), {}});
    } else {
      opened_->make({false, at, std::string(bytes)});
    }
    owner_.written_last_ = opened_;
    if (owner_.room_)
      *owner_.room_ -= opened_->now.size() - before;
  }

  simulated_disk& owner_;
  std::size_t generation_;
  std::shared_ptr<node> opened_;
  std::string path_;
};

simulated_disk::simulated_disk() = default;
simulated_disk::~simulated_disk() = default;

void simulated_disk::apply(std::string& bytes, const change& one) {
  if (one.resizes) {
    bytes.resize(one.at, '\0');
    return;
  }
  // A sector in the middle may have been lost.
  bytes.resize(std::max(bytes.size(), one.at + one.bytes.size()), '\0');
  std::copy(one.bytes.begin(), one.bytes.end(),
            bytes.begin() + static_cast<std::ptrdiff_t>(one.at));
}

void simulated_disk::node::make(change one) {
  apply(now, one);
  unsynced.push_back(std::move(one));
}

// Not a copy of the whole: files are large and syncs are many.
void simulated_disk::node::sync() {
  for (auto& one : unsynced)
    apply(durable, one);
  unsynced.clear();
}

void simulated_disk::tear(node& one, const crash_options& how) {
  auto size = one.now.size();
  auto left = *how.torn_bytes;
  for (auto& each : one.unsynced) {
    auto kept = std::min(left, each.bytes.size());
    auto whole = kept == each.bytes.size();
    each.bytes.resize(kept);
    if (each.resizes || kept > 0)
      apply(one.durable, each);
    if (!whole)
      break;
    left -= kept;
  }
  if (how.zero_rest && one.durable.size() < size)
    one.durable.resize(size, '\0');
}

void simulated_disk::scatter(node& one, prng& chance) {
  for (auto& each : one.unsynced) {
    if (each.resizes)
      apply(one.durable, each);
    auto end = each.at + each.bytes.size();
    for (auto at = each.at; !each.resizes && at < end;) {
      auto next = at - at % simulated_sector_size + simulated_sector_size;
      auto size = std::min(end, next) - at;
      if (chance.below(2) == 0)
        apply(one.durable, {false, at, each.bytes.substr(at - each.at, size)});
      at += size;
    }
  }
}

void simulated_disk::crash(crash_options how) {
  PRAETOR_ASSERT(!how.torn_bytes || !how.scatter);
  ++generation_;
  mend();
  if (how.keep_names)
    durable_names_ = names_;
  names_ = durable_names_;
  if (written_last_ && how.torn_bytes)
    tear(*written_last_, how);
  prng chance(how.scatter.value_or(0));
  for (auto& [path, one] : names_) {
    if (how.scatter)
      scatter(*one, chance);
    one->unsynced.clear();
    one->now = one->durable;
  }
  written_last_.reset();
}

void simulated_disk::mend() {
  failing_call_.reset();
  fails_for_good_ = false;
  syncs_fail_ = false;
  read_faults_.clear();
  misdirections_.clear();
  room_.reset();
}

void simulated_disk::fail_call(std::size_t n, bool for_good) {
  failing_call_ = calls_ + n;
  fails_for_good_ = for_good;
}

void simulated_disk::fail_read(std::string path, std::size_t n, bool for_good) {
  read_faults_.push_back({std::move(path), n, for_good});
}

void simulated_disk::flip_bit(const place& at, unsigned bit) {
  PRAETOR_ASSERT(bit < 8);
  auto found = names_.find(at.path);
  PRAETOR_ASSERT(found != names_.end());
  auto& one = *found->second;
  PRAETOR_ASSERT(at.offset < one.durable.size());
  for (auto* bytes : {&one.durable, &one.now})
    if (at.offset < bytes->size())
      (*bytes)[at.offset] = static_cast<char>((*bytes)[at.offset] ^ 1 << bit);
}

std::optional<simulated_disk::place>
simulated_disk::decay(std::uint64_t drawn, const std::string& path_prefix) {
  std::vector<std::pair<std::string, std::size_t>> written;
  std::size_t total = 0;
  for (auto& [path, one] : names_) {
    auto last = one->durable.find_last_not_of('\0');
    if (!path.starts_with(path_prefix) || last == std::string::npos)
      continue;
    written.emplace_back(path, last + 1);
    total += last + 1;
  }
  if (total == 0)
    return std::nullopt;
  prng chance(drawn);
  auto offset = static_cast<std::size_t>(chance.below(total));
  for (auto& [path, size] : written) {
    if (offset < size) {
      flip_bit({path, offset}, static_cast<unsigned>(chance.below(8)));
      return place{path, offset};
    }
    offset -= size;
  }
  PRAETOR_ASSERT(false);
}

void simulated_disk::misdirect_write(std::size_t n, std::optional<place> to) {
  misdirections_.push_back({writes_ + n, std::move(to)});
}

bool simulated_disk::goes_astray(std::string_view bytes) {
  auto number = writes_++;
  auto found = std::find_if(misdirections_.begin(), misdirections_.end(),
                            [&](auto& one) { return one.write == number; });
  if (found == misdirections_.end())
    return false;
  auto to = std::move(found->to);
  misdirections_.erase(found);
  auto victim = to ? names_.find(to->path) : names_.end();
  if (victim == names_.end())
    return true;
  for (auto* there : {&victim->second->durable, &victim->second->now}) {
    auto room = there->size() - std::min(there->size(), to->offset);
    if (room > 0)
      apply(*there, {false, to->offset, std::string(bytes.substr(0, room))});
  }
  return true;
}

void simulated_disk::give_room(std::size_t bytes) {
  if (room_)
    *room_ += bytes;
}

std::size_t simulated_disk::unsynced_bytes() const {
  std::size_t sum = 0;
  if (written_last_)
    for (auto& one : written_last_->unsynced)
      sum += one.bytes.size();
  return sum;
}

std::vector<std::string> simulated_disk::paths() const {
  std::vector<std::string> found;
  for (auto& [path, one] : names_)
    found.push_back(path);
  return found;
}

std::string simulated_disk::contents(const std::string& path) const {
  auto found = names_.find(path);
  PRAETOR_ASSERT(found != names_.end());
  return found->second->now;
}

void simulated_disk::plant(const std::string& path, std::string bytes) {
  directories_.insert(directory_of(path));
  auto made = std::make_shared<node>(node{bytes, bytes, {}});
  names_[path] = made;
  durable_names_[path] = made;
}

bool simulated_disk::is_broken() {
  auto number = calls_++;
  if (!failing_call_)
    return false;
  return fails_for_good_ ? number >= *failing_call_ : number == *failing_call_;
}

bool simulated_disk::is_read_broken(const std::string& path) {
  auto fails = is_broken();
  for (auto i = read_faults_.begin(); i != read_faults_.end();) {
    if (!i->path.empty() && i->path != path) {
      ++i;
    } else if (i->n > 0) {
      --i->n;
      ++i;
    } else {
      fails = true;
      i = i->for_good ? i + 1 : read_faults_.erase(i);
    }
  }
  return fails;
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
      return full("open " + path);
    found = names_.emplace(path, std::make_shared<node>()).first;
  }
  return std::unique_ptr<file>(
      std::make_unique<handle>(*this, found->second, path));
}

result<std::string> simulated_disk::read_all(const std::string& path,
                                             std::size_t size_max) {
  if (is_read_broken(path))
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
  if (auto old = names_.find(to); old != names_.end())
    give_room(old->second->now.size());
  names_[to] = std::move(moved);
  return {};
}

status simulated_disk::remove(const std::string& path) {
  if (is_broken())
    return broken("remove " + path);
  auto found = names_.find(path);
  if (found == names_.end())
    return absent("remove " + path);
  give_room(found->second->now.size());
  names_.erase(found);
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
  // Those above it come with it.
  for (auto at = directory.size(); at != std::string::npos && at > 0;
       at = directory.rfind('/', at - 1))
    directories_.insert(directory.substr(0, at));
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
