#pragma once

// Faults that tests put into the core on purpose, to prove that they would
// notice. Nothing outside tests/ ever sets one.

namespace praetor::raft {

enum class mutation : unsigned char {
  none,
  commit_older_term,        // counts replicas of entries of earlier terms
  follower_commits_tail,    // commits beyond what the leader has vouched for
  append_cuts_tail,         // every append drops what follows it
  acknowledge_unsaved,      // a follower reports what its disk has not saved
  leader_counts_unsaved,    // a leader counts what its disk has not saved
  apply_uncommitted,        // applies what is saved, committed or not
  install_old_snapshot,     // takes a snapshot of what it has committed already
  snapshot_without_members, // forgets the configuration inside a snapshot
  vote_not_saved,           // a vote leaves before it is durable
  double_vote,              // votes again for someone else in the same term
  vote_for_shorter_log,     // votes whatever the candidate's log
  trial_changes_term,       // a pre-vote moves the term of who is asked
  stale_leader_stays,       // neither a newer term nor silence deposes
  votes_after_restart,      // forgets at a restart whom it has just heard
  change_before_noop,       // changes members before the term's no-op commits
  change_before_commit,     // changes members while a change is under way
  read_without_round,       // answers reads without asking a quorum
  read_before_noop,         // answers reads before the term's no-op commits
  lease_through_pause,      // judges the lease by an old look at the clock
  lease_from_receipt,       // counts the lease from when answers come in
  lease_after_transfer,     // keeps the lease although it named a successor
};

} // namespace praetor::raft
