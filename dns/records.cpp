#include "dns/records.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>

namespace praetor::dns {
namespace {

/// Answers over TCP: more do not fit into 64 KiB even when compressed.
constexpr std::size_t tcp_answers_max = 4096;
constexpr std::size_t tcp_srv_answers_max = 1024;
/// Room that is left free at the end of a datagram, and of a TCP message.
constexpr std::size_t udp_reserve = 7;
constexpr std::size_t tcp_reserve = 12;
/// The length before a character string has one byte (RFC 1035, section 3.3).
constexpr std::size_t character_string_max = 255;
/// Metadata beyond this is no text for DNS; the catalogue allows 512.
constexpr std::size_t metadata_size_max = 4096;

/// Which of an address and its tagged relatives to use. An empty argument is
/// an absent one.
std::string_view choose(std::uint16_t type, std::string_view plain,
                        std::string_view v4, std::string_view v6) {
  if (type != type::a && !v6.empty())
    return v6;
  if (type != type::aaaa && !v4.empty())
    return v4;
  return plain;
}

template <class Map, class Get>
std::string_view choose_tagged(std::uint16_t type, std::string_view plain,
                               const Map& tagged, bool use_wan, Get get) {
  if (!tagged || tagged->empty())
    return plain;
  auto find = [&](const char* key) -> std::string_view {
    auto found = tagged->find(key);
    return found == tagged->end() ? std::string_view{} : get(found->second);
  };
  if (!use_wan)
    return choose(type, plain, find("lan_ipv4"), find("lan_ipv6"));
  auto wan = find("wan");
  return choose(type, wan.empty() ? plain : wan, find("wan_ipv4"),
                find("wan_ipv6"));
}

void put_u16(record& out, unsigned x) {
  PRAETOR_ASSERT(out.fixed_size + 2u <= out.fixed.size());
  out.fixed[out.fixed_size++] = static_cast<std::uint8_t>(x >> 8);
  out.fixed[out.fixed_size++] = static_cast<std::uint8_t>(x);
}

void put_u32(record& out, std::uint32_t x) {
  put_u16(out, x >> 16);
  put_u16(out, x & 0xFFFF);
}

unsigned clamp_u16(int x) {
  return static_cast<unsigned>(std::clamp(x, 0, 0xFFFF));
}

void append_doubling(std::string& out, std::string_view text, bool is_key) {
  auto first = text.find_first_not_of(' ');
  auto last = text.find_last_not_of(' ');
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool is_outer_space = is_key && text[i] == ' ' &&
                          (first == text.npos || i < first || i > last);
    if (text[i] == '`' || (is_key && text[i] == '=') || is_outer_space)
      out.push_back('`');
    out.push_back(text[i]);
  }
}

bool is_plain_key(std::string_view key) {
  constexpr std::string_view prefix = "rfc1035-";
  return key.size() >= prefix.size() &&
         equal_ignoring_case(key.substr(0, prefix.size()), prefix);
}

/// Leaves the first `count` answers and the additional records that say where
/// the targets of these are.
void keep_answers(reply& message, const std::vector<record>& answers,
                  const std::vector<record>& additional, std::size_t count) {
  message.answers.assign(answers.begin(), answers.begin() + count);
  message.additional.clear();
  if (additional.empty())
    return;
  std::vector<std::string_view> seen; // sorted
  for (auto& one : message.answers) {
    if (one.type != type::srv || one.extra_count == 0)
      continue;
    auto target = message.at(one.target);
    auto place = std::lower_bound(seen.begin(), seen.end(), target);
    if (place != seen.end() && *place == target)
      continue;
    seen.insert(place, target);
    auto begin = additional.begin() + one.extra_begin;
    message.additional.insert(message.additional.end(), begin,
                              begin + one.extra_count);
  }
}

/// The most that a record can take. Its owner is a pointer where it is the
/// question's name or known to stand before.
std::size_t size_bound(const record& one, bool owner_is_known) {
  constexpr std::size_t pointer_size = 2;
  constexpr std::size_t header = 10;
  return (owner_is_known ? pointer_size : one.owner.size) + header +
         one.fixed_size + one.target.size + one.mailbox.size + one.text.size;
}

bool is_question(const reply& message, span_ref name) {
  return name.offset == message.question_name.offset &&
         name.size == message.question_name.size;
}

/// Header and question.
std::size_t size_before_records(const reply& message) {
  return header_size + message.question_name.size + 4;
}

/// At least the size of the reply without its OPT record; cheaper to have than
/// the size itself, and the same for plain addresses.
std::size_t size_bound(const reply& message, bool compress) {
  auto size = size_before_records(message);
  for (auto* section :
       {&message.answers, &message.authority, &message.additional})
    for (auto& one : *section)
      size += size_bound(one, compress && is_question(message, one.owner));
  return size;
}

/// How many answers fit with their additional records for sure.
std::size_t surely_fitting(const reply& message,
                           const std::vector<record>& answers,
                           const std::vector<record>& additional,
                           std::size_t count, const room& limit) {
  // Beyond these offsets nothing can be pointed at.
  constexpr std::size_t pointer_reach = 0x3FFF;
  bool compress = limit.compress && limit.bytes <= pointer_reach;
  auto size = size_before_records(message);
  for (std::size_t n = 0; n < count; ++n) {
    auto& one = answers[n];
    size += size_bound(one, compress && is_question(message, one.owner));
    for (std::size_t i = 0; i < one.extra_count; ++i)
      size += size_bound(additional[one.extra_begin + i], compress && i == 0);
    if (size > limit.bytes)
      return n;
  }
  return count;
}

} // namespace

std::string_view address_of(const model::node& node, std::uint16_t type,
                            bool use_wan) {
  return choose_tagged(
      type, node.address, node.tagged_addresses, use_wan,
      [](const std::string& x) { return std::string_view(x); });
}

std::string_view address_of(const model::service& service, std::uint16_t type,
                            bool use_wan) {
  return choose_tagged(type, service.address, service.tagged_addresses, use_wan,
                       [](const model::service_address& x) {
                         return std::string_view(x.address);
                       });
}

int port_of(const model::service& service, bool use_wan) {
  if (use_wan && service.tagged_addresses) {
    auto found = service.tagged_addresses->find("wan");
    if (found != service.tagged_addresses->end() &&
        !found->second.address.empty() && found->second.port != 0)
      return found->second.port;
  }
  return service.port;
}

bool wants(std::uint16_t type, const ip_address& address) {
  switch (type) {
  case type::any:
  case type::srv:
  case type::ns:
  case type::txt:
    return true;
  case type::a:
    return address.is_v4();
  case type::aaaa:
    return !address.is_v4();
  default:
    return false;
  }
}

record address_record(span_ref owner, const ip_address& address,
                      std::uint32_t ttl) {
  record out;
  out.owner = owner;
  out.type = address.is_v4() ? type::a : type::aaaa;
  out.ttl = ttl;
  out.fixed_size = static_cast<std::uint8_t>(address.size);
  std::copy_n(address.bytes.begin(), address.size, out.fixed.begin());
  return out;
}

record name_record(span_ref owner, std::uint16_t type, span_ref target,
                   std::uint32_t ttl) {
  record out;
  out.owner = owner;
  out.type = type;
  out.ttl = ttl;
  out.target = target;
  return out;
}

record srv_record(span_ref owner, int weight, int port, span_ref target,
                  std::uint32_t ttl) {
  auto out = name_record(owner, type::srv, target, ttl);
  put_u16(out, 1); // one priority for all
  put_u16(out, clamp_u16(weight));
  put_u16(out, clamp_u16(port));
  return out;
}

std::optional<span_ref> keep_our_name(reply& into, std::string_view name,
                                      std::string_view word,
                                      std::string_view datacenter,
                                      std::string_view domain) {
  std::array<char, name_size_max> text;
  std::size_t size = 0;
  for (auto part : {name, word, datacenter, domain}) {
    if (size + part.size() + 1 > text.size())
      return std::nullopt;
    if (part.empty())
      continue;
    if (size > 0)
      text[size++] = '.';
    std::copy(part.begin(), part.end(), text.begin() + size);
    size += part.size();
  }
  return into.keep_name({text.data(), size});
}

void append_metadata(reply& into, const model::node& node, span_ref owner,
                     std::uint32_t ttl, std::vector<record>& out) {
  if (!node.meta)
    return;
  std::string text, data;
  for (auto& [key, value] : *node.meta) {
    text.clear();
    if (is_plain_key(key)) {
      text = value;
    } else {
      append_doubling(text, key, true);
      text.push_back('=');
      append_doubling(text, value, false);
    }
    if (text.size() > metadata_size_max)
      continue;
    data.clear();
    std::size_t at = 0;
    do {
      auto piece = text.substr(at, character_string_max);
      data.push_back(static_cast<char>(piece.size()));
      data += piece;
      at += piece.size();
    } while (at < text.size());
    record one;
    one.owner = owner;
    one.type = type::txt;
    one.ttl = ttl;
    one.text = into.keep(data);
    out.push_back(one);
  }
}

record soa_record(reply& into, const settings& rules, std::uint32_t serial) {
  auto zone = into.keep_name(rules.domain);
  auto primary = keep_our_name(into, "ns", {}, {}, rules.domain);
  auto mailbox = keep_our_name(into, "hostmaster", {}, {}, rules.domain);
  // A domain so long that these do not fit is the root to us.
  auto root = into.keep(std::string_view("\0", 1));
  record out;
  out.type = type::soa;
  out.owner = zone.value_or(root);
  out.target = primary.value_or(root);
  out.mailbox = mailbox.value_or(root);
  out.ttl = rules.soa.min_ttl;
  for (auto x : {serial, rules.soa.refresh, rules.soa.retry, rules.soa.expire,
                 rules.soa.min_ttl})
    put_u32(out, x);
  return out;
}

int weight_of(const model::service_entry& entry) {
  auto status = std::string_view(model::worst_status(entry.checks));
  if (status == model::check_status::passing)
    return entry.service->weights.passing;
  if (status == model::check_status::warning)
    return entry.service->weights.warning;
  return 1;
}

std::uint32_t ttl_seconds(span ttl) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ttl).count();
  // RFC 2181, section 8: a TTL has 31 bits.
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(seconds, 0, 0x7FFFFFFF));
}

room room_of(const reply& message, transport via, const settings& rules) {
  room out;
  out.compress = !rules.disable_compression;
  auto extension = extension_size(message);
  if (via == transport::tcp) {
    out.answers = message.question_type == type::srv ? tcp_srv_answers_max
                                                     : tcp_answers_max;
    out.bytes = message_size_max - std::max(tcp_reserve, extension);
    return out;
  }
  std::size_t size = plain_udp_size_max;
  if (message.extension)
    size = std::clamp<std::size_t>(message.extension->udp_size, size,
                                   udp_payload_size_max);
  out.answers = static_cast<std::size_t>(-1);
  if (size == plain_udp_size_max)
    out.answers = static_cast<std::size_t>(
        std::clamp(rules.udp_answer_limit, 0, plain_udp_answers_max));
  out.bytes = size - std::max(udp_reserve, extension);
  return out;
}

bool fit(reply& message, transport via, const settings& rules) {
  auto limit = room_of(message, via, rules);
  auto made = message.answers.size();
  bool too_many = made > limit.answers;
  if (too_many && via == transport::udp)
    limit.compress = false; // such clients' resolvers may unpack it
  auto fits = [&] {
    if (size_bound(message, limit.compress) <= limit.bytes)
      return true;
    // The OPT record is accounted for by the room.
    auto size = encode(message, limit.compress).size();
    return size - extension_size(message) <= limit.bytes;
  };
  if (!too_many && fits())
    return false;
  auto answers = std::move(message.answers);
  auto additional = std::move(message.additional);
  auto count = std::min(made, limit.answers);
  auto try_count = [&](std::size_t n) {
    keep_answers(message, answers, additional, n);
    return fits();
  };
  // One answer goes out however large it is. The first guess is nearly always
  // one short of the first that does not fit.
  std::size_t low = std::min<std::size_t>(count, 1), high = count;
  low =
      std::max(low, surely_fitting(message, answers, additional, count, limit));
  if (low < high && !try_count(low + 1))
    high = low;
  while (low < high) {
    auto middle = low + (high - low + 1) / 2;
    if (try_count(middle))
      low = middle;
    else
      high = middle - 1;
  }
  keep_answers(message, answers, additional, low);
  return low < made;
}

} // namespace praetor::dns
