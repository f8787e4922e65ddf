"""A boost, from the customer's wish through the wallet to the next login, and back."""

import secrets

import pytest

from gateway import Gateway, People
from processes import eventually
from radius_clients import radclient


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system, NEXORA_LIMITS_PAYMENTS="0")
    made.bootstrap()
    made.token = People(made).sign_in("tenant_admin")["access_token"]
    return made


class Subscriber:
    """Somebody with an active subscription of 30 a month, and a plan of 60 that he could have."""

    def __init__(self, system, gateway):
        self.system, self.gateway = system, gateway
        self.name = f"boost-{secrets.token_hex(4)}"
        self.plan = self.make_plan("Usual", 10, 5, "30")
        self.fast = self.make_plan("Fast", 90, 30, "60")
        self.customer = gateway("POST", "/api/v1/customers", {
            "name": f"Fast {secrets.token_hex(4)}", "phone": "+49 30 5", "address": "Allee 5",
        }, 201)[0]["data"]["id"]
        self.id = gateway("POST", "/api/v1/services", {
            "customer_id": self.customer, "plan_id": self.plan, "username": self.name,
        }, 201)[0]["data"]["id"]
        self.password = gateway("POST", f"/api/v1/services/{self.id}/credentials/generate")[0]["data"]["password"]
        self.subscription = gateway("POST", "/api/v1/subscriptions", {
            "service_id": self.id, "cycle": {"unit": "month", "count": 1}, "mode": "prepaid",
        }, 201)[0]["data"]["id"]
        gateway("POST", f"/api/v1/subscriptions/{self.subscription}/activate")
        self.top_up("30")
        eventually(lambda: self.state() == "active", 60, self.state)

    def make_plan(self, name, download, upload, price):
        return self.gateway("POST", "/api/v1/service-plans", {
            "name": f"{name} {secrets.token_hex(4)}", "download_bps": download * 1_000_000, "upload_bps": upload * 1_000_000,
            "price": price,
        }, 201)[0]["data"]["id"]

    def state(self):
        return self.gateway("GET", f"/api/v1/subscriptions/{self.subscription}")[0]["data"]["state"]

    def top_up(self, amount):
        self.gateway("POST", f"/api/v1/customers/{self.customer}/top-ups", {"amount": amount, "method": "manual"}, 201,
                     Idempotency_Key=secrets.token_hex(12), Prefer="wait=20")

    def balance(self):
        return self.gateway("GET", f"/api/v1/customers/{self.customer}/wallets")[0]["data"][0]["balance"]

    def boost(self, id):
        return self.gateway("GET", f"/api/v1/boosts/{id}")[0]["data"]

    def speed(self):
        """What a login's answer says of speeds; nil where it is refused."""
        return radclient(self.system.radius.auth_port, "auth", self.system.secret, {
            "User-Name": self.name, "User-Password": self.password, "NAS-Port": 9,
            "Calling-Station-Id": "02-00-00-00-88-05", "Message-Authenticator": "0x00",
        })[1].get("Mikrotik-Rate-Limit")


# proves: BST-01 BST-02 BST-03 BST-05 BST-06 BST-07
def test_a_boost_is_paid_from_the_wallet_makes_logins_faster_and_ends(system, gateway):
    with system.tail("--from-start", "--subject", "access.changed.>") as tail:
        fast = Subscriber(system, gateway)
        usual = '"5M/10M"'
        eventually(lambda: fast.speed() == usual, 30, fast.speed)
        wish = {"subscription_id": fast.subscription, "plan_id": fast.fast, "days": 2}
        # 30 more a month: 1 a day.
        assert gateway("POST", "/api/v1/boosts/quote", wish)[0]["data"]["price"] == "2.0000"
        boost = gateway("POST", "/api/v1/boosts", wish, 201, Idempotency_Key=secrets.token_hex(12))[0]["data"]["id"]
        gateway("POST", f"/api/v1/boosts/{boost}/approve", Idempotency_Key=secrets.token_hex(12))
        # There is no money, and he is not faster for it.
        eventually(lambda: fast.boost(boost)["refusal"] == "insufficient", 30, lambda: fast.boost(boost))
        assert fast.boost(boost)["state"] == "approved" and fast.speed() == usual
        fast.top_up("5")
        eventually(lambda: fast.boost(boost)["state"] == "active", 60, lambda: fast.boost(boost))
        eventually(lambda: fast.speed() == '"30M/90M"', 30, fast.speed)
        assert fast.balance() == "3.0000"
        # Its days are over.
        system.sql(f"UPDATE services SET boosted_until = '2026-01-02' WHERE id = '{fast.id}'")
        system.sql(
            "UPDATE boosts SET period_start = '2026-01-01', period_end = '2026-01-02', next_action_at = '2026-01-02'"
            f" WHERE id = '{boost}'"
        )
        eventually(lambda: fast.boost(boost)["state"] == "expired", 30, lambda: fast.boost(boost))
        eventually(lambda: fast.speed() == usual, 30, fast.speed)
        assert fast.balance() == "3.0000"
        tail.wait_for(lambda seen: seen["event"]["data"].get("serviceId") == fast.id
                      and seen["event"]["data"].get("effect") == "EFFECT_RESTORED"
                      and seen["event"]["data"].get("cause") == "CAUSE_BOOST")
    told = [seen["event"]["data"]["effect"] for seen in tail.seen
            if seen["event"]["data"].get("serviceId") == fast.id and seen["event"]["data"].get("cause") == "CAUSE_BOOST"]
    assert told == ["EFFECT_BOOSTED", "EFFECT_RESTORED"]
