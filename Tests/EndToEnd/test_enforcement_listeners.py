"""FreeRADIUS and pyrad answer Disconnect-Requests with every Error-Cause: the order ends as docs/COA.md says."""

import secrets

import pytest

from control_peers import Answered, FreeRADIUS, PyradListener
from fleet import Fleet
from gateway import Gateway
from processes import eventually

# Error-Cause (None: acknowledged, 0: a NAK without one) and how often a MikroTik whose sets are all unproven is asked then.
REFUSALS = {
    None: 1, 0: 1, 401: 3, 402: 4, 403: 2, 404: 1, 405: 1, 406: 1, 407: 1, 501: 1, 502: 1, 503: 2, 504: 1, 505: 1, 506: 1, 508: 3,
}
ENDS = ["fine" if cause is None else f"d{cause}" for cause in REFUSALS]


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def provisioner(system):
    # Patient: nothing is to be sent twice because the machine is busy.
    made = system.provisioner(f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_WAIT="10s")
    made.start()
    yield made
    made.terminate()


@pytest.fixture(scope="module", params=[FreeRADIUS, PyradListener])
def listener(system, request):
    made = request.param(system.folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def fleet(system, gateway, provisioner, listener):
    made = Fleet(system, gateway, ["mikrotik"] * len(REFUSALS), ENDS, lambda *words: Answered(listener.port, *words))
    if isinstance(listener, PyradListener):
        listener.serve([nas.address for nas in made.nases])
    yield made
    made.close()


# proves: COA-01 COA-03 COA-07 COA-08
def test_each_answer_of_a_listener_that_is_not_ours_ends_the_order_with_its_cause(system, fleet, listener):
    sessions = [nas.log_on(user) for nas, user in zip(fleet.nases, (fleet.nases[n].users[n] for n in range(len(ENDS))))]
    fleet.settle()
    operations = [fleet.disconnect(session) for session in sessions]
    eventually(lambda: fleet.orders(f"session_id = '{sessions[0].row}' AND state = 'acknowledged'"), 20, "the ACK")
    fleet.nases[0].log_off(sessions[0])
    for cause, nas, session, operation in zip(REFUSALS, fleet.nases, sessions, operations):
        order = fleet.outcome(operation)
        found = order["state"], order["reason"], order["error_cause"]
        if cause is None:
            assert found == ("confirmed", "session_over", None), order
        elif cause == 503:
            assert found == ("confirmed", "session_gone", None), order
        else:
            assert found == ("failed", "refused", cause or None), order
        assert len(order["trials"]) == listener.count(session.user) == REFUSALS[cause], (cause, order)
        assert order["attempts"] == 1
        outcome = "acknowledged" if cause is None else f"refused_{cause or 'none'}"
        assert {trial["outcome"] for trial in order["trials"]} == {outcome}, order
        lessons = system.sql(f"SELECT lesson FROM nas_capabilities WHERE nas_id = '{order['nas_id']}'")
        learned = {405: ["takes-no-disconnect"], 406: ["takes-no-disconnect"], None: ["proven:user-name+acct-session-id"]}
        assert [lesson[0] for lesson in lessons] == learned.get(cause, []), (cause, lessons)


# proves: COA-03 COA-07
def test_a_nas_that_takes_no_disconnect_is_not_asked_again(fleet, listener):
    nas = fleet.nases[list(REFUSALS).index(405)]
    session = nas.log_on(nas.users[0])
    fleet.settle()
    order = fleet.outcome(fleet.disconnect(session))
    assert (order["state"], order["reason"]) == ("failed", "cannot_disconnect"), order
    assert listener.count(session.user) == 0
