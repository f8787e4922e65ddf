"""A NAS's desk for requests of its server (RFC 5176), and a provider with a subscriber who is online there."""

import hashlib
import hmac
import itertools
import secrets
import socket
import threading

from processes import eventually
from radius_clients import Pyrad, accepted, within

START, STOP, INTERIM = 1, 2, 3
# An acknowledgement is the next number, a refusal the one after it.
DISCONNECT_REQUEST, COA_REQUEST = 40, 43
USER_NAME, NAS_IP_ADDRESS, VENDOR_SPECIFIC, SESSION_ID, MESSAGE_AUTHENTICATOR, ERROR_CAUSE = 1, 4, 26, 44, 80, 101
SECRET = "a-secret-of-the-enforcement-tests"
PASSWORD = "a password of theirs"
NUMBERS = itertools.count(1)


def attributes(packet):
    """The attributes of a packet: number to value, and where Message-Authenticator's value begins."""
    found, place, proof = {}, 20, None
    while place < len(packet):
        number, length = packet[place], packet[place + 1]
        found.setdefault(number, packet[place + 2 : place + length])
        if number == MESSAGE_AUTHENTICATOR:
            proof = place + 2
        place += length
    return found, proof


class Desk(threading.Thread):
    """Where a NAS takes CoA- and Disconnect-Requests (RFC 5176). Whatever comes is kept, and proven to be its server's."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        # ACK, the number of an Error-Cause, or None for silence; and the same for CoA-Requests alone.
        self.answers, self.changes = "ACK", "ACK"
        self.requests, self.flaws = [], []
        self.is_open = True
        self.start()

    def run(self):
        while self.is_open:
            try:
                packet, source = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            self.take(packet, source)
        self.socket.close()

    def take(self, packet, source):
        found, proof = attributes(packet)
        key = SECRET.encode()
        unsigned = packet[:4] + bytes(16) + packet[20:]
        if hashlib.md5(unsigned + key).digest() != packet[4:20]:
            self.flaws.append("Request Authenticator")
        if proof is None:
            self.flaws.append("no Message-Authenticator")
        else:
            blank = unsigned[:proof] + bytes(16) + unsigned[proof + 16 :]
            if hmac.new(key, blank, "md5").digest() != found[MESSAGE_AUTHENTICATOR]:
                self.flaws.append("Message-Authenticator")
        self.requests.append((packet[0], found))
        answer = self.changes if packet[0] == COA_REQUEST else self.answers
        if answer is None:
            return
        code, body = packet[0] + 1, b""
        if answer != "ACK":
            code, body = packet[0] + 2, bytes((ERROR_CAUSE, 6)) + answer.to_bytes(4, "big")
        head = bytes((code, packet[1])) + (20 + len(body)).to_bytes(2, "big")
        self.socket.sendto(head + hashlib.md5(head + packet[4:20] + body + key).digest() + body, source)

    def speeds(self):
        """What CoA-Requests said: Mikrotik-Rate-Limit."""
        return [found[VENDOR_SPECIFIC][6:].decode() for code, found in self.requests if code == COA_REQUEST]

    def close(self):
        self.is_open = False
        self.join()


class Provider:
    """A tenant with one NAS, its desk, and a subscriber who is online."""

    def __init__(self, system, gateway=None):
        number = next(NUMBERS)
        self.system, self.gateway, self.name = system, gateway, f"enforced-{number}-{secrets.token_hex(3)}"
        self.address = f"127.63.{number}.1"
        self.desk = Desk(self.address)
        mine = ("--tenant", self.name)
        system.nexora("tenant", "add", self.name, "--subdomain", self.name)
        system.nexora("plan", "add", "home", *mine, "--download", "100M", "--upload", "20M", "--price", "10.00")
        system.nexora(
            "nas", "add", "edge", *mine, "--address", self.address, "--vendor", "mikrotik", "--coa-port", self.desk.port,
            "--secret-from", "env:NAS_SECRET", NAS_SECRET=SECRET,
        )
        self.user, self.password = f"{self.name}-ann", PASSWORD
        path = system.folder / f"{self.name}.csv"
        path.write_text(
            f"code,name,phone,address,username,password,plan\nann,Ann,+391,Via Po 1,{self.user},{PASSWORD},home\n"
        )
        system.nexora("import", path, *mine)
        self.client = Pyrad(system.radius, SECRET, self.address, 3, 3)

    def online(self):
        """Logs in and begins a session; returns its row's id."""
        reply = within(30, lambda: self.client.login(self.user, self.password), accepted)
        self.admission, self.session = reply["Class"][0], secrets.token_hex(4)
        assert self.report(START)
        query = f"SELECT id FROM sessions WHERE acct_session_id = '{self.session}' AND ended_at IS NULL"
        return eventually(lambda: self.system.sql(query), 30, "the session")[0][0]

    def report(self, status, age=0, octets=0):
        return self.client.account(
            status, self.session, self.user, Class=self.admission, Framed_IP_Address="10.63.0.7", Acct_Session_Time=age,
            Acct_Output_Octets=octets,
        )

    def orders(self, session):
        """What was ordered for a session, the oldest first: kind, cause, state, reason."""
        return self.system.sql(
            f"SELECT kind, cause, state, reason FROM enforcements WHERE session_id = '{session}' ORDER BY stored_at, id"
        )

    def disconnect(self, session):
        return self.gateway("POST", f"/api/v1/radius/sessions/{session}/disconnect", status=202)[0]["data"]["id"]

    def ended(self, operation):
        """The operation once it has ended."""
        def over():
            found = self.gateway("GET", f"/api/v1/operations/{operation}")[0]["data"]
            return found if found["state"] in ("succeeded", "failed") else None

        return eventually(over, 60, "the operation's end")

    def told(self, operation):
        """The one event that tells what became of it."""
        with self.system.tail("--from-start", "--subject", "provisioning.completed.>") as tail:
            found = tail.wait_for(lambda e: e["event"]["data"].get("operationId") == operation, 30, "the event")
        assert len(found) == 1
        return found[0]["event"]["data"]

    def close(self):
        self.client.close()
        self.desk.close()
