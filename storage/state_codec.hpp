#pragma once

// The whole state as a stream of bytes and back, for snapshots (FORMATS.md).
// The encoder walks an immutable copy and gives out one bounded chunk a call,
// so that it can be run in slices; where a chunk ends means nothing. The
// decoder takes the bytes in pieces of any size, survives any bytes, and does
// not care over how many shards the keys were spread.

#include "storage/state_store.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::storage {

/// What one call gives out: a few hundred microseconds of work.
inline constexpr std::size_t state_chunk_bytes_max = std::size_t{256} << 10;

/// One record: above any entry that the log can hold.
inline constexpr std::size_t state_record_bytes_max = std::size_t{64} << 20;

/// The kinds of records. A number is never used for anything else; a build
/// that does not know one refuses the stream.
enum class state_record : std::uint8_t {
  begin = 1, // applied index, last change of a key, the catalogue's indexes
  kv_entry,
  tombstone,
  service_index,
  connect_index,
  node,
  service,
  check,
  session,
  end, // how many records came before; the last in every stream
  autopilot = 11,
  prepared_query = 12,
  restore_part = 13, // of a restore that is under way
};

/// The order in which they come.
inline constexpr std::array state_record_order = {
    state_record::begin,
    state_record::kv_entry,
    state_record::tombstone,
    state_record::service_index,
    state_record::connect_index,
    state_record::node,
    state_record::service,
    state_record::check,
    state_record::session,
    state_record::autopilot,
    state_record::prepared_query,
    state_record::restore_part,
    state_record::end,
};

class state_encoder {
public:
  explicit state_encoder(state what) : what_(std::move(what)) {}

  /// The next bytes, at most `state_chunk_bytes_max`; none when all is out.
  std::string next();

private:
  template <class Write>
  void add(state_record kind, Write write);
  template <class Tree, class Write>
  void add_some(state_record kind, Tree tree, Write write);
  void add_begin();
  void add_catalog();
  void add_parts();
  void add_autopilot();
  void advance();
  bool is_full() const;
  void fill();

  state what_;
  std::optional<state_record> stage_ = state_record::begin;
  std::size_t shard_ = 0; // of keys and tombstones
  std::string from_;      // the first key of the stage that is not out yet
  std::uint64_t records_ = 0;
  std::string ready_; // encoded; out as far as `given_`
  std::size_t given_ = 0;
};

class state_decoder {
public:
  explicit state_decoder(std::size_t shard_count = kv_shards_default)
      : made_(shard_count) {}

  /// Takes the next bytes. After a failure every call fails alike.
  status feed(std::string_view bytes);
  /// The state, when the stream came to its end.
  result<state> finish() &&;

private:
  status take(std::string_view record);
  status take_begin(std::string_view body);
  status take_end(std::string_view body);
  status take_part(std::string_view body);
  status take_autopilot(std::string_view body);
  status take_index(state_record kind, std::string_view body);
  template <class Record>
  status take_record(std::string_view body);

  state made_;
  state_record stage_ = state_record::begin;
  bool begun_ = false;
  bool ended_ = false;
  std::uint64_t records_ = 0;
  std::string pending_; // the part of a record that has come so far
  std::optional<error> failure_;
};

} // namespace praetor::storage
