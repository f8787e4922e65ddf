"""The scripts behind make up, down and status, with real servers and a toolchain that builds stand-ins for our programs.

What is proved here is the machinery: private servers, supervision, ports, repeatability, plain errors. The real programs
are tried end to end elsewhere.
"""

import os
import re
import signal
import socket
import stat
import subprocess
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SWIFT = """\
    #!/bin/bash
    # Stands in for the toolchain: "builds" a product by copying its stand-in.
    here=$(dirname "$0")
    case "$*" in
    --version) cat "$here/version" ;;
    *--show-bin-path*) echo "$here/release" ;;
    *--product*)
        product=${@: -1}
        [ ! -e "$here/broken-$product" ] || { echo "Broken.swift:1:1: error: it is broken"; exit 1; }
        mkdir -p "$here/release"
        cp "$here/$product" "$here/release/$product" ;;
    esac
    """

NEXORA = """\
    #!/bin/bash
    case "$1 $2" in
    "key init") (umask 077; echo key >"$NEXORA_KEYRING_PATH") ;;
    "bootstrap --demo") printf 'RADIUS_SECRET=s3cret\\nDEMO_USER=demo\\nDEMO_PASSWORD=pass\\n' >"$4" ;;
    esac
    """

DAEMON = """\
    #!/usr/bin/python3
    import http.server, os, signal, sys
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if os.path.exists(os.path.join(os.path.dirname(sys.argv[0]), "..", "refuse-to-start")):
        print("database.url: no such host", flush=True)
        sys.exit(3)
    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status":"ready"}')
        def log_message(self, *_):
            pass
    http.server.HTTPServer(("127.0.0.1", int(os.environ["NEXORA_ADMIN_PORT"])), Ready).serve_forever()
    """


class House:
    """One run folder with its stand-ins."""

    def __init__(self, folder):
        self.run = folder / "run"
        self.tools = folder / "tools"
        self.tools.mkdir(parents=True)
        self.write("swift", SWIFT)
        self.write("nexora", NEXORA)
        self.write("radius-server", DAEMON)
        self.write("accounting-consumer", DAEMON)
        self.write("billing-worker", DAEMON)
        self.write("provisioner", DAEMON)
        self.write("notifier", DAEMON)
        self.write("api-gateway", DAEMON)
        self.write("radclient", "#!/bin/sh\necho 'Received Access-Accept'\n")
        (self.tools / "version").write_text("Swift version 6.3 (swift-6.3-RELEASE)\n")

    def write(self, name, text):
        path = self.tools / name
        path.write_text(textwrap.dedent(text))
        path.chmod(0o755)

    def script(self, name, **variables):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("NEXORA_")}
        for key in ("DATABASE_URL", "NATS_URL", "REDIS_URL"):
            environment.pop(key, None)
        environment |= {"NEXORA_TEST_RUN_DIR": str(self.run), "PATH": f"{self.tools}:{os.environ['PATH']}"}
        environment |= variables
        return subprocess.run(
            [ROOT / "scripts" / name], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180
        )

    def up(self, **variables):
        done = self.script("up", **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def pids(self):
        """The processes that run, by name."""
        recorded = {path.parent.name: int(path.read_text().split()[0]) for path in self.run.glob("proc/*/child")}
        return {name: pid for name, pid in recorded.items() if alive(pid)}

    def environment(self):
        printed = subprocess.run(
            ["bash", "-c", f". {self.run}/env && env -0"], capture_output=True, text=True, check=True
        ).stdout
        return dict(line.split("=", 1) for line in printed.split("\0") if "=" in line)

    def sql(self, statement):
        url = self.environment()["DATABASE_URL"]
        done = subprocess.run(["psql", "-XAtq", url, "-c", statement], capture_output=True, text=True, check=True)
        return done.stdout.strip()


def eventually(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def house(tmp_path):
    # Other accounts have to pass through to the servers' data, as in a checkout that all may read.
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.owner() == Path.home().owner() and folder != Path("/") and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    house = House(tmp_path)
    yield house
    house.script("down")
    assert not house.pids()


def test_up_starts_everything_and_may_be_repeated(house):  # proves: G-23
    said = house.up()
    assert "Nexora is up" in said and "radclient -x" in said and "Message-Authenticator=0x00" in said
    environment = house.environment()
    for name in (
        "RADIUS_AUTH_PORT RADIUS_ACCT_PORT RADIUS_SECRET DEMO_USER DEMO_PASSWORD DATABASE_URL NATS_URL REDIS_URL"
        " METRICS_RADIUS_SERVER METRICS_ACCOUNTING_CONSUMER NEXORA_KEYRING_PATH GATEWAY_URL"
    ).split():
        assert environment.get(name), name
    for private in ("env", "ports", "secrets/nats", "proc/radius-server/environment"):
        assert stat.S_IMODE((house.run / private).stat().st_mode) == 0o600, private
    assert house.sql("SHOW fsync") == "on" and house.sql("SHOW synchronous_commit") == "on"
    assert house.sql("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") == "f"
    house.sql("CREATE TABLE kept (v int)")
    before = house.pids()
    assert set(before) == {
        "postgres", "nats", "redis", "radius-server", "accounting-consumer", "billing-worker", "provisioner", "notifier",
        "api-gateway",
    }

    # A shell that sourced .run/env names our own servers: they are not taken for somebody else's.
    again = house.up(**{key: environment[key] for key in ("DATABASE_URL", "NATS_URL", "REDIS_URL")})
    assert "from outside" not in again
    assert house.pids() == before
    assert house.script("status").returncode == 0

    assert house.script("down").returncode == 0
    assert not any(alive(pid) for pid in before.values())
    assert house.script("status").returncode == 1
    house.up()
    assert house.environment()["DATABASE_URL"] == environment["DATABASE_URL"]
    assert house.sql("SELECT count(*) FROM kept") == "0"


def test_no_password_stands_in_an_argument(house):  # proves: SEC-01
    house.up()
    secrets = [path.read_text() for path in (house.run / "secrets").iterdir()]
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace") for pid in house.pids().values()]
    assert secrets and not [secret for secret in secrets for line in lines if secret in line]


def test_what_is_killed_comes_back_and_a_stranger_is_left_alone(house):
    house.up()
    before = house.pids()
    for name in before:
        os.kill(before[name], signal.SIGKILL)
    eventually(lambda: all(house.pids().get(name, before[name]) != before[name] for name in before))
    eventually(lambda: house.script("status").returncode == 0)

    # The pid of a supervisor may belong to somebody else by the time of make down.
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        recorded = house.run / "proc" / "redis" / "supervisor"
        pid, rest = recorded.read_text().split(" ", 1)
        os.kill(int(pid), signal.SIGKILL)
        recorded.write_text(f"{stranger.pid} {rest}")
        house.script("down")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_only_what_changed_is_started_again(house):
    house.up()
    before = house.pids()
    house.write("radius-server", DAEMON + "# a newer build\n")
    house.up()
    after = house.pids()
    assert {name for name in before if before[name] != after[name]} == {"radius-server"}


def test_a_taken_port_is_said_loudly(house):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        try:
            taken.bind(("127.0.0.1", 1812))
        except OSError:
            pass  # Somebody else has it, which serves as well.
        said = house.up()
    port = house.environment()["RADIUS_AUTH_PORT"]
    assert port != "1812"
    assert re.search(rf"\*\*\* UDP port 1812 is taken.*{port}", said)


def test_given_servers_replace_the_private_ones(house):
    said = house.up(NATS_URL="nats://elsewhere.example:4222")
    assert "no private nats is started" in said
    assert "nats" not in house.pids()
    assert house.environment()["NATS_URL"] == "nats://elsewhere.example:4222"


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda h: (h.tools / "version").write_text("Swift version 5.10 (x)\n"), ["Swift 5.10 is too old", "install Swift 6.2"]),
        (lambda h: (h.tools / "broken-radius-server").touch(), ["radius-server does not build", "error: it is broken", "build.log"]),
        (lambda h: h.write("nexora", "#!/bin/sh\n[ $1 != migrate ] || { echo 'nexora: 0002 failed'; exit 4; }\necho k >$NEXORA_KEYRING_PATH"),
         ["0002 failed", "the migrations did not run"]),
        (lambda h: (h.run.mkdir(), (h.run / "refuse-to-start").touch()), ["radius-server is not ready", "no such host", "--check"]),
    ],
    ids=["old toolchain", "build error", "failed migration", "daemon that ends"],
)
def test_what_fails_is_said_with_its_remedy(house, spoil, words):
    spoil(house)
    done = house.script("up")
    assert done.returncode != 0
    for word in words:
        assert word in done.stdout + done.stderr, done.stdout + done.stderr
    assert "what to do: " in done.stderr
