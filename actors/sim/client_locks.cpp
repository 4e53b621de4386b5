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
  if (watched.empty())
    watched = key("r/");
  asked question;
  question.is = asked::watch;
  question.query.kind = model::query_kind::kv_get;
  question.query.name = watched;
  question.index = seen;
  question.wait = watch_max;
  all.ask(all.some_server(*this), std::move(question), watch_max + patience,
          [this](const told& answer) {
            if (answer.is == told::done)
              on_told(answer);
            all.next_later(*this);
          });
}

void clients::watch_client::on_told(const told& answer) {
  ++all.counts_.watched;
  if (answer.index < seen)
    all.checks_.violate("a watch of " + watched + " that had seen index " +
                        std::to_string(seen) + " is told " +
                        std::to_string(answer.index));
  if (!all.checks_.was(watched, answer.index, answer.value))
    all.checks_.violate("a watch of " + watched + " is told of index " +
                        std::to_string(answer.index) +
                        " with a value that it did not have then");
  seen = answer.index;
}

// A watch that goes on has heard of the last change.
void clients::watch_client::check() {
  if (!watched.empty() && seen < all.checks_.last_change(watched))
    all.checks_.violate("a watch of " + watched + " has heard of index " +
                        std::to_string(seen) +
                        " only, and the last change is of " +
                        std::to_string(all.checks_.last_change(watched)));
}

} // namespace praetor::actors::sim
