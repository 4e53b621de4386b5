#include "actors/serving.hpp"

#include "storage/query_run.hpp"

namespace praetor::actors {
namespace {

// How old a stale answer may be; any other is as new as the leader's.
std::uint64_t last_contact_ms(const serving_parts& with,
                              const http::read_options& options) {
  auto& source = with.readers->source();
  if (options.level != http::consistency::stale ||
      source.who_leads()->is_leader)
    return 0;
  auto since = with.time->now() - source.last_contact();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

http::cache_use cache_use_of(const serving_parts& with,
                             const std::string& key) {
  return with.cached && with.cached->note(key) ? http::cache_use::hit
                                               : http::cache_use::miss;
}

} // namespace

http::read_source source_of(const serving_parts& with,
                            const http::read_options& options,
                            const http::rendered& what) {
  auto leads = with.readers->source().who_leads();
  http::read_source source;
  source.index = what.index > 0 ? what.index : 1;
  source.leader_known = leads->leader_known && what.index > 0;
  source.last_contact_ms = last_contact_ms(with, options);
  source.level = options.level;
  return source;
}

http::read_source source_of(const serving_parts& with,
                            const http::read_action& asked,
                            const http::rendered& what, http::cache_use cache) {
  auto source = source_of(with, asked.options, what);
  source.tells_consistency = asked.tells_consistency;
  source.cache = cache;
  return source;
}

bool is_fresh(const serving_parts& with, const http::read_options& options) {
  auto& source = with.readers->source();
  if (options.level == http::consistency::stale)
    return true;
  auto now = with.time->now();
  auto applied = with.readers->newest()->applied;
  return options.level == http::consistency::leader
             ? source.lease_covers(now, applied)
             : source.rules_alone(applied);
}

bool tells_source(const http::read_action& asked, const http::rendered& what) {
  bool is_no_node =
      what.status == 404 && asked.query.kind == model::query_kind::node_info;
  return asked.tells_source && !is_no_node;
}

http::cache_use cache_of(const serving_parts& with,
                         const http::read_action& asked) {
  if (!asked.options.cached || !http::may_be_cached(asked.query.kind))
    return http::cache_use::none;
  return cache_use_of(with, asked.cache_key);
}

bool is_nowhere(const storage::state& newest, const http::read_action& asked) {
  return asked.query.kind == model::query_kind::prepared_get &&
         !newest.queries.get(asked.query.name);
}

query_answer run_query(const serving_parts& with,
                       const http::query_action& asked) {
  auto& newest = *with.readers->newest();
  query_answer made;
  if (asked.explain) {
    auto found = storage::explain(newest, asked.run.name);
    made.what = found ? http::render(asked, *found)
                      : http::query_failure(asked, found.failure());
  } else {
    auto found = storage::run_query(newest, asked.run, with.chance);
    if (found)
      found->datacenter = asked.datacenter;
    made.what = found ? http::render(asked, *found)
                      : http::query_failure(asked, found.failure());
  }
  if (made.what->index == 0)
    return made;
  auto& source =
      made.source.emplace(source_of(with, asked.options, *made.what));
  source.tells_consistency = true;
  if (asked.options.cached && !asked.explain) {
    source.cache = cache_use_of(with, asked.cache_key);
    if (asked.must_look)
      source.cache = http::cache_use::miss;
  }
  return made;
}

bool takes_locks(const model::command& command) {
  if (auto* one = std::get_if<model::kv_operation>(&command))
    return one->verb == model::kv_verb::lock;
  auto* all = std::get_if<model::transaction>(&command);
  return all && std::any_of(all->operations.begin(), all->operations.end(),
                            [](auto& one) {
                              auto* kv = std::get_if<model::kv_operation>(&one);
                              return kv && kv->verb == model::kv_verb::lock;
                            });
}

http::rendered_ptr tell_status(const publication& source,
                               http::agent::status_of what, bool pretty) {
  auto leads = source.who_leads();
  std::string body;
  http::json_writer json(body, pretty);
  if (what == http::agent::status_of::leader) {
    json.string(leads->leader_address);
  } else {
    json.begin_array();
    for (auto& one : leads->peer_addresses)
      json.string(one);
    json.end_array();
  }
  return http::json_reply(std::move(body), pretty);
}

} // namespace praetor::actors
