"""SMS through a real Kannel, with fakesmsc in the operator's place: what is told arrives, and what a phone sends comes back."""

import http.server
import json
import secrets
import threading
import urllib.parse
import urllib.request

import kannel_peer
import pytest
from gateway import Gateway
from kannel_peer import Kannel
from processes import eventually

pytestmark = pytest.mark.skipif(kannel_peer.problem() is not None, reason=str(kannel_peer.problem()))

NUMBER = "+4915112345678"


class Listener:
    """What Kannel asks for: paths and parameters."""

    def __init__(self):
        self.asked = []
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                listener.asked.append((path, dict(urllib.parse.parse_qsl(query, keep_blank_values=True))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, path):
        return [items for there, items in list(self.asked) if there == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def kannel(tmp_path, listener):
    # As an operator of Kannel sets incoming messages up for us.
    with Kannel(tmp_path, incoming=f"{listener.url}/in?token=t0&from=%p&to=%P&text=%b&mo=%I") as made:
        yield made


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def me(gateway):
    return gateway("GET", "/api/v1/auth/me")[0]["data"]


@pytest.fixture(scope="module")
def notifier(system, gateway):
    daemon = system.notifier("notifier-kannel", NEXORA_NOTICES_INTERVAL="50ms")
    daemon.start()
    yield daemon
    daemon.terminate()


@pytest.fixture
def account(gateway):
    """Makes the tenant's only account with an SMS gateway; it is gone afterwards."""
    made = []

    def make(kannel, password=None):
        made.append(gateway("POST", "/api/v1/notices/providers", {
            "channel": "sms", "kind": "kannel", "name": f"kannel {secrets.token_hex(4)}",
            "settings": {"url": kannel.url, "username": kannel.username, "from": "Nexora"},
            "secrets": {"password": password or kannel.account_secret},
        }, 201)[0]["data"]["id"])
    yield make
    for one in made:
        gateway("DELETE", f"/api/v1/notices/providers/{one}", status=204)


def tell(system, me, kind, language, facts):
    """A notice as the planner would write it; returns its cause."""
    cause, facts = secrets.token_hex(8), json.dumps(facts).replace("'", "''")
    system.sql(
        "INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, facts, next_at, expires_at) "
        f"VALUES ('{me['tenant_id']}', '{cause}', '{kind}', 'sms', 'user', '{me['id']}', '{NUMBER}', '{language}', '{facts}', "
        "clock_timestamp(), clock_timestamp() + interval '1 hour')")
    return cause


def notice(system, cause):
    """State, reason, attempts and segments."""
    return tuple(system.sql(
        f"SELECT state, coalesce(reason, ''), attempts, coalesce(segments, 0) FROM notices WHERE cause = '{cause}'")[0])


# proves: NTF-01 NTF-06
@pytest.mark.parametrize("language", ["en", "fr", "id", "ar"])
def test_a_code_arrives_at_the_operator_in_every_language(system, me, notifier, kannel, account, language):
    account(kannel)
    code = str(100_000 + secrets.randbelow(900_000))
    cause = tell(system, me, "login_code", language, {"code": {"text": code}, "valid_for": {"duration": "600"}})
    eventually(lambda: notice(system, cause)[0] in ("sent", "delivered"), 60, lambda: f"the SMS ({notice(system, cause)})")
    segments = int(notice(system, cause)[3])
    eventually(lambda: len(kannel.delivered()) >= segments, 30, "its parts")
    parts = kannel.delivered()
    # As many as we said that it costs, of one message.
    assert len(parts) == segments and {(sender, number) for sender, number, _ in parts} == {("Nexora", NUMBER)}
    text = "".join(words for _, _, words in parts)
    assert text.count(code) == 1
    assert any("\u0600" <= letter <= "\u06ff" for letter in text) == (language == "ar")


# proves: NTF-01
def test_a_long_message_is_as_many_parts_as_we_say(system, me, notifier, kannel, account):
    account(kannel)
    name = "x" * 300
    cause = tell(system, me, "welcome", "en", {"username": {"text": name}})
    eventually(lambda: notice(system, cause)[0] in ("sent", "delivered"), 60, lambda: f"the SMS ({notice(system, cause)})")
    segments = int(notice(system, cause)[3])
    assert segments >= 2
    eventually(lambda: len(kannel.delivered()) >= segments, 30, "its parts")
    assert len(kannel.delivered()) == segments
    assert name in "".join(words for _, _, words in kannel.delivered())


# proves: NTF-03
def test_a_gateway_that_does_not_know_us_costs_no_attempt(system, me, notifier, kannel, account):
    account(kannel, password="wrong")
    cause = tell(system, me, "test", "en", {"at": {"instant": "1795167000000000"}})
    eventually(lambda: notice(system, cause)[1] not in ("", "no_provider"), 60, "the refusal")
    state, reason, attempts, _ = notice(system, cause)
    assert (state, attempts) == ("queued", "0") and not kannel.delivered(), reason
    system.sql(f"UPDATE notices SET state = 'cancelled', next_at = NULL, ended_at = clock_timestamp() WHERE cause = '{cause}' AND state = 'queued'")


# proves: NTF-02
def test_what_a_phone_sends_and_reports_have_the_form_that_we_read(kannel, listener):
    """Kannel alone: Carriers' tests of KannelCallbacks read what is seen here."""
    kannel.phones_send(NUMBER, "Nexora", "STOP please")
    eventually(lambda: listener.of("/in"), 30, "the message")
    (items,) = listener.of("/in")
    assert items.pop("mo") and items == {"token": "t0", "from": NUMBER, "to": "Nexora", "text": "STOP please"}
    query = urllib.parse.urlencode({
        "username": kannel.username, "password": kannel.account_secret, "from": "Nexora", "to": NUMBER, "text": "hello", "charset": "UTF-8",
        "coding": "0", "dlr-mask": "19", "dlr-url": f"{listener.url}/receipt?id=5&token=t1&status=%d&answer=%A",
    })
    with urllib.request.urlopen(f"{kannel.url}?{query}", timeout=30) as answer:
        assert answer.read().startswith((b"0:", b"3:"))
    eventually(lambda: listener.of("/receipt"), 30, "the report")
    assert listener.of("/receipt")[0] == {"id": "5", "token": "t1", "status": "1", "answer": ""}


# proves: NTF-02 NTF-07
def test_what_became_of_it_is_known_and_who_says_stop_is_left_alone_until_start(system, gateway, me, notifier, tmp_path):
    token, place = secrets.token_hex(8), "/api/v1/notices/providers"
    body = {
        "channel": "sms", "kind": "kannel", "name": f"kannel {token}", "secrets": {"password": Kannel.account_secret},
        "settings": {"url": "http://127.0.0.1:1/", "username": Kannel.username, "from": "Nexora"},
    }
    account = gateway("POST", place, body, 201)[0]["data"]["id"]
    told = f"{gateway.url}/api/v1/notices/callbacks/{account}"
    try:
        with Kannel(tmp_path, system._register, incoming=f"{told}?token={token}&from=%p&to=%P&text=%b&mo=%I") as kannel:
            tag = gateway("GET", f"{place}/{account}")[1]["ETag"]
            gateway("PATCH", f"{place}/{account}", {
                "name": body["name"], "settings": body["settings"] | {"url": kannel.url, "receipts_url": told},
                "secrets": body["secrets"] | {"receipts_token": token},
            }, If_Match=tag)

            def say(expected):
                cause = tell(system, me, "test", "en", {"at": {"instant": "1795167000000000"}})
                eventually(lambda: notice(system, cause)[:2] == expected, 60, lambda: f"{expected}, not {notice(system, cause)}")
                return cause

            def answer(text, count):
                kannel.phones_send(NUMBER, "Nexora", text)
                stopped = "SELECT count(*) FROM notice_suppressions WHERE reason = 'stopped'"
                eventually(lambda: system.sql(stopped) == [[str(count)]], 60, f"what {text} does")

            first = say(("delivered", ""))
            trials = gateway("GET", "/api/v1/notices?channel=sms&limit=1")[0]["data"][0]
            assert trials["state"] == "delivered"
            assert [outcome for outcome, in system.sql(
                "SELECT a.outcome FROM notice_attempts a JOIN notices n ON n.id = a.notice_id "
                f"WHERE n.cause = '{first}' ORDER BY number")] == ["accepted", "delivered"]
            answer("Stop.", 1)
            say(("dropped", "suppressed"))
            answer("START", 0)
            say(("delivered", ""))
            # Whoever does not know the token says nothing, and learns nothing.
            refused = notifier.metric("notices_callbacks_total")
            gateway("GET", f"{told.removeprefix(gateway.url)}?token=wrong&from=%2B4915112345678&to=Nexora&text=stop", Authorization="")
            eventually(lambda: notifier.metric("notices_callbacks_total") == refused + 1, 30, "the refusal")
            assert system.sql("SELECT count(*) FROM notice_suppressions WHERE reason = 'stopped'") == [["0"]]
            assert system.sql("SELECT count(*) FROM notice_callbacks") == [["0"]]
            assert token not in gateway.daemon.output() + notifier.output()
    finally:
        gateway("DELETE", f"{place}/{account}", status=204)
