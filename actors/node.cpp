// Spawns the actors of a node and wires them. What decides is elsewhere; here
// is who lives on which loop, who knows whom, and in what order they end.

#include "actors/node.hpp"

#include "actors/agent.hpp"
#include "actors/archivist.hpp"
#include "actors/client_gateway.hpp"
#include "actors/dns_service.hpp"
#include "actors/gossip_service.hpp"
#include "actors/http_session.hpp"
#include "actors/io/basp.hpp"
#include "actors/io/dns_sockets.hpp"
#include "actors/joiner.hpp"
#include "actors/networks.hpp"
#include "actors/node_carrier.hpp"
#include "actors/node_settings.hpp"
#include "actors/portal.hpp"
#include "actors/probes.hpp"
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
  explicit system_config(const agent_config& config) {
    register_messages(*this);
    if (config.node_transport == "basp" && !config.dev_mode)
      io::basp::configure(*this, config.datacenter);
    // Slow work only; what must be fast is pinned to a loop. Sharing workers
    // do not wake up when there is nothing to do.
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

// Beyond it the others notice by themselves.
constexpr span hand_over_max = std::chrono::milliseconds(500);

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
  explicit parts(agent_config given) : config(std::move(given)) {}

  // -- before it runs ---------------------------------------------------------
  agent_config config;
  std::shared_ptr<log_hub> log;
  std::string id;
  std::optional<storage::directory_lock> lock;
  recovered_server recovered;
  bool has_history = false;
  std::shared_ptr<local_files> kept_files;
  model::kept_local kept; // taken by the agent when it starts
  std::vector<std::unique_ptr<io::listener>> listeners;
  std::vector<int> udp_sockets;

  status open_ports();

  // -- while it runs
  // ------------------------------------------------------------
  system_config caf_config{config};
  caf::actor_system system{caf_config};
  std::vector<std::unique_ptr<io::loop>> loops;
  std::unique_ptr<io::carrier> carrier; // none in -dev: alone for ever
  std::unique_ptr<loop_probes> probes;  // of the first loop

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

  server core;         // of a client the gateway and the readers alone
  portal_actor portal; // of a server with a carrier
  joiner_actor joins;  // of a server with a carrier
  gossip_service gossip;
  agent_actor own;
  dns_service dns;

  void hand_over();
  void spawn_state();
  void spawn_client();
  void spawn_portal();
  void spawn_joiner();
  void spawn_agent(std::function<void()> on_leave,
                   std::function<status()> on_reload);
  void spawn_lanes();
  void spawn_dns();
  void serve();
  void on_http(int socket, std::string peer);
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
    auto ok = add(io::listener::tcp(
        where.host, config.ports.dns, [this](int socket, std::string) {
          auto& last = *loops.back();
          last.post([this, socket, &last] {
            io::serve_dns_tcp(last, socket, dns.responder);
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

void node::parts::spawn_client() {
  auto* first = loops.front().get();
  auto made = std::make_shared<client_gateway_parts>();
  core.readers = made->readers = std::make_shared<publication>();
  made->time = first;
  made->carrier = carrier.get();
  made->leader_wait = config.performance.rpc_hold_timeout;
  made->seed = random_seed();
  core.gateway = io::spawn_on(system, first, client_gateway, std::move(made));
}

void node::parts::spawn_state() {
  if (!config.server)
    return spawn_client();
  auto* first = loops.front().get();
  server_parts made;
  made.system = &system;
  made.where = first;
  made.time = first;
  made.recovered = std::move(recovered);
  made.carrier = carrier.get();
  made.own_address =
      host_and_port(config.addresses.advertise, config.ports.server);
  made.leader_wait = config.performance.rpc_hold_timeout;
  has_history = made.recovered.has_history;
  core = spawn_server(std::move(made));
}

void node::parts::spawn_joiner() {
  if (!carrier || !config.server)
    return;
  auto* first = loops.front().get();
  auto made = std::make_shared<joiner_parts>();
  auto& own = made->own;
  own.id = id;
  own.name = config.node_name;
  own.datacenter = config.datacenter;
  own.address = host_and_port(config.addresses.advertise, config.ports.server);
  own.lan_address =
      host_and_port(config.addresses.advertise, config.ports.serf_lan);
  own.expect = static_cast<std::uint64_t>(config.bootstrap_expect);
  own.has_history = has_history;
  // What an earlier process said of this server is older than this.
  own.version = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::system_clock::now().time_since_epoch())
          .count());
  made->raft = core.raft;
  made->gateway = core.gateway;
  made->time = first;
  made->carrier = carrier.get();
  joins = io::spawn_on(system, first, joiner, std::move(made));
  caf::anon_send(core.gateway, at::subscribe::value,
                 caf::actor_cast<leadership_listener_actor>(joins));
  carrier->offer(joiner_name, caf::actor_cast<caf::actor>(joins));
}

void node::parts::spawn_agent(std::function<void()> on_leave,
                              std::function<status()> on_reload) {
  auto made = std::make_shared<agent_parts>();
  made->facts = facts;
  made->gateway = core.gateway;
  made->prober = gossip.prober;
  if (kept_files)
    made->store = system.spawn<caf::detached>(local_store, kept_files);
  made->readers = core.readers;
  made->time = loops.front().get();
  made->where = loops.front().get();
  probes = std::make_unique<loop_probes>(*loops.front());
  made->start_probe = [this](const model::check_wish& wish,
                             const health::settings& rules,
                             praetor::io::probe_callback done) {
    return probes->start(wish, rules, std::move(done));
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
    services.bounds = make_bounds(config);
    services.surface = surface;
    if (!networks->empty())
      services.may_write = [networks](const std::string& address) {
        return networks->contains(address);
      };
    services.watches =
        io::spawn_on(system, on.get(), watch_keeper, services.readers,
                     services.time, random_seed());
    services.gateway = core.gateway;
    services.archivist = spawn_archivist(system, core.gateway, *surface);
    services.chance = prng(random_seed());
    services.agent = own;
    services.log = log.get();
    services.cached = cached;
    services.has_no_state = !config.server;
    services.next_ticket = [chance = std::make_shared<prng>(random_seed())] {
      return chance->next() | 1;
    };
    if (core.keeper)
      caf::anon_send(core.keeper, at::subscribe::value,
                     caf::actor_cast<state_listener_actor>(services.watches));
    lanes.push_back(std::move(one));
  }
}

// What others ask is carried out beside what the clients of the first loop
// ask.
void node::parts::spawn_portal() {
  if (!config.server || !carrier)
    return;
  auto made = std::make_shared<portal_parts>();
  made->with = &lanes.front()->services;
  made->seed = random_seed();
  portal = io::spawn_on(system, loops.front().get(), actors::portal,
                        std::move(made));
  carrier->offer(portal_name, caf::actor_cast<caf::actor>(portal));
  carrier->offer(gateway_name, caf::actor_cast<caf::actor>(core.gateway));
}

void node::parts::spawn_dns() {
  auto& last = *loops.back();
  dns.spawn(system, last, config, core.readers,
            config.server ? gateway_actor{} : core.gateway);
  for (int socket : udp_sockets)
    last.post([this, socket, &last] {
      io::serve_dns_udp(last, socket, dns.responder);
    });
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
  auto made = std::make_unique<parts>(std::move(config));
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
  if (made->config.server) {
    auto recovered = recover(made->config, made->id);
    if (!recovered)
      return recovered.failure();
    made->recovered = *std::move(recovered);
  }
  made->kept_files = open_local_files(made->config);
  if (made->kept_files) {
    auto kept = made->kept_files->load();
    if (!kept)
      return kept.failure();
    made->kept = *std::move(kept);
  }
  for (unsigned i = 0; i < loop_count(); ++i)
    made->loops.push_back(std::make_unique<io::loop>(made->system));
  if (auto ok = made->open_ports(); !ok)
    return ok.failure();
  // Alone in its process, a server in -dev hears nobody.
  if (made->config.dev_mode)
    return std::unique_ptr<node>(new node(std::move(made)));
  auto& first = *made->loops.front();
  auto carrier = make_carrier(made->system, first, made->config, made->id);
  if (!carrier)
    return carrier.failure();
  made->carrier = *std::move(carrier);
  if (auto ok = made->gossip.open(first, made->config, made->id); !ok)
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
  parts.spawn_state();
  parts.spawn_joiner();
  parts.gossip.spawn(parts.system, *parts.loops.front(), parts.config,
                     parts.core, parts.joins, parts.id);
  parts.spawn_agent(std::move(on_leave), std::move(on_reload));
  parts.spawn_lanes();
  parts.spawn_portal();
  if (parts.carrier)
    parts.carrier->start();
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
  parts.dns.configure(config);
}

// Who stops on purpose makes another lead first: that takes milliseconds, and
// noticing that a leader is gone takes an election timeout.
void node::parts::hand_over() {
  if (!carrier || !core.raft || !core.readers->who_leads()->is_leader)
    return;
  caf::scoped_actor self(system);
  bool taken = false;
  self->request(core.raft, hand_over_max, at::transfer::value, node_id())
      .receive([&](const error& why) { taken = why.code == errc::ok; },
               [](caf::error&) {});
  if (!taken)
    return;
  self->send(core.raft, at::subscribe::value,
             caf::actor_cast<leadership_listener_actor>(self));
  bool leads = true;
  self->receive_while(leads)([&](at::lead, bool now) { leads = now; },
                             caf::after(hand_over_max) >>
                                 [&] { leads = false; });
}

void node::leave() {
  parts_->hand_over();
  parts_->gossip.leave(parts_->system);
}

void node::stop() {
  auto& parts = *parts_;
  parts.hand_over();
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
  if (parts.carrier)
    parts.carrier->stop();
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
