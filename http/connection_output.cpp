#include "http/connection.hpp"

#include "protocol/base/assert.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace praetor::http {

namespace {

/// Up to here a body is copied behind its head: one buffer and one write are
/// cheaper than two and a reference count.
constexpr std::size_t inline_body_bytes = 4096;

/// A first guess of the room for a head that saves growing the string.
constexpr std::size_t head_bytes_typical = 320;

} // namespace

void connection::respond(response&& answer) {
  PRAETOR_ASSERT(open_);
  PRAETOR_ASSERT(!streaming_);
  if (answer.close || (answer.chunked_stream && http10_))
    keep_alive_ = false; // a client of HTTP/1.0 reads such a body to the end
  answer_form form{http10_, head_only_, keep_alive_, {}};
  if (date_ != nullptr)
    form.date = *date_;
  auto& out = tail();
  append_head(out, answer, form);
  chunked_ = is_chunked(answer, form);
  bool has_body = !head_only_ && status_has_body(answer.status);
  if (answer.chunked_stream) {
    streaming_ = true;
    head_only_ = !has_body;
    if (answer.body)
      stream(*answer.body);
    return;
  }
  if (has_body && answer.body && !answer.body->empty()) {
    if (answer.body->size() <= inline_body_bytes)
      out.append(*answer.body);
    else
      output_.back().body = std::move(answer.body);
  }
  finish_answer();
}

void connection::stream(std::string_view chunk) {
  PRAETOR_ASSERT(open_);
  PRAETOR_ASSERT(streaming_);
  if (chunk.empty() || head_only_)
    return; // an empty chunk would end the body
  auto& out = tail();
  if (!chunked_) {
    out.append(chunk);
    return;
  }
  std::array<char, 16> size;
  auto [end, failed] =
      std::to_chars(size.data(), size.data() + size.size(), chunk.size(), 16);
  PRAETOR_ASSERT(failed == std::errc{});
  out.append(size.data(), end);
  out.append("\r\n");
  out.append(chunk);
  out.append("\r\n");
}

void connection::end_stream() {
  PRAETOR_ASSERT(open_);
  PRAETOR_ASSERT(streaming_);
  if (chunked_ && !head_only_)
    tail().append("0\r\n\r\n");
  streaming_ = false;
  finish_answer();
}

std::vector<connection::piece> connection::take_output() {
  return std::exchange(output_, {});
}

/// The text to append to: the last head, unless a body follows it already.
std::string& connection::tail() {
  if (output_.empty() || output_.back().body) {
    output_.emplace_back();
    output_.back().head.reserve(head_bytes_typical);
  }
  return output_.back().head;
}

} // namespace praetor::http
