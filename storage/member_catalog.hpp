#pragma once

// How the catalogue follows the members of the cluster: what the leader has
// to propose so that it shows a member as it is. Pure; proposing again what
// was proposed already changes nothing.

#include "storage/catalog_table.hpp"

namespace praetor::storage {

/// Consul's names for what the leader keeps: its clients look for them.
inline constexpr const char* alive_check = "serfHealth";
inline constexpr const char* server_service = "consul";

enum class presence : std::uint8_t {
  alive,
  failed,
  gone, // has left, or was forgotten
};

/// A member as the catalogue shall show it.
struct member_view {
  std::string name;
  node_id id;
  std::string address;
  std::string datacenter;
  presence state = presence::alive;
  bool is_server = false;
  int server_port = 0;
  model::string_map server_meta;
};

/// What is to be proposed, or nothing when the catalogue shows it already.
std::optional<model::command> to_show(const catalog_table& in,
                                      const member_view& member);

/// The nodes whose members are not among these names any more, though they
/// once were members. In lower case.
std::vector<model::command> to_forget(const catalog_table& in,
                                      const std::vector<std::string>& members);

} // namespace praetor::storage
