#!/usr/bin/env python3
"""What the first hours with one node are like: an agent in development mode,
keys, services from files, checks, DNS, sessions, locks and watches."""

import contextlib
import http.server
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from node import (check, contains, DNS_PORT, equal, main, Node, run, Skipped,
                  test, text64, until)

WEB = {"service": {"name": "web", "tags": ["rails"], "port": 80}}
NAME_ERROR = 3  # the code of a DNS answer that knows no such name


def passing(node, service):
    return [one["Service"]["ID"] for one in node.get(
        f"/v1/health/service/{service}?passing")]


@contextlib.contextmanager
def web_server(node):
    """Answers with `server.status`, for health checks of it."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(self.server.status)
            body = f"status {self.server.status}".encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer((node.address, 0), Handler)
    server.status = 200
    thread = threading.Thread(target=server.serve_forever,
                              kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# -- a first look


@test("agent -dev leads itself and lists itself as member, node and service")
def first_look(binary):
    node = Node(binary, "-node=machine").start()
    equal(node.get("/v1/status/leader"), f"{node.address}:8300", "leader")
    rows = node.cli("members").ok().out.splitlines()
    contains(rows[0], "Node")
    equal(rows[1].split()[:4],
          ["machine", f"{node.address}:8301", "alive", "server"], "a member")
    contains(node.cli("members", "-detailed").ok().out, "role=consul")
    nodes = node.get("/v1/catalog/nodes")
    equal([(one["Node"], one["Address"]) for one in nodes],
          [("machine", node.address)], "nodes")
    contains(node.cli("catalog", "nodes").ok().out, node.address)
    equal(node.cli("catalog", "services").ok().out, "consul\n", "services")
    equal(node.cli("catalog", "datacenters").ok().out, "dc1\n", "datacenters")
    contains(node.cli("info").ok().out, "agent:")
    equal(node.dns("machine.node.consul").data("A"), [node.address],
          "the node's address")
    equal(node.get("/v1/agent/self")["Config"]["NodeName"], "machine", "name")


@test("the web view is served where it is switched on, and not elsewhere")
def web_view(binary):
    node = Node(binary, "-ui").start()
    got = node.http("GET", "/ui/").ok()
    contains(got.headers["Content-Type"], "text/html")
    contains(got.text.lower(), "<html")


# -- keys and values


@test("kv put, get and delete say on the command line what they did")
def kv_commands(binary):
    node = Node(binary).start()
    for key, value in (("redis/config/minconns", "1"),
                       ("redis/config/maxconns", "25")):
        equal(node.cli("kv", "put", key, value).ok().out,
              f"Success! Data written to: {key}\n", "output")
    node.cli("kv", "put", "-flags=42", "redis/config/users/admin", "abcd").ok()
    equal(node.cli("kv", "get", "redis/config/minconns").ok().out, "1\n",
          "a value")
    detailed = node.cli("kv", "get", "-detailed",
                        "redis/config/users/admin").ok().out
    check(re.search(r"^Flags +42$", detailed, re.MULTILINE), detailed)
    check(re.search(r"^Value +abcd$", detailed, re.MULTILINE), detailed)
    equal(node.cli("kv", "get", "-recurse").ok().out.splitlines(),
          ["redis/config/maxconns:25", "redis/config/minconns:1",
           "redis/config/users/admin:abcd"], "all keys")
    equal(node.cli("kv", "get", "-keys", "redis/config/").ok().out,
          "redis/config/maxconns\nredis/config/minconns\n"
          "redis/config/users/\n", "keys")
    equal(node.cli("kv", "delete", "redis/config/minconns").ok().out,
          "Success! Deleted key: redis/config/minconns\n", "output")
    missing = node.cli("kv", "get", "redis/config/minconns")
    equal((missing.code, missing.out, missing.err),
          (1, "", "Error! No key exists at: redis/config/minconns\n"), "get")
    equal(node.cli("kv", "delete", "-recurse", "redis").ok().out,
          "Success! Deleted keys with prefix: redis\n", "output")
    equal(node.cli("kv", "get", "-recurse").out, "", "what is left")


@test("a value comes from a file or standard input, and a tree as JSON")
def kv_files(binary, home):
    node = Node(binary).start()
    (home / "value").write_text("from a file")
    node.cli("kv", "put", "file", f"@{home}/value").ok()
    node.cli("kv", "put", "input", "-", stdin="from a pipe").ok()
    equal(node.http("GET", "/v1/kv/file?raw").text, "from a file", "value")
    equal(node.http("GET", "/v1/kv/input?raw").text, "from a pipe", "value")
    tree = node.cli("kv", "export").ok().out
    node.cli("kv", "delete", "-recurse", "").ok()
    contains(node.cli("kv", "import", "-", stdin=tree).ok().out,
             "Imported: file")
    equal(node.cli("kv", "export").ok().out, tree, "the tree")


@test("keys are written, compared, listed and deleted over HTTP")
def kv_http(binary):
    node = Node(binary).start()
    equal(node.put("/v1/kv/a/one?flags=7", b"x").text.strip(), "true", "put")
    entry = node.get("/v1/kv/a/one")[0]
    equal((entry["Key"], entry["Value"], entry["Flags"], entry["LockIndex"]),
          ("a/one", text64("x"), 7, 0), "the entry")
    index = entry["ModifyIndex"]
    equal(node.put(f"/v1/kv/a/one?cas={index - 1}", b"y").text.strip(),
          "false", "an old index")
    equal(node.put(f"/v1/kv/a/one?cas={index}", b"y").text.strip(), "true",
          "the index")
    equal(node.http("GET", "/v1/kv/a/one?raw").body, b"y", "raw value")
    node.put("/v1/kv/a/b/two", b"z")
    equal(node.get("/v1/kv/a/?keys"), ["a/b/two", "a/one"], "keys")
    equal(node.get("/v1/kv/a/?keys&separator=/"), ["a/b/", "a/one"], "keys")
    equal(len(node.get("/v1/kv/?recurse")), 2, "entries")
    equal(node.http("DELETE", "/v1/kv/a?recurse").ok().text.strip(), "true",
          "delete")
    got = node.http("GET", "/v1/kv/a/one")
    equal((got.status, got.body), (404, b""), "a deleted key")
    equal(node.http("PUT", "/v1/kv/big", b"x" * 524_289).status, 413,
          "a value that is too large")


@test("a transaction is done as a whole or not at all")
def transactions(binary):
    node = Node(binary).start()
    done = node.put("/v1/txn", [
        {"KV": {"Verb": "set", "Key": "a", "Value": text64("1")}},
        {"KV": {"Verb": "set", "Key": "b", "Value": text64("2")}},
        {"KV": {"Verb": "get", "Key": "a"}}]).json()
    equal(len(done["Results"]), 3, "results")
    failed = node.http("PUT", "/v1/txn", [
        {"KV": {"Verb": "set", "Key": "a", "Value": text64("9")}},
        {"KV": {"Verb": "check-not-exists", "Key": "b"}}])
    equal(failed.status, 409, "status")
    equal(failed.json()["Errors"][0]["OpIndex"], 1, "which failed")
    equal(node.http("GET", "/v1/kv/a?raw").body, b"1", "an untouched key")


# -- services


@test("a service from a file is in the catalogue, in health and in DNS")
def service_file(binary):
    node = Node(binary, "-node=machine")
    node.define("web", WEB)
    node.start()
    until("the service is in the catalogue",
          lambda: node.get("/v1/catalog/service/web"))
    entry = node.get("/v1/catalog/service/web")[0]
    equal((entry["ServiceName"], entry["ServicePort"], entry["ServiceTags"]),
          ("web", 80, ["rails"]), "the service")
    equal(node.cli("catalog", "services", "-tags").ok().out.split(),
          ["consul", "web", "rails"], "services with tags")
    for name in ("web.service.consul", "rails.web.service.consul",
                 "WEB.service.dc1.consul", "_web._rails.service.consul"):
        equal(node.dns(name).data("A"), [node.address], name)
    got = node.dns("web.service.consul", "SRV")
    equal(got.data("SRV"), [(80, "machine.node.dc1.consul.")], "SRV")
    contains(got.extra, ("machine.node.dc1.consul.", "A", node.address),
             "additional records")
    equal(node.dns("web.service.consul", "SRV", over_tcp=True).data("SRV"),
          got.data("SRV"), "SRV over TCP")
    equal(node.dns("php.web.service.consul").code, NAME_ERROR, "a wrong tag")
    equal(node.dns("nobody.service.consul").code, NAME_ERROR, "no service")


@test("dig gets the same answers")
def dig(binary):
    if not shutil.which("dig"):
        raise Skipped("dig is not installed")
    node = Node(binary, "-node=machine")
    node.define("web", WEB)
    node.start()
    until("the name", lambda: node.dns("web.service.consul").code == 0)

    def ask(*words):
        return subprocess.run(
            ["dig", f"@{node.address}", "-p", str(DNS_PORT), *words],
            capture_output=True, text=True, timeout=20, check=True).stdout

    equal(ask("+short", "web.service.consul").strip(), node.address, "A")
    equal(ask("+short", "web.service.consul", "SRV").strip(),
          "1 1 80 machine.node.dc1.consul.", "SRV")
    equal(ask("+short", "+tcp", "web.service.consul").strip(), node.address,
          "A over TCP")
    equal(ask("+short", "-x", node.address).strip(),
          "machine.node.dc1.consul.", "PTR")
    contains(ask("nobody.service.consul"), "status: NXDOMAIN")
    whole = ask("web.service.consul")
    contains(whole, "status: NOERROR")
    contains(whole, "ANSWER: 1,")
    check("WARNING: recursion requested" in whole or " ra" in whole, whole)
    check("malformed" not in whole.lower(), whole)


@test("services are registered and removed by the command line and HTTP")
def register(binary, home):
    node = Node(binary).start()
    (home / "web.json").write_text(
        '{"service": {"id": "web1", "name": "web", "port": 80}}')
    equal(node.cli("services", "register", f"{home}/web.json").ok().out,
          "Registered service: web\n", "output")
    node.cli("services", "register", "-name=api", "-port=8080").ok()
    until("both", lambda: {"web", "api"} <= node.get(
        "/v1/catalog/services").keys())
    equal(node.get("/v1/agent/service/web1")["Port"], 80, "port")
    equal(node.cli("services", "deregister", "-id=web1").ok().out,
          "Deregistered service: web1\n", "output")
    node.put("/v1/agent/service/deregister/api")
    until("neither", lambda: not {"web", "api"} & node.get(
        "/v1/catalog/services").keys())
    equal(node.http("PUT", "/v1/agent/service/register", {"Port": 1}).status,
          400, "status without a name")


@test("a file's keys mean the same in any case to services register")
def register_any_case(binary, home):
    node = Node(binary).start()
    (home / "web.json").write_text(
        '{"Service": {"ID": "web1", "Name": "web", "Port": 80}}')
    equal(node.cli("services", "register", f"{home}/web.json").ok().out,
          "Registered service: web\n", "output")
    equal(list(node.get("/v1/agent/services")), ["web1"], "services")
    equal(node.cli("services", "deregister", f"{home}/web.json").ok().out,
          "Deregistered service: web1\n", "output")


@test("services register takes a file in HCL")
def register_hcl(binary, home):
    node = Node(binary).start()
    (home / "web.hcl").write_text(
        'service {\n  name = "web"\n  port = 80\n}\n')
    equal(node.cli("services", "register", f"{home}/web.hcl").ok().out,
          "Registered service: web\n", "output")


@test("commands and HTTP work over a Unix socket as over TCP")
def unix_socket(binary, home):
    path = home / "http.sock"
    node = Node(binary)
    node.define("settings", {"addresses": {
        "http": f"unix://{path} {node.address}"}})
    node.start()
    flag = f"-http-addr=unix://{path}"
    run(binary, "kv", "put", flag, "a", "by socket").ok()
    equal(run(binary, "kv", "get", flag, "a").ok().out, "by socket\n",
          "value")
    equal(node.http("GET", "/v1/kv/a?raw").body, b"by socket", "by TCP")
    node.stop()
    check(not path.exists(), "the socket's file is left")


@test("an external service is found like any other, until it is removed")
def external_service(binary):
    node = Node(binary).start()
    node.put("/v1/catalog/register", {
        "Node": "google", "Address": "www.google.com",
        "NodeMeta": {"external-node": "true"},
        "Service": {"Service": "search", "Port": 80}})
    equal(node.dns("search.service.consul", "SRV").data("SRV"),
          [(80, "www.google.com.")], "SRV")
    equal(node.dns("search.service.consul", "CNAME").data("CNAME"),
          ["www.google.com."], "CNAME")
    node.put("/v1/catalog/deregister", {"Node": "google"})
    equal(node.dns("search.service.consul").code, NAME_ERROR, "removed")


def defined(node):
    return set(node.get("/v1/agent/services"))


@test("SIGHUP reads the files again: new, changed and removed services")
def reload_by_signal(binary):
    node = Node(binary)
    node.define("web", WEB)
    node.define("old", {"service": {"name": "old"}})
    node.start()
    node.put("/v1/agent/service/register", {"Name": "by-hand"})
    equal(defined(node), {"web", "old", "by-hand"}, "services")
    node.define("web", {"service": {"name": "web", "port": 8080}})
    (node.config_dir / "old.json").unlink()
    node.define("new", {"services": [{"name": "new"}]})
    node.send(signal.SIGHUP)
    until("the new definitions",
          lambda: defined(node) == {"web", "new", "by-hand"})
    equal(node.get("/v1/agent/service/web")["Port"], 8080, "the new port")
    until("the catalogue follows", lambda: "old" not in node.get(
        "/v1/catalog/services"))
    # What cannot be read changes nothing, and does not end the agent.
    node.define("new", '{"services": [')
    node.send(signal.SIGHUP)
    node.until_log("unexpected end of JSON input")
    equal(defined(node), {"web", "new", "by-hand"}, "services")
    failed = node.cli("reload")
    equal(failed.code, 1, "exit code of reload")
    contains(failed.err, "unexpected end of JSON input")
    (node.config_dir / "new.json").unlink()
    equal(node.cli("reload").ok().out, "Configuration reload triggered\n",
          "output")
    until("the removal", lambda: defined(node) == {"web", "by-hand"})


@test("a reload keeps what a check has found so far")
def reload_keeps_checks(binary):
    node = Node(binary)
    node.define("web", {"service": {"name": "web", "check": {
        "id": "beat", "ttl": "600s"}}})
    node.start()
    node.put("/v1/agent/check/pass/beat?note=fine")
    node.until_check("beat", "passing")
    node.define("more", {"service": {"name": "more"}})
    node.cli("reload").ok()
    until("the reload", lambda: "more" in defined(node))
    found = node.get("/v1/agent/checks")["beat"]
    equal((found["Status"], found["Output"]), ("passing", "fine"), "check")


@test("a service without a name is refused by a reload, and nothing changes")
def reload_nameless(binary):
    node = Node(binary)
    node.define("web", WEB)
    node.start()
    node.define("bad", {"service": {"port": 80}})
    equal(node.cli("reload").code, 1, "exit code")
    equal(defined(node), {"web"}, "services")
    node.check_alive()


# -- checks


@test("a TTL check follows its reports, expires, and moves DNS")
def ttl_check(binary):
    node = Node(binary).start()
    node.put("/v1/agent/service/register", {
        "Name": "web", "Check": {"CheckID": "beat", "TTL": "1s"}})
    node.until_check("beat", "critical")
    equal(node.dns("web.service.consul").code, NAME_ERROR, "DNS at first")
    node.put("/v1/agent/check/pass/beat?note=well")
    equal(node.until_check("beat", "passing")["Output"], "well", "output")
    equal(node.dns("web.service.consul").data("A"), [node.address], "DNS")
    equal(passing(node, "web"), ["web"], "passing")
    # A second without a report.
    expired = node.until_check("beat", "critical")
    contains(expired["Output"], "TTL expired")
    equal(node.dns("web.service.consul").code, NAME_ERROR, "DNS at the end")
    node.put("/v1/agent/check/warn/beat")
    node.until_check("beat", "warning")
    equal(node.dns("web.service.consul").data("A"), [node.address],
          "a warning still serves")
    equal(passing(node, "web"), [], "a warning does not pass")
    node.put("/v1/agent/check/fail/beat")
    node.until_check("beat", "critical")
    node.put("/v1/agent/check/update/beat",
             {"Status": "passing", "Output": "again"})
    equal(node.until_check("beat", "passing")["Output"], "again", "output")


@test("an HTTP check turns passing, warning and critical with the answers")
def http_check(binary):
    node = Node(binary).start()
    with web_server(node) as server:
        host, port = server.server_address
        node.put("/v1/agent/service/register", {
            "Name": "web", "Check": {
                "CheckID": "get", "HTTP": f"http://{host}:{port}/health",
                "Interval": "100ms", "Timeout": "5s"}})
        contains(node.until_check("get", "passing")["Output"], "status 200")
        equal(node.dns("web.service.consul").data("A"), [node.address], "DNS")
        server.status = 429
        node.until_check("get", "warning")
        server.status = 500
        contains(node.until_check("get", "critical")["Output"], "status 500")
        equal(node.dns("web.service.consul").code, NAME_ERROR, "DNS")
        server.status = 204
        node.until_check("get", "passing")
    contains(node.until_check("get", "critical")["Output"],
             "connection refused")


@test("a TCP check passes while the port takes connections")
def tcp_check(binary):
    node = Node(binary).start()
    with socket.create_server((node.address, 0)) as server:
        port = server.getsockname()[1]
        node.put("/v1/agent/check/register", {
            "ID": "port", "Name": "port", "TCP": f"{node.address}:{port}",
            "Interval": "100ms", "Timeout": "5s"})
        contains(node.until_check("port", "passing")["Output"], "Success")
    contains(node.until_check("port", "critical")["Output"],
             "connection refused")


@test("a script check is judged by its exit code and shows its output")
def script_check(binary, home):
    code = home / "code"
    code.write_text("0")
    node = Node(binary, "-enable-local-script-checks")
    node.define("web", {"service": {"name": "web", "check": {
        "id": "script", "interval": "100ms", "timeout": "5s", "args": [
            "/bin/sh", "-c", f"echo it is $(cat {code}); "
            f"exit $(cat {code})"]}}})
    node.start()
    contains(node.until_check("script", "passing")["Output"], "it is 0")
    for value, status in ((1, "warning"), (2, "critical"), (0, "passing")):
        code.write_text(str(value))
        contains(node.until_check("script", status)["Output"], f"it is {value}")
    # Only files may bring scripts here; strangers may not.
    got = node.http("PUT", "/v1/agent/check/register", {
        "Name": "evil", "Args": ["/bin/true"], "Interval": "1s"})
    equal(got.status, 500, "status of a script by HTTP")
    contains(got.text, "Scripts are disabled")


def processes_with(word):
    """The ids of processes whose command line has this word."""
    found = []
    for one in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if word.encode() in one.read_bytes():
                found.append(int(one.parent.name))
    return found


@test("a script that hangs is ended at its timeout, with its children")
def hanging_script(binary):
    node = Node(binary, "-enable-script-checks").start()
    mark = str(random.SystemRandom().randrange(10**8, 10**9))
    node.put("/v1/agent/check/register", {
        "ID": "hang", "Name": "hang", "Interval": "1s", "Timeout": "300ms",
        "Status": "passing",
        "Args": ["/bin/sh", "-c", f"sleep {mark} & sleep {mark}"]})
    contains(node.until_check("hang", "critical")["Output"], "Timed out")
    node.put("/v1/agent/check/deregister/hang")
    until("the script and its child are gone",
          lambda: not processes_with(mark))


@test("a script that runs when the agent stops does not outlive it")
def script_at_stop(binary):
    node = Node(binary, "-enable-script-checks").start()
    mark = str(random.SystemRandom().randrange(10**8, 10**9))
    node.put("/v1/agent/check/register", {
        "ID": "long", "Name": "long", "Interval": "1s", "Timeout": "60s",
        "Args": ["/bin/sh", "-c", f"sleep {mark} & sleep {mark}"]})
    until("the script runs", lambda: len(processes_with(mark)) >= 2)
    equal(node.stop(), 1, "exit code")
    until("the script and its child are gone",
          lambda: not processes_with(mark))


@test("deregister_critical_service_after is taken, from files and over HTTP")
def deregister_after(binary):
    node = Node(binary)
    node.define("web", {"service": {"name": "web", "check": {
        "id": "beat", "ttl": "10s",
        "deregister_critical_service_after": "1m"}}})
    node.start()
    node.put("/v1/agent/service/register", {"Name": "api", "Check": {
        "TTL": "10s", "DeregisterCriticalServiceAfter": "90m"}})
    equal(node.http("PUT", "/v1/agent/service/register", {
        "Name": "bad", "Check": {
            "TTL": "10s", "DeregisterCriticalServiceAfter": "soon"}}).status,
          400, "status of nonsense")
    node.until_check("beat", "critical")
    equal(defined(node), {"web", "api"}, "services right after they failed")


@test("maintenance takes a service out of DNS and puts it back")
def maintenance(binary):
    node = Node(binary)
    node.define("web", WEB)
    node.start()
    until("the name", lambda: node.dns("web.service.consul").code == 0)
    contains(node.cli("maint", "-enable", "-service=web",
                      "-reason=upgrade").ok().out, "now enabled")
    until("the name is gone",
          lambda: node.dns("web.service.consul").code == NAME_ERROR)
    contains(node.cli("maint").ok().out, "upgrade")
    node.cli("maint", "-disable", "-service=web").ok()
    until("the name", lambda: node.dns("web.service.consul").code == 0)
    node.cli("maint", "-enable", "-reason=all").ok()
    until("the name is gone",
          lambda: node.dns("web.service.consul").code == NAME_ERROR)
    node.cli("maint", "-disable").ok()
    until("the name", lambda: node.dns("web.service.consul").code == 0)


# -- sessions, locks and watches


def create_session(node, **body):
    return node.put("/v1/session/create", body).json()["ID"]


def acquire(node, key, session):
    return node.put(f"/v1/kv/{key}?acquire={session}",
                    b"held").text.strip() == "true"


@test("a lock has one holder until it is released or its session ends")
def locks(binary):
    node = Node(binary).start()
    one = create_session(node, Name="one", LockDelay="0s")
    other = create_session(node, Name="other", LockDelay="0s")
    check(acquire(node, "lead", one), "the lock is not given")
    check(not acquire(node, "lead", other), "the lock is given twice")
    check(acquire(node, "lead", one), "its holder may write again")
    entry = node.get("/v1/kv/lead")[0]
    equal((entry["Session"], entry["LockIndex"]), (one, 1), "holder")
    equal(node.put(f"/v1/kv/lead?release={other}", b"").text.strip(), "false",
          "release by another")
    equal(node.put(f"/v1/kv/lead?release={one}", b"").text.strip(), "true",
          "release")
    check(acquire(node, "lead", other), "a released lock is not given")
    equal(node.get("/v1/kv/lead")[0]["LockIndex"], 2, "LockIndex")
    node.put(f"/v1/session/destroy/{other}")
    check("Session" not in node.get("/v1/kv/lead")[0], "the lock is still held")
    refused = node.http("PUT", f"/v1/kv/lead?acquire={other}", b"held")
    equal(refused.status, 500, "status of a lock for a dead session")
    contains(refused.text, f'invalid session "{other}"')


@test("a session's end deletes its keys where it was made so")
def session_deletes(binary):
    node = Node(binary).start()
    made = create_session(node, Behavior="delete", LockDelay="0s")
    check(acquire(node, "mine", made), "the lock is not given")
    node.put(f"/v1/session/destroy/{made}")
    equal(node.http("GET", "/v1/kv/mine").status, 404, "the key")


@test("a session that is not renewed ends, and its lock waits for the delay")
def session_expiry(binary):
    node = Node(binary, config={"session_ttl_min": "1s"}).start()
    dies = create_session(node, TTL="1s", LockDelay="1s")
    lives = create_session(node, TTL="600s")
    check(acquire(node, "lead", dies), "the lock is not given")
    began = time.monotonic()
    until("it ends", lambda: not node.get(f"/v1/session/info/{dies}"))
    took = time.monotonic() - began
    check(took > 0.9, f"it ended after {took:.1f} s")
    check("Session" not in node.get("/v1/kv/lead")[0], "it is still held")
    check(not acquire(node, "lead", lives), "the delay was not kept")
    until("the lock after its delay", lambda: acquire(node, "lead", lives))
    equal(node.http("PUT", f"/v1/session/renew/{dies}").status, 404, "renewal")
    equal(node.put(f"/v1/session/renew/{lives}").json()[0]["ID"], lives,
          "renewal")


@test("a session ends with the check that it rests on")
def session_check(binary):
    node = Node(binary).start()
    node.put("/v1/agent/check/register", {
        "ID": "beat", "Name": "beat", "TTL": "600s", "Status": "passing"})
    node.until_check("beat", "passing")
    made = create_session(node, Checks=["serfHealth", "beat"],
                          LockDelay="0s")
    check(acquire(node, "lead", made), "the lock is not given")
    node.put("/v1/agent/check/fail/beat")
    until("it ends", lambda: not node.get(f"/v1/session/info/{made}"))
    check("Session" not in node.get("/v1/kv/lead")[0], "it is still held")


@test("lock runs a command while it holds the lock, one at a time")
def lock_command(binary, home):
    node = Node(binary).start()
    got = node.cli("lock", "jobs", f"echo inside >> {home}/out").ok()
    equal((home / "out").read_text(), "inside\n", f"file ({got.err})")
    failed = node.cli("lock", "-child-exit-code", "jobs", "exit 3")
    equal(failed.code, 2, "exit code of a command that failed")
    contains(failed.err, "exit status 3")
    # Two at once: neither begins while the other is inside.
    line = (f"echo in >> {home}/two; sleep 0.2; echo out >> {home}/two")
    outputs = []
    threads = [threading.Thread(target=lambda: outputs.append(
        node.cli("lock", "jobs", line))) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    equal([one.code for one in outputs], [0, 0], "exit codes")
    equal((home / "two").read_text().split(), ["in", "out"] * 2, "the order")


class Waiting:
    """A blocking query in a thread of its own."""

    def __init__(self, node, path):
        self.answer = None
        self.thread = threading.Thread(
            target=lambda: setattr(self, "answer", node.http("GET", path)))
        self.thread.start()

    def finish(self):
        self.thread.join(20)
        check(not self.thread.is_alive(), "the query is not answered")
        return self.answer


@test("a blocking query waits for the change it asks about, or its time")
def blocking_queries(binary):
    node = Node(binary).start()
    node.put("/v1/kv/a", b"1")
    index = node.http("GET", "/v1/kv/a").index
    began = time.monotonic()
    same = node.http("GET", f"/v1/kv/a?index={index}&wait=500ms")
    took = time.monotonic() - began
    check(0.5 <= took < 5, f"it waited {took:.2f} s")
    equal(same.index, index, "index without a change")
    for change, wanted in ((lambda: node.put("/v1/kv/a", b"2"), text64("2")),
                           (lambda: node.http("DELETE", "/v1/kv/a"), None),
                           (lambda: node.put("/v1/kv/a", b"3"), text64("3"))):
        waiting = Waiting(node, f"/v1/kv/a?index={index}&wait=60s")
        if wanted != text64("3"):
            # A key that is not there has the index of the newest change
            # anywhere, so only one that is there tells these apart.
            node.put("/v1/kv/elsewhere", str(index).encode())
            check(waiting.thread.is_alive(), "it woke for another key")
        change()
        got = waiting.finish()
        check(got.index > index, f"index {got.index} after {index}")
        equal(got.json()[0]["Value"] if got.status == 200 else None, wanted,
              "the value")
        index = got.index
    equal(node.http("GET", "/v1/kv/a?index=1").status, 200, "an old index")


@test("a watch on a service's health wakes when a check changes")
def health_watch(binary):
    node = Node(binary).start()
    node.put("/v1/agent/service/register", {
        "Name": "web", "Check": {"CheckID": "beat", "TTL": "600s"}})
    node.until_check("beat", "critical")
    index = node.http("GET", "/v1/health/service/web?passing").index
    waiting = Waiting(
        node, f"/v1/health/service/web?passing&index={index}&wait=60s")
    node.put("/v1/agent/check/pass/beat")
    equal(len(waiting.finish().json()), 1, "passing instances")


@test("the command watch prints the data once, or runs a handler")
def watch_command(binary, home):
    node = Node(binary).start()
    node.put("/v1/kv/a", b"one")
    contains(node.cli("watch", "-type=key", "-key=a").ok().out,
             f'"Value": "{text64("one")}"')
    contains(node.cli("watch", "-type=services").ok().out, '"consul"')
    follower = subprocess.Popen(
        [binary, "watch", f"-http-addr={node.address}:8500", "-type=key",
         "-key=a", f"cat >> {home}/seen; echo >> {home}/seen"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        seen = home / "seen"
        for word in ("one", "two"):
            until(f"the handler sees {word}", lambda: seen.exists()
                  and text64(word) in seen.read_text())
            node.put("/v1/kv/a", b"two")
    finally:
        follower.kill()
        follower.wait()


@test("monitor shows the log as it is written")
def monitor(binary):
    node = Node(binary).start()
    with node.connect() as client:
        client.sendall(b"GET /v1/agent/monitor?loglevel=debug HTTP/1.1\r\n"
                       b"Host: x\r\n\r\n")
        lines = client.makefile("rb")
        contains(lines.readline(), b"200 OK")
        node.http("GET", "/v1/kv/a-name-to-look-for")
        for line in lines:
            if b"a-name-to-look-for" in line:
                return
        raise AssertionError("the log ended without the line")


if __name__ == "__main__":
    main()
