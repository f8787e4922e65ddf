"""Events sent to other systems: a receiver checks them with the Standard Webhooks library, fails, comes back, and has everything in order."""

import http.server
import json
import secrets
import threading

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from gateway import Gateway
from processes import eventually


class Receiver:
    """A server on this machine that writes down what it had and answers as it is told."""

    def __init__(self):
        self.requests, self.status, self.headers = [], 204, {}
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append((self.path, dict(self.headers.items()), body))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self, kind="device.changed"):
        """What came, each event once, in the order in which it came first."""
        seen = {}
        for _, headers, body in list(self.requests):
            event = json.loads(body)
            seen.setdefault({name.lower(): value for name, value in headers.items()}["webhook-id"], event)
        return list(seen.values())

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def notifier(system):
    daemon = system.notifier(
        "notifier-webhooks", NEXORA_WEBHOOKS_INTERVAL="50ms", NEXORA_WEBHOOKS_LONGEST_PAUSE="200ms", NEXORA_WEBHOOKS_LIMIT="3s",
    )
    daemon.start()
    # The stream is read from its end when nobody has read it yet.
    eventually(lambda: system.sql("SELECT 1 FROM webhook_position"), 60, "the notifier's place in the stream")
    yield daemon
    daemon.terminate()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def endpoint(gateway, url, **more):
    """An endpoint of the operator's, and its secret; the notifier knows of it within a second."""
    data = gateway("POST", "/api/v1/webhooks", {"url": url, "events": ["device.*"], "allow_private": True} | more, 201)[0]["data"]
    return data["webhook"], data["secret"]


def known(gateway, receiver, hook):
    """Waits until events reach it: makes devices until one does."""
    def told():
        device(gateway)
        return receiver.requests
    eventually(told, 30, "the first event")


def device(gateway):
    body = {"name": f"tower-{secrets.token_hex(4)}", "kind": "router", "host": "192.0.2.77", "is_active": False}
    return gateway("POST", "/api/v1/devices", body, 201)[0]["data"]["id"]


def state(gateway, hook):
    return gateway("GET", f"/api/v1/webhooks/{hook['id']}")[0]["data"]


# proves: PLT-25
def test_a_stock_verifier_accepts_what_is_sent(gateway, notifier, receiver):
    hook, secret = endpoint(gateway, receiver.url)
    known(gateway, receiver, hook)
    _, headers, body = receiver.requests[0]
    event = Webhook(secret).verify(body, headers)
    assert event["type"] == "nexora.device.v1.DeviceChanged" and event["specversion"] == "1.0"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)
    gateway("POST", f"/api/v1/webhooks/{hook['id']}/test", status=202)
    eventually(lambda: any(b"nexora.webhook.v1.Test" in body for _, _, body in receiver.requests), 20, "the test")


# proves: PLT-25
def test_while_a_secret_is_rotated_both_sign(gateway, notifier, receiver):
    hook, old = endpoint(gateway, receiver.url)
    rotated = gateway("POST", f"/api/v1/webhooks/{hook['id']}/rotate", {"overlap_seconds": 600})[0]["data"]
    known(gateway, receiver, hook)
    _, headers, body = receiver.requests[-1]
    for secret in (old, rotated["secret"]):
        Webhook(secret).verify(body, headers)
    gateway("POST", f"/api/v1/webhooks/{hook['id']}/rotate", {"overlap_seconds": 0})
    count = len(receiver.requests)
    device(gateway)
    eventually(lambda: len(receiver.requests) > count, 20, "the next event")
    _, headers, body = receiver.requests[-1]
    for secret in (old, rotated["secret"]):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)


# proves: PLT-25
def test_a_receiver_that_failed_has_everything_in_order_though_the_notifier_is_killed(gateway, notifier, receiver):
    hook, _ = endpoint(gateway, receiver.url)
    known(gateway, receiver, hook)
    eventually(lambda: not state(gateway, hook)["failing_since"], 20, "all is well")
    receiver.status = 503
    made = [device(gateway) for _ in range(10)]
    eventually(lambda: state(gateway, hook)["failures"] >= 2, 30, "it fails")
    notifier.kill()
    notifier.start()
    receiver.status = 200

    def whole():
        ids = [event["data"]["deviceId"] for event in receiver.events()]
        return [one for one in ids if one in made] == made
    eventually(whole, 60, "everything, in order")
    assert state(gateway, hook)["failing_since"] is None


# proves: PLT-25
def test_a_redirect_is_not_followed_and_410_disables(gateway, notifier, receiver):
    elsewhere = Receiver()
    hook, _ = endpoint(gateway, receiver.url)
    receiver.status, receiver.headers = 302, {"location": elsewhere.url}
    known(gateway, receiver, hook)
    eventually(lambda: state(gateway, hook)["last_error"] == "redirected", 20, "the redirect is a failure")
    assert not elsewhere.requests
    receiver.status, receiver.headers = 410, {}
    eventually(lambda: state(gateway, hook)["disabled_reason"] == "gone", 20, "it is disabled")
    receiver.status = 204
    count = len(receiver.events())
    gateway("POST", f"/api/v1/webhooks/{hook['id']}/enable")
    eventually(lambda: len(receiver.events()) >= count and not state(gateway, hook)["failing_since"], 20, "it goes on")
    elsewhere.close()


# proves: PLT-25 SEC-04
def test_private_addresses_are_refused_also_behind_a_name(system, gateway, notifier, receiver):
    port = receiver.server.server_port
    for url in (receiver.url, f"https://127.0.0.1:{port}/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/"):
        gateway("POST", "/api/v1/webhooks", {"url": url, "events": ["device.*"]}, 400)
    # What a name leads to is looked at when it is connected to: put past the check of what is written.
    hook, _ = endpoint(gateway, f"https://localhost:{port}/")
    system.sql(f"UPDATE webhook_endpoints SET allow_private = false WHERE id = '{hook['id']}' RETURNING id")
    gateway("POST", f"/api/v1/webhooks/{hook['id']}/test", status=202)

    def refused():
        deliveries = gateway("GET", f"/api/v1/webhooks/{hook['id']}/deliveries")[0]["data"]
        return any(one["is_test"] and one["last_error"] == "private_address" for one in deliveries)
    eventually(refused, 20, "the address is refused")
    assert not receiver.requests


# proves: PLT-25
def test_what_was_delivered_is_redelivered_and_replayed(system, gateway, notifier, receiver):
    hook, _ = endpoint(gateway, receiver.url)
    known(gateway, receiver, hook)
    eventually(lambda: all(one["state"] == "delivered" for one in
                           gateway("GET", f"/api/v1/webhooks/{hook['id']}/deliveries")[0]["data"]), 20, "all is delivered")
    one = gateway("GET", f"/api/v1/webhooks/{hook['id']}/deliveries?limit=1")[0]["data"][0]

    def times():
        """How often it came; what else happens meanwhile comes too."""
        heads = [{name.lower(): value for name, value in headers.items()} for _, headers, _ in receiver.requests]
        return sum(head["webhook-id"] == one["event_id"] for head in heads)

    assert times() == 1
    system.nexora("webhook", "redeliver", one["id"])
    eventually(lambda: times() == 2, 60, "it comes again")

    def attempts():
        return gateway("GET", f"/api/v1/webhook-deliveries/{one['id']}")[0]["data"]["attempts"]

    eventually(lambda: len(attempts()) == 2, 30, lambda: f"both attempts: {attempts()}")
    replay = gateway("POST", f"/api/v1/webhooks/{hook['id']}/replays", {"from_sequence": one["sequence"]}, 202)[0]["data"]
    eventually(lambda: gateway("GET", f"/api/v1/webhook-replays/{replay['id']}")[0]["data"]["state"] == "done", 60, "the replay")
    eventually(lambda: times() == 3, 60, "it comes once more")
