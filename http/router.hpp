#pragma once

// Method and path to route, by one table, with the matching rules of Go's
// ServeMux: a pattern that ends in a slash stands for all below it, the
// longest wins, and a path is cleaned by a redirect.

#include "http/action.hpp"

#include <span>

namespace praetor::http {

/// One request at its route. `rest` is the path behind the pattern.
struct call {
  const request& from;
  const surface& node;
  std::string_view rest;
};

struct route {
  std::string_view pattern;
  std::string_view methods; // "GET,PUT", in the order of the Allow header
  action (*handle)(const call&);
  /// Which of them depends on the rest of the path: the handler refuses those
  /// that do not, and answers OPTIONS.
  bool knows_its_methods = false;
};

/// All routes, sorted by pattern.
std::span<const route> all_routes();

struct routed {
  action what;
  /// Whether a route answered: then the common headers are added.
  bool matched = false;
  /// The request would change something (allow_write_http_from).
  bool writes = false;
};

routed dispatch(const request& from, const surface& node);

} // namespace praetor::http
