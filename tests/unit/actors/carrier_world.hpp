#pragma once

// Nodes for the tests of carriers: each an actor system with a loop of its
// own, all in one process, on free ports of 127.0.0.1.

#include "actors/io/loop.hpp"
#include "actors/type_table.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <doctest/doctest.h>

#include <future>
#include <optional>

namespace praetor::tests {

/// Longer than anything here takes; who waits so long has failed.
inline constexpr auto deadline = std::chrono::seconds(20);

/// Text or the error that came instead of it.
struct answer {
  std::optional<std::string> text;
  caf::error why;
};

template <class T>
T wait_for(std::future<T> what) {
  REQUIRE(what.wait_for(deadline) == std::future_status::ready);
  return what.get();
}

/// Lets one thread wait until another has counted far enough.
class counter {
public:
  void add() {
    std::lock_guard guard(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool wait_until(int wanted) {
    std::unique_lock guard(mutex_);
    return changed_.wait_for(guard, deadline, [&] { return count_ >= wanted; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

struct carrier_config : caf::actor_system_config {
  carrier_config() {
    actors::register_messages(*this);
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

/// Asks and keeps what came. On the loop when one is given.
inline std::future<answer> ask_message(caf::actor_system& system,
                                       const caf::actor& whom,
                                       caf::message what,
                                       actors::io::loop* where = nullptr) {
  auto done = std::make_shared<std::promise<answer>>();
  auto found = done->get_future();
  auto body = [=](caf::event_based_actor* self) {
    self->request(whom, caf::infinite, what)
        .then(
            [=](const std::string& text) {
              done->set_value({text, {}});
            },
            [=](caf::error& why) {
              done->set_value({std::nullopt, why});
            });
  };
  if (where) {
    caf::actor_config config{where};
    auto pinned = [body](actors::io::pinned<caf::event_based_actor>* self) {
      body(self);
    };
    system.spawn_functor<caf::no_spawn_options>(std::true_type{}, config,
                                                pinned);
  } else {
    system.spawn(body);
  }
  return found;
}

template <class... Ts>
std::future<answer> ask(caf::actor_system& system, const caf::actor& whom,
                        Ts&&... xs) {
  return ask_message(system, whom, caf::make_message(std::forward<Ts>(xs)...));
}

/// Answers text with text, and the atom "check" with an error.
inline caf::behavior echo(caf::event_based_actor* self) {
  self->set_default_handler(caf::drop);
  return {
      [](const std::string& text) { return "heard " + text; },
      [](actors::at::check) -> caf::result<std::string> {
        return caf::make_error(caf::sec::invalid_argument, "no such check");
      },
  };
}

/// Never answers; counts what it got.
inline caf::behavior silent(caf::event_based_actor* self,
                            std::shared_ptr<counter> got) {
  auto kept =
      std::make_shared<std::vector<caf::typed_response_promise<std::string>>>();
  return {[=](const std::string&) {
    kept->push_back(self->make_response_promise<std::string>());
    got->add();
    return kept->back();
  }};
}

} // namespace praetor::tests
