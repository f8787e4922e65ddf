"""Real NASes end sessions when provisioner says so: hostapd (wired 802.1X) and strongSwan (IKEv2), with real subscribers."""

import json
import secrets

import pytest

from eap_peers import Tunnel, WiredNAS, reachable_server, wait_for_password, wait_for_text
from gateway import Gateway
from processes import eventually
from radius_clients import radclient

SECRET = "the secret of NASes that are told"


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def provisioner(system):
    made = system.provisioner(
        f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_WAIT="2s", NEXORA_ENFORCEMENT_CONFIRMATION="5s")
    made.start()
    yield made
    made.terminate()


@pytest.fixture
def server(system, net):
    # One of its own for each NAS: what one taught is nothing to the other.
    with reachable_server(system, net, f"told-{secrets.token_hex(3)}", SECRET) as made:
        yield made


def online(system, user):
    """The row of the one session that somebody has."""
    query = f"SELECT id FROM sessions WHERE username = '{user}' AND ended_at IS NULL"
    rows = eventually(lambda: system.sql(query), 30, "the Start")
    assert len(rows) == 1
    return rows[0][0]


def order(system, operation):
    query = f"SELECT row_to_json(e) FROM enforcements e WHERE operation_id = '{operation}' AND ended_at IS NOT NULL"
    return json.loads(eventually(lambda: system.sql(query), 60, "the order's end")[0][0])


def disconnect(gateway, row):
    return gateway("POST", f"/api/v1/radius/sessions/{row}/disconnect", status=202)[0]["data"]["id"]


def lost(system, net, server, user):
    """The row of a session that the NAS's address reported, and that the NAS knows nothing of."""
    said, _ = radclient(
        server.acct_port, "acct", SECRET,
        {"User-Name": user, "Acct-Status-Type": "Start", "Acct-Session-Id": "1057", "NAS-IP-Address": net.nas_address},
        host=net.host_address, within=net.inside(net.nas),
    )
    assert said == "Accounting-Response"
    return online(system, user)


# proves: COA-01 COA-02 COA-07
def test_hostapd_throws_out_whom_it_is_told_to(system, gateway, provisioner, net, server):
    folder = system.folder / f"told-{secrets.token_hex(3)}"
    folder.mkdir()
    system.nexora("service", "set", "demo0011", "--password-from", "stdin", given="a password of 802.1X\n")
    wait_for_password(server, net, SECRET, "demo0011", "a password of 802.1X")
    switch = WiredNAS(folder, net, server, SECRET)
    peer = switch.supplicant("demo0011", "a password of 802.1X", "MSCHAPV2")
    try:
        switch.hostapd.start()
        peer.start()
        wait_for_text(peer, "CTRL-EVENT-EAP-SUCCESS")
        row = online(system, "demo0011")
        found = order(system, disconnect(gateway, row))
        assert (found["state"], found["reason"], found["attempts"]) == ("confirmed", "session_over", 1), found
        assert [trial["outcome"] for trial in found["trials"]] == ["acknowledged"], switch.hostapd.last_words()
        assert system.sql(f"SELECT closed_by FROM sessions WHERE id = '{row}'") == [["stop"]]
        found = order(system, disconnect(gateway, lost(system, net, server, "demo0015")))
        assert (found["state"], found["reason"]) == ("confirmed", "session_gone"), found
        # By a set that is proven by now: nothing else is tried.
        assert [trial["outcome"] for trial in found["trials"]] == ["refused_503"], found
    finally:
        peer.clean_up()
        switch.hostapd.clean_up()


# proves: COA-01 COA-02 COA-07
def test_strongswan_throws_out_whom_it_is_told_to(system, gateway, provisioner, net, server):
    folder = system.folder / f"told-{secrets.token_hex(3)}"
    folder.mkdir()
    system.nexora(
        "service", "set", "demo0012", "--static-ipv4", "198.51.100.78", "--password-from", "stdin", given="a password of IKEv2\n"
    )
    wait_for_password(server, net, SECRET, "demo0012", "a password of IKEv2")
    tunnel = Tunnel(folder, net, server, SECRET)
    try:
        tunnel.nas.start()
        tunnel.peer.start()
        tunnel.configure("demo0012", "a password of IKEv2", "mschapv2")
        good, said = tunnel.log_on()
        assert good, said + tunnel.nas.last_words()
        row = online(system, "demo0012")
        found = order(system, disconnect(gateway, row))
        assert (found["state"], found["reason"], found["attempts"]) == ("confirmed", "session_over", 1), found
        assert [trial["outcome"] for trial in found["trials"]] == ["acknowledged"], tunnel.nas.last_words()
        assert system.sql(f"SELECT closed_by FROM sessions WHERE id = '{row}'") == [["stop"]]
        eventually(lambda: "198.51.100.78" not in net.ip("-n", net.peer, "addr", "show"), 20, "the tunnel's end")
        # It goes by User-Name alone, and gives no Error-Cause: nobody knows why it refuses.
        found = order(system, disconnect(gateway, lost(system, net, server, "demo0016")))
        assert (found["state"], found["reason"], found["error_cause"]) == ("failed", "refused", None), found
        assert [trial["outcome"] for trial in found["trials"]] == ["refused_none"], found
    finally:
        tunnel.clean_up()
