#include "protocol/raft/messages.hpp"

#include <doctest/doctest.h>

#include <type_traits>

using namespace praetor;

namespace {

/// Stands in for CAF's inspectors: lists every field, however deep.
struct recorder {
  using result_type = bool;
  static constexpr bool writes_state = false;
  std::vector<std::string> seen;

  template <class Field>
  void one(Field& x) {
    if constexpr (std::is_enum_v<Field>)
      seen.push_back(std::to_string(static_cast<int>(x)));
    else if constexpr (std::is_arithmetic_v<Field>)
      seen.push_back(std::to_string(x));
    else if constexpr (std::is_same_v<Field, std::string>)
      seen.push_back(x);
    else
      inspect(*this, x);
  }
  template <class Item>
  void one(std::vector<Item>& x) {
    seen.push_back(std::to_string(x.size()));
    for (auto& each : x)
      one(each);
  }
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

  template <class Field>
  void one(Field& x) {
    if constexpr (std::is_enum_v<Field>)
      x = static_cast<Field>(std::stoi(seen.at(next++)));
    else if constexpr (std::is_arithmetic_v<Field>)
      x = static_cast<Field>(std::stoll(seen.at(next++)));
    else if constexpr (std::is_same_v<Field, std::string>)
      x = seen.at(next++);
    else
      inspect(*this, x);
  }
  template <class Item>
  void one(std::vector<Item>& x) {
    x.resize(std::stoul(seen.at(next++)));
    for (auto& each : x)
      one(each);
  }
  template <class... Fields>
  bool operator()(Fields&... fields) {
    (one(fields), ...);
    return true;
  }
};

template <class Message>
void check_round_trip(Message sent) {
  recorder out;
  CHECK(inspect(out, sent));
  // A field that stayed at its default could be missing unnoticed.
  for (auto& field : out.seen)
    CHECK(field != "0");
  player in{out.seen};
  Message got;
  CHECK(inspect(in, got));
  CHECK(got == sent);
  CHECK(in.next == out.seen.size());
}

} // namespace

TEST_CASE("every field of every message passes its inspection") {
  using namespace raft;
  snapshot_mark mark{{{4}, {3}}, {{"a", "b"}, {"c"}}};
  auto data = std::make_shared<const std::string>("x");
  check_round_trip(request_vote{"a", "b", {3}, {{4}, {2}}, true, true});
  check_round_trip(request_vote_reply{"a", "b", {3}, true, true});
  check_round_trip(append_entries{"a",
                                  "b",
                                  {3},
                                  {{4}, {2}},
                                  {{{5}, {3}, entry_kind::command, data}},
                                  {2},
                                  {17, 5}});
  check_round_trip(append_entries_reply{
      "a", "b", {3}, true, {4}, {5}, {6}, {{7}, {2}}, {17, 5}});
  check_round_trip(install_snapshot{"a", "b", {3}, mark, 6, "bytes", true});
  check_round_trip(install_snapshot_reply{"a", "b", {3}, {4}, 6, true});
  check_round_trip(timeout_now{"a", "b", {3}});
}

TEST_CASE("sender, recipient and term of any message are at hand") {
  raft::message one = raft::timeout_now{"a", "b", {3}};
  CHECK(raft::sender(one) == "a");
  CHECK(raft::recipient(one) == "b");
  CHECK(raft::term_of(one) == term{3});
}
