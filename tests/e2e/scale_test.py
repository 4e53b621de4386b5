#!/usr/bin/env python3
"""Ten thousand clients of one agent: idle connections, then a watch on each,
then one write that answers them all. Prints what each costs in memory."""

import contextlib
import resource
import select
import socket
import time

from node import (check, equal, main, Node, random_address, Skipped, test,
                  text64, until)

CLIENTS = 10_000
PER_ADDRESS = 200  # the default of http_max_conns_per_client
# Descriptors beside those of the clients.
SPARE_FILES = 200
# Several times what was measured, so that only a change of kind fails.
CONNECTION_BYTES_MAX = 12_000
WATCH_BYTES_MAX = 16_000
WAKE_SECONDS_MAX = 10


def allow_files(count):
    """Raises this process's limit, and with it that of the agent."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Skipped(f"{count} descriptors are needed, {hard} allowed")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


class Crowd:
    """Many keep-alive connections, each with at most one open request."""

    def __init__(self, node, stack):
        self.node = node
        self.stack = stack
        self.poll = stack.enter_context(
            contextlib.closing(select.epoll()))
        self.clients = {}

    def join(self, count, source=None):
        for _ in range(count):
            client = self.stack.enter_context(
                self.node.connect(source=source))
            self.clients[client.fileno()] = client
            self.poll.register(client, select.EPOLLIN)

    def ask(self, path):
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for client in self.clients.values():
            client.sendall(request)

    def answers(self, seconds):
        """Reads until each has its answer; returns them by descriptor."""
        got, whole = dict.fromkeys(self.clients, b""), 0

        def collect():
            nonlocal whole
            for descriptor, _ in self.poll.poll(0, 1024):
                more = self.clients[descriptor].recv(65536)
                check(more, "a connection was closed")
                had = is_whole(got[descriptor])
                got[descriptor] += more
                whole += is_whole(got[descriptor]) and not had
            return whole == len(self.clients)

        until(f"{len(self.clients)} answers", collect, seconds, every=0)
        return got

    def answered(self):
        return len(self.poll.poll(0, CLIENTS))


def is_whole(answer):
    head, parted, body = answer.partition(b"\r\n\r\n")
    if not parted:
        return False
    lower = head.lower()
    at = lower.find(b"content-length:")
    check(at >= 0, f"an answer without a length: {head!r}")
    return len(body) >= int(lower[at:].split(b"\r\n")[0].split(b":")[1])


def watch_all(node, crowd, path, value):
    """A blocking query of each, and one write that answers them all."""
    index = node.http("GET", path).index
    idle = node.rss()
    crowd.ask(f"{path}?index={index}&wait=300s")
    until("the node has read all requests",
          lambda: unread_bytes(node.address) == 0)
    # What was read last is being worked on; sessions are dealt out to the
    # loops in turn, so that these ask every one of them.
    for _ in range(4):
        node.check_alive()
    equal(crowd.answered(), 0, "answers before the write")
    watching = node.rss()
    began = time.monotonic()
    node.put(path, value.encode())
    wrote = time.monotonic() - began
    got = crowd.answers(60)
    took = time.monotonic() - began
    wanted = f'"{text64(value)}"'.encode()
    for answer in got.values():
        check(answer.startswith(b"HTTP/1.1 200 ") and wanted in answer,
              f"a wrong answer: {answer!r}")
    each = (watching - idle) / len(crowd.clients)
    print(f"  {len(crowd.clients)} watches: {each:.0f} bytes each; the write "
          f"took {wrote * 1000:.0f} ms, all answers {took * 1000:.0f} ms")
    check(each < WATCH_BYTES_MAX, f"{each:.0f} bytes a watch")
    check(took < WAKE_SECONDS_MAX, f"{took:.1f} s to answer all")


def unread_bytes(address):
    """What clients sent to the agent and it has not read, of all sockets."""
    local = socket.inet_aton(address)[::-1].hex().upper() + ":2134"
    total = 0
    with open("/proc/net/tcp") as table:
        for line in table:
            fields = line.split()
            if fields[1] == local and fields[3] == "01":
                total += int(fields[4].split(":")[1], 16)
    return total


def serve_crowd(node, sources):
    node.put("/v1/kv/watched", b"before")
    empty = node.rss()
    with contextlib.ExitStack() as stack:
        crowd = Crowd(node, stack)
        for source in sources:
            crowd.join(CLIENTS // len(sources), source)
        crowd.ask("/v1/kv/watched?raw")
        for answer in crowd.answers(30).values():
            check(answer.endswith(b"\r\n\r\nbefore"), f"answer {answer!r}")
        node.check_alive()
        each = (node.rss() - empty) / CLIENTS
        print(f"  {CLIENTS} idle connections: {each:.0f} bytes each")
        check(each < CONNECTION_BYTES_MAX, f"{each:.0f} bytes a connection")
        equal(crowd.answered(), 0, "connections that were closed")
        watch_all(node, crowd, "/v1/kv/watched", "first")
        # Nothing is used up: the same again, on the same connections.
        watch_all(node, crowd, "/v1/kv/watched", "second")
    until("all descriptors are closed", lambda: node.open_files() < 100)
    node.check_alive()


@test("10,000 clients of 50 addresses stay, watch, and are answered at once")
def many_addresses(binary):
    allow_files(CLIENTS + SPARE_FILES)
    node = Node(binary, "-log-level=info").start()
    # One address more for the test's own requests.
    serve_crowd(node, [random_address()
                       for _ in range(CLIENTS // PER_ADDRESS)])


@test("10,000 clients of one address are served where the limit is raised")
def one_address(binary):
    allow_files(CLIENTS + SPARE_FILES)
    node = Node(binary, "-log-level=info", config={
        "limits": {"http_max_conns_per_client": CLIENTS + 10}}).start()
    serve_crowd(node, [random_address()])


@test("two thousand watches on different keys wake only for their own")
def different_keys(binary):
    count = 2_000
    allow_files(count + SPARE_FILES)
    node = Node(binary, "-log-level=info", config={
        "limits": {"http_max_conns_per_client": count + 10}}).start()
    node.put("/v1/kv/first", b"x")
    index = node.http("GET", "/v1/kv/first").index
    with contextlib.ExitStack() as stack:
        crowd = Crowd(node, stack)
        crowd.join(count, random_address())
        for number, client in enumerate(crowd.clients.values()):
            client.sendall(f"GET /v1/kv/w{number:05}?index={index}&wait=300s "
                           "HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        until("the node has read all requests",
              lambda: unread_bytes(node.address) == 0)
        node.put("/v1/kv/elsewhere", b"x")
        node.check_alive()
        equal(crowd.answered(), 0, "answers to a write elsewhere")
        for number in (0, 7, count - 1):
            node.put(f"/v1/kv/w{number:05}", b"x")
            until("the one answer", lambda: crowd.answered() == 1)
            (descriptor, _), = crowd.poll.poll(0, CLIENTS)
            answer = crowd.clients[descriptor].recv(65536)
            check(f'"w{number:05}"'.encode() in answer, f"{answer!r}")


if __name__ == "__main__":
    main()
