#include "protocol/raft/log.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using raft::entry;
using raft::entry_kind;

namespace {

entry command(std::uint64_t index, std::uint64_t in_term,
              const std::string& text = "x") {
  return {{index},
          {in_term},
          entry_kind::command,
          std::make_shared<const std::string>(text)};
}

raft::log five() {
  raft::log made;
  for (auto& [index, in_term] :
       std::vector<std::pair<int, int>>{{1, 1}, {2, 1}, {3, 2}, {4, 4}, {5, 4}})
    made.append(command(index, in_term));
  return made;
}

/// Stands in for CAF's inspectors: writes to and reads from plain fields.
struct recorder {
  using result_type = bool;
  static constexpr bool writes_state = false;
  std::vector<std::string> seen;

  void one(term& x) { seen.push_back(std::to_string(x.value)); }
  void one(log_index& x) { seen.push_back(std::to_string(x.value)); }
  void one(entry_kind& x) { seen.push_back(std::to_string(int(x))); }
  void one(std::string& x) { seen.push_back(x); }
  template <class... Fields>
  bool operator()(Fields&... fields) {
    (one(fields), ...);
    return true;
  }
};

struct player {
  using result_type = bool;
  static constexpr bool writes_state = true;
  std::vector<std::string> seen;
  std::size_t next = 0;

  void one(term& x) { x.value = std::stoull(seen.at(next++)); }
  void one(log_index& x) { x.value = std::stoull(seen.at(next++)); }
  void one(entry_kind& x) { x = entry_kind(std::stoi(seen.at(next++))); }
  void one(std::string& x) { x = seen.at(next++); }
  template <class... Fields>
  bool operator()(Fields&... fields) {
    (one(fields), ...);
    return true;
  }
};

} // namespace

TEST_CASE("an empty log ends where its snapshot ends") {
  raft::log made({7}, {3});
  CHECK(made.empty());
  CHECK(made.last_index() == log_index{7});
  CHECK(made.last_term() == term{3});
  CHECK(made.term_at({7}) == term{3});
  CHECK(!made.term_at({6}));
  CHECK(!made.term_at({8}));
}

TEST_CASE("a log knows the term of each of its entries") {
  auto made = five();
  CHECK(made.last_index() == log_index{5});
  CHECK(made.last_term() == term{4});
  CHECK(made.term_at({0}) == term{0});
  CHECK(made.term_at({2}) == term{1});
  CHECK(made.term_at({3}) == term{2});
  CHECK(!made.term_at({6}));
  CHECK(made.at({3}) == command(3, 2));
}

TEST_CASE("a slice leaves out its first index and includes its last") {
  auto part = five().slice({1}, {3});
  REQUIRE(part.size() == 2);
  CHECK(part[0].index == log_index{2});
  CHECK(part[1].index == log_index{3});
  CHECK(five().slice({3}, {3}).empty());
}

TEST_CASE("a conflicting end is cut and written anew (section 5.3)") {
  auto made = five();
  made.truncate_suffix({4});
  CHECK(made.last_index() == log_index{3});
  made.append(command(4, 5));
  CHECK(made.term_at({4}) == term{5});
  made.truncate_suffix({1});
  CHECK(made.empty());
}

TEST_CASE("cutting the front keeps index and term of what was cut last") {
  auto made = five();
  made.truncate_prefix({3});
  CHECK(made.base_index() == log_index{3});
  CHECK(made.base_term() == term{2});
  CHECK(made.at({4}) == command(4, 4));
  CHECK(made.last_index() == log_index{5});
  made.truncate_prefix({5});
  CHECK(made.empty());
  CHECK(made.last_term() == term{4});
}

TEST_CASE("recovery leaves out what the snapshot covers") {
  auto made = raft::log::recover({2}, {1},
                                 {command(1, 1), command(2, 1), command(3, 2)});
  REQUIRE(made);
  CHECK(made->base_index() == log_index{2});
  CHECK(made->last_index() == log_index{3});
}

TEST_CASE("recovery refuses a gap and a term that goes back") {
  auto gap = raft::log::recover({2}, {1}, {command(4, 2)});
  REQUIRE(!gap);
  CHECK(gap.failure().code == errc::corrupt);
  CHECK(gap.failure().text == "Raft log: entry 4 where 3 should be");
  auto back = raft::log::recover({0}, {0}, {command(1, 2), command(2, 1)});
  REQUIRE(!back);
  CHECK(back.failure().text == "Raft log: entry 2 has term 1 after term 2");
  CHECK(!raft::log::recover({0}, {0}, {command(1, 0)}));
}

TEST_CASE("no bytes and a null pointer are the same entry") {
  auto one = command(1, 1, "");
  auto other = one;
  other.data = nullptr;
  CHECK(one == other);
  CHECK(other.bytes().empty());
}

TEST_CASE("every field of an entry passes its inspection") {
  auto sent = command(7, 3, "bytes");
  recorder out;
  CHECK(inspect(out, sent));
  player in{out.seen};
  entry got;
  CHECK(inspect(in, got));
  CHECK(got == sent);
}

TEST_CASE("every field of the hard state passes its inspection") {
  raft::hard_state sent{{9}, "a"};
  recorder out;
  CHECK(inspect(out, sent));
  player in{out.seen};
  raft::hard_state got;
  CHECK(inspect(in, got));
  CHECK(got == sent);
}
