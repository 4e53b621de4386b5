#pragma once

// What passes between us and a recursor: queries of ours, its replies as far
// as we look at them, and what a client is told when no recursor answers.

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::dns {

/// A query of ours for the A records of a host; empty when that is no name.
std::string make_address_query(std::string_view host);

/// Gives a packet another id. Queries to recursors have ids that nobody can
/// guess; their replies get back the one of the client.
void set_id(std::string& packet, std::uint16_t id);
std::uint16_t id_of(std::string_view packet);

/// Whether a recursor's reply settles the question: it knows, knows that there
/// is nothing, or cut its answer off.
bool is_settled(std::string_view reply);

/// SERVFAIL, from a server that would have asked others.
std::string failed_recursion(std::string_view query);

} // namespace praetor::dns
