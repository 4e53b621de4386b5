#pragma once

// Requests as a client writes them, put to the route table.

#include "http/replies.hpp"
#include "http/router.hpp"
#include "http/uri.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace praetor::http::tests {

inline constexpr const char* no_session =
    "00000000-0000-0000-0000-000000000000";

inline method method_of(const std::string& text) {
  constexpr std::pair<const char*, method> known[] = {
      {"GET", method::get},     {"PUT", method::put},
      {"POST", method::post},   {"DELETE", method::delete_},
      {"HEAD", method::head},   {"OPTIONS", method::options},
      {"PATCH", method::patch},
  };
  for (auto& [name, verb] : known)
    if (text == name)
      return verb;
  return method::other;
}

inline request make_request(const std::string& verb, const std::string& target,
                            std::string body = "",
                            std::vector<header> headers = {}) {
  request made;
  made.verb = method_of(verb);
  made.method_text = verb;
  made.target = target;
  auto parts = split_target(target);
  REQUIRE(parts);
  auto path = percent_decode(parts->path);
  REQUIRE(path);
  made.path = *path;
  made.raw_path = parts->path;
  made.raw_query = parts->query;
  made.query_malformed = !parse_query(parts->query, made.query);
  made.headers = std::move(headers);
  made.body_length = body.size();
  made.body = std::move(body);
  return made;
}

/// A node to which requests are put.
struct site {
  surface node;

  site() {
    node.node_name = "n1";
    node.make_id = [] { return "00000000-0000-0000-0000-000000000001"; };
  }

  routed ask(const std::string& verb, const std::string& target,
             std::string body = "", std::vector<header> headers = {}) const {
    return dispatch(
        make_request(verb, target, std::move(body), std::move(headers)), node);
  }

  /// What the route asks for, which must be of that kind.
  template <class Action>
  Action wish(const std::string& verb, const std::string& target,
              std::string body = "", std::vector<header> headers = {}) const {
    CAPTURE(verb);
    CAPTURE(target);
    auto routed = ask(verb, target, std::move(body), std::move(headers));
    CHECK(routed.matched);
    auto* found = std::get_if<Action>(&routed.what);
    REQUIRE(found);
    return std::move(*found);
  }

  /// The agent's part of the wish, which must be of that kind.
  template <class Request>
  Request agent(const std::string& verb, const std::string& target,
                std::string body = "", std::vector<header> headers = {}) const {
    auto found =
        wish<agent_action>(verb, target, std::move(body), std::move(headers));
    auto* request = std::get_if<Request>(&found.request);
    REQUIRE(request);
    return std::move(*request);
  }

  /// "STATUS BODY" of an answer that is given at once, else "an action".
  std::string reply(const std::string& verb, const std::string& target,
                    std::string body = "",
                    std::vector<header> headers = {}) const {
    auto routed = ask(verb, target, std::move(body), std::move(headers));
    auto* found = std::get_if<reply_action>(&routed.what);
    if (!found)
      return "an action";
    auto text = std::to_string(found->answer->status);
    return found->answer->body ? text + " " + *found->answer->body : text;
  }
};

/// The value of the first header of that name, or "none".
inline std::string header_of(const rendered& answer, std::string_view name) {
  for (auto& one : answer.headers)
    if (one.name == name)
      return one.value;
  return "none";
}

inline rendered_ptr answer_of(const routed& given) {
  auto* found = std::get_if<reply_action>(&given.what);
  REQUIRE(found);
  return found->answer;
}

} // namespace praetor::http::tests
