// Feeds any bytes to a connection, cut in pieces that the bytes themselves
// choose, and answers every request. The first byte chooses how: early or
// late, streamed or whole. Whatever comes, the promises of the header hold.

#include "http/connection.hpp"

#include "http/gzip.hpp"
#include "http/uri.hpp"
#include "protocol/base/assert.hpp"
#include "protocol/base/prng.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace praetor;

namespace {

http::limits small_limits() {
  http::limits out;
  out.header_bytes = 512;
  out.header_count = 8;
  out.body_bytes = 64;
  out.drain_bytes = 256;
  out.chunk_line_bytes = 64;
  out.read_ahead_bytes = 128;
  return out;
}

void check_request(const http::request& got, const http::limits& bounds) {
  PRAETOR_ASSERT(got.body.size() <= bounds.body_bytes);
  PRAETOR_ASSERT(!got.body_too_large || got.body.empty());
  PRAETOR_ASSERT(got.body_too_large == (got.body_length > bounds.body_bytes));
  PRAETOR_ASSERT(got.headers.size() <= bounds.header_count);
  PRAETOR_ASSERT(got.path == "*" || got.path.starts_with('/'));
  auto clean = http::clean_path(got.path);
  PRAETOR_ASSERT(http::clean_path(clean) == clean);
  auto again = http::percent_decode(http::encode_path(got.path));
  PRAETOR_ASSERT(again.has_value());
  PRAETOR_ASSERT(*again == got.path);
  http::has_unprintable(got.path);
  if (const auto* value = got.find_header("accept-encoding"))
    http::accepts_gzip(*value);
}

void answer(http::connection& x, prng& chance) {
  http::response out;
  out.body = std::make_shared<const std::string>(chance.below(3) * 3000, 'a');
  out.chunked_stream = chance.below(4) == 0;
  out.close = chance.below(16) == 0;
  out.status = chance.below(8) == 0 ? 304 : 200;
  bool streamed = out.chunked_stream;
  x.respond(std::move(out));
  if (streamed) {
    x.stream("abc");
    x.end_stream();
  }
  PRAETOR_ASSERT(!x.is_open());
}

/// What a handler sees of the requests, the input fed in equal pieces.
std::string seen_requests(std::string_view input, std::size_t piece,
                          const http::limits& bounds) {
  std::string seen;
  http::connection x(bounds);
  while (!input.empty() && !x.closing()) {
    x.receive(input.substr(0, piece));
    input.remove_prefix(std::min(piece, input.size()));
    while (auto got = x.next()) {
      seen += got->method_text + ' ' + got->target + ' ' + got->body + ' ' +
              std::to_string(got->body_length) + '\n';
      for (auto& [name, value] : got->headers)
        seen += name + ':' + value + '\n';
      x.respond({});
    }
    x.take_output();
  }
  return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 2)
    return 0;
  static const http::limits bounds = small_limits();
  prng chance(data[0]);
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  http::connection x(bounds);
  bool owing = false;
  while (!input.empty() && (x.wants_read() || owing)) {
    if (x.wants_read()) {
      auto piece = data[0] == 0 ? input.size() : 1 + chance.below(40);
      auto bytes = input.substr(0, piece);
      input.remove_prefix(bytes.size());
      x.receive(bytes);
    }
    while (true) {
      if (owing && chance.below(3) != 0) {
        answer(x, chance);
        owing = false;
      }
      auto got = x.next();
      if (!got)
        break;
      PRAETOR_ASSERT(!owing);
      check_request(*got, bounds);
      owing = true;
    }
    if (chance.below(2) == 0)
      x.take_output();
    PRAETOR_ASSERT(owing == x.is_open());
  }
  if (owing)
    answer(x, chance);
  PRAETOR_ASSERT(!x.closing() || !x.next());

  // Where the network cut the bytes must not matter.
  input = {reinterpret_cast<const char*>(data) + 1, size - 1};
  auto whole = seen_requests(input, input.size(), bounds);
  PRAETOR_ASSERT(seen_requests(input, 1, bounds) == whole);
  PRAETOR_ASSERT(seen_requests(input, 7, bounds) == whole);
  return 0;
}
