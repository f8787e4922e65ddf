"""Postgres away: RADIUS keeps answering, and nothing is lost.

E2E_OUTAGE_SECONDS says how long the longest outage lasts; 60 unless given.
"""

import os
import time

import pytest

import books
from accounting_load import Load
from processes import eventually
from radius_clients import Pyrad, accepted, radclient, rejected, within
from system import fetch

OUTAGE = float(os.environ.get("E2E_OUTAGE_SECONDS", "60"))
USERS = [f"demo{number:04}" for number in range(400, 500)]


def nas(system, server):
    """Asks again as a NAS does: a login that meets a late Redis is left to its next try."""
    return Pyrad(server, system.secret, seconds=2, tries=3)


def publishes(server):
    """Whether it has the stream, and something to bring to it."""
    return "the journal is being published" in fetch(server.admin_port, "/ready")[1] + fetch(server.admin_port, "/health")[1]


@pytest.fixture
def client(system):
    made = nas(system, system.radius)
    yield made
    made.close()


# proves: RAD-06 RAD-23 ACC-01 ACC-05 ACC-06 ACC-13
def test_radius_answers_while_postgres_is_down_and_starts_without_it(system, client):
    # A second server of the same directory, for a start without Postgres: its snapshot is written first.
    second = system.radius_server("radius-second")
    second.start()
    eventually(lambda: (system.folder / "radius-second.snapshot").exists(), what="the snapshot")
    with Load(("127.0.0.1", system.radius.acct_port), system.secret, USERS, "outage", live=100) as load:
        eventually(lambda: load.acknowledged > 100, what="answers")
        began = time.monotonic()
        system.postgres.kill()
        second.kill()
        second.start()
        logins = slowest = 0
        retransmitted, sent = load.retransmitted, load.acknowledged
        other = nas(system, second)
        try:
            while time.monotonic() < began + OUTAGE:
                at = time.monotonic()
                assert accepted(client.login(system.user, system.user_password))
                slowest = max(slowest, time.monotonic() - at)
                assert accepted(other.login(system.user, system.user_password))
                logins += 2
                eventually(lambda: time.monotonic() > at + 0.2, what="the next login")
            assert rejected(other.login(system.user, "wrong"))
        finally:
            other.close()
            # The tests after this one need it.
            system.postgres.start()
        assert load.acknowledged - sent > 20 * OUTAGE
        print(
            f"{logins} logins answered (the slowest in {slowest * 1000:.1f} ms) and {load.acknowledged - sent} records "
            f"acknowledged in {OUTAGE:.0f} s without Postgres; {load.retransmitted - retransmitted} sent again"
        )
        load.finish()
        books.check(system, load)
    for daemon in (system.radius, second, *system.consumers):
        daemon.wait_ready()
    # The directory is followed again, by the server that began without Postgres too.
    assert second.terminate() == 0


# proves: RAD-06 ACC-06 ACC-13
def test_radius_answers_while_postgres_hangs(system, client):
    family = None
    with Load(("127.0.0.1", system.radius.acct_port), system.secret, USERS, "hang", live=100) as load:
        eventually(lambda: load.acknowledged > 100, what="answers")
        family = system.postgres.pause_family()
        try:
            sent = load.acknowledged
            eventually(
                lambda: accepted(client.login(system.user, system.user_password)) and load.acknowledged > sent + 500,
                what="answers while Postgres hangs",
            )
        finally:
            system.postgres.resume_family(family)
        load.finish()
        books.check(system, load)


# proves: ACC-02 ACC-13
def test_what_was_journalled_before_a_restart_waits_for_the_directory_and_is_somebodys(system):
    system.nats.kill()
    try:
        radclient(system.radius.acct_port, "acct", system.secret, {
            "User-Name": system.user, "Acct-Status-Type": "Start", "Acct-Session-Id": "before-the-directory", "NAS-Port": 9,
            "Calling-Station-Id": "02-00-00-00-77-09",
        })
        system.radius.kill()
        system.postgres.kill()
        (system.folder / f"{system.radius.name}.snapshot").unlink(missing_ok=True)
    finally:
        system.nats.start()
    system.radius.start(wait=False)
    # It has the stream and no directory: what it would publish now had no service.
    eventually(lambda: publishes(system.radius), what="the stream")
    system.postgres.start()
    query = "SELECT service_id IS NOT NULL FROM sessions WHERE acct_session_id = 'before-the-directory'"
    assert eventually(lambda: system.sql(query), 60, "the session") == [["t"]]
    for daemon in (system.radius, *system.consumers):
        daemon.wait_ready()


# proves: RAD-06 RAD-23
def test_a_change_made_while_nats_is_down_arrives_when_it_is_back(system, client):
    system.nats.kill()
    try:
        system.nexora("service", "set", "demo0004", "--password-from", "stdin", given="a password of ours\n")
        assert accepted(client.login(system.user, system.user_password))
    finally:
        system.nats.start()
    # Reconnecting takes up to some seconds; then the event comes, or the checksum tells.
    within(45, lambda: client.login("demo0004", "a password of ours"), accepted)
