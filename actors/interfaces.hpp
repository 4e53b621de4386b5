#pragma once

// The typed handle of every actor, a comment per message. Messages marked
// "local" carry pointers and never leave the node; all others can be sent
// through bytes and have their round-trip test.

#include "actors/atoms.hpp"
#include "actors/cluster_view.hpp"
#include "actors/publication.hpp"
#include "actors/remote.hpp"
#include "actors/roster.hpp"
#include "dns/answer.hpp"
#include "http/action.hpp"
#include "protocol/model/definition.hpp"
#include "protocol/model/inspect.hpp"
#include "protocol/model/local_codec.hpp"
#include "protocol/raft/output.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace praetor::actors::io {
class byte_stream;
}

namespace praetor::actors {

// -- raft ---------------------------------------------------------------------

/// The bytes of one command on their way into the log.
struct proposal {
  std::shared_ptr<const std::string> data;
};

template <class Inspector>
std::enable_if_t<Inspector::reads_state, typename Inspector::result_type>
inspect(Inspector& f, proposal& x) {
  auto& [data] = x;
  static const std::string none;
  return f(const_cast<std::string&>(data ? *data : none));
}
template <class Inspector>
std::enable_if_t<Inspector::writes_state, typename Inspector::result_type>
inspect(Inspector& f, proposal& x) {
  auto& [data] = x;
  auto read = std::make_shared<std::string>();
  auto failed = f(*read);
  data = std::move(read);
  return failed;
}

/// What must be durable before the promise that rests on it. Local.
struct save_request {
  std::optional<raft::hard_state> state;
  std::vector<raft::entry> entries;
  /// Entries up to here are of no use any more: a snapshot has them.
  log_index drop_upto{};
  /// A snapshot took the place of the whole log, which goes on after this.
  std::optional<log_index> begin_after{};
};

/// Everything up to here is durable.
struct saved {
  log_index upto;
  term in_term;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, saved& x) {
  auto& [upto, in_term] = x;
  return f(upto, in_term);
}

using log_writer_actor = caf::typed_actor<
    /// Saves, syncs, answers; in order. An error means: stop using me, unless
    /// `is_disk_full` says that the same request may be made again.
    caf::replies_to<at::save, save_request>::with<saved>>;

/// A published state on its way to disk. Local.
struct snapshot_request {
  state_ptr state;
  term in_term;        // of the entry that it was applied up to
  std::string servers; // who they are as of then
};

/// A snapshot is durable.
struct snapshot_done {
  log_index index;
  /// That of the older one that is kept beside it; 0 for none.
  log_index older;
  std::uint64_t bytes = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, snapshot_done& x) {
  auto& [index, older, bytes] = x;
  return f(index, older, bytes);
}

/// A place in one of our snapshots, to be sent to a follower. Local.
struct snapshot_place {
  raft::log_place last; // names the snapshot
  std::uint64_t offset = 0;
};

/// What is there.
struct snapshot_piece {
  std::string bytes;
  bool last = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, snapshot_piece& x) {
  auto& [bytes, last] = x;
  return f(bytes, last);
}

using snapshot_writer_actor = caf::typed_actor<
    /// Writes a snapshot, chunk by chunk; an error leaves those before it as
    /// they were. One at a time.
    caf::replies_to<at::snapshot, snapshot_request>::with<snapshot_done>,
    /// Reads a piece of a snapshot as it lies on the disk.
    caf::replies_to<at::read, snapshot_place>::with<snapshot_piece>,
    /// Writes a piece of another server's snapshot aside. No answer: what is
    /// missing shows when it is installed. Local.
    caf::reacts_to<at::save, raft::snapshot_chunk>,
    /// All pieces are there: checks them and makes the snapshot ours, durably.
    caf::replies_to<at::install, raft::snapshot_mark>::with<state_ptr>,
    /// To itself: the next chunk.
    caf::reacts_to<at::flush>>;

/// A state on its way into an archive. Local.
struct archive_request {
  state_ptr state;
  std::uint64_t in_term = 0;
};

/// Archives of the whole state, as operators keep them.
using archivist_actor = caf::typed_actor<
    /// Makes one. Local.
    caf::replies_to<at::save, archive_request>::with<http::rendered_ptr>,
    /// Puts the state of one in the place of all that there is, through the
    /// log; answers when that has happened, or why it did not. Local.
    caf::replies_to<at::install, proposal>::with<http::rendered_ptr>>;

using leadership_listener_actor = caf::typed_actor<
    /// Who leads has changed: this node does (true) or does not (false).
    caf::reacts_to<at::lead, bool>>;

/// Leave to answer a read.
struct read_grant {
  /// `errc::no_leader`: not here; ask whoever leads.
  error failure{errc::ok, {}};
  /// Whoever has applied this much misses nothing.
  log_index index;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, read_grant& x) {
  auto& [failure, index] = x;
  return f(failure, index);
}

/// How sure a reader wants to be that the leader still leads.
enum class read_proof : std::uint8_t {
  lease,  // a quorum has promised to elect nobody else for a while
  quorum, // a quorum says so now
};

using raft_peer_actor = caf::typed_actor<
    /// Puts a command into the log; answers when it has been applied here.
    /// `errc::no_leader`: certainly not taken; `errc::in_doubt`: who knows.
    caf::replies_to<at::propose, proposal>::with<model::outcome>,
    /// A read that misses nothing, of the leader.
    caf::replies_to<at::read, read_proof>::with<read_grant>,
    /// Time passes.
    caf::reacts_to<at::tick>,
    /// To itself: all proposals of this turn are in, carry out the output.
    caf::reacts_to<at::flush>,
    /// Who wants to hear of changes of leadership.
    caf::reacts_to<at::subscribe, leadership_listener_actor>,
    /// Where the servers are.
    caf::reacts_to<at::update, roster>,
    /// Begins a cluster of these voters, of which this server is one.
    caf::replies_to<at::bootstrap, std::vector<node_id>>::with<error>,
    /// Hands leadership to that server, or with an empty name to the one that
    /// is nearest to it.
    caf::replies_to<at::transfer, node_id>::with<error>,
    /// Who the servers are. `errc::no_leader` unless asked for what this
    /// server knows of it without leading (true).
    caf::replies_to<at::members, bool>::with<cluster_view>,
    /// Takes that server out of the cluster.
    caf::replies_to<at::remove, node_id>::with<error>,
    /// Lets that server follow, or one that follows vote (true).
    caf::replies_to<at::add, node_id, bool>::with<error>,
    // What servers say to one another.
    caf::reacts_to<raft::request_vote>,
    caf::reacts_to<raft::request_vote_reply>,
    caf::reacts_to<raft::append_entries>,
    caf::reacts_to<raft::append_entries_reply>,
    caf::reacts_to<raft::install_snapshot>,
    caf::reacts_to<raft::install_snapshot_reply>,
    caf::reacts_to<raft::timeout_now>>;

/// Finds the other servers, and begins the cluster together with them.
using joiner_actor = caf::typed_actor<
    /// What another server knows; answers what we know.
    caf::replies_to<at::join, roster>::with<roster>,
    /// The server with the lowest id asks whether we would begin a cluster of
    /// exactly these, too.
    caf::replies_to<at::bootstrap, std::vector<node_id>>::with<bool>,
    /// Somebody leads, so there is a cluster and we are in it.
    caf::reacts_to<at::lead, bool>,
    /// These servers and no others are there, as gossip sees it; how they
    /// stand they say themselves.
    caf::reacts_to<at::update, roster>,
    /// Time passes.
    caf::reacts_to<at::tick>>;

// -- the state ----------------------------------------------------------------

/// Committed entries in log order. Local.
struct committed {
  std::vector<raft::entry> entries;
};

/// What became of them, in the same order. Local.
struct applied {
  std::vector<std::pair<log_index, model::outcome>> outcomes;
};

/// Single-key operations for one shard, in log order. Local.
struct shard_batch {
  struct item {
    log_index at;
    modify_index change = 0; // what the keys are to say of it
    model::kv_operation operation;
    bool session_lives = false;
  };
  std::vector<item> items;
};

/// The shard after a batch. Local.
struct shard_done {
  storage::kv_table table;
  std::vector<std::pair<log_index, model::outcome>> outcomes;
  model::change_set changes;
};

/// A newly published state and what changed since the one before. Local.
struct publication_note {
  state_ptr state;
  std::shared_ptr<const model::change_set> changes;
  std::vector<model::released_lock> released;
};

using kv_shard_actor =
    caf::typed_actor<caf::replies_to<at::apply, shard_batch>::with<shard_done>,
                     /// A command over several shards was applied elsewhere:
                     /// this is your part of its result.
                     caf::reacts_to<at::adopt, storage::kv_table>>;

using state_listener_actor =
    caf::typed_actor<caf::reacts_to<at::publish, publication_note>>;

using store_keeper_actor = caf::typed_actor<
    /// Applies committed entries; answers after they are published.
    caf::replies_to<at::apply, committed>::with<applied>,
    /// Goes on from the state of another server's snapshot; answers its index
    /// after it is published. Local.
    caf::replies_to<at::adopt, state_ptr>::with<log_index>,
    /// Who wants every publication_note.
    caf::reacts_to<at::subscribe, state_listener_actor>>;

/// The answer to a blocking query. Local.
struct watch_answer {
  std::uint64_t number = 0;
  http::rendered_ptr answer;
};

/// Who waits for one.
using watcher_actor = caf::typed_actor<caf::reacts_to<at::watch, watch_answer>>;

/// Carries out for another node what its clients ask.
using portal_actor = caf::typed_actor<
    caf::replies_to<at::call, remote_request>::with<remote_reply>,
    /// Whoever asked that with this ticket does not wait any more.
    caf::reacts_to<at::unwatch, std::uint64_t>,
    caf::replies_to<at::resolve, remote_question>::with<remote_packet>,
    /// What the catalogue has of the node of this name.
    caf::replies_to<at::sync, std::string>::with<node_slice>,
    /// To itself, of the watch keeper.
    caf::reacts_to<at::watch, watch_answer>>;

/// The way to whoever leads, for all of this node who write or read.
using gateway_actor = caf::typed_actor<
    /// Puts a command into the leader's log; answers what became of it.
    caf::replies_to<at::propose, proposal>::with<model::outcome>,
    /// The same for a command that may take locks: one in its delay is
    /// refused.
    caf::replies_to<at::lock, proposal>::with<model::outcome>,
    /// A session's client is alive, or `errc::not_found`.
    caf::replies_to<at::renew, session_id>::with<read_grant>,
    /// Who the servers are: of the leader, or (true) of our own peer.
    caf::replies_to<at::members, bool>::with<cluster_view>,
    /// Asks the leader to take that server out of the cluster.
    caf::replies_to<at::remove, node_id>::with<error>,
    /// Asks the leader to hand over to that server, or to whom it finds best.
    caf::replies_to<at::transfer, node_id>::with<error>,
    /// Answers when the state that is published here misses nothing.
    caf::replies_to<at::read, read_proof>::with<read_grant>,
    /// Has a request carried out by another node.
    caf::replies_to<at::call, remote_request>::with<remote_reply>,
    /// Whoever asked that with this ticket does not wait any more.
    caf::reacts_to<at::unwatch, std::uint64_t>,
    caf::replies_to<at::resolve, remote_question>::with<remote_packet>,
    /// What is published here has all that the catalogue has of that node.
    caf::replies_to<at::sync, std::string>::with<error>,
    /// Where the servers are.
    caf::reacts_to<at::update, roster>,
    /// Who wants to know whether anybody leads.
    caf::reacts_to<at::subscribe, leadership_listener_actor>,
    caf::reacts_to<at::lead, bool>,
    caf::reacts_to<at::publish, publication_note>,
    /// Time passes.
    caf::reacts_to<at::tick>>;

/// Bytes that a socket gave. Local.
struct received_bytes {
  std::shared_ptr<const std::string> bytes;
};

/// What a check of this agent found.
struct check_report {
  std::string id;
  std::string status;
  std::string output;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, check_report& x) {
  auto& [id, status, output] = x;
  return f(id, status, output);
}

/// Services and checks out of configuration files, and at the start those
/// that were kept. Local.
struct local_definitions {
  std::vector<model::service_wish> services;
  std::vector<model::check_wish> checks;
  std::optional<model::node> node; // what the node says of itself now
  model::kept_local kept;
};

// -- sessions -----------------------------------------------------------------

using session_keeper_actor = caf::typed_actor<
    /// Proposes a command that may take locks, unless one of them is still in
    /// its delay; answers as raft does.
    caf::replies_to<at::propose, proposal>::with<model::outcome>,
    /// A session's client is alive. `errc::not_found`: there is no such
    /// session; `errc::no_leader`: ask whoever leads.
    caf::replies_to<at::renew, session_id>::with<read_grant>,
    caf::reacts_to<at::publish, publication_note>,
    caf::reacts_to<at::expire, session_id>, caf::reacts_to<at::tick>,
    /// This node became (true) or ceased to be (false) the leader.
    caf::reacts_to<at::lead, bool>>;

// -- the agent's own ----------------------------------------------------------

using agent_actor = caf::typed_actor<
    /// Does or tells what only this agent can. Local.
    caf::replies_to<at::call, http::agent_action>::with<http::rendered_ptr>,
    /// A check's probe found this.
    caf::reacts_to<at::report, check_report>,
    /// A service has been critical for too long: deregister it.
    caf::reacts_to<at::retire, std::string>,
    /// The definitions of the configuration files, anew. Local.
    caf::replies_to<at::reload, local_definitions>::with<bool>,
    caf::reacts_to<at::publish, publication_note>,
    caf::reacts_to<at::lead, bool>,
    /// Compare with the catalogue and repair it.
    caf::reacts_to<at::sync>,
    /// To itself: keep when TTL checks expire.
    caf::reacts_to<at::flush>,
    /// Stop all checkers, and with them what they run; then answer.
    caf::replies_to<at::stop>::with<bool>,
    /// A wait for a change of a service is over.
    caf::reacts_to<at::expire, std::uint64_t>,
    /// Whether somebody to join was reached: ticket, status, output.
    caf::reacts_to<at::probe, std::uint64_t, std::string, std::string>>;

/// Keeps on disk what the agent was told over its API. Carries out one after
/// the other and answers when that is durable: nothing, or what failed.
using local_store_actor = caf::typed_actor<
    /// Without its checks, which are kept beside it. Local.
    caf::replies_to<at::save, model::service_wish>::with<std::string>,
    /// Local.
    caf::replies_to<at::save, model::kept_check>::with<std::string>,
    /// Of all TTL checks at once. Local.
    caf::replies_to<at::save, model::kept_expiries>::with<std::string>,
    caf::replies_to<at::remove, at::service, std::string>::with<std::string>,
    caf::replies_to<at::remove, at::check, std::string>::with<std::string>>;

using health_checker_actor = caf::typed_actor<
    /// Probe now.
    caf::reacts_to<at::probe>,
    /// The probe's outcome: status, output.
    caf::reacts_to<at::report, std::string, std::string>,
    /// A client's word about a TTL check: status, output.
    caf::reacts_to<at::update, std::string, std::string>,
    /// Time passes: the TTL, or the wish to be deregistered.
    caf::reacts_to<at::tick, std::uint64_t>, caf::reacts_to<at::stop>>;

// -- http ---------------------------------------------------------------------

/// The socket of a new session, handed over once. Local.
struct stream_handover {
  std::shared_ptr<std::unique_ptr<io::byte_stream>> stream;
};

using http_session_actor = caf::typed_actor<
    caf::reacts_to<at::adopt, stream_handover>,
    /// Bytes from the client.
    caf::reacts_to<at::received, received_bytes>,
    /// What was written has left; more may be written.
    caf::reacts_to<at::written>,
    /// The client is gone.
    caf::reacts_to<at::closed>, caf::reacts_to<at::watch, watch_answer>,
    /// A request has been arriving for too long.
    caf::reacts_to<at::expire, std::uint64_t>,
    /// A line of the log, for a client that follows it.
    caf::reacts_to<at::report, std::string>, caf::reacts_to<at::stop>>;

/// Who waits, and its own number for the question. Local.
struct watch_request {
  watcher_actor who;
  std::uint64_t number = 0;
  std::shared_ptr<const http::read_action> asked;
};

using watch_keeper_actor =
    caf::typed_actor<caf::reacts_to<at::watch, watch_request>,
                     /// Whoever asked does not want that answer any more.
                     caf::reacts_to<at::unwatch, watcher_actor, std::uint64_t>,
                     caf::reacts_to<at::publish, publication_note>,
                     /// The wait of the watcher with that ticket is over.
                     caf::reacts_to<at::expire, std::uint64_t>>;

// -- dns ----------------------------------------------------------------------

/// Where the reply to a question goes.
class dns_reply_port {
public:
  virtual ~dns_reply_port() = default;
  virtual void send(std::string bytes) = 0;
};

/// One packet of a client. Local.
struct dns_question {
  std::shared_ptr<const std::string> packet;
  dns::transport via = dns::transport::udp;
  std::shared_ptr<dns_reply_port> from;
};

using dns_responder_actor = caf::typed_actor<
    caf::reacts_to<at::received, dns_question>,
    /// New rules after a reload. Local.
    caf::reacts_to<at::reload, std::shared_ptr<const dns::settings>>>;

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::save_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::snapshot_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::snapshot_place)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::archive_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::state_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::raft::snapshot_chunk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::applied)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::shard_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::shard_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::publication_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::storage::kv_table)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::http::agent_action)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::http::rendered_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::local_definitions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::model::service_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::model::kept_check)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::model::kept_expiries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::received_bytes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::watch_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::watch_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::dns_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<const praetor::dns::settings>)
