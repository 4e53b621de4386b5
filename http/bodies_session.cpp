#include "http/bodies_parts.hpp"

namespace praetor::http {
namespace {

namespace bj = boost::json;

// A lock delay below this many nanoseconds was meant in seconds.
constexpr std::int64_t lock_delay_threshold = 1000;

status read_lock_delay(const bj::value& value, span& out) {
  out = {}; // also for what is neither text nor a number
  if (auto ok = read_duration(value, out); !ok)
    return ok;
  if (out.count() >= lock_delay_threshold)
    return {};
  // Negative delays overflow here; unsigned numbers may.
  auto wide = static_cast<std::uint64_t>(out.count()) * 1'000'000'000u;
  out = span{static_cast<std::int64_t>(wide)};
  return {};
}

bool service_checks(json_field& f, std::vector<std::string>& out) {
  if (!f.is("ServiceChecks"))
    return false;
  out.clear();
  auto place = f.inner("ServiceCheck");
  return f.list(
      "ServiceChecks", "[]structs.ServiceCheck", [&](const bj::value& one) {
        auto& id = out.emplace_back();
        std::string in_namespace;
        if (!one.is_object() && !one.is_null())
          f.mismatch(one, "structs.ServiceCheck");
        read_object(
            one, place, f.errors(), unknown::ignored, [&](json_field& g) {
              return g.string("ID", id) || g.string("Namespace", in_namespace);
            });
      });
}

} // namespace

result<session_wish> read_session(std::string_view body) {
  session_wish out;
  auto& session = out.session;
  session.node_checks = {"serfHealth"};
  if (body.empty())
    return out;
  const bj::value* lock_delay = nullptr;
  bool checks_given = false;
  auto ok = parts::read_body(
      body, "structs.Session",
      [&](const bj::value& value, decode_errors& errors) {
        read_object(value, {}, errors, unknown::ignored, [&](json_field& f) {
          checks_given = checks_given || f.is("Checks");
          return f.string("ID", session.id) || f.string("Name", session.name) ||
                 f.string("Node", session.node) ||
                 f.later("LockDelay", lock_delay) ||
                 f.string("Behavior", out.behavior,
                          "structs.SessionBehavior") ||
                 f.string("TTL", session.ttl) ||
                 f.strings("Checks", out.hidden_checks, "types.CheckID") ||
                 f.strings("NodeChecks", session.node_checks) ||
                 service_checks(f, session.service_checks) ||
                 f.integer("CreateIndex", session.created) ||
                 f.integer("ModifyIndex", session.modified);
        });
        if (!lock_delay || errors.failed())
          return;
        if (auto parsed = read_lock_delay(*lock_delay, session.lock_delay);
            !parsed)
          errors.end(parsed.failure().text);
      });
  if (!ok)
    return ok.failure();
  // The older list, if empty, asks for no checks at all.
  if (checks_given && out.hidden_checks.empty())
    session.node_checks.clear();
  session.created = session.modified = 0;
  return out;
}

} // namespace praetor::http
