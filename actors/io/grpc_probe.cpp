// gRPC checks are one HTTP/2 request with a known body, so libcurl makes them
// as well.

#include "actors/io/http_driver.hpp"
#include "protocol/health/grpc.hpp"

#include <sys/socket.h>

#include <cstdlib>

namespace praetor::io {
namespace {

struct curl_deleter {
  void operator()(CURL* x) const { curl().easy_cleanup(x); }
  void operator()(curl_slist* x) const { curl().slist_free_all(x); }
};

// "grpc-message" is percent-encoded where it has to be; shown as it came.
constexpr std::string_view status_header = "grpc-status:";
constexpr std::string_view message_header = "grpc-message:";

class grpc_run final : public http_transfer {
public:
  grpc_run(std::shared_ptr<http_prober::driver> with,
           grpc_probe_options options, probe_callback done)
      : http_transfer(with->loop(), options.timeout, std::move(done)),
        driver_(std::move(with)), options_(std::move(options)) {
    driver_->enlist(this);
  }

  void on_transfer_end(CURLcode code) override {
    is_added_ = false;
    if (code != CURLE_OK)
      return fail(health::grpc_error(health::grpc_unavailable, failure(code)));
    if (status_ != 0)
      return fail(health::grpc_error(status_, message_));
    auto serves = health::grpc_serves(body_);
    if (!serves)
      return fail(
          health::grpc_error(health::grpc_unavailable, "connection closed"));
    if (!*serves)
      return fail("gRPC application didn't report service healthy");
    finish({model::check_status::passing,
            "gRPC check " + options_.target + ": success"});
  }

protected:
  void begin() override {
    auto slash = options_.target.find('/');
    address_ = options_.target.substr(0, slash);
    auto service = slash == std::string::npos
                       ? std::string()
                       : options_.target.substr(slash + 1);
    auto parts = health::split_host_port(address_);
    if (!parts)
      return fail(dial_failure(parts.failure().text));
    host_ = parts->host;
    request_ = health::grpc_request(service);
    easy_.reset(curl().easy_init());
    if (!easy_)
      return fail(dial_failure("cannot send this request"));
    set_all();
    is_added_ = true;
    driver_->add(easy_.get(), this);
  }

  void on_timeout() override {
    fail(health::grpc_error(health::grpc_deadline_exceeded,
                            "context deadline exceeded"));
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

  void set_all() {
    curl_slist* list = nullptr;
    for (auto line : {"Content-Type: application/grpc", "TE: trailers",
                      "User-Agent: Consul Health Check"})
      list = curl().slist_append(list, line);
    headers_.reset(list);
    auto url = (options_.use_tls ? "https://" : "http://") + address_ +
               health::grpc_path;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_HTTP_VERSION,
        static_cast<long>(options_.use_tls
                              ? CURL_HTTP_VERSION_2TLS
                              : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    if (options_.tls_skip_verify) {
      set(CURLOPT_SSL_VERIFYPEER, 0L);
      set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    set(CURLOPT_ERRORBUFFER, details_);
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_POSTFIELDS, request_.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.size()));
    set(CURLOPT_HEADERFUNCTION, &grpc_run::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &grpc_run::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_OPENSOCKETFUNCTION, &grpc_run::on_open);
    set(CURLOPT_OPENSOCKETDATA, this);
  }

  static std::string transport_failure(const std::string& what) {
    return "connection error: desc = \"transport: " + what + "\"";
  }
  static std::string dial_failure(const std::string& why) {
    return health::grpc_error(health::grpc_unavailable,
                              transport_failure("Error while dialing " + why));
  }

  std::string failure(CURLcode code) const {
    long number = 0;
    curl().easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return transport_failure("Error while dialing " +
                               health::lookup_error(host_, "no such host"));
    case CURLE_COULDNT_CONNECT:
      return transport_failure(
          "Error while dialing " +
          (number > 0 ? health::dial_error(dialled_, static_cast<int>(number))
                      : health::dial_timeout(dialled_)));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return transport_failure(std::string("authentication handshake failed: "
                                           "tls: ") +
                               details_);
    default:
      return "connection closed";
    }
  }

  // Trailers come here as well.
  static size_t on_header(char* bytes, size_t, size_t size, void* run) {
    auto* self = static_cast<grpc_run*>(run);
    std::string_view line(bytes, size);
    while (line.ends_with('\n') || line.ends_with('\r'))
      line.remove_suffix(1);
    auto value_of = [&](std::string_view name) {
      std::string value(line.substr(name.size()));
      return value.substr(std::min(value.find_first_not_of(' '), value.size()));
    };
    if (line.starts_with(status_header))
      self->status_ = std::atoi(value_of(status_header).c_str());
    else if (line.starts_with(message_header))
      self->message_ = value_of(message_header);
    return size;
  }

  static size_t on_body(char* bytes, size_t, size_t size, void* run) {
    auto* self = static_cast<grpc_run*>(run);
    if (self->body_.size() <= health::grpc_frame_bytes_max)
      self->body_.append(bytes, std::min(size, health::grpc_frame_bytes_max));
    return size;
  }

  static curl_socket_t on_open(void* run, curlsocktype,
                               curl_sockaddr* address) {
    auto* self = static_cast<grpc_run*>(run);
    char text[64] = "";
    uv_ip_name(&address->addr, text, sizeof text);
    auto colon = self->address_.rfind(':');
    if (self->dialled_.empty())
      self->dialled_ =
          health::join_host_port(text, self->address_.substr(colon + 1));
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC,
                    address->protocol);
  }

  std::shared_ptr<http_prober::driver> driver_;
  grpc_probe_options options_;
  std::string address_;
  std::string host_;
  std::string request_;
  char details_[CURL_ERROR_SIZE] = "";
  std::unique_ptr<curl_slist, curl_deleter> headers_;
  std::unique_ptr<CURL, curl_deleter> easy_;
  std::string dialled_;
  std::string body_;
  std::string message_;
  int status_ = 0;
  bool is_added_ = false;
};

} // namespace

probe http_prober::start_grpc(grpc_probe_options options, probe_callback done) {
  auto run =
      std::make_shared<grpc_run>(driver_, std::move(options), std::move(done));
  run->start();
  return probe(std::move(run));
}

} // namespace praetor::io
