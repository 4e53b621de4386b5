#pragma once

// Address templates with pipelines, as Consul's users write them:
// `GetAllInterfaces | include "name" "^eth0$" | include "type" "IPv4" |
// attr "address"`. The sources and filters that real configurations use; any
// other is refused by name.

#include "actors/config_addresses.hpp"

namespace praetor::actors {

/// Whether the text, without its braces, is for `evaluate_pipeline`.
bool is_pipeline(std::string_view text);

/// The value of the pipeline. `all` are the addresses of all interfaces,
/// those included that only this machine can reach.
result<std::string>
evaluate_pipeline(std::string_view text,
                  const std::vector<interface_address>& all);

} // namespace praetor::actors
