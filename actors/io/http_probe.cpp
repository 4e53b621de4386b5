#include "actors/io/http_probe.hpp"

#include "actors/io/http_driver.hpp"

#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace praetor::io {
namespace {

using namespace model::check_status;

/// As many redirects as browsers of old followed; more are a loop.
constexpr int redirects_max = 10;

/// The longest status line that is repeated, in bytes: "404 Not Found".
constexpr std::size_t status_line_max = 256;

/// Longer than any timeout that makes sense, in milliseconds: the run's own
/// timer is the one that ends it. The largest that libcurl takes.
constexpr long connect_timeout_ms_max = INT32_MAX;

struct curl_deleter {
  void operator()(CURL* x) const { curl().easy_cleanup(x); }
  void operator()(CURLU* x) const { curl().url_cleanup(x); }
  void operator()(curl_slist* x) const { curl().slist_free_all(x); }
};
using easy_handle = std::unique_ptr<CURL, curl_deleter>;
using url_handle = std::unique_ptr<CURLU, curl_deleter>;
using header_list = std::unique_ptr<curl_slist, curl_deleter>;

url_handle parse_url(const std::string& text) {
  url_handle url(curl().url());
  auto code = curl().url_set(url.get(), CURLUPART_URL, text.c_str(),
                             CURLU_URLENCODE | CURLU_ALLOW_SPACE);
  return code == CURLUE_OK ? std::move(url) : nullptr;
}

std::string part(const url_handle& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl().url_get(url.get(), which, &text, flags) != CURLUE_OK)
    return {};
  std::string out = text;
  curl().free(text);
  return out;
}

// "web.example:80" for both "http://WEB.example/" and "http://web.example:80".
std::string endpoint(const url_handle& url) {
  auto host = part(url, CURLUPART_HOST);
  std::transform(host.begin(), host.end(), host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return host + ":" + part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

bool is_same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

const char* status_of(long code) {
  if (code >= 200 && code < 300)
    return passing;
  return code == 429 ? warning : critical;
}

std::string tls_failure(CURL* easy, const char* details) {
  long verified = 0;
  curl().easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
  // Numbers of OpenSSL's X509_V_ERR_*: 10 is an expired certificate, 18 to 21
  // are chains that end at nobody who is trusted.
  if (verified == 10)
    return "x509: certificate has expired or is not yet valid";
  if (verified >= 18 && verified <= 21)
    return "x509: certificate signed by unknown authority";
  if (std::strstr(details, "wrong version number"))
    return "tls: first record does not look like a TLS handshake";
  return std::string("tls: ") + details;
}

class http_run final : public http_transfer {
public:
  http_run(std::shared_ptr<http_prober::driver> with,
           http_probe_options options, probe_callback done)
      : http_transfer(with->loop(), options.timeout, std::move(done)),
        driver_(std::move(with)), options_(std::move(options)),
        body_(options_.output_max_size) {
    if (options_.method.empty())
      options_.method = "GET";
    method_ = options_.method;
    driver_->enlist(this);
  }

  void on_transfer_end(CURLcode code) override {
    PRAETOR_ASSERT(is_added_);
    is_added_ = false;
    // Once there is an answer, a body that breaks off does not change it.
    if (!has_headers_)
      return fail(error_text(failure(code)));
    long status = 0;
    curl().easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    bool moved = status == 301 || status == 302 || status == 303;
    if (moved || status == 307 || status == 308)
      return on_redirect(status, moved);
    answer();
  }

protected:
  void begin() override {
    auto good = health::check_request(method_, options_.url, options_.headers);
    if (!good)
      return fail(good.failure().text);
    url_ = parse_url(options_.url);
    easy_.reset(curl().easy_init());
    if (!url_ || !easy_)
      return fail(error_text("net/http: cannot send this request"));
    set_common();
    send();
  }

  void on_timeout() override {
    if (has_headers_)
      return answer();
    fail(error_text("context deadline exceeded (Client.Timeout exceeded while "
                    "awaiting headers)"));
  }

  void release() override {
    if (std::exchange(is_added_, false))
      driver_->remove(easy_.get());
    driver_->delist(this);
  }

private:
  template <class Value>
  void set(CURLoption option, Value value) {
    auto code = curl().easy_setopt(easy_.get(), option, value);
    PRAETOR_ASSERT(code == CURLE_OK);
  }

  void set_common() {
    set(CURLOPT_NOSIGNAL, 1L);
    // Names are looked up by a thread of libcurl's: do not wait for it when
    // the time is up, this is the loop's thread.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_ERRORBUFFER, details_);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_PROXY, "");
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_ACCEPT_ENCODING, "gzip");
    set(CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms_max);
    if (options_.tls_skip_verify) {
      set(CURLOPT_SSL_VERIFYPEER, 0L);
      set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    set(CURLOPT_HEADERFUNCTION, &http_run::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &http_run::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_OPENSOCKETFUNCTION, &http_run::on_open);
    set(CURLOPT_OPENSOCKETDATA, this);
  }

  bool has_header(std::string_view name) const {
    return std::any_of(
        options_.headers.begin(), options_.headers.end(),
        [&](auto& one) { return is_same_name(one.first, name); });
  }

  void build_headers() {
    curl_slist* list = nullptr;
    auto add = [&](const std::string& line) {
      auto* longer = curl().slist_append(list, line.c_str());
      PRAETOR_ASSERT(longer != nullptr);
      list = longer;
    };
    for (auto& [name, values] : options_.headers)
      for (auto& value : values)
        // The semicolon is libcurl's way to send a header without a value.
        add(value.empty() ? name + ";" : name + ": " + value);
    if (!has_header("User-Agent"))
      add("User-Agent: Consul Health Check");
    if (!has_header("Accept"))
      add("Accept: text/plain, text/*, */*");
    if (!has_header("Connection"))
      add("Connection: close");
    // What libcurl would add of its own for a body.
    if (!has_header("Content-Type"))
      add("Content-Type:");
    if (!has_header("Expect"))
      add("Expect:");
    headers_.reset(list);
  }

  void set_method() {
    bool sends = method_ == "POST" || method_ == "PUT" || method_ == "PATCH";
    set(CURLOPT_HTTPGET, 1L);
    if (method_ == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (sends || !options_.body.empty()) {
      set(CURLOPT_POSTFIELDS, options_.body.c_str());
      set(CURLOPT_POSTFIELDSIZE_LARGE,
          static_cast<curl_off_t>(options_.body.size()));
    }
    set(CURLOPT_CUSTOMREQUEST, method_.c_str());
  }

  void send() {
    PRAETOR_ASSERT(!is_added_);
    status_line_.clear();
    dialled_.clear();
    body_.clear();
    details_[0] = '\0';
    has_headers_ = false;
    build_headers();
    set(CURLOPT_CURLU, url_.get());
    set(CURLOPT_HTTPHEADER, headers_.get());
    set_method();
    is_added_ = true;
    driver_->add(easy_.get(), this);
  }

  void on_redirect(long status, bool may_change_method) {
    char* next = nullptr;
    curl().easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &next);
    if (!next && !may_change_method)
      return answer();
    if (!next)
      return fail(error_text(std::to_string(status) +
                             " response missing Location header"));
    std::string text = next;
    auto target = parse_url(text);
    if (!target || endpoint(target) != endpoint(url_))
      return answer();
    if (++redirects_ > redirects_max) {
      curl_header* location = nullptr;
      curl().easy_header(easy_.get(), "Location", 0, CURLH_HEADER, -1,
                         &location);
      return fail(health::request_error(method_,
                                        location ? location->value : text,
                                        "stopped after 10 redirects"));
    }
    if (may_change_method && method_ != "HEAD" && method_ != "GET") {
      method_ = "GET";
      options_.body.clear();
    }
    url_ = std::move(target);
    send();
  }

  void answer() {
    long code = 0;
    curl().easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &code);
    finish({status_of(code), "HTTP " + options_.method + " " + options_.url +
                                 ": " + status_line_ +
                                 " Output: " + std::string(body_.last())});
  }

  std::string error_text(std::string_view reason) const {
    auto url = redirects_ > 0 ? part(url_, CURLUPART_URL) : options_.url;
    return health::request_error(method_, url, reason);
  }

  std::string failure(CURLcode code) const {
    long number = 0;
    curl().easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number);
    auto system = static_cast<int>(number);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return health::lookup_error(part(url_, CURLUPART_HOST), "no such host");
    case CURLE_COULDNT_CONNECT:
      return system > 0 ? health::dial_error(dialled_, system)
                        : health::dial_timeout(dialled_);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      if (system > 0)
        return "read tcp " + dialled_ +
               ": read: " + health::system_error_text(system);
      return "EOF";
    case CURLE_OK: // ended before the headers did
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return "EOF";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return "net/http: HTTP/1.x transport connection broken: malformed HTTP "
             "response";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return tls_failure(easy_.get(), details_);
    default:
      return details_[0] ? details_ : curl().easy_strerror(code);
    }
  }

  // libcurl cuts the head into lines; an empty one ends it. Answers with 1xx
  // come before the one that counts.
  static size_t on_header(char* bytes, size_t, size_t size, void* run) {
    auto* self = static_cast<http_run*>(run);
    std::string_view line(bytes, size);
    while (line.ends_with('\n') || line.ends_with('\r'))
      line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {
      auto space = line.find(' ');
      line = space == line.npos ? "" : line.substr(space + 1);
      self->status_line_ = line.substr(0, status_line_max);
    } else if (line.empty() && !self->status_line_.starts_with('1')) {
      self->has_headers_ = true;
    }
    return size;
  }

  static size_t on_body(char* bytes, size_t, size_t size, void* run) {
    static_cast<http_run*>(run)->body_.append({bytes, size});
    return size;
  }

  // Opens as libcurl would, and notes where to: errors name the address.
  static curl_socket_t on_open(void* run, curlsocktype,
                               curl_sockaddr* address) {
    auto* self = static_cast<http_run*>(run);
    char text[64] = "";
    uv_ip_name(&address->addr, text, sizeof text);
    if (self->dialled_.empty())
      self->dialled_ = health::join_host_port(
          text, part(self->url_, CURLUPART_PORT, CURLU_DEFAULT_PORT));
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC,
                    address->protocol);
  }

  std::shared_ptr<http_prober::driver> driver_;
  http_probe_options options_;
  std::string method_;                 // a redirect may change it
  char details_[CURL_ERROR_SIZE] = ""; // libcurl's words for a failure
  url_handle url_;
  header_list headers_;
  easy_handle easy_;
  std::string status_line_;
  std::string dialled_;
  output_tail body_;
  int redirects_ = 0;
  bool has_headers_ = false;
  bool is_added_ = false;
};

} // namespace

http_prober::http_prober(uv_loop_t* loop)
    : driver_(std::make_shared<driver>(loop)) {
  driver_->start();
}

http_prober::~http_prober() {
  driver_->shut();
}

probe http_prober::start(http_probe_options options, probe_callback done) {
  auto run =
      std::make_shared<http_run>(driver_, std::move(options), std::move(done));
  run->start();
  return probe(std::move(run));
}

} // namespace praetor::io
