#include "actors/type_table.hpp"

#include "actors/gossip_interfaces.hpp"
#include "tests/support/actor_world.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

// -- every type that a handle names is in the table or stays on the node -----

template <class T>
constexpr bool is_in_table() {
  bool found = false;
  each_message_type(
      [&]<class One>(const char*) { found = found || std::is_same_v<T, One>; });
  return found;
}

template <class T>
struct is_handle : std::false_type {};
template <class... Ts>
struct is_handle<caf::typed_actor<Ts...>> : std::true_type {};
template <class T>
struct is_atom : std::false_type {};
template <caf::atom_value V>
struct is_atom<caf::atom_constant<V>> : std::true_type {};

template <class T>
constexpr bool is_carried =
    std::is_void_v<T> || is_atom<T>::value || is_handle<T>::value ||
    caf::detail::tl_index_of<caf::sorted_builtin_types, T>::value != -1 ||
    caf::allowed_unsafe_message_type<T>::value || is_in_table<T>();

template <class T>
struct names_known_types : std::false_type {};
template <class... Ins, class... Outs>
struct names_known_types<
    caf::typed_mpi<caf::detail::type_list<Ins...>, caf::output_tuple<Outs...>>>
    : std::bool_constant<(is_carried<Ins> && ...) &&
                         (is_carried<Outs> && ...)> {};
template <class... Signatures>
struct names_known_types<caf::typed_actor<Signatures...>>
    : std::bool_constant<(names_known_types<Signatures>::value && ...)> {};

static_assert(names_known_types<log_writer_actor>::value);
static_assert(names_known_types<leadership_listener_actor>::value);
static_assert(names_known_types<raft_peer_actor>::value);
static_assert(names_known_types<gateway_actor>::value);
static_assert(names_known_types<kv_shard_actor>::value);
static_assert(names_known_types<state_listener_actor>::value);
static_assert(names_known_types<store_keeper_actor>::value);
static_assert(names_known_types<session_keeper_actor>::value);
static_assert(names_known_types<agent_actor>::value);
static_assert(names_known_types<health_checker_actor>::value);
static_assert(names_known_types<watch_keeper_actor>::value);
static_assert(names_known_types<portal_actor>::value);
static_assert(names_known_types<gateway_actor>::value);
static_assert(names_known_types<dns_responder_actor>::value);
static_assert(names_known_types<gossip_prober_actor>::value);
static_assert(names_known_types<gossip_listener_actor>::value);

// -- and each of them survives its way ---------------------------------------

// An inspector that gives every field a value of its own, none of them zero.
class filler {
public:
  static constexpr bool reads_state = false;
  static constexpr bool writes_state = true;
  using result_type = caf::error;

  template <class... Ts>
  caf::error operator()(Ts&&... fields) {
    (fill(fields), ...);
    return {};
  }

private:
  void fill(std::string& x) { x = "text " + std::to_string(++last_); }
  void fill(bool& x) { x = true; }
  void fill(span& x) { x = span{++last_}; }
  template <class T>
  void fill(std::vector<T>& x) {
    x.resize(2);
    for (auto& one : x)
      fill(one);
  }
  template <class K, class V, class Compare>
  void fill(std::map<K, V, Compare>& x) {
    K key{};
    fill(key);
    fill(x[key]);
  }
  template <class T>
  void fill(T& x) {
    if constexpr (std::is_enum_v<T>)
      x = static_cast<T>(1);
    else if constexpr (std::is_integral_v<T>)
      x = static_cast<T>(++last_);
    else
      inspect(*this, x);
  }

  int last_ = 0;
};

struct registered_config : caf::actor_system_config {
  registered_config() {
    register_messages(*this);
    set("scheduler.policy", caf::atom("testing"));
  }
};

using bytes = std::vector<char>;

bytes written(caf::actor_system& system, caf::message& what) {
  bytes out;
  caf::binary_serializer sink{system, out};
  auto failed = sink(what);
  CHECK(!failed);
  return out;
}

template <class T>
void check_round_trip(caf::actor_system& system, const char* name) {
  CAPTURE(name);
  T full{};
  filler fill;
  fill(full);
  auto message = caf::make_message(full);
  auto there = written(system, message);
  auto empty_message = caf::make_message(T{});
  CHECK(there != written(system, empty_message));
  caf::message back;
  caf::binary_deserializer source{system, there};
  auto failed = source(back);
  CHECK(!failed);
  REQUIRE(back.match_elements<T>());
  if constexpr (requires(const T& a) { a == a; })
    CHECK(back.get_as<T>(0) == full);
  CHECK(written(system, back) == there);
}

TEST_CASE("every message of the table survives its way through bytes, field "
          "by field") {
  registered_config config;
  caf::actor_system system{config};
  int count = 0;
  each_message_type([&]<class T>(const char* name) {
    check_round_trip<T>(system, name);
    ++count;
  });
  CHECK(count >= 20);
}

TEST_CASE("an outcome comes back with all that it had") {
  registered_config config;
  caf::actor_system system{config};
  model::outcome full;
  filler fill;
  inspect(fill, full);
  // The text it put where bytes should be is refused, and so are such bytes.
  CHECK(full.failure.code == errc::corrupt);
  model::kv_entry entry;
  inspect(fill, entry);
  model::node node;
  node.name = "n";
  model::service service;
  service.name = "s";
  model::check check;
  check.id = "c";
  full.results = {entry, node, service, check};
  auto message = caf::make_message(full);
  auto there = written(system, message);
  caf::message back;
  caf::binary_deserializer source{system, there};
  REQUIRE(!source(back));
  auto& read = back.get_as<model::outcome>(0);
  CHECK(read.index == full.index);
  CHECK(read.accepted == full.accepted);
  CHECK(read.failure == full.failure);
  CHECK(read.results == full.results);
  CHECK(read.failures == full.failures);
  CHECK(read.released == full.released);
  CHECK(read.ended_sessions == full.ended_sessions);
  CHECK(full.released[0].delay > span{});
}

TEST_CASE("what a leader appends arrives with its entries") {
  registered_config config;
  caf::actor_system system{config};
  raft::append_entries full;
  filler fill;
  inspect(fill, full);
  full.entries.front().data = nullptr;
  auto message = caf::make_message(full);
  auto there = written(system, message);
  caf::message back;
  caf::binary_deserializer source{system, there};
  REQUIRE(!source(back));
  auto& read = back.get_as<raft::append_entries>(0);
  CHECK(read == full);
  REQUIRE(read.entries.size() == 2);
  REQUIRE(read.entries.front().data);
  CHECK(read.entries.front().data->empty());
  CHECK(*read.entries.back().data == *full.entries.back().data);
}

TEST_CASE("a proposal without bytes arrives as one of no bytes") {
  registered_config config;
  caf::actor_system system{config};
  auto message = caf::make_message(proposal{});
  auto there = written(system, message);
  caf::message back;
  caf::binary_deserializer source{system, there};
  REQUIRE(!source(back));
  REQUIRE(back.get_as<proposal>(0).data);
  CHECK(back.get_as<proposal>(0).data->empty());
}

} // namespace
} // namespace praetor::actors
