#include "http/replies.hpp"

#include "http/gzip.hpp"

namespace praetor::http {
namespace {

rendered_ptr make(int status, std::string type, std::string body) {
  auto answer = std::make_shared<rendered>();
  answer->status = status;
  answer->content_type = std::move(type);
  answer->body = std::make_shared<const std::string>(std::move(body));
  return answer;
}

} // namespace

const std::shared_ptr<const std::string>& rendered::compressed() const {
  if (!compressed_ && body)
    compressed_ = std::make_shared<const std::string>(gzip(*body));
  return compressed_;
}

rendered_ptr error_reply(int status, std::string text) {
  return make(status, "text/plain; charset=utf-8", std::move(text));
}

rendered_ptr empty_reply(int status) {
  auto answer = std::make_shared<rendered>();
  answer->status = status;
  return answer;
}

rendered_ptr json_reply(std::string body, bool pretty, int status) {
  if (pretty)
    body += '\n';
  return make(status, "application/json", std::move(body));
}

rendered_ptr text_reply(std::string body, int status) {
  return make(status, "text/plain", std::move(body));
}

int status_of(errc code) {
  switch (code) {
  case errc::denied:
    return 403;
  case errc::too_large:
    return 413;
  case errc::unsupported:
    return 501;
  case errc::unavailable:
    return 503;
  default:
    // Consul shows nearly every failure behind a route as 500, and clients
    // tell them apart by their texts.
    return 500;
  }
}

} // namespace praetor::http
