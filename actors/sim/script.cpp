#include "actors/sim/script.hpp"

#include "actors/sim/script_words.hpp"

#include <algorithm>

namespace praetor::actors::sim {
namespace {

bool is_setup(const step_action& what) {
  return std::holds_alternative<nodes_step>(what) ||
         std::holds_alternative<seed_step>(what) ||
         std::holds_alternative<profile_step>(what);
}

class script_parser {
public:
  result<std::vector<step>> run(std::string_view text);

private:
  // The steps of a `repeat` that has not ended yet.
  struct block {
    std::size_t line = 0;
    std::uint64_t times = 1;
    std::vector<step> steps;
  };

  void read(std::string_view line);
  void open(script_words& words);
  void close(script_words& words);
  void keep(script_words& words, std::string_view line);
  std::string place() const { return "line " + std::to_string(line_) + ": "; }

  std::size_t line_ = 0;
  script_names names_;
  bool has_begun_ = false; // a step other than those that set up
  std::vector<block> blocks_{1};
  std::optional<error> failure_;
};

void script_parser::open(script_words& words) {
  auto times = words.number("a number of times", 1, script_repeats_max);
  words.end();
  failure_ = words.failure();
  if (!failure_ && blocks_.size() > script_depth_max)
    failure_ =
        fail(errc::bad_input, place() + "repeat within repeat, more than " +
                                  std::to_string(script_depth_max) + " deep");
  has_begun_ = true;
  blocks_.push_back({line_, times, {}});
}

void script_parser::close(script_words& words) {
  words.end();
  failure_ = words.failure();
  if (!failure_ && blocks_.size() == 1)
    failure_ = fail(errc::bad_input, place() + "end without repeat");
  if (failure_)
    return;
  auto done = std::move(blocks_.back());
  blocks_.pop_back();
  auto& into = blocks_.back().steps;
  if (into.size() + done.steps.size() * done.times > script_steps_max) {
    failure_ = fail(errc::bad_input, place() + "more than " +
                                         std::to_string(script_steps_max) +
                                         " steps, repeats written out");
    return;
  }
  for (std::uint64_t i = 0; i < done.times; ++i)
    into.insert(into.end(), done.steps.begin(), done.steps.end());
}

void script_parser::keep(script_words& words, std::string_view line) {
  step made;
  made.line = line_;
  made.what = read_step(words);
  words.end();
  failure_ = words.failure();
  if (failure_)
    return;
  if (is_setup(made.what) && has_begun_) {
    failure_ = fail(errc::bad_input, place() + "nodes, seed and profile come "
                                               "before all other steps");
    return;
  }
  has_begun_ = !is_setup(made.what);
  if (auto* nodes = std::get_if<nodes_step>(&made.what))
    names_.nodes = nodes->count;
  if (auto* named = std::get_if<remember_step>(&made.what))
    names_.remembered.insert(named->as);
  auto first = line.find_first_not_of(" \t\r");
  made.text = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
  blocks_.back().steps.push_back(std::move(made));
  if (blocks_.back().steps.size() > script_steps_max)
    failure_ =
        fail(errc::bad_input, place() + "more than " +
                                  std::to_string(script_steps_max) + " steps");
}

void script_parser::read(std::string_view line) {
  script_words words(line, line_, names_);
  failure_ = words.failure();
  if (failure_ || words.is_empty())
    return;
  if (words.take("repeat"))
    open(words);
  else if (words.take("end"))
    close(words);
  else
    keep(words, line);
}

result<std::vector<step>> script_parser::run(std::string_view text) {
  if (text.size() > script_bytes_max)
    return fail(errc::too_large,
                "the script has " + std::to_string(text.size()) +
                    " bytes, at most " + std::to_string(script_bytes_max));
  while (!text.empty()) {
    ++line_;
    auto end = std::min(text.find('\n'), text.size());
    read(text.substr(0, end));
    if (failure_)
      return *failure_;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (blocks_.size() > 1)
    return fail(errc::bad_input, "line " + std::to_string(blocks_.back().line) +
                                     ": repeat without end");
  return std::move(blocks_[0].steps);
}

} // namespace

result<std::vector<step>> parse_script(std::string_view text) {
  return script_parser().run(text);
}

} // namespace praetor::actors::sim
