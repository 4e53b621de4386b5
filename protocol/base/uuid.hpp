#pragma once

// Ids of sessions and queries as clients write them, refused in the words of
// Consul's index. Any text that has the digits of a UUID is taken for one.

#include <string>
#include <string_view>

namespace praetor {

/// `encoding/hex: invalid byte: U+007A 'z'` where something else than
/// hexadecimal digits is in the text; else empty.
std::string hex_fault(std::string_view text);

/// "index error: ..." for a text that cannot be the id of anything; else
/// empty.
std::string uuid_fault(std::string_view id);

/// Why the text is no id of a node, in the words of the library that Consul
/// checks those with; empty when it is one.
std::string node_id_fault(std::string_view text);

/// Whether the text has exactly the form of a UUID.
bool is_uuid(std::string_view text);

} // namespace praetor
