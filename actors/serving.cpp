#include "actors/serving.hpp"

namespace praetor::actors {
namespace {

// How old a stale answer may be; any other is as new as the leader's.
std::uint64_t last_contact_ms(const serving_parts& with,
                              const http::read_action& asked) {
  auto& source = with.readers->source();
  if (asked.options.level != http::consistency::stale ||
      source.who_leads()->is_leader)
    return 0;
  auto since = with.time->now() - source.last_contact();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

} // namespace

http::read_source source_of(const serving_parts& with,
                            const http::read_action& asked,
                            const http::rendered& what, http::cache_use cache) {
  auto leads = with.readers->source().who_leads();
  http::read_source source;
  source.index = what.index > 0 ? what.index : 1;
  source.leader_known = leads->leader_known && what.index > 0;
  source.last_contact_ms = last_contact_ms(with, asked);
  source.level = asked.options.level;
  source.tells_consistency = asked.tells_consistency;
  source.cache = cache;
  return source;
}

bool is_fresh(const serving_parts& with, const http::read_action& asked) {
  auto& source = with.readers->source();
  if (asked.options.level == http::consistency::stale)
    return true;
  auto now = with.time->now();
  auto applied = with.readers->newest()->applied;
  return asked.options.level == http::consistency::leader
             ? source.lease_covers(now, applied)
             : source.rules_alone(applied);
}

http::cache_use cache_of(const serving_parts& with,
                         const http::read_action& asked) {
  if (!asked.options.cached || !http::may_be_cached(asked.query.kind))
    return http::cache_use::none;
  return with.cached && with.cached->note(asked.cache_key)
             ? http::cache_use::hit
             : http::cache_use::miss;
}

bool takes_locks(const model::command& command) {
  if (auto* one = std::get_if<model::kv_operation>(&command))
    return one->verb == model::kv_verb::lock;
  auto* all = std::get_if<model::transaction>(&command);
  return all && std::any_of(all->operations.begin(), all->operations.end(),
                            [](auto& operation) {
                              return operation.verb == model::kv_verb::lock;
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
