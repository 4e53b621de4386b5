#pragma once

// Queries as bytes, and replies taken apart, for tests of dns/.

#include "dns/address.hpp"
#include "dns/message.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace praetor::dns {

inline void push_u16(std::string& out, unsigned x) {
  out.push_back(static_cast<char>(x >> 8));
  out.push_back(static_cast<char>(x));
}

inline unsigned pull_u16(std::string_view bytes, std::size_t at) {
  REQUIRE(at + 2 <= bytes.size());
  return static_cast<unsigned char>(bytes[at]) << 8 |
         static_cast<unsigned char>(bytes[at + 1]);
}

struct query_options {
  unsigned flags = 0x0100;
  unsigned udp_size = 0; // 0: no EDNS
  std::string options{};
};

inline std::string make_query(std::string_view name, unsigned type,
                              const query_options& with = {}) {
  std::string out;
  push_u16(out, 0x1234);
  push_u16(out, with.flags);
  for (unsigned count : {1u, 0u, 0u, with.udp_size > 0 ? 1u : 0u})
    push_u16(out, count);
  REQUIRE(append_name(out, name));
  push_u16(out, type);
  push_u16(out, 1);
  if (with.udp_size > 0) {
    out.push_back('\0');
    push_u16(out, type::opt);
    push_u16(out, with.udp_size);
    push_u16(out, 0);
    push_u16(out, 0);
    push_u16(out, static_cast<unsigned>(with.options.size()));
    out += with.options;
  }
  return out;
}

/// A record as text: "web.service.consul 0 A 10.0.0.1".
struct read_reply {
  unsigned id = 0, flags = 0, code = 0;
  bool truncated = false, authoritative = false, available = false;
  std::string question;
  std::vector<std::string> answers, authority, additional;
  unsigned udp_size = 0; // 0: no OPT record
  std::string options{};
};

inline std::string pull_name(std::string_view bytes, std::size_t& at) {
  wire_name name;
  REQUIRE(read_name(bytes, at, name));
  std::string out;
  append_text(out, name.view());
  return out;
}

inline std::string data_text(std::string_view bytes, std::size_t at,
                             unsigned type, unsigned size) {
  auto number = [&](std::size_t i) {
    return std::to_string(pull_u16(bytes, i)) + " ";
  };
  switch (type) {
  case type::a:
  case type::aaaa: {
    ip_address ip;
    ip.size = size;
    for (unsigned i = 0; i < size; ++i)
      ip.bytes[i] = static_cast<std::uint8_t>(bytes[at + i]);
    return (type == type::a ? "A " : "AAAA ") + format_address(ip);
  }
  case type::srv: {
    auto name = at + 6;
    return "SRV " + number(at) + number(at + 2) + number(at + 4) +
           pull_name(bytes, name);
  }
  case type::txt: {
    std::string out = "TXT";
    for (auto i = at; i < at + size;) {
      auto length = static_cast<unsigned char>(bytes[i]);
      out += " ";
      out += bytes.substr(i + 1, length);
      i += 1u + length;
    }
    return out;
  }
  case type::soa: {
    auto primary = pull_name(bytes, at);
    return "SOA " + primary + " " + pull_name(bytes, at);
  }
  case type::cname:
    return "CNAME " + pull_name(bytes, at);
  case type::ptr:
    return "PTR " + pull_name(bytes, at);
  case type::ns:
    return "NS " + pull_name(bytes, at);
  default:
    return "TYPE" + std::to_string(type);
  }
}

inline read_reply read(std::string_view bytes) {
  REQUIRE(bytes.size() >= header_size);
  read_reply out;
  out.id = pull_u16(bytes, 0);
  out.flags = pull_u16(bytes, 2);
  out.code = out.flags & 0xF;
  out.authoritative = (out.flags & 0x0400) != 0;
  out.truncated = (out.flags & 0x0200) != 0;
  out.available = (out.flags & 0x0080) != 0;
  std::size_t at = header_size;
  if (pull_u16(bytes, 4) == 1) {
    out.question = pull_name(bytes, at);
    at += 4;
  }
  int section = 0;
  for (auto* list : {&out.answers, &out.authority, &out.additional}) {
    for (auto n = pull_u16(bytes, 6 + 2 * section++); n > 0; --n) {
      auto owner = pull_name(bytes, at);
      auto type = pull_u16(bytes, at);
      auto size = pull_u16(bytes, at + 8);
      if (type == type::opt) {
        out.udp_size = pull_u16(bytes, at + 2);
        out.options = bytes.substr(at + 10, size);
      } else {
        auto ttl = pull_u16(bytes, at + 4) << 16 | pull_u16(bytes, at + 6);
        list->push_back(owner + " " + std::to_string(ttl) + " " +
                        data_text(bytes, at + 10, type, size));
      }
      at += 10 + size;
      REQUIRE(at <= bytes.size());
    }
  }
  CHECK(at == bytes.size());
  return out;
}

} // namespace praetor::dns
