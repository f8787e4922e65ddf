"""api-gateway as its clients see it, and somebody of every role who may call it."""

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request

from processes import free_port
from system import ROOT, Daemon

UNLIMITED = {
    f"NEXORA_LIMITS_{name}": "0" for name in ("ADDRESS", "BURST", "CLIENT", "LOGINS", "SUSPICIOUS", "TENANT")
}
# Where somebody of a role is at home; the others are people of the provider.
HOMES = {"super_admin": "operator", "reseller": "reseller"}
ROLES = (
    "super_admin", "intercept_officer", "tenant_admin", "provider", "reseller", "operator", "noc_engineer", "support",
    "technician", "viewer", "customer",
)


class Gateway:
    """The daemon and who is signed in."""

    def __init__(self, system, **settings):
        self.system = system
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = None
        # Whether it believes us where we come from.
        self.has_places = False
        self.daemon = system._register(Daemon("gateway", "api-gateway", system, UNLIMITED | {
            "NEXORA_KEYRING_PATH": str(system.keyring), "NEXORA_HTTP_PORT": str(self.port),
            "NEXORA_WEB_PATH": str(ROOT / "Services/web"),
        } | settings))
        self.daemon.start()

    def __call__(self, method, path, body=None, status=200, **headers):
        """Headers and body (read as JSON where it is some) of a request, which must end with that status."""
        got, fields, text = self.ask(method, path, body, **headers)
        assert got == status, f"{method} {path}: {got} {text[:500]}"
        if "json" in (fields["Content-Type"] or "") and "ndjson" not in fields["Content-Type"]:
            return json.loads(text), fields
        return text, fields

    def ask(self, method, path, body=None, **headers):
        """Status, headers and text of a request, whatever they are."""
        data = None
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token and not {"Authorization", "X-API-Key"} & headers.keys():
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def bootstrap(self):
        """Signs the system's administrator in; returns the secret that made him one, which is used up."""
        self.email, self.password, secret = administrator(self.system, self.url)
        signed_in = self.sign_in(self.email)
        assert signed_in["user"]["role"] == "super_admin"
        self.token = signed_in["access_token"]
        return secret

    def sign_in(self, email, tenant=None):
        """access_token, refresh_token and user of a login."""
        body = {"email": email, "password": self.password} | ({"tenant": tenant} if tenant else {})
        headers = {"Authorization": ""}
        if self.has_places:
            headers["X_Forwarded_For"] = f"198.51.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
        status, _, text = self.ask("POST", "/api/v1/auth/login", body, **headers)
        if status == 403 and (challenge := json.loads(text).get("challenge")):
            # Others failed from this address before.
            body["solution"] = solution(challenge)
        elif status == 200:
            return json.loads(text)["data"]
        return self("POST", "/api/v1/auth/login", body, **headers)[0]["data"]


def administrator(system, url):
    """Email and password of the system's first administrator, and the secret that he chose it with: made once, there is one."""
    if not system.administrator:
        email, password = "ann@operator.example", f"correct horse {secrets.token_hex(6)}"
        secret = json.loads(system.nexora("bootstrap", "--admin", email, "--json"))["adminSecret"]
        body = json.dumps({"token": secret, "password": password}).encode()
        request = urllib.request.Request(
            url + "/api/v1/auth/password/reset", body, {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 204
        system.administrator = (email, password, secret)
    return system.administrator


def solution(challenge):
    """What an attempt to sign in brings: as ALTCHA's clients make it."""
    salt = challenge["salt"]
    number = next(
        number for number in range(challenge["maxnumber"] + 1)
        if hashlib.sha256(f"{salt}{number}".encode()).hexdigest() == challenge["challenge"]
    )
    answer = {name: challenge[name] for name in ("algorithm", "challenge", "salt", "signature")} | {"number": number}
    return base64.b64encode(json.dumps(answer).encode()).decode()


class People:
    """Somebody of every role, all with the administrator's password. Needs a gateway with its administrator signed in."""

    def __init__(self, gateway, provider=None):
        self.gateway = gateway
        system = gateway.system
        demo = f"SELECT tenant_id FROM services WHERE username = '{system.user}'"
        self.provider = provider or system.sql(demo)[0][0]
        self.operator = system.sql("SELECT id FROM tenants WHERE kind = 'operator'")[0][0]
        self.reseller = gateway("POST", "/api/v1/tenants", {
            "kind": "reseller", "parent_id": self.provider, "name": "Shop", "subdomain": f"shop{secrets.token_hex(4)}",
        }, 201)[0]["data"]["id"]
        self.customer = gateway("POST", "/api/v1/customers", {
            "tenant_id": self.provider, "name": "Carl", "phone": "+49 30 2", "address": "Allee 2",
        }, 201)[0]["data"]["id"]

    def home(self, role):
        return getattr(self, HOMES.get(role, "provider"))

    def make(self, role):
        """Makes somebody of that role; returns his e-mail address and id."""
        email, tenant = f"{role}-{secrets.token_hex(4)}@example.net", self.home(role)
        if role == "super_admin":
            # Nobody may make his equal over HTTP.
            return self.gateway.email, self.gateway("GET", "/api/v1/auth/me")[0]["data"]["id"]
        wanted = {"tenant_id": tenant, "email": email, "name": f"A {role}", "role": role}
        if role == "customer":
            wanted["customer_id"] = self.customer
        made = self.gateway("POST", "/api/v1/users", wanted, 201)[0]["data"]
        self.gateway.system.sql(
            "UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE role = 'super_admin' "
            f"AND password_hash IS NOT NULL LIMIT 1) WHERE id = '{made['id']}'"
        )
        return email, made["id"]

    def sign_in(self, role):
        """The login of somebody new of that role."""
        return self.gateway.sign_in(self.make(role)[0], self.home(role))
