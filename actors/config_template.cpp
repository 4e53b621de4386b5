#include "actors/config_template.hpp"

#include "protocol/model/filter_regex.hpp"

#include <algorithm>

namespace praetor::actors {
namespace {

using addresses = std::vector<interface_address>;
using words = std::vector<std::string>;

/// Stages of one pipeline; more than anybody writes.
constexpr std::size_t stages_max = 32;

// The words of one stage: bare, or in double quotes or backquotes.
result<words> split_words(std::string_view text) {
  words found;
  while (true) {
    auto start = text.find_first_not_of(" \t");
    if (start == text.npos)
      return found;
    text.remove_prefix(start);
    char quote = text[0];
    bool quoted = quote == '"' || quote == '`';
    auto end = quoted ? text.find(quote, 1) : text.find_first_of(" \t");
    if (quoted && end == text.npos)
      return fail(errc::bad_input, "unterminated quoted string");
    found.emplace_back(text.substr(quoted ? 1 : 0, end - (quoted ? 1 : 0)));
    text.remove_prefix(end == text.npos ? text.size() : end + (quoted ? 1 : 0));
  }
}

// The stages between bars, quotes respected.
result<std::vector<words>> split_stages(std::string_view text) {
  std::vector<words> stages;
  std::size_t start = 0;
  char quote = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && quote != 0) {
      quote = text[i] == quote ? 0 : quote;
      continue;
    }
    if (i < text.size() && (text[i] == '"' || text[i] == '`')) {
      quote = text[i];
      continue;
    }
    if (i < text.size() && text[i] != '|')
      continue;
    auto stage = split_words(text.substr(start, i - start));
    if (!stage)
      return stage.failure();
    if (stage->empty() || stages.size() >= stages_max)
      return fail(errc::bad_input, "missing value for command");
    stages.push_back(*std::move(stage));
    start = i + 1;
  }
  return stages;
}

// Whether the address has the property; an error for one we do not know.
result<bool> has(const interface_address& one, const std::string& property,
                 const std::string& value) {
  if (property == "name" || property == "address") {
    auto pattern = model::regex::compile(value);
    if (!pattern)
      return pattern.failure();
    return pattern->search(property == "name" ? one.interface : one.address);
  }
  if (property == "type") {
    auto wanted = value;
    std::transform(wanted.begin(), wanted.end(), wanted.begin(), ::tolower);
    if (wanted == "ip")
      return true;
    if (wanted != "ipv4" && wanted != "ipv6")
      return fail(errc::bad_input, "unsupported type " + value);
    return is_ipv4(one.address) == (wanted == "ipv4");
  }
  if (property == "rfc" && (value == "1918" || value == "6890"))
    return is_private_address(one.address);
  if ((property == "flag" || property == "flags") && value == "loopback")
    return is_loopback_address(one.address);
  if ((property == "flag" || property == "flags") && value == "up")
    return true; // those that are down are not listed at all
  return fail(errc::bad_input,
              "unsupported filter \"" + property + "\" \"" + value + "\"");
}

status keep(addresses& all, const words& stage, bool wanted) {
  if (stage.size() != 3)
    return fail(errc::bad_input, "wrong number of args for " + stage[0] +
                                     ": want 2 got " +
                                     std::to_string(stage.size() - 1));
  addresses kept;
  for (auto& one : all) {
    auto matches = has(one, stage[1], stage[2]);
    if (!matches)
      return matches.failure();
    if (*matches == wanted)
      kept.push_back(one);
  }
  all = std::move(kept);
  return {};
}

result<std::string> joined(const addresses& all, const std::string& attribute,
                           const std::string& between) {
  std::string text;
  if (attribute != "address" && attribute != "name")
    return fail(errc::bad_input, "unsupported attribute " + attribute);
  for (auto& one : all)
    text += (text.empty() ? "" : between) +
            (attribute == "name" ? one.interface : one.address);
  return text;
}

result<addresses> source(const words& stage, addresses all) {
  if (stage[0] == "GetPrivateInterfaces")
    std::erase_if(all,
                  [](auto& one) { return !is_private_address(one.address); });
  else if (stage[0] == "GetPublicInterfaces")
    std::erase_if(all, [](auto& one) {
      return is_private_address(one.address) ||
             is_loopback_address(one.address);
    });
  else if (stage[0] != "GetAllInterfaces")
    return fail(errc::unsupported, "function \"" + stage[0] + "\" not defined");
  return all;
}

} // namespace

bool is_pipeline(std::string_view text) {
  return text.find('|') != text.npos || text.find("Interfaces") != text.npos;
}

result<std::string>
evaluate_pipeline(std::string_view text,
                  const std::vector<interface_address>& all) {
  auto stages = split_stages(text);
  if (!stages)
    return stages.failure();
  auto found = source(stages->front(), all);
  if (!found)
    return found.failure();
  for (std::size_t i = 1; i < stages->size(); ++i) {
    auto& stage = (*stages)[i];
    auto& what = stage[0];
    if (what == "include" || what == "exclude") {
      if (auto ok = keep(*found, stage, what == "include"); !ok)
        return ok.failure();
    } else if (what == "limit" && stage.size() == 2) {
      auto most = static_cast<std::size_t>(std::atoi(stage[1].c_str()));
      found->resize(std::min(found->size(), most));
    } else if (what == "attr" && stage.size() == 2) {
      found->resize(std::min<std::size_t>(found->size(), 1));
      return joined(*found, stage[1], "");
    } else if (what == "join" && stage.size() == 3) {
      return joined(*found, stage[1], stage[2]);
    } else {
      return fail(errc::unsupported, "function \"" + what + "\" not defined");
    }
  }
  return joined(*found, "address", " ");
}

} // namespace praetor::actors
