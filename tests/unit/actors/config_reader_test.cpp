#include "actors/config_reader.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::actors;

namespace {

/// The text as an object, which must be good JSON.
boost::json::object object(const char* text) {
  return boost::json::parse(text).as_object();
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("keys are found in any letter case, an exact match first") {
  auto from = object(R"({"Name":"second","name":"first","PORT":5})");
  reading_log log;
  std::string name;
  int port = 0;
  {
    section_reader in(from, "", log);
    in.text("name", name);
    in.integer("port", port);
  }
  CHECK(name == "first");
  CHECK(port == 5);
  CHECK(log.unknown_keys == texts{"Name"});
}

TEST_CASE("a key that nobody asks for is told with its path") {
  auto from = object(R"({"a":{"b":[{"c":1},{"c":2,"d":3}]}})");
  reading_log log;
  {
    section_reader in(from, "", log);
    in.section("a", [](section_reader& a) {
      a.sections("b", [](section_reader& b) { b.unused_integer({"c"}); });
    });
  }
  CHECK(log.unknown_keys == texts{"a.b[1].d"});
}

TEST_CASE("a value of the wrong type is told and not coerced") {
  auto from = object(R"({"p":"8500","q":1,"r":true,"s":"x","t":[1]})");
  reading_log log;
  int port = 7;
  bool flag = false;
  std::string text = "kept";
  texts list;
  {
    section_reader in(from, "", log);
    in.integer("p", port);
    in.flag("q", flag);
    in.text("r", text);
    in.texts("s", list);
    in.texts("t", list);
  }
  CHECK(port == 7);
  CHECK(text == "kept");
  CHECK(list.empty());
  CHECK(log.wrong_types ==
        texts{"'p' expected type 'int', got unconvertible type 'string'",
              "'q' expected type 'bool', got unconvertible type 'float64'",
              "'r' expected type 'string', got unconvertible type 'bool'",
              "'s': source data must be an array or slice, got string",
              "'t[0]' expected type 'string', got unconvertible type "
              "'float64'"});
}

TEST_CASE("HCL's whole numbers are called int") {
  auto from = object(R"({"a":5,"b":5.5})");
  reading_log log;
  log.has_whole_numbers = true;
  std::string unused;
  {
    section_reader in(from, "", log);
    in.text("a", unused);
    in.text("b", unused);
  }
  REQUIRE(log.wrong_types.size() == 2);
  CHECK(log.wrong_types[0].ends_with("'int'"));
  CHECK(log.wrong_types[1].ends_with("'float64'"));
}

TEST_CASE("a list of one stands for its element, a list of two does not") {
  auto from = object(R"({"a":["x"],"b":[{"k":"v"}],"c":[{},{}]})");
  reading_log log;
  std::string text;
  model::string_map map;
  {
    section_reader in(from, "", log);
    in.text("a", text);
    in.text_map("b", map);
    in.text_map("c", map);
  }
  CHECK(text == "x");
  CHECK(map == model::string_map{{"k", "v"}});
  CHECK(log.wrong_types == texts{"'c' expected a map, got 'slice'"});
}

TEST_CASE("null leaves everything as it was") {
  auto from = object(R"({"a":null,"b":null,"c":null,"d":null})");
  reading_log log;
  std::string text = "kept";
  std::optional<bool> flag;
  int number = 3;
  texts list = {"x"};
  {
    section_reader in(from, "", log);
    in.text("a", text);
    in.flag("b", flag);
    in.integer("c", number);
    in.texts("d", list);
  }
  CHECK(text == "kept");
  CHECK(!flag);
  CHECK(number == 3);
  CHECK(list == texts{"x"});
  CHECK(log.wrong_types.empty());
  CHECK(log.unknown_keys.empty());
}

TEST_CASE("lists grow and maps merge when read twice") {
  auto first = object(R"({"l":["a"],"m":{"x":"1","y":"1"}})");
  auto second = object(R"({"l":["b"],"m":{"y":"2"}})");
  reading_log log;
  texts list;
  model::string_map map;
  for (auto* from : {&first, &second}) {
    section_reader in(*from, "", log);
    in.texts("l", list);
    in.text_map("m", map);
  }
  CHECK(list == texts{"a", "b"});
  CHECK(map == model::string_map{{"x", "1"}, {"y", "2"}});
}

TEST_CASE("a duration that is none is told with its name") {
  auto from = object(R"({"a":"10","b":"1m30s","m":{"k":"x"},"n":5})");
  reading_log log;
  span a{}, b{}, n{};
  std::map<std::string, span> map;
  {
    section_reader in(from, "s", log);
    in.duration("a", a, "check[].a");
    in.duration("b", b);
    in.duration("n", n);
    in.duration_map("m", map);
  }
  CHECK(b == std::chrono::seconds(90));
  CHECK(log.bad_values ==
        texts{"check[].a: invalid duration: \"10\": time: missing unit in "
              "duration \"10\"",
              "s.m[\"k\"]: invalid duration: \"x\": time: invalid duration "
              "\"x\""});
  CHECK(log.wrong_types.size() == 1);
}

TEST_CASE("numbers beyond a type's range come out at its edge") {
  auto from = object(R"({"a":1e40,"b":-1e40,"c":-1,"d":1e40,"e":2.9})");
  reading_log log;
  int a = 0, b = 0, e = 0;
  std::uint64_t c = 1;
  std::uint32_t d = 0;
  {
    section_reader in(from, "", log);
    in.integer("a", a);
    in.integer("b", b);
    in.natural("c", c);
    in.natural("d", d);
    in.integer("e", e);
  }
  CHECK(a == std::numeric_limits<int>::max());
  CHECK(b == std::numeric_limits<int>::min());
  CHECK(d == std::numeric_limits<std::uint32_t>::max());
  CHECK(e == 2);
  CHECK(c == 1);
  CHECK(log.wrong_types == texts{"cannot parse 'c', -1.000000 overflows uint"});
}

TEST_CASE("errors are counted and listed") {
  CHECK(list_errors({"a"}) == "1 error occurred:\n\t* a\n\n");
  CHECK(list_errors({"a", "b"}) == "2 errors occurred:\n\t* a\n\t* b\n\n");
}
