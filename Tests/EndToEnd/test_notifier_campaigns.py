"""Announcements to many: each customer is told once in his language, through pauses and deaths, and what has not left can be taken back."""

import asyncio
import json
import secrets
import time

import pytest

from gateway import Gateway
from mail_peers import MailBox
from processes import eventually

COUNT = 300
IN_FLIGHT = 16
CAMPAIGNS = "/api/v1/notices/campaigns"
TEXTS = {
    "en": {"title": "Works in your street", "body": "On Tuesday we replace the cabinet."},
    "fr": {"title": "Travaux dans votre rue", "body": "Mardi, nous remplaçons l'armoire."},
}


class Slow(MailBox):
    """A mail server that thinks before it takes something."""

    def __init__(self):
        self.pause = 0
        super().__init__()

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.pause)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def me(gateway):
    return gateway("GET", "/api/v1/auth/me")[0]["data"]


@pytest.fixture
def box(system, me):
    """The tenant's only mail server."""
    made = Slow()
    settings = json.dumps({"host": "127.0.0.1", "port": str(made.port), "security": "none", "from": "isp@example.net"})
    system.sql("INSERT INTO notice_providers (tenant_id, channel, kind, name, settings) VALUES "
               f"('{me['tenant_id']}', 'email', 'smtp', 'campaigns {secrets.token_hex(3)}', '{settings}')")
    yield made
    system.sql(f"DELETE FROM notice_providers WHERE tenant_id = '{me['tenant_id']}' AND name LIKE 'campaigns %'")
    made.close()


@pytest.fixture
def notifier(system):
    daemon = system.notifier(
        "notifier-campaigns", NEXORA_NOTICES_PAGES="https://my.example.net", NEXORA_NOTICES_INTERVAL="50ms",
        NEXORA_NOTICES_CAMPAIGN_INTERVAL="100ms", NEXORA_NOTICES_LIMIT="2s", NEXORA_NOTICES_IN_FLIGHT=str(IN_FLIGHT))
    daemon.start()
    yield daemon
    daemon.clean_up()


@pytest.fixture
def tag(system, me):
    """Customers of a tag of their own: every tenth refuses news, every tenth has no address, every third reads French."""
    name = f"c{secrets.token_hex(4)}"
    system.sql(
        "INSERT INTO customers (tenant_id, code, name, email, phone, address, tags) "
        f"SELECT '{me['tenant_id']}', '{name}-' || n, 'Customer ' || n, CASE WHEN n % 10 <> 1 THEN '{name}-' || n || '@campaign.example' END, "
        f"'1', 'Street', ARRAY['{name}'] FROM generate_series(1, {COUNT}) n")
    system.sql(
        "INSERT INTO notice_preferences (tenant_id, recipient_kind, recipient_id, language, refused) "
        "SELECT c.tenant_id, 'customer', c.id, CASE WHEN n % 3 = 0 THEN 'fr' END, "
        "CASE WHEN n % 10 = 0 THEN ARRAY['news'] ELSE ARRAY[]::text[] END "
        f"FROM customers c CROSS JOIN LATERAL (SELECT split_part(c.code, '-', 2)::int AS n) k WHERE c.tags = ARRAY['{name}']")
    return name


def told():
    """The numbers of customers who are to be told."""
    return {number for number in range(1, COUNT + 1) if number % 10 > 1}


def draft(gateway, tag, per_minute):
    body = {"name": f"Works {tag}", "texts": TEXTS, "tags": [tag], "channels": ["email"], "per_minute": per_minute}
    return gateway("POST", CAMPAIGNS, body, 201)[0]["data"]["id"]


def act(gateway, campaign, what, status=200):
    return gateway("POST", f"{CAMPAIGNS}/{campaign}/{what}", status=status)[0]


def shown(gateway, campaign):
    return gateway("GET", f"{CAMPAIGNS}/{campaign}")[0]["data"]


def tally(system, campaign):
    """How many of its notices stand in which state."""
    return {state: int(number) for state, number in system.sql(
        f"SELECT state, count(*) FROM notices WHERE campaign_id = '{campaign}' GROUP BY state")}


def arrived(box, tag):
    """Whom of them the mail server took something for; others are told of other things."""
    return [recipient for recipient, _, _ in box.mails() if recipient.startswith(f"{tag}-")]


def stands_still(look):
    """That what `look` sees stays as it is for three seconds."""
    began, first = time.monotonic(), look()
    eventually(lambda: time.monotonic() > began + 3, 30)
    assert look() == first


def invited(gateway, me, box):
    """Asks for a link that somebody waits for, and waits until it is there."""
    address = f"waits-{secrets.token_hex(4)}@example.net"
    wanted = {"tenant_id": me["tenant_id"], "email": address, "name": "Somebody New", "role": "viewer"}
    gateway("POST", "/api/v1/users", wanted, 201)
    eventually(lambda: box.mails(address), 30, "the invitation")


# proves: NTF-02 NTF-08 NTF-10
def test_each_is_told_once_in_his_language_through_a_pause_and_deaths(system, gateway, me, box, notifier, tag):
    campaign = draft(gateway, tag, per_minute=3_000)
    preview = gateway("POST", f"{CAMPAIGNS}/{campaign}/preview")[0]["data"]
    assert (preview["recipients"], preview["refusing"], preview["without_email"]) == (COUNT, COUNT // 10, COUNT // 10)
    assert 1 <= len(preview["samples"]) <= 3 and all(TEXTS[sample["language"]]["body"] in sample["text"] for sample in preview["samples"])
    assert not tally(system, campaign)

    assert act(gateway, campaign, "start")["data"]["targeted"] == COUNT
    assert act(gateway, campaign, "start", 409)["error"]["code"] == "WRONG_STATE"
    eventually(lambda: shown(gateway, campaign)["recipients"] >= 40, 60, "the first customers")
    act(gateway, campaign, "pause")
    eventually(lambda: not tally(system, campaign).get("sending"), 60, "the end of what was under way")
    paused = shown(gateway, campaign)
    assert paused["state"] == "paused" and paused["recipients"] < COUNT
    stands_still(lambda: (shown(gateway, campaign)["recipients"], tally(system, campaign), len(arrived(box, tag))))

    act(gateway, campaign, "resume")
    kills = 0
    for share in (2, 3, 4):
        eventually(lambda: shown(gateway, campaign)["recipients"] >= COUNT * share // 5, 60, f"{share} fifths of it")
        notifier.kill()
        notifier.start()
        kills += 1
    eventually(lambda: shown(gateway, campaign)["state"] == "completed", 150, lambda: f"the end of {tally(system, campaign)}")
    assert not {"queued", "held", "sending"} & tally(system, campaign).keys()
    ended = shown(gateway, campaign)
    assert (ended["recipients"], ended["planned"], ended["skipped"]) == (COUNT, len(told()), COUNT - len(told()))
    judge(system, box, campaign, tag, kills)


def judge(system, box, campaign, tag, kills):
    """That the table and the mail server tell the same story."""
    rows = system.sql(f"SELECT address, state, coalesce(reason, '') FROM notices WHERE campaign_id = '{campaign}'")
    addresses = {f"{tag}-{number}@campaign.example": number for number in told()}
    assert len(rows) == len(addresses) and {address for address, _, _ in rows} == set(addresses), "each has one, and nobody else has any"
    unknown = 0
    for address, state, reason in rows:
        mails = box.mails(address)
        assert len(mails) <= 1, f"{address} was told {len(mails)} times"
        if state == "unknown":
            # Its process died, or was given no answer: nobody says that it did not arrive.
            unknown += 1
            continue
        assert state == "sent" and len(mails) == 1, f"{address}: {state} {reason}"
        (_, _, mail), = mails
        language = "fr" if addresses[address] % 3 == 0 else "en"
        assert mail["Subject"] == TEXTS[language]["title"] and mail["Content-Language"] == language, address
        assert TEXTS[language]["body"] in mail.get_body(("plain",)).get_content(), address
        assert mail["List-Unsubscribe"] and mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", address
    assert unknown <= kills * IN_FLIGHT, unknown


# proves: NTF-02 NTF-10
def test_nobody_waits_behind_it_and_what_has_not_left_is_taken_back(system, gateway, me, box, notifier, tag):
    box.pause = 0.5
    campaign = draft(gateway, tag, per_minute=60_000)
    act(gateway, campaign, "start")
    eventually(lambda: shown(gateway, campaign)["planned"] == len(told()), 60, "all of its notices")
    invited(gateway, me, box)
    assert tally(system, campaign)["queued"] > 50, "who waits for a link went before those"

    # All are planned, and it is not over: it can be paused, and what has not left is taken back.
    assert act(gateway, campaign, "pause")["data"]["state"] == "paused"
    eventually(lambda: not tally(system, campaign).get("sending"), 60, "the end of what was under way")
    stands_still(lambda: (tally(system, campaign), len(arrived(box, tag))))
    act(gateway, campaign, "resume")
    before = len(arrived(box, tag))
    eventually(lambda: len(arrived(box, tag)) > before, 30, "the next of them")
    assert act(gateway, campaign, "cancel")["data"]["state"] == "cancelled"
    eventually(lambda: not {"queued", "held", "sending"} & tally(system, campaign).keys(), 120, "the end of what was under way")
    states = tally(system, campaign)
    assert states.keys() <= {"sent", "cancelled", "dropped"} and states["cancelled"] > 0 and states["sent"] > 0, states
    assert sum(states.values()) == len(told())
    mails = arrived(box, tag)
    assert len(mails) == len(set(mails)) == states["sent"]
    stands_still(lambda: (tally(system, campaign), len(arrived(box, tag))))
    for what in ("start", "pause", "resume", "cancel"):
        assert act(gateway, campaign, what, 409)["error"]["code"] == "WRONG_STATE"
