#include "actors/config_files.hpp"

#include "actors/config_hcl.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace praetor::actors {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

/// Errors of the operating system as Go prints them: in small letters.
std::string os_error_text(int number) {
  std::string text = std::strerror(number);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

error open_error(const std::string& path, int number) {
  return fail(errc::io, "config: Open failed on " + path + ". open " + path +
                            ": " + os_error_text(number));
}

std::string format_of(const std::string& name, const std::string& forced) {
  if (!forced.empty())
    return forced;
  if (name.ends_with(".json"))
    return "json";
  return name.ends_with(".hcl") ? "hcl" : "";
}

result<std::string> read_file(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return open_error(path, errno != 0 ? errno : EIO);
  std::string text;
  char block[65536];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > config_file_size_max)
      return fail(errc::too_large, "config: " + path + " has more than " +
                                       std::to_string(config_file_size_max) +
                                       " bytes");
  }
  return text;
}

result<std::vector<std::string>> list_files(const std::string& directory) {
  std::error_code why;
  std::vector<std::string> names;
  fs::directory_iterator at(directory, why);
  for (; !why && at != fs::directory_iterator(); at.increment(why)) {
    std::error_code ignored;
    if (at->is_directory(ignored))
      continue;
    names.push_back(at->path().filename().string());
    if (names.size() > config_files_max)
      return fail(errc::too_large, "config: " + directory + " has more than " +
                                       std::to_string(config_files_max) +
                                       " files");
  }
  if (why)
    return open_error(directory, why.value());
  std::sort(names.begin(), names.end());
  return names;
}

/// What Go's decoder says of the top-level value when it is no object.
const char* go_kind(const json::value& value) {
  if (value.is_array())
    return "array";
  if (value.is_string())
    return "string";
  return value.is_bool() ? "bool" : "number";
}

std::string syntax_error(std::string_view text, std::size_t at,
                         const json::error_code& why) {
  bool is_blank = text.find_first_not_of(" \t\r\n", at) == text.npos;
  if (why == json::error::incomplete || at >= text.size() || is_blank)
    return "unexpected end of JSON input";
  at = text.find_first_not_of(" \t\r\n", at);
  auto found = "invalid character '" + std::string(1, text[at]) + "' ";
  if (why == json::error::extra_data)
    return found + "after top-level value";
  auto before = text.find_last_not_of(" \t\r\n", at == 0 ? 0 : at - 1);
  char previous = before == text.npos ? '\0' : text[before];
  if (previous == '{' || (previous == ',' && text[at] == '}'))
    return found + "looking for beginning of object key string";
  if (previous == '\0' || previous == ':' || previous == ',' || previous == '[')
    return found + "looking for beginning of value";
  return found + "at byte " + std::to_string(at) + ": " + why.message();
}

} // namespace

result<std::vector<config_source>>
find_sources(const std::vector<std::string>& paths,
             const std::string& forced_format,
             std::vector<std::string>& warnings) {
  std::vector<config_source> found;
  auto add = [&](const std::string& path) -> status {
    auto format = format_of(path, forced_format);
    if (format.empty()) {
      warnings.push_back("skipping file " + path +
                         ", extension must be .hcl or .json, or config "
                         "format must be set");
      return {};
    }
    auto text = read_file(path);
    if (!text)
      return text.failure();
    found.push_back({path, format, std::move(*text)});
    return {};
  };
  for (auto& path : paths) {
    std::error_code why;
    auto kind = fs::status(path, why);
    if (!fs::exists(kind))
      return open_error(path, why ? why.value() : ENOENT);
    std::vector<std::string> files = {path};
    if (fs::is_directory(kind)) {
      auto names = list_files(path);
      if (!names)
        return names.failure();
      files.clear();
      for (auto& name : *names)
        files.push_back((fs::path(path) / name).string());
    }
    for (auto& file : files)
      if (auto done = add(file); !done)
        return done.failure();
  }
  return found;
}

result<json::object> parse_json_object(std::string_view text) {
  if (text.empty())
    return json::object();
  json::parse_options options;
  options.max_depth = config_depth_max;
  json::stream_parser parser({}, options);
  json::error_code why;
  std::size_t used = 0;
  try {
    used = parser.write_some(text.data(), text.size(), why);
    if (!why && used < text.size())
      why = json::error::extra_data;
    if (!why)
      parser.finish(why);
    if (why)
      return fail(errc::bad_input, syntax_error(text, used, why));
    auto value = parser.release();
    if (value.is_null())
      return json::object();
    if (!value.is_object())
      return fail(errc::bad_input,
                  std::string("json: cannot unmarshal ") + go_kind(value) +
                      " into Go value of type map[string]interface {}");
    return std::move(value.get_object());
  } catch (const std::exception& e) {
    return fail(errc::bad_input, e.what());
  }
}

result<json::object> parse_source(const config_source& source) {
  auto parsed = source.format == "hcl" ? parse_hcl(source.text)
                                       : parse_json_object(source.text);
  if (parsed)
    return parsed;
  return fail(errc::bad_input,
              "failed to parse " + source.name + ": " + parsed.failure().text);
}

} // namespace praetor::actors
