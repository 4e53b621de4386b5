#!/usr/bin/env python3
"""What a server that keeps its data still has after it was killed, what it
makes of damaged files, and how it ends."""

import http.client
import shutil
import signal
import subprocess
import threading

from node import (check, contains, equal, kill_all, main, Node, receive, test,
                  text64, until)

SERVER = ["-server", "-bootstrap-expect=1"]
WRITERS = 4
KILL_ROUNDS = 3
WRITES_BEFORE_KILL = 200
LONG_LOG = 20_000  # entries of keys
TRANSACTION_OPERATIONS = 64  # as many as one transaction may have
# The sizes of a segment's header and of a batch's, storage/FORMATS.md.
SEGMENT_HEADER = 20
BATCH_HEADER = 28
# Room for one segment and a little, then the disk is full.
SMALL_DISK = "10m"
LARGER_DISK = "64m"
LARGE_VALUE = 500_000  # bytes


def server(binary, home, *flags, **options):
    return Node(binary, *SERVER, *flags, data_dir=home / "data", **options)


def fill(node, count=20):
    for number in range(count):
        node.put(f"/v1/kv/fill/{number}", f"value {number}".encode())


def check_filled(node, count=20):
    for number in range(count):
        equal(node.http("GET", f"/v1/kv/fill/{number}?raw").ok().body,
              f"value {number}".encode(), f"fill/{number}")


def newest_segment(home):
    segments = sorted((home / "data" / "raft" / "log").glob("*.wal"))
    check(segments, "there is no segment of the log")
    return segments[-1]


def log_end(segment):
    """Where the last batch of a segment ends; what follows is reserved."""
    content = segment.read_bytes()
    at = SEGMENT_HEADER
    while content[at:at + 4] == b"PRBT":
        at += BATCH_HEADER + int.from_bytes(content[at + 4:at + 8], "little")
    return at


def overwrite(path, at, content):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(content)


def refused_start(node, seconds=5):
    """A start that must fail: what it prints."""
    begins = len(node.log())
    node.launch()
    try:
        code = node.wait(seconds)
    except subprocess.TimeoutExpired:
        raise AssertionError("the agent runs") from None
    equal(code, 1, f"exit code; it printed {node.log()[begins:]}")
    said = node.log()[begins:]
    check("Praetor agent running" not in said, f"it ran: {said}")
    return said


@test("keys, flags and deletions are there after kill -9")
def keys(binary, home):
    node = server(binary, home).start()
    node.put("/v1/kv/a?flags=42", b"one")
    node.put("/v1/kv/b", b"two")
    node.put("/v1/kv/b", b"three")
    node.put("/v1/kv/gone", b"x")
    node.http("DELETE", "/v1/kv/gone").ok()
    node.put("/v1/kv/empty", b"")
    before = node.get("/v1/kv/?recurse")
    index = node.http("GET", "/v1/kv/?recurse").index
    node.restart()
    equal(node.get("/v1/kv/?recurse"), before, "all keys")
    equal(node.http("GET", "/v1/kv/gone").status, 404, "a deleted key")
    check(node.http("GET", "/v1/kv/?recurse").index >= index,
          "the index went back")
    node.put("/v1/kv/c", b"new")
    newest = node.get("/v1/kv/c")[0]["ModifyIndex"]
    check(newest > index, f"a new write has index {newest} after {index}")


def write_until_killed(node, name, acknowledged, enough):
    """One client: counts up a key of its own and notes what was answered."""
    client = http.client.HTTPConnection(node.address, 8500, timeout=20)
    number = 0
    try:
        while True:
            number += 1
            client.request("PUT", f"/v1/kv/{name}/{number}", str(number))
            got = client.getresponse()
            if got.status != 200 or got.read().strip() != b"true":
                return
            acknowledged[name] = number
            if sum(acknowledged.values()) >= WRITES_BEFORE_KILL:
                enough.set()
    except (OSError, http.client.HTTPException):
        return  # it was killed
    finally:
        client.close()


@test("whatever was acknowledged before kill -9 amid writes is there after it")
def acknowledged_writes(binary, home):
    node = server(binary, home).start()
    kept = {}
    for round_number in range(KILL_ROUNDS):
        acknowledged, enough = {}, threading.Event()
        writers = [threading.Thread(target=write_until_killed, args=(
            node, f"r{round_number}w{which}", acknowledged, enough))
            for which in range(WRITERS)]
        for one in writers:
            one.start()
        check(enough.wait(20), f"only {acknowledged} writes in 20 s")
        node.kill()
        for one in writers:
            one.join()
        kept.update(acknowledged)
        node.start()
        found = {entry["Key"]: entry["Value"]
                 for entry in node.get("/v1/kv/?recurse")}
        for name, last in kept.items():
            for number in range(1, last + 1):
                equal(found.get(f"{name}/{number}"), text64(str(number)),
                      f"{name}/{number} of {last} in round {round_number}")


def first_answer(node, path):
    """The first answer of a starting node that is no refusal."""
    def ask():
        try:
            got = node.http("GET", path)
        except OSError:
            return None
        return None if got.status == 500 else got

    return until("an answer", ask, every=0)


@test("a restarted server answers no read before it has its log applied")
def first_read(binary, home):
    node = server(binary, home).start()
    # A log that takes a moment to apply: what a hasty read would miss.
    for _ in range(LONG_LOG // TRANSACTION_OPERATIONS):
        node.put("/v1/txn", [
            {"KV": {"Verb": "set", "Key": f"long/{number}",
                    "Value": text64("x" * 100)}}
            for number in range(TRANSACTION_OPERATIONS)])
    node.put("/v1/kv/last", b"kept")
    for level in ("", "&consistent", ""):
        node.kill()
        node.launch()
        got = first_answer(node, f"/v1/kv/last?raw{level}")
        equal((got.status, got.body), (200, b"kept"),
              f"the first read{level} after a restart")


@test("the catalogue's external nodes, services and checks survive kill -9")
def catalogue(binary, home):
    node = server(binary, home).start()
    node.put("/v1/catalog/register", {
        "Node": "db1", "Address": "10.1.2.3", "NodeMeta": {"rack": "7"},
        "Service": {"ID": "pg1", "Service": "postgres", "Port": 5432,
                    "Tags": ["primary"]},
        "Check": {"Node": "db1", "CheckID": "pg", "Name": "pg",
                  "Status": "passing", "ServiceID": "pg1"}})
    before = node.get("/v1/health/service/postgres")
    equal(len(before), 1, "instances")
    node.restart()
    equal(node.get("/v1/health/service/postgres"), before, "the instance")
    equal(node.dns("postgres.service.consul", "SRV").data("SRV"),
          [(5432, "db1.node.dc1.consul.")], "SRV records")
    equal(node.dns("db1.node.consul").data("A"), ["10.1.2.3"], "A record")


@test("sessions and the locks they hold survive kill -9")
def sessions(binary, home):
    node = server(binary, home).start()
    made = node.put("/v1/session/create",
                    {"Name": "keeper", "TTL": "600s"}).json()["ID"]
    equal(node.put(f"/v1/kv/lock?acquire={made}", b"me").text.strip(), "true",
          "the lock")
    before = node.get(f"/v1/session/info/{made}")
    node.restart()
    equal(node.get(f"/v1/session/info/{made}"), before, "the session")
    held = node.get("/v1/kv/lock")[0]
    equal((held["Session"], held["LockIndex"]), (made, 1), "the lock's holder")
    other = node.put("/v1/session/create", {}).json()["ID"]
    equal(node.put(f"/v1/kv/lock?acquire={other}", b"you").text.strip(),
          "false", "a second holder")
    node.put(f"/v1/session/destroy/{made}")
    check("Session" not in node.get("/v1/kv/lock")[0], "the lock is free")


@test("services registered with the agent are still its own after kill -9")
def agent_services(binary, home):
    node = server(binary, home).start()
    node.put("/v1/agent/service/register", {
        "ID": "web1", "Name": "web", "Port": 80, "Tags": ["v1"],
        "Check": {"CheckID": "web-ttl", "TTL": "600s"}})
    node.put("/v1/agent/check/pass/web-ttl")
    node.until_check("web-ttl", "passing")
    node.restart()
    equal(list(node.get("/v1/agent/services")), ["web1"], "agent's services")
    # The agent must also not take its own service for a stranger's and
    # remove it from the catalogue when it comes into step.
    node.put("/v1/agent/service/register", {"Name": "later"})
    until("the agent is in step", lambda: "later" in node.get(
        "/v1/catalog/services"))
    contains(node.get("/v1/catalog/services"), "web", "the catalogue")
    equal(node.put("/v1/agent/service/deregister/web1").status, 200, "status")
    node.restart()
    check("web1" not in node.get("/v1/agent/services"),
          "a removed service came back")


@test("the node id is drawn once and kept; a flag replaces it for good")
def node_id(binary, home):
    node = server(binary, home).start()
    drawn = node.get("/v1/agent/self")["Config"]["NodeID"]
    equal((home / "data" / "node-id").read_text().strip(), drawn, "the file")
    node.restart()
    equal(node.get("/v1/agent/self")["Config"]["NodeID"], drawn, "node id")
    equal(node.stop(), 1, "exit code")
    node.start()
    equal(node.get("/v1/agent/self")["Config"]["NodeID"], drawn, "node id")


@test("a damaged node-id file is refused by name and not replaced")
def damaged_node_id(binary, home):
    (home / "data").mkdir()
    (home / "data" / "node-id").write_text("nonsense")
    said = refused_start(server(binary, home))
    contains(said, str(home / "data" / "node-id"))
    equal((home / "data" / "node-id").read_text(), "nonsense", "the file")


@test("garbage after the log's last batch is cut off with a warning")
def torn_garbage(binary, home):
    node = server(binary, home).start()
    fill(node)
    node.kill()
    segment = newest_segment(home)
    for garbage in (b"\0" * 100 + b"x", b"PRBT", bytes(range(256)) * 20):
        overwrite(segment, log_end(segment), garbage)
        before = node.log().count("cut a torn write off the log")
        node.start()
        until("a warning", lambda: node.log().count(
            f"cut a torn write off the log: file={segment}") > before)
        check_filled(node)
        node.kill()
    node.start()
    check_filled(node)
    node.put("/v1/kv/after", b"works")


@test("a last batch that is cut short is dropped with a warning, no other")
def torn_batch(binary, home):
    node = server(binary, home).start()
    fill(node)
    node.put("/v1/kv/last", b"x" * 1000)
    node.kill()
    segment = newest_segment(home)
    overwrite(segment, log_end(segment) - 10, b"\0" * 10)
    node.start()
    contains(node.log(), "cut a torn write off the log")
    check_filled(node)
    equal(node.http("GET", "/v1/kv/last").status, 404, "the torn write")
    node.put("/v1/kv/last", b"again")
    node.restart()
    equal(node.http("GET", "/v1/kv/last?raw").body, b"again", "the new write")
    check_filled(node)


@test("every length that a crash may leave of the last batch is started from")
def every_tail(binary, home):
    node = server(binary, home).start()
    fill(node, 3)
    node.kill()
    segment = newest_segment(home)
    before = log_end(segment)
    node.start()
    node.put("/v1/kv/last", b"short")
    node.kill()
    end = log_end(segment)
    check(end > before, "nothing was written")
    whole = segment.read_bytes()
    saved = home / "saved"
    shutil.copytree(home / "data", saved)
    for cut in (1, BATCH_HEADER, end - before - 1):
        shutil.rmtree(home / "data")
        shutil.copytree(saved, home / "data")
        segment.write_bytes(whole[:before + cut].ljust(len(whole), b"\0"))
        node.start()
        check_filled(node, 3)
        node.kill()


@test("a server whose whole log is gone says so and does not start")
def lost_log(binary, home):
    node = server(binary, home).start()
    node.put("/v1/kv/lost", b"with the segment")
    node.kill()
    newest_segment(home).unlink()
    contains(refused_start(node), "has voted in term 2 and has no log")


@test("damage in the middle of the log stops the start: file and offset")
def damaged_middle(binary, home):
    node = server(binary, home).start()
    fill(node)
    node.kill()
    segment = newest_segment(home)
    whole = bytearray(segment.read_bytes())
    place = whole.find(b"fill/10")
    check(place > 0, "the key is not in the log")
    whole[place] ^= 1
    segment.write_bytes(whole)
    said = refused_start(node)
    contains(said, f"{segment} at offset ")
    offset = int(said.split(" at offset ")[1].split(":")[0])
    check(SEGMENT_HEADER <= offset < place and place - offset < 200,
          f"the offset is {offset} for damage at {place}")
    contains(said, "a damaged batch of entries")
    equal(segment.read_bytes(), bytes(whole), "the file was touched")
    # With the byte put right, everything is there.
    whole[place] ^= 1
    segment.write_bytes(whole)
    node.start()
    check_filled(node)


@test("a log of another format version is refused and not touched")
def other_version(binary, home):
    node = server(binary, home).start()
    fill(node, 2)
    node.kill()
    segment = newest_segment(home)
    whole = bytearray(segment.read_bytes())
    whole[4] = 2
    header_crc = crc32c(whole[:16])
    whole[16:20] = header_crc.to_bytes(4, "little")
    segment.write_bytes(whole)
    said = refused_start(node)
    contains(said, str(segment))
    contains(said, "version")
    equal(segment.read_bytes(), bytes(whole), "the file was touched")


def crc32c(data):
    """Castagnoli's, as in storage/FORMATS.md."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


@test("one damaged file of term and vote is repaired, two stop the start")
def damaged_hard_state(binary, home):
    node = server(binary, home).start()
    fill(node, 3)
    node.kill()
    files = [home / "data" / "raft" / f"hard_state.{n}" for n in range(2)]
    good = files[0].read_bytes()
    for one in files:
        one.write_bytes(b"\xff" + good[1:])
        node.restart()
        check_filled(node, 3)
        node.kill()
        check(one.read_bytes()[:4] == good[:4], f"{one} is not repaired")
    for one in files:
        one.write_bytes(b"\xff" + good[1:])
    said = refused_start(node)
    contains(said, f"{files[0]} and {files[1]}")
    contains(said, "both are damaged")


@test("a second agent on the same ports is told which address is in use")
def same_ports(binary, home):
    node = server(binary, home).start()
    second = Node(binary, *SERVER, data_dir=home / "other")
    second.address = node.address
    contains(refused_start(second), f"listen tcp {node.address}:8500: bind: "
             "address already in use")
    node.check_alive()


@test("a second agent on the same data directory does not start")
def same_directory(binary, home):
    node = server(binary, home).start()
    fill(node)
    second = Node(binary, *SERVER, data_dir=home / "data")
    contains(refused_start(second), str(home / "data"))
    node.check_alive()
    node.restart()
    check_filled(node)


@test("a data directory that cannot be used is an error that names it")
def unusable_directory(binary, home):
    (home / "file").write_text("")
    node = Node(binary, *SERVER, data_dir=home / "file" / "data")
    contains(refused_start(node), str(home / "file"))


@test("a full disk refuses writes, serves reads, loses nothing it confirmed, "
      "and takes writes again when there is room")
def full_disk(binary, home):
    data = home / "data"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "none", data]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        print("skipped: a file system of its own needs root", flush=True)
        return
    try:
        fill_the_disk(server(binary, home).start(), data)
    finally:
        kill_all()
        subprocess.run(["umount", data], check=True)


def fill_the_disk(node, data):
    confirmed = 0
    for number in range(100):
        got = node.http("PUT", f"/v1/kv/full/{number}", b"v" * LARGE_VALUE)
        if got.status != 200:
            break
        confirmed = number + 1
    check(0 < confirmed < 100, f"{confirmed} writes were confirmed")
    contains(got.text, "the disk of the Raft log is full")
    more = node.http("PUT", "/v1/kv/more", b"v")
    equal(more.status, 503, "status")
    contains(more.text, "the disk of the Raft log is full")
    equal(len(node.get("/v1/kv/full/?keys")), confirmed, "keys read")
    found = node.dns("consul.service.consul")
    equal((found.code, found.data("A")), (0, [node.address]), "the DNS answer")
    subprocess.run(["mount", "-o", f"remount,size={LARGER_DISK}", data],
                   check=True)
    until("a write again", lambda: node.http(
        "PUT", "/v1/kv/more", b"v").status == 200)
    node.restart()
    found = len(node.get("/v1/kv/full/?keys"))
    check(found in (confirmed, confirmed + 1),
          f"{found} keys of {confirmed} confirmed ones")
    node.check_alive()


@test("SIGTERM and SIGINT end a server with 1 and leave no pid file")
def signals(binary, home):
    for which, name in ((signal.SIGTERM, "terminated"),
                        (signal.SIGINT, "interrupt")):
        pid_file = home / "pid"
        node = server(binary, home, f"-pid-file={pid_file}").start()
        equal(pid_file.read_text().strip(), str(node.process.pid), "the file")
        fill(node)
        equal(node.stop(which), 1, f"exit code after {name}")
        contains(node.log(), f"Caught: signal={name}")
        check(not pid_file.exists(), "the pid file is left")
        node.start()
        check_filled(node)
        node.kill()


@test("a server that leaves on SIGTERM or SIGINT as configured ends with 0")
def leaving_signals(binary):
    codes = {}
    for which, setting, value in (
            (signal.SIGTERM, "leave_on_terminate", True),
            (signal.SIGINT, "skip_leave_on_interrupt", False)):
        node = Node(binary, config={setting: value}).start()
        codes[setting] = node.stop(which)
    equal(codes, {"leave_on_terminate": 0, "skip_leave_on_interrupt": 0},
          "exit codes")


@test("the command leave ends the server with 0 and its data is kept")
def leave(binary, home):
    node = server(binary, home).start()
    fill(node, 3)
    equal(node.cli("leave").ok().out, "Graceful leave complete\n", "output")
    equal(node.wait(), 0, "exit code")
    node.start()
    check_filled(node, 3)


@test("SIGTERM amid requests and watches ends the server within seconds")
def busy_stop(binary, home):
    node = server(binary, home).start()
    fill(node, 1)
    index = node.http("GET", "/v1/kv/fill/0").index
    watchers = []
    for _ in range(50):
        client = node.connect()
        client.sendall(f"GET /v1/kv/fill/0?index={index}&wait=300s HTTP/1.1\r\n"
                       "Host: x\r\n\r\n".encode())
        watchers.append(client)
    half = node.connect()
    half.sendall(b"PUT /v1/kv/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n")
    equal(node.stop(seconds=8), 1, "exit code")
    for client in watchers:
        client.settimeout(5)
        try:
            receive(client, 1 << 20)
        except ConnectionError:
            pass
        client.close()
    half.close()


if __name__ == "__main__":
    main()
