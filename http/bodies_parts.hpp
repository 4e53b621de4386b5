#pragma once

// Parts that several bodies have in common. Some of Consul's structs decode
// themselves: they know spellings with underscores, decide on their own
// whether to refuse unknown fields, and end the decoding when they fail.

#include "http/bodies.hpp"
#include "http/json_read.hpp"

namespace praetor::http::parts {

/// Decodes a value of a struct that decodes itself. `fields(value, place,
/// errors)` reads an object.
template <class Fn>
void read_opaque(const boost::json::value& value, const json_place& place,
                 decode_errors& errors, std::string_view go_type, Fn fields) {
  if (value.is_null())
    return;
  decode_errors own;
  if (value.is_object())
    fields(value, place, own);
  else
    own.save(wrong_type(value, "struct field " + place.type + "." + place.path,
                        go_type));
  if (own.failed())
    errors.end(own.text());
}

/// The field `name`, of a struct that decodes itself.
template <class Fn>
bool opaque(json_field& f, std::string_view name, std::string_view go_type,
            Fn fields) {
  if (!f.is(name))
    return false;
  read_opaque(f.value(), f.opaque(), f.errors(), go_type, fields);
  return true;
}

/// The field `name`, of an ordinary struct.
template <class Fn>
bool nested(json_field& f, std::string_view name, std::string_view package,
            std::string_view type, Fn fields) {
  if (!f.is(name))
    return false;
  if (f.value().is_object())
    fields(f.value(), f.inner(type), f.errors());
  else if (!f.value().is_null())
    f.mismatch(f.value(), std::string(package) + "." + std::string(type));
  return true;
}

/// Parses the body, which has to be an object or null, and reads its fields.
template <class Fn>
status read_body(std::string_view body, std::string_view go_type, Fn fields) {
  auto value = parse_json(body);
  if (!value)
    return value.failure();
  decode_errors errors;
  if (!value->is_object() && !value->is_null())
    errors.save(wrong_type(*value, "value", go_type));
  fields(*value, errors);
  if (errors.failed())
    return fail(errc::bad_input, errors.text());
  return {};
}

using address_map = std::map<std::string, model::service_address>;

bool tagged_addresses(json_field& f, std::string_view name,
                      std::optional<address_map>& out);
bool weights(json_field& f, std::optional<model::service_weights>& out);
/// `default_type` is what the type of an upstream is unless given.
bool proxy(json_field& f, model::service_proxy& out,
           std::string_view default_type);
/// Native, and the definition of a sidecar as canonical text, if wanted. Only
/// transactions refuse fields here that nobody knows.
bool connect(json_field& f, bool& native, std::string* sidecar_json,
             unknown policy = unknown::ignored);

/// The fields of a service and of a check as the catalogue spells them.
/// Transactions spell some of them differently.
enum class dialect { catalog, transaction };
void node_service(const boost::json::value& value, const json_place& place,
                  decode_errors& errors, dialect spelling, model::service& out);
void health_check(const boost::json::value& value, const json_place& place,
                  decode_errors& errors, dialect spelling, model::check& out);

/// The definition of a service for the agent. That of a sidecar is checked in
/// any case, and a sidecar inside a sidecar need not be kept twice.
void service_definition(const boost::json::value& value,
                        const json_place& place, decode_errors& errors,
                        model::service_wish& out, bool keep_sidecar = true);

} // namespace praetor::http::parts
