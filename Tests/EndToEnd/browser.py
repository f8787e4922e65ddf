"""A browser before the pages, and somebody who may sign in to them."""

import base64
import hashlib
import hmac
import json
import struct
import time
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

import gateway
from processes import eventually

def totp(secret, step):
    """The code of RFC 6238 for a step of 30 seconds."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class Gateway(gateway.Gateway):
    """api-gateway with the pages of this checkout, as pages and readers of streams see it."""

    def stream(self, path, token, headers=None):
        return EventStream(self.url + path, {"authorization": f"Bearer {token}"} | (headers or {}))

    def administrator(self):
        """The system's first administrator; he has no authenticator yet."""
        email, password, _ = gateway.administrator(self.system, self.url)
        return Administrator(self, email, password)

    def call(self, method, path, body=None, token=None):
        """The status and JSON of an answer."""
        status, _, text = self.ask(method, path, body, **({"Authorization": f"Bearer {token}"} if token else {}))
        return status, json.loads(text) if text else None


class EventStream:
    """Server-sent events as a program reads them."""

    def __init__(self, url, headers):
        self.answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30)

    def events(self, name):
        """Those of a name, one after the other, until the stream ends."""
        event = {}
        for line in self.answer:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field:
                event[field] = value
            elif event:
                if event.get("event") == name:
                    yield event | {"data": json.loads(event["data"])}
                event = {}

    def close(self):
        self.answer.close()


class Administrator:
    """Somebody who may do everything, and his authenticator."""

    def __init__(self, gateway, email, password):
        self.gateway = gateway
        self.email = email
        self.password = password
        self.secret = None
        self.used = 0

    def code(self):
        """A code that was not used yet: of this step, or of the next, which is taken as well."""
        self.used = max(self.used + 1, int(time.time()) // 30)
        eventually(lambda: self.used <= int(time.time()) // 30 + 1, 60, "the next code")
        return totp(self.secret, self.used)

    def token(self, code=None):
        body = {"email": self.email, "password": self.password} | ({"code": code} if code else {})
        status, answer = self.gateway.call("POST", "/api/v1/auth/login", body)
        assert status == 200, answer
        return answer["data"]["access_token"]

    def enrol(self):
        """From now on his password alone does not do."""
        token = self.token()
        status, answer = self.gateway.call("POST", "/api/v1/auth/mfa/totp/enrol", {"password": self.password}, token)
        assert status == 200, answer
        self.secret = answer["data"]["secret"]
        status, answer = self.gateway.call("POST", "/api/v1/auth/mfa/totp/verify", {"code": self.code()}, token)
        assert status == 200, answer
        self.recovery = answer["data"]["recovery_codes"]

    def disable(self):
        token = self.token(self.recovery.pop())
        proof = {"password": self.password, "code": self.recovery.pop()}
        status, answer = self.gateway.call("POST", "/api/v1/auth/mfa/totp/disable", proof, token)
        assert status == 204, answer


class Chromium:
    """Debian's Chromium under Playwright."""

    def __enter__(self):
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        return self

    def __exit__(self, *_):
        self.browser.close()
        self.playwright.stop()

    def page(self, base_url, **options):
        """A page with a context of its own. `complaints` gathers what its console calls an error, CSP's refusals among them."""
        context = self.browser.new_context(base_url=base_url, locale="en-GB", **options)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page


def sign_in(page, somebody):
    """By keyboard alone, as far as the first page."""
    page.goto("/")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(somebody.email)
    page.keyboard.press("Tab")
    page.keyboard.type(somebody.password)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Find a subscriber")).to_be_focused()


def accessibility_faults(page):
    """Serious and critical findings of axe, one line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html']}" for rule in found if rule["impact"] in ("serious", "critical") for node in rule["nodes"]
    ]


def overflows(page):
    """By how many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
