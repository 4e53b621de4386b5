#include "http/client/client.hpp"

#include "http/client/curl.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>

namespace praetor::http::client {
namespace {

// A dead address must not hold up a shell script for minutes.
constexpr long connect_timeout_ms = 30'000;

struct transfer {
  const request* what = nullptr;
  response got;
  CURL* handle = nullptr;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count,
                    void* context) {
  auto& t = *static_cast<transfer*>(context);
  std::string_view bytes(data, size * count);
  long status = 0;
  curl().easy_getinfo(t.handle, CURLINFO_RESPONSE_CODE, &status);
  if (t.what->sink && status == 200)
    return t.what->sink(bytes) ? bytes.size() : 0;
  t.got.body.append(bytes);
  return bytes.size();
}

std::size_t on_header(char* data, std::size_t size, std::size_t count,
                      void* context) {
  auto& t = *static_cast<transfer*>(context);
  std::string line(data, size * count);
  auto colon = line.find(':');
  if (colon == std::string::npos)
    return line.size();
  std::string name = line.substr(0, colon);
  for (auto& c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  auto first = line.find_first_not_of(" \t", colon + 1);
  auto last = line.find_last_not_of(" \t\r\n");
  if (first != std::string::npos && last != std::string::npos && first <= last)
    t.got.headers[name] = line.substr(first, last - first + 1);
  return line.size();
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& t = *static_cast<transfer*>(context);
  return t.what->stop != nullptr && t.what->stop->load() ? 1 : 0;
}

std::string host_without_port(const std::string& host) {
  if (!host.empty() && host[0] == '[')
    return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

std::string host_and_port(const settings& how) {
  auto bare = host_without_port(how.host);
  if (bare.size() < how.host.size())
    return how.host;
  return how.host + (how.scheme == "https" ? ":443" : ":80");
}

/// The method as Go's client names it in its errors: "Get", "Put".
std::string method_word(std::string method) {
  for (std::size_t i = 1; i < method.size(); ++i)
    method[i] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(method[i])));
  return method;
}

std::string os_reason(CURL* handle) {
  long number = 0;
  curl().easy_getinfo(handle, CURLINFO_OS_ERRNO, &number);
  std::string text =
      std::strerror(number != 0 ? static_cast<int>(number) : ECONNREFUSED);
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string reason(CURL* handle, CURLcode code, const settings& how,
                   const char* detail) {
  switch (code) {
  case CURLE_COULDNT_CONNECT:
    if (!how.socket_path.empty())
      return "dial unix " + how.socket_path + ": connect: " + os_reason(handle);
    return "dial tcp " + host_and_port(how) + ": connect: " + os_reason(handle);
  case CURLE_COULDNT_RESOLVE_HOST:
    return "dial tcp: lookup " + host_without_port(how.host) + ": no such host";
  case CURLE_GOT_NOTHING:
  case CURLE_RECV_ERROR:
    return "EOF";
  case CURLE_PEER_FAILED_VERIFICATION:
    return std::string("x509: ") + detail;
  case CURLE_OPERATION_TIMEDOUT:
    return "dial tcp " + host_and_port(how) + ": i/o timeout";
  case CURLE_SSL_CONNECT_ERROR:
    if (std::strstr(detail, "wrong version number") != nullptr)
      return "http: server gave HTTP response to HTTPS client";
    return detail;
  default:
    return *detail != '\0' ? detail : curl().easy_strerror(code);
  }
}

void set_security(CURL* handle, const settings& how) {
  auto text = [&](CURLoption option, const std::string& value) {
    if (!value.empty())
      curl().easy_setopt(handle, option, value.c_str());
  };
  text(CURLOPT_CAINFO, how.ca_file);
  text(CURLOPT_CAPATH, how.ca_path);
  text(CURLOPT_SSLCERT, how.client_cert);
  text(CURLOPT_SSLKEY, how.client_key);
  if (!how.verify) {
    curl().easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl().easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!how.user_and_password.empty()) {
    curl().easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl().easy_setopt(handle, CURLOPT_USERPWD, how.user_and_password.c_str());
  }
}

void set_request(CURL* handle, transfer& t, char* detail) {
  const auto& what = *t.what;
  curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
  curl().easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl().easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  curl().easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl().easy_setopt(handle, CURLOPT_WRITEDATA, &t);
  curl().easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl().easy_setopt(handle, CURLOPT_HEADERDATA, &t);
  curl().easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl().easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl().easy_setopt(handle, CURLOPT_XFERINFODATA, &t);
  if (what.method == "PUT" || what.method == "POST" || !what.body.empty()) {
    curl().easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(what.body.size()));
    curl().easy_setopt(handle, CURLOPT_POSTFIELDS, what.body.data());
  }
  curl().easy_setopt(handle, CURLOPT_CUSTOMREQUEST, what.method.c_str());
}

struct list_deleter {
  void operator()(curl_slist* list) const { curl().slist_free_all(list); }
};
using header_list = std::unique_ptr<curl_slist, list_deleter>;

void add(header_list& list, const std::string& line) {
  list.reset(curl().slist_append(list.release(), line.c_str()));
}

header_list headers_of(const settings& how) {
  header_list list;
  // An empty value keeps curl from sending what it would add by itself.
  for (auto line : {"Expect:", "Content-Type:", "Accept:"})
    add(list, line);
  add(list, "User-Agent: praetor");
  if (!how.token.empty())
    add(list, "X-Consul-Token: " + how.token);
  if (!how.tls_server_name.empty())
    add(list, "Host: " + how.host);
  return list;
}

/// Where curl connects: the name that is verified may differ from the host.
std::string target(const client& self, const request& what,
                   header_list& connect_to, CURL* handle) {
  const auto& how = self.how();
  auto url = self.url(what);
  auto start = how.scheme.size() + 3;
  auto slash = url.find('/', start);
  if (!how.socket_path.empty()) {
    curl().easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH,
                       how.socket_path.c_str());
    return how.scheme + "://localhost" + url.substr(slash);
  }
  auto bare = host_without_port(how.host);
  if (bare == "localhost" || bare == "[::1]" || bare.rfind("127.", 0) == 0)
    curl().easy_setopt(handle, CURLOPT_PROXY, "");
  if (how.scheme == "https" && !how.tls_server_name.empty()) {
    auto there = host_and_port(how);
    add(connect_to, "::" + there);
    curl().easy_setopt(handle, CURLOPT_CONNECT_TO, connect_to.get());
    auto port = there.substr(host_without_port(there).size());
    return "https://" + how.tls_server_name + port + url.substr(slash);
  }
  return url;
}

std::string escaped(std::string_view text, std::string_view kept) {
  static const char* const digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = byte < 0x80 && (std::isalnum(byte) != 0 ||
                                 kept.find(c) != std::string_view::npos);
    if (plain) {
      out.push_back(c);
      continue;
    }
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

} // namespace

std::string escape_path(std::string_view path) {
  return escaped(path, "-_.~$&+,/:;=@");
}

std::string escape_query(std::string_view text) {
  auto out = escaped(text, "-_.~ ");
  std::replace(out.begin(), out.end(), ' ', '+');
  return out;
}

error unexpected(const response& got) {
  return fail(errc::conflict,
              "Unexpected response code: " + std::to_string(got.status) + " (" +
                  got.body + ")");
}

std::string client::url(const request& what) const {
  auto host =
      how_.socket_path.empty() ? how_.host : escaped(how_.socket_path, "-_.~");
  auto out = how_.scheme + "://" + host + escape_path(what.path);
  auto query = what.query;
  std::stable_sort(
      query.begin(), query.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  char mark = '?';
  for (const auto& [name, value] : query) {
    out += mark + escape_query(name) + '=' + escape_query(value);
    mark = '&';
  }
  return out;
}

request client::read(std::string path) const {
  auto out = write("GET", std::move(path));
  if (how_.stale)
    out.query.emplace_back("stale", "");
  return out;
}

request client::write(std::string method, std::string path) const {
  request out;
  out.method = std::move(method);
  out.path = std::move(path);
  if (!how_.datacenter.empty())
    out.query.emplace_back("dc", how_.datacenter);
  if (!how_.name_space.empty())
    out.query.emplace_back("ns", how_.name_space);
  return out;
}

result<response> client::call(const request& what) const {
  std::unique_ptr<CURL, void (*)(CURL*)> handle(curl().easy_init(),
                                                curl().easy_cleanup);
  if (!handle)
    return fail(errc::io, "no memory for a connection");
  char detail[CURL_ERROR_SIZE] = {};
  transfer t;
  t.what = &what;
  t.handle = handle.get();
  set_request(handle.get(), t, detail);
  set_security(handle.get(), how_);
  auto headers = headers_of(how_);
  curl().easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  header_list connect_to;
  auto to = target(*this, what, connect_to, handle.get());
  curl().easy_setopt(handle.get(), CURLOPT_URL, to.c_str());
  auto code = curl().easy_perform(handle.get());
  curl().easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &t.got.status);
  if (code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_WRITE_ERROR)
    return fail(errc::unavailable, "the call was ended early");
  if (code != CURLE_OK)
    return fail(errc::io,
                method_word(what.method) + " \"" + url(what) +
                    "\": " + reason(handle.get(), code, how_, detail));
  return std::move(t.got);
}

result<response> client::call_ok(const request& what) const {
  auto got = call(what);
  if (got && got->status != 200)
    return unexpected(*got);
  return got;
}

} // namespace praetor::http::client
