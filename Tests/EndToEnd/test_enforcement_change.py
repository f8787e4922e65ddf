"""A service gets another plan while it is on: its sessions have the new speed by a CoA, or by their end where the NAS changes nothing.
The orders of kind `change` are the reconciler's."""

import json
import secrets

import pytest

from control_peers import Answered, FreeRADIUS, PyradListener
from eap_peers import Tunnel, WiredNAS, reachable_server, wait_for_password, wait_for_text
from fleet import VENDORS, Fleet
from gateway import Gateway
from processes import eventually

SECRET = "the secret of NASes that change"
# Who does what with it: manner, vendor, and how the order ends.
MANNERS = {
    "slow": ("mikrotik", "confirmed", "rate_measured"), "boasting": ("nokia", "confirmed", "session_over"),
    "deaf": ("cisco", "failed", "unanswered"), "forging": ("coovachilli", "failed", "bad_authenticator"),
    "rebooting": ("juniper", "confirmed", "session_over"), "amnesiac": ("generic", "confirmed", "session_gone"),
}
THAT_CHANGE = [vendor for vendor in VENDORS if vendor not in ("huawei", "ubiquiti")]


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def provisioner(system):
    made = system.provisioner(
        f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_WAIT="400ms", NEXORA_ENFORCEMENT_ATTEMPTS="2",
        NEXORA_ENFORCEMENT_RETRY="1s", NEXORA_COA_BREAKER_THRESHOLD="100", NEXORA_ENFORCEMENT_PROOF="45s",
    )
    made.start()
    yield made
    made.terminate()


def ends(order):
    return order["state"], order["reason"]


def trials(order):
    return [(trial["kind"], trial["outcome"]) for trial in order["trials"]]


# proves: COA-01 COA-02 COA-03 COA-06 COA-07 FUP-01
def test_another_plan_is_another_speed_at_once_with_every_vendor_and_manner(system, gateway, provisioner):
    fleet = Fleet(system, gateway, [*VENDORS, "mikrotik", *(vendor for vendor, _, _ in MANNERS.values())], 2)
    try:
        every, quiet = fleet.nases[: len(VENDORS)], fleet.nases[len(VENDORS)]
        manners = dict(zip(MANNERS, fleet.nases[len(VENDORS) + 1 :], strict=True))
        first = {nas: nas.log_on(nas.users[0]) for nas in fleet.nases}
        fleet.settle()
        for nas, session in first.items():
            # Where nothing is reported, nothing can be measured.
            session.flow = (60_000_000, 1_000_000)
            # One that knows of no session has nothing to say of it either.
            nas.reports = nas not in (quiet, manners["amnesiac"])
        for manner, nas in manners.items():
            nas.behaviour = manner
        for session in first.values():
            fleet.choose(session, "less")
        for nas in every:
            the_vendor_does_what_it_documents(fleet, nas, first[nas])
        for manner, nas in manners.items():
            order = fleet.change(first[nas])
            if manner == "rebooting" and order["reason"] == "session_gone":
                # It was there again before its Accounting-On was known.
                assert order["state"] == "confirmed"
            else:
                assert ends(order) == MANNERS[manner][1:], (manner, order)
            assert not nas.flaws, (manner, nas.flaws)
        # It acknowledged the CoA; that more passed than it should was seen, and then it was told to end the session.
        boasted = fleet.change(first[manners["boasting"]])
        assert trials(boasted) == [("change", "acknowledged"), ("disconnect", "acknowledged")], boasted
        assert ends(fleet.change(first[quiet])) == ("unproven", "not_measured")
        assert first[quiet].is_open and first[quiet].speeds == [(10_000_000, 2_000_000)]
        # Huawei has taught that it takes no speeds: it is not asked again.
        huawei = next(nas for nas in every if nas.vendor == "huawei")
        second = huawei.log_on(huawei.users[1])
        fleet.settle()
        fleet.choose(second, "less")
        assert trials(fleet.change(second)) == [("disconnect", "acknowledged")]
    finally:
        fleet.close()


def the_vendor_does_what_it_documents(fleet, nas, session):
    order = fleet.change(session)
    assert (order["cause"], nas.flaws) == ("plan", []), (nas.vendor, order)
    if nas.vendor in ("huawei", "ubiquiti"):
        assert ends(order) == ("confirmed", "session_over"), (nas.vendor, order)
        refused = [("change", "refused_404")] if nas.vendor == "huawei" else []
        assert trials(order) == [*refused, ("disconnect", "acknowledged")], (nas.vendor, order)
        assert not session.is_open
    else:
        assert ends(order) == ("confirmed", "rate_measured"), (nas.vendor, order)
        assert trials(order) == [("change", "acknowledged")], (nas.vendor, order)
        assert session.is_open and nas.transactions(session) == 1
        assert session.speeds == [(10_000_000, None if nas.vendor == "juniper" else 2_000_000)], nas.vendor


# proves: COA-05 COA-06 PLT-35
def test_changes_are_made_once_though_processes_are_killed(system, gateway, provisioner):
    fleet = Fleet(system, gateway, THAT_CHANGE, 4)
    try:
        sessions = {session: nas for nas in fleet.nases for session in map(nas.log_on, nas.users)}
        fleet.settle()
        kills = {6: provisioner, 11: system.nats, 15: system.postgres, 19: provisioner}
        for number, session in enumerate(sessions):
            # Where the gateway has just lost its database it says so, and is asked again.
            fleet.choose(session, "less", patience=30)
            if number in kills:
                kills[number].kill()
                kills[number].start()
        for session, nas in sessions.items():
            wanted = 10_000_000, None if nas.vendor == "juniper" else 2_000_000
            eventually(lambda: session.speeds and set(session.speeds) == {wanted}, 60, lambda: (nas.vendor, session.speeds))
            where = f"session_id = '{session.row}' AND kind = 'change' AND state <> 'superseded'"
            # Acknowledged and not yet proven is seen as that.
            eventually(lambda: {order["state"] for order in fleet.orders(where)} <= {"acknowledged", "unproven"}, 30, "the answer")
            orders = fleet.orders(where)
            assert len(orders) == 1, orders
            again = sum(outcome == "timed_out" for _, outcome in trials(orders[0]))
            assert 1 <= nas.transactions(session) <= 1 + again + len(kills), (nas.vendor, orders)
            assert session.is_open and not nas.flaws
        assert sum(nas.transactions(session) == 1 for session, nas in sessions.items()) > len(sessions) // 2
    finally:
        fleet.close()


# Error-Cause of a CoA by a MikroTik, what is tried, and whether a Disconnect follows.
REFUSALS = {
    0: (1, True), 401: (3, True), 402: (4, True), 403: (2, False), 404: (1, True), 405: (1, True), 406: (1, True), 407: (1, True),
    501: (1, True), 502: (1, False), 503: (2, False), 504: (1, False), 505: (1, False), 506: (1, False), 508: (3, False),
}
LESSONS = {401: "cannot-change:speed", 405: "takes-no-change", 406: "takes-no-change", 501: "takes-no-change"}


# proves: COA-02 COA-03 COA-07 COA-08
@pytest.mark.parametrize("kind", [FreeRADIUS, PyradListener])
def test_a_refused_change_is_followed_by_what_its_cause_asks_for(system, gateway, provisioner, kind):
    listener = kind(system.folder)
    ends_of_names = [f"c{cause}" for cause in REFUSALS]
    fleet = Fleet(
        system, gateway, ["mikrotik"] * len(REFUSALS), ends_of_names, lambda *words: Answered(listener.port, *words)
    )
    try:
        if kind is PyradListener:
            listener.serve([nas.address for nas in fleet.nases])
        sessions = [nas.log_on(nas.users[number]) for number, nas in enumerate(fleet.nases)]
        fleet.settle()
        for nas, session, (cause, (_, falls_back)) in zip(fleet.nases, sessions, REFUSALS.items(), strict=True):
            fleet.choose(session, "less")
            if falls_back:
                # The NAS that is not ours acknowledges, and the session's NAS then says that it is over.
                where = f"session_id = '{session.row}' AND state = 'acknowledged'"
                eventually(lambda: fleet.orders(where), 30, lambda: f"{cause}: {fleet.orders()}")
                nas.log_off(session)
        for session, (cause, (count, falls_back)) in zip(sessions, REFUSALS.items(), strict=True):
            order = fleet.change(session)
            refused = [("change", f"refused_{cause or 'none'}")] * count
            assert trials(order) == refused + [("disconnect", "acknowledged")] * falls_back, (cause, order)
            if falls_back:
                assert ends(order) == ("confirmed", "session_over"), (cause, order)
            elif cause == 503:
                assert ends(order) == ("confirmed", "session_gone"), order
            else:
                assert (*ends(order), order["error_cause"]) == ("failed", "refused", cause), order
            query = f"SELECT lesson FROM nas_capabilities WHERE nas_id = '{order['nas_id']}' AND lesson NOT LIKE 'proven:%'"
            lessons = {lesson[0] for lesson in system.sql(query)}
            assert LESSONS.get(cause) is None or LESSONS[cause] in lessons, (cause, lessons)
    finally:
        fleet.close()
        listener.close()


# Real NASes


@pytest.fixture
def server(system, net):
    with reachable_server(system, net, f"change-{secrets.token_hex(3)}", SECRET) as made:
        yield made


def online(system, user):
    query = f"SELECT id FROM sessions WHERE username = '{user}' AND ended_at IS NULL"
    return eventually(lambda: system.sql(query), 30, "the Start")[0][0]


def changed(system, gateway, user, row):
    """Gives somebody of the demo another plan; the order that follows, once it has ended."""
    # strongSwan tells no Class: what its session has is presumed, and has to be before the plan is another.
    eventually(lambda: system.sql(f"SELECT 1 FROM session_terms WHERE session_id = '{row}'"), 30, "what the session has")
    service, plan = system.sql(
        "SELECT v.id, p.id FROM services v JOIN plans p ON p.tenant_id = v.tenant_id AND p.id <> v.plan_id "
        "JOIN plans o ON o.id = v.plan_id AND o.download_bps <> p.download_bps "
        f"WHERE v.username = '{user}' AND p.download_bps > 0 AND p.upload_bps > 0 LIMIT 1"
    )[0]
    gateway("PUT", f"/api/v1/radius/subscribers/{service}/bandwidth", {"plan_id": plan})
    query = f"SELECT row_to_json(e) FROM enforcements e WHERE session_id = '{row}' AND kind = 'change' AND ended_at IS NOT NULL"
    def known():
        """What is known of it, for whoever reads of a failure."""
        return system.sql(f"SELECT row_to_json(o) FROM session_terms o WHERE session_id = '{row}'") + system.sql(
            f"SELECT row_to_json(e) FROM enforcements e WHERE session_id = '{row}'")

    return json.loads(eventually(lambda: system.sql(query), 90, lambda: f"the order's end: {known()}")[0][0])


# proves: COA-02 COA-03 COA-07
def test_hostapd_takes_no_speed_and_ends_the_session_instead(system, gateway, provisioner, net, server):
    folder = system.folder / f"change-{secrets.token_hex(3)}"
    folder.mkdir()
    system.nexora("service", "set", "demo0013", "--password-from", "stdin", given="a password of 802.1X\n")
    wait_for_password(server, net, SECRET, "demo0013", "a password of 802.1X")
    switch = WiredNAS(folder, net, server, SECRET)
    peer = switch.supplicant("demo0013", "a password of 802.1X", "MSCHAPV2")
    try:
        switch.hostapd.start()
        peer.start()
        wait_for_text(peer, "CTRL-EVENT-EAP-SUCCESS")
        row = online(system, "demo0013")
        order = changed(system, gateway, "demo0013", row)
        assert ends(order) == ("confirmed", "session_over"), order
        told = trials(order)
        assert told[-1] == ("disconnect", "acknowledged") and set(told[:-1]) == {("change", "refused_401")}, order
    finally:
        peer.clean_up()
        switch.hostapd.clean_up()


# proves: COA-02 COA-07
def test_strongswan_refuses_a_speed_without_a_cause_and_ends_the_session_instead(system, gateway, provisioner, net, server):
    folder = system.folder / f"change-{secrets.token_hex(3)}"
    folder.mkdir()
    system.nexora(
        "service", "set", "demo0014", "--static-ipv4", "198.51.100.79", "--password-from", "stdin", given="a password of IKEv2\n"
    )
    wait_for_password(server, net, SECRET, "demo0014", "a password of IKEv2")
    tunnel = Tunnel(folder, net, server, SECRET)
    try:
        tunnel.nas.start()
        tunnel.peer.start()
        tunnel.configure("demo0014", "a password of IKEv2", "mschapv2")
        good, said = tunnel.log_on()
        assert good, said + tunnel.nas.last_words()
        row = online(system, "demo0014")
        order = changed(system, gateway, "demo0014", row)
        # It knows Session-Timeout alone, and gives no Error-Cause.
        assert ends(order) == ("confirmed", "session_over"), order
        assert trials(order) == [("change", "refused_none"), ("disconnect", "acknowledged")], order
    finally:
        tunnel.clean_up()
