#include "storage/state_codec.hpp"

#include "protocol/base/bytes.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/state_world.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using storage::state;
using storage::state_decoder;
using storage::state_encoder;
using test::all_answers;

namespace {

std::string encode(const state& what) {
  state_encoder encoder(what);
  std::string bytes;
  for (auto chunk = encoder.next(); !chunk.empty(); chunk = encoder.next()) {
    REQUIRE(chunk.size() <= storage::state_chunk_bytes_max);
    bytes += chunk;
  }
  CHECK(encoder.next().empty());
  return bytes;
}

result<state> decode(std::string_view bytes, std::size_t shards = 4,
                     std::size_t piece = SIZE_MAX) {
  state_decoder decoder(shards);
  while (!bytes.empty()) {
    auto part = bytes.substr(0, piece);
    if (auto ok = decoder.feed(part); !ok)
      return ok.failure();
    bytes.remove_prefix(part.size());
  }
  return std::move(decoder).finish();
}

void run(state& on, const model::command& what, modify_index at) {
  model::change_set changes;
  (void)apply(on, at, what, changes);
}

void check_invariants(const state& of) {
  for (auto& shard : of.shards)
    shard.check_invariants();
  of.catalog.check_invariants();
  of.queries.check_invariants();
}

state grown(std::uint64_t seed, modify_index upto) {
  prng random(seed);
  state made;
  for (modify_index at = 1; at <= upto; ++at)
    run(made, test::random_command(random, made, at), at);
  return made;
}

model::kv_operation put(std::string key, std::string value) {
  model::kv_operation made;
  made.key = std::move(key);
  made.value = std::move(value);
  return made;
}

/// One record with its size before it.
std::string framed(const std::string& record) {
  std::string bytes;
  byte_writer(bytes).u32(static_cast<std::uint32_t>(record.size()));
  return bytes + record;
}

} // namespace

TEST_CASE("an empty state is empty again") {
  auto found = decode(encode(state()));
  REQUIRE(found);
  CHECK(found->applied == 0);
  CHECK(all_answers(*found) == all_answers(state()));
}

TEST_CASE("a state out of a snapshot answers every query as it did, and goes "
          "on alike, over any number of shards") {
  prng random(tests::seed() + 9001);
  state on;
  for (modify_index at = 1; at <= 1500; ++at) {
    run(on, test::random_command(random, on, at), at);
    if (at % 50 != 0)
      continue;
    auto bytes = encode(on);
    auto expected = all_answers(on);
    for (std::size_t shards : {1, 3, 4, 8}) {
      auto found = decode(bytes, shards);
      REQUIRE(found);
      check_invariants(*found);
      REQUIRE(all_answers(*found) == expected);
      // What answers do not show must be equal too: what follows shows it.
      auto original = on;
      auto fork = random;
      for (auto next = at + 1; next <= at + 30; ++next) {
        auto what = test::random_command(fork, original, next);
        run(original, what, next);
        run(*found, what, next);
      }
      check_invariants(*found);
      REQUIRE(all_answers(*found) == all_answers(original));
    }
  }
}

TEST_CASE("equal states have equal bytes, and a restored one the same") {
  auto on = grown(5, 400);
  auto bytes = encode(on);
  CHECK(bytes == encode(grown(5, 400)));
  CHECK(bytes == encode(*decode(bytes)));
}

TEST_CASE("the bytes may come in pieces of any size") {
  auto on = grown(7, 300);
  auto bytes = encode(on);
  auto expected = all_answers(on);
  for (std::size_t piece : {1, 2, 3, 5, 64, 1000}) {
    auto found = decode(bytes, 4, piece);
    REQUIRE(found);
    CHECK(all_answers(*found) == expected);
  }
}

TEST_CASE("a chunk has its limit, whatever the records") {
  state on;
  modify_index at = 0;
  for (int i = 0; i < 3000; ++i) {
    auto text = std::to_string(i);
    run(on, put("k/" + text, std::string(300, 'v')), ++at);
  }
  // Larger than a chunk, and just about one.
  run(on, put("large", std::string(1'000'000, 'v')), ++at);
  run(on, put("k/x", std::string(storage::state_chunk_bytes_max, 'v')), ++at);
  for (int i = 0; i < 3000; i += 2) {
    auto gone = put("k/" + std::to_string(i), "");
    gone.verb = model::kv_verb::remove;
    run(on, gone, ++at);
  }
  auto found = decode(encode(on), 4, storage::state_chunk_bytes_max);
  REQUIRE(found);
  check_invariants(*found);
  model::read_query all;
  all.kind = model::query_kind::kv_list;
  auto expected = std::get<model::kv_list>(evaluate(on, all).records);
  auto read = std::get<model::kv_list>(evaluate(*found, all).records);
  REQUIRE(read.size() == expected.size());
  for (std::size_t i = 0; i < read.size(); ++i)
    REQUIRE(*read[i] == *expected[i]);
}

TEST_CASE("the encoder walks the state as it was given") {
  auto on = grown(3, 200);
  auto expected = encode(on);
  state_encoder encoder(on);
  for (modify_index at = 201; at < 230; ++at)
    run(on, put("a", std::to_string(at)), at);
  CHECK(encoder.next() == expected);
}

TEST_CASE("a stream that ends early, anywhere, is refused") {
  auto bytes = encode(grown(11, 60));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto found = decode(std::string_view(bytes).substr(0, size));
    REQUIRE_FALSE(found);
    REQUIRE(found.failure().code == errc::corrupt);
  }
  CHECK_FALSE(decode(bytes + "x"));
  CHECK_FALSE(decode(bytes + bytes));
}

TEST_CASE("a missing or doubled record is refused") {
  auto bytes = encode(grown(11, 60));
  std::vector<std::string> records;
  for (std::size_t at = 0; at < bytes.size();) {
    auto size = 4 + byte_reader(std::string_view(bytes).substr(at)).u32();
    records.push_back(bytes.substr(at, size));
    at += size;
  }
  REQUIRE(records.size() > 10);
  for (std::size_t which = 0; which < records.size(); ++which)
    for (int times : {0, 2}) {
      std::string changed;
      for (std::size_t i = 0; i < records.size(); ++i)
        for (int n = 0; n < (i == which ? times : 1); ++n)
          changed += records[i];
      REQUIRE_FALSE(decode(changed));
    }
}

TEST_CASE("a record that is too large is refused before it has come") {
  std::string bytes;
  byte_writer(bytes).u32(
      static_cast<std::uint32_t>(storage::state_record_bytes_max + 1));
  state_decoder decoder;
  auto refused = decoder.feed(bytes);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == errc::corrupt);
  CHECK_FALSE(decoder.feed("more"));
  CHECK_FALSE(std::move(decoder).finish());
}

TEST_CASE("records of unknown kind, and a newer version, are refused") {
  CHECK(decode(framed("")).failure().code == errc::corrupt);
  CHECK(decode(framed(std::string(1, '\0'))).failure().code == errc::corrupt);
  CHECK(decode(framed("\x0b")).failure().code == errc::corrupt);
  CHECK(decode(framed("\x0e")).failure().code == errc::corrupt);
  CHECK(decode(framed("\x02")).failure().code == errc::corrupt);
  CHECK(decode(framed("\x01\x03")).failure().code == errc::unsupported);
}

TEST_CASE("damaged bytes are survived, and what is accepted can be used") {
  prng random(tests::seed() + 9002);
  auto whole = encode(grown(13, 200));
  for (int i = 0; i < 3000; ++i) {
    auto bytes = whole;
    for (auto n = 1 + random.below(3); n > 0; --n)
      bytes[random.below(bytes.size())] ^=
          static_cast<char>(1 << random.below(8));
    auto found = decode(bytes, 4, 1 + random.below(500));
    if (!found)
      continue;
    auto at = found->applied;
    if (at > UINT64_MAX - 50)
      continue;
    prng fork(random.next());
    for (int n = 0; n < 20; ++n) {
      ++at;
      run(*found, test::random_command(fork, *found, at), at);
    }
    (void)all_answers(*found);
  }
}
