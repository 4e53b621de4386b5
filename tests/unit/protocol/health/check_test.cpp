#include "protocol/health/check.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::health;
using namespace std::chrono_literals;

namespace {

constexpr instant start{1000s};

model::check_wish http_wish(span interval = 10s) {
  model::check_wish wish;
  wish.http = "http://127.0.0.1/";
  wish.interval = interval;
  return wish;
}

model::check_wish ttl_wish(span ttl = 10s) {
  model::check_wish wish;
  wish.ttl = ttl;
  return wish;
}

check make(const model::check_wish& wish, std::string status = "") {
  return check(make_settings(wish), std::move(status), prng(7), start);
}

std::string complaint(const model::check_wish& wish) {
  auto said = validate(wish);
  return said ? "" : said.failure().text;
}

constexpr auto no_ttl = "TTL must be > 0 for TTL checks";
constexpr auto no_interval =
    "Interval must be > 0 for Script, HTTP, or TCP checks";

} // namespace

TEST_CASE("a wish of one kind with its time is valid") {
  CHECK(complaint(ttl_wish()) == "");
  CHECK(complaint(http_wish()) == "");
  model::check_wish alias;
  alias.alias_service = "web";
  CHECK(complaint(alias) == "");
  alias.interval = 5s;
  CHECK(complaint(alias) == "");
}

TEST_CASE("a wish without a usable time is refused in the known words") {
  CHECK(complaint({}) == no_ttl);
  CHECK(complaint(ttl_wish(-1s)) == no_ttl);
  model::check_wish interval_only;
  interval_only.interval = 1s;
  CHECK(complaint(interval_only) == no_ttl);
  CHECK(complaint(http_wish(0s)) == no_interval);
  CHECK(complaint(http_wish(-1s)) == no_interval);
  auto both_kinds = http_wish(0s);
  both_kinds.ttl = 5s;
  CHECK(complaint(both_kinds) == no_interval);
}

TEST_CASE("every probed kind needs an interval") {
  for (int kind = 0; kind < 7; ++kind) {
    model::check_wish wish;
    (kind == 0   ? wish.http
     : kind == 1 ? wish.tcp
     : kind == 2 ? wish.udp
     : kind == 3 ? wish.grpc
     : kind == 4 ? wish.h2ping
     : kind == 5 ? wish.os_service
                 : wish.args.emplace_back()) = "x";
    CHECK(complaint(wish) == no_interval);
    wish.interval = 1s;
    CHECK(complaint(wish) == "");
  }
}

TEST_CASE("interval and TTL exclude each other") {
  auto wish = ttl_wish();
  wish.interval = 1s;
  CHECK(complaint(wish) == "Interval and TTL cannot both be specified");
  wish.alias_service = "web";
  CHECK(complaint(wish) == "Interval and TTL cannot both be specified");
  wish.interval = 0s;
  CHECK(complaint(wish) == "TTL must be not be set for Alias checks");
}

TEST_CASE("a negative size of the output is refused") {
  auto wish = ttl_wish();
  wish.output_max_size = -1;
  CHECK(complaint(wish) == "MaxOutputMaxSize must be positive");
}

TEST_CASE("settings apply defaults and limits") {
  auto web = make_settings(http_wish(20ms));
  CHECK(web.interval == 1s);
  CHECK(web.timeout == 10s);
  CHECK(web.ttl == 0s);
  model::check_wish script;
  script.args = {"true"};
  script.interval = 5s;
  CHECK(make_settings(script).timeout == 30s);
  script.timeout = 3s;
  script.deregister_after = 1s;
  CHECK(make_settings(script).timeout == 3s);
  CHECK(make_settings(script).deregister_after == 1min);
  CHECK(make_settings(ttl_wish(400ms)).ttl == 400ms);
  CHECK(make_settings(ttl_wish()).interval == 0s);
}

TEST_CASE("a wish can lower the agent's limit of output, not raise it") {
  auto wish = ttl_wish();
  wish.output_max_size = 10;
  CHECK(make_settings(wish, 100).output_max_size == 10);
  wish.output_max_size = 1000;
  CHECK(make_settings(wish, 100).output_max_size == 100);
  wish.output_max_size = 0;
  CHECK(make_settings(wish, 100).output_max_size == 100);
}

TEST_CASE("a check starts critical unless told otherwise") {
  CHECK(make(ttl_wish()).status() == "critical");
  CHECK(make(ttl_wish(), "passing").status() == "passing");
  CHECK(make(ttl_wish()).output() == "");
}

TEST_CASE("times beyond all reason do not overflow") {
  auto wish = ttl_wish(span::max());
  wish.deregister_after = span::max();
  auto one = make(wish);
  CHECK(one.on_ttl_update("passing", "", start));
  CHECK_FALSE(one.on_tick(start + 24h));
  CHECK(make_settings(http_wish(span::max())).interval == wait_max);
}

TEST_CASE("a restored check goes on with what it last said") {
  auto one = make(http_wish());
  one.restore("passing", "fine");
  CHECK(one.status() == "passing");
  CHECK(one.output() == "fine");
  CHECK_FALSE(one.on_result({"passing", "fine"}, start));
}

TEST_CASE("first delays are below the interval and differ between seeds") {
  bool differ = false;
  span last{-1};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    check one(make_settings(http_wish(2s)), "", prng(seed), start);
    auto delay = one.first_delay();
    CHECK(delay >= 0s);
    CHECK(delay < 2s);
    differ = differ || (last >= 0s && delay != last);
    last = delay;
  }
  CHECK(differ);
}

TEST_CASE("only what changed is reported") {
  auto one = make(http_wish());
  CHECK(one.on_result({"passing", "ok"}, start) == change{"passing", "ok"});
  CHECK_FALSE(one.on_result({"passing", "ok"}, start));
  CHECK(one.on_result({"passing", "OK"}, start) == change{"passing", "OK"});
  CHECK(one.on_result({"critical", "OK"}, start) == change{"critical", "OK"});
  CHECK(one.on_result({"warning", "w"}, start) == change{"warning", "w"});
}

TEST_CASE("the first result counts at once, later ones by the thresholds") {
  auto wish = http_wish();
  wish.success_before_passing = 3;
  wish.failures_before_critical = 2;
  auto one = make(wish);
  CHECK(one.on_result({"passing", ""}, start));
  CHECK_FALSE(one.on_result({"critical", "no"}, start));
  CHECK(one.status() == "passing");
  CHECK(one.on_result({"critical", "no"}, start));
  CHECK(one.status() == "critical");
  CHECK_FALSE(one.on_result({"passing", "a"}, start));
  CHECK_FALSE(one.on_result({"warning", "b"}, start));
  CHECK(one.on_result({"passing", "c"}, start) == change{"passing", "c"});
}

TEST_CASE("a first failure counts at once") {
  auto wish = http_wish();
  wish.failures_before_critical = 5;
  auto one = make(wish, "passing");
  CHECK(one.on_result({"critical", "no"}, start) == change{"critical", "no"});
}

TEST_CASE("a result of the other kind begins the count anew") {
  auto wish = http_wish();
  wish.failures_before_critical = 2;
  auto one = make(wish);
  CHECK(one.on_result({"passing", ""}, start));
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(one.on_result({"critical", ""}, start));
    CHECK_FALSE(one.on_result({"passing", ""}, start));
  }
  CHECK(one.status() == "passing");
}

TEST_CASE("the next probe is an interval after the last one ended") {
  auto one = make(http_wish(10s));
  CHECK(one.next_probe(start + 3s) == start + 13s);
}

TEST_CASE("a TTL check takes what clients say") {
  auto one = make(ttl_wish());
  CHECK(one.on_ttl_update("warning", "hm", start) == change{"warning", "hm"});
  CHECK_FALSE(one.on_ttl_update("warning", "hm", start + 5s));
  CHECK(one.next_deadline() == start + 15s);
}

TEST_CASE("a TTL that runs out makes the check critical, once") {
  auto one = make(ttl_wish(), "passing");
  CHECK(one.next_deadline() == start + 10s);
  CHECK_FALSE(one.on_tick(start + 9s));
  CHECK(one.on_tick(start + 10s) == change{"critical", "TTL expired"});
  CHECK_FALSE(one.next_deadline());
  CHECK_FALSE(one.on_tick(start + 100s));
}

TEST_CASE("an expired TTL repeats the last output") {
  auto one = make(ttl_wish());
  CHECK(one.on_ttl_update("passing", "all good", start));
  CHECK(one.on_tick(start + 10s) ==
        change{"critical",
               "TTL expired (last output before timeout follows): all good"});
  CHECK(one.on_ttl_update("passing", "again", start + 20s));
  CHECK(one.next_deadline() == start + 30s);
}

TEST_CASE("a check without a TTL has no deadline") {
  auto one = make(http_wish());
  CHECK_FALSE(one.next_deadline());
  CHECK_FALSE(one.on_tick(start + 24h));
}

TEST_CASE("deregistration is wanted after being critical for long enough") {
  auto wish = http_wish();
  wish.deregister_after = 2min;
  auto one = make(wish);
  CHECK_FALSE(one.wants_deregistration(start + 24h));
  CHECK(one.on_result({"critical", "x"}, start));
  CHECK(one.on_result({"critical", "y"}, start + 1min));
  CHECK_FALSE(one.wants_deregistration(start + 2min));
  CHECK(one.wants_deregistration(start + 2min + 1ns));
  CHECK(one.on_result({"passing", ""}, start + 3min));
  CHECK_FALSE(one.wants_deregistration(start + 24h));
}

TEST_CASE("a critical result that changes nothing still starts the wait") {
  auto wish = http_wish();
  wish.deregister_after = 1min;
  auto one = make(wish);
  CHECK_FALSE(one.on_result({"critical", ""}, start));
  CHECK(one.wants_deregistration(start + 61s));
}

TEST_CASE("a check without deregister_after stays for ever") {
  auto one = make(http_wish());
  CHECK(one.on_result({"critical", "x"}, start));
  CHECK_FALSE(one.wants_deregistration(start + 10000h));
}

TEST_CASE("long updates keep their first bytes and say so") {
  CHECK(truncate_update("abc", 3) == "abc");
  CHECK(truncate_update("abcde", 3) == "abc ... (captured 3 of 5 bytes)");
  auto wish = ttl_wish();
  wish.output_max_size = 3;
  auto one = make(wish);
  CHECK(one.on_ttl_update("passing", "abcde", start));
  CHECK(one.output() == "abc ... (captured 3 of 5 bytes)");
}

TEST_CASE("long script output keeps its last bytes and says so") {
  CHECK(truncate_script("abc", 3, 3) == "abc");
  CHECK(truncate_script("abcde", 5, 3) == "Captured 3 of 5 bytes\n...\ncde");
  CHECK(truncate_script("cde", 900, 3) == "Captured 3 of 900 bytes\n...\ncde");
}
