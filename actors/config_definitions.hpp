#pragma once

// Services and checks as configuration files spell them, to wishes. Only the
// form is judged here; ids and names left empty, and whether a check can run,
// are the agent's business, because the HTTP API leads to the same questions.

#include "actors/config_reader.hpp"
#include "protocol/model/definition.hpp"

namespace praetor::actors {

/// Services and checks of all files together. Each costs a task and catalogue
/// entries; the largest agents known have a few thousand.
inline constexpr std::size_t definitions_max = 65536;

void read_check(section_reader& in, model::check_wish& out);

void read_service(section_reader& in, model::service_wish& out);

/// The keys of snake_case configuration as the HTTP API spells them
/// ("local_bind_port" is "LocalBindPort"); used for the parts of proxies that
/// are kept as JSON text. Below "config" and "meta" keys are the user's own.
boost::json::value to_api_keys(const boost::json::value& from);

} // namespace praetor::actors
