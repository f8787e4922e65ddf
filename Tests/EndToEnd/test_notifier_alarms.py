"""A storm of 10,000 devices that go offline becomes one digest for each administrator, and none of its alarms is lost.

ALARM_STORM_COUNT makes it another storm.
"""

import json
import os
import secrets

import pytest

from mail_peers import MailBox
from processes import eventually

COUNT = int(os.environ.get("ALARM_STORM_COUNT") or 10_000)
NAME = f"storm-{secrets.token_hex(3)}"
ADMINS = (f"ann@{NAME}.example", f"bob@{NAME}.example")
VIEWER = f"eve@{NAME}.example"


@pytest.fixture(scope="module")
def tenant(system):
    """A provider with two administrators, a viewer, and a core router on which all its other devices hang."""
    system.nexora("tenant", "add", NAME, "--subdomain", NAME)
    (tenant,), = system.sql(f"SELECT id FROM tenants WHERE subdomain = '{NAME}'")
    for address, role in [(address, "tenant_admin") for address in ADMINS] + [(VIEWER, "viewer")]:
        system.sql(f"INSERT INTO users (tenant_id, email, name, role) VALUES ('{tenant}', '{address}', '{address}', '{role}')")
    # Nobody checks them: their status is what the tests say.
    system.sql(f"INSERT INTO devices (tenant_id, name, kind, host) VALUES ('{tenant}', 'core-1', 'router', '192.0.2.1')")
    system.sql(
        "INSERT INTO devices (tenant_id, name, kind, host, parent_id) SELECT d.tenant_id, 'device-' || n, 'ap', '192.0.2.2', d.id "
        f"FROM devices d CROSS JOIN generate_series(2, {COUNT}) n WHERE d.tenant_id = '{tenant}'")
    system.sql(
        "UPDATE device_status SET next_check_at = clock_timestamp() + interval '30 days', status = 'online', status_since = clock_timestamp() "
        f"WHERE tenant_id = '{tenant}'")
    system.sql("ANALYZE devices, device_status")
    yield tenant
    system.sql(f"DELETE FROM devices WHERE tenant_id = '{tenant}'")


@pytest.fixture(scope="module")
def server(system, tenant):
    made = MailBox()
    settings = json.dumps({"host": "127.0.0.1", "port": str(made.port), "security": "none", "from": "isp@example.net"})
    system.sql("INSERT INTO notice_providers (tenant_id, channel, kind, name, settings) VALUES "
               f"('{tenant}', 'email', 'smtp', '{NAME}', '{settings}')")
    yield made
    system.sql(f"DELETE FROM notice_providers WHERE tenant_id = '{tenant}'")
    made.close()


def change(system, tenant, status, names="true"):
    """In one statement: the database's own triggers tell of each device."""
    system.sql(f"UPDATE device_status s SET status = '{status}', status_since = clock_timestamp() FROM devices d WHERE s.tenant_id = '{tenant}' "
               f"AND d.tenant_id = s.tenant_id AND d.id = s.device_id AND {names}")


def states(system, tenant, kind="device_offline"):
    """How many notices of a kind stand in which state, by channel."""
    return {(channel, state): int(count) for channel, state, count in system.sql(
        f"SELECT channel, state, count(*) FROM notices WHERE tenant_id = '{tenant}' AND kind = '{kind}' GROUP BY channel, state")}


def count(mail):
    """What a digest's subject says: `10,000 alarms since ...`."""
    return int(mail["Subject"].split(" alarm")[0].replace(",", ""))


# proves: NTF-07
def test_a_storm_of_alarms_becomes_one_digest_for_each_person(system, tenant, server):
    # The storm comes in while everybody waits, and its notifier dies.
    first = system.notifier("notifier-alarms", NEXORA_NOTICES_GATHER_WAIT="1h")
    first.start()
    try:
        change(system, tenant, "offline")
        held = {("email", "held"): 2 * COUNT, ("in_app", "held"): 2 * COUNT}
        eventually(lambda: states(system, tenant) == held, 60 + COUNT // 50, lambda: f"the alarms: {states(system, tenant)}")
    finally:
        first.kill()
    # One device answers again before anybody is told.
    change(system, tenant, "online", f"d.name = 'device-{COUNT}'")
    rivals = [system.notifier(f"notifier-alarms-{letter}", NEXORA_NOTICES_GATHER_WAIT="0s", NEXORA_NOTICES_INTERVAL="50ms") for letter in "ab"]
    try:
        for rival in rivals:
            rival.start(wait=False)
        for rival in rivals:
            rival.wait_ready()
        told = {("email", "sent"): 2, ("in_app", "sent"): 2}
        eventually(lambda: states(system, tenant, "digest") == told, 90, lambda: f"the digests: {states(system, tenant, 'digest')}")
        # None is lost, and nobody was told of the one that answers.
        ended = {(channel, state): 2 * many for channel in ("email", "in_app") for state, many in (("digested", COUNT - 1), ("dropped", 1))}
        assert states(system, tenant) == ended
        assert not {state for _, state in states(system, tenant, "device_online")} & {"sent", "digested"}
        for address in ADMINS:
            (_, _, mail), = server.mails(address)
            assert count(mail) == COUNT - 1, mail["Subject"]
            text = mail.get_body(("plain",)).get_content()
            assert "core-1 (+" in text, text
        assert not server.mails(VIEWER)
        system.sql("ANALYZE notices")
        assert system.sql(
            "SELECT count(*) FROM notices a LEFT JOIN notices d ON d.tenant_id = a.tenant_id AND d.id = a.digest_id AND d.kind = 'digest' "
            f"AND d.recipient_id = a.recipient_id AND d.channel = a.channel WHERE a.tenant_id = '{tenant}' AND a.state = 'digested' "
            "AND d.id IS NULL") == [["0"]]
        figures = system.sql(
            "SELECT facts -> 'count' ->> 'count', count(*) FROM notices "
            f"WHERE tenant_id = '{tenant}' AND kind = 'digest' GROUP BY 1")
        assert figures == [[str(COUNT - 1), "4"]]
        for name, total in (("notices_digests_total", 4), ("notices_digested_total", 4 * (COUNT - 1))):
            told_by = lambda: [rival.metric(name) or 0 for rival in rivals]
            eventually(lambda: sum(told_by()) == total, 10, lambda: f"{name}: {told_by()}, not {total}")
    finally:
        for rival in rivals:
            rival.clean_up()
        first.clean_up()
