#include "actors/sim/network.hpp"

#include <caf/send.hpp>

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;

// As `link` does: a peer that says nothing for so long is lost.
constexpr span silence_min = 500ms;
constexpr span silence_max = 3s;

class carrier_of final : public io::carrier {
public:
  carrier_of(network& by, network::sender whose) : by_(by), whose_(whose) {}

  caf::actor reach(const std::string& address, caf::atom_value name,
                   io::lane through) override {
    return by_.reach(whose_, address, name, through);
  }
  void offer(caf::atom_value name, caf::actor who) override {
    by_.offer(whose_, name, std::move(who));
  }
  void start() override {}
  void stop() override {}

private:
  network& by_;
  network::sender whose_;
};

} // namespace

network::network(caf::actor_system& system, timeline& time, trace& kept,
                 std::uint64_t seed, std::vector<std::string> addresses)
    : system_(system), time_(time), trace_(kept), chance_(seed),
      stations_(addresses.size()), paths_(addresses.size() * addresses.size()) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    by_address_[addresses[i]] = i;
    stations_[i].address = std::move(addresses[i]);
  }
}

network::~network() = default;

span network::some(span least, span most) {
  PRAETOR_ASSERT(least <= most);
  auto width = static_cast<std::uint64_t>((most - least).count()) + 1;
  return least + span{static_cast<std::int64_t>(chance_.below(width))};
}

// -- lives -------------------------------------------------------------------

std::unique_ptr<io::carrier> network::start(std::size_t which) {
  auto& one = stations_[which];
  PRAETOR_ASSERT(!one.is_up);
  one.is_up = true;
  one.is_paused = false;
  ++one.life;
  return std::make_unique<carrier_of>(*this, sender{which, one.life});
}

void network::stop(std::size_t which) {
  auto& one = stations_[which];
  PRAETOR_ASSERT(one.is_up);
  one.is_up = one.is_paused = false;
  one.offers.clear();
  one.held.clear();
  // Its own requests have nobody to hear of them; for those to it, either its
  // system says that the connections are gone, or nobody does.
  bool silently = chance_.below(4) == 0;
  std::erase_if(requests_,
                [&](auto& asked) { return asked.second.from.server == which; });
  for (auto& [id, asked] : requests_)
    if (asked.to == which)
      fail_later(id,
                 time_.now() + (silently ? some(silence_min, silence_max)
                                         : some(sky.delay_min, sky.delay_max)),
                 caf::sec::request_receiver_down);
}

void network::pause(std::size_t which) {
  stations_[which].is_paused = true;
}

void network::resume(std::size_t which) {
  auto& one = stations_[which];
  one.is_paused = false;
  for (auto& work : std::exchange(one.held, {}))
    time_.at(time_.now(), std::move(work));
}

void network::at_server(std::size_t which, instant when, timeline::work what) {
  auto life = stations_[which].life;
  time_.at(when, [this, which, life, what = std::move(what)]() mutable {
    auto& one = stations_[which];
    if (!one.is_up || one.life != life)
      return;
    if (one.is_paused) {
      one.held.push_back([this, which, what = std::move(what)]() mutable {
        at_server(which, time_.now(), std::move(what));
      });
      return;
    }
    one.is_touched = true;
    what();
  });
}

// -- what may go wrong -------------------------------------------------------

void network::cut(std::size_t from, std::size_t to) {
  auto& path = way(from, to);
  if (std::exchange(path.is_cut, true))
    return;
  path.cut_since = time_.now();
  // Neither requests nor answers get through: the connection is given up.
  for (auto& [id, asked] : requests_)
    if ((asked.from.server == from && asked.to == to) ||
        (asked.from.server == to && asked.to == from))
      fail_later(id, time_.now() + some(silence_min, silence_max),
                 caf::sec::request_receiver_down);
}

void network::mend(std::size_t from, std::size_t to) {
  way(from, to).is_cut = false;
}

void network::mend_all() {
  for (auto& one : paths_) {
    one.is_cut = false;
    one.clogged_until = {};
  }
}

bool network::is_cut(std::size_t from, std::size_t to) const {
  return way(from, to).is_cut;
}

void network::clog(std::size_t from, std::size_t to, span delay,
                   instant until) {
  way(from, to).clogged_by = delay;
  way(from, to).clogged_until = until;
}

void network::clear() {
  requests_.clear();
  for (auto& one : stations_) {
    one.offers.clear();
    one.held.clear();
  }
}

// -- from the sender ---------------------------------------------------------

caf::actor network::reach(sender from, const std::string& address,
                          caf::atom_value name, io::lane by) {
  auto found = by_address_.find(address);
  PRAETOR_ASSERT(found != by_address_.end());
  return make_remote(*this, from, found->second, name, by);
}

void network::offer(sender by, caf::atom_value name, caf::actor who) {
  if (is_alive(by))
    stations_[by.server].offers[name] =
        caf::actor_cast<caf::strong_actor_ptr>(std::move(who));
}

void network::note(const letter& one, char what) {
  trace_.note(time_.now(),
              static_cast<std::uint64_t>(what) << 32 | one.from.server << 16 |
                  one.to,
              one.id);
}

void network::submit(sender from, std::size_t to, caf::atom_value name,
                     io::lane by, caf::mailbox_element& what) {
  if (!is_alive(from))
    return;
  PRAETOR_ASSERT(what.stages.empty() && !what.mid.is_response());
  letter one{from, to, stations_[to].life};
  one.name = name;
  if (what.mid.is_request()) {
    one.kind = io::frame_kind::request;
    one.id = next_request_++;
    one.mid = what.mid;
    requests_.emplace(one.id,
                      request{from, to, one.to_life, what.sender, what.mid});
  }
  std::vector<char> bytes;
  auto ok = io::append_frame(
      system_, bytes, {one.kind, one.id, static_cast<std::uint64_t>(name)},
      what.content());
  if (!ok) {
    PRAETOR_ASSERT(one.id > 0); // letters are always small enough
    return fail_later(one.id, time_.now(), caf::sec::runtime_error);
  }
  trace_.note_bytes({bytes.data(), bytes.size()});
  one.bytes = std::make_shared<const std::vector<char>>(std::move(bytes));
  auto& target = stations_[to];
  auto& path = way(from.server, to);
  bool is_known_lost =
      !target.is_up ||
      ((path.is_cut || way(to, from.server).is_cut) &&
       time_.now() - std::max(path.cut_since, way(to, from.server).cut_since) >
           silence_max);
  if (one.id > 0 && is_known_lost)
    return fail_later(one.id, time_.now() + some(span{}, 20ms),
                      caf::sec::cannot_connect_to_node);
  auto when = send(std::move(one), by);
  if (on_message)
    on_message(from.server, to, time_.now(), when, what.content());
}

instant network::arrival(const letter& one, io::lane by, bool may_overtake) {
  auto takes = some(sky.delay_min, sky.delay_max);
  if (chance_.below(1000) < sky.straggle)
    takes *= 10;
  auto& path = way(one.from.server, one.to);
  if (time_.now() < path.clogged_until)
    takes += path.clogged_by;
  auto when = time_.now() + takes;
  auto& last = path.last[static_cast<int>(by)];
  if (may_overtake)
    return when;
  return last = std::max(when, last + span{1});
}

std::optional<instant> network::send(letter one, io::lane by) {
  ++trace_.counts.messages;
  // The same draws for each message, whatever becomes of it.
  bool is_letter = one.kind == io::frame_kind::message;
  bool lost = chance_.below(1000) < sky.drop;
  bool twice = chance_.below(1000) < sky.duplicate && is_letter;
  bool overtakes = chance_.below(1000) < sky.reorder && is_letter;
  auto when = arrival(one, by, overtakes);
  auto again = when + some(span{}, sky.delay_max * 4);
  if (lost || way(one.from.server, one.to).is_cut) {
    lose(one);
    return std::nullopt;
  }
  note(one, 's');
  if (twice) {
    ++trace_.counts.doubled;
    time_.at(again, [this, one] { arrive(one); });
  }
  time_.at(when, [this, one = std::move(one)] { arrive(one); });
  return when;
}

// Of a letter nobody hears; a lost request or answer is one of a connection
// that broke.
void network::lose(const letter& one) {
  note(one, 'x');
  ++trace_.counts.dropped;
  if (one.id > 0)
    fail_later(one.id, time_.now() + some(silence_min, silence_max),
               caf::sec::request_receiver_down);
}

// -- to the receiver ---------------------------------------------------------

void network::arrive(const letter& one) {
  auto& target = stations_[one.to];
  if (!target.is_up || target.life != one.to_life ||
      way(one.from.server, one.to).is_cut)
    return lose(one);
  if (target.is_paused) {
    target.held.push_back([this, one] { arrive(one); });
    return;
  }
  target.is_touched = true;
  note(one, 'd');
  ++trace_.counts.delivered;
  if (one.kind == io::frame_kind::message ||
      one.kind == io::frame_kind::request)
    deliver(one);
  else
    deliver_answer(one);
}

void network::deliver(const letter& one) {
  auto payload = std::string_view(one.bytes->data(), one.bytes->size())
                     .substr(io::frame_header_bytes);
  auto what = io::read_payload(system_, one.kind, payload);
  PRAETOR_ASSERT(what);
  auto& offers = stations_[one.to].offers;
  auto found = offers.find(one.name);
  if (found == offers.end())
    return lose(one);
  trace_.line(time_.now(), [&] {
    return std::to_string(one.from.server) + ">" + std::to_string(one.to) +
           " " + caf::to_string(*what);
  });
  if (one.id == 0) {
    found->second->enqueue(nullptr, caf::make_message_id(), *std::move(what),
                           nullptr);
    return;
  }
  // Whoever asked may have given up meanwhile: the receiver cannot know that.
  found->second->enqueue(make_asker(*this, one.id, {one.to, one.to_life}),
                         one.mid, *std::move(what), nullptr);
}

void network::answer(std::uint64_t id, sender by, caf::mailbox_element& what) {
  auto asked = requests_.find(id);
  if (asked == requests_.end() || !is_alive(by))
    return;
  auto& to = asked->second.from;
  letter one{by, to.server, to.life, io::frame_kind::answer, id};
  std::vector<char> bytes;
  auto ok = io::append_frame(system_, bytes, {one.kind, id, 0}, what.content());
  PRAETOR_ASSERT(ok);
  if (what.content().match_elements<caf::error>())
    one.kind = io::frame_kind::failure;
  trace_.note_bytes({bytes.data(), bytes.size()});
  one.bytes = std::make_shared<const std::vector<char>>(std::move(bytes));
  auto whom = one.to;
  auto when = send(std::move(one), io::lane::bulk);
  if (on_message)
    on_message(by.server, whom, time_.now(), when, what.content());
}

void network::deliver_answer(const letter& one) {
  auto asked = requests_.find(one.id);
  if (asked == requests_.end())
    return;
  auto payload = std::string_view(one.bytes->data(), one.bytes->size())
                     .substr(io::frame_header_bytes);
  auto what = io::read_payload(system_, one.kind, payload);
  PRAETOR_ASSERT(what);
  trace_.line(time_.now(), [&] {
    return std::to_string(one.from.server) + ">" + std::to_string(one.to) +
           " answer " + caf::to_string(*what);
  });
  auto whom = std::move(asked->second);
  requests_.erase(asked);
  whom.who->enqueue(nullptr, whom.mid.response_id(), *std::move(what), nullptr);
}

void network::fail_later(std::uint64_t id, instant when, caf::sec why) {
  auto asked = requests_.find(id);
  if (asked == requests_.end())
    return;
  at_server(asked->second.from.server, when,
            [this, id, why] { fail(id, why); });
}

void network::fail(std::uint64_t id, caf::sec why) {
  auto asked = requests_.find(id);
  if (asked == requests_.end())
    return;
  trace_.note(time_.now(), 'f', id);
  auto whom = std::move(asked->second);
  requests_.erase(asked);
  whom.who->enqueue(nullptr, whom.mid.response_id(),
                    caf::make_message(caf::make_error(why)), nullptr);
}

} // namespace praetor::actors::sim
