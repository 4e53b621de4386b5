#include "actors/sim/client.hpp"

#include "actors/sim/client_kinds.hpp"

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;

// A client gives up waiting after something in between.
constexpr span patience_min = 300ms;
constexpr span patience_max = 4s;

// From a client to its server, or back.
constexpr span hop = 200us;

} // namespace

clients::clients(timeline& time, network& net,
                 std::vector<std::unique_ptr<node>>& nodes, auditor& checks,
                 std::uint64_t seed, client_options chosen)
    : time_(time), net_(net), nodes_(nodes), checks_(checks), chance_(seed),
      chosen_(chosen) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < chosen.registers; ++i)
    all_.push_back(std::make_unique<register_client>(*this, number++));
  for (std::size_t i = 0; i < chosen.lockers; ++i)
    all_.push_back(std::make_unique<lock_client>(*this, number++));
  for (std::size_t i = 0; i < chosen.watchers; ++i)
    all_.push_back(std::make_unique<watch_client>(*this, number++));
  guest_ = std::make_unique<register_client>(*this, number);
}

clients::~clients() = default;

void clients::start() {
  for (auto& who : all_)
    next_later(*who);
}

void clients::check_watches() {
  for (auto& who : all_)
    who->check();
}

// Stays with a server for a while, as connections do.
std::size_t clients::some_server(one& who) {
  if (who.chance.below(4) == 0 || !nodes_[who.server]->is_up())
    who.server = who.chance.below(nodes_.size());
  return who.server;
}

bool clients::goes_on(const one& who) const {
  return who.only_reads() ? watching_ : writing_;
}

void clients::next_later(one& who) {
  if (!goes_on(who))
    return;
  auto most = static_cast<std::uint64_t>(chosen_.pause_max.count());
  time_.after(span{static_cast<std::int64_t>(who.chance.below(most + 1))},
              [this, &who] {
                if (goes_on(who))
                  who.act();
              });
}

void clients::ask(std::size_t server, asked what, span at_most,
                  std::function<void(const told&)> then) {
  ++counts_.asked;
  auto id = next_id_++;
  pending_.emplace(id, pending{server, std::move(then)});
  if (!nodes_[server]->is_up()) { // nobody listens there
    time_.after(hop * 2, [this, id] {
      told gone;
      gone.is = told::refused;
      finish(id, gone);
    });
    return;
  }
  what.answer = [this, id](const told& answer) {
    time_.after(hop, [this, id, answer] { finish(id, answer); });
  };
  auto shared = std::make_shared<const asked>(std::move(what));
  net_.at_server(server, time_.now() + hop,
                 [this, server, shared] { nodes_[server]->ask(shared); });
  time_.after(at_most, [this, id] { finish(id, {}); });
}

void clients::finish(std::uint64_t id, const told& what) {
  auto found = pending_.find(id);
  if (found == pending_.end())
    return;
  auto then = std::move(found->second.then);
  pending_.erase(found);
  auto& count = what.is == told::done      ? counts_.done
                : what.is == told::refused ? counts_.refused
                                           : counts_.in_doubt;
  ++count;
  then(what);
}

void clients::on_crash(std::size_t which) {
  for (auto& [id, one] : pending_)
    if (one.server == which)
      time_.after(hop, [this, id = id] { finish(id, {}); });
}

void clients::put_at(std::size_t server) {
  ++puts_waiting_;
  guest_->ask(server, guest_->draw_put(), http::consistency::leader,
              [this] { --puts_waiting_; });
}

void clients::get_at(std::size_t server, http::consistency level) {
  guest_->ask(server, get(guest_->key("r/")), level, [] {});
}

// -- registers ---------------------------------------------------------------

namespace {

model::kv_operation to_model(const part& one) {
  using model::kv_verb;
  model::kv_operation made;
  made.key = one.key;
  made.value = one.value;
  made.index = one.index;
  switch (one.what) {
  case verb::get:
    made.verb = kv_verb::get;
    break;
  case verb::list:
    made.verb = kv_verb::get_tree;
    break;
  case verb::put:
    made.verb = kv_verb::set;
    break;
  case verb::cas:
    made.verb = kv_verb::cas;
    break;
  case verb::remove:
    made.verb = kv_verb::remove;
    break;
  case verb::remove_cas:
    made.verb = kv_verb::remove_cas;
    break;
  case verb::check_index:
    made.verb = kv_verb::check_index;
    break;
  case verb::check_absent:
    made.verb = kv_verb::check_not_exists;
    break;
  }
  return made;
}

bool is_read(const operation& what) {
  return !what.is_transaction &&
         (what.parts[0].what == verb::get || what.parts[0].what == verb::list);
}

model::command to_command(const operation& what) {
  if (!what.is_transaction)
    return to_model(what.parts[0]);
  model::transaction all;
  for (auto& one : what.parts)
    all.operations.push_back(to_model(one));
  return all;
}

row to_row(const model::kv_entry& entry) {
  return {entry.key, entry.value, entry.modified};
}

// What each part of a transaction that reads was told. A key is read by one
// part at most, and by none that writes it.
std::vector<std::vector<row>> rows_of(const operation& what,
                                      const model::outcome& told) {
  std::vector<std::vector<row>> all(what.parts.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    if (what.parts[i].what == verb::get)
      for (auto& one : told.results) {
        auto& entry = std::get<model::kv_entry>(one);
        if (entry.key == what.parts[i].key && entry.modified > 0)
          all[i].push_back(to_row(entry));
      }
  return all;
}

} // namespace

operation clients::register_client::draw_transaction() {
  // Different keys, so that each part can be told from the others.
  auto first = chance.below(all.chosen_.keys);
  auto nth = [&](std::size_t i) {
    return "r/" + std::to_string((first + i) % all.chosen_.keys);
  };
  std::vector<part> parts;
  parts.push_back({verb::put, nth(0), new_value()});
  if (all.chosen_.keys > 1) {
    if (chance.below(2) == 0)
      parts.push_back({verb::put, nth(1), new_value()});
    else
      parts.push_back({verb::cas, nth(1), new_value(), seen[nth(1)]});
  }
  if (all.chosen_.keys > 2 && chance.below(2) == 0)
    parts.push_back({verb::get, nth(2), {}});
  return transaction(std::move(parts));
}

operation clients::register_client::draw() {
  auto what = chance.below(100);
  auto where = key("r/");
  if (what < 30)
    return put(where, new_value());
  if (what < 65)
    return get(where);
  if (what < 75)
    return stale(get(where));
  if (what < 85)
    return cas(where, seen[where], new_value());
  if (what < 89)
    return remove(where);
  if (what < 93)
    return list("r/");
  return draw_transaction();
}

void clients::register_client::act() {
  auto level = chance.below(3) == 0 ? http::consistency::consistent
                                    : http::consistency::leader;
  ask(all.some_server(*this), draw(), level, [this] { all.next_later(*this); });
}

void clients::register_client::ask(std::size_t at, operation what,
                                   http::consistency level,
                                   std::function<void()> then) {
  asked question;
  if (is_read(what)) {
    question.is = asked::read;
    auto is_list = what.parts[0].what == verb::list;
    question.query.kind =
        is_list ? model::query_kind::kv_list : model::query_kind::kv_get;
    question.query.name = what.parts[0].key;
    question.level = what.is_stale ? http::consistency::stale : level;
  } else {
    question.is = asked::write;
    question.command = to_command(what);
  }
  auto which = all.past_.invoke(number, all.time_.now(), what);
  auto patience =
      patience_min +
      span{static_cast<std::int64_t>(chance.below(
          static_cast<std::uint64_t>((patience_max - patience_min).count())))};
  all.ask(at, std::move(question), patience,
          [this, which, what = std::move(what),
           then = std::move(then)](const told& answer) {
            on_told(which, what, answer);
            then();
          });
}

void clients::register_client::on_told(history::id which, const operation& what,
                                       const told& answer) {
  auto now = all.time_.now();
  auto& past = all.past_;
  if (answer.is == told::in_doubt)
    return;
  if (answer.is == told::refused)
    return past.withdraw(which, now);
  if (is_read(what)) {
    auto& entries = std::get<model::kv_list>(answer.answer.records);
    std::vector<row> rows;
    for (auto& entry : entries) {
      rows.push_back(to_row(*entry));
      seen[entry->key] = entry->modified;
    }
    if (entries.empty() && what.parts[0].what == verb::get)
      seen[what.parts[0].key] = 0;
    return past.accept(which, now, {std::move(rows)});
  }
  all.checks_.on_acknowledged(model::encode(to_command(what)), answer.outcome);
  if (!answer.outcome.accepted || !answer.outcome.failures.empty() ||
      answer.outcome.failure.code != errc::ok)
    return past.refuse(which, now);
  past.accept(which, now,
              what.is_transaction ? rows_of(what, answer.outcome)
                                  : std::vector<std::vector<row>>{},
              // Who removes nothing changes nothing at that index.
              what.parts[0].what == verb::remove ? 0 : answer.outcome.index);
}

} // namespace praetor::actors::sim
