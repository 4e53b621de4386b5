#include "protocol/base/duration.hpp"

#include <cstdint>
#include <limits>

namespace praetor {
namespace {

constexpr std::uint64_t duration_max =
    std::uint64_t{1} << 63; // magnitude of the most negative span

struct unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};

constexpr unit units[] = {
    {"ns", 1},
    {"us", 1'000},
    {"\xC2\xB5s", 1'000}, // micro sign
    {"\xCE\xBCs", 1'000}, // Greek mu
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
};

error invalid(std::string_view text) {
  return fail(errc::bad_input,
              "time: invalid duration \"" + std::string(text) + "\"");
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads digits into `value`; false when they overflow.
bool read_digits(std::string_view text, std::size_t& at, std::uint64_t& value) {
  while (at < text.size() && is_digit(text[at])) {
    if (value > duration_max / 10)
      return false;
    value = value * 10 + static_cast<std::uint64_t>(text[at] - '0');
    if (value > duration_max)
      return false;
    ++at;
  }
  return true;
}

// Reads the digits after the point; those beyond the precision are dropped.
void read_fraction(std::string_view text, std::size_t& at,
                   std::uint64_t& fraction, double& scale) {
  bool full = false;
  while (at < text.size() && is_digit(text[at])) {
    auto digit = static_cast<std::uint64_t>(text[at] - '0');
    ++at;
    if (full || fraction > (duration_max - 1) / 10 - 1) {
      full = true;
      continue;
    }
    fraction = fraction * 10 + digit;
    scale *= 10;
  }
}

const unit* find_unit(std::string_view name) {
  for (auto& one : units)
    if (one.name == name)
      return &one;
  return nullptr;
}

// One "12.5ms"; adds it to `total`. Errors name the whole text.
status read_term(std::string_view text, std::size_t& at, std::uint64_t& total) {
  if (at >= text.size() || (text[at] != '.' && !is_digit(text[at])))
    return invalid(text);
  std::uint64_t whole = 0;
  auto start = at;
  if (!read_digits(text, at, whole))
    return invalid(text);
  bool any = at > start;
  std::uint64_t fraction = 0;
  double scale = 1;
  if (at < text.size() && text[at] == '.') {
    start = ++at;
    read_fraction(text, at, fraction, scale);
    any = any || at > start;
  }
  if (!any)
    return invalid(text);
  start = at;
  while (at < text.size() && text[at] != '.' && !is_digit(text[at]))
    ++at;
  auto name = text.substr(start, at - start);
  if (name.empty())
    return fail(errc::bad_input,
                "time: missing unit in duration \"" + std::string(text) + "\"");
  auto* found = find_unit(name);
  if (!found)
    return fail(errc::bad_input, "time: unknown unit \"" + std::string(name) +
                                     "\" in duration \"" + std::string(text) +
                                     "\"");
  if (whole > duration_max / found->nanoseconds)
    return invalid(text);
  whole *= found->nanoseconds;
  if (fraction > 0)
    whole += static_cast<std::uint64_t>(
        static_cast<double>(fraction) *
        (static_cast<double>(found->nanoseconds) / scale));
  total += whole;
  if (whole > duration_max || total > duration_max)
    return invalid(text);
  return {};
}

// "1.5" for (15, 1): `value` with `digits` decimals, trailing zeros cut.
std::string with_fraction(std::uint64_t value, int digits) {
  std::uint64_t scale = 1;
  for (int i = 0; i < digits; ++i)
    scale *= 10;
  auto text = std::to_string(value / scale);
  auto rest = value % scale;
  if (rest == 0)
    return text;
  auto decimals = std::to_string(rest);
  decimals.insert(0, static_cast<std::size_t>(digits) - decimals.size(), '0');
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return text + "." + decimals;
}

} // namespace

result<span> parse_duration(std::string_view text) {
  std::size_t at = 0;
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    at = 1;
  }
  if (text.substr(at) == "0")
    return span{};
  if (at >= text.size())
    return invalid(text);
  std::uint64_t total = 0;
  while (at < text.size())
    if (auto ok = read_term(text, at, total); !ok)
      return ok.failure();
  if (negative)
    return span{static_cast<std::int64_t>(0 - total)};
  if (total >
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return invalid(text);
  return span{static_cast<std::int64_t>(total)};
}

std::string format_duration(span value) {
  auto count = value.count();
  if (count == 0)
    return "0s";
  auto magnitude = count < 0 ? 0 - static_cast<std::uint64_t>(count)
                             : static_cast<std::uint64_t>(count);
  std::string text = count < 0 ? "-" : "";
  if (magnitude < 1'000)
    return text + std::to_string(magnitude) + "ns";
  if (magnitude < 1'000'000)
    return text + with_fraction(magnitude, 3) + "\xC2\xB5s";
  if (magnitude < 1'000'000'000)
    return text + with_fraction(magnitude, 6) + "ms";
  auto minutes = magnitude / 60'000'000'000;
  auto seconds = magnitude % 60'000'000'000;
  if (minutes >= 60)
    text += std::to_string(minutes / 60) + "h";
  if (minutes > 0)
    text += std::to_string(minutes % 60) + "m";
  return text + with_fraction(seconds, 9) + "s";
}

} // namespace praetor
