#!/usr/bin/env python3
"""Three servers as processes: what any of them answers, what happens when
some are killed, and that no write is lost that was acknowledged.

PRAETOR_CRASH_SECONDS says how long servers are killed for at a time; the
default keeps a full run of all tests short.
"""

import http.client
import os
import random
import signal
import threading
import time

from cluster import Cluster, is_value
from node import Node, check, contains, equal, main, test, until

CRASH_SECONDS = float(os.environ.get("PRAETOR_CRASH_SECONDS", "12"))
WRITERS = 4
FAILOVER_TRIALS = int(os.environ.get("PRAETOR_FAILOVER_TRIALS", "3"))


def keys(node, prefix, options):
    """The keys below a prefix; there may be none."""
    answer = node.http("GET", f"/v1/kv/{prefix}?keys{options}")
    return answer.json() if answer.status == 200 else []


@test("any server takes writes, and any server reads them at once")
def _(binary, home):
    all = Cluster(binary, home)
    for number, one in enumerate(all.nodes):
        one.put(f"/v1/kv/k{number}", b"v%d" % number)
        for reader in all.nodes:
            for options in "", "&consistent":
                check(is_value(reader, f"k{number}", b"v%d" % number, options),
                      f"k{number} is not read with {options!r}")


@test("answers say how fresh they are")
def _(binary, home):
    all = Cluster(binary, home)
    follower = all.others(all.leader())[0]
    all.nodes[0].put("/v1/kv/a", b"1")
    until("a stale read", lambda: is_value(follower, "a", b"1", "&stale"))
    stale = follower.http("GET", "/v1/kv/a?stale")
    equal(stale.headers["X-Consul-KnownLeader"], "true")
    check(int(stale.headers["X-Consul-LastContact"]) < 5000, "last contact")
    fresh = follower.http("GET", "/v1/kv/a")
    equal(fresh.headers["X-Consul-LastContact"], "0")
    equal(sorted(follower.http("GET", "/v1/status/peers").json()),
          sorted(f"{one.address}:8300" for one in all.nodes), "peers")


@test("all servers are in the catalogue, and services of any agent")
def _(binary, home):
    all = Cluster(binary, home)
    for one in all.nodes:
        one.put("/v1/agent/service/register",
                b'{"Name": "web", "ID": "%s"}' % one.address.encode())
    for one in all.nodes:
        until("three nodes", lambda: len(
            one.http("GET", "/v1/catalog/nodes").json()) == 3)
        until("three instances", lambda: len(
            one.http("GET", "/v1/catalog/service/web").json()) == 3)
        equal(len(one.http("GET", "/v1/health/service/consul?passing").json()),
              3, "healthy servers")


@test("a blocking query on a follower wakes when another server writes")
def _(binary, home):
    all = Cluster(binary, home)
    leader = all.leader()
    follower, other = all.others(leader)
    leader.put("/v1/kv/w", b"1")
    index = follower.http("GET", "/v1/kv/w").index
    found = []
    waiter = threading.Thread(target=lambda: found.append(
        follower.http("GET", f"/v1/kv/w?raw&index={index}&wait=30s").body))
    waiter.start()
    other.put("/v1/kv/w", b"2")
    waiter.join(30)
    equal(found, [b"2"], "what the query saw")


@test("locks are the same on every server")
def _(binary, home):
    all = Cluster(binary, home)
    for one in all.nodes:
        until("three nodes", lambda: len(
            one.http("GET", "/v1/catalog/nodes").json()) == 3)
    first, second, third = all.nodes
    mine = first.http("PUT", "/v1/session/create", b'{"TTL": "30s"}').json()
    theirs = second.http("PUT", "/v1/session/create", b"{}").json()
    equal(third.http("PUT", f"/v1/kv/l?acquire={mine['ID']}", b"x").body,
          b"true", "the first lock")
    equal(first.http("PUT", f"/v1/kv/l?acquire={theirs['ID']}", b"x").body,
          b"false", "the second lock")
    for one in all.nodes:
        equal(one.http("PUT", f"/v1/session/renew/{mine['ID']}").ok().json()
              [0]["ID"], mine["ID"], "a renewal")


def client_of(all, name="c1"):
    """An agent beside the servers, and not one of them."""
    home = all.nodes[0].home
    one = Node(all.nodes[0].binary, f"-node={name}",
               f"-retry-join={all.nodes[0].address}",
               config={"log_level": "INFO",
                       "node_transport": all.transport},
               data_dir=home / name)
    one.launch()
    until(f"a leader at {one.address}", one.is_ready)
    until("the catalogue has the client", lambda: any(
        each["Node"] == name
        for each in all.nodes[1].http("GET", "/v1/catalog/nodes").json()))
    return one


def health_of(node, name):
    """The state of a node's serfHealth, or nothing."""
    return next((each["Status"] for each in node.http(
        "GET", f"/v1/health/node/{name}").json()
        if each["CheckID"] == "serfHealth"), None)


def statuses(node):
    """The members as this agent sees them: name to status."""
    return {each["Name"]: each["Status"]
            for each in node.http("GET", "/v1/agent/members").json()}


def ask_through_client(binary, home, transport):
    all = Cluster(binary, home, transport=transport)
    client = client_of(all)
    server = all.nodes[0]
    client.put("/v1/kv/a", b"1")
    check(is_value(server, "a", b"1"), "a write of the client")
    index = client.http("GET", "/v1/kv/a").index
    found = []
    waiter = threading.Thread(target=lambda: found.append(
        client.http("GET", f"/v1/kv/a?raw&index={index}&wait=30s").body))
    waiter.start()
    server.put("/v1/kv/a", b"2")
    waiter.join(30)
    equal(found, [b"2"], "what a blocking query of the client saw")
    client.put("/v1/agent/service/register", b'{"Name": "web", "Port": 80}')
    instance = server.http("GET", "/v1/health/service/web").json()[0]
    equal(instance["Node"]["Node"], "c1", "the node of the service")
    session = client.http("PUT", "/v1/session/create", b"{}").ok().json()
    equal(server.http("GET", f"/v1/session/info/{session['ID']}").json()
          [0]["Node"], "c1", "the node of the session")
    everybody = {"s0": 1, "s1": 1, "s2": 1, "c1": 1}
    for one in all.nodes + [client]:
        until("all members", lambda: statuses(one) == everybody)
    all.leader(all.nodes).kill()
    until("a write through another server", lambda: client.http(
        "PUT", "/v1/kv/a", b"3").status == 200)
    return all, client


@test("a client agent answers as the servers do, and outlives the leader")
def _(binary, home):
    ask_through_client(binary, home, "link")


@test("a client agent does the same over CAF's own transport")
def _(binary, home):
    ask_through_client(binary, home, "basp")


@test("a client that is killed is critical until it is back, and one that "
      "leaves is gone")
def _(binary, home):
    all = Cluster(binary, home)
    client = client_of(all)
    server = all.nodes[2]
    client.put("/v1/agent/service/register", b'{"Name": "web", "Port": 80}')
    until("the client's health", lambda: health_of(server, "c1") == "passing")
    client.kill()
    until("the client failed",
          lambda: health_of(server, "c1") == "critical", 60)
    until("the members say so", lambda: statuses(server)["c1"] == 4)
    client.launch()
    until("the client is back", lambda: health_of(server, "c1") == "passing")
    until("its service, too", lambda: server.http(
        "GET", "/v1/health/service/web?passing").json())
    equal(client.stop(signal.SIGINT, 60), 0, "the exit code of a leave")
    until("the client left", lambda: statuses(server)["c1"] == 3)
    until("the catalogue forgot it", lambda: health_of(server, "c1") is None)


@test("a server that joins later votes soon, and one that leaves does no more")
def _(binary, home):
    all = Cluster(binary, home)
    for one in all.nodes:
        until("autopilot", lambda: one.http(
            "PUT", "/v1/operator/autopilot/configuration",
            b'{"CleanupDeadServers": true, "LastContactThreshold": "200ms", '
            b'"MaxTrailingLogs": 250, "ServerStabilizationTime": "1s"}'
        ).status == 200)
    late = Node(binary, "-server", "-node=late",
                f"-retry-join={all.nodes[0].address}",
                config={"skip_leave_on_interrupt": False},
                data_dir=home / "late").start()

    def votes():
        found = all.nodes[0].http(
            "GET", "/v1/operator/raft/configuration").json()["Servers"]
        return {each["Node"]: each["Voter"] for each in found}
    until("the newcomer votes", lambda: votes().get("late") is True, 60)
    equal(late.stop(signal.SIGINT, 60), 0, "the exit code of a leave")
    until("the server that left is out", lambda: "late" not in votes(), 60)


@test("without a majority writes and reads fail as Consul says it, stale "
      "reads go on, and nothing is lost when it is back")
def _(binary, home):
    all = Cluster(binary, home,
                  config={"performance": {"rpc_hold_timeout": "500ms"}})
    leader = all.leader()
    leader.put("/v1/kv/a", b"1")
    survivor, *victims = all.others(leader) + [leader]
    until("the write", lambda: is_value(survivor, "a", b"1", "&stale"))
    for one in victims:
        one.kill()
    until("no leader", lambda: survivor.http(
        "GET", "/v1/status/leader").json() == "")
    for method in "GET", "PUT":
        answer = survivor.http(method, "/v1/kv/a", b"2")
        equal(answer.status, 500, f"status of {method}")
        contains(answer.text, "No cluster leader")
    check(is_value(survivor, "a", b"1", "&stale"), "a stale read")
    equal(survivor.http("GET", "/v1/kv/a?stale").headers[
        "X-Consul-KnownLeader"], "false")
    for one in victims:
        one.launch()
    until("a leader again", lambda: survivor.http(
        "PUT", "/v1/kv/b", b"3").status == 200)
    check(is_value(survivor, "a", b"1"), "the old value")


@test("a server that lost its data is given it again by a snapshot")
def _(binary, home):
    all = Cluster(binary, home, config={"raft_snapshot_threshold": 50,
                                        "raft_snapshot_interval": "1s",
                                        "raft_trailing_logs": 10})
    follower = all.others(all.leader())[0]
    follower.kill()
    writer = all.leader(all.others(follower))
    for number in range(400):
        writer.put(f"/v1/kv/s/{number}", b"x" * 1000)

    def has_snapshot():
        writer.put("/v1/kv/more", b"x")
        return "wrote a snapshot" in writer.log()
    until("a snapshot", has_snapshot)
    follower.launch()
    until("a leader", follower.is_ready)
    until("all keys", lambda: len(keys(follower, "s/", "&stale")) == 400)
    contains(follower.log(), "took the leader's snapshot")
    equal(is_value(follower, "s/399", b"x" * 1000), True, "the last key")


def write_until(stop, all, number, acknowledged):
    """Writes new keys to whoever answers; remembers which were taken."""
    count = 0
    target = number
    while not stop.is_set():
        node = all.nodes[target % len(all.nodes)]
        key = f"w{number}/{count}"
        count += 1
        try:
            connection = http.client.HTTPConnection(node.address, 8500,
                                                    timeout=3)
            connection.request("PUT", f"/v1/kv/{key}", key)
            answer = connection.getresponse()
            if answer.status == 200 and answer.read().strip() == b"true":
                acknowledged.append((key, time.monotonic()))
            else:
                target += 1
        except (OSError, http.client.HTTPException):
            target += 1
        finally:
            connection.close()


def kill_for_a_while(binary, home, transport):
    all = Cluster(binary, home, transport=transport,
                  config={"raft_snapshot_threshold": 2000,
                          "raft_trailing_logs": 200})
    stop = threading.Event()
    taken = [[] for _ in range(WRITERS)]
    writers = [threading.Thread(target=write_until,
                                args=(stop, all, number, taken[number]))
               for number in range(WRITERS)]
    for one in writers:
        one.start()
    chance = random.Random(7)
    end = time.monotonic() + CRASH_SECONDS
    kills = 0
    while time.monotonic() < end:
        victim = chance.choice(all.nodes)
        before = sum(map(len, taken))
        until("some writes between two kills",
              lambda: sum(map(len, taken)) > before + 20, 60)
        victim.kill()
        kills += 1
        victim.launch()
        until("the killed server is back", victim.is_ready, 60)
    stop.set()
    for one in writers:
        one.join()
    reader = all.leader()
    for written in taken:
        if not written:
            continue
        prefix = written[0][0].split("/")[0]
        there = set(keys(reader, prefix + "/", "&consistent"))
        lost = [key for key, _ in written if key not in there]
        equal(lost, [], "acknowledged writes that are lost")
    count = sum(map(len, taken))
    print(f"{transport}: {kills} kills, {count} writes acknowledged",
          flush=True)
    check(count > 100, "hardly anything was written")


@test("no acknowledged write is lost when servers are killed, over link")
def _(binary, home):
    kill_for_a_while(binary, home, "link")


@test("no acknowledged write is lost when servers are killed, over basp")
def _(binary, home):
    kill_for_a_while(binary, home, "basp")


@test("the first write after the leader was killed comes soon")
def _(binary, home):
    all = Cluster(binary, home)
    gaps = []
    for trial in range(FAILOVER_TRIALS):
        leader = all.leader()
        other = all.others(leader)[0]
        leader.kill()
        begin = time.monotonic()
        until("a write", lambda: other.http(
            "PUT", f"/v1/kv/f{trial}", b"x").status == 200)
        gaps.append(time.monotonic() - begin)
        leader.launch()
        until("the old leader is back", leader.is_ready)
    # Said, not asserted: the machine may be busy with something else.
    print("writes were back after " +
          ", ".join(f"{gap * 1000:.0f} ms" for gap in gaps), flush=True)


@test("a leader that is stopped makes another lead before it ends")
def _(binary, home):
    all = Cluster(binary, home)
    gaps = []
    for trial in range(FAILOVER_TRIALS):
        leader = all.leader()
        other = all.others(leader)[0]
        leader.send(signal.SIGTERM)
        begin = time.monotonic()
        until("a write", lambda: other.http(
            "PUT", f"/v1/kv/t{trial}", b"x").status == 200)
        gaps.append(time.monotonic() - begin)
        leader.wait()
        leader.until_log("cluster leadership lost")
        leader.start()
    print("writes went on after " +
          ", ".join(f"{gap * 1000:.0f} ms" for gap in gaps), flush=True)


if __name__ == "__main__":
    main()
