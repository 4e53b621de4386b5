#pragma once

// A value or an error. Errors say what was given and what was allowed; the
// code tells callers what kind of trouble it is without reading the text.

#include "protocol/base/assert.hpp"

#include <string>
#include <utility>
#include <variant>

namespace praetor {

/// What kind of failure. The text beside it names the subject and numbers.
enum class errc : unsigned char {
  ok,
  bad_input,   // the caller's words are wrong: field and limit in the text
  not_found,   // the named thing does not exist
  too_large,   // over a named limit
  conflict,    // a precondition did not hold
  no_leader,   // nobody can accept the write now
  unavailable, // a queue is full or the node is stopping
  in_doubt,    // it was under way: it may have happened, or may yet
  timed_out,   // a deadline passed
  denied,      // switched off or not permitted
  unsupported, // known, and honestly not done by this build
  corrupt,     // stored bytes fail their checks
  io,          // the operating system refused
  disk_full,   // no room was left; nothing was taken, and later there may be
  internal,    // a bug that was survived
};

struct error {
  errc code = errc::internal;
  std::string text;

  friend bool operator==(const error&, const error&) = default;
};

inline error fail(errc code, std::string text) {
  PRAETOR_ASSERT(code != errc::ok);
  return {code, std::move(text)};
}

/// Either a T or an error. Reading the side that is absent is a bug.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  result(error why) : content_(std::in_place_index<1>, std::move(why)) {}

  [[nodiscard]] bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    PRAETOR_ASSERT(has_value());
    return *std::get_if<0>(&content_);
  }
  const T& value() const& {
    PRAETOR_ASSERT(has_value());
    return *std::get_if<0>(&content_);
  }
  T&& value() && {
    PRAETOR_ASSERT(has_value());
    return std::move(*std::get_if<0>(&content_));
  }
  const error& failure() const {
    PRAETOR_ASSERT(!has_value());
    return *std::get_if<1>(&content_);
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

private:
  std::variant<T, error> content_;
};

/// Success without a value, or an error.
class [[nodiscard]] status {
public:
  status() = default;
  status(error why) : failed_(true), failure_(std::move(why)) {}

  [[nodiscard]] bool has_value() const { return !failed_; }
  explicit operator bool() const { return !failed_; }
  const error& failure() const {
    PRAETOR_ASSERT(failed_);
    return failure_;
  }

private:
  bool failed_ = false;
  error failure_;
};

} // namespace praetor
