#include "actors/sim/script_words.hpp"

#include "protocol/base/duration.hpp"

#include <charconv>
#include <cmath>

namespace praetor::actors::sim {
namespace {

constexpr std::size_t shown_max = 40;
// An hour of virtual time is a long story.
constexpr span time_max = std::chrono::hours(24);

std::string shown(const std::string& word) {
  std::string text = "\"";
  for (auto c : word.substr(0, shown_max))
    text += c >= ' ' && c <= '~' ? c : '?';
  return text + (word.size() > shown_max ? "...\"" : "\"");
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

bool is_name(const std::string& text) {
  if (text.size() < 2 || text.size() > shown_max)
    return false;
  for (auto c : text)
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
      return false;
  return text[0] >= 'a' && text[0] <= 'z';
}

} // namespace

script_words::script_words(std::string_view line, std::size_t number,
                           const script_names& names)
    : line_(number), names_(names) {
  split(line);
}

void script_words::split(std::string_view line) {
  std::size_t at = 0;
  while (at < line.size() && line[at] != '#') {
    if (is_blank(line[at])) {
      ++at;
      continue;
    }
    script_word word;
    word.column = at + 1;
    word.is_quoted = line[at] == '"';
    if (word.is_quoted) {
      auto close = line.find('"', at + 1);
      if (close == std::string_view::npos) {
        words_.push_back({std::string(line.substr(at)), at + 1, true});
        next_ = words_.size() - 1;
        refuse("a closing quote on the same line");
        return;
      }
      word.text = line.substr(at + 1, close - at - 1);
      at = close + 1;
    } else {
      auto begin = at;
      // Groups of a cut may be written without blanks: a|b.
      if (line[at] == '|')
        ++at;
      else
        while (at < line.size() && !is_blank(line[at]) && line[at] != '#' &&
               line[at] != '|')
          ++at;
      word.text = line.substr(begin, at - begin);
    }
    words_.push_back(std::move(word));
  }
  end_column_ = at + 1;
}

void script_words::refuse(std::string_view allowed, bool about_last) {
  if (failure_)
    return;
  auto which = next_ - (about_last && next_ > 0 ? 1 : 0);
  bool is_end = which >= words_.size();
  auto column = is_end ? end_column_ : words_[which].column;
  failure_ = fail(errc::bad_input,
                  "line " + std::to_string(line_) + ", column " +
                      std::to_string(column) + ": " +
                      (is_end ? "the line ends" : shown(words_[which].text)) +
                      " where " + std::string(allowed) + " is allowed");
}

bool script_words::take(std::string_view keyword) {
  if (failure_ || at_end() || words_[next_].is_quoted ||
      words_[next_].text != keyword)
    return false;
  ++next_;
  return true;
}

std::size_t
script_words::choose(std::initializer_list<std::string_view> keywords) {
  std::size_t which = 0;
  std::string allowed;
  for (auto keyword : keywords) {
    if (take(keyword))
      return which;
    allowed += (allowed.empty() ? "" : ", ") + std::string(keyword);
    ++which;
  }
  refuse((keywords.size() == 1 ? "only " : "one of ") + allowed);
  return keywords.size();
}

std::string script_words::text(std::string_view what) {
  if (at_end() || failure_) {
    refuse(what);
    return {};
  }
  return words_[next_++].text;
}

std::uint64_t script_words::number(std::string_view what, std::uint64_t least,
                                   std::uint64_t most) {
  auto word = text(what);
  std::uint64_t value = 0;
  auto end = word.data() + word.size();
  auto [stop, problem] = std::from_chars(word.data(), end, value);
  if (problem == std::errc{} && stop == end && value >= least && value <= most)
    return value;
  refuse(std::string(what) + " from " + std::to_string(least) + " to " +
             std::to_string(most),
         true);
  return least;
}

span script_words::time(std::string_view what, bool may_be_negative) {
  auto word = text(what);
  auto value = parse_duration(word);
  auto least = may_be_negative ? -time_max : span{};
  if (value && *value >= least && *value <= time_max)
    return *value;
  refuse(std::string(what) + " such as 200ms or 1m30s, at most 24h", true);
  return {};
}

double script_words::share(double least, double most) {
  auto word = text("a share");
  double value = 0;
  auto begin = word.data() + (word.starts_with('+') ? 1 : 0);
  auto end = word.data() + word.size();
  auto [stop, problem] = std::from_chars(begin, end, value);
  if (problem == std::errc{} && stop + 1 == end && *stop == '%' &&
      std::isfinite(value) && value >= least && value <= most)
    return value / 100;
  refuse("a share from " + std::to_string(static_cast<int>(least)) + "% to " +
             std::to_string(static_cast<int>(most)) + "%",
         true);
  return 0;
}

std::string script_words::allowed_nodes() const {
  std::string text = "a node (a to ";
  text += static_cast<char>('a' + names_.nodes - 1);
  text += ", leader";
  for (auto& name : names_.remembered)
    text += ", " + name;
  return text + ")";
}

node_name script_words::node() {
  auto word = text(allowed_nodes());
  bool is_letter = word.size() == 1 && word[0] >= 'a' &&
                   word[0] < static_cast<char>('a' + names_.nodes);
  if (is_letter || word == "leader" || names_.remembered.contains(word))
    return word;
  refuse(allowed_nodes(), true);
  return {};
}

std::string script_words::new_name() {
  auto word = text("a name");
  for (auto* taken : {"leader", "no", "not", "same", "within", "state", "terms",
                      "get", "put", "cas", "delete", "list"})
    if (word == taken)
      word.clear();
  if (!is_name(word))
    refuse("a name of 2 to 40 small letters, digits and _ that is no word of "
           "the language",
           true);
  return word;
}

void script_words::end() {
  if (!at_end())
    refuse("nothing more");
}

} // namespace praetor::actors::sim
