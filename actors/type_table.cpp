#include "actors/type_table.hpp"

#include <caf/actor_system_config.hpp>

namespace praetor::actors {

void register_messages(caf::actor_system_config& config) {
  each_message_type(
      [&]<class T>(const char* name) { config.add_message_type<T>(name); });
}

} // namespace praetor::actors
