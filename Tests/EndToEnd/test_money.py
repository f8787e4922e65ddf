"""Money through the whole system: a gateway, billing-worker, its ledger, and what proves it."""

import json
import secrets
import subprocess

import pytest

from gateway import Gateway, People
from processes import eventually
from system import programs


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system, NEXORA_LIMITS_PAYMENTS="0")
    made.bootstrap()
    people = People(made)
    made.token = people.sign_in("tenant_admin")["access_token"]
    return made


@pytest.fixture
def customer(gateway):
    body = {"name": f"Payer {secrets.token_hex(4)}", "phone": "+49 30 3", "address": "Allee 3"}
    return gateway("POST", "/api/v1/customers", body, 201)[0]["data"]["id"]


def post(gateway, path, body, status=201, key=None, wait=20):
    """The data of an answer to a command, under a key of its own unless one is given."""
    return gateway("POST", f"/api/v1/{path}", body, status, Idempotency_Key=key or secrets.token_hex(12),
                   Prefer=f"wait={wait}")[0]


def top_up(gateway, customer, amount, **more):
    return post(gateway, f"customers/{customer}/top-ups", {"amount": amount, "method": "manual"}, **more)["data"]


def wallet(gateway, customer):
    wallets = gateway("GET", f"/api/v1/customers/{customer}/wallets")[0]["data"]
    assert len(wallets) <= 1
    return wallets[0] if wallets else None


# proves: WAL-03 WAL-06 WAL-07 WAL-10 WAL-11 WAL-15 PAY-10
def test_money_comes_and_goes_once_however_often_it_is_asked(gateway, customer):
    assert wallet(gateway, customer) is None
    key = secrets.token_hex(12)
    first = top_up(gateway, customer, "25.50", key=key)
    assert first["payment"]["status"] == "completed" and first["transaction"]["balance_after"] == "25.5000"
    assert top_up(gateway, customer, "25.50", key=key) == first
    spent = post(gateway, f"customers/{customer}/debits", {"amount": "10", "description": "Installation"})["data"]
    poor = post(gateway, f"customers/{customer}/debits", {"amount": "15.5001"}, 422)
    assert poor["error"]["code"] == "INSUFFICIENT_FUNDS", poor
    back = post(gateway, f"transactions/{spent['transaction_id']}/refunds", {"amount": "4"})["data"]
    assert back["transaction_id"] != spent["transaction_id"]
    # No more than was taken, in whatever parts.
    post(gateway, f"transactions/{spent['transaction_id']}/refunds", {"amount": "6.0001"}, 422)
    kept = wallet(gateway, customer)
    assert (kept["balance"], kept["held"], kept["currency"]) == ("19.5000", "0.0000", "EUR")
    history = gateway("GET", f"/api/v1/wallets/{kept['id']}/transactions?limit=2")[0]
    assert [(row["type"], row["amount"]) for row in history["data"]] == [("credit", "4.0000"), ("debit", "10.0000")]
    older = gateway("GET", f"/api/v1/wallets/{kept['id']}/transactions?limit=2&cursor={history['meta']['next']}")[0]
    assert [row["balance_after"] for row in older["data"]] == ["25.5000"]


# proves: WAL-05 WAL-06 PLT-19
def test_what_is_asked_while_nobody_writes_the_ledger_is_done_when_somebody_does(system, gateway, customer):
    top_up(gateway, customer, "1")
    system.billing.kill()
    key = secrets.token_hex(12)
    asked = top_up(gateway, customer, "7", status=202, key=key, wait=1)
    assert asked["payment"]["status"] == "processing"
    system.billing.start()
    eventually(lambda: wallet(gateway, customer)["balance"] == "8.0000", 60, lambda: wallet(gateway, customer))
    told = top_up(gateway, customer, "7", key=key)
    assert told["payment"]["id"] == asked["payment"]["id"] and told["payment"]["status"] == "completed"
    assert wallet(gateway, customer)["balance"] == "8.0000"


# proves: INV-12 INV-15 INV-16
def test_a_subscription_is_paid_from_the_wallet_and_lets_its_service_in(system, gateway, customer):
    plan = gateway("POST", "/api/v1/service-plans", {
        "name": f"Flat {secrets.token_hex(4)}", "download_bps": 50_000_000, "upload_bps": 10_000_000, "price": "20",
    }, 201)[0]["data"]["id"]
    service = gateway("POST", "/api/v1/services", {
        "customer_id": customer, "plan_id": plan, "username": f"paid-{secrets.token_hex(4)}",
    }, 201)[0]["data"]["id"]
    made = gateway("POST", "/api/v1/subscriptions", {
        "service_id": service, "cycle": {"unit": "month", "count": 1}, "mode": "prepaid",
    }, 201)[0]["data"]["id"]
    gateway("POST", f"/api/v1/subscriptions/{made}/activate")

    def subscription():
        return gateway("GET", f"/api/v1/subscriptions/{made}")[0]["data"]

    def status():
        return gateway("GET", f"/api/v1/services/{service}")[0]["data"]["status"]

    # Prepaid and not paid: kept out.
    eventually(lambda: status() == "suspended", 30, status)
    top_up(gateway, customer, "30")
    # The money itself has the bill paid, and the bill the service let in.
    eventually(lambda: subscription()["state"] == "active", 60, subscription)
    eventually(lambda: status() == "active", 30, status)
    bills = gateway("GET", f"/api/v1/bills?subscription_id={made}")[0]["data"]
    assert [(bill["status"], bill["amount"]) for bill in bills] == [("paid", "20.0000")]
    assert wallet(gateway, customer)["balance"] == "10.0000"


# proves: WAL-04 WAL-12 WAL-13
def test_the_ledger_proves_itself_and_each_entry_to_anybody(system, gateway, customer):
    top_up(gateway, customer, "3.2100")
    account = wallet(gateway, customer)["id"]
    lanes = json.loads(system.nexora("ledger", "verify", "--json"))
    assert lanes and all(lane["whole"] for lane in lanes)
    proof = system.folder / "proof.json"

    def proven():
        done = subprocess.run(
            [programs() / "nexora", "ledger", "prove", account, "1", "--out", proof],
            env=system.command_environment(), capture_output=True, text=True, timeout=60, check=False,
        )
        # There is none before the first checkpoint behind it.
        return done.returncode == 0 or done.stdout + done.stderr
    eventually(lambda: proven() is True, 30, proven)
    key = json.loads(system.nexora("ledger", "key", "--json"))[0]["publicKey"]
    shown = json.loads(system.nexora("ledger", "check", proof, "--public-key", key, "--json"))
    assert shown["amount"].startswith("3.2100") and shown["account"] == account
    forged = system.folder / "forged.json"
    forged.write_text(proof.read_text().replace("3.2100", "9.2100"))
    assert forged.read_text() != proof.read_text()
    assert "does not hold" in system.nexora("ledger", "check", forged, "--public-key", key, code=1)


# proves: WAL-14
def test_the_worker_tells_what_is_in_the_wallets_and_that_the_books_are_right(system, gateway, customer):
    before = system.billing.metric("wallet_balance") or 0
    top_up(gateway, customer, "12")
    eventually(lambda: (system.billing.metric("wallet_balance") or 0) >= before + 12, 30, "the wallets' gauge")
    assert system.billing.metric("ledger_sum") == 0
    assert system.billing.metric("ledger_discrepancy") == 0
