"""What protects the server, seen from outside: unknown clients, refused logins in numbers, what NASes send, walled garden."""

import json

import pytest

from processes import eventually
from radius_clients import Pyrad, accepted, radclient, rejected, within

NAS, SOURCE = "e2e-guard", "127.0.78.1"
SECRET = "a secret of a NAS, of 32 octets!"


@pytest.fixture(scope="module")
def guard(system):
    """A server of its own that tells soon what it sees, and a NAS of its own."""
    server = system.radius_server(
        "radius-guard", NEXORA_RADIUS_POSTURE_INTERVAL="1s", NEXORA_RADIUS_FAILURE_ALARM="5", NEXORA_REJECT_DELAY="0s",
        NEXORA_RADIUS_STALE_AFTER="1s",
    )
    server.start()
    system.nexora(
        "nas", "add", NAS, "--tenant", "demo-net", "--address", SOURCE, "--vendor", "mikrotik",
        "--require-message-authenticator", "no", "--secret-from", "stdin", given=f"{SECRET}\n",
    )
    yield server
    server.terminate()
    system.nexora("nas", "remove", NAS)


def login(server, user, password, signed=True):
    attributes = {"User-Name": user, "User-Password": password, "NAS-Port": 1}
    return radclient(
        server.auth_port, "auth", SECRET, attributes | ({"Message-Authenticator": "0x00"} if signed else {}), source=SOURCE,
        tries=1,
    )[0]


# proves: RAD-02 RAD-07
def test_a_dropped_stranger_is_answered_once_it_is_a_nas(system, guard):
    strangers = ("local", NAS)
    client = Pyrad(guard, SECRET, SOURCE, seconds=0.2, tries=1)
    within(20, lambda: client.login(system.user, system.user_password), accepted)
    for name in strangers:
        system.nexora("nas", "set", name, "--active", "no")
    try:
        eventually(lambda: client.login(system.user, system.user_password) is None
                   and guard.metric("radius_unknown_client_drops_total") >= 3)
    finally:
        for name in strangers:
            system.nexora("nas", "set", name, "--active", "yes")
    within(2, lambda: client.login(system.user, system.user_password), accepted)
    client.close()


# proves: RAD-05 ACC-01
def test_what_waited_too_long_is_dropped_and_accounting_is_not(system, guard):
    client = Pyrad(guard, SECRET, SOURCE, seconds=0.2, tries=1)
    guard.pause()
    try:
        assert not client.account(1, "e2e-waited", system.user)
        for _ in range(9):
            assert client.login(system.user, system.user_password) is None
    finally:
        guard.resume()
    dropped = eventually(lambda: refused(guard, "too_old"))
    assert 1 <= dropped < 9, "what its NAS still waits for is answered"
    within(5, lambda: client.login(system.user, system.user_password), accepted)
    eventually(lambda: system.sql("SELECT count(*) FROM sessions WHERE acct_session_id = 'e2e-waited'") == [["1"]])
    client.close()


def refused(server, reason):
    return sum(float(line.rsplit(" ", 1)[1]) for line in server.metrics().splitlines()
               if line.startswith("radius_refused_total{") and f'reason="{reason}"' in line)


# proves: RAD-22
def test_refused_logins_are_an_alarm_until_they_are_calm(system, guard):
    with system.tail("--subject", "radius.failures.>") as tail:
        for _ in range(7):
            eventually(lambda: login(guard, system.user, "wrong") == "Access-Reject")
        told = tail.wait_for(lambda e: e["event"]["data"].get("nasName") == NAS)[0]["event"]["data"]
        assert told["phase"] == "PHASE_BEGAN" and int(told["failures"]) > 5 and told["reason"] == "wrong_password"
        tail.wait_for(lambda e: "nasId" not in e["event"]["data"], what="the tenant's alarm")
    assert guard.metric("radius_auth_failures_spiking") == 2


# proves: RAD-07 G-02
def test_what_a_nas_sends_says_what_may_be_asked_of_it(system, guard):
    def posture():
        return json.loads(system.nexora("nas", "posture", "--nas", NAS, "--json"))

    before = eventually(lambda: (seen := posture())["logins"] and seen)["logins"]
    for _ in range(3):
        assert login(guard, system.user, system.user_password) == "Access-Accept"
    seen = eventually(lambda: (seen := posture())["logins"] >= before + 3 and seen)
    assert seen["messageAuthenticator"] == "always" and seen["secret"] == "strong" and seen["source"] == SOURCE
    assert any(method.startswith("pap ") for method in seen["methods"])
    assert any(line.startswith("require-message-authenticator: ") for line in seen["advice"])
    assert login(guard, system.user, system.user_password, signed=False) == "Access-Accept"
    eventually(lambda: posture()["messageAuthenticator"] == "sometimes")
    assert "would have been refused" in system.nexora("nas", "tighten", NAS, "require-message-authenticator", code=4)
    system.nexora("nas", "tighten", NAS, "require-message-authenticator", "--force")
    eventually(lambda: login(guard, system.user, system.user_password, signed=False) == "")
    assert login(guard, system.user, system.user_password) == "Access-Accept"
    eventually(lambda: posture()["refusedUnsigned"] > 0)
    assert "operator, forced" in posture()["tightened"][0]


# proves: G-20
def test_a_suspended_service_comes_in_under_the_gardens_plan(system, guard):
    system.nexora(
        "plan", "add", "Garden", "--tenant", "demo-net", "--download", "1M", "--upload", "1M", "--price", "1",
        "--address-list", "garden",
    )
    user, password = system.user, system.user_password
    client = Pyrad(guard, SECRET, SOURCE)
    system.nexora("tenant", "set", "demo-net", "--walled-garden", "Garden")
    try:
        system.nexora("service", "set", user, "--status", "suspended")
        reply = within(10, lambda: client.login(user, password),
                       lambda r: accepted(r) and r.get("Session-Timeout") == [900])
        assert reply["Mikrotik-Rate-Limit"] == ["1M/1M"]
        system.nexora("tenant", "set", "demo-net", "--walled-garden", "")
        within(10, lambda: client.login(user, password), rejected)
    finally:
        system.nexora("tenant", "set", "demo-net", "--walled-garden", "")
        system.nexora("service", "set", user, "--status", "active")
        within(10, lambda: client.login(user, password), accepted)
        client.close()
        system.nexora("plan", "remove", "Garden")
