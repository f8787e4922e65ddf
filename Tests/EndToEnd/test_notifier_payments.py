"""Customers are told of their money and of their new service, users of another password: from the request to the mail."""

import json
import secrets

import pytest

from gateway import Gateway, People
from mail_peers import MailBox
from processes import eventually

PAGES = "https://my.example.net"


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system, NEXORA_LIMITS_PAYMENTS="0")
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def people(gateway):
    return People(gateway)


@pytest.fixture(scope="module")
def notifier(system):
    daemon = system.notifier("notifier-payments", NEXORA_NOTICES_PAGES=PAGES, NEXORA_NOTICES_INTERVAL="50ms")
    daemon.start()
    yield daemon
    daemon.terminate()


@pytest.fixture(scope="module")
def box(system, people):
    """The provider's only way to send e-mail."""
    made = MailBox()
    settings = json.dumps({"host": "127.0.0.1", "port": made.port, "security": "none", "from": "isp@example.net"})
    system.sql(
        "INSERT INTO notice_providers (tenant_id, channel, kind, name, settings, position) VALUES "
        f"('{people.provider}', 'email', 'smtp', 'mail {secrets.token_hex(4)}', '{settings}', 100) RETURNING id"
    )
    yield made
    system.sql(f"DELETE FROM notice_providers WHERE tenant_id = '{people.provider}'")
    made.close()


@pytest.fixture
def customer(gateway, people):
    """Id and address of a customer."""
    address = f"payer-{secrets.token_hex(4)}@example.net"
    made = gateway("POST", "/api/v1/customers", {
        "tenant_id": people.provider, "name": "Payer", "phone": "+49 30 3", "address": "Allee 3", "email": address,
    }, 201)[0]["data"]
    return made["id"], address


def post(gateway, path, body, status=201, key=None):
    return gateway("POST", f"/api/v1/{path}", body, status, Idempotency_Key=key or secrets.token_hex(12), Prefer="wait=20")[0]["data"]


def arrived(box, address, count=1, about=""):
    """Subject and text of the mails of such a subject that an address got, once there are so many."""
    def taken():
        mails = [(str(mail["Subject"]), mail.get_body(("plain",)).get_content()) for _, _, mail in box.mails(address)]
        return [mail for mail in mails if about in mail[0]]

    found = eventually(lambda: len(mails := taken()) >= count and mails, 30, f"the mail for {address}")
    assert len(found) == count
    return found


def states(system, recipient):
    return system.sql(f"SELECT kind, state FROM notices WHERE recipient_id = '{recipient}' AND channel = 'email' ORDER BY kind, id")


# proves: NTF-04 PAY-16
def test_a_top_up_is_told_once_with_its_amount_and_the_balance(system, gateway, customer, box, notifier):
    id, address = customer
    key, body = secrets.token_hex(12), {"amount": "25.50", "method": "manual"}
    assert post(gateway, f"customers/{id}/top-ups", body, key=key)["payment"]["status"] == "completed"
    (subject, text), = arrived(box, address)
    assert "€25.50" in subject and text.count("€25.50") >= 2
    # Sent again it is the same payment.
    post(gateway, f"customers/{id}/top-ups", body, key=key)
    post(gateway, f"customers/{id}/top-ups", {"amount": "4.50", "method": "manual"})
    last, text = arrived(box, address, 2)[1]
    assert "€4.50" in last and "€30.00" in text
    eventually(lambda: states(system, id) == [["payment_received", "sent"]] * 2, 30, lambda: str(states(system, id)))


# proves: NTF-04 PAY-16
def test_a_payment_that_failed_is_told_with_the_reason_and_one_that_was_cancelled_is_not(system, gateway, customer, box, notifier):
    id, address = customer
    made = [post(gateway, "payments", {"customer_id": id, "amount": amount, "method": "card"})["id"] for amount in ("7", "8")]
    post(gateway, f"payments/{made[0]}/cancel", None, 200)
    post(gateway, f"payments/{made[1]}/fail", {"reason": "The card was declined."}, 200)
    (subject, text), = arrived(box, address)
    assert "€8.00" in subject and "The card was declined." in text
    eventually(lambda: states(system, id) == [["payment_failed", "sent"]], 30, lambda: str(states(system, id)))


# proves: NTF-04 LCY-03
def test_a_new_service_welcomes_its_customer_without_its_password(system, gateway, people, customer, box, notifier):
    id, address = customer
    plan, = system.sql(f"SELECT plan_id FROM services WHERE username = '{system.user}'")[0]
    name = f"new-{secrets.token_hex(4)}"
    service = post(gateway, "services", {"customer_id": id, "plan_id": plan, "username": name, "status": "pending"})["id"]
    provisioner = system.provisioner(f"provisioner-{secrets.token_hex(3)}", NEXORA_LIFECYCLE_INTERVAL="100ms")
    provisioner.start()
    run = post(gateway, "service-lifecycle/activate", {"service_id": service}, 202)["id"]
    path = f"/api/v1/service-lifecycle/runs/{run}"
    eventually(lambda: gateway("GET", path)[0]["data"]["state"] == "completed", 30, lambda: str(gateway("GET", path)[0]))
    (_, text), = arrived(box, address)
    assert name in text and PAGES not in text, "nobody may sign in for this customer"
    password = gateway("POST", f"/api/v1/services/{service}/credentials/reveal")[0]["data"]["password"]
    assert password not in text
    # That its logins are let be is no news to who was never told that they were not.
    eventually(lambda: ["welcome", "sent"] in states(system, id), 30, lambda: str(states(system, id)))
    provisioner.terminate()
    assert len(box.mails(address)) == 1


# proves: NTF-04 IAM-10
def test_another_password_is_told_to_its_user(system, gateway, people, box, notifier):
    address, id = people.make("viewer")
    token = gateway.sign_in(address, people.provider)["access_token"]
    wanted = {"current_password": gateway.password, "password": f"another horse {secrets.token_hex(6)}"}
    gateway("POST", "/api/v1/auth/password", wanted, 204, Authorization=f"Bearer {token}")
    # The account was invited by mail as well, where that was sent before its link was void.
    (_, text), = arrived(box, address, about="Your password was changed")
    assert "127.0.0.1" in text and not any(password in text for password in wanted.values())
    eventually(lambda: ["password_changed", "sent"] in states(system, id), 30, lambda: str(states(system, id)))
    # Nobody is told of a wrong one that was refused.
    gateway("POST", "/api/v1/auth/password", wanted, 401, Authorization=f"Bearer {token}")
    assert [kind for kind, _ in states(system, id)].count("password_changed") == 1
