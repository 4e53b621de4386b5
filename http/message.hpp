#pragma once

// Requests and responses as values, and the text of a response's head. The
// head is written as Go's server writes it: Consul's clients grew up with it.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::http {

enum class method : std::uint8_t {
  get,
  put,
  post,
  delete_,
  head,
  options,
  patch,
  other, // valid, but not one that we route by: the text tells
};

struct header {
  std::string name;
  std::string value;

  friend bool operator==(const header&, const header&) = default;
};

using query_pairs = std::vector<std::pair<std::string, std::string>>;

struct request {
  method verb = method::get;
  /// As the client wrote it; methods are case-sensitive.
  std::string method_text;
  /// The request target as received, also in absolute form.
  std::string target;
  /// Percent-decoded, not yet cleaned; starts with '/', or is "*".
  std::string path;
  /// The path as received, without scheme, host and query.
  std::string raw_path;
  /// The query as received, without the '?'; a redirect repeats it.
  std::string raw_query;
  /// Decoded, in the client's order; a key without '=' has the value "".
  query_pairs query;
  /// Some pair had a bad escape and was left out of `query`.
  bool query_malformed = false;
  std::vector<header> headers;
  /// Empty when the body is too large.
  std::string body;
  /// Declared or received; of a chunked body that is too large, up to and
  /// including the chunk that crossed the limit.
  std::uint64_t body_length = 0;
  bool body_too_large = false;
  bool keep_alive = true;
  bool head_only = false;
  bool http10 = false;

  /// The value of the first header of that name, in any case, or null.
  const std::string* find_header(std::string_view name) const;
  bool has_query(std::string_view key) const;
  /// The first value of the key, else "".
  std::string_view query_value(std::string_view key) const;
};

struct response {
  int status = 200;
  /// Written in this order. Date, Content-Length, Transfer-Encoding and
  /// Connection are the connection's to write.
  std::vector<header> headers;
  /// Shared, so that one encoded answer serves many who wait for it.
  std::shared_ptr<const std::string> body;
  /// The body follows in pieces by `stream` and `end_stream`; `body` is its
  /// first piece.
  bool chunked_stream = false;
  /// Close the connection after this answer, whatever the client asked for.
  bool close = false;
};

/// What the head of an answer needs to know about its request.
struct answer_form {
  bool http10 = false;
  bool head_only = false;
  bool keep_alive = true;
  /// The text of the Date header; empty leaves the header out.
  std::string_view date = {};
};

/// Whether an answer of this status carries a body at all (RFC 9110, 6.4.1).
bool status_has_body(int status);

/// Whether the streamed body of such an answer is sent in chunks. A client of
/// HTTP/1.0 reads to the end of the connection instead.
bool is_chunked(const response& answer, const answer_form& form);

/// Appends the status line and headers, with the empty line. Line breaks in
/// values become spaces: no value can forge a header.
void append_head(std::string& out, const response& answer,
                 const answer_form& form);

/// "Not Found" for 404; "status code 799" for numbers without a phrase.
std::string reason_phrase(int status);

bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Whether the comma-separated list has the token, in any case.
bool has_token(std::string_view list, std::string_view token);

} // namespace praetor::http
