"""What the end-to-end tests share: real agents on loopback addresses of their
own, clients of their HTTP and DNS ports, and the runner.

A test is a function under @test("a sentence that says what holds"). It may
ask for what it needs by the names of its parameters: `binary`, the path of
praetor, and `home`, an empty directory that is removed after it. Agents that
it leaves running are killed.
"""

import argparse
import atexit
import base64
import contextlib
import ctypes
import http.client
import inspect
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

# Machines that run many tests at once are slow, so a deadline is generous: it
# is only ever reached by a test that fails.
DEADLINE = 20.0
POLL_INTERVAL = 0.02
DNS_PORT = 8600
HTTP_PORT = 8500
PR_SET_PDEATHSIG = 1

LIBC = ctypes.CDLL(None, use_errno=True)


def until(what, condition, seconds=DEADLINE, every=POLL_INTERVAL):
    """Waits for a true value and returns it: the only place that sleeps."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(every)


def random_address():
    """One of sixteen million addresses, so that runs do not meet."""
    draw = random.SystemRandom().randint
    return f"127.{draw(20, 250)}.{draw(1, 250)}.{draw(2, 250)}"


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(found, wanted, what=""):
    if found != wanted:
        raise AssertionError(f"{what or 'a value'}: found {found!r}, "
                             f"wanted {wanted!r}")


def contains(text, part, what="the text"):
    if part not in text:
        raise AssertionError(f"{what} lacks {part!r}: {text!r}")


class Answer:
    """An HTTP answer, read to its end."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def index(self):
        return int(self.headers["X-Consul-Index"])

    def json(self):
        return json.loads(self.body)

    def ok(self):
        equal(self.status, 200, f"status of an answer ({self.body[:200]!r})")
        return self


class Output:
    """What a command left behind."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    def ok(self):
        equal(self.code, 0, f"exit code ({self.out!r}, {self.err!r})")
        return self


def clean_environment(**more):
    """Without the settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("CONSUL_", "PRAETOR_"))
            or name == "PRAETOR_LOOPS"}
    kept.update(more)
    return kept


def run(binary, *args, stdin="", seconds=DEADLINE, **environment):
    """A command without an agent of its own."""
    done = subprocess.run([binary, *args], input=stdin, text=True,
                          capture_output=True, timeout=seconds,
                          env=clean_environment(**environment), check=False)
    return Output(done.returncode, done.stdout, done.stderr)


made = []  # every agent of the test that runs


class Node:
    """One agent: an address, a directory and a process that may be restarted
    on them. `config` is written to a file that the agent reads."""

    def __init__(self, binary, *flags, config=None, data_dir=None, limits=()):
        self.binary = binary
        self.address = random_address()
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="praetor-e2e-"))
        self.config_dir = self.home / "config"
        self.config_dir.mkdir()
        self.flags = list(flags)
        if data_dir:
            self.flags.append(f"-data-dir={data_dir}")
        else:
            self.flags.append("-dev")
        if config:
            self.define("settings", config)
        self.limits = limits
        self.process = None
        self.log_path = self.home / "log"
        self.log_path.touch()
        made.append(self)

    def define(self, name, content):
        """Writes a file of definitions; text is written as it is."""
        text = content if isinstance(content, str) else json.dumps(content)
        (self.config_dir / f"{name}.json").write_text(text)

    def command(self):
        return [self.binary, "agent", f"-bind={self.address}",
                f"-client={self.address}", f"-config-dir={self.config_dir}",
                *self.flags]

    def launch(self):
        """Starts the process and does not wait for it."""
        def prepare():
            # Not even a killed test leaves agents behind.
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            for which, value in self.limits:
                resource.setrlimit(which, (value, value))

        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=clean_environment(), preexec_fn=prepare,
                restore_signals=False)
        return self

    def start(self):
        self.launch()
        until(f"a leader at {self.address}", self.is_ready)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the agent ended with "
                                 f"{self.process.returncode}: {self.log()}")
        try:
            return self.http("GET", "/v1/status/leader").body not in (
                b'""', b"")
        except OSError:
            return False

    def wait(self, seconds=DEADLINE):
        """Waits for the process to end by itself; returns the exit code."""
        return self.process.wait(seconds)

    def send(self, which):
        self.process.send_signal(which)

    def stop(self, which=signal.SIGTERM, seconds=DEADLINE):
        self.send(which)
        return self.wait(seconds)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.kill()
        return self.start()

    def remove(self):
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def check_alive(self):
        """Another client is answered, at once and rightly."""
        check(self.process.poll() is None,
              f"the agent ended with {self.process.returncode}: "
              f"{self.log()[-2000:]}")
        began = time.monotonic()
        equal(self.http("PUT", "/v1/kv/alive", b"yes").ok().body.strip(),
              b"true", "a write")
        equal(self.http("GET", "/v1/kv/alive?raw").ok().body, b"yes", "a read")
        took = time.monotonic() - began
        check(took < 5, f"two requests took {took:.1f} s")

    # -- what the system says of the process

    def rss(self):
        """Resident memory in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        for line in status.splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the process has no memory")

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    # -- clients

    def http(self, method, path, body=None, headers=None, seconds=DEADLINE):
        client = http.client.HTTPConnection(self.address, HTTP_PORT,
                                            timeout=seconds)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        with contextlib.closing(client):
            client.request(method, path, body, headers or {})
            got = client.getresponse()
            return Answer(got.status, got.headers, got.read())

    def get(self, path, **options):
        """The JSON of a read that must succeed."""
        return self.http("GET", path, **options).ok().json()

    def put(self, path, body=None, **options):
        return self.http("PUT", path, body, **options).ok()

    def connect(self, port=HTTP_PORT, source=None, seconds=DEADLINE):
        """A plain socket, from another client's address if wanted."""
        return socket.create_connection(
            (self.address, port), timeout=seconds,
            source_address=(source, 0) if source else None)

    def cli(self, *args, stdin="", seconds=DEADLINE):
        """A command that asks this agent."""
        return run(self.binary, *args, stdin=stdin, seconds=seconds,
                   PRAETOR_HTTP_ADDR=f"{self.address}:{HTTP_PORT}")

    def dns(self, name, kind="A", over_tcp=False):
        return resolve(self.address, name, kind, over_tcp)

    # -- waiting

    def until_check(self, check_id, status, seconds=DEADLINE):
        """Waits until the catalogue says so too; returns the check."""
        def found():
            for one in self.get(f"/v1/health/state/{status}"):
                if one["CheckID"] == check_id:
                    return one
            return None

        return until(f"check {check_id} is {status}", found, seconds)

    def until_log(self, part, seconds=DEADLINE):
        until(f"the log says {part!r}", lambda: part in self.log(), seconds)


def kill_all():
    while made:
        made.pop().remove()


# -- DNS: a client of our own, for machines without dig

KINDS = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "TXT": 16,
         "AAAA": 28, "SRV": 33, "ANY": 255}
NAMES = {number: name for name, number in KINDS.items()}


class DnsAnswer:
    def __init__(self, code, truncated, records, extra):
        self.code = code
        self.truncated = truncated
        self.records = records  # (name, kind, data), of the answer
        self.extra = extra      # the same, of the additional section

    def data(self, kind):
        return sorted(data for _, found, data in self.records if found == kind)


def dns_question(name, kind="A", number=1):
    packet = number.to_bytes(2, "big") + b"\x01\x00\x00\x01" + b"\0" * 6
    for label in name.rstrip(".").split("."):
        packet += bytes([len(label)]) + label.encode()
    return packet + b"\0" + KINDS[kind].to_bytes(2, "big") + b"\0\1"


def dns_name(packet, at):
    labels, end, hops = [], None, 0
    while packet[at]:
        if packet[at] >= 0xC0:
            end = end or at + 2
            at = int.from_bytes(packet[at:at + 2], "big") & 0x3FFF
            hops += 1
            check(hops < 100, "pointers of a DNS answer run in a circle")
            continue
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels) + ".", end or at + 1


def dns_data(packet, kind, at, size):
    raw = packet[at:at + size]
    if kind == "A":
        return socket.inet_ntop(socket.AF_INET, raw)
    if kind == "AAAA":
        return socket.inet_ntop(socket.AF_INET6, raw)
    if kind == "SRV":
        port = int.from_bytes(raw[4:6], "big")
        return port, dns_name(packet, at + 6)[0]
    if kind in ("PTR", "CNAME", "NS", "SOA"):
        return dns_name(packet, at)[0]
    if kind == "TXT":
        return raw[1:1 + raw[0]].decode()
    return raw


def dns_decode(packet):
    def number(at):
        return int.from_bytes(packet[at:at + 2], "big")

    at, sections = 12, []
    for _ in range(number(4)):
        at = dns_name(packet, at)[1] + 4
    for count in (number(6), number(8), number(10)):
        records = []
        for _ in range(count):
            name, at = dns_name(packet, at)
            kind = NAMES.get(number(at), number(at))
            size = number(at + 8)
            records.append((name, kind, dns_data(packet, kind, at + 10, size)))
            at += 10 + size
        sections.append(records)
    return DnsAnswer(packet[3] & 15, bool(packet[2] & 2), sections[0],
                     sections[2])


def receive(client, size):
    """Exactly so many bytes, or fewer at the end of the stream."""
    got = b""
    while len(got) < size:
        more = client.recv(size - len(got))
        if not more:
            break
        got += more
    return got


def resolve(server, name, kind="A", over_tcp=False):
    question = dns_question(name, kind, random.randrange(1 << 16))
    if over_tcp:
        with socket.create_connection((server, DNS_PORT), DEADLINE) as client:
            client.sendall(len(question).to_bytes(2, "big") + question)
            size = int.from_bytes(receive(client, 2), "big")
            return dns_decode(receive(client, size))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        end = time.monotonic() + DEADLINE
        while True:
            client.sendto(question, (server, DNS_PORT))
            try:
                packet = client.recv(65536)
            except TimeoutError:
                # A lost datagram is nobody's fault: clients ask again.
                check(time.monotonic() < end, f"no answer for {name}")
                continue
            if packet[:2] == question[:2]:
                return dns_decode(packet)


# -- small things


def text64(text):
    return base64.b64encode(text.encode()).decode()


def reset(client):
    """Closes as a killed machine would: without a goodbye."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                      b"\1\0\0\0\0\0\0\0")
    client.close()


class Reader:
    """Takes answers off a socket one after the other; for pipelines."""

    def __init__(self, client):
        self.file = client.makefile("rb")

    def answer(self):
        """The next answer's status and body: of a stated length, or up to
        the end of the stream."""
        line = self.file.readline()
        if not line:
            raise ConnectionError("the stream ended before an answer")
        status = int(line.split()[1])
        headers = http.client.parse_headers(self.file)
        if headers["Content-Length"] is None:
            return status, self.file.read()
        size = int(headers["Content-Length"])
        body = self.file.read(size)
        equal(len(body), size, "bytes of a body")
        return status, body


def read_answer(client):
    """The only answer to come off a socket: its status and body."""
    return Reader(client).answer()


def is_closed(client, seconds=DEADLINE):
    """Whether the other side ends the stream in time, whatever it sends."""
    client.settimeout(seconds)
    try:
        while client.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def megabytes(count):
    return f"{count / 1e6:.1f} MB"


# -- the runner

tests = []


def test(sentence):
    def keep(function):
        tests.append((sentence, function))
        return function

    return keep


class Skipped(Exception):
    """A test cannot run here; the reason is printed."""


def run_one(sentence, function, binary):
    home = tempfile.mkdtemp(prefix="praetor-e2e-")
    offers = {"binary": binary, "home": pathlib.Path(home)}
    wanted = inspect.signature(function).parameters
    began = time.monotonic()
    try:
        function(**{name: offers[name] for name in wanted})
        word = "ok"
    except Skipped as why:
        word = f"skipped ({why})"
    except Exception:  # whatever it was, the others are to run
        word = "FAILED"
        traceback.print_exc(file=sys.stdout)
        for node in made:
            print(f"the log of {node.address} ends with:\n"
                  + node.log()[-2000:])
    finally:
        kill_all()
        shutil.rmtree(home, ignore_errors=True)
    print(f"{word}: {sentence} ({time.monotonic() - began:.1f} s)", flush=True)
    return word


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--only", default="", help="tests that contain this")
    options = parser.parse_args()
    binary = os.path.abspath(options.bin)
    atexit.register(kill_all)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    words = [run_one(sentence, function, binary)
             for sentence, function in tests if options.only in sentence]
    failed = words.count("FAILED")
    print(f"{words.count('ok')} passed, {failed} failed")
    sys.exit(1 if failed else 0)
