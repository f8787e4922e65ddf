"""Sessions get what they should have: speeds, hours, quotas and suspensions reach who is online, from the row to the NAS's answer."""

import secrets
import time

import pytest

from enforced import DISCONNECT_REQUEST, INTERIM, Provider, STOP
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
        f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_TRIES="2", NEXORA_COA_WAIT="1s", NEXORA_ENFORCEMENT_SWEEP="1s",
        NEXORA_COA_BREAKER_THRESHOLD="100",
    )
    made.start()
    yield made
    made.terminate()


@pytest.fixture
def here(system, gateway, provisioner):
    made = Provider(system, gateway)
    yield made
    made.close()


def ordered(here, session, wanted):
    """Waits until these are the orders for a session."""
    eventually(lambda: here.orders(session) == wanted, 60, f"{wanted}, not {here.orders(session)}")


# proves: COA-02 COA-06 COA-07 COA-10
def test_another_speed_of_the_plan_reaches_who_is_online_and_is_proven_by_what_is_carried(here, provisioner):
    session = here.online()
    here.system.nexora("plan", "set", "home", "--tenant", here.name, "--download", "8M", "--upload", "2M")
    ordered(here, session, [["change", "plan", "acknowledged", ""]])
    assert here.desk.speeds() == ["2M/8M"] and not here.desk.flaws
    began = time.monotonic()

    def proven():
        # Four megabits a second, as its NAS reports it.
        age = time.monotonic() - began
        assert here.report(INTERIM, age=int(age), octets=int(age * 500_000))
        return here.orders(session) == [["change", "plan", "confirmed", "rate_measured"]]

    eventually(proven, 60, "the proof")
    assert len(here.desk.requests) == 1
    assert 'enforcement_orders_total{kind="change",cause="plan",outcome="confirmed"}' in provisioner.metrics()
    terms = here.system.sql(f"SELECT evidence, source, speeds[1] FROM session_terms WHERE session_id = '{session}'")
    assert terms == [["changed", "plan", "8000000"]]


# proves: COA-08
def test_a_nas_that_takes_no_speed_ends_the_session_which_comes_back_with_it(here):
    session = here.online()
    here.desk.changes = 501
    here.system.nexora("plan", "set", "home", "--tenant", here.name, "--download", "8M", "--upload", "2M")
    ordered(here, session, [["change", "plan", "acknowledged", ""]])
    assert [code for code, _ in here.desk.requests][-1] == DISCONNECT_REQUEST
    assert here.report(STOP, age=1)
    ordered(here, session, [["change", "plan", "confirmed", "session_over"]])
    again = here.online()
    assert again != session
    # It has its speed from its login: nothing is asked of its NAS.
    eventually(
        lambda: here.system.sql(f"SELECT evidence FROM session_terms WHERE session_id = '{again}'") == [["granted"]], 30, "terms"
    )
    assert here.orders(again) == []


# proves: LCY-07 COA-02 SES-07
def test_who_is_suspended_goes_and_who_is_let_in_again_stays(here):
    session = here.online()
    service = here.system.sql(f"SELECT id FROM services WHERE username = '{here.user}'")[0][0]
    here.system.nexora("service", "set", service, "--tenant", here.name, "--status", "suspended")
    ordered(here, session, [["disconnect", "suspended", "acknowledged", ""]])
    assert here.report(STOP, age=1)
    ordered(here, session, [["disconnect", "suspended", "confirmed", "session_over"]])
    here.system.nexora("service", "set", service, "--tenant", here.name, "--status", "active")
    again = here.online()
    assert here.orders(again) == []


# proves: FUP-02
def test_hours_of_a_plan_reach_who_is_online(here):
    session = here.online()
    here.system.nexora(
        "plan", "window", "add", "home", "all", "00:00-00:00", "--tenant", here.name, "--download", "4M",
        "--upload", "1M",
    )
    ordered(here, session, [["change", "window", "acknowledged", ""]])
    assert here.desk.speeds() == ["1M/4M"]
    # Nobody is interrupted for the hours of a day.
    here.desk.changes = 501
    here.system.nexora("plan", "window", "remove", "home", "1", "--tenant", here.name)
    ordered(here, session, [["change", "window", "superseded", "replaced"], ["change", "window", "failed", "refused"]])
    assert all(code != DISCONNECT_REQUEST for code, _ in here.desk.requests)


# proves: FUP-01 COA-02
def test_a_quota_that_is_used_up_slows_a_session_down_and_a_kill_loses_nothing(here, system, provisioner):
    system.sql(
        f"""INSERT INTO plan_quotas (tenant_id, plan_id, position, name, allowance, policy, throttle_download_bps,
                throttle_upload_bps)
            SELECT p.tenant_id, p.id, 1, 'Fair use', 1000000, 'throttle', 1000000, 1000000 FROM plans p
            JOIN tenants t ON t.id = p.tenant_id WHERE t.name = '{here.name}'"""
    )
    session = here.online()
    provisioner.kill()
    assert here.report(INTERIM, age=300, octets=2_000_000)
    eventually(
        lambda: system.sql(f"SELECT restriction FROM services WHERE username = '{here.user}'") == [["throttled"]], 60, "throttle"
    )
    provisioner.start()
    ordered(here, session, [["change", "quota", "acknowledged", ""]])
    assert here.desk.speeds() == ["1M/1M"]
