"""The registry's devices are checked by provisioner: who answers is online, who does not is offline, and both are told."""

import json
import socket

import pytest

from processes import eventually

TENANT = "devices-of-the-tests"


@pytest.fixture(scope="module")
def monitored(system):
    """A provisioner that looks often, and on this machine too."""
    daemon = system.provisioner(
        "provisioner-devices", NEXORA_DEVICES_LOCAL="true", NEXORA_DEVICES_INTERVAL="1s", NEXORA_DEVICES_RETRY="1s",
        NEXORA_DEVICES_FAILURES="2", NEXORA_DEVICES_SUCCESSES="1", NEXORA_DEVICES_LIMIT="500ms",
    )
    daemon.start()
    system.nexora("tenant", "add", TENANT, "--subdomain", TENANT)
    yield daemon
    daemon.terminate()


def listener(port=0):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen()
    return sock


def device(system, name):
    return next(row for row in json.loads(system.nexora("device", "list", "--tenant", TENANT, "--json")) if row["name"] == name)


# proves: DEV-01 DEV-03
def test_a_device_goes_offline_and_comes_back(system, monitored):
    tower = listener()
    port = tower.getsockname()[1]
    added = system.nexora(
        "device", "add", "tower-1", "--tenant", TENANT, "--kind", "router", "--host", "127.0.0.1", "--port", port,
        "--username", "nexora", "--password-from", "env:TOWER", TOWER="a password of the tower",
    )
    assert "a password of the tower" not in added
    eventually(lambda: device(system, "tower-1")["status"] == "online", 30, "it answers")
    seen = device(system, "tower-1")
    assert seen["lastSeenAt"]
    tower.close()
    eventually(lambda: device(system, "tower-1")["status"] == "offline", 30, "it is silent")
    again = listener(port)
    eventually(lambda: device(system, "tower-1")["status"] == "online", 30, "it is back")
    again.close()
    with system.tail("--from-start", "--subject", "device.status_changed.>", "--tenant", TENANT) as tail:
        told = tail.wait_for(lambda e: e["event"]["data"]["status"] == "OFFLINE", 20, "the event")
        assert "a password of the tower" not in json.dumps(told)


# proves: DEV-02 DEV-04
def test_a_device_that_another_hangs_on_is_not_removed(system, monitored):
    for name, more in (("core", ()), ("edge", ("--parent", "core"))):
        system.nexora("device", "add", name, "--tenant", TENANT, "--kind", "switch", "--host", "192.0.2.7", *more)
    refused = system.nexora("device", "delete", "core", "--tenant", TENANT, code=4)
    assert "edge" in refused
    shown = json.loads(system.nexora("device", "show", "tower-1", "--tenant", TENANT, "--json"))
    assert "password" not in {key.lower() for key in shown}
    system.nexora("device", "delete", "edge", "--tenant", TENANT)
    system.nexora("device", "delete", "core", "--tenant", TENANT)
