// Another state out of the log takes the place of this one.

#include "storage/state_codec.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace praetor::storage {
namespace {

constexpr std::size_t inflate_step_bytes = std::size_t{256} << 10;

error corrupt(const std::string& why) {
  return fail(errc::corrupt, "restore: " + why);
}

// Feeds what the pieces stand for to the decoder.
class inflater {
public:
  inflater() { ready_ = inflateInit(&stream_) == Z_OK; }
  ~inflater() {
    if (ready_)
      inflateEnd(&stream_);
  }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;

  status feed(std::string_view bytes, state_decoder& to) {
    if (!ready_)
      return fail(errc::unavailable, "restore: no memory to decompress");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      if (ended_)
        return corrupt("bytes after the end of the compressed state");
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      auto code = inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return corrupt("the compressed state cannot be read");
      ended_ = code == Z_STREAM_END;
      auto ok = to.feed({out_.data(), out_.size() - stream_.avail_out});
      if (!ok)
        return ok;
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return {};
  }
  bool ended() const { return ended_; }

private:
  z_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
  std::string out_ = std::string(inflate_step_bytes, '\0');
};

result<state> read_parts(const state::restore& from, std::size_t shards) {
  inflater compressed;
  state_decoder decoder(shards);
  for (auto& part : from.parts)
    if (auto ok = compressed.feed(*part, decoder); !ok)
      return ok.failure();
  if (!compressed.ended())
    return corrupt("the compressed state is cut off");
  return std::move(decoder).finish();
}

// Indexes that clients saw never go back. Those of the records are as they
// were saved, so whatever happens from now on must lie beyond them as well.
void take_over(state& on, modify_index at, state made) {
  auto newest = newest_index(made);
  auto beyond = newest >= at ? newest - at + 1 : 0;
  made.ahead = std::max(on.ahead, beyond);
  made.restored = at + made.ahead;
  PRAETOR_ASSERT(made.restored > newest);
  PRAETOR_ASSERT(made.restored >= on.restored);
  made.restoring = {};
  // An archive that says nothing of the operators' rules leaves them alone.
  if (!made.autopilot)
    made.autopilot = on.autopilot;
  on = std::move(made);
}

} // namespace

status apply_restore(state& on, modify_index at,
                     const model::restore_part& part,
                     model::change_set& changes) {
  auto& now = on.restoring;
  if (part.number == 0)
    now = {part.id, {}, 0};
  if (now.id != part.id || now.parts.size() != part.number)
    return fail(errc::conflict, "restore: another one began before part " +
                                    std::to_string(part.number) +
                                    " of this one");
  now.bytes += part.bytes.size();
  if (now.bytes > restore_bytes_max) {
    now = {};
    return fail(errc::too_large, "restore: the compressed state has more than "
                                 "the allowed " +
                                     std::to_string(restore_bytes_max) +
                                     " bytes");
  }
  PRAETOR_ASSERT(now.bytes <= restore_bytes_max);
  now.parts.push_back(std::make_shared<const std::string>(part.bytes));
  if (!part.last)
    return {};
  auto made = read_parts(std::exchange(now, {}), on.shards.size());
  if (!made)
    return made.failure();
  constexpr auto index_max = UINT64_MAX / 2;
  if (newest_index(*made) > index_max || at > index_max)
    return corrupt("index " + std::to_string(newest_index(*made)) +
                   " is beyond any that a log has");
  take_over(on, at, *std::move(made));
  changes.everything = true;
  return {};
}

std::string compress_state(std::string_view bytes) {
  auto size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  auto code = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                        reinterpret_cast<const Bytef*>(bytes.data()),
                        static_cast<uLong>(bytes.size()), Z_BEST_SPEED);
  PRAETOR_ASSERT(code == Z_OK);
  out.resize(size);
  return out;
}

} // namespace praetor::storage
