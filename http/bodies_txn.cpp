#include "http/bodies_parts.hpp"

namespace praetor::http {
namespace {

namespace bj = boost::json;

// Bytes are base64 text; as for every list of bytes in Go, an array of
// numbers is understood as well.
bool bytes(json_field& f, std::string_view name, std::string& out) {
  if (!f.is(name))
    return false;
  out.clear();
  auto& value = f.value();
  if (auto* text = value.if_string()) {
    auto decoded = decode_base64(*text);
    if (decoded)
      out = std::move(*decoded);
    else
      f.errors().save(decoded.failure().text);
  } else if (auto* array = value.if_array()) {
    for (auto& one : *array) {
      auto* number = one.if_int64();
      if (number && *number >= 0 && *number <= 255)
        out.push_back(static_cast<char>(*number));
      else if (one.is_null())
        out.push_back('\0');
      else
        f.mismatch(one, "uint8");
    }
  } else if (!value.is_null()) {
    f.mismatch(value, "[]uint8");
  }
  return true;
}

// The four kinds that one element may name; the first in this order counts.
struct alternatives {
  std::optional<kv_operation> kv;
  std::optional<node_operation> node;
  std::optional<service_operation> service;
  std::optional<check_operation> check;
};

void read_kv(const bj::value& value, const json_place& place,
             decode_errors& errors, kv_operation& out) {
  std::string in_namespace;
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return f.string("Verb", out.verb, "api.KVOp") || f.string("Key", out.key) ||
           bytes(f, "Value", out.value) || f.integer("Flags", out.flags) ||
           f.integer("Index", out.index) || f.string("Session", out.session) ||
           f.string("Namespace", in_namespace);
  });
}

void read_node(const bj::value& value, const json_place& place,
               decode_errors& errors, node_operation& out) {
  auto& node = out.node;
  auto fields = [&](auto& object, const json_place& inside, auto& own) {
    read_object(object, inside, own, unknown::refused, [&](json_field& f) {
      return f.string("ID", node.id) || f.string("Node", node.name) ||
             f.string("Address", node.address) ||
             f.string("Datacenter", node.datacenter) ||
             f.string_map("TaggedAddresses", node.tagged_addresses) ||
             f.string_map("Meta", node.meta) ||
             f.integer("CreateIndex", node.created) ||
             f.integer("ModifyIndex", node.modified);
    });
  };
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return f.string("Verb", out.verb, "api.NodeOp") ||
           parts::nested(f, "Node", "api", "Node", fields);
  });
}

void read_service(const bj::value& value, const json_place& place,
                  decode_errors& errors, service_operation& out) {
  model::service given;
  std::string node;
  auto fields = [&](auto& object, const json_place& inside, auto& own) {
    parts::node_service(object, inside, own, parts::dialect::transaction,
                        given);
  };
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return f.string("Verb", out.verb, "api.ServiceOp") ||
           f.string("Node", node) ||
           parts::nested(f, "Service", "api", "AgentService", fields);
  });
  // A transaction takes no more than these over: neither the kind nor what
  // belongs to proxies, nor tagged addresses.
  out.service = {};
  out.service.node = std::move(node);
  out.service.id = std::move(given.id);
  out.service.name = std::move(given.name);
  out.service.tags = std::move(given.tags);
  out.service.address = std::move(given.address);
  out.service.meta = std::move(given.meta);
  out.service.port = given.port;
  out.service.weights = given.weights;
  out.service.enable_tag_override = given.enable_tag_override;
  out.service.modified = given.modified;
}

void read_check(const bj::value& value, const json_place& place,
                decode_errors& errors, check_operation& out) {
  auto fields = [&](auto& object, const json_place& inside, auto& own) {
    parts::health_check(object, inside, own, parts::dialect::transaction,
                        out.check);
  };
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return f.string("Verb", out.verb, "api.CheckOp") ||
           parts::nested(f, "Check", "api", "HealthCheck", fields);
  });
}

// A matcher of the field `name`, read by `read` into a fresh `out`.
template <class T, class Fn>
bool alternative(json_field& f, std::string_view name, std::string_view type,
                 std::optional<T>& out, Fn read) {
  if (f.is(name))
    out.reset();
  return parts::nested(f, name, "api", type,
                       [&](auto& value, const json_place& place, auto& errors) {
                         read(value, place, errors, out.emplace());
                       });
}

void read_operation(const bj::value& value, decode_errors& errors,
                    transaction& out) {
  if (value.is_null())
    return;
  if (!value.is_object())
    errors.save(wrong_type(value, "value", "api.TxnOp"));
  const json_place place{"TxnOp", "", false};
  alternatives any;
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return alternative(f, "KV", "KVTxnOp", any.kv, read_kv) ||
           alternative(f, "Node", "NodeTxnOp", any.node, read_node) ||
           alternative(f, "Service", "ServiceTxnOp", any.service,
                       read_service) ||
           alternative(f, "Check", "CheckTxnOp", any.check, read_check);
  });
  if (any.kv)
    out.operations.emplace_back(std::move(*any.kv));
  else if (any.node)
    out.operations.emplace_back(std::move(*any.node));
  else if (any.service)
    out.operations.emplace_back(std::move(*any.service));
  else if (any.check)
    out.operations.emplace_back(std::move(*any.check));
}

} // namespace

result<transaction> read_transaction(std::string_view body) {
  auto value = parse_json(body);
  if (!value)
    return value.failure();
  transaction out;
  decode_errors errors;
  auto* list = value->if_array();
  if (!list && !value->is_null())
    errors.save(wrong_type(*value, "value", "api.TxnOps"));
  if (list) {
    out.listed = list->size();
    for (auto& one : *list) {
      if (errors.ended())
        break;
      read_operation(one, errors, out);
    }
  }
  if (errors.failed())
    return fail(errc::bad_input, errors.text());
  return out;
}

} // namespace praetor::http
