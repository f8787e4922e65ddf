"""Notices through a mail server that refuses, stalls, drops and comes back, while the notifier is killed: each arrives once, none is lost.

NOTICE_STORM_COUNT, NOTICE_STORM_SEED and NOTICE_STORM_REPORT make it longer, another one, and leave its figures (Tests/Simulators/run-notice-storm).
"""

import json
import os
import random
import time
from collections import Counter

import pytest

from gateway import Gateway
from mail_peers import Fickle, message_id
from processes import eventually

COUNT = int(os.environ.get("NOTICE_STORM_COUNT") or 2_000)
SEED = int(os.environ.get("NOTICE_STORM_SEED") or random.randrange(1 << 32))
IN_FLIGHT = 32
# One second a message; a claim holds ten times as long.
LIMIT = "1s"


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def me(gateway):
    return gateway("GET", "/api/v1/auth/me")[0]["data"]


def write_notices(system, me, chance):
    """Notices as the planner would write them, each to an address of its own; returns the address of each Message-ID's id."""
    kinds = ["fine", "later", "refused"]
    addresses = [f"{chance.choices(kinds, (80, 10, 10))[0]}-{number}@storm.example" for number in range(COUNT)]
    for first in range(0, COUNT, 400):
        rows = ", ".join(
            f"('{me['tenant_id']}', 'storm-{SEED}-{first + number}', 'export_ready', 'email', 'user', '{me['id']}', '{address}', 'en', "
            f"'{{\"name\": {{\"text\": \"{first + number}.xlsx\"}}}}', clock_timestamp(), clock_timestamp() + interval '1 day')"
            for number, address in enumerate(addresses[first:first + 400]))
        system.sql("INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, facts, next_at, "
                   f"expires_at) VALUES {rows}")
    return {notice: address for notice, address in system.sql(
        f"SELECT replace(id::text, '-', ''), address FROM notices WHERE cause LIKE 'storm-{SEED}-%'")}


def waiting(system):
    return int(system.sql(f"SELECT count(*) FROM notices WHERE cause LIKE 'storm-{SEED}-%' AND ended_at IS NULL")[0][0])


def hurry(system):
    """Pauses of minutes are of no use here: what waits is due."""
    system.sql(f"UPDATE notices SET next_at = clock_timestamp() WHERE cause LIKE 'storm-{SEED}-%' AND state = 'queued' "
               "AND next_at > clock_timestamp() + interval '1 second'")


def rage(system, notifier, server, chance):
    """Moods change and the notifier dies until half of the notices ended and each mood was met, or all ended; returns how often it died."""
    kills, changed, killed, moods = 0, 0, time.monotonic(), list(server.MOODS)
    next_kill = chance.uniform(0.5, 3)

    def over():
        nonlocal kills, changed, killed, next_kill
        now = time.monotonic()
        if now >= changed:
            if not moods:
                moods.extend(server.MOODS)
            server.mood = moods.pop(chance.randrange(len(moods)))
            # Where nobody can know, what is in flight is lost to us: these are short.
            changed = now + (chance.uniform(0.05, 0.3) if server.mood in server.MOODS[4:] else chance.uniform(0.3, 1.5))
            hurry(system)
        if now - killed > next_kill:
            notifier.kill()
            notifier.start()
            kills, killed, next_kill = kills + 1, time.monotonic(), chance.uniform(0.5, 5)
        left = waiting(system)
        return kills >= 3 and (not left or left <= COUNT // 2 and set(server.MOODS) <= set(server.met))
    eventually(over, 120 + COUNT // 10, lambda: f"the storm's end (seed {SEED}, {waiting(system)} wait, {kills} kills, {dict(server.met)})")
    server.mood = "well"
    return kills


def calm(system):
    """All of it, once the server is well."""
    def quiet():
        hurry(system)
        return not waiting(system)
    eventually(quiet, 120 + COUNT // 10, lambda: f"the end of {waiting(system)} notices (seed {SEED})")


# proves: NTF-03 NTF-08
def test_a_storm_gives_everybody_everything_once(system, me):
    print(f"NOTICE_STORM_SEED={SEED} NOTICE_STORM_COUNT={COUNT}")
    chance, server = random.Random(SEED), Fickle(patience=5)
    notifier = system.notifier(
        "notifier-storm", NEXORA_NOTICES_INTERVAL="50ms", NEXORA_NOTICES_LIMIT=LIMIT, NEXORA_NOTICES_IN_FLIGHT=str(IN_FLIGHT))
    settings = json.dumps({"host": "127.0.0.1", "port": str(server.port), "security": "none", "from": "isp@example.net"})
    system.sql("INSERT INTO notice_providers (tenant_id, channel, kind, name, settings) VALUES "
               f"('{me['tenant_id']}', 'email', 'smtp', 'storm', '{settings}')")
    try:
        notifier.start()
        began = time.monotonic()
        written = write_notices(system, me, chance)
        assert len(written) == COUNT
        kills = rage(system, notifier, server, chance)
        calm(system)
        figures = judge(system, server, written, kills)
    finally:
        notifier.clean_up()
        server.close()
        system.sql(f"DELETE FROM notice_providers WHERE tenant_id = '{me['tenant_id']}' AND name = 'storm'")
    figures |= {"seed": SEED, "seconds": round(time.monotonic() - began, 1), "moods": dict(server.met)}
    print(json.dumps(figures))
    if report := os.environ.get("NOTICE_STORM_REPORT"):
        with open(report, "w", encoding="utf-8") as file:
            json.dump(figures, file)


def judge(system, server, written, kills):
    """That what the server took and what the tables say is the same story; returns its figures."""
    seed = f"seed {SEED}"
    taken = Counter()
    for recipient, octets, _ in server.mails():
        if not recipient.endswith("@storm.example"):
            # People of other tests are told of what else happened.
            continue
        notice = message_id(octets).split("@")[0]
        assert written.get(notice) == recipient, f"{notice} went to another ({seed})"
        taken[notice] += 1
    doubled = {notice for notice, times in taken.items() if times > 1}
    assert not doubled, f"{len(doubled)} came more than once, such as {sorted(doubled)[:3]} ({seed})"

    rows = system.sql("SELECT replace(id::text, '-', ''), address, state, coalesce(reason, ''), attempts FROM notices "
                      f"WHERE cause LIKE 'storm-{SEED}-%'")
    assert {row[0] for row in rows} == set(written), f"rows are gone ({seed})"
    states, unknown = Counter(), Counter()
    for notice, address, state, reason, attempts in rows:
        kind, where = address.split("-")[0], f"{notice} to {address}: {state} {reason} {attempts} ({seed})"
        states[state] += 1
        match state:
            case "sent":
                assert taken[notice] == 1 and kind != "refused", where
            case "failed":
                assert taken[notice] == 0 and kind == "refused" and reason == "mailbox_unknown", where
            case "unknown":
                assert reason, where
                unknown[reason] += 1
            case _:
                raise AssertionError(where)
        # What the server took nobody says has not arrived.
        assert not taken[notice] or state in ("sent", "unknown"), where
        # An outage, and a death, counts against nobody.
        assert int(attempts) <= {"fine": 0, "later": 2, "refused": 1}[kind], where
    # Nobody knows only where a process died, or the server did not answer: not as a way out.
    assert unknown["lapsed"] <= kills * IN_FLIGHT, (unknown, kills, seed)
    silent = {message.split("@")[0] for message in server.unanswered}
    others = {row[0] for row in rows if row[2] == "unknown" and row[3] not in ("lapsed", "timeout")} - silent
    assert not others, f"unknown without a reason: {sorted(others)[:3]} ({seed})"
    assert system.sql(
        "SELECT n.id FROM notices n LEFT JOIN notice_attempts a ON a.tenant_id = n.tenant_id AND a.notice_id = n.id "
        f"AND a.outcome IN ('accepted', 'refused', 'unknown') WHERE n.cause LIKE 'storm-{SEED}-%' GROUP BY n.tenant_id, n.id "
        "HAVING count(a.number) <> 1 LIMIT 3") == [], f"each has one last word in its log ({seed})"
    assert len(server.met) >= 4, f"the server was hardly fickle: {server.met} ({seed})"
    assert states["sent"] >= COUNT // 3, (states, seed)
    return {"notices": COUNT, "kills": kills, "states": dict(states), "unknown": dict(unknown), "taken": sum(taken.values())}
