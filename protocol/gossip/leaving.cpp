// Changes that a member makes of itself: leaving, tags; and those that an
// operator makes of others.

#include "protocol/gossip/codec.hpp"
#include "protocol/gossip/core.hpp"

namespace praetor::gossip {

status core::leave(instant now) {
  enter(now);
  if (farewell_ != farewell::none)
    return fail(errc::conflict, "this member is leaving already");
  farewell_ = farewell::announced;
  farewell_until_ = now_ + settings_.broadcast_timeout;
  probe_.reset();
  set_status(own(), member_status::leaving);
  spread(name_, leave_intent{own().incarnation, name_, name_, false});
  tick_farewell();
  promise();
  return {};
}

void core::tick_farewell() {
  // Told as often as it takes, or nobody is there to tell.
  auto is_out = [this] {
    return !rumours_.has(name_) || now_ >= farewell_until_ ||
           present_ <= (is_present(self()) ? 1u : 0u);
  };
  if (farewell_ == farewell::announced && is_out()) {
    farewell_ = farewell::said;
    farewell_until_ = now_ + settings_.broadcast_timeout;
    set_status(own(), member_status::left);
    spread(name_, dead{own().incarnation, name_, name_});
  }
  if (farewell_ == farewell::said && is_out()) {
    farewell_ = farewell::staying;
    farewell_until_ =
        now_ + (present_ > 0 ? settings_.leave_propagate_delay : span{});
  }
  if (farewell_ == farewell::staying && now_ >= farewell_until_) {
    farewell_ = farewell::done;
    report(change::left, self());
    out_.events.push_back(leave_ended{});
  }
}

status core::force_leave(const std::string& name, bool prune, instant now) {
  enter(now);
  auto* found = find(name);
  if (!found)
    return fail(errc::not_found, "No node found with name '" + name + "'");
  on(leave_intent{found->incarnation, name, name_, prune}, endpoint{});
  promise();
  return {};
}

status core::set_tags(const tag_map& tags, instant now) {
  enter(now);
  auto packed = pack_tags(tags);
  if (packed.size() > tags_bytes_max)
    return fail(errc::too_large, "Encoded length of tags exceeds limit of " +
                                     std::to_string(tags_bytes_max) +
                                     " bytes: they take " +
                                     std::to_string(packed.size()));
  auto& self = own();
  if (packed == self.tags)
    return {};
  self.tags = std::move(packed);
  self.incarnation = std::min(self.incarnation + 1, incarnation_max);
  if (farewell_ == farewell::none)
    announce();
  report(change::updated, self);
  promise();
  return {};
}

} // namespace praetor::gossip
