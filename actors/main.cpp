// The one binary: `agent` is the node, every other word a command that asks a
// running agent.

#include "actors/config.hpp"
#include "actors/config_hcl.hpp"
#include "actors/definitions.hpp"
#include "actors/node.hpp"
#include "actors/sim/command.hpp"
#include "actors/version.hpp"
#include "http/cli/cli.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <thread>
#include <unistd.h>

namespace praetor::actors {
namespace {

using arguments = std::vector<std::string>;

// Sent to ourselves when a client asks the node to leave, and when that is
// done.
constexpr int leave_signal = SIGUSR1;
constexpr int left_signal = SIGUSR2;

// All threads inherit the mask, so the main thread alone takes signals.
sigset_t block_signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (int one : {SIGINT, SIGTERM, SIGHUP, leave_signal, left_signal})
    sigaddset(&taken, one);
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return taken;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (auto& one : parts)
    text += (text.empty() ? "" : " ") + one;
  return text;
}

const char* yes_or_no(bool yes) {
  return yes ? "true" : "false";
}

void print_banner(const agent_config& c, const std::string& id) {
  std::printf(
      "           Version: 'v%s'\n"
      "           Node ID: '%s'\n"
      "         Node name: '%s'\n"
      "        Datacenter: '%s' (Segment: '%s')\n"
      "            Server: %s (Bootstrap: %s)\n"
      "       Client Addr: [%s] (HTTP: %d, HTTPS: %d, gRPC: %d, DNS: %d)\n"
      "      Cluster Addr: %s (LAN: %d, WAN: %d)\n"
      "           Encrypt: Gossip: %s, TLS-Outgoing: %s, TLS-Incoming: %s\n\n"
      "==> Log data will now stream in as it occurs:\n\n",
      product_version, id.c_str(), c.node_name.c_str(), c.datacenter.c_str(),
      c.server ? "<all>" : c.segment.c_str(), yes_or_no(c.server),
      yes_or_no(c.bootstrap), joined(c.addresses.client).c_str(), c.ports.http,
      c.ports.https, c.ports.grpc, c.ports.dns, c.addresses.advertise.c_str(),
      c.ports.serf_lan, c.ports.serf_wan, yes_or_no(!c.encryption.key.empty()),
      yes_or_no(c.tls.verify_outgoing), yes_or_no(c.tls.verify_incoming));
  std::fflush(stdout);
}

// What the configuration asks for and this version does not do: said at once
// and clearly, never half done.
std::string unsupported(const agent_config& config) {
  if (config.acl.enabled)
    return "ACLs are not supported by this version of praetor: acl.enabled "
           "is true";
  if (!config.encryption.key.empty())
    return "gossip encryption is not supported by this version of praetor";
  if (config.ports.https > 0)
    return "HTTPS is not supported by this version of praetor: ports.https "
           "is " +
           std::to_string(config.ports.https);
  return {};
}

int fail_start(const std::string& why) {
  std::cerr << "==> " << why << "\n";
  return 1;
}

status write_pid_file(const std::string& path) {
  if (path.empty())
    return {};
  std::ofstream out(path);
  out << getpid() << "\n";
  out.flush();
  if (!out)
    return fail(errc::io, "Could not open pid file: open " + path + ": " +
                              std::strerror(errno));
  return {};
}

// Reads the files again; a broken one leaves everything as it was.
status reload(node& running, const arguments& args) {
  spdlog::info("agent: Reloading configuration...");
  auto fresh = reload_config(args);
  if (!fresh)
    return fresh.failure();
  if (auto ok = check_definitions(*fresh); !ok)
    return ok;
  set_log_level(fresh->log.level);
  running.redefine(*fresh);
  return {};
}

bool leaves_on(int signal, const agent_config& config) {
  return signal == SIGINT ? !config.skip_leave_on_interrupt
                          : config.leave_on_terminate;
}

// Says good-bye to the cluster, unless another signal comes meanwhile: then
// the others will notice by themselves. Returns the exit code.
int leave(node& running, const sigset_t& taken) {
  auto* kind = running.config().server ? "server" : "client";
  spdlog::info("agent.{}: {} starting leave", kind, kind);
  std::thread leaving([&running] {
    running.leave();
    ::kill(::getpid(), left_signal);
  });
  int which = SIGHUP;
  while (which == SIGHUP || which == leave_signal)
    if (sigwait(&taken, &which) != 0)
      which = SIGHUP;
  if (which == left_signal) {
    leaving.join();
    return 0;
  }
  spdlog::warn("agent: leaving was cut short by a signal");
  leaving.detach();
  return 1;
}

// Waits for the signal that ends the node; returns the exit code.
int wait_for_end(node& running, const sigset_t& taken, const arguments& args) {
  for (;;) {
    int which = 0;
    if (sigwait(&taken, &which) != 0)
      continue;
    if (which == SIGHUP) {
      if (auto ok = reload(running, args); !ok)
        spdlog::error("agent: Reload config failed, the running one stays: {}",
                      ok.failure().text);
      continue;
    }
    if (which != leave_signal)
      spdlog::info("agent: Caught: signal={}",
                   which == SIGINT ? "interrupt" : "terminated");
    if (which == leave_signal || leaves_on(which, running.config()))
      return leave(running, taken);
    // A server that merely stops comes back: it does not leave.
    return 1;
  }
}

int run_agent(const arguments& args) {
  auto taken = block_signals();
  auto config = load_config(args, std::cerr);
  if (!config) {
    if (config.failure().code == errc::unsupported) {
      std::cerr << config.failure().text << "\n";
      return 1;
    }
    return fail_start(config.failure().text);
  }
  if (config->help_requested)
    return 0;
  if (auto why = unsupported(*config); !why.empty())
    return fail_start(why);
  if (auto ok = check_definitions(*config); !ok)
    return fail_start("Error starting agent: " + ok.failure().text);
  auto hub = std::make_shared<log_hub>();
  start_log({config->log.level, config->log.json, config->log.file}, hub);
  bool quiet = config->log.json;
  if (!quiet)
    std::printf("==> Starting Praetor agent...\n");
  auto made = node::make(*config, hub);
  if (!made)
    return fail_start("Error starting agent: " + made.failure().text);
  auto& running = **made;
  if (!quiet)
    print_banner(*config, running.id());
  for (auto& warning : config->warnings)
    spdlog::warn("agent: {}", warning);
  if (auto ok = write_pid_file(config->pid_file); !ok)
    return fail_start(ok.failure().text);
  running.start([] { ::kill(::getpid(), leave_signal); },
                [&running, &args] { return reload(running, args); });
  if (!quiet)
    std::printf("==> Praetor agent running!\n");
  std::fflush(stdout);
  auto code = wait_for_end(running, taken, args);
  // An orderly stop has a deadline: a thread that hangs must not keep us.
  std::signal(SIGALRM, [](int) { _exit(1); });
  alarm(static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::seconds>(stop_time_max).count() *
      2));
  running.stop();
  spdlog::info("agent: Exit code: code={}", code);
  spdlog::default_logger()->flush();
  if (!config->pid_file.empty())
    ::unlink(config->pid_file.c_str());
  std::fflush(stdout);
  // CAF's own shutdown has known races, and everything of ours has ended.
  _exit(code);
}

} // namespace
} // namespace praetor::actors

int main(int argc, char** argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  bool asks_help = false;
  for (auto& one : args)
    asks_help = asks_help || one == "-h" || one == "-help" || one == "--help";
  if (!args.empty() && args[0] == "agent" && !asks_help)
    return praetor::actors::run_agent({args.begin() + 1, args.end()});
  if (!args.empty() && args[0] == "sim")
    return praetor::actors::sim::command({args.begin() + 1, args.end()},
                                         std::cout, std::cerr);
  using namespace praetor::http::cli;
  return run(
      args, {std::cin, std::cout, std::cerr},
      {"Praetor", praetor::actors::product_version,
       praetor::actors::hcl_to_json},
      [](const std::vector<std::string>& paths, bool quiet, const streams& to) {
        return praetor::actors::validate_paths(paths, quiet, to.out, to.err);
      });
}
