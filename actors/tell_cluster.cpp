#include "actors/tell_cluster.hpp"

#include "actors/version.hpp"
#include "http/json_write.hpp"
#include "http/replies.hpp"
#include "protocol/base/duration.hpp"

#include <ctime>

namespace praetor::actors {
namespace {

using http::json_writer;
using wall_time = std::chrono::system_clock::time_point;

std::string name_of(const storage::state& state, const server_view& one) {
  if (!one.name.empty())
    return one.name;
  auto node = state.catalog.node_by_id(one.id);
  return node ? node->name : "(unknown)";
}

// Servers say in the catalogue which version they are of.
std::string version_of(const storage::state& state, const node_id& id) {
  if (auto node = state.catalog.node_by_id(id)) {
    auto service = state.catalog.service(node->name, "consul");
    if (service && service->meta) {
      auto found = service->meta->find("version");
      if (found != service->meta->end())
        return found->second;
    }
  }
  return api_version;
}

std::string rfc3339(wall_time when) {
  auto second = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&second, &parts);
  char text[32];
  auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, size};
}

// Whole milliseconds: finer ones would only be noise.
std::string silence(const server_view& one) {
  if (one.silent_for == span::max())
    return "-1ns"; // never heard of
  return format_duration(
      std::chrono::floor<std::chrono::milliseconds>(one.silent_for));
}

struct tolerance {
  bool all_healthy = true;
  std::size_t voters = 0;
  std::size_t healthy_voters = 0;

  // How many voters may fail before nobody can lead.
  std::size_t failures() const {
    auto quorum = voters / 2 + 1;
    return healthy_voters > quorum ? healthy_voters - quorum : 0;
  }
};

tolerance tolerance_of(const cluster_view& seen) {
  tolerance found;
  for (auto& one : seen.servers) {
    found.all_healthy = found.all_healthy && one.healthy;
    found.voters += one.votes ? 1 : 0;
    found.healthy_voters += one.votes && one.healthy ? 1 : 0;
  }
  return found;
}

struct health_writer {
  json_writer& json;
  const storage::state& state;
  wall_time now;

  std::string since(const server_view& one) const {
    return rfc3339(
        now - std::chrono::duration_cast<wall_time::duration>(one.stable_for));
  }

  // What both forms say in the same words.
  void log(const server_view& one) {
    if (one.leads)
      json.field("LastContact", "0s");
    else
      json.field("LastContact", silence(one));
    json.field("LastTerm", one.last_term.value);
    json.field("LastIndex", one.last_index.value);
    json.field("Healthy", one.healthy);
  }

  void health(const server_view& one) {
    json.begin_object();
    json.field("ID", one.id);
    json.field("Name", name_of(state, one));
    json.field("Address", one.address);
    json.field("SerfStatus", one.healthy ? "alive" : "failed");
    json.field("Version", version_of(state, one.id));
    json.field("Leader", one.leads);
    log(one);
    json.field("Voter", one.votes);
    json.field("StableSince", since(one));
    json.end_object();
  }

  void condition(const server_view& one) {
    json.key_text(one.id);
    json.begin_object();
    json.field("ID", one.id);
    json.field("Name", name_of(state, one));
    json.field("Address", one.address);
    json.field("NodeStatus", one.healthy ? "alive" : "failed");
    json.field("Version", version_of(state, one.id));
    log(one);
    json.field("StableSince", since(one));
    json.field("ReadReplica", false);
    json.field("Status", one.leads   ? "leader"
                         : one.votes ? "voter"
                                     : "non-voter");
    json.key("Meta");
    json.begin_object();
    auto node = state.catalog.node_by_id(one.id);
    auto service = node ? state.catalog.service(node->name, "consul") : nullptr;
    if (service && service->meta)
      for (auto& [key, value] : *service->meta) {
        json.key_text(key);
        json.string(value);
      }
    json.end_object();
    json.field("NodeType", one.votes ? "voter" : "non-voter");
    json.end_object();
  }
};

void write_state(health_writer& to, const cluster_view& seen) {
  auto& json = to.json;
  json.field("OptimisticFailureTolerance", tolerance_of(seen).failures());
  json.key("Servers");
  json.begin_object();
  for (auto& one : seen.servers)
    to.condition(one);
  json.end_object();
  for (auto& one : seen.servers)
    if (one.leads)
      json.field("Leader", one.id);
  json.key("Voters");
  json.begin_array();
  for (auto& one : seen.servers)
    if (one.votes)
      json.string(one.id);
  json.end_array();
}

} // namespace

http::rendered_ptr tell_raft_configuration(const cluster_view& seen,
                                           const storage::state& state,
                                           bool pretty) {
  std::string body;
  json_writer json(body, pretty);
  json.begin_object();
  json.key("Servers");
  json.begin_array();
  for (auto& one : seen.servers) {
    json.begin_object();
    json.field("ID", one.id);
    json.field("Node", name_of(state, one));
    json.field("Address", one.address);
    json.field("Leader", one.leads);
    json.field("ProtocolVersion", "3");
    json.field("Voter", one.votes);
    json.end_object();
  }
  json.end_array();
  json.field("Index", std::uint64_t{0}); // as Consul, which never fills it in
  json.end_object();
  return http::json_reply(std::move(body), pretty);
}

http::rendered_ptr tell_server_health(const cluster_view& seen,
                                      const storage::state& state,
                                      http::agent::health_form form,
                                      wall_time now, bool pretty) {
  auto all = tolerance_of(seen);
  std::string body;
  json_writer json(body, pretty);
  health_writer to{json, state, now};
  json.begin_object();
  json.field("Healthy", all.all_healthy);
  json.field("FailureTolerance", all.failures());
  bool short_form = form == http::agent::health_form::health;
  if (short_form) {
    json.key("Servers");
    json.begin_array();
    for (auto& one : seen.servers)
      to.health(one);
    json.end_array();
  } else {
    write_state(to, seen);
  }
  json.end_object();
  auto answer = http::json_reply(std::move(body), pretty);
  if (all.all_healthy || !short_form)
    return answer;
  // Monitoring looks at the status alone.
  auto ill = std::make_shared<http::rendered>(*answer);
  ill->status = 429;
  ill->content_type = "text/plain; charset=utf-8";
  return ill;
}

} // namespace praetor::actors
