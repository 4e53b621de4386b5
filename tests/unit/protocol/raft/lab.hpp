#pragma once

// One core among servers that a test plays itself: every step is checked, and
// what the core says is at hand as messages.

#include "protocol/raft/core.hpp"
#include "protocol/raft/invariants.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace praetor::tests {

inline raft::settings lab_settings(std::vector<node_id> voters) {
  using namespace std::chrono_literals;
  return {"a", std::move(voters), 150ms, 20ms, 1 << 20, 1 << 10};
}

/// Entries 1, 2, ... of these terms.
inline std::vector<raft::entry> entries_of(std::vector<std::uint64_t> terms,
                                           std::uint64_t after = 0) {
  std::vector<raft::entry> made;
  for (auto one : terms)
    made.push_back({{++after}, {one}, raft::entry_kind::command, nullptr});
  return made;
}

inline raft::log log_of(std::vector<std::uint64_t> terms) {
  raft::log made;
  for (auto& one : entries_of(std::move(terms)))
    made.append(one);
  return made;
}

inline raft::entry configuration_entry(std::uint64_t index,
                                       std::uint64_t in_term,
                                       const raft::configuration& members) {
  auto bytes = std::make_shared<const std::string>(raft::encode(members));
  return {{index}, {in_term}, raft::entry_kind::configuration, bytes};
}

class lab {
public:
  raft::core core;
  instant now{};
  std::vector<raft::message> sent;
  raft::output out;

  explicit lab(raft::settings chosen, raft::hard_state state = {},
               raft::log entries = {}, log_index applied = {})
      : core(std::move(chosen), std::move(state), std::move(entries), applied,
             prng(1)) {
    tick({});
  }

  template <class Action>
  void step(Action action) {
    auto before = core;
    action(core);
    out = core.take_output();
    core.check_invariants();
    raft::check_step(before, core);
    sent = out.send;
  }
  /// Time passes by so much at once.
  void tick(span by) {
    now += by;
    step([&](raft::core& c) { c.tick(now); });
  }
  void hear(const raft::message& one) {
    step([&](raft::core& c) { c.step(one, now); });
  }
  /// The disk has everything.
  void save() {
    step([](raft::core& c) {
      c.saved(c.last_index(), c.entries().last_term());
    });
  }
  void propose(const std::string& text) {
    step([&](raft::core& c) {
      PRAETOR_ASSERT(c.propose(std::make_shared<const std::string>(text)));
    });
  }
  /// Becomes the leader by the votes of b (and c), and saves its no-op.
  void lead() {
    using namespace std::chrono_literals;
    tick(400ms);
    for (bool trial : {true, false})
      for (auto* from : {"b", "c"}) {
        auto in_term =
            core.current_term().value +
            (trial && core.current_role() == raft::role::pre_candidate);
        hear(raft::request_vote_reply{from, "a", {in_term}, trial, true});
      }
    PRAETOR_ASSERT(core.is_leader());
    save();
  }
  /// `from` has everything up to there, and answers a message of just now.
  void acknowledge(const node_id& from, log_index upto,
                   std::uint64_t round = 0) {
    raft::append_entries_reply answer{from, "a", core.current_term(), true};
    answer.match = answer.accepted = upto;
    answer.returned = {now.time_since_epoch().count(), round};
    hear(answer);
  }
  raft::append_entries append(raft::log_place previous,
                              std::vector<raft::entry> entries,
                              log_index commit = {},
                              std::uint64_t in_term = 0) {
    term of{in_term ? in_term : core.current_term().value};
    return {"b", "a", of, previous, std::move(entries), commit, {}};
  }

  /// The messages of one kind that the last step sent.
  template <class Message>
  std::vector<Message> all() const {
    std::vector<Message> found;
    for (auto& one : sent)
      if (auto* it = std::get_if<Message>(&one))
        found.push_back(*it);
    return found;
  }
  template <class Message>
  std::vector<Message> all_to(const node_id& to) const {
    auto found = all<Message>();
    std::erase_if(found, [&](auto& one) { return one.to != to; });
    return found;
  }
};

} // namespace praetor::tests
