// Spawns the actors of a node and wires them. What decides is elsewhere; here
// is who lives on which loop, who knows whom, and in what order they end.

#include "actors/node.hpp"

#include "actors/agent.hpp"
#include "actors/dns_responder.hpp"
#include "actors/http_session.hpp"
#include "actors/io/dns_sockets.hpp"
#include "actors/io/http_probe.hpp"
#include "actors/io/process.hpp"
#include "actors/io/tcp_probe.hpp"
#include "actors/networks.hpp"
#include "actors/server.hpp"
#include "actors/type_table.hpp"
#include "actors/version.hpp"
#include "actors/watch_keeper.hpp"
#include "storage/posix_disk.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <sys/stat.h>

namespace praetor::actors {
namespace {

struct system_config : caf::actor_system_config {
  system_config() {
    register_messages(*this);
    // Slow work only; what must be fast is pinned to a loop. Sharing workers
    // do not wake up when there is nothing to do.
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

std::string without_final_dot(std::string name) {
  if (name.ends_with('.'))
    name.pop_back();
  return name;
}

dns::settings make_dns_settings(const agent_config& config,
                                const std::string& node_name) {
  dns::settings rules;
  rules.domain = without_final_dot(config.domain);
  rules.alt_domain = without_final_dot(config.alt_domain);
  rules.datacenter = config.datacenter;
  rules.node_name = node_name;
  rules.node_ttl = config.dns.node_ttl;
  rules.service_ttl.insert(config.dns.service_ttl.begin(),
                           config.dns.service_ttl.end());
  rules.only_passing = config.dns.only_passing;
  rules.udp_answer_limit = config.dns.udp_answer_limit;
  rules.a_record_limit = config.dns.a_record_limit;
  rules.enable_truncate = config.dns.enable_truncate;
  rules.disable_compression = config.dns.disable_compression;
  rules.node_meta_txt = config.dns.node_meta_txt;
  rules.soa = {config.dns.soa.refresh, config.dns.soa.retry,
               config.dns.soa.expire, config.dns.soa.min_ttl};
  return rules;
}

http::surface make_surface(const agent_config& config) {
  http::surface made;
  made.datacenter = config.datacenter;
  made.node_name = config.node_name;
  made.always_pretty = config.dev_mode;
  made.ui = config.ui;
  made.ui_path = config.ui_content_path;
  made.debug = config.enable_debug;
  made.kv_value_bytes_max = config.limits.kv_max_value_size;
  made.txn_bytes_max = config.limits.txn_max_req_len;
  if (config.session_ttl_min > span{})
    made.session_ttl_min = config.session_ttl_min;
  for (auto& [name, value] : config.http.response_headers)
    made.extra_headers.push_back({name, value});
  made.blocked = config.http.block_endpoints;
  made.translate_wan_addresses = config.translate_wan_addresses;
  made.scripts_enabled = config.checks_policy.enable_scripts;
  made.make_id = make_uuid;
  return made;
}

model::node make_node_record(const agent_config& config,
                             const std::string& id) {
  model::node record;
  record.id = id;
  record.name = config.node_name;
  record.address = config.addresses.advertise;
  record.datacenter = config.datacenter;
  record.tagged_addresses = config.addresses.tagged;
  record.meta = config.node_meta;
  record.meta->emplace("consul-network-segment", config.segment);
  return record;
}

unsigned loop_count() {
  // One loop answers HTTP, DNS and writes without a hop between threads; more
  // pay where reads dominate and cores are free.
  if (auto* text = std::getenv("PRAETOR_LOOPS"))
    return std::clamp(static_cast<unsigned>(std::atoi(text)), 1u, loops_max);
  return std::clamp(std::thread::hardware_concurrency(), 1u, loops_max);
}

} // namespace

class node::parts {
public:
  // -- before it runs ---------------------------------------------------------
  agent_config config;
  std::shared_ptr<log_hub> log;
  std::string id;
  std::optional<storage::directory_lock> lock;
  recovered_server recovered;
  std::shared_ptr<local_files> kept_files;
  model::kept_local kept; // taken by the agent when it starts
  std::vector<std::unique_ptr<io::listener>> listeners;
  std::vector<int> udp_sockets;

  status open_ports();

  // -- while it runs
  // ------------------------------------------------------------
  system_config caf_config;
  caf::actor_system system{caf_config};
  std::vector<std::unique_ptr<io::loop>> loops;
  std::unique_ptr<io::carrier> carrier; // none in -dev: alone for ever
  std::unique_ptr<praetor::io::http_prober> prober;

  // What the sessions of one loop share.
  struct lane {
    std::unique_ptr<answers> cache;
    std::string date;
    http_services services;
  };
  std::vector<std::unique_ptr<lane>> lanes;
  std::size_t next_lane = 0;
  std::shared_ptr<io::connection_counts> counts;
  std::shared_ptr<const agent_facts> facts;

  server core;
  agent_actor own;
  dns_responder_actor dns;

  void spawn_state();
  void spawn_agent(std::function<void()> on_leave,
                   std::function<status()> on_reload);
  void spawn_lanes();
  void spawn_dns();
  void serve();
  void on_http(int socket, std::string peer);
  praetor::io::probe start_probe(const model::check_wish& wish,
                                 const health::settings& rules,
                                 praetor::io::probe_callback done);
};

status node::parts::open_ports() {
  auto add = [&](result<std::unique_ptr<io::listener>> made) -> status {
    if (!made)
      return made.failure();
    listeners.push_back(*std::move(made));
    return {};
  };
  auto http = [this](int socket, std::string peer) {
    on_http(socket, std::move(peer));
  };
  for (auto& where : config.addresses.http) {
    auto ok = where.is_unix_socket
                  ? add(io::listener::local(where.host, http))
                  : add(io::listener::tcp(where.host, config.ports.http, http));
    if (!ok)
      return ok;
    if (where.is_unix_socket && !config.unix_sockets.mode.empty())
      ::chmod(where.host.c_str(), static_cast<mode_t>(std::stoul(
                                      config.unix_sockets.mode, nullptr, 8)));
  }
  for (auto& where : config.addresses.dns) {
    auto ok = add(io::listener::tcp(where.host, config.ports.dns,
                                    [this](int socket, std::string) {
                                      auto& last = *loops.back();
                                      last.post([this, socket, &last] {
                                        io::serve_dns_tcp(last, socket, dns);
                                      });
                                    }));
    if (!ok)
      return ok;
    auto socket = io::bind_udp(where.host, config.ports.dns);
    if (!socket)
      return socket.failure();
    udp_sockets.push_back(*socket);
  }
  return {};
}

void node::parts::spawn_state() {
  auto* first = loops.front().get();
  server_parts made;
  made.system = &system;
  made.where = first;
  made.time = first;
  made.recovered = std::move(recovered);
  made.carrier = carrier.get();
  made.own_address =
      config.addresses.advertise + ":" + std::to_string(config.ports.server);
  made.leader_wait = config.performance.rpc_hold_timeout;
  core = spawn_server(std::move(made));
}

praetor::io::probe node::parts::start_probe(const model::check_wish& wish,
                                            const health::settings& rules,
                                            praetor::io::probe_callback done) {
  auto& first = *loops.front();
  PRAETOR_ASSERT(first.on_thread());
  auto then = [done = std::move(done), &first](health::probe_result found) {
    done(std::move(found));
    first.drain();
  };
  if (!wish.args.empty())
    return praetor::io::start_process(
        first.raw(), {wish.args, rules.timeout, rules.output_max_size}, then);
  if (!wish.tcp.empty())
    return praetor::io::start_tcp_probe(first.raw(), {wish.tcp, rules.timeout},
                                        then);
  PRAETOR_ASSERT(!wish.http.empty());
  if (!prober)
    prober = std::make_unique<praetor::io::http_prober>(first.raw());
  return prober->start({wish.http, wish.method, wish.header, wish.body,
                        wish.tls_skip_verify, rules.timeout,
                        rules.output_max_size},
                       then);
}

void node::parts::spawn_agent(std::function<void()> on_leave,
                              std::function<status()> on_reload) {
  auto made = std::make_shared<agent_parts>();
  made->facts = facts;
  made->gateway = core.gateway;
  if (kept_files)
    made->store = system.spawn<caf::detached>(local_store, kept_files);
  made->readers = core.readers;
  made->time = loops.front().get();
  made->where = loops.front().get();
  made->start_probe = [this](const model::check_wish& wish,
                             const health::settings& rules,
                             praetor::io::probe_callback done) {
    return start_probe(wish, rules, std::move(done));
  };
  made->seed = random_seed();
  made->on_leave = std::move(on_leave);
  made->on_reload = std::move(on_reload);
  own = io::spawn_on(system, loops.front().get(), agent, std::move(made));
  caf::anon_send(core.gateway, at::subscribe::value,
                 caf::actor_cast<leadership_listener_actor>(own));
}

void node::parts::spawn_lanes() {
  counts = std::make_shared<io::connection_counts>(
      config.limits.http_max_conns_per_client);
  auto surface = std::make_shared<const http::surface>(make_surface(config));
  auto networks =
      std::make_shared<const network_list>(config.http.allow_write_from);
  auto cached = std::make_shared<asked_before>();
  for (auto& on : loops) {
    auto one = std::make_unique<lane>();
    one->cache = std::make_unique<answers>(core.readers);
    auto& services = one->services;
    services.readers = one->cache.get();
    services.time = on.get();
    services.date = &on->http_date();
    services.bounds.body_bytes = std::max(config.limits.kv_max_value_size,
                                          config.limits.txn_max_req_len) +
                                 (64u << 10);
    services.surface = surface;
    if (!networks->empty())
      services.may_write = [networks](const std::string& address) {
        return networks->contains(address);
      };
    services.watches =
        io::spawn_on(system, on.get(), watch_keeper, services.readers,
                     services.time, random_seed());
    services.gateway = core.gateway;
    services.agent = own;
    services.log = log.get();
    services.cached = cached;
    caf::anon_send(core.keeper, at::subscribe::value,
                   caf::actor_cast<state_listener_actor>(services.watches));
    lanes.push_back(std::move(one));
  }
}

void node::parts::spawn_dns() {
  auto rules = std::make_shared<const praetor::dns::settings>(
      make_dns_settings(config, config.node_name));
  auto& last = *loops.back();
  dns = io::spawn_on(system, &last, dns_responder, std::move(rules),
                     core.readers, random_seed());
  for (int socket : udp_sockets)
    last.post([this, socket, &last] { io::serve_dns_udp(last, socket, dns); });
  udp_sockets.clear();
}

// Called on the first loop's thread; sessions are dealt out in turn.
void node::parts::on_http(int socket, std::string peer) {
  auto which = next_lane++ % lanes.size();
  auto& on = *loops[which];
  auto begin = [this, which, socket, peer = std::move(peer), &on] {
    if (!counts->add(peer)) {
      ::close(socket);
      return;
    }
    const auto* services = &lanes[which]->services;
    auto session = io::spawn_on(system, &on, http_session, services);
    auto stream = std::make_shared<std::unique_ptr<io::byte_stream>>(
        io::make_stream(on, socket, peer, counts, session));
    caf::anon_send(session, at::adopt::value, stream_handover{stream});
  };
  if (on.on_thread()) {
    begin();
    on.drain();
  } else {
    on.post(std::move(begin));
  }
}

void node::parts::serve() {
  for (auto& where : config.addresses.dns)
    for (auto* network : {"udp", "tcp"})
      spdlog::info("agent: Started DNS server: address={}:{} network={}",
                   where.host, config.ports.dns, network);
  for (auto& where : config.addresses.http) {
    if (where.is_unix_socket)
      spdlog::info("agent: Started HTTP server: address={} network=unix",
                   where.host);
    else
      spdlog::info("agent: Started HTTP server: address={}:{} network=tcp",
                   where.host, config.ports.http);
  }
  for (auto& one : listeners)
    one->start(*loops.front());
}

node::node(std::unique_ptr<parts> made) : parts_(std::move(made)) {}
node::~node() = default;

result<std::unique_ptr<node>> node::make(agent_config config,
                                         std::shared_ptr<log_hub> log) {
  auto made = std::make_unique<parts>();
  made->config = std::move(config);
  made->log = std::move(log);
  if (!made->config.dev_mode) {
    auto lock = storage::directory_lock::take(made->config.data_dir);
    if (!lock)
      return lock.failure();
    made->lock.emplace(*std::move(lock));
  }
  auto id = find_node_id(made->config);
  if (!id)
    return id.failure();
  made->id = *id;
  auto recovered = recover(made->config, made->id);
  if (!recovered)
    return recovered.failure();
  made->recovered = *std::move(recovered);
  made->kept_files = open_local_files(made->config);
  if (made->kept_files) {
    auto kept = made->kept_files->load();
    if (!kept)
      return kept.failure();
    made->kept = *std::move(kept);
  }
  if (auto ok = made->open_ports(); !ok)
    return ok.failure();
  return std::unique_ptr<node>(new node(std::move(made)));
}

void node::start(std::function<void()> on_leave,
                 std::function<status()> on_reload) {
  auto& parts = *parts_;
  parts.system.await_actors_before_shutdown(false);
  auto facts = std::make_shared<agent_facts>();
  facts->config = parts.config;
  facts->version = api_version;
  facts->node = make_node_record(parts.config, parts.id);
  parts.facts = facts;
  for (unsigned i = 0; i < loop_count(); ++i)
    parts.loops.push_back(std::make_unique<io::loop>(parts.system));
  parts.spawn_state();
  parts.spawn_agent(std::move(on_leave), std::move(on_reload));
  parts.spawn_lanes();
  parts.spawn_dns();
  redefine(parts.config);
  for (auto& one : parts.loops)
    one->start();
  parts.serve();
}

void node::redefine(const agent_config& config) {
  auto& parts = *parts_;
  caf::anon_send(parts.own, at::reload::value,
                 local_definitions{config.services, config.checks,
                                   make_node_record(config, parts.id),
                                   std::exchange(parts.kept, {})});
  caf::anon_send(parts.dns, at::reload::value,
                 std::make_shared<const praetor::dns::settings>(
                     make_dns_settings(config, config.node_name)));
}

void node::stop() {
  auto& parts = *parts_;
  auto& first = *parts.loops.front();
  std::mutex mutex;
  std::condition_variable changed;
  bool closed = false;
  first.post([&] {
    for (auto& one : parts.listeners)
      one->stop();
    std::lock_guard guard(mutex);
    closed = true;
    changed.notify_one();
  });
  {
    std::unique_lock guard(mutex);
    changed.wait_for(guard, stop_time_max, [&] { return closed; });
  }
  {
    // Checks end before their loop does, so that no script outlives us.
    caf::scoped_actor self(parts.system);
    self->request(parts.own, stop_time_max, at::stop::value)
        .receive([](bool) {}, [](caf::error&) {});
  }
  for (auto& one : parts.loops)
    one->stop();
  // A snapshot that is not finished is nothing; the log has it all.
  if (parts.core.snapshots)
    caf::anon_send_exit(parts.core.snapshots, caf::exit_reason::user_shutdown);
}

const agent_config& node::config() const {
  return parts_->config;
}
const std::string& node::id() const {
  return parts_->id;
}

} // namespace praetor::actors
