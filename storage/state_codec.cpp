#include "storage/state_codec.hpp"

#include "protocol/model/archive.hpp"

#include <algorithm>

namespace praetor::storage {
namespace {

namespace archive = model::archive;

// The stream's own version, in its first record. Version 1 had no prepared
// queries and could not be restored; it is still read.
constexpr std::uint64_t stream_version = 2;

constexpr std::size_t size_bytes = 4; // before each record: a u32

modify_index newest_change(const state& of) {
  modify_index newest = 0;
  for (auto& shard : of.shards)
    newest = std::max(newest, shard.last_changed());
  return newest;
}

std::uint32_t size_at(std::string_view bytes) {
  PRAETOR_ASSERT(bytes.size() >= size_bytes);
  return byte_reader(bytes).u32();
}

struct begin_fields {
  std::uint64_t version = stream_version;
  modify_index applied = 0;
  modify_index keys_changed = 0;
  catalog_table::table_indexes catalog;
  modify_index queries_changed = 0;
  modify_index ahead = 0;
  modify_index restored = 0;
};

template <class Archive, archive::is_a<begin_fields> T>
void fields(Archive& a, T& x) {
  auto& [version, applied, keys_changed, catalog, queries, ahead, restored] = x;
  auto& [nodes, services, checks, sessions, last_extinction] = catalog;
  for (auto* one : {&version, &applied, &keys_changed, &nodes, &services,
                    &checks, &sessions, &last_extinction})
    a.number(*one);
  if (version < 2)
    return;
  for (auto* one : {&queries, &ahead, &restored})
    a.number(*one);
}

// A piece of a restore.
struct part_fields {
  std::string id;
  std::string bytes;
};

template <class Archive, archive::is_a<part_fields> T>
void fields(Archive& a, T& x) {
  auto& [id, bytes] = x;
  a.text(id);
  a.text(bytes);
}

// The place of a kind among the others; behind all if there is no such kind.
std::size_t rank_of(state_record kind) {
  auto found =
      std::find(state_record_order.begin(), state_record_order.end(), kind);
  return static_cast<std::size_t>(found - state_record_order.begin());
}

// A name and an index: tombstones, and the indexes of services.
struct named_index {
  std::string name;
  modify_index at = 0;
};

template <class Archive, archive::is_a<named_index> T>
void fields(Archive& a, T& x) {
  auto& [name, at] = x;
  a.text(name);
  a.number(at);
}

template <class T>
result<T> decode(std::string_view body) {
  archive::reader in{byte_reader(body)};
  T made;
  fields(in, made);
  if (in.failed() || !in.in.at_end())
    return fail(errc::corrupt, "state: a record that cannot be read");
  return made;
}

} // namespace

bool state_encoder::is_full() const {
  return ready_.size() - given_ >= state_chunk_bytes_max;
}

std::string state_encoder::next() {
  if (!is_full() && stage_) {
    ready_.erase(0, given_);
    given_ = 0;
    fill();
  }
  auto size = std::min(ready_.size() - given_, state_chunk_bytes_max);
  auto chunk = ready_.substr(given_, size);
  given_ += size;
  PRAETOR_ASSERT(given_ <= ready_.size());
  PRAETOR_ASSERT(!chunk.empty() || !stage_);
  return chunk;
}

template <class Write>
void state_encoder::add(state_record kind, Write write) {
  auto start = ready_.size();
  ready_.append(size_bytes, '\0');
  archive::writer out{byte_writer(ready_)};
  out.out.u8(static_cast<std::uint8_t>(kind));
  write(out);
  auto size = ready_.size() - start - size_bytes;
  PRAETOR_ASSERT(size <= state_record_bytes_max);
  std::string prefix;
  byte_writer(prefix).u32(static_cast<std::uint32_t>(size));
  PRAETOR_ASSERT(prefix.size() == size_bytes);
  ready_.replace(start, size_bytes, prefix);
  ++records_;
}

// Goes on with the stage until the chunk is full or the stage is through.
template <class Tree, class Write>
void state_encoder::add_some(state_record kind, Tree tree, Write write) {
  auto from = std::exchange(from_, {});
  bool through = true;
  tree(from, [&](const std::string& key, auto& value) {
    add(kind, [&](archive::writer& out) { write(out, key, value); });
    through = !is_full();
    if (!through)
      from_ = next_after(key);
    return through;
  });
  if (through)
    advance();
}

void state_encoder::advance() {
  PRAETOR_ASSERT(stage_);
  PRAETOR_ASSERT(from_.empty());
  bool sharded =
      *stage_ == state_record::kv_entry || *stage_ == state_record::tombstone;
  if (sharded && ++shard_ < what_.shards.size())
    return;
  shard_ = 0;
  if (*stage_ == state_record::end)
    stage_.reset();
  else
    stage_ = state_record_order[rank_of(*stage_) + 1];
}

void state_encoder::add_begin() {
  begin_fields begin;
  begin.applied = what_.applied;
  begin.keys_changed = newest_change(what_);
  begin.catalog = what_.catalog.indexes();
  begin.queries_changed = what_.queries.changed();
  begin.ahead = what_.ahead;
  begin.restored = what_.restored;
  PRAETOR_ASSERT(begin.keys_changed <= newest_index(what_));
  add(state_record::begin,
      [&](archive::writer& out) { fields(out, std::as_const(begin)); });
  advance();
}

void state_encoder::add_autopilot() {
  if (what_.autopilot)
    add(state_record::autopilot,
        [&](archive::writer& out) { fields(out, *what_.autopilot); });
  advance();
}

void state_encoder::add_catalog() {
  auto& catalog = what_.catalog;
  auto kind = *stage_;
  auto record = [](auto& out, auto&, auto& value) { fields(out, *value); };
  auto index = [](auto& out, auto& key, modify_index at) {
    const named_index pair{key, at};
    fields(out, pair);
  };
  switch (kind) {
  case state_record::service_index:
    return add_some(
        kind, [&](auto& f, auto v) { catalog.each_service_index_from(f, v); },
        index);
  case state_record::connect_index:
    return add_some(
        kind, [&](auto& f, auto v) { catalog.each_connect_index_from(f, v); },
        index);
  case state_record::node:
    return add_some(
        kind, [&](auto& f, auto v) { catalog.each_node_from(f, v); }, record);
  case state_record::service:
    return add_some(
        kind, [&](auto& f, auto v) { catalog.each_service_from(f, v); },
        record);
  case state_record::check:
    return add_some(
        kind, [&](auto& f, auto v) { catalog.each_check_from(f, v); }, record);
  case state_record::session:
    return add_some(
        kind, [&](auto& f, auto v) { catalog.each_session_from(f, v); },
        record);
  default:
    PRAETOR_ASSERT(!"not of the catalogue");
  }
}

void state_encoder::add_parts() {
  for (auto& part : what_.restoring.parts) {
    const part_fields one{what_.restoring.id, *part};
    add(state_record::restore_part,
        [&](archive::writer& out) { fields(out, one); });
  }
  advance();
}

void state_encoder::fill() {
  while (stage_ && !is_full()) {
    switch (*stage_) {
    case state_record::begin:
      add_begin();
      break;
    case state_record::kv_entry:
      add_some(
          *stage_,
          [&](auto& f, auto v) { what_.shards[shard_].each_from(f, v); },
          [](auto& out, auto&, auto& value) { fields(out, *value); });
      break;
    case state_record::tombstone:
      add_some(
          *stage_,
          [&](auto& f, auto v) {
            what_.shards[shard_].each_tombstone_from(f, v);
          },
          [](auto& out, auto& key, modify_index at) {
            const named_index pair{key, at};
            fields(out, pair);
          });
      break;
    case state_record::prepared_query:
      add_some(
          *stage_, [&](auto& f, auto v) { what_.queries.each_from(f, v); },
          [](auto& out, auto&, auto& value) { fields(out, *value); });
      break;
    case state_record::restore_part:
      add_parts();
      break;
    case state_record::autopilot:
      add_autopilot();
      break;
    case state_record::end: {
      auto before = records_;
      add(state_record::end, [&](archive::writer& out) { out.number(before); });
      advance();
      break;
    }
    default:
      add_catalog();
    }
  }
}

status state_decoder::feed(std::string_view bytes) {
  if (failure_)
    return *failure_;
  pending_.append(bytes);
  std::string_view left = pending_;
  while (left.size() >= size_bytes) {
    auto size = size_at(left);
    if (size > state_record_bytes_max)
      failure_ =
          fail(errc::corrupt, "state: a record of " + std::to_string(size) +
                                  " bytes; allowed are " +
                                  std::to_string(state_record_bytes_max));
    else if (left.size() - size_bytes < size)
      break;
    else if (auto ok = take(left.substr(size_bytes, size)); !ok)
      failure_ = ok.failure();
    if (failure_)
      return *failure_;
    left.remove_prefix(size_bytes + size);
  }
  pending_.erase(0, pending_.size() - left.size());
  return {};
}

status state_decoder::take(std::string_view record) {
  auto tag = record.empty() ? 0 : static_cast<unsigned char>(record[0]);
  auto kind = static_cast<state_record>(tag);
  if (rank_of(kind) == state_record_order.size())
    return fail(errc::corrupt,
                "state: a record of unknown kind " + std::to_string(tag));
  auto body = record.substr(1);
  if (ended_ || rank_of(kind) < rank_of(stage_) ||
      begun_ == (kind == state_record::begin))
    return fail(errc::corrupt, "state: a record of kind " +
                                   std::to_string(tag) + " out of its order");
  stage_ = kind;
  ++records_;
  switch (kind) {
  case state_record::begin:
    return take_begin(body);
  case state_record::tombstone:
  case state_record::service_index:
  case state_record::connect_index:
    return take_index(kind, body);
  case state_record::kv_entry:
    return take_record<model::kv_entry>(body);
  case state_record::node:
    return take_record<model::node>(body);
  case state_record::service:
    return take_record<model::service>(body);
  case state_record::check:
    return take_record<model::check>(body);
  case state_record::session:
    return take_record<model::session>(body);
  case state_record::prepared_query:
    return take_record<model::prepared_query>(body);
  case state_record::restore_part:
    return take_part(body);
  case state_record::autopilot:
    return take_autopilot(body);
  case state_record::end:
    return take_end(body);
  }
  PRAETOR_ASSERT(!"the range was checked");
  return {};
}

status state_decoder::take_begin(std::string_view body) {
  PRAETOR_ASSERT(records_ == 1);
  // Another version may have other fields, so it is looked at first.
  auto version = byte_reader(body).varint();
  if (version < 1 || version > stream_version)
    return fail(errc::unsupported, "state: version " + std::to_string(version) +
                                       "; this build reads 1 to " +
                                       std::to_string(stream_version));
  auto begin = decode<begin_fields>(body);
  if (!begin)
    return begin.failure();
  auto& catalog = begin->catalog;
  auto newest =
      std::max({begin->keys_changed, catalog.nodes, catalog.services,
                catalog.checks, catalog.sessions, catalog.last_extinction,
                begin->queries_changed, begin->restored});
  constexpr auto ahead_max = UINT64_MAX / 2;
  bool in_range = begin->ahead == 0 ||
                  (begin->ahead <= ahead_max && begin->applied <= ahead_max);
  auto last = begin->applied + begin->ahead;
  if (newest > last || !in_range)
    return fail(errc::corrupt, "state: a change at index " +
                                   std::to_string(newest) +
                                   " after the last, " + std::to_string(last));
  made_.applied = begin->applied;
  made_.ahead = begin->ahead;
  made_.restored = begin->restored;
  made_.queries.restore_changed(begin->queries_changed);
  // Clients see the newest of all shards only.
  for (auto& shard : made_.shards)
    shard.restore_last_changed(begin->keys_changed);
  made_.catalog.restore(catalog);
  begun_ = true;
  return {};
}

status state_decoder::take_index(state_record kind, std::string_view body) {
  auto read = decode<named_index>(body);
  if (!read)
    return read.failure();
  auto& [name, at] = *read;
  if (at > newest_index(made_))
    return fail(errc::corrupt, "state: index " + std::to_string(at) +
                                   " after the last, " +
                                   std::to_string(newest_index(made_)));
  if (kind == state_record::service_index)
    return made_.catalog.restore_service_index(name, at);
  if (kind == state_record::connect_index)
    return made_.catalog.restore_connect_index(name, at);
  PRAETOR_ASSERT(kind == state_record::tombstone);
  return made_.shards[shard_of(name, made_.shards.size())].restore_tombstone(
      name, at);
}

template <class Record>
status state_decoder::take_record(std::string_view body) {
  auto read = decode<Record>(body);
  if (!read)
    return read.failure();
  if constexpr (std::is_same_v<Record, model::kv_entry>) {
    auto& shard = made_.shards[shard_of(read->key, made_.shards.size())];
    return shard.restore(*std::move(read));
  } else if constexpr (std::is_same_v<Record, model::prepared_query>) {
    return made_.queries.restore(*std::move(read));
  } else {
    return made_.catalog.restore(*std::move(read));
  }
}

status state_decoder::take_part(std::string_view body) {
  auto read = decode<part_fields>(body);
  if (!read)
    return read.failure();
  auto& now = made_.restoring;
  bool fits = now.parts.empty() || now.id == read->id;
  if (!fits || now.bytes + read->bytes.size() > restore_bytes_max)
    return fail(errc::corrupt, "state: a part of a restore does not fit the " +
                                   std::to_string(now.parts.size()) +
                                   " before it");
  now.id = read->id;
  now.bytes += read->bytes.size();
  now.parts.push_back(
      std::make_shared<const std::string>(std::move(read->bytes)));
  return {};
}

status state_decoder::take_autopilot(std::string_view body) {
  auto read = decode<model::autopilot_config>(body);
  if (!read)
    return read.failure();
  if (made_.autopilot || read->modified > newest_index(made_) ||
      read->created > read->modified)
    return fail(errc::corrupt,
                "state: a second autopilot configuration, or one that was "
                "changed at " +
                    std::to_string(read->modified) + ", after the last index");
  made_.autopilot =
      std::make_shared<const model::autopilot_config>(*std::move(read));
  return {};
}

status state_decoder::take_end(std::string_view body) {
  byte_reader in(body);
  auto expected = in.varint();
  if (in.failed() || !in.at_end() || expected != records_ - 1)
    return fail(errc::corrupt, "state: " + std::to_string(records_ - 1) +
                                   " records where " +
                                   std::to_string(expected) + " should be");
  ended_ = true;
  return {};
}

result<state> state_decoder::finish() && {
  if (failure_)
    return *failure_;
  if (!ended_ || !pending_.empty())
    return fail(errc::corrupt, "state: the stream ends after " +
                                   std::to_string(records_) +
                                   " records, before its end");
  PRAETOR_ASSERT(begun_);
  return std::move(made_);
}

} // namespace praetor::storage
