#include "actors/sim/picture_parts.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace praetor::actors::sim {

std::string svg_number(double value) {
  auto tenths = static_cast<std::int64_t>(std::llround(value * 10));
  auto sign = tenths < 0 ? "-" : "";
  tenths = std::abs(tenths);
  auto text = sign + std::to_string(tenths / 10);
  if (tenths % 10 != 0)
    text += "." + std::to_string(tenths % 10);
  return text;
}

std::string svg_escape(std::string_view text) {
  std::string out;
  for (auto c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (byte < 0x20 || byte >= 0x7F)
      out += '?';
    else
      out += c;
  }
  return out;
}

std::string_view class_of(traffic type) {
  switch (type) {
  case traffic::vote:
    return "vote";
  case traffic::heartbeat:
    return "heartbeat";
  case traffic::append:
    return "append";
  case traffic::snapshot:
    return "snapshot";
  case traffic::forward:
    return "forward";
  case traffic::other:
    return "other";
  }
  PRAETOR_ASSERT(false);
}

std::string_view class_of(drawn_role role) {
  switch (role) {
  case drawn_role::follower:
    return "follower";
  case drawn_role::candidate:
    return "candidate";
  case drawn_role::leader:
    return "leader";
  case drawn_role::down:
    return "down";
  case drawn_role::paused:
    return "paused";
  }
  PRAETOR_ASSERT(false);
}

namespace {

// What is coloured, how, and in which colour on light and dark screens.
struct colour {
  std::string_view selector;
  std::string_view property;
  std::string_view light;
  std::string_view dark;
};

constexpr colour colours[] = {
    {".ground", "fill", "#ffffff", "#14171f"},
    {"text", "fill", "#1f2430", "#e6e9f0"},
    {".small,.time", "fill", "#6b7283", "#8a93a6"},
    {".rule", "stroke", "#e6e8ee", "#272c38"},
    {".term,.say", "stroke", "#ffffff", "#14171f"},
    {".follower", "stroke", "#7c9cc4", "#5f83b3"},
    {".candidate", "stroke", "#e8b04a", "#f0b13c"},
    {".leader", "stroke", "#2a9d5c", "#3fbf78"},
    {".down", "stroke", "#aab0bd", "#4d5568"},
    {".paused", "stroke", "#b39ddb", "#8f7cc9"},
    {".vote", "stroke", "#d97706", "#f59e0b"},
    {".heartbeat", "stroke", "#b4bccb", "#4a5264"},
    {".append", "stroke", "#2563eb", "#60a5fa"},
    {".snapshot", "stroke", "#9333ea", "#c084fc"},
    {".forward", "stroke", "#0d9488", "#2dd4bf"},
    {".other", "stroke", "#8a91a0", "#8a91a0"},
    {".tip.vote", "fill", "#d97706", "#f59e0b"},
    {".tip.heartbeat", "fill", "#b4bccb", "#4a5264"},
    {".tip.append", "fill", "#2563eb", "#60a5fa"},
    {".tip.snapshot", "fill", "#9333ea", "#c084fc"},
    {".tip.forward", "fill", "#0d9488", "#2dd4bf"},
    {".tip.other", "fill", "#8a91a0", "#8a91a0"},
    {".cross,.net", "stroke", "#d1293d", "#ff6b7a"},
    {".net.good", "stroke", "#2a9d5c", "#3fbf78"},
    {".fault,.failed,.say.bad", "fill", "#d1293d", "#ff6b7a"},
    {".repair,.say.good", "fill", "#2a9d5c", "#3fbf78"},
    {".done", "fill", "#2563eb", "#60a5fa"},
    {".open", "fill", "#aab0bd", "#4d5568"},
};

constexpr std::string_view shapes = R"(
text { font: 11px system-ui, sans-serif }
.title { font-size: 15px; font-weight: 600 }
.name { font-size: 13px; font-weight: 600; text-anchor: middle }
.small, .time { font-size: 10px }
.time { text-anchor: end }
.life { stroke-width: 7 }
.life.leader { stroke-width: 11 }
.life.down { stroke-width: 2; stroke-dasharray: 3 4 }
.life.paused { stroke-dasharray: 6 3 }
.arrow { fill: none; stroke-width: 1.2 }
.lost { stroke-dasharray: 4 3 }
.twice { stroke-dasharray: 1 3 }
.cross { stroke-width: 1.6 }
.net { stroke-dasharray: 2 4 }
.term { text-anchor: end }
.term, .say { paint-order: stroke; stroke-width: 3px }
.say { font-weight: 600 }
)";

} // namespace

// Plain rules and no variables: not every renderer knows those.
std::string svg_style() {
  auto rules = [](auto shade) {
    std::string text;
    for (auto& one : colours) {
      text += std::string(one.selector) + " { ";
      text += std::string(one.property) + ": ";
      text += std::string(one.*shade) + " }\n";
    }
    return text;
  };
  return "<style>" + std::string(shapes) + rules(&colour::light) +
         "@media (prefers-color-scheme: dark) {\n" + rules(&colour::dark) +
         "}\n</style>\n";
}

std::vector<std::size_t> choose_arrows(const std::vector<drawn_message>& all,
                                       instant from, instant upto,
                                       std::size_t most) {
  std::vector<std::size_t> calm;
  std::vector<std::size_t> telling;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].sent >= from && all[i].sent <= upto)
      (all[i].type == traffic::heartbeat ? calm : telling).push_back(i);
  // Evenly over the time: every n-th, so that rhythms stay visible.
  auto thin = [](const std::vector<std::size_t>& which, std::size_t room,
                 std::vector<std::size_t>& out) {
    auto count = std::min(room, which.size());
    for (std::size_t i = 0; i < count; ++i)
      out.push_back(which[i * which.size() / count]);
  };
  std::vector<std::size_t> out;
  thin(telling, most, out);
  thin(calm, most - out.size(), out);
  return out;
}

} // namespace praetor::actors::sim
