#pragma once

// Consul's filter expressions (`?filter=`): a text is parsed and checked
// against the fields of a kind of record, and is then asked about records.
// The language and the words of its errors are Consul's.

#include "protocol/base/result.hpp"
#include "protocol/model/filter_regex.hpp"
#include "protocol/model/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::model {

/// Longer expressions are refused; a request's target is hardly longer.
inline constexpr std::size_t filter_bytes_max = 8192;
/// Brackets and negations within one another; bounds the parser's stack.
inline constexpr int filter_nesting_max = 64;

/// What kind of record an expression is about: its selectors depend on it.
enum class record_kind : std::uint8_t {
  node,            // ID, Node, Meta.KEY, ...
  catalog_service, // a node and a service in one: Node, ServiceName, ...
  service_name,    // ServiceName and ServiceTags only
  node_service,    // ID, Service, Tags, ...
  check,           // CheckID, Status, ...
  service_entry,   // Node.*, Service.*, Checks.*
};

enum class filter_operator : std::uint8_t {
  equal,
  not_equal,
  is_in, // also `contains`, with its sides exchanged
  not_in,
  is_empty,
  is_not_empty,
  matches,
  not_matches,
};

/// One comparison as it is written.
struct filter_match {
  std::vector<std::string> selector;
  filter_operator what = filter_operator::equal;
  std::string value; // not of is_empty and is_not_empty
};

/// Which part of a record a field belongs to.
enum class filter_part : std::uint8_t { node, service, check };

/// A comparison that was checked against the fields: no more can go wrong.
struct filter_comparison {
  filter_operator what = filter_operator::equal;
  filter_part part = filter_part::node;
  std::size_t field = 0; // within the fields of the part
  std::string key;       // of a map, where the selector goes through one
  std::string text;
  std::int64_t number = 0; // also 0 and 1 of a boolean
  std::optional<regex> pattern;
};

/// A step of the evaluation: comparisons push a truth, the others combine
/// the last one or two. Needs no stack of calls, however deep the brackets.
struct filter_step {
  enum class action : std::uint8_t { compare, negate, both, either };
  action what = action::compare;
  std::size_t comparison = 0;
};

/// An expression of one kind of record. Without steps it matches everything.
struct filter {
  record_kind kind = record_kind::node;
  std::vector<filter_step> steps;
  std::vector<filter_comparison> comparisons;
};

/// An empty text is a filter that matches everything.
result<filter> parse_filter(std::string_view text, record_kind kind);

bool matches(const filter& by, const node& what);
/// For node_service and for service_name.
bool matches(const filter& by, const service& what);
bool matches(const filter& by, const check& what);
/// For service_entry and for catalog_service.
bool matches(const filter& by, const service_entry& what);

} // namespace praetor::model
