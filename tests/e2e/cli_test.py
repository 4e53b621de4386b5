#!/usr/bin/env python3
"""The command line by itself: what it says and how it exits when there is no
agent to ask, and what an agent says that cannot start."""

import base64
import json
import socket
import subprocess
import threading

from node import (check, contains, equal, main, Node, random_address, run,
                  test)

# A start that is refused takes some milliseconds.
AGENT_START_SECONDS = 5

GROUPS = ["kv", "catalog", "services", "operator", "operator raft",
          "snapshot", "intention", "acl", "tls"]

COMMANDS = ["agent", "catalog datacenters", "catalog nodes",
            "catalog services", "event", "exec", "force-leave", "info",
            "join", "keygen", "keyring", "kv delete", "kv export", "kv get",
            "kv import", "kv put", "leave", "lock", "maint", "members",
            "monitor", "operator raft list-peers", "reload", "rtt",
            "services deregister", "services register", "snapshot save",
            "snapshot restore", "validate", "version", "watch"]


@test("without a command the list of commands is printed and the code is 127")
def no_command(binary):
    got = run(binary)
    equal(got.code, 127, "exit code")
    equal(got.out, "", "standard output")
    contains(got.err, "Usage: praetor [--version] [--help] <command> [<args>]")
    for name in ("agent", "kv", "members", "watch"):
        contains(got.err, f"\n    {name} ")


@test("an unknown command is answered like none")
def unknown_command(binary):
    got = run(binary, "bogus")
    equal((got.code, got.out), (127, ""), "exit code and output")
    contains(got.err, "Available commands are:")


@test("help that is asked for goes to standard output and is no failure")
def top_help(binary):
    for flag in ("-h", "-help", "--help"):
        got = run(binary, flag)
        equal((got.code, got.err), (0, ""), f"{flag}: code and error output")
        contains(got.out, "Available commands are:")


@test("the version is printed by the command and by its flags alike")
def version(binary):
    wanted = run(binary, "version").ok().out
    check(wanted.startswith("Praetor v"), f"the version is {wanted!r}")
    contains(wanted, "Protocol 2 spoken by default")
    for flag in ("-v", "-version", "--version"):
        equal(run(binary, flag).ok().out, wanted, flag)


@test("a group without its subcommand lists them and fails; with -h it works")
def groups(binary):
    for name in GROUPS:
        got = run(binary, *name.split())
        equal((got.code, got.out), (1, ""), f"{name}: code and output")
        contains(got.err, f"Usage: praetor {name} <subcommand>")
        asked = run(binary, *name.split(), "-h")
        equal((asked.code, asked.err), (0, ""), f"{name} -h")
        equal(asked.out, got.err, f"the help of {name}")


@test("every command explains itself with -h and refuses an unknown flag")
def each_command(binary):
    for name in COMMANDS:
        got = run(binary, *name.split(), "-h")
        equal(got.code, 0, f"{name} -h")
        contains(got.out + got.err, "praetor " + name, f"the help of {name}")
        refused = run(binary, *name.split(), "-no-such-flag")
        equal(refused.code, 1, f"{name} -no-such-flag")
        contains(refused.err, "flag provided but not defined: -no-such-flag",
                 name)


@test("nobody listening is said in one line, with the address, and code 1")
def connection_refused(binary):
    address = f"{random_address()}:8500"
    flag = f"-http-addr={address}"
    for words in (["kv", "get", flag, "x"], ["members", flag], ["info", flag],
                  ["catalog", "services", flag], ["reload", flag],
                  ["leave", flag], ["maint", flag]):
        got = run(binary, *words)
        equal((got.code, got.out), (1, ""), f"{words[0]}: code and output")
        contains(got.err, f"dial tcp {address}: connect: connection refused")
        equal(got.err.count("\n"), 1, f"{words[0]}: lines")


@test("the address is taken from the environment, and a flag beats it")
def environment(binary):
    one, other = (f"{random_address()}:8500" for _ in range(2))
    for name in ("PRAETOR_HTTP_ADDR", "CONSUL_HTTP_ADDR"):
        contains(run(binary, "members", **{name: one}).err, f"tcp {one}:",
                 name)
        contains(run(binary, "members", f"-http-addr={other}",
                     **{name: one}).err, f"tcp {other}:", name)


@test("a server that speaks no HTTP is an error and not a crash")
def no_http(binary):
    with socket.create_server((random_address(), 0)) as server:
        server.settimeout(10)
        host, port = server.getsockname()
        def serve():
            client, _ = server.accept()
            with client:
                client.recv(4096)
                client.sendall(b"\0\1\2\3 this is no HTTP\r\n\r\n")

        other = threading.Thread(target=serve)
        other.start()
        got = run(binary, "kv", "get", f"-http-addr={host}:{port}", "x")
        other.join()
    equal((got.code, got.out), (1, ""), "exit code and output")
    check(got.err.startswith("Error querying Consul agent: "), got.err)


@test("wrong arguments are refused before anybody is asked")
def arguments(binary):
    for words, said in (
            (["kv", "get"], "Error! Missing KEY argument"),
            (["kv", "put"], "Error! Missing KEY argument"),
            (["kv", "delete"], "Error! Missing KEY argument"),
            (["kv", "delete", "-cas", "x"],
             "Must specify -modify-index with -cas!"),
            (["kv", "put", "/x", "y"], "Key must not begin with a '/'"),
            (["kv", "get", "a", "b", "c"], "Too many arguments"),
            (["members", "-status=("], "Failed to compile status regexp")):
        got = run(binary, *words, CONSUL_HTTP_ADDR="127.0.0.1:1")
        equal((got.code, got.out), (1, ""), f"{words}: code and output")
        contains(got.err, said)


@test("a command that this version lacks says so and fails")
def unsupported(binary):
    for words in (["acl", "bootstrap"], ["connect", "envoy"],
                  ["config", "list"], ["tls", "ca", "create"]):
        got = run(binary, *words)
        equal((got.code, got.out), (1, ""), f"{words}: code and output")
        contains(got.err, "is not supported by this version")


@test("keygen draws 32 bytes, others each time")
def keygen(binary):
    keys = {run(binary, "keygen").ok().out.strip() for _ in range(3)}
    equal(len(keys), 3, "different keys")
    equal({len(base64.b64decode(key)) for key in keys}, {32}, "sizes")


@test("validate accepts good files and names what is wrong in others")
def validate(binary, home):
    good = home / "good.json"
    good.write_text(json.dumps({
        "data_dir": str(home), "service": {"name": "web", "port": 80}}))
    equal(run(binary, "validate", str(home)).ok().out,
          "Configuration is valid!\n", "output")
    equal(run(binary, "validate", "-quiet", str(home)).ok().out, "", "-quiet")
    good.unlink()
    for text, said in (('{"bogus": 1}', "invalid config key bogus"),
                       ('{"server":', "unexpected end of JSON input"),
                       ('{"data_dir": "/x", "ports": {"dns": 70000}}',
                        "port"),
                       ('{"data_dir": "/x", "datacenter": "a b"}',
                        "datacenter")):
        (home / "bad.json").write_text(text)
        got = run(binary, "validate", str(home))
        equal(got.code, 1, f"exit code for {text}")
        contains(got.out + got.err, "Config validation failed")
        contains((got.out + got.err).lower(), said.lower())


@test("validate without a path, or with one that is not there, fails")
def validate_nothing(binary, home):
    equal(run(binary, "validate").code, 1, "exit code without a path")
    missing = str(home / "missing")
    got = run(binary, "validate", missing)
    equal(got.code, 1, "exit code")
    contains(got.out + got.err, missing)


def start_and_fail(binary, *flags, config=None):
    """An agent that must end by itself: its code and what it said."""
    node = Node(binary, *flags, config=config, data_dir=None)
    if not any(flag == "-dev" for flag in flags):
        node.flags.remove("-dev")
    node.launch()
    try:
        return node.wait(AGENT_START_SECONDS), node.log()
    except subprocess.TimeoutExpired:
        raise AssertionError("the agent runs instead of refusing "
                             f"{config or flags}") from None


def check_refused(binary, text, said):
    code, log = start_and_fail(binary, "-dev", config=text)
    equal(code, 1, f"exit code for {text}")
    contains(log, said, f"what it says about {text}")
    check("Praetor agent running" not in log, f"{text} was taken")


@test("an agent whose configuration is broken prints the error and exits 1")
def broken_configuration(binary):
    for text, said in (('{"bogus": 1}', "invalid config key bogus"),
                       ('{"server":', "unexpected end of JSON input"),
                       ('{"log_level": "LOUD"}', "Invalid log level: LOUD"),
                       ('{"node_id": "x"}', "uuid string is wrong length")):
        check_refused(binary, text, said)


@test("a service without a name in a file ends the start with an error")
def nameless_service(binary):
    check_refused(binary, '{"service": {"port": 80}}', "Service name missing")


@test("a check without a name in a file ends the start with an error")
def nameless_check(binary):
    check_refused(binary, '{"check": {"ttl": "10s"}}', "CheckID missing")


@test("a check without an interval in a file ends the start with an error")
def check_without_interval(binary):
    check_refused(
        binary, '{"service": {"name": "a", "check": {"http": "x"}}}',
        "Interval must be > 0 for Script, HTTP, or TCP checks")


@test("an agent without -dev asks for a data directory")
def no_data_directory(binary):
    code, log = start_and_fail(binary)
    equal(code, 1, "exit code")
    contains(log, "==> data_dir cannot be empty")


KEY = "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s="


@test("an agent refuses what this version cannot do instead of starting")
def unsupported_agent(binary, home):
    for flags, said in (
            ([f"-data-dir={home}", f"-encrypt={KEY}"],
             "gossip encryption is not supported"),
            (["-dev", "-https-port=8501"], "HTTPS is not supported")):
        code, log = start_and_fail(binary, *flags)
        equal(code, 1, f"exit code of {flags}")
        contains(log, said, f"what {flags} prints")


@test("an agent refuses an unknown flag and a stray word")
def agent_flags(binary):
    code, log = start_and_fail(binary, "-dev", "-no-such-flag")
    equal(code, 1, "exit code")
    contains(log, "flag provided but not defined: -no-such-flag")
    code, log = start_and_fail(binary, "-dev", "stray")
    equal(code, 1, "exit code")
    contains(log, "stray")


@test("an agent that may not listen where it is told says where and why")
def address_not_here(binary):
    code, log = start_and_fail(binary, "-dev", "-client=192.0.2.1")
    equal(code, 1, "exit code")
    contains(log, "192.0.2.1:")
    contains(log, "cannot assign requested address")


if __name__ == "__main__":
    main()
