#pragma once

// Numbers, text and the style of the SVG that picture.cpp draws.

#include "actors/sim/picture.hpp"

#include <string_view>

namespace praetor::actors::sim {

/// With one digit after the point, whatever the locale.
std::string svg_number(double value);
/// For content and attributes; what XML 1.0 does not allow becomes '?'.
std::string svg_escape(std::string_view text);
std::string_view class_of(traffic type);
std::string_view class_of(drawn_role role);
std::string svg_style();
/// The messages to draw, by their places: all, or fewer heartbeats, or fewer
/// of everything.
std::vector<std::size_t> choose_arrows(const std::vector<drawn_message>& all,
                                       instant from, instant upto,
                                       std::size_t most);

} // namespace praetor::actors::sim
