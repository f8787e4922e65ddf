"""A fault that would throw everybody out is held back: a few sessions end, the others stay, it is seen, and a person lets them go."""

import json
import secrets
import time

import pytest

from fleet import Fleet
from gateway import Gateway
from processes import eventually

FLOOR = 4
USERS = 12


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture
def provisioner(system):
    made = system.provisioner(
        f"provisioner-{secrets.token_hex(3)}", NEXORA_ENFORCEMENT_SWEEP="1s", NEXORA_ENFORCEMENT_BRAKE_FLOOR=str(FLOOR),
        NEXORA_ENFORCEMENT_BRAKE_SHARE="10", NEXORA_ENFORCEMENT_BRAKE_WINDOW="1s", NEXORA_ENFORCEMENT_BRAKE_TRICKLE="0",
        NEXORA_ENFORCEMENT_BRAKE_RELEASE="60s",
    )
    made.start()
    yield made
    made.terminate()


def brake(fleet, nas, *more):
    told = fleet.system.nexora("enforcement", "brake", nas.name, "--tenant", fleet.name, "--json", *more)
    return json.loads(told)


# proves: COA-06 COA-10
def test_a_fault_throws_a_few_out_and_the_others_when_a_person_lets_it(system, gateway, provisioner):
    fleet = Fleet(system, gateway, ["mikrotik"], USERS)
    try:
        nas = fleet.nases[0]
        sessions = [nas.log_on(user) for user in nas.users]
        fleet.settle()
        granted = f"SELECT count(*) FROM session_terms WHERE tenant_id = '{fleet.tenant}' AND evidence = 'granted'"
        eventually(lambda: system.sql(granted) == [[str(USERS)]], 30, "what the sessions have")
        # As a wrong import would.
        system.sql(f"UPDATE services SET status = 'suspended' WHERE tenant_id = '{fleet.tenant}'")
        eventually(lambda: sum(not session.is_open for session in sessions) == FLOOR, 60, "the first ends")
        eventually(lambda: brake(fleet, nas)["held"] == USERS - FLOOR, 60, lambda: f"the rest, not {brake(fleet, nas)}")
        held = brake(fleet, nas)
        assert held["state"] == "holding" and held["holdsSince"] is not None, held
        assert provisioner.metric("enforcement_brake_holding") == 2, "of the NAS and of the tenant"
        assert provisioner.metric("enforcement_brake_held") == USERS - FLOOR
        # Windows and sweeps pass, and nobody follows: where the trickle is nothing it holds.
        began = time.monotonic()
        eventually(lambda: time.monotonic() > began + 8, 12, "windows and sweeps")
        assert sum(session.is_open for session in sessions) == USERS - FLOOR
        # Whom somebody asks to end goes at once.
        asked, *others = [session for session in sessions if session.is_open]
        fleet.disconnect(asked)
        eventually(lambda: not asked.is_open, 20, "the end that was asked for")
        assert all(session.is_open for session in others)
        # One of them was suspended by mistake: he stays when the rest goes.
        spared, *rest = others
        wanted = f"tenant_id = '{fleet.tenant}' AND username = '{spared.user}'"
        system.sql(f"UPDATE services SET status = 'active' WHERE {wanted}")
        released = brake(fleet, nas, "--release")
        assert released["state"] == "released" and released["releasedUntil"] is not None, released
        eventually(lambda: not any(session.is_open for session in rest), 60, "the ends of the rest")
        assert spared.is_open
        audited = f"SELECT count(*) FROM audit_logs WHERE tenant_id = '{fleet.tenant}' AND resource_type = 'nas_brake'"
        assert system.sql(audited) == [["1"]]
    finally:
        fleet.close()
