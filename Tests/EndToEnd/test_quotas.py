"""A quota that runs out, from the accounting packet to the next login."""

import secrets

import pytest

from gateway import Gateway, People
from processes import eventually
from radius_clients import radclient


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    made.token = People(made).sign_in("tenant_admin")["access_token"]
    return made


class Subscriber:
    """Somebody on a plan with one quota, and his one session."""

    def __init__(self, system, gateway, quota):
        self.system, self.gateway = system, gateway
        self.name = f"quota-{secrets.token_hex(4)}"
        plan = gateway("POST", "/api/v1/service-plans", {
            "name": f"Metered {secrets.token_hex(4)}", "download_bps": 50_000_000, "upload_bps": 10_000_000, "price": "20",
        }, 201)[0]["data"]["id"]
        _, fields = gateway("GET", f"/api/v1/service-plans/{plan}/quotas")
        gateway("PUT", f"/api/v1/service-plans/{plan}/quotas", {"quotas": [{"name": "Fair use"} | quota]},
                **({"If-Match": fields["ETag"]} if fields["ETag"] else {}))
        customer = gateway("POST", "/api/v1/customers", {
            "name": f"Metered {secrets.token_hex(4)}", "phone": "+49 30 4", "address": "Allee 4",
        }, 201)[0]["data"]["id"]
        self.id = gateway("POST", "/api/v1/services", {
            "customer_id": customer, "plan_id": plan, "username": self.name,
        }, 201)[0]["data"]["id"]
        self.password = gateway("POST", f"/api/v1/services/{self.id}/credentials/generate")[0]["data"]["password"]

    def answer(self):
        """The answer to a login: its name and its attributes."""
        return radclient(self.system.radius.auth_port, "auth", self.system.secret, {
            "User-Name": self.name, "User-Password": self.password, "NAS-Port": 9,
            "Calling-Station-Id": "02-00-00-00-88-01", "Message-Authenticator": "0x00",
        })

    def login(self):
        """The name of the answer to a login."""
        return self.answer()[0]

    def report(self, status, octets, seconds):
        radclient(self.system.radius.acct_port, "acct", self.system.secret, {
            "User-Name": self.name, "Acct-Status-Type": status, "Acct-Session-Id": self.name, "NAS-Port": 9,
            "Calling-Station-Id": "02-00-00-00-88-01", "Acct-Session-Time": seconds, "Acct-Output-Octets": octets,
        })

    def quota(self):
        return self.gateway("GET", f"/api/v1/services/{self.id}/quota")[0]["data"]


# proves: FUP-01 FUP-03 FUP-11
def test_who_used_his_volume_up_is_told_thrice_and_kept_out_until_he_has_more(system, gateway):
    with system.tail("--from-start", "--subject", "quota.crossed.>") as tail:
        metered = Subscriber(system, gateway, {"allowance": 1_000_000, "span": "month", "policy": "block"})
        eventually(lambda: metered.login() == "Access-Accept", 30, metered.login)
        metered.report("Start", 0, 0)
        metered.report("Interim-Update", 850_000, 60)
        eventually(lambda: metered.quota()["quotas"][0]["used"] == 850_000, 30, metered.quota)
        assert metered.login() == "Access-Accept"
        metered.report("Interim-Update", 1_000_001, 120)
        eventually(lambda: metered.login() == "Access-Reject", 30, metered.quota)
        tail.wait_for(lambda seen: seen["event"]["data"].get("serviceId") == metered.id
                      and seen["event"]["data"].get("threshold") == 100)
    told = [seen["event"]["data"]["threshold"] for seen in tail.seen if seen["event"]["data"].get("serviceId") == metered.id]
    assert told == [80, 95, 100]
    # More volume lets him in again.
    quota = metered.quota()["quotas"][0]["quota_id"]
    gateway("POST", f"/api/v1/services/{metered.id}/quota-top-ups", {"quota_id": quota, "grant": 1_000_000}, 202)
    eventually(lambda: metered.login() == "Access-Accept", 30, metered.quota)


# proves: FUP-01 FUP-03
def test_a_login_is_bounded_by_the_time_that_is_left(system, gateway):
    metered = Subscriber(system, gateway, {"resource": "seconds", "allowance": 10_000, "span": "month", "policy": "block"})

    def left():
        name, attributes = metered.answer()
        return int(attributes["Session-Timeout"]) if name == "Access-Accept" and "Session-Timeout" in attributes else None

    # Of a window in which nothing was used all is left.
    eventually(lambda: left() == 10_000, 30, metered.answer)
    metered.report("Start", 0, 0)
    metered.report("Interim-Update", 0, 9_000)
    eventually(lambda: left() == 1_000, 30, metered.answer)
    metered.report("Interim-Update", 0, 10_000)
    eventually(lambda: metered.login() == "Access-Reject", 30, metered.quota)
