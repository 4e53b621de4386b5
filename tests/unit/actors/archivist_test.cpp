#include "actors/archivist.hpp"

#include "http/gzip.hpp"
#include "http/snapshot_archive.hpp"
#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

struct archivist_fixture {
  tests::actor_world world;
  tests::fake_raft raft{world};
  int ids = 0;
  archivist_actor handle = world.spawn(archivist, parts());

  std::shared_ptr<archivist_parts> parts() {
    auto made = std::make_shared<archivist_parts>();
    made->gateway = raft.gate();
    made->wall_clock = [] { return std::int64_t{1'700'000'000'123}; };
    made->make_id = [this] { return "restore-" + std::to_string(++ids); };
    return made;
  }

  template <class Message>
  http::rendered_ptr ask(const Message& what) {
    http::rendered_ptr got;
    auto client = world.stand_in<caf::actor>([&](caf::event_based_actor* self) {
      return caf::message_handler{[&, self](at::call) {
        using atom =
            std::conditional_t<std::is_same_v<Message, archive_request>,
                               at::save, at::install>;
        self->request(caf::actor_cast<caf::actor>(handle), caf::infinite,
                      atom::value, what)
            .then([&](const http::rendered_ptr& answer) { got = answer; },
                  [](caf::error&) {});
      }};
    });
    world.tell(client, at::call::value);
    world.settle();
    REQUIRE(got);
    return got;
  }
  std::string save() {
    return *ask(archive_request{raft.readers->newest(), 7})->body;
  }
  http::rendered_ptr restore(std::string bytes) {
    return ask(proposal{std::make_shared<const std::string>(std::move(bytes))});
  }
  std::string value(const std::string& key) {
    auto found = evaluate(*raft.readers->newest(), {.name = key});
    auto& list = std::get<model::kv_list>(found.records);
    return list.empty() ? "none" : list.front()->value;
  }
};

TEST_CASE_FIXTURE(archivist_fixture, "what was saved is there again, and what "
                                     "came later is gone") {
  raft.set_key("a", "old");
  auto archive = save();
  auto read = http::read_archive(archive);
  REQUIRE(read);
  CHECK(read->facts.id == "7-1-1700000000123");
  CHECK(read->facts.producer == "praetor");
  raft.set_key("a", "new");
  raft.set_key("b", "later");
  auto answer = restore(archive);
  CHECK(answer->status == 200);
  CHECK((!answer->body || answer->body->empty()));
  CHECK(value("a") == "old");
  CHECK(value("b") == "none");
}

TEST_CASE_FIXTURE(archivist_fixture, "a state goes through the log in pieces "
                                     "of a limited size") {
  prng chance(1);
  for (int i = 0; i < 6; ++i) {
    std::string noise(512 << 10, '\0');
    for (auto& c : noise)
      c = static_cast<char>(chance.below(256));
    raft.set_key("k" + std::to_string(i), noise);
  }
  auto archive = save();
  auto before = raft.commands.size();
  CHECK(restore(archive)->status == 200);
  CHECK(raft.commands.size() > before + 2);
  for (auto i = before; i < raft.commands.size(); ++i) {
    auto* part = std::get_if<model::restore_part>(&raft.commands[i]);
    REQUIRE(part);
    CHECK(part->number == i - before);
    CHECK(part->bytes.size() <= storage::restore_part_bytes_max);
  }
}

TEST_CASE_FIXTURE(archivist_fixture, "an archive that cannot be read touches "
                                     "nothing") {
  raft.set_key("a", "stays");
  auto archive = save();
  auto before = raft.commands.size();
  CHECK(*restore("")->body == "failed to decompress snapshot: EOF");
  CHECK(restore(archive.substr(0, archive.size() / 2))->status == 500);
  auto strange = http::write_archive({"1-1-1", 1, 1, 1, 0, "praetor"},
                                     "no state at all", 0);
  CHECK(restore(strange)->status == 500);
  auto foreign = http::write_archive({"1-1-1", 1, 1, 1, 0, ""}, "none", 0);
  CHECK(restore(foreign)->status == 500);
  CHECK(raft.commands.size() == before);
  CHECK(value("a") == "stays");
}

TEST_CASE_FIXTURE(archivist_fixture, "a restore that the log refuses is given "
                                     "up, and the reason told") {
  auto archive = save();
  raft.refusal = fail(errc::no_leader, "No cluster leader");
  auto answer = restore(archive);
  CHECK(answer->status == 500);
  CHECK(*answer->body == "No cluster leader");
  REQUIRE(!raft.commands.empty());
}

TEST_CASE_FIXTURE(archivist_fixture, "what an archive of Consul's has beside "
                                     "what is kept here is named") {
  // {"LastIndex": 9}, coordinates twice, a key.
  std::string state = std::string("\x81\xa9LastIndex\x09") + "\x06\x90" +
                      "\x06\x90" + "\x02\x82\xa3" + "Key\xa1" + "a\xa5Value" +
                      "\xa1v";
  auto answer =
      restore(http::write_archive({"2-9-1", 1, 9, 2, 0, ""}, state, 0));
  CHECK(answer->status == 200);
  REQUIRE(answer->headers.size() == 1);
  CHECK(answer->headers[0] ==
        http::header{"X-Praetor-Left-Out", "coordinates (2)"});
  CHECK(value("a") == "v");
}

} // namespace
} // namespace praetor::actors
