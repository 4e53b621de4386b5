#include "actors/sim/history.hpp"

#include "protocol/base/assert.hpp"

#include <cstdio>

namespace praetor::actors::sim {
namespace {

operation single(part what) {
  operation out;
  out.parts.push_back(std::move(what));
  return out;
}

const char* name_of(verb what) {
  switch (what) {
  case verb::get:
    return "get";
  case verb::list:
    return "list";
  case verb::put:
    return "put";
  case verb::cas:
    return "cas";
  case verb::remove:
    return "delete";
  case verb::remove_cas:
    return "delete-cas";
  case verb::check_index:
    return "check-index";
  case verb::check_absent:
    return "check-absent";
  }
  PRAETOR_ASSERT(false);
}

bool has_index(verb what) {
  return what == verb::cas || what == verb::remove_cas ||
         what == verb::check_index;
}

std::string describe(const part& what, bool is_answered) {
  auto text = std::string(name_of(what.what)) + " " + what.key;
  if (has_index(what.what))
    text += " if index " + std::to_string(what.index);
  if (what.what == verb::put || what.what == verb::cas)
    text += " = \"" + what.value + "\"";
  if (!is_answered || (what.what != verb::get && what.what != verb::list))
    return text;
  text += " ->";
  if (what.rows.empty())
    text += " nothing";
  for (auto& seen : what.rows) {
    text += what.what == verb::list ? " " + seen.key + "=\"" : " \"";
    text += seen.value + "\"";
    if (seen.modified != 0)
      text += " (index " + std::to_string(seen.modified) + ")";
  }
  return text;
}

std::string seconds(instant at) {
  char text[32];
  auto ms = std::chrono::duration<double, std::milli>(at.time_since_epoch());
  std::snprintf(text, sizeof text, "%.3f", ms.count() / 1000);
  return text;
}

const char* ending(const operation& what) {
  switch (what.how) {
  case outcome::unknown:
    return ": no answer";
  case outcome::accepted:
    return "";
  case outcome::refused:
    return ": refused";
  case outcome::nothing:
    return ": failed, no effect";
  }
  PRAETOR_ASSERT(false);
}

} // namespace

operation get(std::string key) {
  return single({verb::get, std::move(key), {}, 0, {}});
}

operation list(std::string prefix) {
  return single({verb::list, std::move(prefix), {}, 0, {}});
}

operation put(std::string key, std::string value) {
  return single({verb::put, std::move(key), std::move(value), 0, {}});
}

operation cas(std::string key, modify_index index, std::string value) {
  return single({verb::cas, std::move(key), std::move(value), index, {}});
}

operation remove(std::string key) {
  return single({verb::remove, std::move(key), {}, 0, {}});
}

operation transaction(std::vector<part> parts) {
  operation out;
  out.is_transaction = true;
  out.parts = std::move(parts);
  return out;
}

operation stale(operation read) {
  read.is_stale = true;
  return read;
}

history::id history::invoke(std::uint32_t client, instant at, operation what) {
  PRAETOR_ASSERT(!what.parts.empty());
  what.client = client;
  what.invoked = at;
  what.how = outcome::unknown;
  what.began = ++events_;
  what.ended = 0;
  operations_.push_back(std::move(what));
  return operations_.size() - 1;
}

void history::end(id which, instant at, outcome how) {
  PRAETOR_ASSERT(which < operations_.size());
  auto& what = operations_[which];
  PRAETOR_ASSERT(what.ended == 0);
  what.how = how;
  what.returned = at;
  what.ended = ++events_;
}

void history::accept(id which, instant at, std::vector<std::vector<row>> rows,
                     modify_index index) {
  end(which, at, outcome::accepted);
  auto& what = operations_[which];
  what.index = index;
  PRAETOR_ASSERT(rows.size() <= what.parts.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    what.parts[i].rows = std::move(rows[i]);
}

void history::refuse(id which, instant at) {
  end(which, at, outcome::refused);
}

void history::withdraw(id which, instant at) {
  end(which, at, outcome::nothing);
}

std::string describe(const operation& what) {
  auto text = "[" + seconds(what.invoked) + "s .. ";
  text += what.ended == 0 ? "?" : seconds(what.returned) + "s";
  text += "] client " + std::to_string(what.client) + ": ";
  if (what.is_stale)
    text += "stale ";
  if (what.is_transaction)
    text += "txn {";
  bool is_answered = what.how == outcome::accepted;
  for (std::size_t i = 0; i < what.parts.size(); ++i)
    text += (i > 0 ? "; " : "") + describe(what.parts[i], is_answered);
  if (what.is_transaction)
    text += "}";
  text += ending(what);
  if (what.index != 0)
    text += ", at index " + std::to_string(what.index);
  return text;
}

} // namespace praetor::actors::sim
