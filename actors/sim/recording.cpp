#include "actors/sim/recording.hpp"

#include "protocol/raft/messages.hpp"

namespace praetor::actors::sim {
namespace {

traffic type_of(const caf::type_erased_tuple& what) {
  if (what.match_elements<raft::request_vote>() ||
      what.match_elements<raft::request_vote_reply>())
    return traffic::vote;
  if (what.match_elements<raft::append_entries>())
    return what.get_as<raft::append_entries>(0).entries.empty()
               ? traffic::heartbeat
               : traffic::append;
  if (what.match_elements<raft::append_entries_reply>())
    return traffic::heartbeat;
  if (what.match_elements<raft::install_snapshot>() ||
      what.match_elements<raft::install_snapshot_reply>())
    return traffic::snapshot;
  return traffic::forward;
}

drawn_role role_of(const node& one) {
  auto* core = one.core();
  if (!core)
    return drawn_role::down;
  if (one.is_paused())
    return drawn_role::paused;
  switch (core->current_role()) {
  case raft::role::leader:
    return drawn_role::leader;
  case raft::role::pre_candidate:
  case raft::role::candidate:
    return drawn_role::candidate;
  case raft::role::follower:
    break;
  }
  return drawn_role::follower;
}

} // namespace

recording::recording(world& where) : world_(where) {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    run_.nodes.push_back(world_.at(i).id());
    last_.push_back({world_.time.now(), i, drawn_role::down, 0});
  }
  world_.net().on_message = [this](std::size_t from, std::size_t to,
                                   instant sent,
                                   std::optional<instant> received,
                                   const caf::type_erased_tuple& what) {
    run_.messages.push_back({sent, received.value_or(sent), from, to,
                             type_of(what), !received, false});
  };
  world_.on_event = [this] { note_roles(); };
  world_.on_fault = [this](const char* name) {
    run_.faults.push_back({world_.time.now(), std::nullopt, name, false});
  };
}

void recording::note_roles() {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    auto& one = world_.at(i);
    drawn_role_change now{world_.time.now(), i, role_of(one),
                          one.core() ? one.core()->current_term().value
                                     : last_[i].term};
    if (now.role == last_[i].role && now.term == last_[i].term)
      continue;
    last_[i] = now;
    run_.roles.push_back(now);
  }
}

recorded_run recording::take(std::string title) {
  run_.title = std::move(title);
  run_.end = world_.time.now();
  for (auto& one : world_.users().past().operations()) {
    drawn_operation drawn;
    drawn.invoked = one.invoked;
    if (one.how != outcome::unknown)
      drawn.returned = one.returned;
    drawn.client = one.client;
    drawn.text = describe(one);
    drawn.failed = one.how != outcome::accepted;
    run_.operations.push_back(std::move(drawn));
  }
  return std::move(run_);
}

} // namespace praetor::actors::sim
