#pragma once

// Request targets: split, decode, encode and clean, each as Go's net/url and
// its ServeMux do, since clients of Consul rely on the details.

#include "http/message.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::http {

/// More pairs than any client sends. A pair costs 64 bytes, so a head full of
/// "&a" must not become thirty times its size in memory.
inline constexpr std::size_t query_pairs_max = 4096;

/// The method of this name; `method::other` when we do not route by it.
method method_named(std::string_view text);

/// Fills what follows from `head.target` and `head.verb`; false when that is
/// no target of a request.
bool read_target(request& head);

/// The path and query of a target, both still encoded.
struct target_parts {
  std::string_view path;
  std::string_view query;
};

/// Takes origin form ("/a?b"), absolute form ("http://host/a?b") and "*";
/// nothing for anything else. An absolute form without a path means "/".
std::optional<target_parts> split_target(std::string_view target);

/// Decodes %XX; nothing if an escape is broken. '+' stays a plus.
std::optional<std::string> percent_decode(std::string_view text);

/// Encodes a decoded path for a Location header; '/' stays.
std::string encode_path(std::string_view path);

/// Encodes one key or value of a query; a space becomes '+'.
std::string encode_query(std::string_view text);

/// Appends the decoded pairs and tells whether all were well-formed. Pairs
/// are divided by '&' and ';'; broken ones and those beyond query_pairs_max
/// are left out.
bool parse_query(std::string_view text, query_pairs& out);

/// The path without "//", "/./" and "/../", keeping a slash at its end. A
/// request whose decoded path differs from this is redirected to it.
std::string clean_path(std::string_view path);

/// Whether the decoded path has a character that is not printable: control
/// and format characters, spaces other than the plain one, surrogates and
/// private use. Broken UTF-8 counts as the replacement character, which is
/// printable.
bool has_unprintable(std::string_view path);

} // namespace praetor::http
