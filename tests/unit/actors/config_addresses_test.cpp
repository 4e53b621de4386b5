#include "actors/config_addresses.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::actors;

namespace {

const std::vector<interface_address> one_card = {{"eth0", "10.1.2.3"},
                                                 {"eth1", "8.8.4.4"},
                                                 {"eth0", "fd00::2"},
                                                 {"eth0", "2001:db8::1"}};

/// Resolves; the error, or "" and the complaints in the draft.
std::string resolve(config_draft& draft) {
  auto done = resolve_addresses(draft, one_card);
  return done ? "" : done.failure().text;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("addresses are recognised in every spelling") {
  CHECK(parse_ip("127.0.0.1") == "127.0.0.1");
  CHECK(parse_ip("0:0:0:0:0:0:0:1") == "::1");
  CHECK(!parse_ip("1.2.3"));
  CHECK(!parse_ip("localhost"));
  CHECK(is_any_address("0.0.0.0"));
  CHECK(is_any_address("::"));
  CHECK(!is_any_address("0.0.0.1"));
  CHECK(is_private_address("172.31.0.1"));
  CHECK(!is_private_address("172.32.0.1"));
  CHECK(is_private_address("fd00::1"));
}

TEST_CASE("networks have an address and a number of bits in range") {
  CHECK(is_cidr("10.0.0.0/8"));
  CHECK(is_cidr("::/0"));
  CHECK(!is_cidr("10.0.0.0"));
  CHECK(!is_cidr("10.0.0.0/33"));
  CHECK(!is_cidr("10.0.0.0/8x"));
  CHECK(!is_cidr("x/8"));
}

TEST_CASE("templates are replaced by the machine's addresses") {
  auto expand = [](std::string_view text) {
    auto out = expand_template(text, one_card);
    return out ? *out : "error: " + out.failure().text;
  };
  CHECK(expand("{{ GetPrivateIP }}") == "10.1.2.3");
  CHECK(expand("{{GetPublicIP}}") == "8.8.4.4");
  CHECK(expand("{{ GetInterfaceIP \"eth1\" }}") == "8.8.4.4");
  CHECK(expand("{{ GetInterfaceIP \"nope\" }}") == "");
  CHECK(expand("127.0.0.1 {{ GetPrivateIP }}") == "127.0.0.1 10.1.2.3");
  CHECK(expand("{{ Foo }}") == "error: function \"Foo\" not defined");
  CHECK(expand("{{ ") == "error: unexpected unclosed action in command");
}

TEST_CASE("bound to every interface, the only private one is advertised") {
  config_draft draft;
  CHECK(resolve(draft) == "");
  auto& out = draft.config.addresses;
  CHECK(out.bind == "0.0.0.0");
  CHECK(out.advertise == "10.1.2.3");
  CHECK(out.advertise_wan == "10.1.2.3");
  CHECK(out.serf_lan_bind == "0.0.0.0");
  CHECK(out.client == texts{"127.0.0.1"});
  CHECK(out.tagged ==
        std::map<std::string, std::string>{{"lan", "10.1.2.3"},
                                           {"lan_ipv4", "10.1.2.3"},
                                           {"wan", "10.1.2.3"},
                                           {"wan_ipv4", "10.1.2.3"}});
}

TEST_CASE("no private address, or several, ask for a decision") {
  config_draft draft;
  auto none = resolve_addresses(draft, {{"eth0", "8.8.8.8"}});
  CHECK(none.failure().text == "No private IPv4 address found");
  auto two = resolve_addresses(draft, {{"a", "10.0.0.1"}, {"b", "10.0.0.2"}});
  CHECK(two.failure().text ==
        "Multiple private IPv4 addresses found. Please configure one with "
        "'bind' and/or 'advertise'.");
}

TEST_CASE("the address to bind is one IP address") {
  config_draft draft;
  draft.addresses.bind = "localhost";
  CHECK(resolve(draft) == "bind_addr cannot be empty");
  draft.addresses.bind = "";
  CHECK(resolve(draft) == "bind_addr cannot be empty");
  draft.addresses.bind = "unix:///x";
  CHECK(resolve(draft) == "bind_addr cannot be a unix socket");
  draft.addresses.bind = "127.0.0.1 127.0.0.2";
  CHECK(resolve(draft) == "bind_addr cannot contain multiple addresses. Use "
                          "'addresses.{dns,http,https}' instead.");
}

TEST_CASE("clients reach several addresses, and protocols may have their own") {
  config_draft draft;
  draft.addresses.client = "127.0.0.1 ::1";
  draft.addresses.http = "unix:///run/http.sock 127.0.0.9";
  CHECK(resolve(draft) == "");
  auto& out = draft.config.addresses;
  CHECK(out.client == texts{"127.0.0.1", "::1"});
  CHECK(out.http ==
        std::vector<endpoint>{{"/run/http.sock", true}, {"127.0.0.9", false}});
  CHECK(out.dns == std::vector<endpoint>{{"127.0.0.1", false}, {"::1", false}});
  CHECK(out.https.empty()); // its port is -1
}

TEST_CASE("complaints about single addresses are collected") {
  config_draft draft;
  draft.addresses.client = "nonsense";
  draft.addresses.advertise = "1.1.1.1 2.2.2.2";
  draft.addresses.serf_wan = "unix:///a";
  CHECK(resolve(draft) == "");
  CHECK(draft.bad_values ==
        texts{"client_addr: invalid ip address: nonsense",
              "advertise_addr: multiple addresses found: 1.1.1.1 2.2.2.2",
              "serf_wan cannot be a unix socket"});
}
