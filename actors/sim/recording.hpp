#pragma once

// Keeps what a picture of the run shows.

#include "actors/sim/picture.hpp"
#include "actors/sim/world.hpp"

namespace praetor::actors::sim {

class recording {
public:
  /// Looks on from now to the end of the world.
  explicit recording(world& where);

  /// What happened; once, at the end.
  recorded_run take(std::string title);

private:
  void note_roles();

  world& world_;
  recorded_run run_;
  std::vector<drawn_role_change> last_;
};

} // namespace praetor::actors::sim
