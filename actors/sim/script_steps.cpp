// One function for each word that begins a step.

#include "actors/sim/script_words.hpp"

#include <array>
#include <utility>

namespace praetor::actors::sim {
namespace {

step_action read_wait(script_words& words) {
  if (!words.take("leader"))
    return wait_step{words.time("leader, or a time")};
  if (words.at_end())
    return wait_leader_step{};
  return wait_leader_step{words.time("a time")};
}

step_action read_cut(script_words& words) {
  cut_step out;
  out.groups.push_back({words.node()});
  if (words.take("->"))
    return cut_one_way_step{out.groups[0][0], words.node()};
  while (!words.at_end() && !words.failure()) {
    if (words.take("|"))
      out.groups.emplace_back();
    out.groups.back().push_back(words.node());
  }
  if (out.groups.size() < 2)
    words.refuse("-> and a node, or | and another group");
  return out;
}

step_action read_delay(script_words& words) {
  delay_step out;
  out.least = words.time("a time");
  out.most = words.at_end() ? out.least : words.time("a time");
  if (out.most < out.least)
    words.refuse("a time no shorter than the first", true);
  return out;
}

step_action read_slow(script_words& words) {
  slow_step out;
  out.from = words.node();
  words.choose({"->"});
  out.to = words.node();
  out.time = words.time("a time");
  return out;
}

step_action read_pause(script_words& words) {
  pause_step out{words.node(), {}};
  if (!words.at_end())
    out.time = words.time("a time");
  return out;
}

step_action read_clock(script_words& words) {
  auto node = words.node();
  return clock_step{node, words.time("a time, + or - before it", true)};
}

step_action read_drift(script_words& words) {
  auto node = words.node();
  return drift_step{node, words.share(-50, 50)};
}

step_action read_disk(script_words& words) {
  disk_step out;
  out.node = words.node();
  auto which = words.choose({"ok", "full", "failing-sync", "rot"});
  out.state = static_cast<disk_state>(which % 4);
  return out;
}

step_action read_transfer(script_words& words) {
  transfer_step out;
  if (!words.at_end()) {
    words.choose({"to"});
    out.to = words.node();
  }
  return out;
}

step_action read_remember(script_words& words) {
  remember_step out;
  out.node = words.node();
  words.choose({"as"});
  out.as = words.new_name();
  return out;
}

// Which node is asked, and how: at the end of the line.
void read_target(script_words& words, client_step& out) {
  bool is_read = out.what == client_verb::get || out.what == client_verb::list;
  if (is_read && words.take("stale"))
    out.is_stale = true;
  if (words.take("on"))
    out.on = words.node();
}

client_step read_client(script_words& words, client_verb what) {
  client_step out;
  out.what = what;
  out.key = words.text(what == client_verb::list ? "a prefix" : "a key");
  if (what == client_verb::cas)
    out.index = words.number("an index", 0, ~std::uint64_t{0});
  if (what == client_verb::put || what == client_verb::cas)
    out.value = words.text("a value");
  read_target(words, out);
  return out;
}

constexpr std::array<std::pair<std::string_view, client_verb>, 5> client_verbs{
    {{"get", client_verb::get},
     {"put", client_verb::put},
     {"cas", client_verb::cas},
     {"delete", client_verb::remove},
     {"list", client_verb::list}}};

std::optional<client_step> try_client(script_words& words) {
  for (auto [word, what] : client_verbs)
    if (words.take(word))
      return read_client(words, what);
  return {};
}

expect_client_step read_outcome(script_words& words, client_step what) {
  expect_client_step out;
  out.what = std::move(what);
  out.fails = words.take("fails");
  if (out.fails || out.what.what != client_verb::get)
    return out;
  if (words.at_end())
    return out;
  words.choose({"="});
  out.is_nothing = words.take("nothing");
  if (!out.is_nothing)
    out.value = words.text("a value, or nothing");
  read_target(words, out.what);
  return out;
}

expectation read_expectation(script_words& words) {
  if (auto what = try_client(words))
    return read_outcome(words, std::move(*what));
  if (words.take("no")) {
    words.choose({"leader"});
    return expect_leader_step{false};
  }
  if (words.take("same")) {
    words.choose({"leader"});
    return expect_same_leader_step{};
  }
  if (words.take("terms")) {
    words.choose({"<="});
    return expect_terms_step{words.number("a number", 0, 1'000'000)};
  }
  if (words.take("state")) {
    words.choose({"equal"});
    return expect_state_equal_step{};
  }
  if (words.take("leader")) {
    if (words.at_end())
      return expect_leader_step{true};
    words.choose({"is"});
    bool is = !words.take("not");
    return expect_leader_is_step{words.node(), is};
  }
  expect_up_step out;
  out.node = words.node();
  words.choose({"is"});
  out.is = words.choose({"up", "down"}) == 0;
  return out;
}

step_action read_expect(script_words& words) {
  expect_step out;
  if (words.take("within"))
    out.within = words.time("a time");
  out.what = read_expectation(words);
  return out;
}

step_action read_profile(script_words& words) {
  return profile_step{words.text("a profile's name")};
}

using reader = step_action (*)(script_words&);

constexpr std::pair<std::string_view, reader> readers[] = {
    {"nodes",
     [](script_words& w) -> step_action {
       return nodes_step{w.number("a number", 1, script_nodes_max)};
     }},
    {"seed",
     [](script_words& w) -> step_action {
       return seed_step{w.number("a number", 0, ~std::uint64_t{0})};
     }},
    {"profile", read_profile},
    {"wait", read_wait},
    {"cut", read_cut},
    {"isolate",
     [](script_words& w) -> step_action { return isolate_step{w.node()}; }},
    {"bridge",
     [](script_words& w) -> step_action { return bridge_step{w.node()}; }},
    {"heal", [](script_words&) -> step_action { return heal_step{}; }},
    {"loss",
     [](script_words& w) -> step_action { return loss_step{w.share(0, 100)}; }},
    {"duplicate",
     [](script_words& w) -> step_action {
       return duplicate_step{w.share(0, 100)};
     }},
    {"delay", read_delay},
    {"slow", read_slow},
    {"crash",
     [](script_words& w) -> step_action { return crash_step{w.node()}; }},
    {"restart",
     [](script_words& w) -> step_action { return restart_step{w.node()}; }},
    {"pause", read_pause},
    {"resume",
     [](script_words& w) -> step_action { return resume_step{w.node()}; }},
    {"clock", read_clock},
    {"drift", read_drift},
    {"disk", read_disk},
    {"transfer", read_transfer},
    {"remember", read_remember},
    {"expect", read_expect},
};

} // namespace

step_action read_step(script_words& words) {
  for (auto& [word, read] : readers)
    if (words.take(word))
      return read(words);
  if (auto what = try_client(words))
    return *what;
  std::string allowed = "one of";
  for (auto& [word, read] : readers)
    allowed += " " + std::string(word);
  for (auto& [word, what] : client_verbs)
    allowed += " " + std::string(word);
  words.refuse(allowed + " repeat end");
  return wait_step{};
}

} // namespace praetor::actors::sim
