#include "protocol/base/result.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

using namespace praetor;

namespace {

result<int> half(int x) {
  if (x % 2 != 0)
    return fail(errc::bad_input, std::to_string(x) + " is odd");
  return x / 2;
}

status even(int x) {
  if (auto found = half(x); !found)
    return found.failure();
  return {};
}

} // namespace

TEST_CASE("a result holds the value it was made from") {
  auto found = half(8);
  CHECK(found);
  CHECK(found.has_value());
  CHECK(found.value() == 4);
  CHECK(*found == 4);
}

TEST_CASE("a result holds the error it was made from") {
  auto found = half(7);
  CHECK_FALSE(found);
  CHECK_FALSE(found.has_value());
  CHECK(found.failure().code == errc::bad_input);
  CHECK(found.failure().text == "7 is odd");
}

TEST_CASE("a value is changed in place") {
  result<std::vector<int>> found(std::vector<int>{1});
  found->push_back(2);
  (*found).push_back(3);
  found.value().push_back(4);
  CHECK(*found == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("a constant result gives a constant value") {
  const result<std::string> found(std::string("abc"));
  CHECK(found->size() == 3);
  CHECK(*found == "abc");
  static_assert(std::is_same_v<decltype(*found), const std::string&>);
}

TEST_CASE("a value that cannot be copied is moved out") {
  result<std::unique_ptr<int>> found(std::make_unique<int>(5));
  auto taken = *std::move(found);
  REQUIRE(taken);
  CHECK(*taken == 5);
  result<std::unique_ptr<int>> other(std::make_unique<int>(6));
  auto also = std::move(other).value();
  REQUIRE(also);
  CHECK(*also == 6);
}

TEST_CASE("a result of false or nothing is still a value") {
  CHECK(result<bool>(false).has_value());
  CHECK(result<std::unique_ptr<int>>(nullptr).has_value());
  CHECK(result<std::string>(std::string()).has_value());
}

TEST_CASE("a copy shares nothing with its original") {
  result<std::string> one(std::string("abc"));
  auto two = one;
  two->push_back('d');
  CHECK(*one == "abc");
  CHECK(*two == "abcd");
  two = fail(errc::io, "gone");
  CHECK(one);
  CHECK_FALSE(two);
}

TEST_CASE("a status is success unless it was given an error") {
  CHECK(status());
  CHECK(status().has_value());
  CHECK(even(2));
  auto refused = even(3);
  CHECK_FALSE(refused);
  CHECK_FALSE(refused.has_value());
  CHECK(refused.failure() == error{errc::bad_input, "3 is odd"});
}

TEST_CASE("errors are equal when code and text are") {
  auto why = fail(errc::too_large, "5 > 4");
  CHECK(why == error{errc::too_large, "5 > 4"});
  CHECK_FALSE(why == error{errc::too_large, "6 > 4"});
  CHECK_FALSE(why == error{errc::conflict, "5 > 4"});
}

TEST_CASE("an error nobody filled in counts as a bug") {
  CHECK(error().code == errc::internal);
}
