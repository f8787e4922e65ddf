"""Clients that are not ours agree with radius-server, and what an operator changes holds at once."""

import pytest

from processes import eventually
from radius_clients import Pyrad, accepted, radclient, rejected, within


@pytest.fixture
def pyrad(system):
    made = []

    def make(secret=system.secret, source="127.0.0.1", **settings):
        made.append(Pyrad(system.radius, secret, source, **settings))
        return made[-1]

    yield make
    for client in made:
        client.close()


def login(system, **attributes):
    return radclient(
        system.radius.auth_port, "auth", system.secret,
        {"User-Name": system.user, "NAS-Port": 1} | attributes | {"Message-Authenticator": "0x00"},
    )


# proves: RAD-01 RAD-04 RAD-09 RAD-11 RAD-12
@pytest.mark.parametrize("method", ["User-Password", "CHAP-Password", "MS-CHAP-Password"])
def test_radclient_logs_in(system, method):
    name, attributes = login(system, **{method: system.user_password})
    assert name == "Access-Accept"
    # Home 50 with its burst; the router's receiving side, the upload, comes first.
    assert attributes["Mikrotik-Rate-Limit"] == '"10M/50M 20M/80M 8M/40M 16/16"'
    assert next(iter(attributes)) == "Message-Authenticator"
    assert attributes["Acct-Interim-Interval"] == "300" and attributes["Framed-Pool"] == '"home"'
    if method == "MS-CHAP-Password":
        assert "MS-CHAP-MPPE-Keys" in attributes


# proves: RAD-01 RAD-13
@pytest.mark.parametrize("method", ["User-Password", "CHAP-Password", "MS-CHAP-Password"])
def test_radclient_is_refused_with_a_wrong_password(system, method):
    name, attributes = login(system, **{method: "wrong"})
    assert name == "Access-Reject"
    assert "Mikrotik-Rate-Limit" not in attributes


# proves: RAD-01 RAD-04
def test_radclient_asks_for_the_status_of_both_ports(system):
    for port, answer in ((system.radius.auth_port, "Access-Accept"), (system.radius.acct_port, "Accounting-Response")):
        name, attributes = radclient(port, "status", system.secret, {"Message-Authenticator": "0x00"})
        assert name == answer
        assert next(iter(attributes)) == "Message-Authenticator"


def stored(system, session):
    return system.sql(
        "SELECT username, input_octets, output_octets, closed_by, terminate_cause, framed_ipv4, calling_station_id "
        f"FROM sessions WHERE acct_session_id = '{session}'"
    )


# proves: ACC-01 ACC-07 ACC-08 ACC-12
def test_radclient_accounts_a_session_from_start_to_stop(system):
    common = {
        "User-Name": system.user, "Acct-Session-Id": "radclient-1", "NAS-Port": 7,
        "Calling-Station-Id": "02-00-00-00-00-01", "Framed-IP-Address": "192.0.2.77",
    }
    for status, counters in (
        ("Start", {}),
        ("Interim-Update", {"Acct-Session-Time": 1, "Acct-Input-Octets": 1000, "Acct-Output-Octets": 5000}),
        ("Stop", {"Acct-Session-Time": 2, "Acct-Input-Octets": 1500, "Acct-Output-Octets": 9000,
                  "Acct-Output-Gigawords": 2, "Acct-Terminate-Cause": "User-Request"}),
    ):
        assert radclient(
            system.radius.acct_port, "acct", system.secret, common | {"Acct-Status-Type": status} | counters
        )[0] == "Accounting-Response"
        if status == "Interim-Update":
            live = eventually(lambda: [r for r in stored(system, "radclient-1") if r[1] == "1000"], what="the interim")
            assert live[0][3] == ""
    wanted = [[system.user, "1500", str(9000 + (2 << 32)), "stop", "1", "192.0.2.77", "02-00-00-00-00-01"]]
    eventually(lambda: stored(system, "radclient-1") == wanted, what=lambda: f"the session: {stored(system, 'radclient-1')}")
    shown = system.nexora("session", "list", "--user", system.user, "--json")
    assert "radclient-1" in shown
    # Each record is shown by itself, whatever message it came in, and names the NAS.
    with system.tail("--stream", "accounting", "--from-start", "--user", system.user) as tail:
        def records():
            data = [(line["event"]["id"], line["event"]["data"]) for line in tail.events()]
            assert all(len(each["records"]) == 1 and each["records"][0]["id"] == event for event, each in data)
            assert all(each["nasId"] and each["nasName"] for _, each in data)
            ours = [each["records"][0] for _, each in data if each["records"][0]["acctSessionId"] == "radclient-1"]
            return {record["id"]: record["statusType"] for record in ours}

        kinds = [f"STATUS_TYPE_{kind}" for kind in ("START", "INTERIM_UPDATE", "STOP")]
        eventually(lambda: list(records().values()) == kinds, what=lambda: f"the records, not {records()}")


# proves: RAD-01 RAD-04 RAD-09 RAD-11 RAD-13
def test_pyrad_logs_in_and_finds_every_answer_true(system, pyrad):
    client = pyrad()
    for chap in (False, True):
        reply = client.login(system.user, system.user_password, chap, Proxy_State=b"kept as it came")
        assert accepted(reply)
        assert reply["Mikrotik-Rate-Limit"] == ["10M/50M 20M/80M 8M/40M 16/16"]
        assert reply["Proxy-State"] == [b"kept as it came"]
        assert len(reply["Class"][0]) > 0
    assert rejected(client.login(system.user, "wrong"))
    assert rejected(client.login("nobody", "wrong"))


# proves: ACC-01 ACC-07 ACC-08
def test_pyrad_accounts_a_session(system, pyrad):
    client = pyrad()
    assert client.account(1, "pyrad-1", system.user, NAS_Port=9)
    for seconds in (1, 2):
        assert client.account(
            3, "pyrad-1", system.user, NAS_Port=9, Acct_Session_Time=seconds, Acct_Input_Octets=100 * seconds,
            Acct_Output_Octets=7, Acct_Input_Gigawords=1,
        )
    assert client.account(
        2, "pyrad-1", system.user, NAS_Port=9, Acct_Session_Time=3, Acct_Input_Octets=300, Acct_Output_Octets=7,
        Acct_Input_Gigawords=1,
    )
    eventually(
        lambda: [row[1:4] for row in stored(system, "pyrad-1")] == [[str(300 + (1 << 32)), "7", "stop"]],
        what=lambda: f"the session: {stored(system, 'pyrad-1')}",
    )


# proves: RAD-02 RAD-03 MSG-10
def test_a_wrong_secret_meets_silence_and_tells_the_engineer_what_to_do(system, pyrad):
    with system.tail("--from-start", "--subject", "radius.refused.>") as tail:
        client = pyrad("a wrong secret of some length", source="127.0.88.1", seconds=1, tries=2)
        assert client.login(system.user, system.user_password) is None
        assert not client.account(1, "wrong-1", system.user)
        for socket in ("auth", "acct"):
            shown = tail.wait_for(
                lambda line: line["event"]["data"].get("sourceAddress") == "127.0.88.1"
                and line["event"]["data"].get("socket") == socket
            )
            assert "shared secret differs" in shown[0]["event"]["data"]["remedy"]
    assert not stored(system, "wrong-1")


# proves: RAD-02 RAD-03 RAD-06 RAD-07
def test_a_new_nas_is_answered_within_two_seconds_and_a_removed_one_no_more(system, pyrad):
    secret = "the secret of a new NAS, 32 long"
    client = pyrad(secret, source="127.0.77.1", seconds=0.2, tries=1)
    assert client.login(system.user, system.user_password) is None
    system.nexora(
        "nas", "add", "e2e-new", "--tenant", "demo-net", "--address", "127.0.77.0/24", "--vendor", "cisco",
        "--secret-from", "stdin", given=secret + "\n",
    )
    reply = within(2, lambda: client.login(system.user, system.user_password), accepted)
    assert "Mikrotik-Rate-Limit" not in reply
    system.nexora("nas", "set", "e2e-new", "--secret-from", "stdin", given="another secret, of the same sort\n")
    within(2, lambda: client.login(system.user, system.user_password), lambda reply: reply is None)
    system.nexora("nas", "remove", "e2e-new")
    # Without it the packets are those of the range around it, whose secret is another.
    old = pyrad(source="127.0.77.1", seconds=0.2, tries=1)
    within(2, lambda: old.login(system.user, system.user_password), accepted)


# proves: RAD-11 RAD-13 RAD-17 RAD-23
def test_a_suspended_service_is_refused_and_a_changed_plan_shows_within_two_seconds(system, pyrad):
    client = pyrad()

    def attempt():
        return client.login("demo0002", "a password of ours")

    system.nexora("service", "set", "demo0002", "--password-from", "stdin", given="a password of ours\n")
    assert within(2, attempt, accepted)["Mikrotik-Rate-Limit"] == ["10M/50M 20M/80M 8M/40M 16/16"]
    system.nexora("service", "set", "demo0002", "--plan", "Business 300")
    within(2, attempt, lambda reply: reply["Mikrotik-Rate-Limit"][0].startswith("150M/300M"))
    system.nexora("plan", "set", "Business 300", "--tenant", "demo-net", "--upload", "200M")
    within(2, attempt, lambda reply: reply["Mikrotik-Rate-Limit"][0].startswith("200M/300M"))
    system.nexora("plan", "set", "Business 300", "--tenant", "demo-net", "--upload", "150M")
    system.nexora("service", "set", "demo0002", "--status", "suspended")
    within(2, attempt, rejected)
    with system.tail("--from-start", "--subject", "radius.access.>", "--user", "demo0002") as tail:
        tail.wait_for(lambda line: "suspended" in line["event"]["data"].get("reason", "").lower())
    system.nexora("service", "set", "demo0002", "--status", "active", "--plan", "Home 50")
    within(2, attempt, accepted)


# proves: OBS-01 OBS-02 OBS-03 OBS-04 OBS-11 OBS-15
def test_both_daemons_tell_their_figures_under_the_agreed_names(system):
    login(system, **{"User-Password": system.user_password})
    login(system, **{"User-Password": "wrong"})
    radius = system.radius.metrics()
    for line in (
        'radius_auth_total{tenant="', ',result="accept",reason="ok"}', ',result="reject",reason="wrong_password"}',
        'process_resident_memory_bytes ', 'nexora_build_info{service="radius-server"',
    ):
        assert line in radius, line
    bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]
    told = [
        float(line.split('le="')[1].split('"')[0]) for line in radius.splitlines()
        if line.startswith("radius_auth_duration_seconds_bucket") and "+Inf" not in line
    ]
    assert sorted(set(told)) == bounds
    consumer = system.consumers[0]
    for name, labels in (
        ("radius_accounting_bytes_total", ("tenant", "direction")), ("queue_depth", ("stream", "consumer")),
        ("radius_active_sessions", ("tenant", "nas")),
    ):
        def lines():
            text = "".join(each.metrics() for each in system.consumers)
            return [line for line in text.splitlines() if line.startswith(name + "{")]
        radclient(
            system.radius.acct_port, "acct", system.secret,
            {"User-Name": system.user, "Acct-Session-Id": "figures", "Acct-Status-Type": "Interim-Update", "NAS-Port": 7,
             "Acct-Session-Time": 60, "Acct-Input-Octets": 1000, "Acct-Output-Octets": 2000},
        )
        eventually(lines, 40, f"{name} told by a consumer")
        assert all(f'{label}="' in lines()[0] for label in labels)
    assert consumer.metrics().startswith("# HELP")
