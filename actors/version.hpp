#pragma once

namespace praetor::actors {

/// The version of praetor, as `praetor version` prints it.
inline constexpr const char* product_version = "0.1.0";

/// What the API and members tell: the release of Consul whose API this node
/// speaks, because clients decide by it which calls they may make.
inline constexpr const char* api_version = "1.8.7";

} // namespace praetor::actors
