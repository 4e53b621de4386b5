#pragma once

// The tree of a text with parts in it. Only interpolation*.cpp include this.

#include "protocol/model/interpolation.hpp"

namespace praetor::model {

struct interpolation::node {
  enum class kind : std::uint8_t {
    text,
    integer,
    real,
    name,
    call,
    index,
    join, // of texts and parts
    arithmetic,
  };
  kind what = kind::text;
  std::string text; // also the name, and the operators between the children
  std::int64_t integer = 0;
  double real = 0;
  std::string place; // "line:column", for errors
  std::vector<node> children;
};

} // namespace praetor::model
