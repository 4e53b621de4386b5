#pragma once

// JSON text, appended straight to a string in the format of Go's
// encoding/json: clients compare and hash what they get. Pretty text is
// indented by four blanks; empty containers stay on one line. The newline
// that follows a pretty document is the caller's.
//
// Calls must be balanced; a wrong order is a bug and yields wrong text.

#include "protocol/base/assert.hpp"
#include "protocol/model/prepared_query.hpp"
#include "protocol/model/records.hpp"

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace praetor::http {

class json_writer {
public:
  explicit json_writer(std::string& out, bool pretty = false)
      : out_(out), pretty_(pretty) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  /// The name of the next value; a literal that needs no escapes.
  template <std::size_t N>
  void key(const char (&name)[N]) {
    separate();
    out_.push_back('"');
    out_.append(name, N - 1);
    end_key();
  }
  /// A name out of data, with escapes.
  void key_text(std::string_view name) {
    separate();
    quote(name);
    out_.pop_back();
    end_key();
  }

  void string(std::string_view text) {
    before_value();
    quote(text);
  }
  template <std::integral T>
  void number(T value) {
    before_value();
    char digits[24]; // 20 digits and a sign
    auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
  }
  void number(double value);
  void boolean(bool value) {
    before_value();
    out_.append(value ? "true" : "false");
  }
  void null() {
    before_value();
    out_.append("null", 4);
  }
  /// The bytes in standard base64 (RFC 4648, section 4), as a string.
  void base64(std::string_view bytes);
  /// A value that is JSON already; indented anew in pretty text.
  void raw(std::string_view json);

  template <std::size_t N>
  void field(const char (&name)[N], std::string_view text) {
    key(name);
    string(text);
  }
  template <std::size_t N, std::same_as<bool> T>
  void field(const char (&name)[N], T value) {
    key(name);
    boolean(value);
  }
  template <std::size_t N, std::integral T>
  requires(!std::same_as<T, bool>) void field(const char (&name)[N], T value) {
    key(name);
    number(value);
  }

private:
  void open(char bracket) {
    before_value();
    out_.push_back(bracket);
    ++depth_;
    first_ = true;
  }
  void close(char bracket) {
    PRAETOR_ASSERT(depth_ > 0);
    --depth_;
    if (pretty_ && !first_)
      new_line();
    out_.push_back(bracket);
    first_ = false;
  }
  void separate() {
    if (!first_)
      out_.push_back(',');
    first_ = false;
    if (pretty_)
      new_line();
  }
  void before_value() {
    if (after_key_)
      after_key_ = false;
    else if (depth_ > 0)
      separate();
  }
  void end_key() {
    if (pretty_)
      out_.append("\": ", 3);
    else
      out_.append("\":", 2);
    after_key_ = true;
  }
  void new_line();
  void quote(std::string_view text);

  std::string& out_;
  std::size_t depth_ = 0;
  bool pretty_;
  bool first_ = true;      // nothing yet in the open container
  bool after_key_ = false; // the next value belongs to a key
};

// Records in Consul's field names and order.

void write(json_writer& json, const model::kv_entry& entry);
void write(json_writer& json, const model::node& node);
void write(json_writer& json, const model::check& check);
void write(json_writer& json, const model::session& session);
void write(json_writer& json, const model::service_entry& entry);
void write(json_writer& json, const model::prepared_query& query);

/// The flat form of /v1/catalog/service: one object of node and service.
void write_catalog_service(json_writer& json, const model::node& node,
                           const model::service& service);
/// The form inside /v1/catalog/node and /v1/health/service.
void write_node_service(json_writer& json, const model::service& service);
/// The form of /v1/agent/services; with a hash that of /v1/agent/service.
void write_agent_service(json_writer& json, const model::service& service,
                         std::string_view content_hash = {});
/// The form of checks in /v1/agent/health, whose definition is always blank.
void write_agent_health_check(json_writer& json, const model::check& check);
/// The results of a transaction repeat less of a service and of a check.
void write_transaction_service(json_writer& json,
                               const model::service& service);
void write_transaction_check(json_writer& json, const model::check& check);

} // namespace praetor::http
