// /v1/agent/metrics: what is counted, in Consul's JSON and in the text that
// Prometheus reads. The names are Consul's where it has the same number.

#include "actors/agent.hpp"

#include "http/json_write.hpp"
#include "http/replies.hpp"

#include <ctime>
#include <fstream>
#include <unistd.h>

namespace praetor::actors {
namespace {

using http::json_writer;
using http::rendered_ptr;

struct gauge {
  std::string name; // without the prefix
  std::uint64_t value = 0;
};

struct process_memory {
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;
};

process_memory read_memory() {
  std::ifstream in("/proc/self/statm");
  process_memory pages;
  in >> pages.virtual_bytes >> pages.resident_bytes;
  auto size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return {pages.virtual_bytes * size, pages.resident_bytes * size};
}

std::uint64_t count_checks(const model::local_state& local,
                           std::string_view status) {
  auto all =
      std::count_if(local.checks.begin(), local.checks.end(), [&](auto& one) {
        return one.second.record.status == status;
      });
  return static_cast<std::uint64_t>(all);
}

// In the order of their names.
std::vector<gauge> all_gauges(const agent_state& state) {
  using namespace model::check_status;
  auto newest = state.parts->readers->newest();
  auto leads = state.parts->readers->who_leads();
  auto used = storage::evaluate(*newest, {.kind = model::query_kind::usage});
  auto& usage = std::get<model::usage_counts>(used.records);
  auto memory = read_memory();
  auto& local = state.local;
  std::uint64_t keys = 0;
  for (auto& shard : newest->shards)
    keys += shard.size();
  return {
      {"agent.checks", local.checks.size()},
      {"agent.checks.critical", count_checks(local, critical)},
      {"agent.checks.passing", count_checks(local, passing)},
      {"agent.checks.warning", count_checks(local, warning)},
      {"agent.services", local.services.size()},
      {"raft.applied_index", newest->applied},
      {"raft.is_leader", leads->is_leader ? 1u : 0u},
      {"raft.leader_known", leads->leader_known ? 1u : 0u},
      {"runtime.alloc_bytes", memory.resident_bytes},
      {"runtime.sys_bytes", memory.virtual_bytes},
      {"state.kv_entries", keys},
      {"state.nodes", usage.nodes},
      {"state.service_instances", usage.instances},
      {"state.services", usage.names},
      {"state.sessions", newest->catalog.sessions().size()},
  };
}

bool has_prefix(const std::string& name,
                const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](auto& one) { return name.starts_with(one); });
}

// The gauges that the rules of the configuration let pass, by their full
// names. What is allowed counts more than what is blocked.
std::vector<gauge> shown_gauges(const agent_state& state) {
  auto& rules = state.parts->facts->config.telemetry;
  std::vector<gauge> shown;
  for (auto& one : all_gauges(state)) {
    auto name = rules.metrics_prefix + "." + one.name;
    bool allowed =
        has_prefix(name, rules.allowed_prefixes) ||
        (rules.filter_default && !has_prefix(name, rules.blocked_prefixes));
    if (allowed)
      shown.push_back({name, one.value});
  }
  return shown;
}

// The text format 0.0.4: names have letters, digits and underscores.
rendered_ptr tell_prometheus(const std::vector<gauge>& gauges) {
  std::string text;
  for (auto& one : gauges) {
    auto name = one.name;
    for (auto& letter : name)
      if (!std::isalnum(static_cast<unsigned char>(letter)))
        letter = '_';
    text += "# HELP " + name + " " + name + "\n# TYPE " + name + " gauge\n" +
            name + " " + std::to_string(one.value) + "\n";
  }
  auto answer = std::make_shared<http::rendered>(*http::text_reply(text));
  answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
  return answer;
}

} // namespace

rendered_ptr tell_metrics(const agent_state& state,
                          const http::agent::metrics& asked, bool pretty) {
  auto gauges = shown_gauges(state);
  if (asked.prometheus)
    return tell_prometheus(gauges);
  auto second = std::time(nullptr);
  second -= second % 10; // the intervals of Consul's aggregates
  std::tm parts{};
  gmtime_r(&second, &parts);
  char stamp[40];
  std::strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S +0000 UTC", &parts);
  std::string body;
  json_writer json(body, pretty);
  json.begin_object();
  json.field("Timestamp", stamp);
  json.key("Gauges");
  json.begin_array();
  for (auto& one : gauges) {
    json.begin_object();
    json.field("Name", one.name);
    json.field("Value", one.value);
    json.key("Labels");
    json.raw("{}");
    json.end_object();
  }
  json.end_array();
  json.key("Points");
  json.raw("[]");
  json.key("Counters");
  json.raw("[]");
  json.key("Samples");
  json.raw("[]");
  json.end_object();
  return http::json_reply(std::move(body), pretty);
}

} // namespace praetor::actors
