"""Every e-mail of the product in every language, as a mail server that is not ours takes it and programs that are not ours read it."""

import base64
import json
import secrets
import ssl
import subprocess
from html.parser import HTMLParser

import dkim
import pytest

from gateway import Gateway
from mail_peers import MailBox
from processes import eventually

PAGES = "https://my.example.net"
LANGUAGES = ("en", "fr", "id", "ar")
NOON = 1_795_167_000_000_000
DAY = {"day": "2026-11-23"}
AMOUNT, SERVICE, PAGE = {"money": "249900 EUR"}, {"text": "ada.lovelace"}, {"url": "https://my.example.net/page?a=1&b=2"}
THEN, LATER = {"instant": str(NOON)}, {"instant": str(NOON + 86_400_000_000)}
LINK = {"url": {"url": "https://my.example.net/#/link?token=9f2b.x_y~z"}, "expires_at": LATER}
BILL = {"amount": AMOUNT, "bill": {"text": "B-2026-00417"}, "due_on": DAY, "days": {"count": "3"}, "url": PAGE}
QUOTA = {
    "service": SERVICE, "used": {"octets": "96000000000"}, "allowance": {"octets": "100000000000"}, "resets_at": LATER,
    "remaining": {"octets": "4000000000"},
}
BOOST = {"service": SERVICE, "plan": {"text": "Fibre <500> & more"}}
# What may be refused names a way to end it (docs/MAIL.md).
MAY_NOT_BE_REFUSED = {
    "verify_email", "reset_password", "invitation", "login_code", "welcome", "service_suspended", "service_restored",
    "account_locked", "password_changed", "api_key_created", "login_failures_spiked",
}
# All kinds with facts that they need, as notices.facts has them; and a text that must be read in the mail.
KINDS = {
    "verify_email": (LINK, "token=9f2b.x_y~z"),
    "reset_password": (LINK, "token=9f2b.x_y~z"),
    "invitation": (LINK | {"inviter": {"text": "Grace <Hopper>"}}, "token=9f2b.x_y~z"),
    "login_code": ({"code": {"text": "482913"}, "valid_for": {"duration": "600"}}, "482913"),
    "welcome": ({"username": SERVICE, "password": {"text": "k7w<mip&3xd"}, "plan": {"text": "Fibre 100"}}, "k7w<mip&3xd"),
    "payment_received": ({"amount": AMOUNT, "paid_at": THEN, "reference": {"text": "PAY-90817"}}, "PAY-90817"),
    "payment_failed": ({"amount": AMOUNT, "url": PAGE}, "page?a=1&b=2"),
    "bill_due": (BILL, "B-2026-00417"),
    "bill_overdue": (BILL, "B-2026-00417"),
    "wallet_low": ({"balance": {"money": "31500 EUR"}, "url": PAGE}, "page?a=1&b=2"),
    "quota_80": (QUOTA, "ada.lovelace"),
    "quota_95": (QUOTA, "ada.lovelace"),
    "quota_reached": (QUOTA, "ada.lovelace"),
    "boost_approved": (BOOST, "Fibre <500> & more"),
    "boost_rejected": (BOOST, "Fibre <500> & more"),
    "service_suspended": ({"service": SERVICE}, "ada.lovelace"),
    "service_restored": ({"service": SERVICE}, "ada.lovelace"),
    "account_locked": ({"failures": {"count": "5"}, "source": {"text": "203.0.113.7"}}, "203.0.113.7"),
    "password_changed": ({"at": THEN, "source": {"text": "203.0.113.7"}}, "203.0.113.7"),
    "api_key_created": ({"name": {"text": "Reporting"}, "at": THEN}, "Reporting"),
    "export_ready": ({"name": {"text": "customers-2026-11.xlsx"}, "url": PAGE}, "customers-2026-11.xlsx"),
    "export_failed": ({"name": {"text": "customers-2026-11.xlsx"}}, "customers-2026-11.xlsx"),
    "boost_requested": (BOOST, "Fibre <500> & more"),
    "device_offline": ({"device": {"text": "olt-harbour-2"}, "since": THEN}, "olt-harbour-2"),
    "device_online": ({"device": {"text": "olt-harbour-2"}, "at": THEN}, "olt-harbour-2"),
    "login_failures_spiked": ({"failures": {"count": "420"}, "window": {"duration": "300"}, "place": {"text": "nas-harbour"}}, "nas-harbour"),
    "pool_exhausted": ({"pool": {"text": "residential-4"}, "refused": {"count": "17"}}, "residential-4"),
    "licence_ended": ({"plan": {"text": "Small"}, "suspends_at": {"instant": "1795168800000000"}}, None),
    "licence_exceeded": ({"what": {"text": "sessions"}, "used": {"count": "1012"}, "allowed": {"count": "1000"}}, None),
    "webhook_disabled": ({"endpoint": {"text": "https://erp.example/hooks"}}, "https://erp.example/hooks"),
    "digest": ({"count": {"count": "37"}, "since": THEN, "items": {"text": "olt-harbour-2\nswitch-mill-1"}}, "switch-mill-1"),
    "announcement": ({"title": {"text": "Works in your street"}, "body": {"text": "You may be offline."}}, "You may be offline."),
    "test": ({"at": THEN}, None),
}


class Words(HTMLParser):
    """The words that a reader of HTML sees, and the attributes of its first element."""

    def __init__(self, html):
        super().__init__()
        self.text, self.root, self.links, self.open = [], {}, [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "html":
            self.root = dict(attributes)
        if tag == "a":
            self.links.append(dict(attributes)["href"])
        self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if not {"style", "title"} & set(self.open):
            self.text.append(data)

    def seen(self):
        return " ".join("".join(self.text).split())


class Key:
    """A key that signs mail, and what stands in DNS."""

    def __init__(self, folder, kind):
        self.kind, path = kind, folder / f"dkim-{secrets.token_hex(4)}.pem"
        options = ["-algorithm", "ED25519"] if kind == "ed25519" else ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        subprocess.run(["openssl", "genpkey", *options, "-out", path], check=True, capture_output=True)
        self.private = path.read_text()
        public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        # Of Ed25519 the raw key stands there (RFC 8463 §4.2): the end of its SubjectPublicKeyInfo.
        self.record = f"v=DKIM1; k={kind}; p={base64.b64encode(public[-32:] if kind == 'ed25519' else public).decode()}".encode()

    def verifies(self, octets, selector="s1", domain="example.net"):
        def lookup(name, timeout=5):
            return self.record if name.decode().rstrip(".") == f"{selector}._domainkey.{domain}" else None
        return dkim.verify(octets, dnsfunc=lookup)


def authority(folder):
    """A certificate of 127.0.0.1 that is its own authority."""
    key, certificate = folder / "mail-key.pem", folder / "mail-authority.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True)
    certificate.chmod(0o644)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def me(gateway):
    return gateway("GET", "/api/v1/auth/me")[0]["data"]


@pytest.fixture(scope="module")
def tls(system):
    return authority(system.folder)


@pytest.fixture(scope="module", autouse=True)
def notifier(system, gateway, tls):
    daemon = system.notifier(
        "notifier-mail", NEXORA_NOTICES_PAGES=PAGES, NEXORA_NOTICES_INTERVAL="50ms", NEXORA_NOTICES_AUTHORITIES=str(tls[0]))
    daemon.start()
    yield daemon
    daemon.terminate()


@pytest.fixture
def account(gateway):
    """Makes the tenant's only accounts with a mail server; they are gone afterwards."""
    made = []

    def make(box, secret=None, **settings):
        body = {
            "channel": "email", "kind": "smtp", "name": f"mail {secrets.token_hex(4)}", "settings": {
                "host": "127.0.0.1", "port": str(box.port), "security": "none", "from": "isp@example.net", "from_name": "Réseau Ñandú",
            } | settings,
        } | ({"secrets": secret} if secret else {})
        made.append(gateway("POST", "/api/v1/notices/providers", body, 201)[0]["data"]["id"])
        return made[-1]
    yield make
    for one in made:
        gateway("DELETE", f"/api/v1/notices/providers/{one}", status=204)


@pytest.fixture
def box():
    made = MailBox()
    yield made
    made.close()


def tell(system, me, kind, language, facts, cause=None):
    """A notice as the planner would write it, to an address of its own; returns the address."""
    address = f"{kind.replace('_', '-')}.{language}.{secrets.token_hex(3)}@example.org"
    facts = json.dumps(facts).replace("'", "''")
    system.sql(
        "INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, facts, next_at, expires_at) "
        f"VALUES ('{me['tenant_id']}', '{cause or secrets.token_hex(8)}', '{kind}', 'email', 'user', '{me['id']}', '{address}', "
        f"'{language}', '{facts}', clock_timestamp(), clock_timestamp() + interval '1 hour')")
    return address


def ended(system, address):
    """State and reason of the notice to an address."""
    return tuple(system.sql(f"SELECT state, coalesce(reason, '') FROM notices WHERE address = '{address}'")[0])


def arrived(system, box, addresses):
    def there():
        missing = set(addresses) - {recipient for recipient, _, _ in box.mails()}
        states = {ended(system, address) for address in list(missing)[:3]}
        assert not {state for state, _ in states} & {"failed", "dropped", "expired", "unknown"}, states
        return not missing
    eventually(there, 120, "the mails")


# proves: NTF-01 NTF-10
def test_every_mail_in_every_language_is_read_by_others(system, me, box, account):
    key = Key(system.folder, "rsa")
    account(box, {"dkim_key": key.private}, dkim_domain="example.net", dkim_selector="s1")
    sent = {(kind, language): tell(system, me, kind, language, facts)
            for kind, (facts, _) in KINDS.items() for language in LANGUAGES}
    arrived(system, box, sent.values())
    subjects = {}
    for (kind, language), address in sent.items():
        (_, octets, mail), = box.mails(address)
        where = f"{kind} in {language}"
        assert not mail.defects and not [part for part in mail.walk() if part.defects], where
        assert all(octet < 128 for octet in octets) and max(map(len, octets.split(b"\r\n"))) <= 998, where
        assert mail["From"].addresses[0].addr_spec == "isp@example.net" and mail["From"].addresses[0].display_name == "Réseau Ñandú"
        assert [one.addr_spec for one in mail["To"].addresses] == [address]
        assert mail["Content-Language"] == language and mail["Auto-Submitted"] == "auto-generated", where
        assert mail.get_content_type() == "multipart/alternative", where
        plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert [part.get_content_charset() for part in (plain, html)] == ["utf-8", "utf-8"], where
        text, words = plain.get_content(), Words(html.get_content())
        assert words.root["lang"] == language and words.root["dir"] == ("rtl" if language == "ar" else "ltr"), where
        assert any("\u0600" <= letter <= "\u06ff" for letter in text) == (language == "ar"), where
        expected = KINDS[kind][1]
        if expected:
            # Nothing is escaped twice, and in HTML nothing is markup that was a value.
            assert expected in text, f"{where}: {text}"
            assert expected in words.seen() or any(expected in link for link in words.links), f"{where}: {words.seen()}"
        for left in ("{{", "}}", "&amp;amp;", "&amp;lt;"):
            assert left not in text and left not in html.get_content(), where
        assert key.verifies(octets), f"{where}: DKIM"
        subjects.setdefault(kind, set()).add(mail["Subject"])
    assert all(all(said) for said in subjects.values())
    # Somebody wrote each of them in each language.
    assert {kind for kind, said in subjects.items() if len(said) < 3 and kind != "announcement"} == set()
    # The administrator may have been told of what else happened.
    ours = set(sent.values())
    assert len({mail["Message-ID"] for recipient, _, mail in box.mails() if recipient in ours}) == len(sent)


# proves: NTF-07
def test_what_may_be_refused_names_a_way_to_end_it(system, me, box, account):
    key = Key(system.folder, "rsa")
    account(box, {"dkim_key": key.private}, dkim_domain="example.net", dkim_selector="s1")
    sent = {kind: tell(system, me, kind, "en", facts) for kind, (facts, _) in KINDS.items() if kind != "test"}
    arrived(system, box, sent.values())
    for kind, address in sent.items():
        (_, octets, mail), = box.mails(address)
        if kind in MAY_NOT_BE_REFUSED:
            assert mail["List-Unsubscribe"] is None and mail["List-Unsubscribe-Post"] is None, kind
            continue
        assert mail["List-Unsubscribe"] and mail["List-Unsubscribe"].strip("<> ").startswith(PAGES), kind
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", kind
        # RFC 8058 §4: both are signed.
        signed = mail["DKIM-Signature"].replace(" ", "").lower().split("h=")[1].split(";")[0]
        assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(signed.split(":")), kind


# proves: NTF-01
@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_stock_verifier_believes_the_signature_and_nothing_that_was_changed(system, me, box, account, kind):
    key, other = Key(system.folder, kind), Key(system.folder, kind)
    account(box, {"dkim_key": key.private}, dkim_domain="example.net", dkim_selector="s1")
    address = tell(system, me, "boost_approved", "ar", KINDS["boost_approved"][0])
    arrived(system, box, [address])
    (_, octets, _), = box.mails(address)
    assert key.verifies(octets)
    assert not other.verifies(octets)
    assert not key.verifies(octets.replace(b"isp@example.net", b"jsp@example.net", 1))
    assert not key.verifies(octets.replace(b"Subject:", b"Subject: Re", 1))
    assert not key.verifies(octets + b"more\r\n")


# proves: NTF-01 SEC-04
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_tls_and_login_by_an_authority_of_ones_own(system, me, account, tls, security):
    options = {"tls_context": tls[1], "require_starttls": True} if security == "starttls" else {"ssl_context": tls[1]}
    # aiosmtpd does not count TLS from the first octet as TLS.
    box = MailBox({"nexora": "pä$$ wörd"}, auth_require_tls=security == "starttls", **options)
    try:
        account(box, {"password": "pä$$ wörd"}, security=security, username="nexora")
        address = tell(system, me, "test", "en", KINDS["test"][0])
        arrived(system, box, [address])
        assert box.logins and all(name == "nexora" and known for name, _, _, known in box.logins)
        assert len(box.mails(address)) == 1
    finally:
        box.close()


# proves: NTF-01 SEC-04
def test_nothing_is_said_to_a_server_that_nobody_vouches_for(system, me, account, tmp_path):
    _, stranger = authority(tmp_path)
    box = MailBox(tls_context=stranger, require_starttls=True)
    try:
        account(box, security="starttls")
        address = tell(system, me, "test", "en", KINDS["test"][0])
        eventually(lambda: ended(system, address)[1] == "tls_failed", 60, "the refusal")
        assert ended(system, address)[0] == "queued" and not box.taken
    finally:
        box.close()
        system.sql(f"UPDATE notices SET state = 'cancelled', next_at = NULL, ended_at = clock_timestamp() WHERE address = '{address}' AND state = 'queued'")


# proves: NTF-03
def test_a_wrong_password_costs_no_attempt(system, me, account, tls):
    box = MailBox({"nexora": "right"}, tls_context=tls[1], require_starttls=True)
    try:
        account(box, {"password": "wrong"}, security="starttls", username="nexora")
        address = tell(system, me, "test", "en", KINDS["test"][0])
        # Where the server is slow to say so it is a server that did not answer in time.
        eventually(lambda: ended(system, address) in {("queued", "login_refused"), ("queued", "timeout")}, 60, "the refusal")
        assert system.sql(f"SELECT attempts FROM notices WHERE address = '{address}'") == [["0"]] and not box.taken
    finally:
        box.close()
        system.sql(f"UPDATE notices SET state = 'cancelled', next_at = NULL, ended_at = clock_timestamp() WHERE address = '{address}' AND state = 'queued'")
