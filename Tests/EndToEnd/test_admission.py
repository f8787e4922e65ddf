"""Session limits, bound devices and addresses of the whole system, with Redis there, away and empty."""

import itertools
import json
import shutil
import time

import pytest

from processes import eventually
from radius_clients import Pyrad, accepted, rejected, within
from redis_set import Client

START, STOP = 1, 2
NUMBERS = itertools.count(1)
SECRET = "a-secret-of-the-admission-tests"
PASSWORD = "a password of theirs"
STATIONS = [f"02-0A-00-00-00-{number:02X}" for number in range(32)]


class Provider:
    """A tenant with a plan, a pool, two NASes and some services."""

    def __init__(self, system, policy="reject_new", bind=False, limit=1, pool_range=None, sticky=0, services=8):
        number = next(NUMBERS)
        self.system, self.name = system, f"admission-{number}"
        self.range = pool_range or f"10.{100 + number}.0.0/16"
        settings = json.dumps({"session_policy": policy, "bind_device": bind})
        mine = ("--tenant", self.name)
        system.nexora("tenant", "add", self.name, "--subdomain", self.name, "--settings", settings)
        system.nexora("pool", "add", "homes", self.range, *mine, "--sticky", sticky)
        system.nexora(
            "plan", "add", "home", *mine, "--download", "100M", "--upload", "20M", "--price", "10.00",
            "--session-limit", limit, "--address-pool", "homes",
        )
        system.nexora("plan", "add", "bare", *mine, "--download", "100M", "--upload", "20M", "--price", "10.00")
        self.addresses = [f"127.61.{number}.{nas}" for nas in (1, 2)]
        for nas, address in enumerate(self.addresses, 1):
            system.nexora(
                "nas", "add", f"{self.name}-{nas}", *mine, "--address", address, "--vendor", "cisco",
                "--secret-from", "env:NAS_SECRET", NAS_SECRET=SECRET,
            )
        self.users = [f"{self.name}-user{user}" for user in range(services)]
        lines = ["code,name,phone,address,username,password,plan"]
        lines += [f"{user},Customer {user},+391,Via Po 1,{user},{PASSWORD},home" for user in self.users]
        lines.append(f"probe,Probe,+391,Via Po 1,{self.name}-probe,{PASSWORD},bare")
        path = system.folder / f"{self.name}.csv"
        path.write_text("\n".join(lines) + "\n")
        system.nexora("import", path, *mine)
        self.clients = [Pyrad(system.radius, SECRET, address, 3, 3) for address in self.addresses]
        # Until the directory has it all.
        within(30, lambda: self.ask(f"{self.name}-probe", STATIONS[31]), accepted)

    def close(self):
        for client in self.clients:
            client.close()

    def ask(self, user, station, nas=0):
        return self.clients[nas].login(user, PASSWORD, Calling_Station_Id=station)

    def login(self, user, station, nas=0):
        """The address; fails unless the login is accepted."""
        reply = self.ask(user, station, nas)
        assert accepted(reply), reply and reply.get("Reply-Message")
        self.admission = reply["Class"][0]
        return reply["Framed-IP-Address"][0]

    def report(self, status, user, station, session, address, nas=0, age=0):
        assert self.clients[nas].account(
            status, session, user, Calling_Station_Id=station, Class=self.admission, Framed_IP_Address=address,
            Acct_Session_Time=age,
        )

    def who(self, address, *more):
        return json.loads(self.system.nexora("ip", "who", address, "--tenant", self.name, "--json", *more))


@pytest.fixture
def provider(system):
    made = []

    def make(**wishes):
        made.append(Provider(system, **wishes))
        return made[-1]

    ready(system)
    yield make
    for one in made:
        one.close()


def ready(system):
    """Redis is there, and gives addresses."""
    eventually(lambda: (system.radius.metric("radius_redis_connections") or 0) >= 2, 60, "Redis")
    eventually(lambda: any(consumer.metric("ipam_ready") == 1 for consumer in system.consumers), 60, "the addresses")


def refusal(reply):
    assert rejected(reply)
    return reply["Reply-Message"][0]


# proves: RAD-06 SES-04 IPAM-08
def test_without_redis_logins_go_on_and_redis_learns_of_them(system, provider):
    here = provider()
    before = here.login(here.users[0], STATIONS[0])
    eventually(lambda: system.radius.metric("radius_address_reserve") > 0, 20, "a reserve")
    system.redis.kill()
    try:
        # The first seconds could be a failover's: the NAS asks again.
        reply = within(30, lambda: here.ask(here.users[1], STATIONS[1]), accepted)
        first = reply["Framed-IP-Address"][0]
        second = here.login(here.users[2], STATIONS[2])
        assert len({before, first, second}) == 3
        # The limit is kept by what this server knows.
        assert refusal(here.ask(here.users[2], STATIONS[3])) == "Too many sessions"
    finally:
        system.redis.start()
    ready(system)
    assert here.login(here.users[1], STATIONS[1]) == first
    assert refusal(here.ask(here.users[2], STATIONS[3])) == "Too many sessions"
    others = [here.login(user, STATIONS[4 + number]) for number, user in enumerate(here.users[3:])]
    assert len({before, first, second, *others}) == 3 + len(others)
    eventually(lambda: here.who(second) and here.who(second)[0]["username"] == here.users[2], 20, "the address's row")


# proves: IPAM-06 IPAM-07
def test_an_empty_redis_is_filled_before_it_gives_an_address(system, provider):
    here = provider()
    had = {user: here.login(user, STATIONS[number]) for number, user in enumerate(here.users[:4])}
    eventually(lambda: all(here.who(address) for address in had.values()), 20, "the addresses' rows")
    system.redis.kill()
    shutil.rmtree(system.folder / "redis" / "appendonlydir")
    system.redis.start()
    with Client(system.redis_port, system.password) as client:
        eventually(lambda: client("EXISTS", "ipam:ready") == 1, 60, "the addresses")
    ready(system)
    others = [here.login(user, STATIONS[8 + number]) for number, user in enumerate(here.users[4:])]
    assert not set(others) & set(had.values())
    for number, (user, address) in enumerate(had.items()):
        assert here.login(user, STATIONS[number]) == address


# proves: SES-07 SES-04
def test_a_nas_that_died_locks_nobody_out(system, provider):
    here = provider()
    user = here.users[0]
    address = here.login(user, STATIONS[0])
    here.report(START, user, STATIONS[0], "lost", address)
    # No Stop ever comes. The device itself comes in at once, elsewhere too; another one waits for the lease.
    assert here.login(user, STATIONS[0]) == address
    assert here.login(user, STATIONS[0], nas=1) == address
    assert refusal(here.ask(user, STATIONS[1], nas=1)) == "Too many sessions"
    service = here.who(address)[0]["serviceId"].replace("-", "")
    with Client(system.redis_port, system.password) as client:
        key = b"s:" + bytes.fromhex(service)
        record = bytearray(client("GET", key))
        # The lease's end (see Shared/Admission/AdmissionLua.swift): a quarter of an hour has passed.
        for slot in range(10, len(record), 147):
            record[slot + 47:slot + 53] = (int(time.time() * 1000) - 1).to_bytes(6, "big")
        client("SET", key, bytes(record))
    assert here.login(user, STATIONS[1], nas=1)


# proves: SES-01 SES-02 SES-03
def test_a_service_is_bound_to_its_device_until_it_is_unbound(system, provider):
    here = provider(bind=True, limit=2)
    user = here.users[0]
    here.login(user, STATIONS[0])
    assert refusal(here.ask(user, STATIONS[1])) == "DEVICE_MISMATCH"
    with system.tail("--subject", "radius.access.>", "--user", user) as tail:
        def refused():
            here.ask(user, STATIONS[1])
            return [e for e in tail.events() if e["event"]["data"].get("reason") == "device_mismatch"]

        eventually(refused, 20, "the reason")

    def bound():
        return system.sql(f"SELECT bound_mac FROM services WHERE username = '{user}'")[0][0]

    eventually(lambda: bound() == STATIONS[0].lower().replace("-", ":"), 20, "the binding")
    system.nexora("service", "unbind", user, "--tenant", here.name)
    within(20, lambda: here.ask(user, STATIONS[1]), accepted)
    eventually(lambda: bound() == STATIONS[1].lower().replace("-", ":"), 20, "the new binding")
    assert rejected(here.ask(user, STATIONS[0]))


# proves: SES-06 PLT-35
def test_the_oldest_session_is_asked_to_leave(system, provider):
    here = provider(policy="disconnect_oldest", limit=2)
    user = here.users[0]
    here.login(user, STATIONS[0])
    oldest = here.admission[5:21].hex()
    here.login(user, STATIONS[1])
    here.login(user, STATIONS[2])
    newest = here.admission[5:21].hex()
    with system.tail("--from-start", "--subject", "session.disconnect_requested.>") as tail:
        events = tail.wait_for(
            lambda e: e["event"]["data"]["admissionId"].replace("-", "") == oldest, 20, "the disconnect"
        )
    assert events[0]["event"]["data"]["replacedBy"].replace("-", "") == newest


# proves: IPAM-09
def test_an_exhausted_pool_refuses_and_tells(system, provider):
    here = provider(pool_range="10.99.0.0/30")
    refused = []
    for number, user in enumerate(here.users):
        reply = here.ask(user, STATIONS[number])
        if not accepted(reply):
            refused.append(refusal(reply))
    assert refused and set(refused) == {"No address is free"}
    # From the start: the event may be told before a tail that begins now would listen.
    with system.tail("--from-start", "--subject", "ipam.exhausted.>", "--tenant", here.name) as tail:
        assert tail.wait_for(lambda e: e["event"]["data"]["poolName"] == "homes", 20, "the event")


# proves: IPAM-14
def test_who_had_an_address_is_known_now_and_then(system, provider):
    here = provider(pool_range="10.98.0.0/30")
    first, second = here.users[:2]
    address = here.login(first, STATIONS[0])
    here.report(START, first, STATIONS[0], "who-1", address)
    eventually(lambda: [row["username"] for row in here.who(address)][:1] == [first], 20, "the first")
    here.report(STOP, first, STATIONS[0], "who-1", address, age=1)
    # A /30 has one address to give.
    assert here.login(second, STATIONS[1]) == address
    eventually(lambda: here.who(address)[0]["username"] == second, 20, "the second")
    known = here.who(address)
    for user in (first, second):
        at = min(row["from"] for row in known if row["username"] == user)
        assert {row["username"] for row in here.who(address, "--at", at)} == {user}, (at, known)
