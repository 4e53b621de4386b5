#pragma once

// Content coding "gzip" of answers (RFC 1952), by zlib.

#include <string>
#include <string_view>

namespace praetor::http {

/// Whether the value of Accept-Encoding names gzip with a weight above zero.
/// "*" alone does not ask for it, as in Consul.
bool accepts_gzip(std::string_view accept_encoding);

/// The compressed bytes. The same input always gives the same output: the
/// header carries no time.
std::string gzip(std::string_view plain);

} // namespace praetor::http
