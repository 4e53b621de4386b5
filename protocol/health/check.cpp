#include "protocol/health/check.hpp"

#include <algorithm>
#include <utility>

namespace praetor::health {
namespace {

using namespace model::check_status;

// Kinds that are probed at an interval.
bool is_probed(const model::check_wish& wish) {
  return !wish.args.empty() || !wish.http.empty() || !wish.tcp.empty() ||
         !wish.udp.empty() || !wish.grpc.empty() || !wish.h2ping.empty() ||
         !wish.os_service.empty();
}

bool is_alias(const model::check_wish& wish) {
  return !wish.alias_node.empty() || !wish.alias_service.empty();
}

bool is_known(std::string_view status) {
  return status == passing || status == warning || status == critical;
}

span default_timeout(const model::check_wish& wish) {
  return wish.args.empty() ? network_timeout_default : script_timeout_default;
}

} // namespace

status validate(const model::check_wish& wish) {
  bool probed = is_probed(wish);
  bool alias = is_alias(wish);
  if (wish.interval > span{} && wish.ttl > span{})
    return fail(errc::bad_input, "Interval and TTL cannot both be specified");
  if (probed && wish.interval <= span{})
    return fail(errc::bad_input,
                "Interval must be > 0 for Script, HTTP, or TCP checks");
  if (alias && wish.ttl > span{})
    return fail(errc::bad_input, "TTL must be not be set for Alias checks");
  if (!probed && !alias && wish.ttl <= span{})
    return fail(errc::bad_input, "TTL must be > 0 for TTL checks");
  if (wish.output_max_size < 0)
    return fail(errc::bad_input, "MaxOutputMaxSize must be positive");
  return {};
}

settings make_settings(const model::check_wish& wish, int output_max_size) {
  PRAETOR_ASSERT(output_max_size > 0);
  settings out;
  if (is_probed(wish))
    out.interval = std::clamp(wish.interval, interval_min, wait_max);
  else if (!is_alias(wish))
    out.ttl = std::clamp(wish.ttl, span{}, wait_max);
  out.timeout = wish.timeout > span{} ? wish.timeout : default_timeout(wish);
  out.success_before_passing = std::max(wish.success_before_passing, 0);
  out.failures_before_critical = std::max(wish.failures_before_critical, 0);
  out.output_max_size = output_max_size;
  if (wish.output_max_size > 0)
    out.output_max_size = std::min(output_max_size, wish.output_max_size);
  if (wish.deregister_after > span{})
    out.deregister_after =
        std::clamp(wish.deregister_after, deregister_after_min, wait_max);
  out.timeout = std::min(out.timeout, wait_max);
  PRAETOR_ASSERT(out.timeout > span{});
  PRAETOR_ASSERT(out.output_max_size > 0);
  PRAETOR_ASSERT(out.interval == span{} || out.ttl == span{});
  return out;
}

check::check(settings rules, std::string initial_status, prng chance,
             instant now)
    : settings_(rules),
      status_(initial_status.empty() ? critical : std::move(initial_status)),
      chance_(chance), successes_(rules.success_before_passing),
      failures_(rules.failures_before_critical) {
  // The counters begin at their goals, so that the first result of all is
  // reported at once: nothing that it contradicts has been observed yet.
  PRAETOR_ASSERT(is_known(status_));
  PRAETOR_ASSERT(rules.success_before_passing >= 0);
  PRAETOR_ASSERT(rules.failures_before_critical >= 0);
  PRAETOR_ASSERT(rules.output_max_size > 0);
  if (rules.ttl > span{})
    ttl_end_ = now + rules.ttl;
}

void check::restore(std::string status, std::string output) {
  PRAETOR_ASSERT(is_known(status));
  PRAETOR_ASSERT(!critical_since_);
  status_ = std::move(status);
  output_ = std::move(output);
}

span check::first_delay() {
  if (settings_.interval <= span{})
    return span{};
  auto bound = static_cast<std::uint64_t>(settings_.interval.count());
  span delay{static_cast<span::rep>(chance_.below(bound))};
  PRAETOR_ASSERT(delay >= span{});
  PRAETOR_ASSERT(delay < settings_.interval);
  return delay;
}

std::optional<change> check::on_result(probe_result found, instant now) {
  PRAETOR_ASSERT(is_known(found.status));
  bool failed = found.status == critical;
  auto goal = failed ? settings_.failures_before_critical
                     : settings_.success_before_passing;
  auto& counter = failed ? failures_ : successes_;
  auto& other = failed ? successes_ : failures_;
  // Stops at the goal: a check may run for years, and more says no more.
  counter = counter < goal ? counter + 1 : goal;
  // "In a row": the other count begins anew, its credit of the start with it.
  other = 0;
  PRAETOR_ASSERT(counter <= goal);
  if (counter < goal)
    return std::nullopt;
  return report(std::move(found.status), std::move(found.output), now);
}

std::optional<change> check::on_ttl_update(std::string status,
                                           std::string output, instant now) {
  PRAETOR_ASSERT(is_known(status));
  PRAETOR_ASSERT(settings_.ttl > span{});
  ttl_output_ = truncate_update(std::move(output), settings_.output_max_size);
  ttl_end_ = now + settings_.ttl;
  return report(std::move(status), ttl_output_, now);
}

std::optional<change> check::on_tick(instant now) {
  if (!ttl_end_ || now < *ttl_end_)
    return std::nullopt;
  ttl_end_.reset();
  std::string text = "TTL expired";
  if (!ttl_output_.empty())
    text += " (last output before timeout follows): " + ttl_output_;
  return report(critical, std::move(text), now);
}

instant check::next_probe(instant now) const {
  PRAETOR_ASSERT(settings_.interval >= interval_min);
  return now + settings_.interval;
}

bool check::wants_deregistration(instant now) const {
  return settings_.deregister_after > span{} && critical_since_ &&
         now - *critical_since_ > settings_.deregister_after;
}

std::optional<change> check::report(std::string status, std::string output,
                                    instant now) {
  PRAETOR_ASSERT(is_known(status));
  if (status != critical)
    critical_since_.reset();
  else if (!critical_since_)
    critical_since_ = now;
  if (status == status_ && output == output_)
    return std::nullopt;
  status_ = std::move(status);
  output_ = std::move(output);
  return change{status_, output_};
}

std::string truncate_update(std::string output, int output_max_size) {
  PRAETOR_ASSERT(output_max_size > 0);
  auto limit = static_cast<std::size_t>(output_max_size);
  auto total = output.size();
  if (total <= limit)
    return output;
  output.resize(limit);
  output += " ... (captured " + std::to_string(limit) + " of " +
            std::to_string(total) + " bytes)";
  return output;
}

std::string truncate_script(std::string_view tail, std::uint64_t total,
                            int output_max_size) {
  PRAETOR_ASSERT(output_max_size > 0);
  PRAETOR_ASSERT(tail.size() <= total);
  auto limit = static_cast<std::size_t>(output_max_size);
  if (tail.size() > limit)
    tail.remove_prefix(tail.size() - limit);
  if (total <= limit)
    return std::string(tail);
  return "Captured " + std::to_string(limit) + " of " + std::to_string(total) +
         " bytes\n...\n" + std::string(tail);
}

} // namespace praetor::health
