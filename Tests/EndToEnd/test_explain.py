"""What nexora explain tells is what radius-server does, and trying a change changes nothing."""

import json

import pytest

from processes import eventually
from radius_clients import radclient
from system import System

TENANT = "demo-net"


@pytest.fixture(scope="module")
def system():
    """A system of its own: with Redis, so that sessions and addresses are kept."""
    made = System()
    made.urls["REDIS_URL"] = made.redis_url
    try:
        made.start()
        made.nexora("pool", "add", "home", "100.64.0.0/24", "--tenant", TENANT)
        yield made
    finally:
        made.stop()


def login(system, user, password, device):
    return radclient(
        system.radius.auth_port, "auth", system.secret,
        {"User-Name": user, "User-Password": password, "NAS-Port": 1, "Calling-Station-Id": device,
         "Message-Authenticator": "0x00"},
    )


def explain(system, *arguments, code=0):
    said = system.nexora("explain", *arguments, "--tenant", tenant(system), "--json", code=code)
    return json.loads(said) if code == 0 else said


def tenant(system):
    rows = system.sql(
        "SELECT t.id FROM tenants t JOIN services s ON s.tenant_id = t.id "
        f"WHERE s.username = '{system.user}'"
    )
    return rows[0][0]


def rule(explanation, name):
    return next(each for each in explanation["rules"] if each["rule"] == name)


@pytest.fixture
def device():
    return "02-00-00-00-77-01"


# proves: RAD-13
def test_a_login_is_explained_as_it_then_happens(system, device):
    def ready():
        said = explain(system, "login", "--user", system.user, "--calling-station", device, "--nas", "127.0.0.1")
        address = [each for each in said["rules"] if each["rule"] == "address ipv4"]
        return said if address and "any that is free" in address[0]["value"] else None

    told = eventually(ready, 30, "a pool to give from")
    assert told["outcome"] == "accept", told
    name, attributes = login(system, system.user, system.user_password, device)
    assert name == "Access-Accept"
    shown = {each["attribute"]: each["value"] for each in told["attributes"]}
    assert shown["Mikrotik-Rate-Limit"] == attributes["Mikrotik-Rate-Limit"].strip('"')
    assert set(attributes) - {"Message-Authenticator"} == set(shown)
    sources = {each["attribute"]: each["source"]["kind"] for each in told["attributes"]}
    assert sources["Mikrotik-Rate-Limit"] == "plan" and sources["Class"] == "server"
    assert rule(told, "service status")["sources"][0]["version"] > 0
    assert system.user_password not in json.dumps(told) and system.secret not in json.dumps(told)
    again = explain(system, "login", "--user", system.user, "--calling-station", device, "--nas", "127.0.0.1")
    given = next(each for each in again["attributes"] if each["attribute"] == "Framed-IP-Address")
    assert given["value"] == attributes["Framed-IP-Address"] and given["source"]["name"] == "home"
    text = system.nexora("explain", "login", "--tenant", TENANT, "--user", system.user, "--nas", "127.0.0.1")
    assert "Mikrotik-Rate-Limit" in text and '"Home 50"' in text


# proves: RAD-13
def test_what_is_not_there_is_said_with_its_exit_code(system):
    told = explain(system, "login", "--user", "nobody-has-this-name")
    assert (told["outcome"], told["reason"]) == ("reject", "unknown_user")
    assert "no NAS" in explain(system, "login", "--user", system.user, "--nas", "core-99", code=3)
    assert "no tenant" in system.nexora(
        "explain", "login", "--tenant", "0197f0c2-0000-7000-8000-00000000dead", "--user", "x", code=3
    )
    assert "no decision" in explain(system, "did", "--user", "nobody-has-this-name", code=3)


# proves: SES-04 SES-06
def test_a_full_service_is_told_and_what_would_help_is_tried(system, device):
    assert login(system, system.user, system.user_password, device)[0] == "Access-Accept"
    system.nexora("tenant", "set", TENANT, "--settings", json.dumps({"session_policy": "reject_new"}))
    other = "02-00-00-00-77-02"

    def full():
        said = explain(system, "login", "--user", system.user, "--calling-station", other, "--nas", "127.0.0.1")
        return said if said["reason"] == "session_limit" else None

    told = eventually(full, 20, "the changed policy")
    assert told["rules"][-1]["rule"] == "session limit" and told["rules"][-1]["outcome"] == "refused"
    assert [each["kind"] for each in told["rules"][-1]["sources"]] == ["plan", "tenant", "redis"]
    name, attributes = login(system, system.user, system.user_password, other)
    assert name == "Access-Reject" and attributes["Reply-Message"] == '"Too many sessions"'

    def recorded():
        said = explain(system, "did", "--user", system.user)
        return said if said["decisions"][-1]["then"] == "reject session_limit" else None

    eventually(recorded, 20, "the recorded reject")
    tried = explain(system, "dry-run", "--plan", "Home 50", "--set", "session-limit=2")
    assert ("reject session_limit", "accept") in {(each["from"], each["to"]) for each in tried["changes"]}
    system.nexora("tenant", "set", TENANT, "--settings", "{}")
    eventually(
        lambda: explain(system, "login", "--user", system.user, "--calling-station", other, "--nas", "127.0.0.1")["outcome"] == "accept",
        20, "the policy as it was",
    )


# proves: RAD-13
def test_a_refused_login_is_found_and_explained(system, device):
    name, _ = login(system, system.user, "not the password", device)
    assert name == "Access-Reject"

    def newest():
        told = explain(system, "did", "--user", system.user, "--since", "10m")
        return told if told["decisions"][-1]["then"] == "reject wrong_password" else None

    told = eventually(newest, 20, "the recorded reject")
    assert told["decisions"][-1]["now"] == "reject wrong_password"
    assert told["decisions"][-1]["device"] == device
    assert rule(told["now"], "credential")["outcome"] == "refused"
    assert "with the right password it would now be: accept" in told["differences"]
    event = told["explained"]
    again = explain(system, "did", "--event", event)
    assert [each["event"] for each in again["decisions"]] == [event]


# proves: RAD-13
def test_a_change_is_tried_on_recorded_logins_and_nothing_changes(system, device):
    assert login(system, system.user, system.user_password, device)[0] == "Access-Accept"
    eventually(
        lambda: explain(system, "did", "--user", system.user)["decisions"][-1]["then"] == "accept", 20, "the record"
    )
    rows = system.sql("SELECT * FROM plans ORDER BY id")
    told = explain(
        system, "dry-run", "--plan", "Home 50", "--set", "download=60M", "--set", "idle-timeout=900", "--since", "1h"
    )
    assert told["logins"] >= 1 and told["wouldChange"] == 0
    lines = told["attributes"][0]["lines"]
    assert "+ Idle-Timeout = 900" in lines
    assert any(line.startswith("+ Mikrotik-Rate-Limit = 10M/60M") for line in lines)
    closed = explain(system, "dry-run", "--policy", "active=no", "--since", "1h")
    assert closed["wouldChange"] == closed["logins"]
    assert {each["to"] for each in closed["changes"]} == {"reject tenant_inactive"}
    assert system.sql("SELECT * FROM plans ORDER BY id") == rows
    assert login(system, system.user, system.user_password, device)[0] == "Access-Accept"
    explain(system, "dry-run", "--plan", "Home 50", "--set", "download=fast", code=2)


# proves: RAD-13
def test_what_the_record_leaves_out_is_told(system, device):
    silent = system.radius_server("silent", NEXORA_RADIUS_FEED_RATE="0")
    silent.start(wait=False)
    silent.wait_ready()
    try:
        name, _ = radclient(
            silent.auth_port, "auth", system.secret,
            {"User-Name": "left-out", "User-Password": "x", "NAS-Port": 1, "Message-Authenticator": "0x00"},
        )
        assert name == "Access-Reject"
        said = eventually(
            lambda: (lambda text: text if "were left out" in text else None)(
                explain(system, "did", "--user", "left-out", code=3)
            ), 20, "what was left out",
        )
        assert "1 rejects" in said
    finally:
        silent.clean_up()
