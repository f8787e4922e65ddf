"""Pushes to people's devices, with the vendor's API on this machine: each device of his is pushed to, and one that is gone is forgotten."""

import http.server
import json
import secrets
import subprocess
import threading

import pytest

from gateway import Gateway
from processes import eventually

DEVICES = "/api/v1/me/push-devices"
PROVIDERS = "/api/v1/notices/providers"


class Google:
    """Firebase Cloud Messaging, HTTP v1, and the endpoint of its access tokens. The Carriers' own emulator proves the assertions."""

    def __init__(self):
        self.pushed, self.access = [], secrets.token_hex(8)
        google = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/token":
                    self.answer(200, {"access_token": google.access, "expires_in": 3599, "token_type": "Bearer"})
                elif self.headers["Authorization"] != f"Bearer {google.access}" or self.path != "/v1/projects/isp-test/messages:send":
                    self.answer(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})
                elif (message := json.loads(body)["message"])["token"].startswith("gone"):
                    detail = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED"}
                    self.answer(404, {"error": {"code": 404, "status": "NOT_FOUND", "details": [detail]}})
                else:
                    google.pushed.append(message)
                    self.answer(200, {"name": f"projects/isp-test/messages/{len(google.pushed)}"})

            def answer(self, status, body):
                octets = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def notifier(system, gateway):
    daemon = system.notifier("notifier-push", NEXORA_NOTICES_INTERVAL="50ms")
    daemon.start()
    yield daemon
    daemon.terminate()


@pytest.fixture
def google(gateway, tmp_path):
    """The vendor, with the tenant's account there."""
    made, key = Google(), tmp_path / "account.pem"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key], check=True, capture_output=True)
    account = {
        "type": "service_account", "project_id": "isp-test", "private_key_id": "k1", "private_key": key.read_text(),
        "client_email": "notifier@isp-test.iam.gserviceaccount.com", "token_uri": f"{made.url}/token",
    }
    made.account = gateway("POST", PROVIDERS, {
        "channel": "push", "kind": "fcm", "name": f"push {secrets.token_hex(3)}", "secrets": {"service_account": json.dumps(account)},
        "settings": {"project_id": "isp-test", "base_url": made.url, "token_url": f"{made.url}/token"},
    }, 201)[0]["data"]["id"]
    yield made
    gateway("DELETE", f"{PROVIDERS}/{made.account}", status=204)
    made.close()


# proves: NTF-01
def test_each_device_is_pushed_to_and_one_that_is_gone_is_forgotten(system, gateway, notifier, google):
    me = gateway("GET", "/api/v1/auth/me")[0]["data"]
    tokens = [f"{kind}-{secrets.token_urlsafe(90)}" for kind in ("gone", "phone", "tablet")]
    for token in tokens:
        gateway("POST", DEVICES, {"token": token, "platform": "android"})
    assert len(gateway("GET", DEVICES)[0]["data"]) == 3
    facts = {"service": {"text": "ada"}, "plan": {"text": "Fibre"}}
    cause = secrets.token_hex(8)
    system.sql(
        "INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, language, facts, next_at, expires_at) "
        f"VALUES ('{me['tenant_id']}', '{cause}', 'boost_approved', 'push', 'user', '{me['id']}', 'fr', '{json.dumps(facts)}', "
        "clock_timestamp(), clock_timestamp() + interval '1 hour')")

    def notice():
        return system.sql(f"SELECT state, coalesce(reason, '') FROM notices WHERE cause = '{cause}'")[0]

    eventually(lambda: notice() == ["sent", ""], 60, lambda: f"the push: {notice()}")
    assert sorted(message["token"] for message in google.pushed) == sorted(tokens[1:])
    assert all("Fibre" in message["notification"]["body"] and message["notification"]["title"] for message in google.pushed)
    eventually(lambda: len(gateway("GET", DEVICES)[0]["data"]) == 2, 30, "the device that is gone")

    # A test goes to the device that was seen last.
    google.pushed.clear()
    gateway("POST", f"{PROVIDERS}/{google.account}/test", {}, 202)
    eventually(lambda: google.pushed, 60, "the test")
    assert [message["token"] for message in google.pushed] == tokens[2:]

    for device in gateway("GET", DEVICES)[0]["data"]:
        gateway("DELETE", f"{DEVICES}/{device['id']}", status=204)
    assert gateway("GET", DEVICES)[0]["data"] == []
    told = gateway.daemon.output() + notifier.output()
    assert not any(token in told for token in tokens)
    assert system.sql("SELECT count(*) FROM push_tokens") == [["0"]]
