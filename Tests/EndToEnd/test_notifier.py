"""People are told: an invitation reaches a mail server with a link that works once, through outages and the death of the daemon."""

import base64
import email
import email.policy
import json
import re
import secrets
from pathlib import Path

import pytest

from gateway import Gateway
from processes import Process, eventually, free_port, listens
from system import programs

PAGES = "https://my.example.net"


class MailServer:
    """A mail server that misbehaves as it is told, and what it took."""

    def __init__(self, system, name):
        self.port = free_port()
        self.state, self.behaviour = system.folder / f"{name}.json", system.folder / f"{name}.faults"
        self.behaviour.write_text("")
        self.process = system._register(Process(name, [
            programs() / "smtp-server", "--port", self.port, "--state", self.state, "--behaviour", self.behaviour,
        ], system.folder / f"{name}.log", is_ready=lambda: listens(self.port)))
        self.process.start()

    def misbehave(self, *faults):
        self.behaviour.write_text("".join(f"{fault}\n" for fault in faults))

    def mails(self, address):
        """What it took for an address, with how often."""
        taken = json.loads(Path(self.state).read_text())["taken"] if Path(self.state).exists() else []
        return [
            (mail["times"], email.message_from_bytes(base64.b64decode(mail["message"]), policy=email.policy.default))
            for mail in taken if address in mail["recipients"]
        ]


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def tenant(gateway):
    return gateway("GET", "/api/v1/auth/me")[0]["data"]["tenant_id"]


@pytest.fixture(scope="module")
def notifier(system):
    daemon = system.notifier("notifier-people", NEXORA_NOTICES_PAGES=PAGES, NEXORA_NOTICES_INTERVAL="50ms")
    daemon.start()
    yield daemon
    daemon.terminate()


@pytest.fixture
def server(system, tenant):
    """The tenant's only provider of e-mail."""
    made = MailServer(system, f"mail-{secrets.token_hex(3)}")
    provider(system, tenant, made)
    yield made
    system.sql(f"DELETE FROM notice_providers WHERE tenant_id = '{tenant}'")
    made.process.terminate()


def provider(system, tenant, server, position=100):
    settings = json.dumps({"host": "127.0.0.1", "port": server.port, "security": "none", "from": "isp@example.net"})
    return system.sql(
        "INSERT INTO notice_providers (tenant_id, channel, kind, name, settings, position) VALUES "
        f"('{tenant}', 'email', 'smtp', 'mail {secrets.token_hex(4)}', '{settings}', {position}) RETURNING id"
    )


def invite(gateway, tenant):
    address = f"new-{secrets.token_hex(4)}@example.net"
    wanted = {"tenant_id": tenant, "email": address, "name": "Somebody New", "role": "viewer"}
    return address, gateway("POST", "/api/v1/users", wanted, 201)[0]["data"]["id"]


def notice(system, user):
    """State, reason and attempts of the one notice of an invitation."""
    rows = system.sql(
        "SELECT state, coalesce(reason, ''), attempts FROM notices WHERE kind = 'invitation' "
        f"AND recipient_id = '{user}'"
    )
    assert len(rows) <= 1
    return tuple(rows[0]) if rows else None


def link(mail):
    text = mail.get_body(("plain",)).get_content()
    return re.search(re.escape(PAGES) + r"/#/link/invite\?token=([A-Za-z0-9_.~-]+)", text)[1]


# proves: IAM-10 NTF-04
def test_an_invitation_arrives_once_and_its_link_works(system, gateway, tenant, server, notifier):
    address, user = invite(gateway, tenant)
    eventually(lambda: server.mails(address), 30, "the invitation")
    (times, mail), = server.mails(address)
    assert times == 1 and mail["Subject"]
    token = link(mail)
    gateway("POST", "/api/v1/auth/password/reset", {"token": token, "password": gateway.password}, 204)
    assert gateway.sign_in(address)["user"]["id"] == user
    # The token stands nowhere any more, and never stood in the notice.
    eventually(lambda: (notice(system, user) or [""])[0] == "sent", 30, "the record")
    assert system.sql(f"SELECT count(*) FROM one_time_links WHERE user_id = '{user}' AND sealed_token IS NOT NULL") == [["0"]]
    assert token not in str(system.sql(f"SELECT facts::text || about::text FROM notices WHERE recipient_id = '{user}'"))
    log = (system.folder / "notifier-people.log").read_text()
    assert token not in log and address not in log


# proves: NTF-03
def test_a_provider_that_is_away_gives_way_to_the_next(system, gateway, tenant, server, notifier):
    server.misbehave("greeting leave 421 4.3.2 closing")
    second = MailServer(system, f"mail-{secrets.token_hex(3)}")
    provider(system, tenant, second, position=200)
    address, user = invite(gateway, tenant)
    eventually(lambda: second.mails(address), 30, "the invitation by the second provider")
    assert not server.mails(address)
    eventually(lambda: notice(system, user) == ("sent", "", "0"), 30, "an outage counts as no attempt")
    second.process.terminate()


# proves: NTF-03
def test_what_waits_for_a_provider_is_sent_when_there_is_one_and_survives_the_daemon(system, gateway, tenant, notifier):
    address, user = invite(gateway, tenant)
    eventually(lambda: (notice(system, user) or ["", ""])[1] == "no_provider", 30, "the wait")
    assert notice(system, user)[0] == "queued"
    notifier.kill()
    server = MailServer(system, f"mail-{secrets.token_hex(3)}")
    provider(system, tenant, server)
    notifier.start()
    eventually(lambda: server.mails(address), 60, "the invitation")
    (times, _), = server.mails(address)
    assert times == 1
    system.sql(f"DELETE FROM notice_providers WHERE tenant_id = '{tenant}'")
    server.process.terminate()


# proves: NTF-10
def test_a_link_that_a_newer_one_replaced_is_not_sent(system, gateway, tenant, notifier):
    _, user = invite(gateway, tenant)
    eventually(lambda: (notice(system, user) or ["", ""])[1] == "no_provider", 30, "the wait")
    system.sql(f"UPDATE one_time_links SET replaced_at = clock_timestamp(), sealed_token = NULL WHERE user_id = '{user}'")
    eventually(lambda: notice(system, user)[:2] == ("dropped", "link_gone"), 60, "the drop")
