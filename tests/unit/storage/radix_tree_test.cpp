#include "storage/radix_tree.hpp"

#include "protocol/base/prng.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace praetor;

namespace {

using tree = storage::radix_tree<int>;
// Bytes are ordered as unsigned, as the tree does.
struct by_bytes {
  bool operator()(const std::string& a, const std::string& b) const {
    return std::lexicographical_compare(
        a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
          return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
        });
  }
};
using reference = std::map<std::string, int, by_bytes>;
using pairs = std::vector<std::pair<std::string, int>>;

pairs below(const tree& from, std::string_view prefix) {
  pairs out;
  from.each(prefix, [&](const std::string& key, int value) {
    out.emplace_back(key, value);
    return true;
  });
  return out;
}

pairs below(const reference& from, std::string_view prefix) {
  pairs out;
  for (auto& [key, value] : from)
    if (key.starts_with(prefix))
      out.emplace_back(key, value);
  return out;
}

// In portions, as a walk in slices does it.
pairs from_on(const tree& of, std::string from, std::size_t portion) {
  pairs out;
  bool more = true;
  while (more) {
    more = false;
    std::size_t taken = 0;
    of.each_from(from, [&](const std::string& key, int value) {
      out.emplace_back(key, value);
      more = ++taken == portion;
      return !more;
    });
    if (more)
      from = storage::next_after(out.back().first);
  }
  return out;
}

// Short keys of few letters, so that they share prefixes and collide.
std::string random_key(prng& random) {
  constexpr std::string_view letters("ab\0\xFF", 4);
  std::string key;
  for (auto length = random.below(7); length > 0; --length)
    key += letters[random.below(letters.size())];
  return key;
}

void compare(const tree& made, const reference& expected, prng& random) {
  REQUIRE(made.size() == expected.size());
  REQUIRE(below(made, "") == below(expected, ""));
  auto prefix = random_key(random);
  REQUIRE(below(made, prefix) == below(expected, prefix));
  REQUIRE(from_on(made, "", 1 + random.below(5)) == below(expected, ""));
  REQUIRE(from_on(made, prefix, 3) ==
          pairs(expected.lower_bound(prefix), expected.end()));
  for (auto& [key, value] : expected) {
    auto* found = made.find(key);
    REQUIRE(found);
    REQUIRE(*found == value);
  }
}

} // namespace

TEST_CASE("a tree does what a map does, and its copies stay as they were") {
  prng random(tests::seed() + 4101);
  tree made;
  reference expected;
  std::vector<std::pair<tree, reference>> kept;
  for (int step = 0; step < 4000; ++step) {
    auto key = random_key(random);
    if (random.below(3) != 0) {
      bool is_new = !expected.contains(key);
      expected[key] = step;
      REQUIRE(made.put(key, step) == is_new);
    } else {
      REQUIRE(made.erase(key) == (expected.erase(key) == 1));
    }
    REQUIRE((made.find(key) != nullptr) == expected.contains(key));
    if (step % 50 == 0) {
      compare(made, expected, random);
      kept.emplace_back(made, expected);
    }
    if (kept.size() > 12)
      kept.erase(kept.begin() + static_cast<long>(random.below(12)));
  }
  for (auto& [copy, then] : kept)
    compare(copy, then, random);
}

TEST_CASE("a copy is the same version until one of them changes") {
  tree a;
  a.put("ab", 1);
  a.put("ac", 2);
  auto b = a;
  CHECK(a.same(b));
  b.put("ad", 3);
  CHECK_FALSE(a.same(b));
  CHECK(below(a, "a") == pairs{{"ab", 1}, {"ac", 2}});
  CHECK_FALSE(a.erase("ad"));
  CHECK(a.erase("ab"));
  CHECK(below(b, "") == pairs{{"ab", 1}, {"ac", 2}, {"ad", 3}});
}

TEST_CASE("a visit ends when the visitor has seen enough") {
  tree made;
  for (auto* key : {"a", "ab", "abc", "b"})
    made.put(key, 0);
  int seen = 0;
  made.each("", [&](const std::string&, int) { return ++seen < 2; });
  CHECK(seen == 2);
}

TEST_CASE("an emptied tree is as good as new") {
  tree made;
  made.put("", 1);
  made.put("x", 2);
  CHECK(made.erase("x"));
  CHECK(made.erase(""));
  CHECK(made.empty());
  CHECK(below(made, "").empty());
  CHECK(made.same(tree{}));
}
