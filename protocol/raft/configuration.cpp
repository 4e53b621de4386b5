#include "protocol/raft/configuration.hpp"

#include "protocol/base/bytes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace praetor::raft {
namespace {

/// Leads the bytes, so that a later layout can be told from this one.
constexpr std::uint8_t layout = 1;

bool contains(const std::vector<node_id>& sorted, const node_id& id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

bool is_set(const std::vector<node_id>& ids) {
  auto named = [](const node_id& id) {
    return !id.empty() && id.size() <= node_id_bytes_max;
  };
  return std::is_sorted(ids.begin(), ids.end()) &&
         std::adjacent_find(ids.begin(), ids.end()) == ids.end() &&
         std::all_of(ids.begin(), ids.end(), named);
}

void insert(std::vector<node_id>& sorted, const node_id& id) {
  auto place = std::lower_bound(sorted.begin(), sorted.end(), id);
  PRAETOR_ASSERT(place == sorted.end() || *place != id);
  sorted.insert(place, id);
}

void erase(std::vector<node_id>& sorted, const node_id& id) {
  auto place = std::lower_bound(sorted.begin(), sorted.end(), id);
  PRAETOR_ASSERT(place != sorted.end() && *place == id);
  sorted.erase(place);
}

} // namespace

bool configuration::is_voter(const node_id& id) const {
  return contains(voters, id);
}

bool configuration::is_nonvoter(const node_id& id) const {
  return contains(nonvoters, id);
}

status check_configuration(const configuration& one) {
  if (one.voters.size() > voters_max)
    return fail(errc::bad_input, "Raft: " + std::to_string(one.voters.size()) +
                                     " voters; allowed are " +
                                     std::to_string(voters_max));
  if (one.nonvoters.size() > nonvoters_max)
    return fail(errc::bad_input,
                "Raft: " + std::to_string(one.nonvoters.size()) +
                    " non-voters; allowed are " +
                    std::to_string(nonvoters_max));
  if (!is_set(one.voters) || !is_set(one.nonvoters))
    return fail(errc::bad_input,
                "Raft: voters must be sorted, named and without doubles");
  for (auto& id : one.nonvoters)
    if (one.is_voter(id))
      return fail(errc::bad_input, "Raft: " + id + " votes and does not vote");
  return {};
}

result<configuration> changed(const configuration& from,
                              const membership_change& change) {
  PRAETOR_ASSERT(check_configuration(from));
  auto& who = change.who;
  auto to = from;
  switch (change.kind) {
  case change_kind::add_nonvoter:
    if (from.has(who))
      return fail(errc::bad_input, "Raft: " + who + " is a member already");
    insert(to.nonvoters, who);
    break;
  case change_kind::promote:
    if (!from.is_nonvoter(who))
      return fail(errc::not_found, "Raft: " + who + " is no non-voter");
    erase(to.nonvoters, who);
    insert(to.voters, who);
    break;
  case change_kind::demote:
    if (!from.is_voter(who))
      return fail(errc::not_found, "Raft: " + who + " is no voter");
    erase(to.voters, who);
    insert(to.nonvoters, who);
    break;
  case change_kind::remove:
    if (!from.has(who))
      return fail(errc::not_found, "Raft: " + who + " is no member");
    erase(from.is_voter(who) ? to.voters : to.nonvoters, who);
    break;
  }
  if (to.voters.empty())
    return fail(errc::bad_input, "Raft: the last voter cannot go");
  if (auto ok = check_configuration(to); !ok)
    return ok.failure();
  PRAETOR_ASSERT(voters_apart(from, to) <= 1);
  return to;
}

std::size_t voters_apart(const configuration& one, const configuration& other) {
  std::vector<node_id> apart;
  std::set_symmetric_difference(one.voters.begin(), one.voters.end(),
                                other.voters.begin(), other.voters.end(),
                                std::back_inserter(apart));
  return apart.size();
}

std::string encode(const configuration& one) {
  PRAETOR_ASSERT(check_configuration(one) && !one.voters.empty());
  std::string bytes;
  byte_writer out(bytes);
  out.u8(layout);
  for (auto* ids : {&one.voters, &one.nonvoters}) {
    out.varint(ids->size());
    for (auto& id : *ids)
      out.bytes(id);
  }
  return bytes;
}

result<configuration> decode_configuration(std::string_view bytes) {
  byte_reader in(bytes);
  configuration one;
  auto known = in.u8() == layout;
  for (auto* ids : {&one.voters, &one.nonvoters}) {
    auto count = in.count();
    for (std::size_t i = 0; i < count && !in.failed(); ++i)
      ids->push_back(in.bytes());
  }
  if (!known || in.failed() || !in.at_end() || one.voters.empty())
    return fail(errc::corrupt, "Raft: a configuration of " +
                                   std::to_string(bytes.size()) +
                                   " bytes cannot be read");
  if (auto ok = check_configuration(one); !ok)
    return fail(errc::corrupt, ok.failure().text);
  return one;
}

const char* to_text(change_kind kind) {
  switch (kind) {
  case change_kind::add_nonvoter:
    return "add-nonvoter";
  case change_kind::promote:
    return "promote";
  case change_kind::demote:
    return "demote";
  case change_kind::remove:
    return "remove";
  }
  return "unknown";
}

} // namespace praetor::raft
