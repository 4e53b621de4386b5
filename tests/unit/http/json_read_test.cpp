#include "http/json_read.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::http;

namespace {

std::string trouble(std::string_view text) {
  auto value = parse_json(text);
  return value ? "" : value.failure().text;
}

std::string canonical(std::string_view text) {
  auto value = parse_json(text);
  return value ? canonical_json(*value) : value.failure().text;
}

std::string base64_of(std::string_view text) {
  auto bytes = decode_base64(text);
  return bytes ? *bytes : bytes.failure().text;
}

} // namespace

TEST_CASE("text that ends too early says so") {
  CHECK(trouble("") == "EOF");
  CHECK(trouble(" \n\t ") == "EOF");
  for (auto text : {"{", "[", "[1,", "{\"a\"", "{\"a\":", "{\"a\":1", "\"abc",
                    "\"\\", "\"\\u12", "tru", "-", "1.", "1e", "1e+"})
    CHECK(trouble(text) == "unexpected EOF");
}

TEST_CASE("the offending byte is named with its place") {
  auto wrong = [](std::string_view text, std::string_view byte,
                  std::string_view place) {
    CHECK(trouble(text) ==
          "invalid character " + std::string(byte) + " " + std::string(place));
  };
  wrong("x", "'x'", "looking for beginning of value");
  wrong("{\"a\":}", "'}'", "looking for beginning of value");
  wrong("[1,]", "']'", "looking for beginning of value");
  wrong("{,}", "','", "looking for beginning of object key string");
  wrong("{\"a\":1,}", "'}'", "looking for beginning of object key string");
  wrong("{\"a\" 1}", "'1'", "after object key");
  wrong("{\"a\":01}", "'1'", "after object key:value pair");
  wrong("[1 2]", "'2'", "after array element");
  wrong("{\"a\":tru}", "'}'", "in literal true (expecting 'e')");
  wrong("\"\x01\"", "'\\x01'", "in string literal");
  wrong("\"\n\"", "'\\n'", "in string literal");
  wrong("\"\\q\"", "'q'", "in string escape code");
  wrong("\"\\u12x4\"", "'x'", "in \\u hexadecimal character escape");
  wrong("-a", "'a'", "in numeric literal");
  wrong("1.a", "'a'", "after decimal point in numeric literal");
  wrong("1ea", "'a'", "in exponent of numeric literal");
  wrong("'", "'\\''", "looking for beginning of value");
  wrong("\xff", "'\xC3\xBF'", "looking for beginning of value");
}

TEST_CASE("what follows the first value is ignored") {
  CHECK(canonical("{} trailing") == "{}");
  CHECK(canonical("01") == "0");
  CHECK(canonical("[1]]") == "[1]");
}

TEST_CASE("nesting and size have their limits") {
  std::string open(json_depth_max, '[');
  std::string close(json_depth_max, ']');
  CHECK(trouble(open + close) == "");
  CHECK(trouble("[" + open) == "invalid character '[' exceeded max depth");
  auto value = parse_json(std::string(json_bytes_max + 1, ' '));
  REQUIRE(!value);
  CHECK(value.failure().code == errc::too_large);
}

TEST_CASE("broken characters are replaced and not refused") {
  CHECK(canonical("\"\xff\"") == "\"\xEF\xBF\xBD\"");
  CHECK(canonical(R"("\ud800")") == "\"\xEF\xBF\xBD\"");
  CHECK(canonical(R"("\ud800x\\ud800\ud83d\ude00")") ==
        "\"\xEF\xBF\xBDx\\\\ud800\xF0\x9F\x98\x80\"");
  CHECK(canonical(R"("\udc00\ud83d\ud83d\ude00")") ==
        "\"\xEF\xBF\xBD\xEF\xBF\xBD\xF0\x9F\x98\x80\"");
  CHECK(canonical("\"\\u0000\\/\"") == R"("\u0000/")");
}

TEST_CASE("free values come back sorted and with doubles for numbers") {
  CHECK(canonical(R"({"z":123456789012345678,"a":[1.0,1e21,{}],"b":null})") ==
        R"({"a":[1,1e+21,{}],"b":null,"z":123456789012345680})");
}

TEST_CASE("numbers come back as they were sent") {
  for (auto number : {"-0", "0.30000000000000004", "1.3927926388013963e-143",
                      "1.7161392603081718e+277", "123456789012345680000",
                      "5e-324", "1.7976931348623157e+308"})
    CHECK(canonical(number) == number);
}

TEST_CASE("base64 is strict about padding but not about line breaks") {
  CHECK(base64_of("") == "");
  CHECK(base64_of("aGVsbG8=") == "hello");
  CHECK(base64_of("Zg==") == "f");
  CHECK(base64_of("Zm9v") == "foo");
  CHECK(base64_of("Z\ng=\r=\n") == "f");
  CHECK(base64_of("Zh==") == "f"); // stray bits are dropped
  CHECK(base64_of("!!") == "illegal base64 data at input byte 0");
  CHECK(base64_of("YQ") == "illegal base64 data at input byte 0");
  CHECK(base64_of("YQ=") == "illegal base64 data at input byte 3");
  CHECK(base64_of("YQ==x") == "illegal base64 data at input byte 4");
  CHECK(base64_of("Y===") == "illegal base64 data at input byte 1");
}

TEST_CASE("a duration is text or a number of nanoseconds") {
  auto read = [](std::string_view text) {
    auto value = parse_json(text);
    span out{7};
    auto ok = read_duration(*value, out);
    return ok ? std::to_string(out.count()) : ok.failure().text;
  };
  CHECK(read("\"1m30s\"") == "90000000000");
  CHECK(read("5000") == "5000");
  CHECK(read("1.9") == "1");
  CHECK(read("true") == "7");
  CHECK(read("1e30") == "-9223372036854775808");
  CHECK(read("\"zz\"") == "time: invalid duration \"zz\"");
}

TEST_CASE("the first error in the text is told, unless a later one ends it") {
  auto read = [](std::string_view text) {
    auto value = parse_json(text);
    decode_errors errors;
    std::string name;
    int port = 0;
    std::vector<std::string> tags;
    read_object(*value, {"Thing", "", false}, errors, unknown::refused,
                [&](json_field& f) {
                  if (f.is("Bomb")) {
                    f.errors().end("bang");
                    return true;
                  }
                  return f.string("Name", name) || f.integer("Port", port) ||
                         f.strings("Tags", tags);
                });
    return errors.text();
  };
  CHECK(read(R"({"name":"x","PORT":1,"Tags":null})") == "");
  CHECK(read(R"({"Bogus":1,"Name":5})") == R"(json: unknown field "Bogus")");
  CHECK(read(R"({"Name":5,"Bogus":1})") ==
        "json: cannot unmarshal number into Go struct field Thing.Name of "
        "type string");
  CHECK(read(R"({"Port":1.5})") ==
        "json: cannot unmarshal number 1.5 into Go struct field Thing.Port of "
        "type int");
  CHECK(read(R"({"Tags":["a",1]})") ==
        "json: cannot unmarshal number into Go struct field Thing.Tags of "
        "type string");
  CHECK(read(R"({"Name":5,"Bomb":1})") == "bang");
}
