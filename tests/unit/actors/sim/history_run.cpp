#include "tests/unit/actors/sim/history_run.hpp"

namespace praetor::actors::sim {
namespace {

struct stored {
  std::string value;
  modify_index index = 0;
  history::id written_by = 0;
};

// The store, and the clients that use it.
class runner {
public:
  explicit runner(const run_options& options)
      : options_(options), chance_(options.seed), clients_(options.clients) {}

  run_result run() {
    while (out_.seen.operations().size() < options_.operations)
      step(clients_[chance_.below(clients_.size())]);
    return std::move(out_);
  }

private:
  struct client {
    enum { idle, asked, done } where = idle;
    history::id running = 0;
    bool succeeds = true;
    std::vector<std::vector<row>> rows;
    std::map<std::string, modify_index> known;
  };

  instant now() { return instant{std::chrono::milliseconds(++ms_)}; }
  std::string some_key() {
    return "k" + std::to_string(chance_.below(options_.keys));
  }
  std::string some_value() {
    return std::to_string(options_.unique_values ? ++values_
                                                 : chance_.below(4));
  }

  operation draw(client& who) {
    auto key = some_key();
    switch (chance_.below(10)) {
    case 0:
      return remove(key);
    case 1:
    case 2: {
      auto index = chance_.below(4) == 0 ? 0 : who.known[key];
      return cas(key, index, some_value());
    }
    case 3:
      return list(chance_.below(3) == 0 ? "" : key);
    case 4: {
      auto other = some_key();
      part check{verb::check_index, other, "", who.known[other], {}};
      return transaction({check, put(key, some_value()).parts[0],
                          put(some_key(), some_value()).parts[0]});
    }
    case 5:
    case 6:
    case 7:
      return put(key, some_value());
    default:
      return get(key);
    }
  }

  void step(client& who) {
    auto id = static_cast<std::uint32_t>(&who - clients_.data());
    if (who.where == client::idle) {
      who.running = out_.seen.invoke(id, now(), draw(who));
      who.where = client::asked;
      return;
    }
    bool is_lost = chance_.below(200) < options_.lost_percent;
    if (is_lost) {
      who.where = client::idle; // before or after it took effect
    } else if (who.where == client::asked) {
      perform(who);
      who.where = client::done;
    } else {
      if (who.succeeds)
        out_.seen.accept(who.running, now(), who.rows);
      else
        out_.seen.refuse(who.running, now());
      who.where = client::idle;
    }
  }

  bool holds(const part& what) {
    auto at = store_.find(what.key);
    bool exists = at != store_.end();
    if (what.what == verb::check_index)
      return exists && at->second.index == what.index;
    if (what.what == verb::cas)
      return what.index == 0 ? !exists
                             : exists && at->second.index == what.index;
    return true;
  }

  std::vector<row> look(client& who, const part& what) {
    std::vector<row> out;
    for (auto at = store_.lower_bound(what.key); at != store_.end(); ++at) {
      if (what.what == verb::get ? at->first != what.key
                                 : !at->first.starts_with(what.key))
        break;
      auto index = options_.shows_indexes ? at->second.index : 0;
      out.push_back({at->first, at->second.value, index});
      who.known[at->first] = at->second.index;
    }
    return out;
  }

  void write(client& who, const part& what) {
    auto at = store_.find(what.key);
    if (at != store_.end()) {
      if (what.what != verb::remove && at->second.value == what.value)
        return;
      out_.past.push_back({what.key, at->second.value, at->second.index,
                           at->second.written_by, who.running});
    }
    if (what.what == verb::remove)
      store_.erase(what.key);
    else
      store_[what.key] = {what.value, index_, who.running};
  }

  void perform(client& who) {
    auto& what = out_.seen.operations()[who.running];
    who.rows.assign(what.parts.size(), {});
    who.succeeds = true;
    for (auto& one : what.parts)
      who.succeeds = who.succeeds && holds(one);
    if (!who.succeeds)
      return;
    ++index_;
    for (std::size_t i = 0; i < what.parts.size(); ++i) {
      auto& one = what.parts[i];
      if (one.what == verb::get || one.what == verb::list)
        who.rows[i] = look(who, one);
      else if (one.what != verb::check_index)
        write(who, one);
    }
  }

  run_options options_;
  prng chance_;
  std::vector<client> clients_;
  run_result out_;
  std::map<std::string, stored> store_;
  modify_index index_ = 10;
  std::uint64_t values_ = 0;
  int ms_ = 0;
};

} // namespace

run_result make_run(const run_options& options) {
  return runner(options).run();
}

std::optional<history::id>
spoil(const run_result& run, std::vector<operation>& operations, prng& chance) {
  std::vector<std::pair<history::id, const run_result::life*>> choices;
  for (history::id i = 0; i < operations.size(); ++i) {
    auto& what = operations[i];
    if (what.how != outcome::accepted || what.is_transaction ||
        what.parts[0].what != verb::get || what.parts[0].rows.empty())
      continue;
    for (auto& life : run.past) {
      // Their order must be certain from the outside.
      auto& begin = operations[life.written_by];
      auto& end = operations[life.ended_by];
      if (life.key == what.parts[0].key && begin.how == outcome::accepted &&
          begin.ended < end.began && end.how == outcome::accepted &&
          end.ended < what.began)
        choices.emplace_back(i, &life);
    }
  }
  if (choices.empty())
    return {};
  auto [which, life] = choices[chance.below(choices.size())];
  auto& seen = operations[which].parts[0].rows[0];
  seen.value = life->value;
  seen.modified = seen.modified == 0 ? 0 : life->index;
  return which;
}

} // namespace praetor::actors::sim
