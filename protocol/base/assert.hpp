#pragma once

// Asserts that stay on in every build. A bug is an assert; a bad input is a
// `result`. Never assert on bytes that came from outside.

#include <cstdio>
#include <cstdlib>

namespace praetor::base {

[[noreturn]] inline void assert_failed(const char* expression, const char* file,
                                       int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
  std::abort();
}

} // namespace praetor::base

#define PRAETOR_ASSERT(expression)                                             \
  do {                                                                         \
    if (!(expression)) [[unlikely]]                                            \
      ::praetor::base::assert_failed(#expression, __FILE__, __LINE__);         \
  } while (false)
