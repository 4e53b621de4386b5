#pragma once

// The network between simulated servers. What one sends to another through
// the carrier it was given passes here as the bytes that `link` would send,
// and meets what the weather and the cuts of the moment have in store for it:
// loss, doubling, delay, reordering, silence.
//
// Requests keep the promises of a carrier (io/carrier.hpp): at most once, and
// an error when the peer or the connection is lost, at once or, when packets
// just vanish, after the silence that `link` would notice. Letters without an
// answer may be lost, doubled and overtaken, which Raft has to bear.

#include "actors/io/carrier.hpp"
#include "actors/io/link_codec.hpp"
#include "actors/sim/timeline.hpp"
#include "actors/sim/trace.hpp"
#include "protocol/base/prng.hpp"

#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

namespace praetor::actors::sim {

/// Chances are out of 1000.
struct weather {
  std::uint64_t drop = 0;
  std::uint64_t duplicate = 0;
  /// Letters that may overtake others.
  std::uint64_t reorder = 0;
  /// Messages that take ten times as long.
  std::uint64_t straggle = 0;
  span delay_min = std::chrono::microseconds(100);
  span delay_max = std::chrono::microseconds(700);
};

/// A server as the network sees it.
struct station {
  std::string address;
  bool is_up = false;
  bool is_paused = false;
  bool is_touched = false;
  /// Counts its lives: what belongs to an earlier one is lost.
  std::uint64_t life = 0;
  std::map<caf::atom_value, caf::strong_actor_ptr> offers;
  /// What came while it was paused.
  std::deque<timeline::work> held;
};

class network {
public:
  network(caf::actor_system& system, timeline& time, trace& kept,
          std::uint64_t seed, std::vector<std::string> addresses);
  ~network();

  weather sky;

  caf::actor_system& system() { return system_; }
  std::size_t size() const { return stations_.size(); }
  const station& at(std::size_t which) const { return stations_[which]; }

  // -- lives -----------------------------------------------------------------

  /// The server begins a new life; what it offers goes through the carrier.
  std::unique_ptr<io::carrier> start(std::size_t which);
  /// It is gone at once. Others notice now, or by chance only later.
  void stop(std::size_t which);
  void pause(std::size_t which);
  /// All that waited comes, in order.
  void resume(std::size_t which);
  /// Does the work when the server is there to do it; never in a later life.
  void at_server(std::size_t which, instant when, timeline::work what);

  // -- what may go wrong -----------------------------------------------------

  /// Nothing gets from one to the other.
  void cut(std::size_t from, std::size_t to);
  void mend(std::size_t from, std::size_t to);
  void mend_all();
  bool is_cut(std::size_t from, std::size_t to) const;
  /// Everything takes this much longer from one to the other.
  void clog(std::size_t from, std::size_t to, span delay, instant until);

  /// Something came to the server; whether it did since this was last asked.
  void touch(std::size_t which) { stations_[which].is_touched = true; }
  bool take_touched(std::size_t which) {
    return std::exchange(stations_[which].is_touched, false);
  }

  /// Lets go of all actors.
  void clear();

  /// Called for each message: from, to, when it left and arrives, if it does.
  std::function<void(std::size_t, std::size_t, instant, std::optional<instant>,
                     const caf::type_erased_tuple&)>
      on_message;

  // -- for the actors that stand for remote ones -----------------------------

  struct sender {
    std::size_t server = 0;
    std::uint64_t life = 0;
  };
  void submit(sender from, std::size_t to, caf::atom_value name, io::lane by,
              caf::mailbox_element& what);
  void answer(std::uint64_t request, sender by, caf::mailbox_element& what);
  caf::actor reach(sender from, const std::string& address,
                   caf::atom_value name, io::lane by);
  void offer(sender by, caf::atom_value name, caf::actor who);

private:
  struct request {
    sender from;
    std::size_t to = 0;
    std::uint64_t to_life = 0;
    caf::strong_actor_ptr who;
    caf::message_id mid;
  };
  struct path {
    bool is_cut = false;
    instant cut_since{};
    span clogged_by{};
    instant clogged_until{};
    instant last[2]; // arrivals, by lane
  };
  struct letter {
    sender from;
    std::size_t to = 0;
    std::uint64_t to_life = 0;
    io::frame_kind kind = io::frame_kind::message;
    std::uint64_t id = 0;
    caf::atom_value name{};
    caf::message_id mid; // of a request
    std::shared_ptr<const std::vector<char>> bytes;
  };

  path& way(std::size_t from, std::size_t to) {
    return paths_[from * stations_.size() + to];
  }
  const path& way(std::size_t from, std::size_t to) const {
    return paths_[from * stations_.size() + to];
  }
  bool is_alive(const sender& one) const {
    return stations_[one.server].is_up &&
           stations_[one.server].life == one.life;
  }
  span some(span least, span most);
  instant arrival(const letter& one, io::lane by, bool may_overtake);
  std::optional<instant> send(letter one, io::lane by);
  void lose(const letter& one);
  void arrive(const letter& one);
  void deliver(const letter& one);
  void deliver_answer(const letter& one);
  void fail_later(std::uint64_t id, instant when, caf::sec why);
  void fail(std::uint64_t id, caf::sec why);
  void note(const letter& one, char what);

  caf::actor_system& system_;
  timeline& time_;
  trace& trace_;
  prng chance_;
  std::vector<station> stations_;
  std::map<std::string, std::size_t> by_address_;
  std::vector<path> paths_;
  std::uint64_t next_request_ = 1;
  std::map<std::uint64_t, request> requests_;
};

/// Stands for an actor on another server.
caf::actor make_remote(network& by, network::sender from, std::size_t to,
                       caf::atom_value name, io::lane through);
/// Stands for whoever asked, on the server of who answers.
caf::strong_actor_ptr make_asker(network& by, std::uint64_t request,
                                 network::sender answers);

} // namespace praetor::actors::sim
