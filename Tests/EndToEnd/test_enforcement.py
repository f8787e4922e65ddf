"""What is asked of live sessions is carried out by provisioner, with NASes that obey, refuse, are deaf, or know of nothing."""

import secrets
import socket

import pytest

from enforced import DISCONNECT_REQUEST, NAS_IP_ADDRESS, Provider, SESSION_ID, STOP, USER_NAME
from gateway import Gateway
from processes import eventually


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


# proves: COA-07 SES-07
def test_what_was_asked_is_told_with_each_request(provider):
    here = provider()
    here.desk.answers = 504
    session = here.online()
    operation = here.disconnect(session)
    assert here.ended(operation)["state"] == "failed"
    for path in (f"/api/v1/radius/sessions/{session}/enforcements", f"/api/v1/enforcements?filter=session_id:eq:{session}"):
        told = here.gateway("GET", path)[0]["data"]
        assert [(one["state"], one["reason"], one["error_cause"]) for one in told] == [("failed", "refused", 504)]
    assert told[0]["summary"] == "Failed: the NAS refused (Error-Cause 504)."
    assert told[0]["operation_id"] == operation and told[0]["trials"] and told[0]["latency_ms"] >= 0
    assert here.gateway("GET", f"/api/v1/services/{told[0]['service_id']}/enforcements")[0]["data"] == told
    shown = here.system.nexora("enforcement", "show", told[0]["id"], "--json")
    assert told[0]["summary"] in str(shown)


# proves: COA-05 COA-09
def test_a_breaker_is_known_and_reset_by_whoever_may(system, gateway, provisioner):
    made = system.provisioner(
        f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_TRIES="1", NEXORA_COA_WAIT="200ms", NEXORA_COA_BREAKER_THRESHOLD="1",
        NEXORA_COA_BREAKER_PAUSE="600s", NEXORA_COA_BREAKER_LONGEST_PAUSE="600s",
    )
    here = Provider(system, gateway)
    here.desk.answers = None
    nas = system.sql(f"SELECT id FROM nas_devices WHERE address = '{here.address}'")[0][0]
    session = here.online()
    # One leads, and has the breakers.
    provisioner.terminate()
    made.start()
    try:
        eventually(lambda: made.metric("enforcement_leading") == 1, 60, "its turn")
        path = f"/api/v1/nas/{nas}/breaker"
        assert gateway("GET", path)[0]["data"]["state"] == "closed"
        operation = here.disconnect(session)
        eventually(lambda: gateway("GET", path)[0]["data"]["state"] == "open", 60, "the breaker to open")
        found = gateway("GET", path)[0]["data"]
        assert found["endpoint"] == f"{here.address}:{here.desk.port}" and found["opens_until"] and not found["is_shared"]
        here.desk.answers = "ACK"
        before = len(here.desk.requests)
        assert gateway("POST", f"{path}/reset")[0]["data"]["state"] == "closed"
        # What waited for the breaker does not wait for its ten minutes.
        eventually(lambda: len(here.desk.requests) > before, 60, "the request")
        assert here.report(STOP, age=2)
        assert here.ended(operation)["state"] == "succeeded"
        audited = system.sql(f"SELECT count(*) FROM audit_logs WHERE resource_type = 'nas_breaker' AND resource_id = '{nas}'")
        assert audited == [["1"]]
    finally:
        made.terminate()
        provisioner.start()
        here.close()
