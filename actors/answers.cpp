#include "actors/answers.hpp"

#include "http/replies.hpp"
#include "protocol/model/filter_answer.hpp"

namespace praetor::actors {
namespace {

constexpr std::size_t item_overhead = 256; // the item without its bytes

std::size_t size_of(const http::rendered_ptr& answer) {
  return item_overhead + (answer->body ? answer->body->size() : 0);
}

} // namespace

bool asked_before::note(const std::string& key) {
  std::lock_guard guard(mutex_);
  if (keys_.size() >= asked_before_max)
    keys_.clear();
  return !keys_.insert(key).second;
}

http::rendered_ptr answers::encode(const http::read_action& asked,
                                   const storage::state& state) {
  auto found = storage::evaluate(state, asked.query);
  if (asked.query.filter.empty())
    return http::render(asked, found);
  auto filtered = model::filtered(std::move(found), asked.query);
  if (!filtered)
    return http::error_reply(500, filtered.failure().text);
  return http::render(asked, *filtered);
}

http::rendered_ptr answers::answer(const http::read_action& asked,
                                   const storage::state& state) {
  // A single key is encoded faster than it is looked up here.
  if (asked.query.kind == model::query_kind::kv_get)
    return encode(asked, state);
  auto version = storage::version_of(state, asked.query);
  auto found = by_key_.find(asked.cache_key);
  if (found != by_key_.end() && found->second->version == version) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->answer;
  }
  auto answer = encode(asked, state);
  keep(asked.cache_key, version, answer);
  return answer;
}

void answers::keep(const std::string& key, modify_index version,
                   const http::rendered_ptr& answer) {
  if (auto old = by_key_.find(key); old != by_key_.end())
    drop(old->second);
  auto size = size_of(answer);
  if (size > answer_cache_item_bytes_max)
    return;
  while (bytes_ + size > answer_cache_bytes_max && !recent_.empty())
    drop(std::prev(recent_.end()));
  recent_.push_front({key, version, answer});
  by_key_.emplace(recent_.front().key, recent_.begin());
  bytes_ += size;
}

void answers::drop(std::list<item>::iterator which) {
  auto size = size_of(which->answer);
  PRAETOR_ASSERT(bytes_ >= size);
  bytes_ -= size;
  by_key_.erase(which->key);
  recent_.erase(which);
}

} // namespace praetor::actors
