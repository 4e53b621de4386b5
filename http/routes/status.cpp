// /v1/status/, the web view, and what is honestly not there

#include "http/routes/routes.hpp"
#include "http/ui/page.hpp"

namespace praetor::http::routes {
namespace {

action status(const call& c, agent::status_of what) {
  auto options = parse_options_any_namespace(c.from, c.node);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  auto& parsed = std::get<parsed_options>(options);
  if (auto wrong = wrong_datacenter(parsed.datacenter, c.node))
    return *wrong;
  return agent_action{agent::status{what}, parsed.pretty};
}

} // namespace

action status_leader(const call& c) {
  return status(c, agent::status_of::leader);
}

action status_peers(const call& c) {
  return status(c, agent::status_of::peers);
}

action web_view(const call&) {
  auto answer = std::make_shared<rendered>();
  answer->content_type = "text/html; charset=utf-8";
  answer->headers = {
      {"Content-Security-Policy",
       "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; "
       "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"},
      {"X-Content-Type-Options", "nosniff"}};
  answer->body = std::make_shared<const std::string>(ui::page);
  return reply(std::move(answer));
}

action robots(const call&) {
  return reply(text_reply("User-agent: *\nDisallow: /\n"));
}

// What there is to look into from outside. Go programs offer profiles here;
// this one has other tools for that.
action debug_index(const call& c) {
  auto answer = std::make_shared<rendered>();
  answer->headers = {{"X-Content-Type-Options", "nosniff"}};
  if (!c.rest.empty()) {
    answer->status = 404;
    answer->content_type = "text/plain; charset=utf-8";
    answer->body = std::make_shared<const std::string>("Unknown profile\n");
    return reply(std::move(answer));
  }
  answer->content_type = "text/html; charset=utf-8";
  answer->body = std::make_shared<const std::string>(
      "<html>\n<head>\n<title>/debug/pprof/</title>\n</head>\n<body>\n"
      "<a href=\"cmdline\">cmdline</a>: the command line of this process\n"
      "</body>\n</html>\n");
  return reply(std::move(answer));
}

action debug_command_line(const call& c) {
  auto answer =
      std::make_shared<rendered>(*error_reply(200, c.node.command_line));
  answer->headers = {{"X-Content-Type-Options", "nosniff"}};
  return reply(std::move(answer));
}

action acl_disabled(const call&) {
  return refuse(401, "ACL support disabled");
}

action unsupported(const call& c) {
  return refuse(501, "praetor does not support " + c.from.path + " yet");
}

} // namespace praetor::http::routes
