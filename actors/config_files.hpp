#pragma once

// Configuration files: finding them, reading them within limits, and turning
// their text into JSON objects.

#include "protocol/base/result.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace praetor::actors {

/// Bytes of one file. Ten thousand generated services take about 5 MB.
inline constexpr std::size_t config_file_size_max = 64u << 20;

/// How deep objects and lists may nest. Consul's own keys reach 8; proxies'
/// free-form settings a few more; each level costs stack.
inline constexpr std::size_t config_depth_max = 64;

/// Files of one run. A directory with more is surely not meant.
inline constexpr std::size_t config_files_max = 10000;

struct config_source {
  std::string name;   // the path, or "flags-0.hcl"
  std::string format; // "json" or "hcl"
  std::string text;
};

/// The files that the paths name: a file itself, and of a directory those
/// that end in .json or .hcl, by name. A `forced_format` takes every file.
/// Files passed over are told in `warnings`.
result<std::vector<config_source>>
find_sources(const std::vector<std::string>& paths,
             const std::string& forced_format,
             std::vector<std::string>& warnings);

/// The object in JSON text; no text at all is an empty object. Errors say
/// what was found and what was expected, close to Go's words.
result<boost::json::object> parse_json_object(std::string_view text);

/// By the source's format; the error carries the source's name.
result<boost::json::object> parse_source(const config_source& source);

} // namespace praetor::actors
