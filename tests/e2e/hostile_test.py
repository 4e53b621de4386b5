#!/usr/bin/env python3
"""Clients that do all the wrong things: whatever they send, hold or leave
unread, the node goes on answering others, and its memory stays bounded.

How much memory strangers may cost is stated with each test. It follows from
the node's own limits: a header of 1 MiB, a body of about 0.6 MiB, 256 KiB of
unread answers, 64 KiB read ahead, for each connection; and the connections of
one address are limited by http_max_conns_per_client.
"""

import contextlib
import http.client
import random
import resource
import select
import signal
import socket
import subprocess
import sys

from node import (check, dns_decode, dns_question, DNS_PORT, equal,
                  is_closed, main, megabytes, Node, random_address,
                  read_answer, Reader, receive, reset, test, until)

MB = 1 << 20
# What the allocator keeps and what rounds up, beside what a test states.
SLACK = 24 * MB
PER_CLIENT = 200  # the default of http_max_conns_per_client


class Watched:
    """An agent whose memory must not grow by more than is stated."""

    def __init__(self, binary, megabytes_max, **options):
        self.node = Node(binary, **options)
        self.grow_max = megabytes_max * MB + SLACK

    def __enter__(self):
        self.node.start()
        self.node.check_alive()
        self.before = self.node.rss()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.look("at the end")

    def look(self, when):
        """Others are answered and the memory is within its bound."""
        self.node.check_alive()
        grown = self.node.rss() - self.before
        check(grown <= self.grow_max,
              f"{when}: the node grew by {megabytes(grown)}, "
              f"stated are {megabytes(self.grow_max)}")


def many(stack, node, count, source=None, port=8500):
    return [stack.enter_context(node.connect(port, source))
            for _ in range(count)]


def head(method, path, *lines):
    return ("\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "",
                         ""])).encode()


# -- clients that die


@test("clients that are killed amid requests and answers cost nothing")
def killed_clients(binary):
    source = random_address()
    with Watched(binary, 8) as watched:
        node = watched.node
        node.put("/v1/kv/big", b"v" * 500_000)
        for _ in range(5):
            clients = [node.connect(source=source) for _ in range(100)]
            for number, client in enumerate(clients):
                client.sendall([
                    b"", b"G", head("GET", "/v1/kv/alive?index=999999"),
                    head("PUT", "/v1/kv/x", "Content-Length: 100") + b"half",
                    head("GET", "/v1/kv/big"),
                    head("PUT", "/v1/kv/x", "Transfer-Encoding: chunked")
                    + b"5\r\nab",
                ][number % 6])
            for client in clients:
                reset(client)
            watched.look("after clients died")
        # Their places are free again: as many as ever may come.
        check_free_places(node, source)


def check_free_places(node, source):
    def all_answered():
        with contextlib.ExitStack() as stack:
            clients = many(stack, node, PER_CLIENT, source)
            try:
                for client in clients:
                    client.sendall(head("GET", "/v1/status/leader"))
                return all(read_answer(client)[0] == 200
                           for client in clients)
            except (OSError, http.client.HTTPException):
                return False

    until(f"{PER_CLIENT} places for {source}", all_answered)


@test("a process killed while it writes and waits leaves the node well")
def killed_process(binary):
    script = """
import socket, sys
clients = []
for number in range(100):
    one = socket.create_connection((sys.argv[1], 8500))
    one.sendall((
        "GET /v1/kv/alive?index=999999 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
        if number % 2 else
        "PUT /v1/kv/x HTTP/1.1\\r\\nHost: x\\r\\n"
        "Content-Length: 500000\\r\\n\\r\\nx").encode())
    clients.append(one)
print("ready", flush=True)
while True:
    for one in clients[::2]:
        one.sendall(b"x")
"""
    with Watched(binary, 8) as watched:
        child = subprocess.Popen(
            [sys.executable, "-c", script, watched.node.address],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with child:
            equal(child.stdout.readline(), b"ready\n", "the child's line")
            watched.look("while it writes")
            child.send_signal(signal.SIGKILL)
        watched.look("after its death")
        check_free_places(watched.node, None)


@test("watches of clients that went away do not pile up")
def abandoned_watches(binary):
    source = random_address()
    with Watched(binary, 4) as watched:
        node = watched.node
        for _ in range(20):
            clients = [node.connect(source=source) for _ in range(100)]
            for number, client in enumerate(clients):
                client.sendall(head("GET", f"/v1/kv/alive{number}"
                                    "?recurse&index=999999&wait=600s"))
            for client in clients:
                reset(client)
            # Their places are taken back in the order in which they ended.
            until("their descriptors are closed",
                  lambda: node.open_files() < 60)


# -- clients that say nothing, or little


@test("connections that send nothing or half a head hold places, not others")
def half_open(binary):
    source = random_address()
    with Watched(binary, 4) as watched, contextlib.ExitStack() as stack:
        clients = many(stack, watched.node, PER_CLIENT, source)
        for number, client in enumerate(clients):
            client.sendall([b"", b"GET /v1/kv/a", b"GET / HTTP/1.1\r\nHost:",
                            head("PUT", "/v1/kv/x", "Content-Length: 9")]
                           [number % 4])
        watched.look("with 200 half-open connections")


@test("slow senders of a byte at a time do not slow down others")
def slow_senders(binary):
    rounds = iter(range(6))
    text = head("PUT", "/v1/kv/slow", "Content-Length: 2")[:-2]
    with Watched(binary, 4) as watched, contextlib.ExitStack() as stack:
        clients = [client for _ in range(3) for client in many(
            stack, watched.node, 150, random_address())]

        def one_round():
            at = next(rounds, None)
            if at is None:
                return True
            for client in clients:
                client.sendall(text[at:at + 1])
            watched.look(f"in round {at}")
            return False

        until("the slow senders are done", one_round, 30, every=0.5)
        # Slow is not wrong: the one that finishes is served.
        clients[0].sendall(text[6:] + b"\r\nok")
        equal(read_answer(clients[0])[0], 200, "status of the slow request")


@test("bodies that are promised and never sent cost no memory")
def promised_bodies(binary):
    with Watched(binary, 16) as watched, contextlib.ExitStack() as stack:
        for client in many(stack, watched.node, 190):
            client.sendall(head("PUT", "/v1/kv/x", "Content-Length: 500000"))
        watched.look("with 190 promised bodies")


# -- clients that never read


@test("a client that pipelines and never reads is stopped, not buffered")
def never_reading(binary):
    with Watched(binary, 30) as watched, contextlib.ExitStack() as stack:
        node = watched.node
        for number in range(2):
            node.put(f"/v1/kv/big/{number}", b"v" * 400_000)
        clients = many(stack, node, 20)
        for client in clients:
            client.setblocking(False)
        for client in clients[1:]:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        question = head("GET", "/v1/kv/big?recurse") * 20_000
        sent = dict.fromkeys(clients, 0)

        def push():
            progress = False
            for client in clients:
                try:
                    sent[client] += client.send(question)
                    progress = True
                except BlockingIOError:
                    pass
            return not progress or max(sent.values()) > 100 * MB

        until("the senders are stopped", push)
        check(max(sent.values()) < 20 * MB,
              f"it took {megabytes(max(sent.values()))} of requests")
        watched.look("with 20 clients that do not read")
        # One begins to read: the answers are whole and in order.
        clients[0].settimeout(10)
        reader = Reader(clients[0])
        for _ in range(20):
            status, body = reader.answer()
            equal((status, len(body) > MB), (200, True), "an answer")


@test("a thousand pipelined requests are answered in their order")
def pipelined(binary):
    with Watched(binary, 8) as watched:
        node = watched.node
        for number in range(10):
            node.put(f"/v1/kv/n{number}", str(number).encode())
        with node.connect() as client:
            client.sendall(b"".join(head("GET", f"/v1/kv/n{n % 10}?raw")
                                    for n in range(1000)))
            reader = Reader(client)
            for number in range(1000):
                equal(reader.answer(), (200, str(number % 10).encode()),
                      f"answer {number}")


@test("followers of the log that never read lose lines, not our memory")
def unread_log(binary):
    with Watched(binary, 30) as watched, contextlib.ExitStack() as stack:
        for client in many(stack, watched.node, 50):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(head("GET", "/v1/agent/monitor?loglevel=trace"))
        for _ in range(10):
            with watched.node.connect() as client:
                client.sendall(head("GET", "/v1/kv/" + "x" * 1000) * 200)
                reader = Reader(client)
                for _ in range(200):
                    equal(reader.answer()[0], 404, "status")
        watched.look("after 2,000 logged requests")


# -- too much


@test("a header beyond a megabyte is refused with 431")
def huge_header(binary):
    with Watched(binary, 8) as watched:
        for _ in range(5):
            with watched.node.connect() as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
                with contextlib.suppress(OSError):
                    for _ in range(32):
                        client.sendall(b"x" * 65536)
                equal(read_answer(client)[0], 431, "status")
                check(is_closed(client), "the connection stays")
        with watched.node.connect() as client:
            client.sendall(head("GET", "/", *["A: b"] * 5000))
            equal(read_answer(client)[0], 431, "status of 5000 headers")


@test("a hundred heads of nearly a megabyte cost what they are, and go")
def many_heads(binary):
    # Growing buffers are twice their content at worst.
    with Watched(binary, 2 * 100) as watched:
        with contextlib.ExitStack() as stack:
            for client in many(stack, watched.node, 100):
                client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * (MB - 1000))
            watched.look("with 100 MB of heads")
            watched.look("once more")


@test("a chunked body without end is refused with 413 and not stored")
def endless_chunks(binary):
    with Watched(binary, 16) as watched, contextlib.ExitStack() as stack:
        for client in many(stack, watched.node, 8):
            client.sendall(head("PUT", "/v1/kv/x",
                                "Transfer-Encoding: chunked"))
            piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
            with contextlib.suppress(OSError):
                for _ in range(64 * MB // 65536):
                    if select.select([client], [], [], 0)[0]:
                        break
                    client.sendall(piece)
            equal(read_answer(client)[0], 413, "status")
        watched.look("after bodies without end")
        equal(watched.node.http("GET", "/v1/kv/x").status, 404, "the key")


@test("a chunk of a size beyond all numbers is refused")
def huge_chunk(binary):
    with Watched(binary, 4) as watched:
        for size in (b"fffffffffffffffff", b"ffffffffffffffff", b"-1", b"g",
                     b"1" * 20000):
            with watched.node.connect() as client:
                client.sendall(head("PUT", "/v1/kv/x",
                                    "Transfer-Encoding: chunked")
                               + size + b"\r\nabc")
                status, _ = read_answer(client)
                check(status in (400, 413), f"status {status} for {size[:20]}")
                # What is too large may still be on its way and is drained.
                check(status == 413 or is_closed(client),
                      f"stays open after {size[:20]}")


@test("a body declared as ten gigabytes is refused at once")
def huge_body(binary):
    with Watched(binary, 4) as watched, watched.node.connect() as client:
        client.sendall(head("PUT", "/v1/kv/x", "Content-Length: 10000000000")
                       + b"x" * 100)
        equal(read_answer(client)[0], 413, "status")


@test("deeply nested and very long JSON is refused and survived")
def hostile_json(binary):
    with Watched(binary, 64) as watched:
        for body in (b"[" * 400_000, b'{"a":' * 80_000,
                     b'{"Name":"' + b"x" * 400_000,
                     b'{"Name":"x","Tags":[' + b'"",' * 100_000 + b'""',
                     b'{"Name":' + b"1" * 400_000 + b"}",
                     b'{"Name":"\\ud800', bytes(range(256)) * 1000):
            for path in ("/v1/agent/service/register", "/v1/catalog/register",
                         "/v1/session/create", "/v1/txn",
                         "/v1/agent/check/register"):
                got = watched.node.http("PUT", path, body)
                check(400 <= got.status < 500,
                      f"{got.status} for {body[:20]} at {path}")
        watched.look("after 35 bad bodies")


@test("filters and paths made to be costly are answered or refused quickly")
def hostile_queries(binary):
    with Watched(binary, 32) as watched:
        for path in ("/v1/catalog/services?filter=" + "(" * 20_000,
                     "/v1/agent/services?filter=Service+matches+%22"
                     + "(a*)*" * 200 + "b%22",
                     "/v1/kv/" + "%2e%2e%2f" * 10_000,
                     "/v1/kv/" + "/" * 100_000,
                     "/v1/kv/x?" + "a=b&" * 100_000,
                     "/v1/kv/x?wait=999999999999h&index=0",
                     "/v1/kv/x?index=99999999999999999999999",
                     "/v1/health/service/%00%ff%c0"):
            got = watched.node.http("GET", path, seconds=10)
            check(got.status in range(200, 501), f"{got.status}: {path[:60]}")
            watched.look(f"after {path[:40]}")


# -- garbage


@test("garbage on the HTTP port is refused and harms nobody")
def http_garbage(binary):
    chance = random.Random(1)
    with Watched(binary, 8) as watched:
        for number in range(300):
            size = chance.choice([1, 2, 10, 100, 5000, 70_000])
            garbage = chance.randbytes(size)
            if number % 3 == 0:
                garbage = b"GET / HTTP/1.1\r\n" + garbage
            with watched.node.connect() as client:
                with contextlib.suppress(OSError):
                    client.sendall(garbage)
                    client.shutdown(socket.SHUT_WR)
                check(is_closed(client), f"stays open after {garbage[:50]}")
        # As if it were TLS: answered at once and not waited for.
        with watched.node.connect() as client:
            client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            equal(read_answer(client)[0], 400, "status for TLS")


@test("garbage in DNS packets over UDP is survived, and others are answered")
def udp_garbage(binary):
    chance = random.Random(2)
    with Watched(binary, 8) as watched:
        good = dns_question("consul.service.consul", "SRV")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for number in range(3000):
                packet = bytearray(good)
                if number % 3 == 0:
                    packet = bytearray(chance.randbytes(
                        chance.choice([0, 1, 11, 12, 13, 100, 1400])))
                elif number % 3 == 1:
                    for _ in range(3):
                        packet[chance.randrange(len(packet))] = (
                            chance.randrange(256))
                else:
                    packet = packet[:chance.randrange(len(packet))]
                client.sendto(packet, (watched.node.address, DNS_PORT))
            # The largest that UDP carries.
            client.sendto(b"\xff" * 65000, (watched.node.address, DNS_PORT))
        equal(watched.node.dns("consul.service.consul").data("A"),
              [watched.node.address], "the answer to a good question")


@test("garbage in DNS frames over TCP is survived, and others are answered")
def tcp_garbage(binary):
    chance = random.Random(3)
    with Watched(binary, 8) as watched:
        for number in range(200):
            size = chance.choice([0, 1, 12, 100, 1000, 65535])
            frame = size.to_bytes(2, "big") + chance.randbytes(size)
            with watched.node.connect(DNS_PORT) as client:
                with contextlib.suppress(OSError):
                    client.sendall(frame[:chance.choice([1, 2, len(frame)])])
                if number % 2:
                    reset(client)
        equal(watched.node.dns("consul.service.consul", over_tcp=True).data(
            "A"), [watched.node.address], "the answer to a good question")


@test("half-sent DNS frames hold no more than themselves")
def half_frames(binary):
    with Watched(binary, 32) as watched, contextlib.ExitStack() as stack:
        for client in many(stack, watched.node, 300, port=DNS_PORT):
            client.sendall(b"\xff\xff" + b"x" * 30_000)
        watched.look("with 300 half frames")
        equal(watched.node.dns("consul.service.consul", over_tcp=True).code,
              0, "code of an answer over TCP")


@test("DNS clients that ask over TCP and never read are cut off")
def unread_dns(binary):
    question = dns_question("consul.service.consul", "SRV")
    frames = (len(question).to_bytes(2, "big") + question) * 1000
    # 256 KiB of answers for each, twice that with what they are kept in.
    with Watched(binary, 20) as watched, contextlib.ExitStack() as stack:
        clients = many(stack, watched.node, 40, port=DNS_PORT)
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)

        def push():
            progress = False
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(frames)
                    progress = True
            return not progress

        until("the senders are stopped", push)
        watched.look("with 40 DNS clients that do not read")
        equal(watched.node.dns("consul.service.consul").code, 0, "UDP's code")


@test("pipelined DNS questions over TCP are all answered")
def pipelined_dns(binary):
    with Watched(binary, 8) as watched:
        frames = b""
        for number in range(1, 101):
            question = dns_question("consul.service.consul", "A", number)
            frames += len(question).to_bytes(2, "big") + question
        with watched.node.connect(DNS_PORT) as client:
            client.sendall(frames)
            numbers = set()
            for _ in range(100):
                size = int.from_bytes(receive(client, 2), "big")
                packet = receive(client, size)
                numbers.add(int.from_bytes(packet[:2], "big"))
                equal(dns_decode(packet).data("A"), [watched.node.address],
                      "address")
        equal(numbers, set(range(1, 101)), "ids of the answers")


# -- too many


@test("one address has so many connections as configured and no more")
def connection_flood(binary):
    source, other = random_address(), random_address()
    with Watched(binary, 8) as watched, contextlib.ExitStack() as stack:
        node = watched.node
        clients = many(stack, node, PER_CLIENT, source)
        for client in clients:
            client.sendall(head("GET", "/v1/status/leader"))
            equal(read_answer(client)[0], 200, "status")
        for _ in range(50):
            with node.connect(source=source) as refused:
                check(is_closed(refused), "one too many is not closed")
        with node.connect(source=other) as client:
            client.sendall(head("GET", "/v1/status/leader"))
            equal(read_answer(client)[0], 200, "status of another address")
        watched.look("amid the flood")
        # The others stay as they are, and a place that is left is free.
        clients[7].sendall(head("GET", "/v1/status/leader"))
        equal(read_answer(clients[7])[0], 200, "status of an old connection")
        clients.pop().close()

        def is_free():
            with node.connect(source=source) as client:
                with contextlib.suppress(OSError):
                    client.sendall(head("GET", "/v1/status/leader"))
                    return client.recv(8) == b"HTTP/1.1"
                return False

        until("the free place", is_free)


@test("the limit of connections follows the configuration")
def configured_limit(binary):
    node = Node(binary, config={"limits": {"http_max_conns_per_client": 3}})
    node.start()
    source = random_address()
    with contextlib.ExitStack() as stack:
        for client in many(stack, node, 3, source):
            client.sendall(head("GET", "/v1/status/leader"))
            equal(read_answer(client)[0], 200, "status")
        with node.connect(source=source) as refused:
            check(is_closed(refused), "the fourth is not closed")


@test("out of file descriptors the node neither ends nor spins, and recovers")
def no_descriptors(binary):
    files_max = 96
    node = Node(binary, limits=[(resource.RLIMIT_NOFILE, files_max)]).start()
    with node.connect() as kept:
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                many(stack, node, 30, random_address())
            until("all descriptors are taken",
                  lambda: node.open_files() >= files_max - 1)
            for _ in range(20):
                kept.sendall(head("GET", "/v1/status/leader"))
                equal(read_answer(kept)[0], 200, "an old connection's status")
            equal(node.dns("consul.service.consul").code, 0, "DNS over UDP")
            used = node.cpu_seconds()
            ticks = iter(range(3))
            until("a second passes", lambda: next(ticks, None) is None,
                  every=0.5)
            used = node.cpu_seconds() - used
            check(used < 0.5, f"it used {used:.2f} s of processor while "
                  "connections waited")
        until("descriptors are free",
              lambda: node.open_files() < files_max - 30)
        node.check_alive()


@test("a storm of connections that come and go leaves no descriptor behind")
def come_and_go(binary):
    with Watched(binary, 8) as watched:
        node = watched.node
        before = node.open_files()
        for number in range(1500):
            client = node.connect(DNS_PORT if number % 3 == 0 else 8500)
            if number % 2:
                reset(client)
            else:
                client.close()
        until("all are closed", lambda: node.open_files() <= before + 2)


@test("framing that two servers could read differently is refused")
def smuggling(binary):
    with Watched(binary, 4) as watched:
        for lines in (("Content-Length: 3", "Content-Length: 4"),
                      ("Content-Length: 3", "Transfer-Encoding: chunked"),
                      ("Transfer-Encoding: chunked, identity",),
                      ("Content-Length: +3",), ("Content-Length : 3",)):
            with watched.node.connect() as client:
                client.sendall(head("PUT", "/v1/kv/x", *lines) + b"3\r\nabc")
                status, _ = read_answer(client)
                check(status in (400, 501), f"{status} for {lines}")
                check(is_closed(client), f"stays open after {lines}")


if __name__ == "__main__":
    main()
