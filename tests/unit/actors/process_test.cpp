#include "actors/io/process.hpp"

#include "tests/unit/actors/probe_loop.hpp"

#include <cerrno>
#include <csignal>

#include <cstdlib>

using namespace praetor;
using namespace praetor::tests;
using namespace std::chrono_literals;
using health::probe_result;

namespace {

probe_result run(std::vector<std::string> args, span timeout = 8s,
                 int output_max_size = 4096) {
  probe_loop loop;
  auto running = io::start_process(
      loop.get(), {std::move(args), timeout, output_max_size}, loop.keep());
  return loop.wait();
}

probe_result shell(std::string script, span timeout = 8s,
                   int output_max_size = 4096) {
  return run({"sh", "-c", std::move(script)}, timeout, output_max_size);
}

// Whether any process of the group is left, zombies of others aside.
bool is_alive(int group) {
  return ::kill(-group, 0) == 0;
}

} // namespace

TEST_CASE("exit codes become statuses, both outputs are captured in order") {
  CHECK(shell("echo out; echo err >&2") ==
        probe_result{"passing", "out\nerr\n"});
  CHECK(shell("echo w; exit 1") == probe_result{"warning", "w\n"});
  CHECK(shell("printf c; exit 2") == probe_result{"critical", "c"});
  CHECK(run({"true"}) == probe_result{"passing", ""});
}

TEST_CASE("a script that a signal ended is critical") {
  CHECK(shell("echo hi; kill -9 $$") == probe_result{"critical", "hi\n"});
}

TEST_CASE("arguments are not seen by a shell") {
  CHECK(run({"echo", "one two", "$HOME", "*"}).output == "one two $HOME *\n");
}

TEST_CASE("standard input is empty") {
  CHECK(shell("cat; echo end") == probe_result{"passing", "end\n"});
}

TEST_CASE("the last bytes of a long output are kept") {
  CHECK(
      shell("seq 1 1000", 8s, 10) ==
      probe_result{"passing", "Captured 10 of 3893 bytes\n...\n\n999\n1000\n"});
  auto found = shell("head -c 300000 /dev/zero | tr '\\0' x; echo end");
  CHECK(found.output.starts_with("Captured 4096 of 300004 bytes\n...\nxxx"));
  CHECK(found.output.ends_with("xend\n"));
}

TEST_CASE("programs that do not start are critical with the reason") {
  CHECK(run({"no-such-program-here"}) ==
        probe_result{"critical", "exec: \"no-such-program-here\": executable "
                                 "file not found in $PATH"});
  CHECK(run({"/no/such/file"}) ==
        probe_result{"critical",
                     "fork/exec /no/such/file: no such file or directory"});
  CHECK(run({"/tmp"}) ==
        probe_result{"critical", "fork/exec /tmp: permission denied"});
}

TEST_CASE("a script that takes too long is killed and says what it printed") {
  CHECK(
      shell("echo before; sleep 20; echo after", 300ms) ==
      probe_result{"critical", "Timed out (300ms) running check\n\nbefore\n"});
  CHECK(shell("sleep 20", 200ms) ==
        probe_result{"critical", "Timed out (200ms) running check"});
}

TEST_CASE("a timeout kills the whole group") {
  auto found = shell("echo $$; sleep 20 & sleep 20", 300ms);
  auto at = found.output.find("\n\n");
  REQUIRE(at != std::string::npos);
  int group = std::atoi(found.output.c_str() + at);
  REQUIRE(group > 1);
  // The grandchild may be a zombie until its new parent looks after it.
  for (int i = 0; i < 200 && is_alive(group); ++i)
    run({"sleep", "0.01"});
  CHECK_FALSE(is_alive(group));
}

TEST_CASE("a program in the background does not hold up the result") {
  auto found = shell("echo $$; sleep 20 &", 8s);
  CHECK(found.status == "passing");
  int group = std::atoi(found.output.c_str());
  REQUIRE(group > 1);
  ::kill(-group, SIGKILL);
}

TEST_CASE("a background program that writes for ever does not either") {
  auto found = shell("echo $$ >&2; yes & exit 1", 8s, 100);
  CHECK(found.status == "warning");
}

TEST_CASE("a destroyed probe says nothing and leaves nothing running") {
  probe_loop loop;
  auto running = io::start_process(loop.get(), {{"sleep", "20"}}, loop.keep());
  uv_run(loop.get(), UV_RUN_NOWAIT);
  running.cancel();
  auto other = io::start_process(loop.get(), {{"true"}}, loop.keep());
  CHECK(loop.wait().status == "passing");
}

TEST_CASE("a probe may be destroyed before it begins and by its callback") {
  probe_loop loop;
  { auto never = io::start_process(loop.get(), {{"true"}}, loop.keep()); }
  bool called = false;
  io::probe own;
  own = io::start_process(loop.get(), {{"true"}}, [&](probe_result) {
    own = {};
    called = true;
  });
  loop.run_until([&] { return called; });
  CHECK_FALSE(loop.has_result());
}
