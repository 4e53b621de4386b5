// What the commands say before they ask any agent.

#include "http/cli/cli.hpp"
#include "http/cli/commands.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace praetor::http::cli;

namespace {

struct outcome {
  int code = 0;
  std::string out;
  std::string err;
};

outcome run_words(const std::vector<std::string>& words,
                  const validator& check = nullptr) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  product self;
  self.version = "1.2.3";
  int code = run(words, {in, out, err}, self, check);
  return {code, out.str(), err.str()};
}

void check_refused(const std::vector<std::string>& words,
                   const std::string& text) {
  auto got = run_words(words);
  CHECK(got.code == 1);
  CHECK(got.out == "");
  CHECK(got.err == text);
}

} // namespace

TEST_CASE("no command and an unknown one list the commands and give 127") {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{}, {"bogus"}, {"-bogus"}}) {
    auto got = run_words(words);
    CHECK(got.code == 127);
    CHECK(got.out == "");
    CHECK(got.err.rfind("Usage: praetor [--version]", 0) == 0);
    CHECK(got.err.find("\n    members ") != std::string::npos);
  }
  CHECK(run_words({"-h"}).code == 0);
}

TEST_CASE("every spelling of version prints the same") {
  auto first = run_words({"version"});
  CHECK(first.code == 0);
  CHECK(first.out.rfind("Praetor v1.2.3\nProtocol 2 spoken", 0) == 0);
  for (auto word : {"-v", "-version", "--version"})
    CHECK(run_words({word}).out == first.out);
  check_refused({"version", "-format=x"}, "Unknown format: x\n");
}

TEST_CASE("every command explains itself with -h") {
  for (const auto& item : all_commands()) {
    std::vector<std::string> words;
    std::istringstream path(item.path);
    for (std::string word; path >> word;)
      words.push_back(word);
    words.push_back("-h");
    auto got = run_words(words);
    INFO(item.path);
    CHECK(got.code == 0);
    CHECK(got.err == "");
    CHECK(got.out.rfind("Usage: praetor " + std::string(item.path), 0) == 0);
  }
}

TEST_CASE("a group without a command lists its own on standard error") {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"kv"}, {"kv", "bogus"}}) {
    auto got = run_words(words);
    CHECK(got.code == 1);
    CHECK(got.out == "");
    for (auto name : {"delete", "export", "get", "import", "put"})
      CHECK(got.err.find("\n    " + std::string(name) + " ") !=
            std::string::npos);
  }
}

TEST_CASE("an unknown flag is named, and the known ones are listed") {
  auto got = run_words({"kv", "get", "-nope", "k"});
  CHECK(got.code == 1);
  CHECK(got.err.rfind("flag provided but not defined: -nope\nUsage:\n", 0) ==
        0);
  CHECK(got.err.find("-detailed") != std::string::npos);
}

TEST_CASE("kv get wants at most one key") {
  check_refused({"kv", "get"}, "Error! Missing KEY argument\n");
  check_refused({"kv", "get", "/"}, "Error! Missing KEY argument\n");
  check_refused({"kv", "get", "k", "-detailed"},
                "Too many arguments (expected 1, got 2)\n");
}

TEST_CASE("kv put checks its words before it asks") {
  check_refused({"kv", "put"}, "Error! Missing KEY argument\n");
  check_refused({"kv", "put", "a", "b", "c"},
                "Error! Too many arguments (expected 1 or 2, got 3)\n");
  check_refused({"kv", "put", "-cas", "k", "v"},
                "Must specify -modify-index with -cas!\n");
  check_refused(
      {"kv", "put", "-acquire", "k", "v"},
      "Error! Missing -session (required with -acquire and -release)\n");
  check_refused({"kv", "put", "/k", "v"},
                "Error! Failed writing data: Invalid key. Key must not begin "
                "with a '/': /k\n");
  check_refused({"kv", "put", "k", "@/nonexistent"},
                "Error! Failed to read file: open /nonexistent: no such file "
                "or directory\n");
}

TEST_CASE("kv delete checks its words before it asks") {
  check_refused({"kv", "delete"}, "Error! Missing KEY argument\n");
  check_refused({"kv", "delete", "a", "b"},
                "Too many arguments (expected 1, got 2)\n");
  check_refused({"kv", "delete", "-cas", "k"},
                "Must specify -modify-index with -cas!\n");
  check_refused({"kv", "delete", "-modify-index=4", "k"},
                "Cannot specify -modify-index without -cas!\n");
  check_refused({"kv", "delete", "-cas", "-modify-index=3", "-recurse", "k"},
                "Cannot specify both -cas and -recurse!\n");
}

TEST_CASE("kv import checks its words before it asks") {
  check_refused({"kv", "import"}, "Error! Missing DATA argument\n");
  check_refused({"kv", "import", ""}, "Error! Empty DATA argument\n");
  check_refused({"kv", "import", "x", "y"},
                "Error! Too many arguments (expected 1, got 2)\n");
  check_refused({"kv", "import", "[1,"},
                "Cannot unmarshal data: unexpected end of JSON input\n");
}

TEST_CASE("what is not built says so") {
  check_refused({"acl", "token", "list"},
                "praetor: acl token list is not supported by this version\n");
  check_refused({"tls", "ca", "create", "-days=3"},
                "praetor: tls ca create is not supported by this version\n");
}

TEST_CASE("validate hands its paths to the configuration loader") {
  std::vector<std::string> seen;
  bool was_quiet = false;
  validator check = [&](const std::vector<std::string>& paths, bool quiet,
                        const streams&) {
    seen = paths;
    was_quiet = quiet;
    return 7;
  };
  CHECK(run_words({"validate", "-quiet", "a", "b"}, check).code == 7);
  CHECK(seen == std::vector<std::string>{"a", "b"});
  CHECK(was_quiet);
  check_refused({"validate"},
                "Must specify at least one config file or directory\n");
}
