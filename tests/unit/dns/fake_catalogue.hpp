#pragma once

// A catalogue in memory for tests: what is put in is what is found.

#include "dns/address.hpp"
#include "dns/answer.hpp"
#include "dns/name.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace praetor::dns {

class fake_catalogue : public catalogue_view {
public:
  bool leader = true;
  std::uint32_t serial = 1700000000;
  std::vector<std::string> datacenters;

  /// Nodes may be changed after they were added, for tests only.
  model::node& add_node(std::string name, std::string address) {
    auto made = std::make_shared<model::node>();
    made->name = name;
    made->address = std::move(address);
    made->datacenter = "dc1";
    nodes_[lower(name)] = made;
    return *made;
  }

  model::service& add(const std::string& node_name, const std::string& name,
                      int port, std::string address = {},
                      std::vector<std::string> tags = {},
                      const char* status = nullptr) {
    auto made = std::make_shared<model::service>();
    made->node = node_name;
    made->name = made->id = name;
    made->port = port;
    made->address = std::move(address);
    made->tags = std::move(tags);
    model::service_entry entry;
    entry.node = nodes_.at(lower(node_name));
    entry.service = made;
    if (status) {
      auto check = std::make_shared<model::check>();
      check->status = status;
      entry.checks.push_back(check);
    }
    auto& list = services_[lower(name)];
    if (!list)
      list = std::make_shared<service_entries>();
    list->push_back(entry);
    return *made;
  }

  void add_proxy(const std::string& of, const std::string& proxy) {
    proxies_[lower(of)] = services_.at(lower(proxy));
  }

  std::shared_ptr<const model::node>
  node(std::string_view name) const override {
    auto found = nodes_.find(name);
    return found == nodes_.end() ? nullptr : found->second;
  }
  std::shared_ptr<const service_entries>
  service(std::string_view name) const override {
    auto found = services_.find(name);
    return found == services_.end() ? nullptr : found->second;
  }
  std::shared_ptr<const service_entries>
  connect(std::string_view name) const override {
    auto found = proxies_.find(name);
    return found == proxies_.end() ? nullptr : found->second;
  }
  std::vector<std::shared_ptr<const model::node>>
  nodes_at(std::string_view ip) const override {
    std::vector<std::shared_ptr<const model::node>> out;
    for (auto& [name, node] : nodes_)
      if (auto at = parse_address(node->address);
          at && format_address(*at) == ip)
        out.push_back(node);
    return out;
  }
  std::vector<std::string> services_at(std::string_view ip) const override {
    std::vector<std::string> out;
    for (auto& [name, list] : services_)
      for (auto& entry : *list)
        if (entry.service->address == ip)
          out.push_back(entry.service->name);
    return out;
  }
  bool has_leader() const override { return leader; }
  bool has_datacenter(std::string_view name) const override {
    for (auto& one : datacenters)
      if (one == name)
        return true;
    return false;
  }
  std::uint32_t zone_serial() const override { return serial; }

private:
  static std::string lower(std::string text) {
    for (auto& c : text)
      c = to_lower(c);
    return text;
  }

  std::map<std::string, std::shared_ptr<model::node>, std::less<>> nodes_;
  std::map<std::string, std::shared_ptr<service_entries>, std::less<>>
      services_;
  std::map<std::string, std::shared_ptr<service_entries>, std::less<>> proxies_;
};

} // namespace praetor::dns
