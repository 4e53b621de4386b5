#include "http/connection.hpp"

#include "http/uri.hpp"
#include "protocol/base/assert.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace praetor::http {

namespace beast = boost::beast;
using beast::error_code;

namespace {

/// Reserved at once for a declared body; a larger one grows as it arrives, so
/// that an idle promise costs nothing.
constexpr std::uint64_t body_reserve_max = 64 * 1024;

/// The shortest rest of a chunked body, "0\r\n\r\n". Beast's parser asserts
/// that it sees this much at a chunk's border, so we hold back less.
constexpr std::size_t chunked_end_bytes = 5;

std::string_view to_std(beast::string_view text) {
  return {text.data(), text.size()};
}

/// Which bytes Go lets pass in a Host header.
bool is_valid_host(std::string_view host) {
  for (auto c : host) {
    bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z');
    if (!alphanumeric && std::string_view("!$%&'()*+,-.:;=@[]_~").find(c) ==
                             std::string_view::npos)
      return false;
  }
  return true;
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Whether the request line names a version of HTTP, though one that we do
/// not speak.
bool names_other_version(std::string_view head) {
  auto line = head.substr(0, head.find("\r\n"));
  constexpr std::string_view sample = " HTTP/d.d";
  if (line.size() < sample.size() || std::ranges::count(line, ' ') != 2)
    return false;
  line.remove_prefix(line.size() - sample.size());
  return line.starts_with(" HTTP/") && is_number(line.substr(6, 1)) &&
         line[7] == '.' && is_number(line.substr(8));
}

} // namespace

/// An answer that the connection gives by itself before it closes.
struct connection::refusal {
  int status;
  /// Follows the phrase, in the status line and in the body.
  std::string_view detail = {};
  /// Instead of the status as the body.
  std::string_view body = {};
};

/// Beast's parser, filling a request.
class connection::reader final : public beast::http::basic_parser<true> {
public:
  explicit reader(const limits& bounds) : bounds_(bounds) {
    // We hand over whole heads and measure bodies ourselves.
    header_limit(UINT32_MAX);
    body_limit(boost::none);
    eager(false);
  }

  request current;
  /// Where the search for the end of the head goes on.
  std::size_t searched = 0;
  bool line_checked = false;
  bool too_many_headers = false;
  bool continue_expected = false;
  /// The body is over the limit and thrown away.
  bool discarding = false;
  /// The request is out; only the rest of its body is left to be drained.
  bool handed_out = false;
  std::uint64_t body_max = 0;

  /// Beast must see chunked_end_bytes here.
  bool at_chunk_border() const { return chunked() && chunk_left_ == 0; }

private:
  void on_request_impl(beast::http::verb verb, beast::string_view name,
                       beast::string_view target, int version,
                       error_code&) override {
    current.verb = method_named(to_std(name));
    current.method_text = to_std(name);
    current.target = to_std(target);
    current.http10 = version < 11;
    current.head_only = current.verb == method::head;
    current.headers.reserve(8); // what a usual client sends
  }

  void on_response_impl(int, beast::string_view, int, error_code&) override {
    PRAETOR_ASSERT(false); // this parser reads requests
  }

  void on_field_impl(beast::http::field, beast::string_view name,
                     beast::string_view value, error_code& failure) override {
    if (is_header_done())
      return; // trailers say nothing that we use
    if (current.headers.size() >= bounds_.header_count) {
      too_many_headers = true;
      failure = beast::http::error::header_limit;
      return;
    }
    current.headers.push_back(
        {std::string(to_std(name)), std::string(to_std(value))});
  }

  void on_header_impl(error_code&) override {}

  void on_body_init_impl(const boost::optional<std::uint64_t>& length,
                         error_code&) override {
    if (length && !discarding)
      current.body.reserve(std::min(*length, body_reserve_max));
  }

  std::size_t on_body_impl(beast::string_view bytes, error_code&) override {
    keep(to_std(bytes));
    return bytes.size();
  }

  void on_chunk_header_impl(std::uint64_t size, beast::string_view,
                            error_code&) override {
    chunk_left_ = size;
    if (discarding || size <= body_max - current.body.size())
      return;
    discarding = true;
    current.body_too_large = true;
    auto room = UINT64_MAX - current.body.size();
    current.body_length = current.body.size() + std::min(size, room);
    current.body = {};
  }

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes,
                                 error_code&) override {
    chunk_left_ -= bytes.size();
    keep(to_std(bytes));
    return bytes.size();
  }

  void on_finish_impl(error_code&) override {}

  void keep(std::string_view bytes) {
    if (!discarding)
      current.body.append(bytes);
  }

  const limits& bounds_;
  std::uint64_t chunk_left_ = 0;
};

connection::connection(const limits& bounds, const std::string* date)
    : limits_(&bounds), date_(date) {}

connection::~connection() = default;

void connection::receive(std::string_view bytes) {
  if (input_ended_) {
    drained_ += bytes.size();
    return;
  }
  if (!buffer_.empty()) {
    buffer_.append(bytes);
    pump();
    return;
  }
  bytes.remove_prefix(consume(bytes));
  if (!bytes.empty() && !input_ended_)
    buffer_.assign(bytes);
}

std::optional<request> connection::next() {
  if (!ready_ || open_)
    return std::nullopt;
  PRAETOR_ASSERT(reader_ != nullptr);
  std::optional<request> out(std::move(reader_->current));
  ready_ = false;
  open_ = true;
  keep_alive_ = out->keep_alive;
  head_only_ = out->head_only;
  http10_ = out->http10;
  reader_->handed_out = true;
  if (reader_->is_done() || input_ended_)
    reader_.reset();
  return out;
}

bool connection::wants_read() const {
  if (input_ended_)
    return drained_ < limits_->drain_bytes;
  if (ready_ || open_)
    return buffer_.size() - parsed_ < limits_->read_ahead_bytes;
  return true; // what waits is the start of a request, within its limits
}

bool connection::idle() const {
  return !open_ && !ready_ && !reader_ && buffer_.empty() && output_.empty() &&
         !closing_;
}

/// Parses as far as may be: one request at a time, and the body of a request
/// that was handed out early because it is too large.
std::size_t connection::consume(std::string_view in) {
  std::size_t used = 0;
  while (used < in.size() && !input_ended_) {
    bool draining = reader_ && reader_->discarding;
    if ((ready_ || open_) && !draining)
      break;
    if (!reader_)
      reader_ = std::make_unique<reader>(*limits_);
    auto rest = in.substr(used);
    auto step = reader_->is_header_done() ? read_body(rest) : read_head(rest);
    used += step;
    if (step == 0)
      break;
  }
  offer_continue();
  return used;
}

std::size_t connection::read_head(std::string_view in) {
  auto& reading = *reader_;
  auto end = in.find("\r\n\r\n", reading.searched);
  if (end == std::string_view::npos) {
    wait_for_head(in);
    return 0;
  }
  auto size = end + 4;
  if (size > limits_->header_bytes) {
    refuse({431});
    return 0;
  }
  error_code failure;
  auto used = reading.put(boost::asio::const_buffer(in.data(), size), failure);
  if (reading.too_many_headers) {
    refuse({431});
  } else if (failure == beast::http::error::bad_version &&
             names_other_version(in.substr(0, size))) {
    refuse({505, "unsupported protocol version"});
  } else if (failure || used != size || !reading.is_header_done()) {
    refuse({400});
  } else if (judge_head() && (reading.is_done() || reading.discarding)) {
    on_body_read();
  }
  return size;
}

/// The head is not complete; what can already be said against it is said, so
/// that a client which does not speak HTTP need not wait for a timeout.
void connection::wait_for_head(std::string_view in) {
  auto& reading = *reader_;
  if (in.size() > limits_->header_bytes) {
    refuse({431});
    return;
  }
  auto first = static_cast<unsigned char>(in.front());
  if (first <= ' ' || first >= 0x7F) {
    refuse({400});
    return;
  }
  if (!reading.line_checked) {
    auto line_end = in.find('\n', reading.searched);
    reading.line_checked = line_end != std::string_view::npos;
    if (reading.line_checked && (line_end == 0 || in[line_end - 1] != '\r')) {
      refuse({400});
      return;
    }
  }
  reading.searched = in.size() < 3 ? 0 : in.size() - 3;
}

/// What Beast lets pass and we do not: the framing must be beyond doubt
/// (RFC 9112, 6.3 and 11.2), the host named once, the target one of ours.
bool connection::judge_head() {
  auto& reading = *reader_;
  auto& head = reading.current;
  int hosts = 0;
  const std::string* expect = nullptr;
  for (const auto& [name, value] : head.headers) {
    if (equals_ignoring_case(name, "host")) {
      ++hosts;
      if (!is_valid_host(value))
        return refuse({400, "malformed Host header"});
    } else if (equals_ignoring_case(name, "content-length")) {
      if (!is_number(value))
        return refuse({400});
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
      if (!equals_ignoring_case(value, "chunked"))
        return refuse({501, {}, "Unsupported transfer encoding"});
    } else if (equals_ignoring_case(name, "expect") && expect == nullptr) {
      expect = &value;
    }
  }
  if (hosts > 1)
    return refuse({400, "too many Host headers"});
  if (hosts == 0 && !head.http10)
    return refuse({400, "missing required Host header"});
  if (expect != nullptr && !has_token(*expect, "100-continue"))
    return refuse({417});
  reading.continue_expected = expect != nullptr && !head.http10;
  // A proxy of HTTP/1.0 may have passed on a framing that it did not know.
  head.keep_alive = reading.keep_alive() && !(head.http10 && reading.chunked());
  return read_target(head) ? measure_body() : refuse({400});
}

/// Decides what becomes of the body. A request whose body is declared too
/// large goes out at once: the answer does not depend on the bytes.
bool connection::measure_body() {
  auto& reading = *reader_;
  auto& head = reading.current;
  reading.body_max = limits_->body_bytes_for ? limits_->body_bytes_for(head)
                                             : limits_->body_bytes;
  drained_ = 0;
  auto declared = reading.content_length();
  if (!declared || *declared <= reading.body_max)
    return true;
  reading.discarding = true;
  head.body_too_large = true;
  head.body_length = *declared;
  // A client that waits for "100 Continue" may never send its body, so what
  // comes next could be either; and a body beyond the drain is not read.
  if (reading.continue_expected || *declared > limits_->drain_bytes) {
    ready_ = true;
    stop_input();
  }
  return true;
}

std::size_t connection::read_body(std::string_view in) {
  auto& reading = *reader_;
  std::size_t used = 0;
  bool overlong = false;
  error_code failure;
  while (used < in.size() && !reading.is_done() && !failure && !overlong) {
    auto rest = in.substr(used);
    bool at_border = reading.at_chunk_border();
    if (at_border && rest.size() < chunked_end_bytes)
      break;
    bool discarded = reading.discarding;
    auto step = reading.put(boost::asio::const_buffer(rest.data(), rest.size()),
                            failure);
    used += step;
    if (discarded)
      drained_ += step;
    // Whether the line came whole or is still coming: the same limit, so that
    // the cuts of the network do not matter.
    auto line = failure == beast::http::error::need_more ? rest.size() : step;
    overlong = at_border && line > limits_->chunk_line_bytes;
  }
  bool failed =
      overlong || (failure && failure != beast::http::error::need_more);
  if (reading.discarding || (reading.is_done() && !failed))
    on_body_read(); // too large comes first, also if it went wrong later
  if (failed && !input_ended_)
    refuse({400});
  return used;
}

/// The body is complete, or it has become too large, or more of one that is
/// too large was thrown away.
void connection::on_body_read() {
  auto& reading = *reader_;
  if (!ready_ && !open_ && !reading.handed_out) {
    ready_ = true;
    if (!reading.discarding)
      reading.current.body_length = reading.current.body.size();
  }
  if (reading.discarding && drained_ > limits_->drain_bytes)
    stop_input();
  else if (reading.is_done() && !ready_)
    reader_.reset(); // drained, after the request was handed out
}

/// Asks for the body that the client holds back. Nothing is open while a body
/// is awaited, so this is the place in the order of answers.
void connection::offer_continue() {
  if (!reader_ || ready_ || open_ || !reader_->continue_expected ||
      !reader_->is_header_done() || reader_->discarding)
    return;
  reader_->continue_expected = false;
  tail().append("HTTP/1.1 100 Continue\r\n\r\n");
}

void connection::pump() {
  if (!buffer_.empty() && !input_ended_)
    parsed_ += consume(std::string_view(buffer_).substr(parsed_));
  if (input_ended_ || parsed_ == buffer_.size()) {
    buffer_ = {}; // an idle connection owns no heap
    parsed_ = 0;
  } else if (parsed_ > buffer_.size() / 2) {
    // Moves at most as many bytes as were parsed, so each byte once.
    buffer_.erase(0, parsed_);
    parsed_ = 0;
  }
}

/// Answers instead of a handler, and closes. Always false, for callers that
/// refuse as their result.
bool connection::refuse(const refusal& why) {
  if (ready_ || open_ || !reader_ || reader_->handed_out) {
    stop_input(); // the body went wrong of a request that has its answer
    return false;
  }
  std::string text = std::to_string(why.status) + ' ';
  text += reason_phrase(why.status);
  if (!why.detail.empty())
    text.append(": ").append(why.detail);
  auto& out = tail();
  out.append("HTTP/1.1 ").append(text);
  out.append("\r\nContent-Type: text/plain; charset=utf-8\r\n"
             "Connection: close\r\n\r\n");
  out.append(why.body.empty() ? std::string_view(text) : why.body);
  drained_ = 0;
  stop_input();
  return false;
}

/// Parses nothing from here on: where the next request begins is not known.
/// Closes after the answer that is due, if one is.
void connection::stop_input() {
  input_ended_ = true;
  if (ready_) {
    reader_->current.keep_alive = false;
    return;
  }
  reader_.reset();
  if (open_)
    keep_alive_ = false;
  else
    closing_ = true;
}

void connection::finish_answer() {
  PRAETOR_ASSERT(open_);
  open_ = false;
  if (!keep_alive_ || input_ended_) {
    PRAETOR_ASSERT(!ready_);
    stop_input();
  }
  pump();
}

} // namespace praetor::http
