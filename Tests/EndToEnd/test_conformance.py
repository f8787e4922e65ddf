"""The description of the API against what is served: openapi-spec-validator, and every check of schemathesis in every role."""

import itertools
import os
import re
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from gateway import ROLES, Gateway, People

SEED = os.environ.get("E2E_SEED", "1")
# They end the session that a run proves itself with: a run of their own, with a session of its own, is about them.
ENDING = ("logout", "logoutEverywhere", "endMySession")

CONFIGURATION = f"""
hooks = "{Path(__file__).with_name('schemathesis_checks.py')}"

[generation]
# It signs in as we do: two proofs in one request are refused.
with-security-parameters = false

[checks]
# What comes without If-Match is answered 428 (RFC 6585 §3).
missing_required_header.expected-statuses = ["400", "401", "403", "404", "406", "415", "422", "428"]
# A precondition that fails is told before the body is read (RFC 9110 §13.2.1).
negative_data_rejection.expected-statuses = [
    "400", "401", "403", "404", "405", "406", "408", "409", "411", "412", "413", "414", "415", "422", "426", "428", "429", "431", "503"
]
# No schema says that a day has passed or a plan is not there: 400. refusals_of_what_is_described_name_a_rule refuses any
# other 400. 412: an ETag that is none of the row's; 426: an address that speaks WebSocket only.
positive_data_acceptance.expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "409", "412", "422", "426", "429", "503"]
"""


class World:
    def __init__(self, system):
        # Whoever signs in here comes from a place of his own: runs of schemathesis fail to, and their address has to wait.
        self.gateway = Gateway(system, NEXORA_HTTP_TRUSTED_PROXIES="127.0.0.1", **system.object_store())
        self.gateway.has_places = True
        self.gateway.bootstrap()
        self.numbers = itertools.count()
        self.document, _ = self.gateway("GET", "/api/v1/openapi.json")

    def home(self):
        """A provider of its own, with somebody and something in it: what one role breaks is no other's."""
        name = f"isp{secrets.token_hex(4)}"
        tenant = self.gateway("POST", "/api/v1/tenants", {"kind": "provider", "name": name, "subdomain": name}, 201)[0]["data"]["id"]
        people = People(self.gateway, tenant)
        plan = self.gateway("POST", "/api/v1/service-plans", {
            "tenant_id": tenant, "name": "Basic", "download_bps": 1_000_000, "upload_bps": 1_000_000, "price": "9.90",
        }, 201)[0]["data"]["id"]
        self.gateway("POST", "/api/v1/services", {
            "customer_id": people.customer, "plan_id": plan, "username": name, "static_ipv4": "192.0.2.7",
        }, 201)
        self.gateway("POST", "/api/v1/nas", {"tenant_id": tenant, "name": name, "address": f"10.9.{next(self.numbers)}.1"}, 201)
        return people

    def run(self, folder, proof, *arguments):
        (folder / "schemathesis.toml").write_text(CONFIGURATION)
        print("seed", SEED)
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"), "run", f"{self.gateway.url}/api/v1/openapi.json",
                *(("--header", proof) if proof else ()), "--checks", "all", "--seed", SEED, "--request-timeout", "20",
                "--no-color", "--no-shrink", "--warnings", "off", *arguments,
            ],
            cwd=folder, capture_output=True, text=True, timeout=600, check=False,
        )
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
        selected, existing = map(int, re.search(r"(\d+) selected / (\d+) total|Selected: (\d+)/(\d+)", done.stdout).groups()[:2])
        tested = int(re.search(r"Tested: (\d+)", done.stdout)[1])
        assert tested == selected and selected in (existing - len(ENDING), len(ENDING)), done.stdout


@pytest.fixture(scope="module")
def world(system):
    # Questions about breakers are its to answer.
    provisioner = system.provisioner("provisioner-conformance")
    provisioner.start()
    yield World(system)
    provisioner.terminate()


def leaving_out(operations):
    return [word for operation in operations for word in ("--exclude-operation-id", operation)]


# Fewer examples for who may do less: most of it is one refusal. Every role has every check, and every operation.
EXAMPLES = {"tenant_admin": ("fuzzing", 2)}


# proves: API-08
def test_the_document_is_valid_openapi(world):
    validate(world.document)


BY_ROLE = "test_schemathesis_finds_nothing"


def check(world, folder, role):
    """One role's run; what it found is raised."""
    phases, examples = EXAMPLES.get(role, ("fuzzing", 1))
    token = None
    if role == "super_admin":
        token = world.gateway.sign_in(world.gateway.email)["access_token"]
    elif role != "nobody":
        token = world.home().sign_in("tenant_admin" if role == "an API key" else role)["access_token"]
    proof = f"Authorization: Bearer {token}"
    if role == "an API key":
        me = world.gateway("GET", "/api/v1/auth/me", Authorization=f"Bearer {token}")[0]["data"]
        made = world.gateway("POST", "/api/v1/api-keys", {
            "name": "all of it", "scopes": me["permissions"],
        }, 201, Authorization=f"Bearer {token}")
        proof = f"X-API-Key: {made[0]['data']['text']}"
    world.run(folder, proof if token else None, "--phases", phases, "--max-examples", str(examples), *leaving_out(ENDING))
    if token and role != "an API key":
        # The run was about somebody who was let in, to its end. A key may have ended itself.
        name, _, value = proof.partition(": ")
        assert world.gateway.ask("GET", "/api/v1/auth/me", **{name.replace("-", "_"): value})[0] == 200


@pytest.fixture(scope="module")
def runs(world, request, tmp_path_factory):
    """The runs of the roles that are asked for, two at a time: each has a provider of its own."""
    asked = [item.callspec.params["role"] for item in request.session.items if getattr(item, "originalname", "") == BY_ROLE]
    with ThreadPoolExecutor(2) as pool:
        runs = {role: pool.submit(check, world, tmp_path_factory.mktemp("run"), role) for role in asked if role != "super_admin"}
        yield runs


# proves: API-08 API-13 API-02 IAM-33
@pytest.mark.parametrize("role", ["nobody", "an API key", *reversed(ROLES)])
def test_schemathesis_finds_nothing(world, runs, tmp_path, role):
    """Requests made of the description, good and bad: none breaks the server, and every answer is as described."""
    if role in runs:
        runs[role].result()
    else:
        # What he changes is everybody's.
        wait(runs.values())
        check(world, tmp_path, role)


# proves: API-08 IAM-06
def test_schemathesis_finds_nothing_about_the_end_of_a_session(world, tmp_path):
    token = world.home().sign_in("viewer")["access_token"]
    world.run(
        tmp_path, f"Authorization: Bearer {token}", "--phases", "coverage,fuzzing", "--max-examples", "5",
        *[word for operation in ENDING for word in ("--include-operation-id", operation)])
