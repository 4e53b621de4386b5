#pragma once

// A .tar.gz of small files, for debug: ustar headers, and gzip in its stored
// form (RFC 1952 around RFC 1951, section 3.2.4), which compresses nothing and
// needs no library.

#include <string>
#include <utility>
#include <vector>

namespace praetor::http::cli {

/// Names are paths inside the archive, at most 100 bytes each.
using archive_files = std::vector<std::pair<std::string, std::string>>;

std::string tar(const archive_files& files, long long modified);
std::string gzip(const std::string& bytes);

} // namespace praetor::http::cli
