#include "dns/query.hpp"

#include "dns/message.hpp"

#include <optional>

namespace praetor::dns {
namespace {

/// The labels of one name in lower case.
struct label_list {
  wire_name wire;
  std::array<std::uint8_t, name_labels_max + 1> begin;
  std::size_t count = 0;

  explicit label_list(const wire_name& name) {
    wire.size = name.size;
    for (std::size_t i = 0; i < name.size; ++i)
      wire.bytes[i] = to_lower(name.bytes[i]);
    std::size_t at = 0;
    while (at < wire.size && wire.bytes[at] != 0) {
      begin[count++] = static_cast<std::uint8_t>(at);
      at += 1 + static_cast<unsigned char>(wire.bytes[at]);
    }
    begin[count] = static_cast<std::uint8_t>(at);
  }

  std::string_view label(std::size_t i) const {
    return wire.view().substr(begin[i] + 1u, begin[i + 1] - begin[i] - 1u);
  }

  /// Labels [from, to) as dotted text.
  std::string text(std::size_t from, std::size_t to) const {
    std::string out;
    if (from < to)
      append_text(out,
                  wire.view().substr(begin[from], begin[to] - begin[from]));
    return out;
  }
};

std::string_view without_last_dot(std::string_view text) {
  if (!text.empty() && text.back() == '.')
    text.remove_suffix(1);
  return text;
}

/// How many labels are left of the zone's, or nothing outside the zone.
std::optional<std::size_t> labels_before(const label_list& labels,
                                         std::string_view zone) {
  zone = without_last_dot(zone);
  std::size_t left = labels.count;
  while (!zone.empty()) {
    auto dot = zone.rfind('.');
    auto last = dot == zone.npos ? zone : zone.substr(dot + 1);
    if (left == 0 || !equal_ignoring_case(labels.label(left - 1), last))
      return std::nullopt;
    --left;
    zone = dot == zone.npos ? std::string_view{} : zone.substr(0, dot);
  }
  return left;
}

asked::kind kind_of(std::string_view label) {
  if (label == "service")
    return asked::kind::service;
  if (label == "connect")
    return asked::kind::connect;
  if (label == "ingress")
    return asked::kind::ingress;
  if (label == "node")
    return asked::kind::node;
  if (label == "query")
    return asked::kind::prepared;
  if (label == "addr")
    return asked::kind::address;
  return asked::kind::unknown;
}

/// `count` labels stand before the word that names the kind.
void fill_service(asked& out, const label_list& labels, std::size_t count) {
  bool is_rfc_2782 = count == 2 && labels.label(0).starts_with('_') &&
                     labels.label(1).starts_with('_');
  if (is_rfc_2782) {
    out.name = labels.text(0, 1).substr(1);
    out.tag = labels.text(1, 2).substr(1);
    // Every instance is reached by TCP as far as we know: not a tag.
    if (out.tag == "tcp")
      out.tag.clear();
    return;
  }
  // A tag may have dots; the name of a service has none.
  out.name = labels.text(count - 1, count);
  out.tag = labels.text(0, count - 1);
}

/// `at` is the label that names the kind; those from `rest` to `end` follow
/// it, and those before `count` precede it.
asked parse_parts(asked::kind what, const label_list& labels, std::size_t count,
                  std::size_t rest, std::size_t end) {
  asked out;
  out.what = asked::kind::unknown;
  if (count == 0)
    return out;
  if (what == asked::kind::address) {
    if (count != 1)
      return out;
    out.name = labels.text(0, 1);
    out.what = what;
    return out;
  }
  if (end - rest > 1)
    return out;
  out.datacenter = labels.text(rest, end);
  out.what = what;
  if (what == asked::kind::service)
    fill_service(out, labels, count);
  else if (what == asked::kind::connect || what == asked::kind::ingress)
    out.name = labels.text(count - 1, count);
  else
    out.name = labels.text(0, count); // names of nodes and queries have dots
  return out;
}

} // namespace

asked parse_question(const wire_name& name, std::uint16_t question_type,
                     const zones& ours) {
  label_list labels(name);
  asked out;
  auto end = labels_before(labels, ours.domain);
  if (!ours.alt_domain.empty()) {
    // Where one zone lies inside the other, the smaller one is meant.
    auto other = labels_before(labels, ours.alt_domain);
    if (other && (!end || *other < *end))
      end = other;
  }
  if (!end) {
    if (labels.count > 0 && labels.label(labels.count - 1) == "arpa") {
      out.what = asked::kind::reverse;
      out.name = labels.text(0, labels.count);
    }
    return out;
  }
  for (std::size_t i = *end; i-- > 0;) {
    auto what = kind_of(labels.label(i));
    if (what != asked::kind::unknown)
      return parse_parts(what, labels, i, i + 1, *end);
    if (question_type == type::srv && labels.label(i).starts_with('_'))
      return parse_parts(asked::kind::service, labels, i + 1, i + 1, *end);
  }
  out.what = asked::kind::unknown;
  return out;
}

bool is_ours(std::string_view text, const zones& ours) {
  text = without_last_dot(text);
  auto ends_with = [&](std::string_view zone) {
    zone = without_last_dot(zone);
    return !zone.empty() && text.size() > zone.size() &&
           text[text.size() - zone.size() - 1] == '.' &&
           equal_ignoring_case(text.substr(text.size() - zone.size()), zone);
  };
  return ends_with(ours.domain) || ends_with(ours.alt_domain);
}

} // namespace praetor::dns
