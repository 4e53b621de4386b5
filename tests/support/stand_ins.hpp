#pragma once

// Stand-ins for the neighbours of an actor under test. They keep what they
// were told; what they keep it in must outlive their world.

#include "actors/health_checker.hpp"
#include "http/replies.hpp"
#include "protocol/raft/core.hpp"
#include "tests/support/actor_world.hpp"

namespace praetor::tests {

actors::state_listener_actor
record_publications(actor_world& world,
                    std::vector<actors::publication_note>& into);

actors::leadership_listener_actor record_leadership(actor_world& world,
                                                    std::vector<bool>& into);

/// A session that waits for answers of a watch keeper.
actors::http_session_actor
record_watch_answers(actor_world& world,
                     std::vector<actors::watch_answer>& into);

/// What a watch keeper was asked.
struct watch_log {
  std::vector<actors::watch_request> asked;
  std::vector<std::uint64_t> unwatched; // the numbers
};
actors::watch_keeper_actor record_watches(actor_world& world, watch_log& into);

/// What an agent was told, and what it answers to calls.
struct agent_log {
  std::vector<http::agent_action> calls;
  std::vector<actors::check_report> reports;
  std::vector<std::string> retired;
  http::rendered_ptr answer = http::text_reply("from the agent");
};
actors::agent_actor record_agent(actor_world& world, agent_log& into);

/// A gateway that lets all commands through to raft.
struct session_log {
  std::vector<model::command> proposals; // that may take locks
  std::vector<session_id> renewals;
  std::vector<actors::read_proof> reads;
  actors::cluster_view view; // what it says of the servers
  std::vector<bool> stale;   // whether it was asked for less than that
  std::vector<node_id> removed;
  bool lives = true;
  /// What those who want to read meet.
  error read_failure = {errc::ok, {}};
};
actors::gateway_actor record_sessions(actor_world& world, session_log& into,
                                      actors::raft_peer_actor raft);

/// A log writer whose disk is as slow as the test wants.
struct writer_log {
  struct waiting {
    actors::save_request what;
    caf::typed_response_promise<actors::saved> promise;
  };
  std::vector<waiting> requests; // not answered yet
  std::size_t seen = 0;
};
actors::log_writer_actor record_saves(actor_world& world, writer_log& into);
/// Answers the oldest request: all of it is durable.
void finish_save(actor_world& world, const actors::log_writer_actor& writer,
                 writer_log& log);

/// Raft with neither log nor disk: what is proposed is applied to the state
/// that readers see, and listeners hear of it.
class fake_raft {
public:
  explicit fake_raft(actor_world& world);

  actors::raft_peer_actor handle;
  /// The same as the way to the leader, which is here.
  actors::gateway_actor gate() const;
  std::shared_ptr<actors::publication> readers =
      std::make_shared<actors::publication>();
  std::vector<model::command> commands; // all that were proposed
  std::vector<actors::state_listener_actor> listeners;
  /// Proposals wait until `release`.
  bool holds = false;
  /// What all proposals meet instead.
  std::optional<error> refusal;

  /// Applies what waits, in order, and runs everybody.
  void release();
  /// A command that came to the log from elsewhere.
  model::outcome put(const model::command& command);
  void set_key(const std::string& key, const std::string& value);
  const storage::state& state() const { return state_; }

private:
  struct waiting {
    model::command command;
    caf::typed_response_promise<model::outcome> promise;
  };
  model::outcome apply(const model::command& command);

  actor_world& world_;
  storage::state state_;
  std::vector<waiting> waiting_;
};

/// The sole voter of a cluster of one.
std::unique_ptr<raft::core> make_sole_core();

actors::proposal encoded(const model::command& command);
model::kv_operation set_operation(std::string key, std::string value);
model::kv_operation lock_operation(std::string key, session_id session);
model::catalog_register register_node(const std::string& name,
                                      const std::string& address = "10.0.0.1");
/// On node "n".
model::session_create create_session(session_id id, std::string ttl = "");

/// An id of the length that ids have, of one digit.
inline session_id uuid_of(char digit) {
  return session_id(36, digit);
}

/// Probes that end when the test says so.
struct probe_log {
  struct started {
    model::check_wish wish;
    health::settings rules;
    praetor::io::probe_callback done;
  };
  std::vector<started> starts;
  actors::probe_starter starter();
  /// The probe that was started last found this.
  void finish(actor_world& world, std::string status, std::string output);
};

} // namespace praetor::tests
