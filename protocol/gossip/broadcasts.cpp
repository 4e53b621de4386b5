#include "protocol/gossip/broadcasts.hpp"

#include "protocol/base/assert.hpp"

#include <cmath>

namespace praetor::gossip {
namespace {

// Rumours that do not fit are passed over, but no more than these: the room
// that is left is not worth a walk through the whole queue.
constexpr int misses_max = 8;
// No rumour is shorter.
constexpr std::size_t rumour_bytes_min = 6;

} // namespace

int retransmit_limit(int mult, std::size_t members) {
  PRAETOR_ASSERT(mult > 0);
  return mult * static_cast<int>(
                    std::ceil(std::log10(static_cast<double>(members) + 1.0)));
}

void broadcasts::put(const std::string& subject, std::string bytes) {
  PRAETOR_ASSERT(bytes.size() >= rumour_bytes_min);
  drop(subject);
  if (order_.size() >= most_)
    drop(std::string(std::prev(order_.end())->subject));
  auto age = next_age_++;
  order_.insert({0, age, subject});
  kept_.insert_or_assign(subject, rumour{std::move(bytes), 0, age});
  PRAETOR_ASSERT(order_.size() == kept_.size());
}

void broadcasts::drop(const std::string& subject) {
  auto found = kept_.find(subject);
  if (found == kept_.end())
    return;
  order_.erase({found->second.told, found->second.age, {}});
  kept_.erase(found);
}

void broadcasts::fill(std::string& packet, std::size_t most_bytes, int limit) {
  std::vector<place> again;
  int misses = 0;
  for (auto at = order_.begin(); at != order_.end();) {
    if (packet.size() + rumour_bytes_min > most_bytes || misses >= misses_max)
      break;
    auto found = kept_.find(at->subject);
    PRAETOR_ASSERT(found != kept_.end());
    auto& told = found->second;
    if (packet.size() + told.bytes.size() > most_bytes) {
      ++misses;
      ++at;
      continue;
    }
    packet += told.bytes;
    auto taken = order_.extract(at++);
    if (++told.told >= limit) {
      kept_.erase(found);
      continue;
    }
    taken.value().told = told.told;
    again.push_back(std::move(taken.value()));
  }
  for (auto& one : again)
    order_.insert(std::move(one));
  PRAETOR_ASSERT(order_.size() == kept_.size());
}

} // namespace praetor::gossip
