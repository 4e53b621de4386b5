#pragma once

// Every type of our own that may leave the node within a message, with the
// name by which the carrier knows it. What is not in this table travels by
// pointer, within the node alone.

#include "actors/interfaces.hpp"
#include "protocol/raft/messages.hpp"

#include <caf/fwd.hpp>

namespace praetor::actors {

/// Calls `visit.template operator()<T>(name)` for each type of the table.
template <class Visitor>
constexpr void each_message_type(Visitor&& visit) {
  visit.template operator()<term>("praetor::term");
  visit.template operator()<log_index>("praetor::log_index");
  visit.template operator()<error>("praetor::error");
  visit.template operator()<raft::entry>("praetor::raft::entry");
  visit.template operator()<raft::hard_state>("praetor::raft::hard_state");
  visit.template operator()<raft::report>("praetor::raft::report");
  visit.template operator()<raft::request_vote>("praetor::raft::request_vote");
  visit.template operator()<raft::request_vote_reply>(
      "praetor::raft::request_vote_reply");
  visit.template operator()<raft::append_entries>(
      "praetor::raft::append_entries");
  visit.template operator()<raft::append_entries_reply>(
      "praetor::raft::append_entries_reply");
  visit.template operator()<raft::install_snapshot>(
      "praetor::raft::install_snapshot");
  visit.template operator()<raft::install_snapshot_reply>(
      "praetor::raft::install_snapshot_reply");
  visit.template operator()<raft::timeout_now>("praetor::raft::timeout_now");
  visit.template operator()<model::kv_entry>("praetor::model::kv_entry");
  visit.template operator()<model::operation_failure>(
      "praetor::model::operation_failure");
  visit.template operator()<model::released_lock>(
      "praetor::model::released_lock");
  visit.template operator()<model::outcome>("praetor::model::outcome");
  visit.template operator()<proposal>("praetor::proposal");
  visit.template operator()<saved>("praetor::saved");
  visit.template operator()<snapshot_piece>("praetor::snapshot_piece");
  visit.template operator()<read_grant>("praetor::read_grant");
  visit.template operator()<read_proof>("praetor::read_proof");
  visit.template operator()<server_view>("praetor::server_view");
  visit.template operator()<cluster_view>("praetor::cluster_view");
  visit.template operator()<server_record>("praetor::server_record");
  visit.template operator()<roster>("praetor::roster");
  visit.template operator()<remote_request>("praetor::remote_request");
  visit.template operator()<remote_reply>("praetor::remote_reply");
  visit.template operator()<remote_question>("praetor::remote_question");
  visit.template operator()<remote_packet>("praetor::remote_packet");
  visit.template operator()<node_slice>("praetor::node_slice");
  visit.template operator()<check_report>("praetor::check_report");
}

void register_messages(caf::actor_system_config& config);

} // namespace praetor::actors
