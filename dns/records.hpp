#pragma once

// From what the catalogue holds to single records, and how many of them a
// reply may carry.

#include "dns/answer.hpp"
#include "dns/message.hpp"

namespace praetor::dns {

/// Most answers over UDP without EDNS, whatever the settings say: a resolver
/// of that age has a buffer of 512 bytes.
inline constexpr int plain_udp_answers_max = 8;

/// Whose names a record is made for.
struct origin {
  std::string_view datacenter;
  /// Another datacenter than ours: its "wan" addresses may be the ones to use.
  bool use_wan = false;
};

/// The address that serves a query of this type best: an address tagged for
/// the family wins over the plain one. Empty when there is none.
std::string_view address_of(const model::node& node, std::uint16_t type,
                            bool use_wan);
std::string_view address_of(const model::service& service, std::uint16_t type,
                            bool use_wan);
int port_of(const model::service& service, bool use_wan);

/// Whether a query of this type wants an address of this family.
bool wants(std::uint16_t type, const ip_address& address);

record address_record(span_ref owner, const ip_address& address,
                      std::uint32_t ttl);
record name_record(span_ref owner, std::uint16_t type, span_ref target,
                   std::uint32_t ttl);
record srv_record(span_ref owner, int weight, int port, span_ref target,
                  std::uint32_t ttl);

/// "NAME.WORD.DATACENTER.DOMAIN", or null when that is no name.
std::optional<span_ref> keep_our_name(reply& into, std::string_view name,
                                      std::string_view word,
                                      std::string_view datacenter,
                                      std::string_view domain);

/// The metadata of a node as TXT records (RFC 1464), in the order of the keys.
void append_metadata(reply& into, const model::node& node, span_ref owner,
                     std::uint32_t ttl, std::vector<record>& out);

/// The start of authority of our zone.
record soa_record(reply& into, const settings& rules, std::uint32_t serial);

/// RFC 2782 weight: by the worst check of the instance.
int weight_of(const model::service_entry& entry);

/// Seconds, as records carry them.
std::uint32_t ttl_seconds(span ttl);

/// Keeps the reply within what the client can take: first the count of
/// answers, then the size. Cuts whole records, with the additional records
/// that belong to them. True when an answer was cut.
bool fit(reply& message, transport via, const settings& rules);

/// How many answers and bytes fit() will leave at most. What is beyond need
/// not be made.
struct room {
  std::size_t answers = 0;
  std::size_t bytes = 0;
  bool compress = true; // whether sizes are counted with compression
};
room room_of(const reply& message, transport via, const settings& rules);

} // namespace praetor::dns
