#pragma once

// One socket of `link` after it is connected: hello, frames both ways, the
// requests that wait for an answer. Lives on the loop's thread; what other
// threads send comes by an `outbox`. Part of link.cpp; use carrier.hpp.

#include "actors/io/link.hpp"
#include "actors/io/link_codec.hpp"

#include <caf/mailbox_element.hpp>
#include <caf/monitorable_actor.hpp>

#include <deque>
#include <set>
#include <unordered_map>

namespace praetor::actors::io {

class channel;
class connection;
class link_core;

/// A request on its way; whoever asked hears of the answer or the failure.
struct asked {
  caf::strong_actor_ptr who;
  caf::message_id mid;

  void answer(caf::message what, caf::execution_unit* unit) const {
    if (who && mid.is_request())
      who->enqueue(nullptr, mid.response_id(), std::move(what), unit);
  }
  void fail(caf::sec code, std::string why, caf::execution_unit* unit) const {
    answer(caf::make_message(caf::make_error(code, std::move(why))), unit);
  }
};

/// A frame on its way to the loop's thread.
struct outgoing {
  std::vector<char> frame;
  std::uint64_t id = 0; // of a request
  asked by;
};

/// Frames from any thread, in order, on their way to the loop's.
class outbox {
public:
  /// False, and the frame stays where it is, while nothing is taken. Calls
  /// `wake` under the lock for the first of a batch, and when `open_it` opened
  /// a box that was shut: after `end` nobody wakes any more.
  template <class F>
  bool put(outgoing& one, bool open_it, const F& wake) {
    std::lock_guard guard(mutex_);
    if (now_ == ended || (now_ == shut_now && !open_it))
      return false;
    bool first = frames_.empty();
    frames_.push_back(std::move(one));
    filled_ = true;
    now_ = open_now;
    if (first)
      wake();
    return true;
  }
  std::vector<outgoing> take() {
    std::lock_guard guard(mutex_);
    filled_ = false;
    return std::exchange(frames_, {});
  }
  bool empty() const { return !filled_; }
  void open() { move_to(open_now); }
  std::vector<outgoing> shut() { return move_to(shut_now); }
  std::vector<outgoing> end() { return move_to(ended); }

private:
  enum phase { open_now, shut_now, ended };

  std::vector<outgoing> move_to(phase next) {
    std::lock_guard guard(mutex_);
    if (now_ != ended)
      now_ = next;
    if (next == open_now)
      return {};
    filled_ = false;
    return std::exchange(frames_, {});
  }

  std::mutex mutex_;
  phase now_ = open_now;
  std::vector<outgoing> frames_;
  std::atomic<bool> filled_{false};
};

/// Bytes that wait to be written. Shared by those who add and those who
/// write; any thread.
using byte_gauge = std::shared_ptr<std::atomic<std::size_t>>;

/// What all sockets of one link share. Offers do not change once it started;
/// all else, but for what says so, belongs to the loop's thread.
class link_core final : public std::enable_shared_from_this<link_core> {
public:
  link_core(caf::actor_system& with, loop& lives_on, link_settings made_with)
      : system(with), on(lives_on), settings(std::move(made_with)),
        chance(settings.seed) {}

  void begin();
  void end();
  void accept(int socket, std::string peer);
  void remove(const std::shared_ptr<connection>& one);
  /// Has the connection's output written at the end of the turn.
  void mark_dirty(std::shared_ptr<connection> one);
  link_hello hello(lane by) const {
    return {settings.cluster, settings.node, settings.incarnation, by};
  }
  std::size_t queue_max(lane by) const {
    return by == lane::control ? settings.limits.control_queue_bytes_max
                               : settings.limits.bulk_queue_bytes_max;
  }

  caf::actor_system& system;
  loop& on;
  const link_settings settings;
  std::unordered_map<std::uint64_t, caf::strong_actor_ptr> offers;
  std::vector<std::unique_ptr<listener>> listeners;
  std::vector<int> ports; // theirs, for good
  prng chance;
  std::set<std::shared_ptr<connection>> connections;
  std::size_t accepted = 0;
  link_counts counts;

  struct peer {
    std::shared_ptr<channel> to;
    std::map<caf::atom_value, caf::strong_actor_ptr> handles;
    bool unheld = false; // at the last look
  };
  std::mutex mutex; // guards the rest up to `is_started`; any thread
  std::map<std::pair<std::string, lane>, peer> peers;
  enum class phase { made, started, ended } now = phase::made;
  bool is_started() {
    std::lock_guard guard(mutex);
    return now == phase::started;
  }

private:
  void on_tick();
  void drop_unheld();
  void flush();

  uv_prepare_t* end_of_turn_ = nullptr;
  uv_timer_t* ticker_ = nullptr;
  std::vector<std::shared_ptr<connection>> dirty_;
  span last_tick_{};
  int ticks_ = 0;
};

/// Hears what becomes of a connection that it dialled.
class dialler {
public:
  virtual ~dialler() = default;
  virtual void on_up() = 0;
  /// At most once, and never from within a call to the connection's methods
  /// but `close`.
  virtual void on_lost(const std::string& why) = 0;
};

class connection final : public std::enable_shared_from_this<connection> {
public:
  connection(link_core& core, lane by, std::string peer);

  /// Takes over an accepted socket.
  void accept(int socket);
  /// Dials; `who` hears of it.
  void dial(const sockaddr* where, std::weak_ptr<dialler> who);

  bool is_up() const { return greeted_ && !closed_; }
  bool is_closed() const { return closed_; }
  bool is_dialled() const { return dialled_; }
  lane by() const { return by_; }
  std::size_t pending() const { return pending_.size(); }
  const byte_gauge& gauge() const { return gauge_; }
  void share_gauge(byte_gauge with) { gauge_ = std::move(with); }

  /// Takes a frame over; false when too many requests wait already.
  bool send(outgoing one);
  /// The same without a copy, for who is on the loop's thread: what to append
  /// a frame to, and then what was appended.
  std::vector<char>& tail();
  bool appended(std::size_t bytes, std::uint64_t id, asked by);

  void write();
  void check_time(span now);
  /// The peer spoke, as far as we could have heard.
  void forgive_silence(span now) { heard_ = now; }
  void close(const std::string& why);

private:
  struct write_request;

  bool open(int family);
  void set_options();
  void start_reading();
  void on_connected(int status);
  void on_read(ssize_t size, const uv_buf_t* buffer);
  status on_bytes(std::string_view bytes);
  result<std::size_t> on_hello(std::string_view bytes);
  bool on_frame(std::string_view frame);
  status on_whole_frame(const frame_header& header, std::string_view payload);
  void on_request(const frame_header& header, std::string_view payload);
  void on_answer(const frame_header& header, std::string_view payload);
  void refuse(std::uint64_t id, caf::sec code, std::string why);
  void send_ping();
  void consume(std::size_t bytes);
  void queue_rest();
  void written(std::size_t bytes);
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&tcp_); }

  std::shared_ptr<link_core> core_;
  uv_tcp_t tcp_{};
  uv_connect_t connecting_{};
  bool opened_ = false;
  bool dialled_ = false;
  bool greeted_ = false;
  bool closed_ = false;
  lane by_;
  std::string peer_;
  std::weak_ptr<dialler> who_;
  byte_gauge gauge_;
  std::string hello_; // what came of the peer's
  frame_reader reader_;
  std::string trouble_; // why reading stopped within a frame
  std::unordered_map<std::uint64_t, asked> pending_;
  caf::strong_actor_ptr answers_; // stands for whoever asks through us
  std::shared_ptr<outbox> box_;   // and what it gets on other threads

  std::deque<std::vector<char>> out_;
  std::size_t written_of_front_ = 0;
  std::size_t unsent_ = 0; // in out_ and in a write under way
  bool writing_ = false;
  bool dirty_ = false;
  span heard_{};
  span sent_{};
  span born_{};
};

/// Steady time, on any thread.
span steady_now();

/// Stands for whoever asks through a connection: an answer that is sent to
/// it goes back there. Any thread.
caf::strong_actor_ptr make_answer_ref(std::shared_ptr<link_core> core,
                                      const std::shared_ptr<connection>& to,
                                      std::shared_ptr<outbox> box);

} // namespace praetor::actors::io
