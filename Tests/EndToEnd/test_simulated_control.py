"""CoA and Disconnect towards simulated NASes: what they acknowledge is seen in accounting, what they only claim is not."""

import hashlib
import hmac
import json
import secrets
import socket
import struct
import time

import pytest

from gateway import Gateway
from processes import eventually, free_port
from simulated_day import Day

COA, DISCONNECT = 43, 40
ACK = {COA: 44, DISCONNECT: 41}
NAK = {COA: 45, DISCONNECT: 42}
USER_NAME, SESSION_ID, EVENT_TIMESTAMP, MESSAGE_AUTHENTICATOR, ERROR_CAUSE = 1, 44, 55, 80, 101


def attribute(kind, value):
    octets = value if isinstance(value, bytes) else struct.pack("!I", value)
    return bytes((kind, len(octets) + 2)) + octets


def rate(text):
    value = bytes((8, len(text) + 2)) + text.encode()
    return attribute(26, struct.pack("!I", 14988) + value)


class Control:
    """A client of dynamic authorization (RFC 5176) for one NAS."""

    def __init__(self, nas, secret):
        self.secret, self.identifier = secret.encode(), 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((nas["address"], nas["port"]))
        self.socket.settimeout(2)

    def ask(self, code, *attributes):
        """The verified reply's code and attributes; None for silence."""
        self.identifier = (self.identifier + 1) % 256
        body = attribute(EVENT_TIMESTAMP, int(time.time())) + b"".join(attributes)
        signature = attribute(MESSAGE_AUTHENTICATOR, bytes(16))
        head = struct.pack("!BBH", code, self.identifier, 20 + len(signature) + len(body))
        mac = hmac.new(self.secret, head + bytes(16) + signature + body, "md5").digest()
        signed = attribute(MESSAGE_AUTHENTICATOR, mac) + body
        authenticator = hashlib.md5(head + bytes(16) + signed + self.secret).digest()
        self.socket.send(head + authenticator + signed)
        try:
            reply = self.socket.recv(4096)
        except TimeoutError:
            return None
        assert reply[4:20] == hashlib.md5(reply[:4] + authenticator + reply[20:] + self.secret).digest()
        found, offset = {}, 20
        while offset < len(reply):
            found[reply[offset]] = reply[offset + 2 : offset + reply[offset + 1]]
            offset += reply[offset + 1]
        return reply[0], found


@pytest.fixture
def live(system):
    """Sessions on MikroTiks that go on after a calm day, and the NASes' secrets."""
    days = []

    def start(seed, mode, vendors="mikrotik", subscribers=40, nases=2, seconds=25):
        """One vendor's NASes at a port of the test's, those of several each at its vendor's."""
        port = () if "," in vendors else ("--control-port", free_port(socket.SOCK_DGRAM))
        day = Day(system, seed, subscribers, nases, "calm", 5, "--vendors", vendors).prepare().start(
            "--listen", *port, "--control-mode", mode, "--live", seconds, "--live-interim", 1
        )
        days.append(day)
        eventually(lambda: day.events(), 20, "the NASes' listening")
        nases = {nas["name"]: nas for nas in day.events()[0]["nases"]}
        entries = map(json.loads, (day.folder / "directory.jsonl").read_text().splitlines())
        keys = {entry["name"]: entry["secret"] for entry in entries if entry["kind"] == "nas"}
        # The day is over: delays are nothing, and who is on is really on.
        time_over = "SELECT s.acct_session_id, s.username, n.name FROM sessions s JOIN nas_devices n ON n.id = s.nas_id " \
            f"JOIN tenants t ON t.id = s.tenant_id WHERE t.subdomain = 'sim{seed}' AND s.ended_at IS NULL " \
            "AND s.last_update_at > now() - interval '3 seconds' ORDER BY s.started_at"
        rows = eventually(
            lambda: len(found := system.sql(time_over)) > 5 and {row[2] for row in found} == nases.keys() and found,
            40, "sessions that are on at each NAS",
        )
        return day, nases, keys, rows

    yield start
    for day in days:
        day.stop()


def names(row):
    return attribute(USER_NAME, row[1].encode()), attribute(SESSION_ID, row[0].encode())


def stored(system, seed, row):
    return system.sql(
        "SELECT s.closed_by, s.terminate_cause, s.input_octets FROM sessions s JOIN tenants t ON t.id = s.tenant_id "
        f"WHERE t.subdomain = 'sim{seed}' AND s.acct_session_id = '{row[0]}' AND s.username = '{row[1]}' "
        "ORDER BY s.started_at DESC LIMIT 1"
    )[0]


def test_an_obedient_nas_changes_and_ends_sessions(system, live):
    day, nases, keys, rows = live(2001, "obedient")
    first, second = rows[0], rows[1]
    control = Control(nases[first[2]], keys[first[2]])
    assert control.ask(COA, *names(first), rate("1M/2M"))[0] == ACK[COA]
    changed = eventually(lambda: [event for event in day.events() if event["event"] == "changed"], 5, "the change")
    assert (changed[0]["uploadBps"], changed[0]["downloadBps"]) == (1_000_000, 2_000_000)
    # The rate is seen in accounting: four fifths of 1 Mbit/s are 100,000 octets a second.
    before, began = int(stored(system, 2001, first)[2]), time.monotonic()
    eventually(lambda: int(stored(system, 2001, first)[2]) > before, 10, "an interim")
    assert int(stored(system, 2001, first)[2]) - before <= (time.monotonic() - began + 3) * 100_000
    code, attributes = control.ask(COA, *names(first), attribute(88, b"another-pool"))
    assert (code, attributes[ERROR_CAUSE]) == (NAK[COA], struct.pack("!I", 401))
    code, attributes = control.ask(DISCONNECT, names(first)[0], attribute(SESSION_ID, b"nothing"))
    assert (code, attributes[ERROR_CAUSE]) == (NAK[DISCONNECT], struct.pack("!I", 503))
    control = Control(nases[second[2]], keys[second[2]])
    assert control.ask(DISCONNECT, *names(second))[0] == ACK[DISCONNECT]
    eventually(lambda: stored(system, 2001, second)[:2] == ["stop", "6"], 10, "the Stop")
    # The simulator's own truth has the changes: all of it is in Postgres.
    assert day.finish()["holds"]


# proves: COA-01 COA-02 COA-07
def test_provisioner_ends_sessions_at_nases_of_every_kind(system, live):
    kinds = ["mikrotik", "cisco", "huawei", "juniper", "nokia", "ubiquiti", "coovachilli", "accel-ppp"]
    gateway = Gateway(system)
    gateway.bootstrap()
    provisioner = system.provisioner(f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_WAIT="1s")
    provisioner.start()
    try:
        day, nases, _, rows = live(2004, "obedient", ",".join(kinds), 160, len(kinds), 15)
        chosen = {row[2]: row for row in rows}
        asked = {}
        for row in chosen.values():
            session = system.sql(
                "SELECT s.id FROM sessions s JOIN tenants t ON t.id = s.tenant_id WHERE t.subdomain = 'sim2004' "
                f"AND s.acct_session_id = '{row[0]}' AND s.username = '{row[1]}' AND s.ended_at IS NULL"
            )[0][0]
            asked[row[2]] = gateway("POST", f"/api/v1/radius/sessions/{session}/disconnect", status=202)[0]["data"]["id"]
        for name, row in chosen.items():
            query = f"SELECT state, reason, attempts FROM enforcements WHERE operation_id = '{asked[name]}' AND ended_at IS NOT NULL"
            order = eventually(lambda query=query: system.sql(query), 40, f"the order's end at {name}")[0]
            assert order == ["confirmed", "session_over", "1"], (name, order)
            assert stored(system, 2004, row)[0] == "stop"
        # Nobody's session but theirs was ended, and each once.
        ended = [event for event in day.events() if event["event"] == "ended"]
        assert {(event["nas"], event["username"]) for event in ended} == {(row[2], row[1]) for row in chosen.values()}
        assert len(ended) == len(kinds)
        assert day.finish()["holds"]
    finally:
        provisioner.terminate()


def test_a_lying_nas_acknowledges_and_does_nothing(system, live):
    day, nases, keys, rows = live(2002, "lying")
    control = Control(nases[rows[0][2]], keys[rows[0][2]])
    assert control.ask(DISCONNECT, *names(rows[0]))[0] == ACK[DISCONNECT]
    before = int(stored(system, 2002, rows[0])[2])
    eventually(lambda: int(stored(system, 2002, rows[0])[2]) > before, 10, "an interim of a session that goes on")
    assert day.finish()["holds"]


def test_a_nas_that_falls_over_answers_nothing_and_loses_its_sessions(system, live):
    day, nases, keys, rows = live(2003, "rebooting")
    control = Control(nases[rows[0][2]], keys[rows[0][2]])
    assert control.ask(DISCONNECT, *names(rows[0])) is None
    eventually(lambda: stored(system, 2003, rows[0])[0] == "nas_reboot", 15, "the Accounting-On")
    assert day.finish()["holds"]
