"""What an operator says of replies by name, and of a plan's hours, holds at the next login, without a restart."""

import json

import pytest

from processes import eventually
from radius_clients import radclient

PLAN = "Home 50"


@pytest.fixture
def nexora(system):
    """Runs a command; what it added is taken away again."""
    undo = []

    def run(*arguments, code=0):
        shown = system.nexora(*arguments, *(["--json"] if code == 0 else []), code=code)
        if code == 0 and arguments[2] == "add":
            undo.append([*arguments[:2], "remove", arguments[3], str(json.loads(shown)["position"])])
        return shown

    yield run
    for arguments in reversed(undo):
        system.nexora(*arguments)


def login(system):
    name, attributes = radclient(
        system.radius.auth_port, "auth", system.secret,
        {"User-Name": system.user, "User-Password": system.user_password, "NAS-Port": 1, "Message-Authenticator": "0x00"},
    )
    assert name == "Access-Accept"
    return attributes


def becomes(system, wanted):
    eventually(lambda: all(login(system).get(name) == value for name, value in wanted.items()),
               what=lambda: f"{wanted}, not {login(system)}")


# proves: RAD-10 RAD-12
def test_extra_attributes_of_every_level_hold_at_the_next_login(system, nexora):
    nas = json.loads(system.nexora("nas", "list", "--json"))[0]["name"]
    nexora("plan", "attribute", "add", PLAN, "Filter-Id", "plan", "--vendor", "mikrotik")
    becomes(system, {"Filter-Id": '"plan"'})
    nexora("nas", "attribute", "add", nas, "Filter-Id", "nas", "--operator", "set")
    becomes(system, {"Filter-Id": '"nas"'})
    nexora("service", "attribute", "add", system.user, "Filter-Id", "--operator", "remove")
    becomes(system, {"Filter-Id": None})
    assert "the server sets it itself" in nexora("plan", "attribute", "add", PLAN, "Class", "0x00", code=65)
    # One that got into the table in spite of that is counted, and breaks no login.
    plan, tenant = system.sql(f"SELECT id, tenant_id FROM plans WHERE name = '{PLAN}'")[0]
    before = system.radius.metric("directory_unusable_rows_total")
    system.superuser_sql(
        "INSERT INTO plan_reply_attributes (tenant_id, plan_id, position, name, operator, value) "
        f"VALUES ('{tenant}', '{plan}', 99, 'No-Such-Attribute', '+=', '1')"
    )
    try:
        eventually(lambda: system.radius.metric("directory_unusable_rows_total") > before, what="the unusable row")
        login(system)
    finally:
        system.superuser_sql(f"DELETE FROM plan_reply_attributes WHERE plan_id = '{plan}' AND position = 99")


# proves: RAD-11 RAD-18
def test_a_window_of_the_plan_holds_at_the_next_login(system):
    before = login(system)["Mikrotik-Rate-Limit"]
    added = json.loads(system.nexora(
        "plan", "window", "add", PLAN, "all", "00:00-24:00", "--download", "100M", "--upload", "20M", "--json"))
    try:
        becomes(system, {"Mikrotik-Rate-Limit": '"20M/100M"'})
        shown = json.loads(system.nexora("plan", "speed", "show", PLAN, "--vendor", "coovachilli", "--json"))
        rates = {(line["window"], line["attribute"]): line["value"] for line in shown}
        assert rates[None, "ChilliSpot-Bandwidth-Max-Down"] == "50000"
        assert rates[added["position"], "ChilliSpot-Bandwidth-Max-Down"] == "100000"
    finally:
        system.nexora("plan", "window", "remove", PLAN, added["position"])
    becomes(system, {"Mikrotik-Rate-Limit": before})
