"""An intent ends as it should with every vendor's NAS, whatever the NAS does."""

import secrets

import pytest

from fleet import VENDORS, Fleet
from gateway import Gateway
from processes import eventually

# What a NAS does, what the order comes to, and how many different requests there were.
BEHAVIOURS = {
    "honest": ("confirmed", "session_over", 1),
    "slow": ("confirmed", "session_over", 1),
    "doubled": ("confirmed", "session_over", 1),
    "late": ("confirmed", "session_over", 1),
    "belated": ("unproven", "no_stop", 1),
    "lying": ("unproven", "no_stop", 1),
    "denying": ("unproven", "still_reports", 1),
    "amnesiac": ("confirmed", "session_gone", 1),
    "deaf": ("failed", "unanswered", 2),
    "forging": ("failed", "bad_authenticator", 2),
    "rebooting": ("confirmed", "session_over", 1),
}


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def provisioner(system):
    made = system.provisioner(
        f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_WAIT="400ms", NEXORA_ENFORCEMENT_ATTEMPTS="2",
        NEXORA_ENFORCEMENT_RETRY="1s", NEXORA_COA_BREAKER_THRESHOLD="100",
    )
    made.start()
    yield made
    made.terminate()


@pytest.fixture(scope="module")
def fleet(system, gateway, provisioner):
    made = Fleet(system, gateway, VENDORS, len(BEHAVIOURS))
    yield made
    made.close()


def figure(daemon, name):
    """One of a daemon's figures with its labels; 0 where there is none."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in daemon.metrics().splitlines() if line.startswith(name + " "))


# proves: COA-01 COA-02 COA-04 COA-05 COA-07
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_disconnect_ends_as_the_nas_behaves_with_every_vendor(fleet, provisioner, behaviour):
    number = list(BEHAVIOURS).index(behaviour)
    sessions = {nas: nas.log_on(nas.users[number]) for nas in fleet.nases}
    fleet.settle()
    for nas, session in sessions.items():
        # In the words that a CoA has for it too.
        assert session.granted == (100_000_000, None if nas.vendor == "juniper" else 20_000_000), nas.vendor
        nas.behaviour = behaviour
    operations = {nas: fleet.disconnect(session) for nas, session in sessions.items()}
    state, reason, count = BEHAVIOURS[behaviour]
    for nas, operation in operations.items():
        order = fleet.outcome(operation)
        nas.behaviour = "honest"
        if behaviour == "rebooting" and order["reason"] == "session_gone":
            # It was there again before its Accounting-On was known, and asked once more.
            assert order["state"] == "confirmed" and len(nas.requests) > 1, (nas.vendor, order)
            continue
        assert (order["state"], order["reason"]) == (state, reason), (nas.vendor, order)
        assert nas.transactions(sessions[nas]) == count, (nas.vendor, order)
        assert order["attempts"] == count and len(order["trials"]) == count and not nas.flaws, (nas.vendor, order, nas.flaws)
    if behaviour == "doubled":
        assert figure(provisioner, 'coa_answers_total{result="duplicate"}') > 0
    if behaviour == "slow":
        assert all(len(nas.requests) > len({request.transaction for request in nas.requests}) for nas in fleet.nases)
    if behaviour == "belated":
        # The Stop that came too late is told by the session, and by it alone.
        rows = "', '".join(session.row for session in sessions.values())
        eventually(
            lambda: fleet.system.sql(f"SELECT count(*) FROM sessions WHERE id IN ('{rows}') AND closed_by = 'stop'")
            == [[str(len(sessions))]], what="the late Stops",
        )
        assert all(fleet.outcome(operation)["state"] == "unproven" for operation in operations.values())
