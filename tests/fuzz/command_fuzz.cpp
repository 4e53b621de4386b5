// Any bytes as a command of the log: what is read must be the same after
// another way through bytes, and a state must take it without a complaint
// from its invariants, whatever it says.

#include "protocol/base/assert.hpp"
#include "protocol/model/command.hpp"
#include "storage/state_store.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace praetor;

namespace {

// The routes refuse these before they are proposed, so the state may assert.
bool is_proposable(const model::command& command) {
  auto* created = std::get_if<model::session_create>(&command);
  if (auto* put = std::get_if<model::query_put>(&command))
    return !put->query.id.empty();
  return !created || !created->session.id.empty();
}

void try_on_state(const model::command& command) {
  static const storage::state initial = [] {
    storage::state made(2);
    model::change_set changes;
    model::catalog_register node;
    node.node.name = "n";
    node.service.emplace();
    node.service->id = node.service->name = "s";
    (void)apply(made, 1, node, changes);
    return made;
  }();
  auto on = initial;
  for (int i = 0; i < 2; ++i) {
    model::change_set changes;
    auto outcome = apply(on, on.applied + 1, command, changes);
    PRAETOR_ASSERT(outcome.failure.code == errc::ok || changes.empty());
    on.catalog.check_invariants();
    on.queries.check_invariants();
    for (auto& shard : on.shards)
      shard.check_invariants();
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto command = model::decode_command(bytes);
  if (!command)
    return 0;
  auto again = model::decode_command(model::encode(*command));
  PRAETOR_ASSERT(again);
  PRAETOR_ASSERT(*again == *command);
  if (is_proposable(*command))
    try_on_state(*command);
  return 0;
}
