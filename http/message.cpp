#include "http/message.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace praetor::http {

namespace {

// The registered phrases (RFC 9110, 6585), worded as Go words them.
struct phrase {
  int status;
  std::string_view text;
};

constexpr phrase phrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Request Entity Too Large"},
    {414, "Request URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Requested Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Entity"},
    {423, "Locked"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

std::string_view known_phrase(int status) {
  auto found = std::lower_bound(
      std::begin(phrases), std::end(phrases), status,
      [](const phrase& one, int wanted) { return one.status < wanted; });
  return found != std::end(phrases) && found->status == status ? found->text
                                                               : "";
}

void append_number(std::string& out, std::uint64_t value) {
  char text[20];
  auto [end, failed] = std::to_chars(text, text + sizeof text, value);
  (void)failed; // twenty digits hold every 64-bit number
  out.append(text, end);
}

void append_text(std::string& out, std::string_view text) {
  auto from = out.size();
  out.append(text);
  for (auto bad : {'\r', '\n'})
    if (text.find(bad) != std::string_view::npos) [[unlikely]]
      std::replace(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(),
                   bad, ' ');
}

void append_status_line(std::string& out, int status, bool http10) {
  out.append(http10 ? "HTTP/1.0 " : "HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status < 0 ? 500 : status));
  out.push_back(' ');
  auto phrase = known_phrase(status);
  if (phrase.empty())
    out.append(reason_phrase(status));
  else
    out.append(phrase);
  out.append("\r\n");
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

const std::string* request::find_header(std::string_view name) const {
  for (const auto& each : headers)
    if (equals_ignoring_case(each.name, name))
      return &each.value;
  return nullptr;
}

bool request::has_query(std::string_view key) const {
  for (const auto& [name, value] : query)
    if (name == key)
      return true;
  return false;
}

std::string_view request::query_value(std::string_view key) const {
  for (const auto& [name, value] : query)
    if (name == key)
      return value;
  return {};
}

bool status_has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

bool is_chunked(const response& answer, const answer_form& form) {
  return answer.chunked_stream && !form.http10 &&
         status_has_body(answer.status);
}

void append_head(std::string& out, const response& answer,
                 const answer_form& form) {
  append_status_line(out, answer.status, form.http10);
  for (const auto& each : answer.headers) {
    append_text(out, each.name);
    out.append(": ");
    append_text(out, each.value);
    out.append("\r\n");
  }
  if (!form.date.empty()) {
    out.append("Date: ");
    out.append(form.date);
    out.append("\r\n");
  }
  if (is_chunked(answer, form)) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (!answer.chunked_stream && status_has_body(answer.status) &&
             !(form.head_only && !answer.body)) {
    // To HEAD we say what GET would have said, if the caller knows it.
    out.append("Content-Length: ");
    append_number(out, answer.body ? answer.body->size() : 0);
    out.append("\r\n");
  }
  if (form.http10 && form.keep_alive)
    out.append("Connection: keep-alive\r\n");
  else if (!form.http10 && !form.keep_alive)
    out.append("Connection: close\r\n");
  out.append("\r\n");
}

std::string reason_phrase(int status) {
  auto phrase = known_phrase(status);
  if (phrase.empty())
    return "status code " + std::to_string(status);
  return std::string(phrase);
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i]))
      return false;
  return true;
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    auto comma = list.find(',');
    if (equals_ignoring_case(trimmed(list.substr(0, comma)), token))
      return true;
    if (comma == std::string_view::npos)
      return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

} // namespace praetor::http
