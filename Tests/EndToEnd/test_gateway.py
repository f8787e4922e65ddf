"""A customer's life over HTTP, from the first administrator's secret to the audit trail, against the whole system."""

import secrets

import pytest

from gateway import Gateway
from processes import eventually
from radius_clients import radclient


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    secret = made.bootstrap()
    made("POST", "/api/v1/auth/password/reset", {"token": secret, "password": secrets.token_urlsafe(18)}, 401)
    made("POST", "/api/v1/auth/login", {"email": made.email, "password": "wrong"}, 401)
    return made


# proves: IAM-02 CUS-01 CUS-09 RAD-15 RAD-16 AUD-07
def test_a_customers_life(system, gateway):
    provider = system.sql(f"SELECT tenant_id FROM services WHERE username = '{system.user}'")[0][0]
    plan, _ = gateway("POST", "/api/v1/service-plans", {
        "tenant_id": provider, "name": "Over HTTP", "download_bps": 20_000_000, "upload_bps": 5_000_000, "price": "9.90",
    }, 201)
    made, _ = gateway("POST", "/api/v1/subscribers", {
        "customer": {"tenant_id": provider, "name": "Zoe", "phone": "+49 30 1", "address": "Allee 1"},
        "service": {"plan_id": plan["data"]["id"], "username": "zoe-over-http"},
    }, 201, Idempotency_Key=secrets.token_hex(8))
    customer, service, password = made["data"]["customer"], made["data"]["service"], made["data"]["password"]
    assert customer["code"] and password

    # The running radius-server learns of her, and lets her in with the password that was told once.
    def logs_in():
        return radclient(system.radius.auth_port, "auth", system.secret, {
            "User-Name": "zoe-over-http", "User-Password": password, "NAS-Port": 77, "Message-Authenticator": "0x00",
        })[0] == "Access-Accept"

    eventually(logs_in, 20, "the login of a subscriber made over HTTP")
    explained, _ = gateway("POST", "/api/v1/explain", {"tenant_id": provider, "username": "zoe-over-http"})
    assert explained["data"]["explanation"]["outcome"] == "accept"

    session = f"http-{secrets.token_hex(4)}"
    radclient(system.radius.acct_port, "acct", system.secret, {
        "User-Name": "zoe-over-http", "Acct-Session-Id": session, "Acct-Status-Type": "Start", "NAS-Port": 77,
    })
    found = eventually(lambda: gateway(
        "GET", f"/api/v1/radius/sessions?filter=service_id:eq:{service['id']}&filter=is_open:eq:true")[0]["data"], 20, "the session")
    operation, fields = gateway("POST", f"/api/v1/radius/sessions/{found[0]['id']}/disconnect", status=202)
    assert gateway("GET", fields["Location"])[0]["data"]["state"] == "pending" == operation["data"]["state"]

    gateway("PUT", f"/api/v1/radius/subscribers/{service['id']}/suspend")
    eventually(lambda: not logs_in(), 20, "the refusal of a suspended subscriber")
    gateway("PUT", f"/api/v1/radius/subscribers/{service['id']}/resume")
    eventually(logs_in, 20, "the login of a subscriber who was let in again")

    path = f"/api/v1/customers/{customer['id']}"
    read, fields = gateway("GET", path)
    gateway("DELETE", path, status=409, If_Match=fields["ETag"])
    changed, fields = gateway("PATCH", path, {"tags": ["vip"]}, If_Match=fields["ETag"])
    assert changed["data"]["tags"] == ["vip"] and read["data"]["tags"] == []
    gateway("POST", path + "/notes", {"text": "Called, friendly."}, 201)
    listed, _ = gateway("GET", "/api/v1/customers?q=zoe&filter=tags:contains:vip&count=true")
    assert listed["meta"]["total"] == 1
    history, _ = gateway("GET", path + "/service-history")
    assert len(history["data"]) == 2
    text, _ = gateway("GET", "/api/v1/customers/export?format=csv&q=zoe&fields=code,name")
    assert text.splitlines()[0] == "code,name" and "Zoe" in text

    _, fields = gateway("GET", f"/api/v1/services/{service['id']}")
    gateway("PATCH", f"/api/v1/services/{service['id']}", {"status": "terminated"}, If_Match=fields["ETag"])
    _, fields = gateway("GET", path)
    gateway("DELETE", path, status=204, If_Match=fields["ETag"])
    gateway("GET", path, status=404)
    trail, _ = gateway("GET", f"/api/v1/audit-logs?resource_type=customer&resource_id={customer['id']}")
    assert [entry["action"] for entry in trail["data"]] == ["delete", "update", "create"]
    system.nexora("audit", "verify")


# proves: RAD-18 PLN-06 PLN-10
def test_a_profiles_speed_holds_at_the_next_login(system, gateway):
    """Made, given to a plan, changed, given hours, taken away: radius-server has it each time, without a restart."""
    provider, plan = system.sql(f"SELECT tenant_id, plan_id FROM services WHERE username = '{system.user}'")[0]
    path = f"/api/v1/service-plans/{plan}"

    def limit():
        name, attributes = radclient(system.radius.auth_port, "auth", system.secret, {
            "User-Name": system.user, "User-Password": system.user_password, "NAS-Port": 1, "Message-Authenticator": "0x00",
        })
        assert name == "Access-Accept"
        return attributes.get("Mikrotik-Rate-Limit")

    def becomes(wanted):
        eventually(lambda: limit() == wanted, 20, lambda: f"{wanted}, not {limit()}")

    def change(path, **members):
        _, fields = gateway("GET", path)
        return gateway("PATCH", path, members, If_Match=fields["ETag"])

    own = limit()
    made, _ = gateway("POST", "/api/v1/bandwidth-profiles", {
        "tenant_id": provider, "name": "Evening", "download_bps": 33_000_000, "upload_bps": 11_000_000,
    }, 201)
    profile = f"/api/v1/bandwidth-profiles/{made['data']['id']}"
    try:
        change(path, bandwidth_profile_id=made["data"]["id"])
        becomes('"11M/33M"')
        change(profile, download_bps=44_000_000)
        becomes('"11M/44M"')
        change(profile, windows=[{"days": "all", "start": "00:00", "end": "24:00", "download_bps": 55_000_000, "upload_bps": 22_000_000}])
        becomes('"22M/55M"')
        _, fields = gateway("GET", profile)
        gateway("DELETE", profile, status=409, If_Match=fields["ETag"])
    finally:
        change(path, bandwidth_profile_id=None)
    becomes(own)
    _, fields = gateway("GET", profile)
    gateway("DELETE", profile, status=204, If_Match=fields["ETag"])


# proves: IPAM-14
def test_a_fixed_address_is_given_at_the_next_login(system, gateway):
    provider, service = system.sql(f"SELECT tenant_id, id FROM services WHERE username = '{system.user}'")[0]
    pool, _ = gateway("POST", "/api/v1/network/ipam/pools", {
        "tenant_id": provider, "name": "fixed", "range": "10.77.0.0/24", "use": "ipv4"}, 201)

    def address():
        return radclient(system.radius.auth_port, "auth", system.secret, {
            "User-Name": system.user, "User-Password": system.user_password, "NAS-Port": 1, "Message-Authenticator": "0x00",
        })[1].get("Framed-IP-Address")

    given, _ = gateway("POST", "/api/v1/network/ipam/allocate", {
        "service_id": service, "pool_id": pool["data"]["id"]}, 201, Idempotency_Key=secrets.token_hex(8))
    assert given["data"]["address"] == "10.77.0.254/32"
    eventually(lambda: address() == "10.77.0.254", 20, "the fixed address")
    gateway("POST", "/api/v1/network/ipam/release", {"service_id": service, "force": True})
    eventually(lambda: address() != "10.77.0.254", 20, "the end of the fixed address")


def test_it_counts_what_it_serves(gateway):
    assert gateway.daemon.metric("http_requests_total") > 0
