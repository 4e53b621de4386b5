#pragma once

// The web view as one page, generated from http/ui/index.html at build time.

#include <string_view>

namespace praetor::http::ui {
extern const std::string_view page;
}
