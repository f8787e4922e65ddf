"""Simulated NASes of all vendors on loopback: subscribers log in there, and each takes CoA and Disconnect (RFC 5176) as its vendor
documents it, or as a NAS does that is deaf, slow, lying or rebooting.

The rules are a second reading of the vendors' documents, apart from nas-simulator's: what both accept is right."""

import hashlib
import hmac
import itertools
import json
import secrets
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from processes import eventually
from radius_clients import Pyrad, accepted, within

START, STOP, INTERIM, ON = 1, 2, 3, 7
DISCONNECT, COA = 40, 43
USER_NAME, NAS_IP, NAS_PORT, FRAMED_IP, VENDOR_SPECIFIC, CALLED, CALLING, NAS_IDENTIFIER = 1, 4, 5, 8, 26, 30, 31, 32
SESSION_TIMEOUT = 27
SESSION_ID, MULTI_SESSION_ID, EVENT_TIMESTAMP, MESSAGE_AUTHENTICATOR, NAS_PORT_ID, CUI, ERROR_CAUSE = 44, 50, 55, 80, 87, 89, 101
SECRET = "a-secret-of-all-the-fleet"
PASSWORD = "a password of the fleet"
TIMED_OUT, ADMIN_RESET = 5, 6
NAMES = {USER_NAME, FRAMED_IP, CALLING, NAS_PORT, NAS_PORT_ID, SESSION_ID, MULTI_SESSION_ID, CUI}
"""Attributes that say which session is meant."""
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Habits:
    """How a vendor's NASes take requests."""

    # A request must hold all of one of these.
    sets: tuple
    # What changes the speed within a session: (vendor, type).
    speed: frozenset = frozenset()
    # What moves a session's end: Session-Timeout from its start, or Nokia's own from now.
    ends: frozenset = frozenset()
    # The Error-Cause for what it does not change; None passes over it in silence and acknowledges.
    unknown: int | None = 401
    # A request without Event-Timestamp gets no answer, as hostapd does it.
    is_timed: bool = False


def habits(*sets, speed=(), ends=(), unknown=401, is_timed=False):
    return Habits(tuple(map(frozenset, sets)), frozenset(speed), frozenset(ends), unknown, is_timed)


WISPR = (14122, 7), (14122, 8)
RELATIVE_TIMEOUT = 6527, 160
VENDORS = {
    "mikrotik": habits({USER_NAME, SESSION_ID}, speed=[(14988, 8)], ends=[SESSION_TIMEOUT]),
    "cisco": habits({SESSION_ID}, {CALLING}, speed=[(9, 250)], ends=[SESSION_TIMEOUT]),
    # Of speeds it documents profiles by name alone for CoA.
    "huawei": habits({SESSION_ID}, {USER_NAME, FRAMED_IP}, speed=[(2011, 31), (2011, 182)], unknown=404),
    "juniper": habits({SESSION_ID}, {MULTI_SESSION_ID}, speed=[(4874, 108), (4874, 177)]),
    "nokia": habits(
        {NAS_PORT_ID, FRAMED_IP}, {SESSION_ID}, {USER_NAME}, speed=[(6527, 126)], ends=[RELATIVE_TIMEOUT], unknown=None,
    ),
    "coovachilli": habits({USER_NAME}, speed=[(14559, 4), (14559, 5), *WISPR], ends=[SESSION_TIMEOUT]),
    "ubiquiti": habits({SESSION_ID}, {CALLING}, {USER_NAME}, is_timed=True),
    "generic": habits({SESSION_ID}, {USER_NAME}, speed=WISPR, ends=[SESSION_TIMEOUT], is_timed=True),
}


def parsed(packet):
    """Attributes as they come, a vendor's by (vendor, type); and where Message-Authenticator's value begins."""
    found, place, proof = [], 20, None
    while place < len(packet):
        number, length = packet[place], packet[place + 1]
        value = packet[place + 2 : place + length]
        if number == VENDOR_SPECIFIC:
            found.append(((int.from_bytes(value[:4], "big"), value[4]), value[6:]))
        else:
            found.append((number, value))
        if number == MESSAGE_AUTHENTICATOR:
            proof = place + 2
        place += length
    return found, proof


def rates(vendor, speeds):
    """Bits in a second to and from the subscriber, as attributes say it in that vendor's words; None where they do not."""
    said = dict(speeds)
    number = {name: int.from_bytes(value, "big") for name, value in said.items() if len(value) == 4}
    if vendor == "mikrotik":
        # rx, which comes first, is what the subscriber sends.
        up, down = said[14988, 8].decode().split(" ")[0].split("/")
        units = {"k": 1_000, "M": 1_000_000}
        return tuple(
            int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text) for text in (down, up)
        )
    if vendor == "cisco":
        words = said[9, 250].decode().removeprefix("Q").split(";")
        return int(words[words.index("D") + 1]), int(words[words.index("U") + 1])
    if vendor == "juniper":
        return int(said[4874, 108].decode().removeprefix("T02 ")), None
    if vendor == "nokia":
        overrides = [value.decode() for name, value in speeds if name == (6527, 126)]
        peak = {text[0]: int(text.split("pir=")[1].split(",")[0]) * 1_000 for text in overrides}
        return peak["E"], peak["I"]
    if vendor == "huawei":
        return number[2011, 5], number[2011, 2]
    if vendor == "coovachilli":
        return number[14559, 5] * 1_000, number[14559, 4] * 1_000
    return number[14122, 8], number[14122, 7]


@dataclass(eq=False)
class Session:
    """One that is on, or was."""

    id: str
    user: str
    row: str
    admission: bytes
    station: str
    framed: str
    port: int
    # What its login said of its speed.
    granted: tuple
    began: float = field(default_factory=time.monotonic)
    is_open: bool = True
    # When it ends by itself, by this machine's clock; None for never.
    ends: float | None = None
    # What CoAs made of its speed, in bits in a second to and from the subscriber.
    speeds: list = field(default_factory=list)
    # What it carries in a second, and has carried up to when.
    flow: tuple = (0, 0)
    octets: tuple = (0, 0)
    counted: float = field(default_factory=time.monotonic)

    def carry(self):
        """Counts what it carried since it was counted last."""
        now = time.monotonic()
        self.octets = tuple(
            int(octets + bits / 8 * (now - self.counted)) for octets, bits in zip(self.octets, self.flow, strict=True)
        )
        self.counted = now

    def names(self):
        """What the NAS knows it by."""
        return {
            USER_NAME: self.user.encode(), SESSION_ID: self.id.encode(), CALLING: self.station.encode(),
            FRAMED_IP: socket.inet_aton(self.framed), NAS_PORT: struct.pack("!I", self.port),
            NAS_PORT_ID: f"ge-0/0/{self.port}".encode(),
        }


def moved(session, changes):
    """When a session ends after those changes, where one of them says it; as the vendors count."""
    said = {name: int.from_bytes(value, "big") for name, value in changes if name in (SESSION_TIMEOUT, RELATIVE_TIMEOUT)}
    if SESSION_TIMEOUT in said:
        return session.began + said[SESSION_TIMEOUT]
    return time.monotonic() + said[RELATIVE_TIMEOUT] if said else None


@dataclass(frozen=True)
class Request:
    """A datagram that came."""

    code: int
    # Source, identifier and authenticator: a retransmission has the same.
    transaction: tuple
    session: str
    at: float


class NAS(threading.Thread):
    """One NAS. `behaviour` may be changed at any time:

    honest, deaf; boasting (acknowledges a CoA and does nothing, but ends sessions); slow (does it at once, says so after 0.5 s), doubled (says it three times), late (its Stop comes after 1.5 s),
    belated (after 5 s), lying (says it and does nothing), denying (the same, and goes on reporting), forging (answers under another
    secret), rebooting (falls over, and tells so after a second), amnesiac (knows of no session), or the number of an Error-Cause."""

    def __init__(self, name, vendor, address, radius):
        super().__init__(daemon=True)
        self.name, self.vendor, self.habits, self.address = name, vendor, VENDORS[vendor], address
        # One for whoever tests, one for the NAS itself.
        self.client, self.books = Pyrad(radius, SECRET, address, 2, 5), Pyrad(radius, SECRET, address, 2, 30)
        self.behaviour = "honest"
        self.sessions, self.requests, self.flaws = {}, [], []
        self.answered, self.agenda, self.is_running = {}, [], True
        # Whether sessions are reported every few seconds.
        self.reports, self.reported = False, time.monotonic()
        self.ports = itertools.count(1)
        self.listen()
        self.start()

    def listen(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 0))
        self.socket.settimeout(0.02)
        self.port = self.socket.getsockname()[1]

    # Subscribers

    def log_on(self, user):
        """A login and its Start, acknowledged; its row is known once `Fleet.settle` was called."""
        reply = within(30, lambda: self.client.login(user, PASSWORD), accepted)
        port = next(self.ports)
        mark = secrets.token_hex(3)
        session = Session(
            secrets.token_hex(5), user, "", reply["Class"][0], f"02-00-00-{mark[:2]}-{mark[2:4]}-{mark[4:]}",
            f"10.{self.address.split('.')[2]}.{port}.7", port, rates(self.vendor, parsed(reply.raw_packet)[0]),
        )
        timeout = dict(parsed(reply.raw_packet)[0]).get(SESSION_TIMEOUT)
        if timeout:
            session.ends = session.began + int.from_bytes(timeout, "big")
        self.sessions[session.id] = session
        assert self.report(self.client, session, START)
        return session

    def report(self, client, session, status, **more):
        session.carry()
        return client.account(
            status, session.id, session.user, Class=session.admission, Framed_IP_Address=session.framed,
            Acct_Output_Octets=session.octets[0], Acct_Input_Octets=session.octets[1],
            Calling_Station_Id=session.station, NAS_Port=session.port, NAS_Port_Id=f"ge-0/0/{session.port}",
            Acct_Session_Time=int(time.monotonic() - session.began), **more,
        )

    def log_off(self, session):
        """Its Stop, acknowledged."""
        session.is_open = False
        assert self.report(self.client, session, STOP)

    def transactions(self, session):
        """How many different requests there were for a session; a retransmission is none."""
        return len({request.transaction for request in self.requests if request.session == session.id})

    # Requests

    def run(self):
        while self.is_running:
            try:
                packet, source = self.socket.recvfrom(4096)
            except TimeoutError:
                packet = None
            if packet:
                self.take(packet, source)
            for entry in [entry for entry in self.agenda if entry[0] <= time.monotonic()]:
                self.agenda.remove(entry)
                entry[1]()
            for session in list(self.sessions.values()):
                if session.is_open and session.ends is not None and time.monotonic() >= session.ends:
                    session.is_open = False
                    self.report(self.books, session, STOP, Acct_Terminate_Cause=TIMED_OUT)
            if self.reports and time.monotonic() >= self.reported + 6:
                self.reported = time.monotonic()
                for session in [session for session in self.sessions.values() if session.is_open]:
                    self.report(self.books, session, INTERIM)
        self.socket.close()

    def after(self, seconds, action):
        self.agenda.append((time.monotonic() + seconds, action))

    def take(self, packet, source):
        found, proof = parsed(packet)
        self.prove(packet, found, proof)
        told = dict(found)
        named = told.get(SESSION_ID, b"").decode()
        transaction = (source, packet[1], packet[4:20])
        self.requests.append(Request(packet[0], transaction, named, time.monotonic()))
        if self.behaviour == "deaf":
            return
        if transaction in self.answered:
            # One that is slow has not said it yet.
            for reply in self.answered[transaction]:
                self.socket.sendto(reply, source)
            return
        if self.habits.is_timed and EVENT_TIMESTAMP not in told:
            self.flaws.append("no Event-Timestamp")
            return
        if self.behaviour == "rebooting":
            self.fall_over()
            return
        cause, session, changes = self.judge(packet[0], found)
        is_claim = self.behaviour in ("lying", "denying", "forging") or (self.behaviour == "boasting" and packet[0] == COA)
        if cause is None and not is_claim:
            self.do(packet[0], session, changes)
        self.answer(packet, source, cause)
        if cause is None and self.behaviour == "denying":
            self.after(1.2, lambda: self.report(self.books, session, INTERIM))

    def prove(self, packet, found, proof):
        """Each request must be its server's, and say so in the first place."""
        unsigned = packet[:4] + bytes(16) + packet[20:]
        if hashlib.md5(unsigned + SECRET.encode()).digest() != packet[4:20]:
            self.flaws.append("Request Authenticator")
        if proof != 22:
            return self.flaws.append("Message-Authenticator is not the first attribute")
        blank = unsigned[:proof] + bytes(16) + unsigned[proof + 16 :]
        if hmac.new(SECRET.encode(), blank, "md5").digest() != found[0][1]:
            self.flaws.append("Message-Authenticator")

    def judge(self, code, found):
        """The Error-Cause of its refusal or None, the session, and what changes it."""
        told = dict(found)
        if isinstance(self.behaviour, int):
            return self.behaviour, None, []
        if self.behaviour == "amnesiac":
            return 503, None, []
        if told.get(NAS_IP, socket.inet_aton(self.address)) != socket.inet_aton(self.address):
            return 403, None, []
        names = {name: value for name, value in told.items() if name in NAMES}
        if not any(wanted <= names.keys() for wanted in self.habits.sets):
            return 402, None, []
        alike = [
            session for session in list(self.sessions.values())
            if session.is_open and names.items() <= session.names().items()
        ]
        if len(alike) != 1:
            return (508 if alike else 503), None, []
        if code == DISCONNECT:
            return None, alike[0], []
        known = NAMES | {NAS_IP, NAS_IDENTIFIER, EVENT_TIMESTAMP, MESSAGE_AUTHENTICATOR}
        others = [(name, value) for name, value in found if name not in known]
        known = [(name, value) for name, value in others if name in self.habits.speed | self.habits.ends]
        if self.habits.unknown and (len(known) < len(others) or not known):
            return self.habits.unknown, alike[0], []
        end = moved(alike[0], known)
        if end is not None and end <= time.monotonic():
            return 407, alike[0], []
        return None, alike[0], known

    def do(self, code, session, changes):
        if code == COA:
            speeds = [(name, value) for name, value in changes if name in self.habits.speed]
            session.ends = moved(session, changes) or session.ends
            # Nokia passes over what it does not know.
            if speeds:
                session.carry()
                session.speeds.append(rates(self.vendor, speeds))
                down, up = session.speeds[-1]
                # Four fifths of what it may.
                if any(session.flow):
                    session.flow = down * 4 // 5, min(session.flow[1], (up or 2_000_000) * 4 // 5)
            return
        session.is_open = False
        pause = {"late": 1.5, "belated": 5}.get(self.behaviour, 0)
        self.after(pause, lambda: self.report(self.books, session, STOP, Acct_Terminate_Cause=ADMIN_RESET))

    def answer(self, packet, source, cause):
        key = (SECRET if self.behaviour != "forging" else "another secret").encode()
        body = bytes((MESSAGE_AUTHENTICATOR, 18)) + bytes(16)
        if cause is not None:
            body += bytes((ERROR_CAUSE, 6)) + cause.to_bytes(4, "big")
        head = bytes((packet[0] + (1 if cause is None else 2), packet[1])) + (20 + len(body)).to_bytes(2, "big")
        proof = hmac.new(key, head + packet[4:20] + body, "md5").digest()
        body = body[:2] + proof + body[18:]
        reply = head + hashlib.md5(head + packet[4:20] + body + key).digest() + body
        copies = [reply] * (3 if self.behaviour == "doubled" else 1)
        transaction = (source, packet[1], packet[4:20])
        self.answered[transaction] = [] if self.behaviour == "slow" else copies

        def say():
            self.answered[transaction] = copies
            for copy in copies:
                self.socket.sendto(copy, source)

        self.after(0.5 if self.behaviour == "slow" else 0, say)

    def fall_over(self):
        """Everything is forgotten; a second later it is there again, tells so, and is honest."""
        for session in self.sessions.values():
            session.is_open = False
        self.behaviour = "deaf"

        def boot():
            self.books.account(ON, "0", "", NAS_IP_Address=self.address)
            self.behaviour = "honest"

        self.after(1, boot)

    def close(self):
        """Stops whoever is on, and itself."""
        self.is_running = False
        self.join()
        for session in self.sessions.values():
            if session.is_open:
                self.log_off(session)
        self.client.close()
        self.books.close()


class Fleet:
    """A tenant with NASes, and subscribers at each."""

    def __init__(self, system, gateway, vendors, users, make=NAS):
        """`users`: how many there are at each NAS, or how their names end. `make` makes a NAS of its name, vendor, address and
        radius-server."""
        self.system, self.gateway = system, gateway
        number = next(NUMBERS)
        self.name = f"fleet-{number}-{secrets.token_hex(3)}"
        mine = ("--tenant", self.name)
        system.nexora("tenant", "add", self.name, "--subdomain", self.name)
        for plan, down, up in (("home", "100M", "20M"), ("less", "10M", "2M")):
            system.nexora("plan", "add", plan, *mine, "--download", down, "--upload", up, "--price", "10.00")
        self.nases, lines = [], ["code,name,phone,address,username,password,plan"]
        for place, vendor in enumerate(vendors, 1):
            nas = make(f"{self.name}-{place}-{vendor}", vendor, f"127.{70 + number}.{place}.1", system.radius)
            self.nases.append(nas)
            system.nexora(
                "nas", "add", nas.name, *mine, "--address", nas.address, "--vendor", vendor, "--coa-port", nas.port,
                "--secret-from", "env:NAS_SECRET", NAS_SECRET=SECRET,
            )
            nas.users = [f"{nas.name}-{end}" for end in (range(users) if isinstance(users, int) else users)]
            lines += [f"{user},Ann,+391,Via Po 1,{user},{PASSWORD},home" for user in nas.users]
        path = system.folder / f"{self.name}.csv"
        path.write_text("\n".join(lines) + "\n")
        system.nexora("import", path, *mine)
        self.tenant = system.sql(f"SELECT id FROM tenants WHERE subdomain = '{self.name}'")[0][0]

    def settle(self):
        """Waits until every session that is on has its row."""
        wanted = {session.id: session for nas in self.nases for session in nas.sessions.values() if not session.row}

        def rows():
            query = f"SELECT acct_session_id, id FROM sessions WHERE tenant_id = '{self.tenant}' AND ended_at IS NULL"
            found = dict(self.system.sql(query))
            return found if wanted.keys() <= found.keys() else None

        found = eventually(rows, 60, "the sessions' rows")
        for name, session in wanted.items():
            session.row = found[name]

    def choose(self, session, plan, patience=0):
        """Gives the service of a session another plan; asks again for so many seconds where the gateway cannot."""
        wanted = f"tenant_id = '{self.tenant}'"
        service = self.system.sql(f"SELECT id FROM services WHERE {wanted} AND username = '{session.user}'")[0][0]
        plan = self.system.sql(f"SELECT id FROM plans WHERE {wanted} AND name = '{plan}'")[0][0]
        path, body = f"/api/v1/radius/subscribers/{service}/bandwidth", {"plan_id": plan}
        eventually(lambda: self.gateway.ask("PUT", path, body)[0] == 200, patience, "another plan")

    def disconnect(self, session):
        """Asks for a session's end; the operation that tells what becomes of it."""
        return self.gateway("POST", f"/api/v1/radius/sessions/{session.row}/disconnect", status=202)[0]["data"]["id"]

    def orders(self, where="true"):
        """Rows of orders as dictionaries."""
        rows = self.system.sql(
            f"SELECT row_to_json(e) FROM enforcements e WHERE tenant_id = '{self.tenant}' AND {where} ORDER BY stored_at, id"
        )
        return [json.loads(row[0]) for row in rows]

    def outcome(self, operation, seconds=60):
        """The order behind an operation once it has ended."""
        return self.end(f"operation_id = '{operation}'", seconds)

    def change(self, session, seconds=60):
        """The first order to change a session once it has ended."""
        return self.end(f"kind = 'change' AND session_id = '{session.row}'", seconds)

    def end(self, where, seconds):
        return eventually(
            lambda: self.orders(f"{where} AND ended_at IS NOT NULL"), seconds, lambda: f"the end of {self.orders(where)}"
        )[0]

    def close(self):
        for nas in self.nases:
            nas.close()
