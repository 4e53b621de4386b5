// From a selector to the field that it names, for each kind of record.

#include "protocol/base/assert.hpp"
#include "protocol/model/filter_fields.hpp"

namespace praetor::model {

namespace {

using path = std::vector<std::string>;

// How many leading names of the selector the pattern has too. The key is the
// name that its "*" stands for.
std::size_t common_names(std::string_view pattern, const path& selector,
                         std::string& key, bool& whole) {
  PRAETOR_ASSERT(!pattern.empty());
  std::size_t names = 0;
  while (names < selector.size()) {
    auto dot = pattern.find('.');
    auto name = pattern.substr(0, dot);
    if (name != "*" && name != selector[names])
      break;
    if (name == "*")
      key = selector[names];
    ++names;
    pattern = dot == pattern.npos ? "" : pattern.substr(dot + 1);
    if (pattern.empty())
      break;
  }
  whole = pattern.empty() && names == selector.size();
  return names;
}

template <class Record>
resolved_selector find_field(std::span<const record_field<Record>> fields,
                             filter_part part, const path& selector) {
  PRAETOR_ASSERT(!selector.empty());
  resolved_selector out;
  out.part = part;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::string key;
    bool whole = false;
    auto names = common_names(fields[i].path, selector, key, whole);
    out.valid = std::max(out.valid, names);
    if (!whole)
      continue;
    out.shape = fields[i].shape;
    out.field = i;
    out.key = std::move(key);
  }
  return out;
}

resolved_selector find_in(filter_part part, const path& selector) {
  switch (part) {
  case filter_part::node:
    return find_field(node_fields(), part, selector);
  case filter_part::service:
    return find_field(service_fields(), part, selector);
  case filter_part::check:
    return find_field(check_fields(), part, selector);
  }
  PRAETOR_ASSERT(false);
  return {};
}

// Node.*, Service.* and Checks.*: the first name says which part.
resolved_selector find_in_entry(const path& selector) {
  resolved_selector out;
  if (selector[0] == "Service")
    out.part = filter_part::service;
  else if (selector[0] == "Checks")
    out.part = filter_part::check;
  else if (selector[0] != "Node")
    return out;
  if (selector.size() == 1) {
    out.valid = 1;
    out.field = whole_list;
    if (out.part == filter_part::check)
      out.shape = field_shape::records;
    return out;
  }
  out = find_in(out.part, path(selector.begin() + 1, selector.end()));
  ++out.valid;
  return out;
}

// One flat record: the service's fields begin with "Service", so that they
// differ from those of the node.
resolved_selector find_in_catalog_service(path selector) {
  constexpr std::string_view prefix = "Service";
  auto& first = selector[0];
  if (!first.starts_with(prefix)) {
    if (first == "Meta")
      return {};
    if (first == "NodeMeta")
      first = "Meta";
    return find_in(filter_part::node, selector);
  }
  first.erase(0, prefix.size());
  if (first == prefix || first.empty())
    return {};
  if (first == "Name")
    first = prefix;
  return find_in(filter_part::service, selector);
}

} // namespace

resolved_selector resolve(record_kind kind,
                          const std::vector<std::string>& selector) {
  PRAETOR_ASSERT(!selector.empty());
  switch (kind) {
  case record_kind::node:
    return find_in(filter_part::node, selector);
  case record_kind::node_service:
    return find_in(filter_part::service, selector);
  case record_kind::check:
    return find_in(filter_part::check, selector);
  case record_kind::service_entry:
    return find_in_entry(selector);
  case record_kind::catalog_service:
    return find_in_catalog_service(selector);
  case record_kind::service_name:
    if (selector[0] != "ServiceName" && selector[0] != "ServiceTags")
      return {};
    return find_in_catalog_service(selector);
  }
  PRAETOR_ASSERT(false);
  return {};
}

} // namespace praetor::model
