#!/usr/bin/env python3
"""Prepared queries on several servers, and archives of the whole state: saved,
restored while clients watch and write, moved to another cluster, and taken
over from Consul."""

import hashlib
import io
import pathlib
import tarfile
import threading

from cluster import Cluster, is_value
from node import check, contains, equal, main, Node, test, until

CONSUL_STATE = (pathlib.Path(__file__).parent.parent / "fuzz" / "corpus" /
                "consul" / "full")


def archive_of(files):
    """As other programs write it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    return out.getvalue()


def consul_archive(state):
    meta = b'{"Version":1,"ID":"2-152-1","Index":152,"Term":2,"Size":%d}' % len(
        state)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n"
                   for name, content in (("meta.json", meta),
                                         ("state.bin", state)))
    return archive_of({"meta.json": meta, "state.bin": state,
                       "SHA256SUMS": sums.encode()})


@test("a prepared query made at any server is answered by all, also by DNS")
def _(binary, home):
    all = Cluster(binary, home)
    for number, one in enumerate(all.nodes):
        one.put("/v1/catalog/register", {
            "Node": f"n{number}", "Address": f"10.0.0.{number + 1}",
            "Service": {"Service": "web", "Tags": [f"t{number}"]}})
    made = all.nodes[0].http("POST", "/v1/query", {
        "Name": "find", "Service": {"Service": "web", "Tags": ["!t1"]},
        "DNS": {"TTL": "7s"}}).ok().json()["ID"]
    all.nodes[1].http("POST", "/v1/query", {
        "Name": "tag-", "Template": {"Type": "name_prefix_match"},
        "Service": {"Service": "web", "Tags": ["${name.suffix}"]}}).ok()
    for one in all.nodes:
        found = one.get("/v1/query/find/execute")
        equal(sorted(each["Node"]["Node"] for each in found["Nodes"]),
              ["n0", "n2"], "nodes")
        until("DNS knows it", lambda: one.dns("find.query.consul").data("A") ==
              ["10.0.0.1", "10.0.0.3"])
        until("DNS knows the template", lambda: one.dns(
            "tag-t1.query.consul").data("A") == ["10.0.0.2"])
    all.nodes[2].http("DELETE", f"/v1/query/{made}").ok()
    equal(all.nodes[0].http("GET", f"/v1/query/{made}").status, 404)


@test("a restore reaches every server, wakes who watches, and survives")
def _(binary, home):
    all = Cluster(binary, home)
    leader = all.leader()
    follower, other = all.others(leader)
    follower.put("/v1/kv/k", b"old")
    saved = other.http("GET", "/v1/snapshot").ok()
    contains(saved.headers["Content-Type"], "gzip")
    for number in range(200):
        leader.put(f"/v1/kv/more/{number % 7}", b"x" * 500)
    follower.put("/v1/kv/k", b"new")
    until("the follower has it", lambda: is_value(follower, "k", b"new"))
    index = follower.http("GET", "/v1/kv/k").index
    woken = []
    watcher = threading.Thread(target=lambda: woken.append(follower.http(
        "GET", f"/v1/kv/k?index={index}&wait=60s", seconds=70)))
    watcher.start()
    follower.http("PUT", "/v1/snapshot", saved.body, seconds=60).ok()
    watcher.join(20)
    check(woken, "the watcher was not woken")
    check(woken[0].index > index, f"the index went from {index} "
          f"to {woken[0].index}")
    for one in all.nodes:
        until("the old value", lambda: is_value(one, "k", b"old", "&stale"))
        equal(one.http("GET", "/v1/kv/more/1").status, 404, "a later key")
    for one in all.nodes:
        one.kill()
    for one in all.nodes:
        one.launch()
    for one in all.nodes:
        until(f"a leader at {one.address}", one.is_ready)
        until("the old value", lambda: is_value(one, "k", b"old"))
        equal(one.http("GET", "/v1/kv/more/1").status, 404, "a later key")


@test("an archive moves to another cluster, whose indexes go on beyond it")
def _(binary, home):
    first = Node(binary, "-server", "-bootstrap-expect=1", "-node=first",
                 data_dir=home / "first").start()
    for number in range(300):
        first.put("/v1/kv/counter", b"%d" % number)
    modified = first.get("/v1/kv/counter")[0]["ModifyIndex"]
    file = home / "archive"
    said = first.cli("snapshot", "save", file).ok().out
    contains(said, "Saved and verified snapshot to index ")
    contains(first.cli("snapshot", "inspect", file).ok().out, "Version      1")
    first.kill()
    second = Node(binary, "-server", "-bootstrap-expect=1", "-node=second",
                  data_dir=home / "second").start()
    equal(second.cli("snapshot", "restore", file).ok().out,
          "Restored snapshot\n")
    for _ in range(2):
        found = second.get("/v1/kv/counter")[0]
        equal(found["ModifyIndex"], modified, "the index of the key")
        second.put("/v1/kv/after", b"x")
        after = second.get("/v1/kv/after")[0]["ModifyIndex"]
        check(after > modified, f"{after} is not beyond {modified}")
        second.restart()
    until("the server is in the catalogue again", lambda: "second" in [
        one["Node"] for one in second.get("/v1/catalog/nodes")])


@test("an archive of Consul's is taken over, and what is left out is named")
def _(binary, home):
    node = Node(binary).start()
    answer = node.http("PUT", "/v1/snapshot",
                       consul_archive(CONSUL_STATE.read_bytes())).ok()
    contains(answer.headers["X-Praetor-Left-Out"], "coordinates (2)")
    equal(node.http("GET", "/v1/kv/a/b?raw").ok().body, b"v1")
    lock = node.get("/v1/kv/lock")[0]
    session = node.get(f"/v1/session/info/{lock['Session']}")[0]
    equal(session["Behavior"], "delete")
    web = node.get("/v1/health/service/db")[0]
    equal(web["Service"]["Tags"], ["a", "b"])
    equal(web["Node"]["Meta"], {"rack": "r1"})
    query = node.get("/v1/query/tqx/explain")["Query"]
    equal(query["Service"]["Service"], "dbx")


@test("an archive that is damaged changes nothing")
def _(binary, home):
    node = Node(binary).start()
    node.put("/v1/kv/k", b"stays")
    good = node.http("GET", "/v1/snapshot").ok().body
    for bad in (b"", b"garbage", good[:len(good) // 2],
                consul_archive(b"\x81\xa9LastIndex\x09\x63\x80")):
        equal(node.http("PUT", "/v1/snapshot", bad).status, 500, "status")
    equal(node.http("GET", "/v1/kv/k?raw").ok().body, b"stays")


if __name__ == "__main__":
    main()
