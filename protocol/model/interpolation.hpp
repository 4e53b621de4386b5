#pragma once

// Texts with parts in "${...}", as prepared query templates have them: names,
// numbers, quoted texts (which may hold such parts themselves), arithmetic
// and the function match(n). Values and faults are those of Consul 1.8, with
// one difference: what ends its process (a division by zero) is refused here.

#include "protocol/base/result.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::model {

/// Parts within parts; deeper ones are refused. Bounds the stack.
inline constexpr int interpolation_depth_max = 50;

/// What a text may refer to.
struct interpolation_scope {
  std::map<std::string, std::string, std::less<>> names;
  std::vector<std::string> matches; // match(n); empty beyond the last
};

class interpolation {
public:
  static result<interpolation> parse(std::string_view text);
  result<std::string> evaluate(const interpolation_scope& scope) const;

  struct node;

private:
  std::shared_ptr<const node> root_;
};

} // namespace praetor::model
