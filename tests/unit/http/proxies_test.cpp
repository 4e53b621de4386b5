#include "http/proxies.hpp"

#include <doctest/doctest.h>

using namespace praetor;

namespace {

model::service proxy(std::string upstreams, std::string expose = "") {
  model::service made;
  made.kind = "connect-proxy";
  made.port = 1;
  made.proxy.destination_name = "web";
  made.proxy.upstreams_json = std::move(upstreams);
  made.proxy.expose_json = std::move(expose);
  return made;
}

std::string fault(std::string upstreams, std::string expose = "") {
  return http::proxy_fault(proxy(std::move(upstreams), std::move(expose)));
}

} // namespace

TEST_CASE("a proxy without upstreams, or with good ones, has no fault") {
  CHECK(fault("").empty());
  CHECK(fault("nonsense").empty());
  CHECK(fault(R"([{"DestinationName":"a","LocalBindPort":1},
                  {"DestinationName":"b","LocalBindPort":2}])")
            .empty());
}

TEST_CASE("an upstream needs a name, a port and a known type") {
  CHECK(fault(R"([{"LocalBindPort":1}])") ==
        "1 error occurred:\n\t* upstream destination name cannot be empty\n\n");
  CHECK(fault(R"([{"DestinationName":"a"}])") ==
        "1 error occurred:\n\t* upstream local bind port cannot be zero\n\n");
  CHECK(fault(R"([{"DestinationType":"zz","DestinationName":"a"}])") ==
        "1 error occurred:\n\t* unknown upstream destination type: \"zz\"\n\n");
}

TEST_CASE("upstreams differ in what they lead to and in where they listen") {
  CHECK(fault(R"([{"DestinationName":"a","LocalBindPort":1},
                  {"DestinationName":"a","LocalBindPort":2}])") ==
        "1 error occurred:\n\t* upstreams cannot contain duplicates of "
        "[type=\"service\", name=\"a\", namespace=\"\", datacenter=\"\"]\n\n");
  CHECK(fault(R"([{"DestinationName":"a","LocalBindPort":5},
                  {"DestinationName":"b","LocalBindPort":5}])") ==
        "1 error occurred:\n\t* upstreams cannot contain duplicates by local "
        "bind address and port; \"127.0.0.1:5\" is specified twice\n\n");
}

TEST_CASE("exposed paths have each their path, port and known protocol") {
  CHECK(fault("", R"({"Paths":[{"Path":"/a","ListenerPort":7,
                                "Protocol":"HTTP2"}]})")
            .empty());
  CHECK(fault("", R"({"Paths":[{"Path":"","ListenerPort":0,"Protocol":"zz"},
      {"Path":"/a","ListenerPort":7},{"Path":"/a","ListenerPort":7}]})") ==
        "5 errors occurred:\n"
        "\t* expose.paths: empty path exposed\n"
        "\t* expose.paths: invalid listener port: 0\n"
        "\t* protocol 'zz' not supported for path: , must be in: [http "
        "http2]\n"
        "\t* expose.paths: duplicate paths exposed\n"
        "\t* expose.paths: duplicate listener ports exposed\n\n");
}

TEST_CASE("what is no proxy is not looked at") {
  auto plain = proxy(R"([{"LocalBindPort":1}])");
  plain.kind.clear();
  CHECK(http::proxy_fault(plain).empty());
}
