// Commands that this version lists but cannot run. They read their flags, so
// that a script learns of a mistyped one, and then say so.

#include "http/cli/commands.hpp"

#include <ostream>
#include <sstream>
#include <string_view>

namespace praetor::http::cli {
namespace {

struct flags_of {
  std::string_view path;
  const char* flags; // parted by spaces; "name=" takes a value
};

constexpr flags_of known[] = {
    {"acl auth-method create",
     "config= description= display-name= format= kubernetes-ca-cert= "
     "kubernetes-host= kubernetes-service-account-jwt= max-token-ttl= meta "
     "name= token-locality= type="},
    {"acl auth-method delete", "name="},
    {"acl auth-method list", "format= meta"},
    {"acl auth-method read", "format= meta name="},
    {"acl auth-method update",
     "config= description= display-name= format= kubernetes-ca-cert= "
     "kubernetes-host= kubernetes-service-account-jwt= max-token-ttl= meta "
     "name= no-merge token-locality="},
    {"acl binding-rule create",
     "bind-name= bind-type= description= format= meta method= selector="},
    {"acl binding-rule delete", "id="},
    {"acl binding-rule list", "format= meta method="},
    {"acl binding-rule read", "format= id= meta"},
    {"acl binding-rule update",
     "bind-name= bind-type= description= format= id= meta no-merge selector="},
    {"acl bootstrap", "format="},
    {"acl policy create", "description= format= from-token= meta name= rules= "
                          "token-secret valid-datacenter="},
    {"acl policy delete", "id= name="},
    {"acl policy list", "format= meta"},
    {"acl policy read", "format= id= meta name="},
    {"acl policy update",
     "description= format= id= meta name= no-merge rules= valid-datacenter="},
    {"acl role create", "description= format= meta name= node-identity= "
                        "policy-id= policy-name= service-identity="},
    {"acl role delete", "id= name="},
    {"acl role list", "format= meta"},
    {"acl role read", "format= id= meta name="},
    {"acl role update",
     "description= format= id= meta name= no-merge node-identity= policy-id= "
     "policy-name= service-identity="},
    {"acl set-agent-token", ""},
    {"acl token clone", "description= format= id="},
    {"acl token create",
     "accessor= description= expires-ttl= format= local meta node-identity= "
     "policy-id= policy-name= role-id= role-name= secret= service-identity="},
    {"acl token delete", "id="},
    {"acl token list", "format= meta"},
    {"acl token read", "format= id= meta self"},
    {"acl token update",
     "description= format= id= merge-node-identities merge-policies "
     "merge-roles merge-service-identities meta node-identity= policy-id= "
     "policy-name= role-id= role-name= service-identity= upgrade-legacy"},
    {"acl translate-rules", "token-accessor token-secret"},
    {"config delete", "kind= name="},
    {"config list", "kind="},
    {"config read", "kind= name="},
    {"config write", "cas modify-index="},
    {"connect ca get-config", ""},
    {"connect ca set-config", "config-file="},
    {"connect envoy",
     "address= admin-access-log-path= admin-bind= bind-address= bootstrap "
     "deregister-after-critical= envoy-binary= envoy-version= expose-servers "
     "gateway= grpc-addr= mesh-gateway no-central-config proxy-id= register "
     "service= sidecar-for= wan-address= namespace="},
    {"connect expose", "host= ingress-gateway= port= protocol= service="},
    {"connect proxy",
     "listen= log-json log-level= pprof-addr= proxy-id= register register-id= "
     "service= service-addr= sidecar-for= upstream="},
    {"intention check", ""},
    {"intention create", "allow deny file meta= replace"},
    {"intention delete", ""},
    {"intention get", ""},
    {"intention match", "destination source"},
    {"login", "bearer-token-file= meta= method= token-sink-file= type="},
    {"logout", ""},
    {"tls ca create",
     "additional-name-constraint= days= domain= name-constraint"},
    {"tls cert create", "additional-dnsname= additional-ipaddress= ca= cli "
                        "client days= dc= domain= key= node= server"},
};

} // namespace

int unsupported(call& c) {
  for (const auto& entry : known) {
    if (entry.path != c.about().path)
      continue;
    std::istringstream words(entry.flags);
    for (std::string word; words >> word;) {
      flag what;
      what.is_boolean = word.back() != '=';
      what.set = [](const std::string&) -> status { return {}; };
      if (!what.is_boolean) {
        word.pop_back();
        what.placeholder = "value";
      }
      what.help = "Read, and not acted upon by this version.";
      c.flags.add(word, std::move(what));
    }
  }
  if (auto code = c.parse())
    return *code;
  return c.refuse("praetor: " + std::string(c.about().path) +
                  " is not supported by this version");
}

} // namespace praetor::http::cli
