#include "protocol/gossip/suspicion.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <cmath>

namespace praetor::gossip {

span suspicion_timeout(int mult, std::size_t members, span interval) {
  PRAETOR_ASSERT(mult > 0);
  auto scale = std::max(
      1.0, std::log10(static_cast<double>(std::max<std::size_t>(members, 1))));
  // In milliseconds, so that a deadline is a round number in logs.
  auto permille = static_cast<std::int64_t>(scale * 1000);
  return interval * mult * permille / 1000;
}

suspicion::suspicion(std::string accuser, bool refused,
                     const suspicion_rules& rules, instant now)
    : start_(now), least_(rules.least), most_(rules.most),
      refused_least_(rules.refused), wanted_(rules.confirmations),
      refused_(refused), doubters_{std::move(accuser)} {
  PRAETOR_ASSERT(least_ <= most_);
  PRAETOR_ASSERT(refused_least_ <= least_);
  PRAETOR_ASSERT(wanted_ >= 0);
}

bool suspicion::confirm(const std::string& from, bool refused) {
  // What the host itself says is news whoever brings it.
  bool news = refused && !refused_;
  refused_ = refused_ || refused;
  if (confirmations() < wanted_ && doubters_.insert(from).second)
    news = true;
  return news;
}

instant suspicion::deadline() const {
  if (refused_)
    return start_ + refused_least_;
  if (wanted_ == 0)
    return start_ + least_;
  auto share = std::log(confirmations() + 1.0) / std::log(wanted_ + 1.0);
  auto range = static_cast<double>((most_ - least_).count());
  auto cut = span{static_cast<span::rep>(share * range)};
  return start_ + std::max(least_, most_ - cut);
}

} // namespace praetor::gossip
