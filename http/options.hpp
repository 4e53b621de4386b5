#pragma once

// The query parameters that all routes share, parsed once and refused in
// Consul's words.

#include "http/action.hpp"

#include <optional>

namespace praetor::http {

/// How long a blocking query waits when the client names no time, and at
/// most (Consul's defaults).
inline constexpr span wait_default = std::chrono::minutes(5);
inline constexpr span wait_max = std::chrono::minutes(10);

struct parsed_options {
  read_options read;
  bool pretty = false;
  std::string datacenter; // as given; empty: our own
};

/// The options, or the answer that refuses them.
std::variant<parsed_options, rendered_ptr> parse_options(const request& from,
                                                         const surface& node);

/// The same for the few routes that do not look at `?ns`.
std::variant<parsed_options, rendered_ptr>
parse_options_any_namespace(const request& from, const surface& node);

/// The answer that refuses contradictory wishes for consistency, or null.
rendered_ptr refused_consistency(const request& from);

/// The answer that refuses a request for a namespace, or null.
rendered_ptr refused_namespace(const request& from);

/// Set when the request names a datacenter that we do not know.
std::optional<action> wrong_datacenter(const std::string& named,
                                       const surface& node);

/// Fills what catalogue and health queries share: tag, node-meta, filter.
void read_selectors(const request& from, model::read_query& query);

/// `strconv.ParseUint: parsing "x": invalid syntax` where it is none.
result<std::uint64_t> parse_uint(std::string_view text);

/// Go's strconv.ParseBool.
std::optional<bool> parse_bool(std::string_view text);

/// The key of the answer: path and parameters without those that only say how
/// long to wait.
std::string cache_key(const request& from, bool pretty);

} // namespace praetor::http
