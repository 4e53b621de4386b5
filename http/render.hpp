#pragma once

// Answers of the state as HTTP answers: status, JSON, headers.

#include "http/action.hpp"

namespace praetor::http {

/// The bytes of a read's answer, without what differs between connections.
rendered_ptr render(const read_action& asked, const model::read_answer& answer);

/// The answer of a write from what became of its command.
rendered_ptr render(const write_action& asked, const model::outcome& outcome);

rendered_ptr render(const query_action& asked, const model::query_found& found);
rendered_ptr render(const query_action& asked,
                    const model::prepared_query& explained);
/// Why there is nothing to execute or explain.
rendered_ptr query_failure(const query_action& asked, const error& why);

/// The answer of a transaction of reads.
rendered_ptr render(const transaction_read& asked,
                    const model::outcome& outcome);

/// What `?cached` is told: whether the answer was kept from before.
enum class cache_use : std::uint8_t { none, miss, hit };

/// Whether Consul's agents keep answers to such queries.
bool may_be_cached(model::query_kind kind);

/// What every answer of a read tells about its source.
struct read_source {
  modify_index index = 0;
  bool leader_known = true;
  std::uint64_t last_contact_ms = 0;
  consistency level = consistency::leader;
  bool tells_consistency = false;
  cache_use cache = cache_use::none;
};

/// The response to send: the answer with the headers that all of a route's
/// answers carry, in the coding that the client accepts.
response finish(const request& asked, const surface& node,
                const rendered_ptr& answer, const read_source* source,
                bool matched);

} // namespace praetor::http
