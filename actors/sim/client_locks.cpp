// Clients that take locks, and clients that watch.

#include "actors/sim/client_kinds.hpp"

#include <cstdio>

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;

// A session ends after two of them without a renewal.
constexpr const char* session_ttl = "1s";
constexpr span lock_delay = 300ms;
constexpr span patience = 3s;
constexpr span watch_max = 2s;

// A watch on a server that is cut off ends with its wait, a little spread,
// and with the pauses of that server.
constexpr span watch_late_max = watch_max + patience;

session_id make_id(std::uint32_t client, std::uint64_t number) {
  char text[40];
  std::snprintf(text, sizeof text, "%08x-0000-4000-8000-%012llx", client,
                static_cast<unsigned long long>(number));
  return text;
}

std::string node_name(std::uint32_t client) {
  return "client-" + std::to_string(client);
}

} // namespace

// -- locks -------------------------------------------------------------------

void clients::lock_client::propose(model::command what) {
  asked question;
  question.is = asked::write;
  question.command = what;
  all.ask(all.some_server(*this), std::move(question), patience,
          [this, what = std::move(what)](const told& answer) {
            if (answer.is == told::done) {
              all.checks_.on_acknowledged(model::encode(what), answer.outcome);
              auto* one = std::get_if<model::kv_operation>(&what);
              if (one && one->verb == model::kv_verb::lock &&
                  answer.outcome.accepted &&
                  answer.outcome.failure.code == errc::ok) {
                held = one->key;
                ++all.counts_.locks;
              }
            }
            all.next_later(*this);
          });
}

// Each is of a node of the catalogue, which comes with it.
void clients::lock_client::make_session() {
  if (made == 0) {
    ++made;
    model::catalog_register entry;
    entry.node.name = node_name(number);
    entry.node.address = "127.0.0.1";
    return propose(std::move(entry));
  }
  model::session_create wish;
  session = make_id(number, ++made);
  wish.session.id = session;
  wish.session.node = node_name(number);
  wish.session.ttl = session_ttl;
  wish.session.lock_delay = lock_delay;
  if (chance.below(2) == 0)
    wish.session.behavior = model::session_behavior::remove;
  propose(std::move(wish));
}

void clients::lock_client::act() {
  auto what = chance.below(10);
  if (session.empty() || what == 0) {
    held.clear();
    return make_session();
  }
  if (what == 1) {
    model::session_destroy end{session};
    session.clear();
    held.clear();
    return propose(end);
  }
  if (what < 5) {
    asked question;
    question.is = asked::renew;
    question.session = session;
    return all.ask(all.some_server(*this), std::move(question), patience,
                   [this](const told& answer) {
                     if (answer.is == told::refused &&
                         answer.why.code == errc::not_found)
                       session.clear();
                     all.next_later(*this);
                   });
  }
  model::kv_operation lock;
  lock.verb = held.empty() ? model::kv_verb::lock : model::kv_verb::unlock;
  lock.key = held.empty() ? key(lock_prefix) : std::exchange(held, {});
  lock.value = node_name(number);
  lock.session = session;
  propose(std::move(lock));
}

// -- watches -----------------------------------------------------------------

void clients::watch_client::act() {
  past.client = number;
  if (past.key.empty())
    past.key = key("r/");
  asked_now = {};
  asked_now.asked = past.answers.empty() ? 0 : past.answers.back().returned;
  asked_now.asked_at = all.time_.now();
  asked question;
  question.is = asked::watch;
  question.query.kind = model::query_kind::kv_get;
  question.query.name = past.key;
  question.index = asked_now.asked;
  question.wait = watch_max;
  auto where = all.some_server(*this);
  server_time = all.nodes_[where]->clock.now();
  all.ask(where, std::move(question), watch_max + patience,
          [this, where](const told& answer) {
            // Its clock may have leapt.
            auto waited = all.nodes_[where]->clock.now() - server_time;
            asked_now.is_timeout = waited >= watch_max;
            if (answer.is == told::done)
              on_told(answer);
            all.next_later(*this);
          });
}

void clients::watch_client::on_told(const told& answer) {
  ++all.counts_.watched;
  asked_now.returned = answer.index;
  asked_now.returned_at = all.time_.now();
  if (answer.value)
    asked_now.rows.push_back({past.key, *answer.value, 0});
  past.answers.push_back(asked_now);
}

// A watch that goes on has heard of the last change.
void clients::watch_client::check() {
  if (past.key.empty())
    return;
  watch_limits limits;
  limits.delay_max = watch_late_max;
  auto found =
      check_watch(all.checks_.changes(past.key), past, all.time_.now(), limits);
  if (!found.is_ok)
    all.checks_.violate(found.why);
  auto seen = past.answers.empty() ? 0 : past.answers.back().returned;
  auto last = all.checks_.last_change(past.key);
  if (seen < last)
    all.checks_.violate("a watch of " + past.key + " has heard of index " +
                        std::to_string(seen) +
                        " only, and the last change is of " +
                        std::to_string(last));
}

} // namespace praetor::actors::sim
