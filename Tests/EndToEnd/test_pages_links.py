"""What a mailed link leads to: a mail server takes it, Chromium opens it, and whoever got it is in."""

import base64
import email
import email.policy
import json
import re
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser import accessibility_faults, overflows
from processes import Process, eventually, free_port, listens
from system import programs


class Mailbox:
    """A mail server, and the links in what it took."""

    def __init__(self, system):
        self.port = free_port()
        self.state = system.folder / "mail-links.json"
        faults = system.folder / "mail-links.faults"
        faults.write_text("")
        self.process = system._register(Process("mail-links", [
            programs() / "smtp-server", "--port", self.port, "--state", self.state, "--behaviour", faults,
        ], system.folder / "mail-links.log", is_ready=lambda: listens(self.port)))
        self.process.start()

    def found(self, address, pattern):
        """What fits in the words of the mails to an address, the oldest first."""
        taken = json.loads(Path(self.state).read_text())["taken"] if Path(self.state).exists() else []
        mails = [
            email.message_from_bytes(base64.b64decode(mail["message"]), policy=email.policy.default)
            for mail in taken if address in mail["recipients"]
        ]
        return [found for mail in mails for found in re.findall(pattern, mail.get_body(("plain",)).get_content())]

    def links(self, address, purpose):
        return self.found(address, rf"(https?://\S+/#/link/{purpose}\?token=[A-Za-z0-9_.~-]+)")

    def code(self, address, number):
        """The login code of that number, once it came."""
        pattern = r"Your code is (\d{6})\b"
        eventually(lambda: len(self.found(address, pattern)) >= number, 30, f"code {number}")
        return self.found(address, pattern)[number - 1]

    def link(self, address, purpose, number=1):
        """The link of that number, once it came."""
        eventually(lambda: len(self.links(address, purpose)) >= number, 30, f"link {number} for {purpose}")
        return self.links(address, purpose)[number - 1]


@pytest.fixture(scope="module")
def mailbox(system, gateway, ann):
    """The operator's mail goes there, with links to the gateway's own pages."""
    made = Mailbox(system)
    tenant = me(gateway, ann.token())["tenant_id"]
    settings = json.dumps({"host": "127.0.0.1", "port": made.port, "security": "none", "from": "isp@example.net"})
    system.sql(
        "INSERT INTO notice_providers (tenant_id, channel, kind, name, settings, position) VALUES "
        f"('{tenant}', 'email', 'smtp', 'mail {secrets.token_hex(4)}', '{settings}', 100)"
    )
    notifier = system.notifier("notifier-links", NEXORA_NOTICES_PAGES=gateway.url, NEXORA_NOTICES_INTERVAL="50ms")
    notifier.start()
    yield made
    notifier.terminate()
    system.sql(f"DELETE FROM notice_providers WHERE tenant_id = '{tenant}'")
    made.process.terminate()


class Somebody:
    """An account that was just invited; whoever accepts chooses a password."""

    def __init__(self, gateway, ann):
        self.email = f"link-{secrets.token_hex(4)}@example.net"
        self.password = f"a fine long phrase {secrets.token_hex(4)}"
        token = ann.token()
        wanted = {
            "tenant_id": me(gateway, token)["tenant_id"], "email": self.email, "name": "Somebody New", "role": "tenant_admin",
        }
        status, answer = gateway.call("POST", "/api/v1/users", wanted, token)
        assert status == 201, answer
        self.id = answer["data"]["id"]


def me(gateway, token):
    status, answer = gateway.call("GET", "/api/v1/auth/me", token=token)
    assert status == 200, answer
    return answer["data"]


def open_link(page, link):
    """Opens it as who clicks in a mail does; afterwards its token stands nowhere in the browser's address."""
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function("() => !location.href.includes('token')")
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])") == "[{},{}]"


def choose(page, password, again=None):
    page.get_by_label("New password").fill(password)
    page.get_by_label("The same once more").fill(password if again is None else again)


@pytest.fixture(scope="module")
def somebody(chromium, gateway, ann, mailbox):
    """Has accepted an invitation in the browser."""
    made = Somebody(gateway, ann)
    page = chromium.page(gateway.url, viewport={"width": 1280, "height": 900})
    open_link(page, mailbox.link(made.email, "invite"))
    page.get_by_label("Your name").fill("Ada Lovelace")
    choose(page, made.password)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Welcome. Sign in with your new password.")).to_be_visible()
    made.page_complaints = list(page.complaints)
    page.context.close()
    return made


# proves: IAM-10 NTF-04
def test_an_invitation_is_accepted_with_a_name_and_a_password(gateway, somebody):
    status, answer = gateway.call("POST", "/api/v1/auth/login", {"email": somebody.email, "password": somebody.password})
    assert status == 200 and answer["data"]["user"]["name"] == "Ada Lovelace"
    assert answer["data"]["user"]["email_verified_at"] is not None
    assert not somebody.page_complaints


# proves: IAM-10
def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(page, gateway, mailbox, somebody):
    page.goto("/")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(somebody.email)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("status").filter(has_text="a link to choose a new password is on its way")).to_be_visible()
    link = mailbox.link(somebody.email, "reset_password")
    open_link(page, link)
    choose(page, "short", "shorter")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("The two passwords are not the same.")
    choose(page, "short")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("The password must have at least")
    assert accessibility_faults(page) == [] and overflows(page) <= 0
    somebody.password = f"another fine phrase {secrets.token_hex(4)}"
    choose(page, somebody.password)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("The password is set. Sign in with it.")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("E-mail").fill(somebody.email)
    page.get_by_label("Password").fill(somebody.password)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Find a subscriber")).to_be_visible()
    # The same link again opens nothing, and says how one gets another.
    open_link(page, link)
    choose(page, "yet another long phrase of mine")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("works no more")
    page.get_by_role("link", name="Send me another link").click()
    expect(page.get_by_role("heading", name="Forgot your password?")).to_be_visible()


# proves: IAM-10
def test_an_address_is_confirmed_by_a_button_once(page, system, gateway, mailbox, somebody):
    # As after a change of the address.
    system.sql(f"UPDATE users SET email_verified_at = NULL WHERE id = '{somebody.id}'")
    status, answer = gateway.call("POST", "/api/v1/auth/login", {"email": somebody.email, "password": somebody.password})
    assert status == 200, answer
    token = answer["data"]["access_token"]
    assert gateway.call("POST", "/api/v1/auth/verify-email/request", token=token)[0] == 202
    link = mailbox.link(somebody.email, "verify_email")
    open_link(page, link)
    # That a program looks at a mail's links confirms nothing.
    assert me(gateway, token)["email_verified_at"] is None
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("The address is confirmed.")).to_be_visible()
    assert me(gateway, token)["email_verified_at"] is not None
    open_link(page, link)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert")).to_contain_text("works no more")
    expect(page.get_by_role("link", name="Sign in to be sent another")).to_be_visible()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_links_that_lead_nowhere_say_so_and_fit(chromium, gateway, direction):
    page = chromium.page(gateway.url, viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    for place, words in [
        ("#/link/reset_password", "not here any more"), ("#/link/nonsense?token=x", "no such link"),
        ("#/link/invite?token=cut-off", None), ("#/link/verify_email?token=x", None), ("#/forgot", None),
    ]:
        page.goto("about:blank")
        page.goto(f"/{place}")
        page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if words:
            expect(page.get_by_role("alert")).to_contain_text(words)
        assert "token" not in page.evaluate("location.href")
        assert accessibility_faults(page) == [] and overflows(page) <= 0, place
    page.context.close()


def test_the_focus_is_where_the_next_key_belongs(page, gateway):
    page.goto("/#/link/reset_password?token=x")
    expect(page.get_by_label("New password")).to_be_focused()
    page.goto("/#/forgot")
    expect(page.get_by_label("E-mail")).to_be_focused()


# proves: IAM-09
def test_a_code_by_mail_is_a_second_factor(page, system, gateway, mailbox, somebody):
    def sign_in():
        page.goto("/")
        page.get_by_label("E-mail").fill(somebody.email)
        page.get_by_label("Password").fill(somebody.password)
        page.keyboard.press("Enter")

    sign_in()
    expect(page.get_by_label("Find a subscriber")).to_be_visible()
    page.get_by_role("link", name="My account").click()
    page.get_by_text("By e-mail: begin with it").click()
    page.locator("#email-password").fill(somebody.password)
    page.get_by_role("button", name="Send me a code").first.click()
    page.locator("#email-code").fill(mailbox.code(somebody.email, 1))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Keep these recovery codes")).to_be_visible()
    assert accessibility_faults(page) == [] and overflows(page) <= 0
    page.get_by_role("button", name="Sign out").click()
    # Half a minute between two codes is not waited for here.
    system.sql(f"UPDATE login_codes SET created_at = created_at - interval '1 minute' WHERE user_id = '{somebody.id}'")
    sign_in()
    page.get_by_role("button", name="Send a code by e-mail").click()
    page.get_by_label("The code that was sent").fill(mailbox.code(somebody.email, 2))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_label("Find a subscriber")).to_be_visible()
    assert system.sql(f"SELECT count(*) FROM login_codes WHERE user_id = '{somebody.id}' AND sealed_code IS NOT NULL") == [["0"]]
