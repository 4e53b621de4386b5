#pragma once

// The bytes of the records, for the log and for snapshots. One description of
// the fields serves both directions: `fields(archive, x)` writes x or reads
// it, in the order of the struct. Integers are varints, strings a varint
// length and the bytes, optional parts a boolean first. What is written here
// lives on disk: a new field needs a new tag where the record is used.

#include "protocol/base/bytes.hpp"
#include "protocol/model/command.hpp"

#include <concepts>

namespace praetor::model::archive {

struct writer {
  byte_writer out;

  void number(const std::uint64_t& x) { out.varint(x); }
  void integer(const int& x) { out.svarint(x); }
  void flag(const bool& x) { out.boolean(x); }
  void text(const std::string& x) { out.bytes(x); }
  void time(const span& x) { out.svarint(x.count()); }
  template <class Enum>
  void small(const Enum& x, Enum) {
    out.u8(static_cast<std::uint8_t>(x));
  }
  template <class T, class Each>
  void list(const std::vector<T>& xs, Each each) {
    out.varint(xs.size());
    for (auto& x : xs)
      each(*this, x);
  }
  template <class T, class Each>
  void map(const std::map<std::string, T>& xs, Each each) {
    out.varint(xs.size());
    for (auto& [key, value] : xs) {
      text(key);
      each(*this, value);
    }
  }
  template <class T, class Each>
  void maybe(const std::optional<T>& x, Each each) {
    flag(x.has_value());
    if (x)
      each(*this, *x);
  }
};

struct reader {
  byte_reader in;
  bool bad = false;

  bool failed() const { return bad || in.failed(); }
  void number(std::uint64_t& x) { x = in.varint(); }
  void integer(int& x) {
    auto wide = in.svarint();
    bad = bad || wide < INT32_MIN || wide > INT32_MAX;
    x = static_cast<int>(wide);
  }
  void flag(bool& x) { x = in.boolean(); }
  void text(std::string& x) { x = in.bytes(); }
  void time(span& x) { x = span{in.svarint()}; }
  template <class Enum>
  void small(Enum& x, Enum last) {
    auto byte = in.u8();
    bad = bad || byte > static_cast<std::uint8_t>(last);
    x = static_cast<Enum>(byte);
  }
  template <class T, class Each>
  void list(std::vector<T>& xs, Each each) {
    for (auto n = in.count(); n > 0 && !failed(); --n)
      each(*this, xs.emplace_back());
  }
  template <class T, class Each>
  void map(std::map<std::string, T>& xs, Each each) {
    for (auto n = in.count(); n > 0 && !failed(); --n) {
      auto key = in.bytes();
      each(*this, xs[key]);
    }
  }
  template <class T, class Each>
  void maybe(std::optional<T>& x, Each each) {
    if (in.boolean())
      each(*this, x.emplace());
  }
};

/// That type or the same as const: what is written is const.
template <class T, class Record>
concept is_a = std::same_as<std::remove_const_t<T>, Record>;

inline constexpr auto as_text = [](auto& a, auto& x) { a.text(x); };
inline constexpr auto as_text_map = [](auto& a, auto& x) { a.map(x, as_text); };

template <class Archive, is_a<kv_operation> T>
void fields(Archive& a, T& x) {
  auto& [verb, key, value, flags, index, session] = x;
  a.small(verb, kv_verb_last);
  a.text(key);
  a.text(value);
  a.number(flags);
  a.number(index);
  a.text(session);
}

template <class Archive, is_a<kv_entry> T>
void fields(Archive& a, T& x) {
  auto& [key, value, flags, lock_index, session, created, modified] = x;
  a.text(key);
  a.text(value);
  a.number(flags);
  a.number(lock_index);
  a.text(session);
  a.number(created);
  a.number(modified);
}

template <class Archive, is_a<node> T>
void fields(Archive& a, T& x) {
  auto& [id, name, address, datacenter, tagged, meta, created, modified] = x;
  a.text(id);
  a.text(name);
  a.text(address);
  a.text(datacenter);
  a.maybe(tagged, as_text_map);
  a.maybe(meta, as_text_map);
  a.number(created);
  a.number(modified);
}

template <class Archive, is_a<service_proxy> T>
void fields(Archive& a, T& x) {
  auto& [name, id, address, port, gateway, config, upstreams, expose] = x;
  a.text(name);
  a.text(id);
  a.text(address);
  a.integer(port);
  a.text(gateway);
  a.text(config);
  a.text(upstreams);
  a.text(expose);
}

template <class Archive, is_a<service> T>
void fields(Archive& a, T& x) {
  auto& [node, kind, id, name, tags, address, tagged, meta, port, socket,
         weights, override_tags, proxy, native, created, modified] = x;
  a.text(node);
  a.text(kind);
  a.text(id);
  a.text(name);
  a.list(tags, as_text);
  a.text(address);
  a.maybe(tagged, [](auto& b, auto& all) {
    b.map(all, [](auto& c, auto& one) {
      c.text(one.address);
      c.integer(one.port);
    });
  });
  a.maybe(meta, as_text_map);
  a.integer(port);
  a.text(socket);
  a.integer(weights.passing);
  a.integer(weights.warning);
  a.flag(override_tags);
  fields(a, proxy);
  a.flag(native);
  a.number(created);
  a.number(modified);
}

template <class Archive, is_a<check_definition> T>
void fields(Archive& a, T& x) {
  auto& [http, skip_verify, method, header, body, tcp, interval, timeout,
         deregister_after] = x;
  a.text(http);
  a.flag(skip_verify);
  a.text(method);
  a.map(header, [](auto& b, auto& values) { b.list(values, as_text); });
  a.text(body);
  a.text(tcp);
  a.time(interval);
  a.time(timeout);
  a.time(deregister_after);
}

template <class Archive, is_a<check> T>
void fields(Archive& a, T& x) {
  auto& [node, id, name, status, notes, output, service_id, service_name, tags,
         type, definition, created, modified] = x;
  a.text(node);
  a.text(id);
  a.text(name);
  a.text(status);
  a.text(notes);
  a.text(output);
  a.text(service_id);
  a.text(service_name);
  a.list(tags, as_text);
  a.text(type);
  fields(a, definition);
  a.number(created);
  a.number(modified);
}

template <class Archive, is_a<session> T>
void fields(Archive& a, T& x) {
  auto& [id, name, node, delay, behavior, ttl, node_checks, service_checks,
         hidden_checks, created, modified] = x;
  a.text(id);
  a.text(name);
  a.text(node);
  a.time(delay);
  a.small(behavior, session_behavior::remove);
  a.text(ttl);
  a.list(node_checks, as_text);
  a.list(service_checks, as_text);
  a.list(hidden_checks, as_text);
  a.number(created);
  a.number(modified);
}

template <class Archive, is_a<prepared_query> T>
void fields(Archive& a, T& x) {
  auto& [id, name, session, token, pattern, wanted, ttl, created, modified] = x;
  auto& [type, regexp, remove_empty] = pattern;
  auto& [service, failover, only_passing, ignored, near, tags, node_meta,
         service_meta, connect] = wanted;
  auto as_texts = [](auto& b, auto& list) { b.list(list, as_text); };
  for (auto* one : {&id, &name, &session, &token, &type, &regexp})
    a.text(*one);
  a.flag(remove_empty);
  a.text(service);
  a.integer(failover.nearest_n);
  a.maybe(failover.datacenters, as_texts);
  a.flag(only_passing);
  a.maybe(ignored, as_texts);
  a.text(near);
  a.maybe(tags, as_texts);
  a.maybe(node_meta, as_text_map);
  a.maybe(service_meta, as_text_map);
  a.flag(connect);
  a.text(ttl);
  a.number(created);
  a.number(modified);
}

template <class Archive, is_a<autopilot_config> T>
void fields(Archive& a, T& x) {
  auto& [cleanup, contact, trailing, quorum, stabilization, zone, no_migration,
         upgrade, created, modified] = x;
  a.flag(cleanup);
  a.time(contact);
  a.number(trailing);
  a.number(quorum);
  a.time(stabilization);
  a.text(zone);
  a.flag(no_migration);
  a.text(upgrade);
  a.number(created);
  a.number(modified);
}

inline constexpr auto as_fields = [](auto& a, auto& x) { fields(a, x); };

} // namespace praetor::model::archive
