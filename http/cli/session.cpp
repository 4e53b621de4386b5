#include "http/cli/session.hpp"

#include "http/cli/text.hpp"

#include <boost/json.hpp>

namespace praetor::http::cli {

result<std::unique_ptr<kept_session>>
kept_session::create(const client::client& api, const options& how) {
  auto ask = api.write("PUT", "/v1/session/create");
  boost::json::object body;
  if (!how.name.empty())
    body["Name"] = how.name;
  if (!how.node.empty())
    body["Node"] = how.node;
  if (!how.behavior.empty())
    body["Behavior"] = how.behavior;
  body["TTL"] = std::to_string(how.ttl.count()) + "s";
  ask.body = compact(body) + "\n";
  auto got = api.call_ok(ask);
  if (!got)
    return got.failure();
  auto parsed = parse_json(got->body);
  if (!parsed)
    return parsed.failure();
  return std::unique_ptr<kept_session>(
      new kept_session(api, text_of(*parsed, "ID"), how.ttl));
}

kept_session::kept_session(const client::client& api, std::string id,
                           std::chrono::seconds ttl)
    : api_(api), id_(std::move(id)), ttl_(ttl) {
  renewer_ = std::thread([this] { renew(); });
}

kept_session::~kept_session() {
  {
    std::lock_guard<std::mutex> held(lock_);
    stopping_.store(true);
  }
  wake_.notify_all();
  renewer_.join();
  // Best effort: a session that is not destroyed ends with its TTL.
  static_cast<void>(api_.call(api_.write("PUT", "/v1/session/destroy/" + id_)));
}

void kept_session::renew() {
  std::unique_lock<std::mutex> held(lock_);
  // Twice per TTL: one renewal may fail without losing the session.
  while (!wake_.wait_for(held, ttl_ / 2, [&] { return stopping_.load(); })) {
    held.unlock();
    auto ask = api_.write("PUT", "/v1/session/renew/" + id_);
    ask.stop = &stopping_;
    auto got = api_.call(ask);
    if (got && got->status == 404)
      lost_.store(true);
    held.lock();
  }
}

} // namespace praetor::http::cli
