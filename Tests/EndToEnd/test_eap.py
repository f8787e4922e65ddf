"""EAP with peers and NASes that are not ours: single logins, a wired 802.1X switch, an IKEv2 gateway."""

import shutil

import pytest

from eap_peers import (
    Tunnel, WiredNAS, eapol_test, radeapclient, reachable_server, wait_for_password, wait_for_text,
)
from processes import eventually

SECRET = "the secret of NASes in namespaces"


# proves: RAD-01 RAD-04 RAD-09
@pytest.mark.parametrize("method", ["MSCHAPV2", "MD5"])
def test_eapol_test_logs_in_and_is_refused_with_a_wrong_password(system, method):
    has_keys = method == "MSCHAPV2"
    arguments = system.radius.auth_port, system.secret, system.folder, system.user
    good, said = eapol_test(*arguments, system.user_password, method, keys=has_keys)
    assert good, said[-3000:]
    # The keys were compared with the peer's own: a mismatch would have been a failure.
    assert ("MS-MPPE-Send-Key" in said) == has_keys
    assert "Mikrotik" in said or "Vendor-Specific" in said
    good, said = eapol_test(*arguments, "wrong", method, keys=has_keys)
    assert not good and "EAP: Received EAP-Failure" in said
    good, _ = eapol_test(system.radius.auth_port, system.secret, system.folder, "nobody", "x", method, keys=has_keys)
    assert not good


# proves: RAD-01 RAD-09
def test_eapol_test_finds_the_method_by_nak_among_several(system):
    good, said = eapol_test(
        system.radius.auth_port, system.secret, system.folder, system.user, system.user_password, "TTLS MD5", keys=False
    )
    assert good, said[-3000:]
    assert "Nak" in said or "NAK" in said


# proves: RAD-01 RAD-09
def test_radeapclient_which_knows_md5_alone_and_no_nak_logs_in_where_md5_comes_first(system):
    server = system.radius_server("radius-md5", NEXORA_EAP_METHODS="md5,mschapv2")
    server.start()
    name, said = radeapclient(server.auth_port, system.secret, system.user, system.user_password)
    assert name == "Access-Accept", said
    name, said = radeapclient(server.auth_port, system.secret, system.user, "wrong")
    assert name == "Access-Reject", said
    server.terminate()


# proves: OBS-01 OBS-02
def test_the_figures_of_eap_are_told(system):
    eapol_test(system.radius.auth_port, system.secret, system.folder, system.user, system.user_password, "MSCHAPV2")
    told = system.radius.metrics()
    for line in (
        'radius_eap_results_total{method="eap_mschapv2",result="accept"}', "radius_eap_challenges_total ",
        "radius_eap_sessions ", 'radius_eap_refused_states_total{reason="unknown"} 0',
    ):
        assert line in told, line
    with system.tail("--from-start", "--subject", "radius.access.>", "--user", system.user) as tail:
        tail.wait_for(lambda line: line["event"]["data"].get("method") == "eap_mschapv2")


# NASes in namespaces


@pytest.fixture(scope="module")
def server(system, net):
    with reachable_server(system, net, "e2e-namespaces", SECRET) as made:
        yield made


def sessions(system, where):
    return system.sql(
        "SELECT acct_session_id, username, closed_by, input_octets, output_octets, framed_ipv4, service_id IS NOT NULL, "
        "calling_station_id "
        f"FROM sessions WHERE {where} ORDER BY started_at"
    )


# proves: RAD-01 RAD-04 RAD-09 ACC-01 ACC-07 ACC-12 G-03
def test_a_wired_switch_logs_subscribers_on_accounts_and_logs_them_off(system, net, server):
    folder = system.folder / "wired"
    folder.mkdir()
    switch = WiredNAS(folder, net, server, SECRET)
    system.nexora("service", "set", "demo0003", "--password-from", "stdin", given="a password of 802.1X\n")
    wait_for_password(server, net, SECRET, "demo0003", "a password of 802.1X")
    mine = "username = 'demo0003'"
    try:
        switch.hostapd.start()
        for method in ("MSCHAPV2", "MD5"):
            peer = switch.supplicant("demo0003", "a password of 802.1X", method)
            try:
                peer.start()
                wait_for_text(peer, "CTRL-EVENT-EAP-SUCCESS")
                live = eventually(lambda: [row for row in sessions(system, mine) if row[2] == ""], what="the Start")
                assert live[0][7].replace("-", ":").lower() == switch.address
                switch.say("logoff")
                eventually(
                    lambda: all(row[2] == "stop" for row in sessions(system, mine)),
                    what=lambda: f"the Stop: {sessions(system, mine)}",
                )
            finally:
                peer.clean_up()
        rows = sessions(system, mine)
        assert len(rows) == 2 and all(row[6] == "t" for row in rows), rows
        refused = switch.supplicant("demo0003", "wrong", "MSCHAPV2")
        try:
            refused.start()
            wait_for_text(refused, "CTRL-EVENT-EAP-FAILURE")
            assert len(sessions(system, mine)) == 2
        finally:
            refused.clean_up()
        last = switch.supplicant("demo0003", "a password of 802.1X", "MSCHAPV2")
        try:
            last.start()
            eventually(lambda: [row for row in sessions(system, mine) if row[2] == ""], what="another Start")
        finally:
            switch.hostapd.kill()
            last.clean_up()
        # Its Accounting-On tells that it was away.
        switch.hostapd.start()
        eventually(
            lambda: [row[2] for row in sessions(system, mine)] == ["stop", "stop", "nas_reboot"],
            what=lambda: f"the Accounting-On: {sessions(system, mine)}",
        )
    finally:
        switch.hostapd.clean_up()


# proves: RAD-01 RAD-04 RAD-09 RAD-12 ACC-01 ACC-07 ACC-08 ACC-12
def test_an_ikev2_gateway_logs_a_subscriber_on_with_its_address_and_counts_its_traffic(system, net, server):
    folder = system.folder / "ikev2"
    folder.mkdir()
    address = "198.51.100.77"
    system.nexora(
        "service", "set", "demo0004", "--static-ipv4", address, "--password-from", "stdin", given="a password of IKEv2\n"
    )
    wait_for_password(server, net, SECRET, "demo0004", "a password of IKEv2")
    tunnel = Tunnel(folder, net, server, SECRET)
    mine = "username = 'demo0004'"
    try:
        tunnel.nas.start()
        tunnel.peer.start()
        tunnel.configure("demo0004", "a password of IKEv2", "mschapv2")
        good, said = tunnel.log_on()
        assert good, said + tunnel.nas.last_words()
        assert address in tunnel.net.ip("-n", net.peer, "addr", "show")
        code, said = net.run(net.peer, "ping", "-c", "20", "-i", "0.05", "-s", "1000", "-I", address, tunnel.inner)
        assert code == 0, said
        live = eventually(lambda: sessions(system, mine), what="the Start")
        assert [live[0][2], live[0][5], live[0][6]] == ["", address, "t"]
        assert tunnel.log_off()[0] == 0
        eventually(lambda: [row[2] for row in sessions(system, mine)] == ["stop"], what=lambda: sessions(system, mine))
        final = sessions(system, mine)[0]
        assert int(final[3]) >= 20_000 and int(final[4]) >= 20_000
        tunnel.configure("demo0004", "wrong", "mschapv2")
        assert not tunnel.log_on()[0]
        tunnel.configure("demo0004", "a password of IKEv2", "md5")
        good, said = tunnel.log_on()
        assert good, said
        assert tunnel.log_off()[0] == 0
        eventually(
            lambda: [row[2] for row in sessions(system, mine)] == ["stop", "stop"], what=lambda: sessions(system, mine)
        )
    finally:
        tunnel.clean_up()
        shutil.rmtree(folder)
