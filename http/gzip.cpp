#include "http/gzip.hpp"

#include "http/message.hpp"
#include "protocol/base/assert.hpp"

#include <algorithm>
#include <limits>

#include <zlib.h>

namespace praetor::http {

namespace {

/// A compressor takes 260 KiB and longer to set up than to compress a small
/// answer; each thread keeps one and starts it over.
class compressor {
public:
  compressor() {
    constexpr int gzip_window = 15 + 16; // 16 asks zlib for the gzip header
    constexpr int memory_level = 8;      // zlib's default
    auto code = deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                             gzip_window, memory_level, Z_DEFAULT_STRATEGY);
    PRAETOR_ASSERT(code == Z_OK);
  }
  compressor(const compressor&) = delete;
  compressor& operator=(const compressor&) = delete;
  ~compressor() { deflateEnd(&stream_); }

  std::string run(std::string_view plain) {
    auto code = deflateReset(&stream_);
    PRAETOR_ASSERT(code == Z_OK);
    std::string out;
    // zlib counts one call's bytes in 32 bits.
    constexpr std::size_t step_max = std::size_t{1} << 30;
    auto bound = deflateBound(&stream_, plain.size());
    out.resize(bound);
    std::size_t written = 0;
    do {
      auto step = std::min(plain.size(), step_max);
      stream_.next_in =
          reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
      stream_.avail_in = static_cast<uInt>(step);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + written);
      auto room = static_cast<uInt>(
          std::min(out.size() - written, std::size_t{0xFFFFFFFF}));
      stream_.avail_out = room;
      code = deflate(&stream_, step == plain.size() ? Z_FINISH : Z_NO_FLUSH);
      written += room - stream_.avail_out;
      plain.remove_prefix(step - stream_.avail_in);
      PRAETOR_ASSERT(code == Z_OK || code == Z_STREAM_END);
    } while (code != Z_STREAM_END);
    PRAETOR_ASSERT(plain.empty());
    out.resize(written);
    return out;
  }

private:
  z_stream stream_{};
};

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Whether a weight such as "0.5" is well-formed and above zero.
bool is_positive(std::string_view weight) {
  bool positive = false;
  bool digits = false;
  bool point = false;
  for (auto c : weight) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits = true;
      positive = positive || c != '0';
    } else {
      return false;
    }
  }
  return digits && positive;
}

bool is_wanted_gzip(std::string_view item) {
  auto semicolon = item.find(';');
  if (!equals_ignoring_case(trimmed(item.substr(0, semicolon)), "gzip"))
    return false;
  while (semicolon != std::string_view::npos) {
    item.remove_prefix(semicolon + 1);
    semicolon = item.find(';');
    auto parameter = trimmed(item.substr(0, semicolon));
    if (parameter.size() >= 2 && (parameter[0] == 'q' || parameter[0] == 'Q') &&
        parameter[1] == '=')
      return is_positive(parameter.substr(2));
  }
  return true;
}

} // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    auto comma = accept_encoding.find(',');
    if (is_wanted_gzip(accept_encoding.substr(0, comma)))
      return true;
    if (comma == std::string_view::npos)
      return false;
    accept_encoding.remove_prefix(comma + 1);
  }
  return false;
}

std::string gzip(std::string_view plain) {
  thread_local compressor shared;
  return shared.run(plain);
}

} // namespace praetor::http
