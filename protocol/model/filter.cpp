#include "protocol/model/filter.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/model/filter_fields.hpp"
#include "protocol/model/filter_grammar.hpp"
#include "protocol/model/filter_text.hpp"

namespace praetor::model {

namespace {

error refusal(errc code, const std::string& why) {
  return fail(code, "Failed to create boolean expression evaluator: " + why);
}

std::string dotted(const std::vector<std::string>& selector,
                   std::size_t names) {
  PRAETOR_ASSERT(names <= selector.size());
  std::string out;
  for (std::size_t i = 0; i < names; ++i)
    out += (i == 0 ? "" : ".") + selector[i];
  return out;
}

const char* name_of(filter_operator what) {
  switch (what) {
  case filter_operator::equal:
    return "Equal";
  case filter_operator::not_equal:
    return "Not Equal";
  case filter_operator::is_in:
    return "In";
  case filter_operator::not_in:
    return "Not In";
  case filter_operator::is_empty:
    return "Is Empty";
  case filter_operator::is_not_empty:
    return "Is Not Empty";
  case filter_operator::matches:
    return "Matches";
  case filter_operator::not_matches:
    return "Not Matches";
  }
  PRAETOR_ASSERT(false);
  return "";
}

bool allows(field_shape shape, filter_operator what) {
  bool equality =
      what == filter_operator::equal || what == filter_operator::not_equal;
  bool membership =
      what == filter_operator::is_in || what == filter_operator::not_in;
  bool emptiness = what == filter_operator::is_empty ||
                   what == filter_operator::is_not_empty;
  switch (shape) {
  case field_shape::text:
    return !emptiness;
  case field_shape::number:
  case field_shape::boolean:
    return equality;
  case field_shape::collection:
    return membership || emptiness;
  case field_shape::records:
    return emptiness;
  case field_shape::structure:
    return false;
  }
  PRAETOR_ASSERT(false);
  return false;
}

// Converts the value to what the field is; fails in the words of Consul.
status set_value(filter_comparison& made, field_shape shape,
                 const std::string& value, const std::string& selector) {
  conversion_failure why;
  bool converted = true;
  made.text = value;
  if (shape == field_shape::number) {
    auto number = parse_integer(value, why);
    made.number = number.value_or(0);
    converted = number.has_value();
  } else if (shape == field_shape::boolean) {
    auto truth = parse_boolean(value, why);
    made.number = truth.value_or(false) ? 1 : 0;
    converted = truth.has_value();
  }
  if (!converted)
    return refusal(errc::bad_input, "Failed to coerce value " + quoted(value) +
                                        " for selector " + quoted(selector) +
                                        ": " + why.text);
  if (made.what != filter_operator::matches &&
      made.what != filter_operator::not_matches)
    return {};
  auto pattern = regex::compile(value);
  if (!pattern)
    return refusal(pattern.failure().code,
                   "Failed to compile regular expression " + quoted(value) +
                       ": " + pattern.failure().text);
  made.pattern = std::move(*pattern);
  return {};
}

result<filter_comparison> checked(const filter_match& match, record_kind kind) {
  PRAETOR_ASSERT(!match.selector.empty());
  auto found = resolve(kind, match.selector);
  if (found.valid < match.selector.size())
    return refusal(errc::bad_input,
                   "Selector " +
                       quoted(dotted(match.selector, found.valid + 1)) +
                       " is not valid");
  auto selector = dotted(match.selector, match.selector.size());
  if (!allows(found.shape, match.what))
    return refusal(errc::bad_input, std::string("Invalid match operator ") +
                                        quoted(name_of(match.what)) +
                                        " for selector " + quoted(selector));
  filter_comparison made;
  made.what = match.what;
  made.part = found.part;
  made.field = found.field;
  made.key = std::move(found.key);
  auto set = set_value(made, found.shape, match.value, selector);
  if (!set)
    return set.failure();
  return made;
}

// Runs the steps; `compare` answers one comparison.
template <class Compare>
bool evaluate(const filter& by, Compare&& compare) {
  if (by.steps.empty())
    return true;
  std::vector<bool> truths;
  for (auto& step : by.steps) {
    if (step.what == filter_step::action::compare) {
      PRAETOR_ASSERT(step.comparison < by.comparisons.size());
      truths.push_back(compare(by.comparisons[step.comparison]));
      continue;
    }
    PRAETOR_ASSERT(!truths.empty());
    bool last = truths.back();
    if (step.what == filter_step::action::negate) {
      truths.back() = !last;
      continue;
    }
    truths.pop_back();
    PRAETOR_ASSERT(!truths.empty());
    bool either = step.what == filter_step::action::either;
    truths.back() = either ? truths.back() || last : truths.back() && last;
  }
  PRAETOR_ASSERT(truths.size() == 1);
  return truths.back();
}

template <class Record>
bool ask(std::span<const record_field<Record>> fields, const Record& record,
         const filter_comparison& about) {
  PRAETOR_ASSERT(about.field < fields.size());
  return fields[about.field].read(record, field_judge(about));
}

bool ask_checks(const service_entry& entry, const filter_comparison& about) {
  if (about.field == whole_list)
    return field_judge(about).collection(entry.checks.size(), false);
  for (auto& one : entry.checks)
    if (ask(check_fields(), *one, about))
      return true;
  return false;
}

} // namespace

result<filter> parse_filter(std::string_view text, record_kind kind) {
  filter out;
  out.kind = kind;
  if (text.empty())
    return out;
  if (text.size() > filter_bytes_max)
    return refusal(errc::too_large, "the expression has " +
                                        std::to_string(text.size()) +
                                        " bytes, allowed are " +
                                        std::to_string(filter_bytes_max));
  auto syntax = parse_filter_syntax(text);
  if (!syntax)
    return refusal(syntax.failure().code, syntax.failure().text);
  for (auto& match : syntax->matches) {
    auto comparison = checked(match, kind);
    if (!comparison)
      return comparison.failure();
    out.comparisons.push_back(std::move(*comparison));
  }
  out.steps = std::move(syntax->steps);
  return out;
}

bool matches(const filter& by, const node& what) {
  PRAETOR_ASSERT(by.kind == record_kind::node);
  return evaluate(by, [&](const filter_comparison& about) {
    return ask(node_fields(), what, about);
  });
}

bool matches(const filter& by, const service& what) {
  PRAETOR_ASSERT(by.kind == record_kind::node_service ||
                 by.kind == record_kind::service_name);
  return evaluate(by, [&](const filter_comparison& about) {
    return ask(service_fields(), what, about);
  });
}

bool matches(const filter& by, const check& what) {
  PRAETOR_ASSERT(by.kind == record_kind::check);
  return evaluate(by, [&](const filter_comparison& about) {
    return ask(check_fields(), what, about);
  });
}

bool matches(const filter& by, const service_entry& what) {
  PRAETOR_ASSERT(by.kind == record_kind::service_entry ||
                 by.kind == record_kind::catalog_service);
  PRAETOR_ASSERT(what.node && what.service);
  return evaluate(by, [&](const filter_comparison& about) {
    if (about.part == filter_part::node)
      return ask(node_fields(), *what.node, about);
    if (about.part == filter_part::service)
      return ask(service_fields(), *what.service, about);
    return ask_checks(what, about);
  });
}

} // namespace praetor::model
