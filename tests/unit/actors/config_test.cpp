#include "actors/config.hpp"

#include "actors/config_files.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace praetor;
using namespace praetor::actors;

namespace {

namespace fs = std::filesystem;

/// A directory of its own that goes when the test ends.
class scratch {
public:
  scratch() {
    auto path = (fs::temp_directory_path() / "praetor-config-XXXXXX").string();
    REQUIRE(mkdtemp(path.data()) != nullptr);
    root_ = path;
  }
  ~scratch() { fs::remove_all(root_); }
  std::string write(const std::string& name, const std::string& text) {
    auto path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  std::string path(const std::string& name) const {
    return (root_ / name).string();
  }

private:
  fs::path root_;
};

/// Loads a development agent's configuration with more flags.
result<agent_config> load(std::vector<std::string> args) {
  args.insert(args.begin(), "-dev");
  std::ostringstream help;
  return load_config(args, help);
}

agent_config good(const std::vector<std::string>& args) {
  auto config = load(args);
  REQUIRE_MESSAGE(config.has_value(), (config ? "" : config.failure().text));
  return *config;
}

} // namespace

TEST_CASE("files of a directory are read by name and the last value wins") {
  scratch files;
  files.write("d/20.hcl", "datacenter = \"second\"\nnode_meta { b = \"2\" }");
  files.write("d/10.json",
              R"({"datacenter":"first","node_meta":{"a":"1","b":"1"}})");
  files.write("d/30.json", R"({"node_meta":{"c":"3"}})");
  auto config = good({"-config-dir=" + files.path("d")});
  CHECK(config.datacenter == "second");
  CHECK(config.node_meta ==
        model::string_map{{"a", "1"}, {"b", "2"}, {"c", "3"}});
  CHECK(config.files_read.size() == 3);
}

TEST_CASE("other names and deeper directories are not read") {
  scratch files;
  files.write("d/ok.json", R"({"service":{"name":"a"}})");
  files.write("d/x.json.bak", "garbage {{{");
  files.write("d/sub/deep.json", R"({"service":{"name":"deep"}})");
  files.write("d/empty.hcl", "");
  auto config = good({"-config-dir", files.path("d")});
  CHECK(config.services.size() == 1);
  CHECK(config.warnings ==
        std::vector<std::string>{"skipping file " + files.path("d/x.json.bak") +
                                 ", extension must be .hcl or .json, or config "
                                 "format must be set"});
}

TEST_CASE("services and checks of all files add up") {
  scratch files;
  auto a = files.write("a.json", R"({"services":[{"name":"b"}],
    "service":{"name":"a"},"check":{"id":"x"}})");
  auto b = files.write("b.hcl", "services { name = \"c\" }\n"
                                "services { name = \"d\" }");
  auto config = good({"-config-file=" + a, "-config-file=" + b});
  CHECK(config.services.size() == 4);
  CHECK(config.checks.size() == 1);
}

TEST_CASE("flags win over files, fragments over flags, lists go first") {
  scratch files;
  auto file = files.write("a.json", R"({"node_name":"file","server":true,
    "datacenter":"file","retry_join":["file"],"node_meta":{"k":"file"}})");
  auto config = good({"-node=flag", "-datacenter=flag", "-retry-join=flag",
                      "-node-meta=k:flag", "-config-file=" + file, "-hcl",
                      "datacenter = \"hcl\""});
  CHECK(config.node_name == "flag");
  CHECK(config.datacenter == "hcl");
  CHECK(config.join.retry_join == std::vector<std::string>{"flag", "file"});
  CHECK(config.node_meta.at("k") == "flag");
}

TEST_CASE("-config-format reads every file as that") {
  scratch files;
  auto json = files.write("a.weird", R"({"datacenter":"weird"})");
  CHECK(good({"-config-format=json", "-config-file=" + json}).datacenter ==
        "weird");
  auto hcl = files.write("b.weird", "datacenter = \"hcl-dc\"");
  CHECK(good({"-config-format=hcl", "-config-file=" + hcl}).datacenter ==
        "hcl-dc");
  CHECK(load({"-config-format=xml"}).failure().text ==
        "config: -config-format must be either 'hcl' or 'json'");
}

TEST_CASE("errors in files and fragments carry their names") {
  scratch files;
  auto file = files.write("a.json", R"({"foo":1})");
  CHECK(load({"-config-file=" + file}).failure().text ==
        "failed to parse " + file +
            ": 1 error occurred:\n\t* invalid config key foo\n\n");
  CHECK(
      load({"-hcl", "a = 1", "-hcl", "b = 1"})
          .failure()
          .text.starts_with("failed to parse flags-0.hcl: 1 error occurred:"));
  CHECK(load({"-config-file=/none/x"}).failure().text ==
        "config: Open failed on /none/x. open /none/x: no such file or "
        "directory");
}

TEST_CASE("JSON must be one object and nothing else") {
  for (auto text : {"{bad", "{\"datacenter\":}", "{\"datacenter\":\"a\"}{}",
                    "[]", "\"\"", "  ", "{\"a\":1,}", "{} // c", "5"})
    CHECK(!parse_json_object(text));
  CHECK(parse_json_object("").has_value());
  CHECK(parse_json_object("[]").failure().text ==
        "json: cannot unmarshal array into Go value of type "
        "map[string]interface {}");
  CHECK(parse_json_object("{bad").failure().text ==
        "invalid character 'b' looking for beginning of object key string");
  CHECK(parse_json_object("{\"a\":\"b").failure().text ==
        "unexpected end of JSON input");
  std::string deep = "{\"a\":";
  for (std::size_t i = 0; i < 2 * config_depth_max; ++i)
    deep += "[";
  CHECK(!parse_json_object(deep));
}

TEST_CASE("a development agent is a lone server on this machine") {
  auto config = good({});
  CHECK(config.server);
  CHECK(config.ui);
  CHECK(config.dev_mode);
  CHECK(config.addresses.bind == "127.0.0.1");
  CHECK(config.ports.grpc == 8502);
  CHECK(config.performance.raft_multiplier == 1);
  CHECK(config.log.level == "DEBUG");
  CHECK(!config.node_name.empty());
  CHECK(config.limits.http_max_conns_per_client == 200);
  CHECK(config.limits.kv_max_value_size == 524288);
}

TEST_CASE("help is written and no agent is to be started") {
  std::ostringstream help;
  auto config = load_config({"-h"}, help);
  REQUIRE(config.has_value());
  CHECK(config->help_requested);
  CHECK(help.str().starts_with("Usage: "));
  std::ostringstream again;
  auto bad = load_config({"-bogus"}, again);
  CHECK(bad.failure().code == errc::unsupported);
  CHECK(again.str().starts_with("Usage: "));
}

TEST_CASE("validate says whether a set of files would do") {
  scratch files;
  auto run = [](const std::vector<std::string>& paths, bool quiet) {
    std::ostringstream out, err;
    int code = validate_paths(paths, quiet, out, err);
    return std::to_string(code) + "|" + out.str() + "|" + err.str();
  };
  auto ok = files.write("ok.json", R"({"bind_addr":"127.0.0.1",
    "data_dir":"/nowhere","node_name":"n"})");
  CHECK(run({ok}, false) == "0|Configuration is valid!\n|");
  CHECK(run({ok}, true) == "0||");
  CHECK(run({}, false) ==
        "1||Must specify at least one config file or directory\n");
  auto bad = files.write("bad.json", R"({"bind_addr":"127.0.0.1"})");
  CHECK(run({bad}, true) ==
        "1||Config validation failed: data_dir cannot be empty\n");
}
