#include "actors/local_store.hpp"

#include "actors/agent.hpp"
#include "storage/simulated_disk.hpp"
#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;
using storage::simulated_disk;
using tests::actor_world;

model::service_wish web(const std::string& id = "web") {
  model::service_wish made;
  made.service.id = id;
  made.service.name = "web";
  made.service.meta.emplace();
  return made;
}

model::kept_check ttl(const std::string& id = "alive") {
  model::kept_check made;
  made.wish.id = made.wish.name = id;
  made.wish.ttl = 10s;
  made.type = "ttl";
  made.status = model::check_status::passing;
  made.output = "fine";
  return made;
}

struct files_fixture {
  std::shared_ptr<simulated_disk> disk = std::make_shared<simulated_disk>();

  local_files open() { return local_files(disk, "data"); }
  model::kept_local load() {
    auto found = open().load();
    REQUIRE(found);
    return *std::move(found);
  }
  static std::string path_of(const std::string& kind, const std::string& id) {
    return "data/" + kind + "/" + local_file_name(id);
  }
};

TEST_CASE("the name of a kept file is fit for a directory, whatever the id") {
  for (auto& id : {std::string("../../etc/passwd"), std::string(5000, 'x'),
                   std::string("a\0b", 3), std::string(".")}) {
    auto name = local_file_name(id);
    CHECK(name.size() < 100);
    CHECK(name.find_first_of(std::string("/.\0", 3)) == std::string::npos);
  }
  CHECK(local_file_name("a/b") != local_file_name("a_b"));
  CHECK(local_file_name("web").starts_with("web-"));
}

TEST_CASE_FIXTURE(files_fixture, "what was saved is there after a crash, and "
                                 "what was removed is not") {
  load();
  auto files = open();
  REQUIRE(files.save(web("a")));
  REQUIRE(files.save(web("b")));
  REQUIRE(files.save(ttl()));
  disk->crash();
  auto found = load();
  CHECK(found.services == std::vector{web("a"), web("b")});
  CHECK(found.checks == std::vector{ttl()});
  REQUIRE(files.remove_service("a"));
  REQUIRE(files.remove_check("alive"));
  REQUIRE(files.remove_check("never was"));
  disk->crash();
  found = load();
  CHECK(found.services == std::vector{web("b")});
  CHECK(found.checks.empty());
}

TEST_CASE_FIXTURE(files_fixture, "a save that fails anywhere leaves the old "
                                 "file or the new one, whole") {
  auto changed = web();
  changed.service.port = 81;
  bool done = false;
  for (std::size_t call = 0; !done; ++call) {
    CAPTURE(call);
    REQUIRE(call < 20);
    disk = std::make_shared<simulated_disk>();
    load();
    REQUIRE(open().save(web()));
    disk->fail_call(call, true);
    done = static_cast<bool>(open().save(changed));
    disk->crash();
    auto found = load().services;
    REQUIRE(found.size() == 1);
    CHECK((found[0] == changed || (!done && found[0] == web())));
  }
}

TEST_CASE_FIXTURE(files_fixture, "a damaged file is left out and left alone, "
                                 "wherever the damage is") {
  load();
  REQUIRE(open().save(web("a")));
  REQUIRE(open().save(web("b")));
  auto path = path_of("services", "a");
  auto whole = disk->contents(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    disk->plant(path, bytes);
    CHECK(load().services == std::vector{web("b")});
    CHECK(disk->contents(path) == bytes);
    disk->plant(path, whole.substr(0, i));
    CHECK(load().services == std::vector{web("b")});
  }
  disk->plant(path, whole);
  disk->plant("data/services/other", whole);
  CHECK(load().services.size() == 2);
}

TEST_CASE_FIXTURE(files_fixture, "what was never finished is swept up") {
  load();
  auto aside = path_of("checks", "a") + ".new";
  disk->plant(aside, "half");
  CHECK(load().checks.empty());
  CHECK(!disk->has(aside));
}

// An agent with files, which can be started again over the same ones.
struct agent_with_files : files_fixture {
  tests::probe_log probes;
  std::optional<actor_world> world;
  std::optional<tests::fake_raft> raft;
  agent_actor own;
  std::uint64_t wall_ms = 1'000'000;

  agent_with_files() { start(); }
  ~agent_with_files() { world->tell(own, at::stop::value); }

  void start(local_definitions wanted = {}) {
    if (world)
      world->tell(own, at::stop::value);
    own = agent_actor();
    raft.reset();
    world.emplace();
    raft.emplace(*world);
    wanted.kept = load();
    auto facts = std::make_shared<agent_facts>();
    facts->node.name = "n";
    facts->node.meta.emplace();
    auto parts = std::make_shared<agent_parts>();
    parts->facts = facts;
    parts->gateway = raft->gate();
    parts->store = world->system().spawn(local_store,
                                         std::make_shared<local_files>(open()));
    parts->readers = raft->readers;
    parts->time = &world->time;
    parts->start_probe = probes.starter();
    parts->wall_ms = [this] { return wall_ms; };
    own = world->spawn(agent, std::move(parts));
    world->post(own, at::reload::value, std::move(wanted));
    world->tell(own, at::lead::value, true);
  }
  int call(http::agent::request what) {
    http::agent_action asked;
    asked.request = std::move(what);
    auto reply =
        world->ask<http::rendered_ptr>(own, at::call::value, std::move(asked));
    REQUIRE(reply->value);
    return (*reply->value)->status;
  }
  void register_web() {
    http::agent::register_service asked;
    asked.wish = web();
    asked.wish.checks.push_back(ttl().wish);
    auto& probed = asked.wish.checks.emplace_back();
    probed.id = probed.name = "port";
    probed.tcp = "127.0.0.1:80";
    probed.interval = 10s;
    probed.status = model::check_status::passing;
    REQUIRE(call(asked) == 200);
  }
  void update(const char* status) {
    http::agent::update_check asked;
    asked.id = "alive";
    asked.status = status;
    asked.output = "so it says";
    REQUIRE(call(asked) == 200);
  }
  std::string status_of(const std::string& check) {
    auto found = raft->state().catalog.check("n", check);
    return found ? found->status : "absent";
  }
  bool has_service(const std::string& id) {
    return raft->state().catalog.service("n", id) != nullptr;
  }
};

TEST_CASE_FIXTURE(agent_with_files, "an agent that starts again has its "
                                    "services and what its TTL checks said") {
  register_web();
  update("passing");
  CHECK(status_of("port") == "passing");
  disk->crash();
  start();
  CHECK(has_service("web"));
  CHECK(status_of("alive") == "passing");
  CHECK(status_of("port") == "critical"); // nobody knows until it is probed
  world->pass(9s);
  CHECK(status_of("alive") == "passing"); // a full TTL to go
  world->pass(2s);
  CHECK(status_of("alive") == "critical");
  start();
  CHECK(status_of("alive") == "critical");
}

TEST_CASE_FIXTURE(agent_with_files, "a TTL check that keeps saying the same "
                                    "writes no file of its own") {
  register_web();
  update("passing");
  auto before = disk->syncs();
  update("passing");
  CHECK(disk->syncs() == before);
}

TEST_CASE_FIXTURE(agent_with_files, "the time of a TTL check goes on while the "
                                    "agent is down") {
  register_web();
  update("passing");
  wall_ms += 9'999;
  start();
  CHECK(status_of("alive") == "passing");
  update("passing");
  wall_ms += 10'000;
  start();
  CHECK(status_of("alive") == "critical");
}

TEST_CASE_FIXTURE(agent_with_files, "after a crash a TTL check has the time it "
                                    "had a second before, at least") {
  register_web();
  update("passing");
  world->pass(1s);
  wall_ms += 10'000;
  disk->crash();
  start();
  CHECK(status_of("alive") == "critical");
}

TEST_CASE_FIXTURE(agent_with_files, "many TTL checks that are renewed write "
                                    "one file in a second") {
  register_web();
  update("passing");
  world->pass(1s);
  auto before = disk->syncs();
  for (int i = 0; i < 100; ++i)
    update("passing");
  world->pass(1s);
  CHECK(disk->syncs() == before + 1);
}

TEST_CASE_FIXTURE(agent_with_files, "a damaged file of expiries is left out") {
  register_web();
  update("passing");
  wall_ms += 20'000;
  world->tell(own, at::stop::value);
  disk->plant("data/expiries", "nonsense");
  start();
  CHECK(status_of("alive") == "passing"); // nobody knows better
}

TEST_CASE_FIXTURE(agent_with_files, "what was deregistered stays away, with "
                                    "its checks") {
  register_web();
  REQUIRE(call(http::agent::deregister_check{"port"}) == 200);
  start();
  CHECK(status_of("port") == "absent");
  REQUIRE(call(http::agent::deregister_service{"web"}) == 200);
  start();
  CHECK(!has_service("web"));
  auto left = load();
  CHECK(left.services.empty());
  CHECK(left.checks.empty());
}

TEST_CASE_FIXTURE(agent_with_files, "maintenance outlives a restart, as "
                                    "maintenance") {
  http::agent::node_maintenance asked;
  asked.enable = true;
  REQUIRE(call(asked) == 200);
  start();
  auto found = raft->state().catalog.check("n", model::node_maintenance_id);
  REQUIRE(found);
  CHECK(found->type == "maintenance");
  asked.enable = false;
  REQUIRE(call(asked) == 200);
  start();
  CHECK(status_of(model::node_maintenance_id) == "absent");
}

TEST_CASE_FIXTURE(agent_with_files, "a definition in a file wins, and what was "
                                    "kept does not come back after it") {
  register_web();
  local_definitions wanted;
  wanted.services.push_back(web());
  wanted.services[0].service.port = 99;
  start(wanted);
  CHECK(raft->state().catalog.service("n", "web")->port == 99);
  CHECK(load().services.empty());
  CHECK(status_of("alive") != "absent"); // the API's check of it stays
  start();
  CHECK(!has_service("web"));
  CHECK(load().checks.empty()); // of a service that is gone
}

TEST_CASE_FIXTURE(agent_with_files, "a reload takes over what it names and "
                                    "leaves the rest as it is kept") {
  register_web();
  http::agent::register_service other;
  other.wish = web("other");
  REQUIRE(call(other) == 200);
  local_definitions wanted;
  wanted.services.push_back(web());
  REQUIRE(world->ask<bool>(own, at::reload::value, wanted)->value);
  CHECK(load().services == [&] {
    auto kept = web("other");
    kept.service.node = "n";
    return std::vector{kept};
  }());
  CHECK(has_service("other"));
}

TEST_CASE_FIXTURE(agent_with_files, "a registration that the disk refuses is "
                                    "answered as failed") {
  disk->fail_syncs(true);
  http::agent::register_service asked;
  asked.wish = web();
  CHECK(call(asked) == 500);
  disk->fail_syncs(false);
  CHECK(call(asked) == 200);
  start();
  CHECK(has_service("web"));
}

TEST_CASE_FIXTURE(agent_with_files, "a kept script is dropped when scripts are "
                                    "not enabled any more") {
  model::kept_check script;
  script.wish.id = script.wish.name = "script";
  script.wish.args = {"/bin/true"};
  script.wish.interval = 10s;
  REQUIRE(open().save(script));
  start();
  CHECK(status_of("script") == "absent");
  CHECK(load().checks.empty());
}

} // namespace
} // namespace praetor::actors
