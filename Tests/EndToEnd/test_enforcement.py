"""What is asked of live sessions is carried out by provisioner, with NASes that obey, refuse, are deaf, or know of nothing."""

import hashlib
import hmac
import itertools
import secrets
import socket
import threading

import pytest

from gateway import Gateway
from processes import eventually
from radius_clients import Pyrad, accepted, within

START, STOP = 1, 2
DISCONNECT_REQUEST, DISCONNECT_ACK, DISCONNECT_NAK = 40, 41, 42
USER_NAME, NAS_IP_ADDRESS, SESSION_ID, MESSAGE_AUTHENTICATOR, ERROR_CAUSE = 1, 4, 44, 80, 101
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
    """Where a NAS takes Disconnect-Requests (RFC 5176). Whatever comes is kept, and proven to be its server's."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        # ACK, the number of an Error-Cause, or None for silence.
        self.answers = "ACK"
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
        if self.answers is None:
            return
        code, body = DISCONNECT_ACK, b""
        if self.answers != "ACK":
            code, body = DISCONNECT_NAK, bytes((ERROR_CAUSE, 6)) + self.answers.to_bytes(4, "big")
        head = bytes((code, packet[1])) + (20 + len(body)).to_bytes(2, "big")
        self.socket.sendto(head + hashlib.md5(head + packet[4:20] + body + key).digest() + body, source)

    def close(self):
        self.is_open = False
        self.join()


class Provider:
    """A tenant with one NAS, its desk, and a subscriber who is online."""

    def __init__(self, system, gateway):
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
        self.user = f"{self.name}-ann"
        path = system.folder / f"{self.name}.csv"
        path.write_text(
            f"code,name,phone,address,username,password,plan\nann,Ann,+391,Via Po 1,{self.user},{PASSWORD},home\n"
        )
        system.nexora("import", path, *mine)
        self.client = Pyrad(system.radius, SECRET, self.address, 3, 3)

    def online(self):
        """Logs in and begins a session; returns its row's id."""
        reply = within(30, lambda: self.client.login(self.user, PASSWORD), accepted)
        self.admission, self.session = reply["Class"][0], secrets.token_hex(4)
        assert self.report(START)
        query = f"SELECT id FROM sessions WHERE acct_session_id = '{self.session}' AND ended_at IS NULL"
        return eventually(lambda: self.system.sql(query), 30, "the session")[0][0]

    def report(self, status, age=0):
        return self.client.account(
            status, self.session, self.user, Class=self.admission, Framed_IP_Address="10.63.0.7", Acct_Session_Time=age
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


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def provisioner(system):
    made = system.provisioner(
        f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_TRIES="2", NEXORA_COA_WAIT="1s", NEXORA_ENFORCEMENT_ATTEMPTS="1",
        NEXORA_COA_BREAKER_THRESHOLD="100",
    )
    made.start()
    yield made
    made.terminate()


@pytest.fixture
def provider(system, gateway, provisioner):
    made = []

    def make():
        made.append(Provider(system, gateway))
        return made[-1]

    yield make
    for one in made:
        one.close()


# proves: COA-01 COA-02 COA-05 COA-07 COA-09 SES-07 PLT-35
def test_a_session_that_shall_go_goes_and_everybody_knows(provider, provisioner):
    here = provider()
    session = here.online()
    operation = here.disconnect(session)
    eventually(lambda: here.desk.requests, 30, "the Disconnect-Request")
    code, found = here.desk.requests[0]
    assert code == DISCONNECT_REQUEST and not here.desk.flaws
    assert found[USER_NAME] == here.user.encode() and found[SESSION_ID] == here.session.encode()
    assert found[NAS_IP_ADDRESS] == socket.inet_aton(here.address)
    assert here.report(STOP, age=1)
    assert here.ended(operation)["outcome"] == "Done: the session is over."
    told = here.told(operation)
    assert (told["outcome"], told["reason"], told["cause"]) == ("confirmed", "session_over", "requested")
    assert told["sessionId"] == session and told["attempts"] == 1
    # Acknowledged is acknowledged: it is not asked again.
    assert len(here.desk.requests) == 1
    audited = here.system.sql(
        f"SELECT count(*) FROM audit_logs WHERE action = 'disconnect' AND resource_id = '{session}' AND actor_kind = 'system'"
    )
    assert audited == [["1"]]
    assert 'enforcement_orders_total{kind="disconnect",cause="requested",outcome="confirmed"}' in provisioner.metrics()
    assert provisioner.metric("enforcement_latency_seconds_count") >= 1


# proves: COA-07
def test_what_is_acknowledged_and_does_not_happen_is_unproven(provider):
    here = provider()
    operation = here.disconnect(here.online())
    assert here.ended(operation)["state"] == "succeeded"
    told = here.told(operation)
    assert (told["outcome"], told["reason"]) == ("unproven", "no_stop")


# proves: COA-04 COA-07
def test_a_deaf_nas_fails_it_with_its_cause(provider):
    here = provider()
    here.desk.answers = None
    operation = here.disconnect(here.online())
    found = here.ended(operation)
    assert found["state"] == "failed" and found["outcome"] == "Failed: the NAS does not answer."
    assert here.told(operation)["reason"] == "unanswered"
    assert len(here.desk.requests) == 2


# proves: COA-07
def test_a_session_that_the_nas_does_not_have_is_gone(provider):
    here = provider()
    here.desk.answers = 503
    operation = here.disconnect(here.online())
    assert here.ended(operation)["state"] == "succeeded"
    told = here.told(operation)
    assert (told["outcome"], told["reason"]) == ("confirmed", "session_gone")


# proves: COA-07
def test_a_refusal_is_told_with_its_error_cause(provider):
    here = provider()
    here.desk.answers = 504
    operation = here.disconnect(here.online())
    assert here.ended(operation)["state"] == "failed"
    told = here.told(operation)
    assert (told["outcome"], told["reason"], told["errorCause"]) == ("failed", "refused", 504)


# proves: PLT-35 COA-05
def test_a_provisioner_that_is_killed_leaves_nothing_undone(provider, provisioner):
    here = provider()
    here.desk.answers = None
    session = here.online()
    operation = here.disconnect(session)
    eventually(lambda: here.desk.requests, 30, "the request that nobody answers")
    provisioner.kill()
    # Meanwhile another is asked for, while nobody is there.
    second = here.disconnect(session)
    here.desk.answers = "ACK"
    before = len(here.desk.requests)
    provisioner.start()
    eventually(lambda: len(here.desk.requests) > before, 60, "the request by whoever comes next")
    assert here.report(STOP, age=2)
    for one in (operation, second):
        assert here.ended(one)["state"] == "succeeded"
        assert here.told(one)["outcome"] == "confirmed"
    # The session after it is left alone.
    count = len(here.desk.requests)
    after = here.online()
    assert here.system.sql(f"SELECT ended_at IS NULL FROM sessions WHERE id = '{after}'") == [["t"]]
    assert len(here.desk.requests) == count and not here.desk.flaws
