"""A service's end moves while somebody is on: the NAS is told when the session ends now, in its vendor's words, and nobody is thrown out
where it will not have it."""

import json
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest

from eap_peers import Tunnel, reachable_server, wait_for_password
from fleet import Fleet
from gateway import Gateway
from processes import eventually

SECRET = "the secret of a NAS that is told an end"
# How each counts, and that Huawei documents no way to move an end.
THAT_MOVE = ["mikrotik", "nokia", "cisco", "coovachilli", "generic"]
DAY = 86_400


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def provisioner(system):
    made = system.provisioner(
        f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_WAIT="2s", NEXORA_ENFORCEMENT_SWEEP="2s",
        NEXORA_ENFORCEMENT_PROOF="60s",
    )
    made.start()
    yield made
    made.terminate()


def later(seconds):
    """A time from now, as the command line reads it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def trials(order):
    return [(trial["kind"], trial["outcome"]) for trial in order["trials"]]


def knows_its_end(system, fleet, nas):
    """Whether radius-server would grant the NAS's first user an end; asked without a login, which would take a place."""
    who = "--user", nas.users[0], "--calling-station", "02-00-00-00-78-01", "--nas", nas.address, "--tenant", fleet.tenant
    try:
        said = json.loads(system.nexora("explain", "login", *who, "--json"))
    except AssertionError:
        # It does not know the NAS yet.
        return False
    return "Session-Timeout" in {each["attribute"] for each in said["attributes"]}


# proves: COA-02 COA-06 COA-07 COA-08 COA-10
def test_who_is_renewed_stays_on_past_the_old_end(system, gateway, provisioner):
    fleet = Fleet(system, gateway, [*THAT_MOVE, "huawei"], 1)
    try:
        mine = ("--tenant", fleet.name)
        ids = dict(system.sql(f"SELECT username, id FROM services WHERE tenant_id = '{fleet.tenant}'"))
        ends = later(100)
        for nas in fleet.nases:
            system.nexora("service", "set", ids[nas.users[0]], *mine, "--expires-at", ends)
        for nas in fleet.nases:
            eventually(lambda: knows_its_end(system, fleet, nas), 30, "the service's end at radius-server")
        sessions = {nas: nas.log_on(nas.users[0]) for nas in fleet.nases}
        fleet.settle()
        for nas, session in sessions.items():
            assert session.ends is not None and session.ends < time.monotonic() + 100, nas.vendor
            nas.reports = True
        old = max(session.ends for session in sessions.values())
        known = (
            f"SELECT count(*) FROM session_terms WHERE tenant_id = '{fleet.tenant}' AND evidence = 'granted' "
            f"AND ends_at = '{ends}'"
        )
        eventually(lambda: system.sql(known) == [[str(len(sessions))]], 30, lambda: f"the ends, not {system.sql(known)}")
        for nas in fleet.nases:
            system.nexora("service", "set", ids[nas.users[0]], *mine, "--expires-at", later(DAY))
        *moving, huawei = fleet.nases
        for nas in moving:
            session = sessions[nas]
            where = f"session_id = '{session.row}' AND state = 'acknowledged'"
            order = eventually(lambda: fleet.orders(where), 60, lambda: f"{nas.vendor}: {fleet.orders()}")[0]
            assert (order["kind"], order["cause"]) == ("change", "renewed"), (nas.vendor, order)
            assert trials(order) == [("change", "acknowledged")], (nas.vendor, order)
            assert abs(session.ends - time.monotonic() - DAY) < 300, (nas.vendor, session.ends)
            assert session.speeds == [], "of its speed nothing was said"
        eventually(lambda: time.monotonic() > old + 1, 120, "the old end")
        # It documents no way, is not asked, and ends its session itself: there is a next login.
        eventually(lambda: not sessions[huawei].is_open, 30, "the end of a session that cannot be moved")
        assert fleet.orders(f"session_id = '{sessions[huawei].row}'") == []
        again = huawei.log_on(huawei.users[0])
        assert again.ends is not None and again.ends > time.monotonic() + DAY - 300
        for nas in moving:
            order = fleet.change(sessions[nas], 150)
            assert (order["state"], order["reason"]) == ("confirmed", "outlived"), (nas.vendor, order)
            assert sessions[nas].is_open and nas.transactions(sessions[nas]) == 1 and not nas.flaws, (nas.vendor, nas.flaws)
    finally:
        fleet.close()


# proves: COA-08 COA-10
def test_a_nas_that_refuses_an_end_keeps_its_session(system, gateway, provisioner):
    fleet = Fleet(system, gateway, ["mikrotik"], 1)
    try:
        nas = fleet.nases[0]
        mine = ("--tenant", fleet.name)
        service = system.sql(f"SELECT id FROM services WHERE tenant_id = '{fleet.tenant}'")[0][0]
        system.nexora("service", "set", service, *mine, "--expires-at", later(1_800))
        eventually(lambda: knows_its_end(system, fleet, nas), 30, "the service's end at radius-server")
        session = nas.log_on(nas.users[0])
        fleet.settle()
        nas.behaviour = 405
        system.nexora("service", "set", service, *mine, "--expires-at", later(DAY))
        order = fleet.change(session)
        assert (order["cause"], order["state"], order["reason"], order["error_cause"]) == ("renewed", "failed", "refused", 405)
        assert {kind for kind, _ in trials(order)} == {"change"}, order
        lesson = f"SELECT lesson FROM nas_capabilities WHERE nas_id = '{order['nas_id']}'"
        assert ["takes-no-change"] in system.sql(lesson)
        asked = nas.transactions(session)
        # Renewed once more, and looked at in each sweep: it is asked nothing.
        system.nexora("service", "set", service, *mine, "--expires-at", later(2 * DAY))
        began = time.monotonic()
        eventually(lambda: time.monotonic() > began + 6, 10, "some sweeps")
        assert session.is_open and nas.transactions(session) == asked
    finally:
        nas.behaviour = "honest"
        fleet.close()


@pytest.fixture
def server(system, net):
    with reachable_server(system, net, f"end-{secrets.token_hex(3)}", SECRET) as made:
        yield made


# proves: COA-02 COA-06 COA-07
def test_strongswan_takes_another_end(system, gateway, provisioner, net, server):
    folder = system.folder / f"end-{secrets.token_hex(3)}"
    folder.mkdir()
    user = "demo0017"
    # It asks for a new login up to 48 minutes before the end: with less than that it would do so again and again.
    system.nexora(
        "service", "set", user, "--static-ipv4", "198.51.100.80", "--expires-at", later(3_400), "--password-from", "stdin",
        given="a password of IKEv2\n",
    )
    wait_for_password(server, net, SECRET, user, "a password of IKEv2")
    tunnel = Tunnel(folder, net, server, SECRET)
    try:
        tunnel.nas.start()
        tunnel.peer.start()
        tunnel.configure(user, "a password of IKEv2", "mschapv2")
        good, said = tunnel.log_on()
        assert good, said + tunnel.nas.last_words()
        query = f"SELECT id FROM sessions WHERE username = '{user}' AND ended_at IS NULL"
        row = eventually(lambda: system.sql(query), 30, "the Start")[0][0]
        # It tells no Class: when its session ends is presumed, and has to be before the end is another.
        terms = f"SELECT ends_at IS NOT NULL FROM session_terms WHERE session_id = '{row}' AND evidence = 'presumed'"
        eventually(lambda: system.sql(terms) == [["t"]], 60, "what its session has")
        system.nexora("service", "set", user, "--expires-at", later(30 * DAY))
        orders = f"SELECT row_to_json(e) FROM enforcements e WHERE session_id = '{row}' AND state = 'acknowledged'"
        order = json.loads(
            eventually(lambda: system.sql(orders), 90, lambda: f"the NAS's answer: {tunnel.nas.last_words()}")[0][0]
        )
        assert (order["kind"], order["cause"]) == ("change", "renewed"), order
        assert trials(order) == [("change", "acknowledged")], order
        moved = f"SELECT ends_at > clock_timestamp() + interval '29 days' FROM session_terms WHERE session_id = '{row}'"
        assert system.sql(moved) == [["t"]]
        assert system.sql(query) == [[row]]
    finally:
        tunnel.clean_up()
        system.nexora("service", "set", user, "--expires-at", "")
