#include "dns/message.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>

namespace praetor::dns {
namespace {

constexpr unsigned flag_response = 0x8000;
constexpr unsigned flag_authoritative = 0x0400;
constexpr unsigned flag_truncated = 0x0200;
constexpr unsigned flag_recursion_desired = 0x0100;
constexpr unsigned flag_recursion_available = 0x0080;
constexpr unsigned flag_checking_disabled = 0x0010;

/// More records than these in a query serve no purpose that we know: an OPT
/// and a TSIG may stand in the last section, an SOA in the two before
/// (RFC 1995, section 3; RFC 1996, section 3.7).
constexpr unsigned query_answers_max = 1;
constexpr unsigned query_authority_max = 1;
constexpr unsigned query_additional_max = 2;

/// Records of one recursor's reply that are looked at.
constexpr unsigned upstream_records_max = 64;

constexpr unsigned option_client_subnet = 8;
constexpr std::size_t option_header_size = 4;
constexpr std::size_t subnet_header_size = 4;
/// Name, type, class, TTL and length of an OPT record.
constexpr std::size_t opt_header_size = 11;
/// Type, class, TTL and length behind the name of a record.
constexpr std::size_t record_header_size = 10;

unsigned u16_at(std::string_view bytes, std::size_t i) {
  PRAETOR_ASSERT(i + 2 <= bytes.size());
  return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) << 8 |
         static_cast<unsigned char>(bytes[i + 1]);
}

void put_u16(std::string& out, unsigned x) {
  out.push_back(static_cast<char>(x >> 8));
  out.push_back(static_cast<char>(x));
}

void put_u32(std::string& out, std::uint32_t x) {
  put_u16(out, x >> 16);
  put_u16(out, x & 0xFFFF);
}

/// One record as it stands in a packet.
struct raw_record {
  wire_name owner;
  std::uint16_t type = 0;
  std::uint16_t dns_class = 0;
  std::uint32_t ttl = 0;
  std::size_t data = 0;
  std::size_t data_size = 0;
};

bool read_record(std::string_view packet, std::size_t& at, raw_record& out) {
  if (!read_name(packet, at, out.owner) ||
      packet.size() - at < record_header_size)
    return false;
  out.type = static_cast<std::uint16_t>(u16_at(packet, at));
  out.dns_class = static_cast<std::uint16_t>(u16_at(packet, at + 2));
  out.ttl = u16_at(packet, at + 4) << 16 | u16_at(packet, at + 6);
  out.data_size = u16_at(packet, at + 8);
  out.data = at + record_header_size;
  if (packet.size() - out.data < out.data_size)
    return false;
  at = out.data + out.data_size;
  return true;
}

std::size_t subnet_bytes(const client_subnet& subnet) {
  return (subnet.source_prefix + 7u) / 8u;
}

bool read_subnet(std::string_view data, client_subnet& subnet) {
  if (data.size() < subnet_header_size)
    return false;
  subnet.family = static_cast<std::uint16_t>(u16_at(data, 0));
  subnet.source_prefix = static_cast<std::uint8_t>(data[2]);
  if (subnet.family > 2 || subnet.source_prefix > (subnet.family == 0   ? 0
                                                   : subnet.family == 1 ? 32
                                                                        : 128))
    return false;
  data.remove_prefix(subnet_header_size);
  auto wanted = std::min(subnet_bytes(subnet), data.size());
  for (std::size_t i = 0; i < wanted; ++i)
    subnet.address[i] = static_cast<std::uint8_t>(data[i]);
  if (unsigned rest = subnet.source_prefix % 8; rest != 0) {
    auto& last = subnet.address[subnet.source_prefix / 8];
    last = static_cast<std::uint8_t>(last & 0xFF00 >> rest);
  }
  return true;
}

bool read_options(std::string_view data, edns& extension) {
  while (!data.empty()) {
    if (data.size() < option_header_size)
      return false;
    auto code = u16_at(data, 0);
    auto size = u16_at(data, 2);
    data.remove_prefix(option_header_size);
    if (size > data.size())
      return false;
    if (code == option_client_subnet) {
      client_subnet subnet;
      if (!read_subnet(data.substr(0, size), subnet))
        return false;
      extension.subnet = subnet;
    }
    data.remove_prefix(size);
  }
  return true;
}

/// The question. Its type and class may be missing at the packet's end.
bool read_question(std::string_view packet, std::size_t& at,
                   query_message& query) {
  if (!read_name(packet, at, query.name))
    return false;
  query.dns_class = 0;
  if (at == packet.size())
    return true;
  if (packet.size() - at < 2)
    return false;
  query.type = static_cast<std::uint16_t>(u16_at(packet, at));
  at += 2;
  if (at == packet.size())
    return true;
  if (packet.size() - at < 2)
    return false;
  query.dns_class = static_cast<std::uint16_t>(u16_at(packet, at));
  at += 2;
  return true;
}

class encoder {
public:
  encoder(const reply& message, bool compress)
      : message_(message), compress_(compress), names_(out_, compress) {
    auto records = message.answers.size() + message.authority.size() +
                   message.additional.size();
    out_.reserve(128 + 32 * records);
  }

  std::string run() {
    header();
    if (message_.has_question) {
      out_.append(message_.at(message_.question_name));
      put_u16(out_, message_.question_type);
      put_u16(out_, message_.question_class);
    }
    for (auto* section :
         {&message_.answers, &message_.authority, &message_.additional})
      for (auto& one : *section)
        write(one);
    if (message_.extension)
      extension();
    return std::move(out_);
  }

private:
  void header() {
    unsigned flags = flag_response | static_cast<unsigned>(message_.code) |
                     static_cast<unsigned>(message_.opcode) << 11;
    flags |= message_.authoritative ? flag_authoritative : 0;
    flags |= message_.truncated ? flag_truncated : 0;
    flags |= message_.recursion_desired ? flag_recursion_desired : 0;
    flags |= message_.recursion_available ? flag_recursion_available : 0;
    flags |= message_.checking_disabled ? flag_checking_disabled : 0;
    put_u16(out_, message_.id);
    put_u16(out_, flags);
    put_u16(out_, message_.has_question ? 1 : 0);
    put_u16(out_, static_cast<unsigned>(message_.answers.size()));
    put_u16(out_, static_cast<unsigned>(message_.authority.size()));
    put_u16(out_, static_cast<unsigned>(message_.additional.size() +
                                        (message_.extension ? 1 : 0)));
  }

  // Nearly every owner is the question's name or the target of an answer,
  // which needs no search.
  void owner(span_ref ref) {
    if (auto place = place_of(ref); place != 0)
      put_u16(out_, 0xC000 | place);
    else
      name(ref, true);
  }

  /// Where a name stands as a whole, or 0.
  unsigned place_of(span_ref ref) const {
    if (!compress_)
      return 0;
    bool is_question = message_.has_question && ref.size > 1 &&
                       ref.offset == message_.question_name.offset &&
                       ref.size == message_.question_name.size;
    if (is_question)
      return header_size;
    auto found = std::lower_bound(
        targets_.begin(), targets_.end(), ref.offset,
        [](const target& x, std::uint32_t offset) { return x.ref < offset; });
    return found != targets_.end() && found->ref == ref.offset ? found->place
                                                               : 0;
  }

  void note_target(span_ref ref) {
    constexpr std::size_t pointer_reach = 0x3FFF;
    bool is_in_order = targets_.empty() || targets_.back().ref < ref.offset;
    if (compress_ && is_in_order && out_.size() <= pointer_reach)
      targets_.push_back({ref.offset, static_cast<unsigned>(out_.size())});
  }

  void name(span_ref ref, bool may_point) {
    // The question enters the search only once a name is searched for.
    if (!noted_ && message_.has_question)
      names_.note(message_.at(message_.question_name), header_size);
    noted_ = true;
    names_.write(message_.at(ref), may_point);
  }

  void fixed(const record& one) {
    out_.append(reinterpret_cast<const char*>(one.fixed.data()),
                one.fixed_size);
  }

  void write(const record& one) {
    owner(one.owner);
    // Type, class, TTL and a length that is known only for plain data.
    std::array<char, record_header_size> head{
        static_cast<char>(one.type >> 8),
        static_cast<char>(one.type),
        static_cast<char>(class_in >> 8),
        static_cast<char>(class_in),
        static_cast<char>(one.ttl >> 24),
        static_cast<char>(one.ttl >> 16),
        static_cast<char>(one.ttl >> 8),
        static_cast<char>(one.ttl),
        0,
        static_cast<char>(one.fixed_size)};
    out_.append(head.data(), head.size());
    auto data_at = out_.size();
    if (one.type != type::soa)
      fixed(one);
    if (one.type == type::srv)
      note_target(one.target);
    if (one.target.size > 0)
      name(one.target, one.type != type::srv);
    if (one.mailbox.size > 0)
      name(one.mailbox, true);
    if (one.type == type::soa)
      fixed(one);
    if (one.text.size > 0)
      out_.append(message_.at(one.text));
    auto size = out_.size() - data_at;
    PRAETOR_ASSERT(size <= 0xFFFF);
    out_[data_at - 2] = static_cast<char>(size >> 8);
    out_[data_at - 1] = static_cast<char>(size);
  }

  void extension() {
    auto& extension = *message_.extension;
    out_.push_back('\0');
    put_u16(out_, type::opt);
    put_u16(out_, extension.udp_size);
    put_u32(out_, 0);
    put_u16(out_,
            static_cast<unsigned>(extension_size(message_) - opt_header_size));
    if (!extension.subnet)
      return;
    auto& subnet = *extension.subnet;
    put_u16(out_, option_client_subnet);
    put_u16(out_,
            static_cast<unsigned>(subnet_header_size + subnet_bytes(subnet)));
    put_u16(out_, subnet.family);
    out_.push_back(static_cast<char>(subnet.source_prefix));
    out_.push_back(static_cast<char>(message_.subnet_scope));
    out_.append(reinterpret_cast<const char*>(subnet.address.data()),
                subnet_bytes(subnet));
  }

  struct target {
    std::uint32_t ref;
    unsigned place;
  };

  const reply& message_;
  bool compress_;
  bool noted_ = false;
  /// Targets of SRV, written in full: where in the arena they are kept, in
  /// ascending order, and where they stand.
  std::vector<target> targets_;
  std::string out_;
  name_writer names_;
};

bool is_followed(std::uint16_t type) {
  return type == type::a || type == type::aaaa || type == type::cname ||
         type == type::txt;
}

} // namespace

decoded decode_query(std::string_view packet, query_message& query) {
  if (packet.size() < header_size)
    return decoded::ignored;
  auto flags = u16_at(packet, 2);
  if ((flags & flag_response) != 0)
    return decoded::ignored;
  query.id = static_cast<std::uint16_t>(u16_at(packet, 0));
  query.opcode = static_cast<std::uint8_t>(flags >> 11 & 0xF);
  query.recursion_desired = (flags & flag_recursion_desired) != 0;
  query.checking_disabled = (flags & flag_checking_disabled) != 0;
  if (query.opcode != 0)
    return decoded::not_implemented;
  auto answers = u16_at(packet, 6);
  auto authority = u16_at(packet, 8);
  auto additional = u16_at(packet, 10);
  if (u16_at(packet, 4) != 1 || answers > query_answers_max ||
      authority > query_authority_max || additional > query_additional_max)
    return decoded::format_error;
  std::size_t at = header_size;
  if (at == packet.size())
    return decoded::query; // a question was promised and none came
  if (!read_question(packet, at, query))
    return decoded::format_error;
  query.has_question = true;
  raw_record one;
  for (unsigned n = 0; n < answers + authority + additional; ++n) {
    if (at == packet.size())
      break;
    if (!read_record(packet, at, one))
      return decoded::format_error;
    if (one.type != type::opt)
      continue;
    edns extension;
    extension.udp_size = one.dns_class;
    if (!read_options(packet.substr(one.data, one.data_size), extension))
      return decoded::format_error;
    if (n >= answers + authority)
      query.extension = extension;
  }
  return decoded::query;
}

reply::reply(const query_message& asked)
    : id(asked.id), opcode(asked.opcode),
      recursion_desired(asked.recursion_desired),
      checking_disabled(asked.checking_disabled),
      has_question(asked.has_question), question_type(asked.type),
      question_class(asked.dns_class) {
  if (has_question)
    question_name = keep(asked.name.view());
}

span_ref reply::keep(std::string_view bytes) {
  span_ref ref{static_cast<std::uint32_t>(arena.size()),
               static_cast<std::uint32_t>(bytes.size())};
  arena.append(bytes);
  return ref;
}

std::optional<span_ref> reply::keep_name(std::string_view text) {
  auto start = arena.size();
  if (!append_name(arena, text))
    return std::nullopt;
  return span_ref{static_cast<std::uint32_t>(start),
                  static_cast<std::uint32_t>(arena.size() - start)};
}

std::string encode(const reply& message, bool compress) {
  return encoder(message, compress).run();
}

std::size_t extension_size(const reply& message) {
  if (!message.extension)
    return 0;
  if (!message.extension->subnet)
    return opt_header_size;
  return opt_header_size + option_header_size + subnet_header_size +
         subnet_bytes(*message.extension->subnet);
}

std::vector<record> decode_answers(std::string_view packet, reply& into) {
  std::vector<record> records;
  if (packet.size() < header_size)
    return records;
  std::size_t at = header_size;
  wire_name name;
  for (unsigned n = u16_at(packet, 4); n > 0; --n) {
    if (!read_name(packet, at, name) || packet.size() - at < 4)
      return records;
    at += 4;
  }
  raw_record one;
  unsigned count = std::min(u16_at(packet, 6), upstream_records_max);
  for (unsigned n = 0; n < count; ++n) {
    if (!read_record(packet, at, one))
      return records;
    if (!is_followed(one.type))
      continue;
    auto data = packet.substr(one.data, one.data_size);
    record made;
    made.type = one.type;
    made.ttl = one.ttl;
    if (one.type == type::cname) {
      auto inside = one.data;
      if (!read_name(packet, inside, name))
        return records;
      made.target = into.keep(name.view());
    } else if (one.type == type::txt) {
      made.text = into.keep(data);
    } else {
      if (data.size() != (one.type == type::a ? 4u : 16u))
        continue;
      made.fixed_size = static_cast<std::uint8_t>(data.size());
      std::copy(data.begin(), data.end(), made.fixed.begin());
    }
    made.owner = into.keep(one.owner.view());
    records.push_back(made);
  }
  return records;
}

} // namespace praetor::dns
