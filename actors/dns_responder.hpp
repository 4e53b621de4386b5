#pragma once

#include "actors/clock.hpp"
#include "actors/dns_recursors.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"
#include "dns/answer.hpp"

#include <unordered_map>

namespace praetor::actors {

/// Services whose instances are kept joined for DNS; a query for another one
/// joins them anew.
inline constexpr std::size_t dns_services_kept_max = 4096;

/// The catalogue as DNS sees it: the newest published state, with the joined
/// instances of each service kept while they do not change.
class dns_view final : public dns::catalogue_view {
public:
  dns_view(std::shared_ptr<const publication> from,
           std::function<std::uint32_t()> now)
      : reader_(std::move(from)), now_(std::move(now)) {}

  std::shared_ptr<const model::node> node(std::string_view name) const override;
  std::shared_ptr<const dns::service_entries>
  service(std::string_view name) const override;
  std::shared_ptr<const dns::service_entries>
  connect(std::string_view name) const override;
  std::vector<std::shared_ptr<const model::node>>
  nodes_at(std::string_view ip) const override;
  std::vector<std::string> services_at(std::string_view ip) const override;
  bool has_leader() const override;
  const storage::state& newest() const { return *reader_.newest(); }
  std::uint32_t zone_serial() const override { return now_(); }

private:
  struct kept {
    modify_index changed = 0;
    std::shared_ptr<const dns::service_entries> entries;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  mutable state_reader reader_;
  mutable std::unordered_map<std::string, kept, text_hash, std::equal_to<>>
      services_;
  std::function<std::uint32_t()> now_;
};

/// The bytes to send for a packet; none: nothing.
std::string answer_packet(std::string_view packet, dns::transport via,
                          const dns::settings& rules, const dns_view& view,
                          prng& chance);

/// Answers questions: one packet in, at most one out.
struct dns_responder_state {
  dns_responder_state() = default;
  static inline const char* name = "dns_responder";
  std::shared_ptr<const dns::settings> rules;
  std::unique_ptr<dns_view> view;
  prng chance{1};
  std::shared_ptr<dns_recursors> recursors; // null: there are none
  gateway_actor elsewhere; // answers all questions, if there is one
};

using dns_responder_ptr =
    io::pinned_ptr<dns_responder_actor, dns_responder_state>;

dns_responder_actor::behavior_type dns_responder(
    dns_responder_ptr self, std::shared_ptr<const dns::settings> rules,
    std::shared_ptr<publication> readers, std::uint64_t seed,
    std::shared_ptr<dns_recursors> recursors, gateway_actor elsewhere);

} // namespace praetor::actors
