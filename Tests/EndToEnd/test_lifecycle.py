"""Services from their activation to their end: what is asked for over HTTP and on the command line, carried out by provisioner
though it is killed, as their logins and the NAS of their sessions see it."""

import collections
import json
import random
import secrets

import pytest

from enforced import DISCONNECT_REQUEST, Provider, STOP
from gateway import Gateway
from processes import eventually
from radius_clients import accepted, rejected, within

PATH = "/api/v1/service-lifecycle"
STEPS = {
    "activate": ["eligibility", "credentials", "address", "subscription", "service", "router"],
    "suspend": ["eligibility", "subscription", "service", "router", "sessions"],
    "terminate": ["eligibility", "subscription", "service", "credentials", "router", "sessions"],
} | dict.fromkeys(("resume", "upgrade", "downgrade"), ["eligibility", "subscription", "service", "router"])
DONE, IDLE = ("done", None), lambda reason: ("skipped", reason)
NOBODY, UNROUTED = IDLE("nobody_online"), IDLE("no_router")


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture(scope="module")
def provisioner(system):
    made = system.provisioner(
        f"provisioner-{secrets.token_hex(3)}", NEXORA_COA_TRIES="1", NEXORA_COA_WAIT="500ms", NEXORA_COA_BREAKER_THRESHOLD="100",
        NEXORA_ENFORCEMENT_ATTEMPTS="20", NEXORA_ENFORCEMENT_RETRY="500ms", NEXORA_ENFORCEMENT_LONGEST_RETRY="500ms",
        NEXORA_ENFORCEMENT_CONFIRMATION="30s", NEXORA_LIFECYCLE_INTERVAL="100ms",
    )
    made.start()
    yield made
    made.terminate()


class Life(Provider):
    """A provider whose subscriber has one more service, which nobody has activated."""

    def __init__(self, system, gateway, contract=None):
        super().__init__(system, gateway)
        tenant, customer, self.plan = system.sql(
            f"SELECT tenant_id, customer_id, plan_id FROM services WHERE username = '{self.user}'"
        )[0]
        self.tenant, self.customer, self.user, self.password = tenant, customer, f"{self.name}-new", None
        self.service = self.post("/api/v1/services", {
            "customer_id": customer, "plan_id": self.plan, "username": self.user, "status": "pending",
        })["id"]
        self.contract = contract and self.post("/api/v1/subscriptions", {
            "service_id": self.service, "cycle": {"unit": "month", "count": 1}, "mode": contract,
        })["id"]

    def post(self, path, body, status=201):
        return self.gateway("POST", path, body, status)[0]["data"]

    def make_plan(self, name, download, price):
        return self.post("/api/v1/service-plans", {
            "tenant_id": self.tenant, "name": name, "download_bps": download, "upload_bps": 2_000_000, "price": price,
        })["id"]

    def ask(self, kind, status=202, **more):
        """Asks for a run; its id."""
        return self.post(f"{PATH}/{kind}", {"service_id": self.service} | more, status)["id"]

    def run(self, id):
        return self.gateway("GET", f"{PATH}/runs/{id}")[0]["data"]

    def ended(self, id, state="completed", steps=()):
        """A run once it has ended: as that, with its steps, its operation and its events as they should be."""
        run = eventually(lambda: (found := self.run(id))["ended_at"] and found, 30, lambda: self.run(id))
        assert run["state"] == state, run
        assert [step["name"] for step in run["steps"]] == STEPS[run["kind"]]
        assert told(run) == list(steps), run
        assert run["operation_id"] == id and run["service_id"] == self.service and run["customer_id"] == self.customer
        operation = self.gateway("GET", f"/api/v1/operations/{id}")[0]["data"]
        assert operation["state"] == ("succeeded" if state == "completed" else "failed"), operation
        assert operation["kind"] == f"service_{run['kind']}"
        return run

    def done(self, kind, *steps, **more):
        id = self.ask(kind, **more)
        return self.ended(id, steps=steps)

    def row(self):
        return self.gateway("GET", f"/api/v1/services/{self.service}")[0]["data"]

    def standing(self):
        every = self.gateway("GET", f"{PATH}/status/{self.customer}")[0]["data"]
        return next(one for one in every if one["service_id"] == self.service)

    def contract_state(self):
        return self.gateway("GET", f"/api/v1/subscriptions/{self.contract}")[0]["data"]["state"]

    def learn_password(self):
        self.password = self.gateway("POST", f"/api/v1/services/{self.service}/credentials/reveal")[0]["data"]["password"]

    def is_let_in(self):
        within(30, lambda: self.client.login(self.user, self.password), accepted)

    def is_refused(self):
        within(30, lambda: self.client.login(self.user, self.password), rejected)

    def has_password(self):
        return self.system.sql(f"SELECT count(*) FROM service_credentials WHERE service_id = '{self.service}'") != [["0"]]

    def online_until_asked_to_go(self, id):
        """Waits until the NAS was told to end the session and the run waits for that end; the run."""
        def waiting():
            run = self.run(id)
            return run if self.disconnects() and told(run)[-1] == ("running", None) else None

        run = eventually(waiting, 30, lambda: f"the Disconnect-Request: {self.run(id)}")
        assert run["state"] == "running" and run["steps"][-1]["name"] == "sessions"
        return run

    def disconnects(self):
        return [found for code, found in self.desk.requests if code == DISCONNECT_REQUEST]

    def told_once(self, *runs, asked_by=("user",)):
        """Each change of these runs' states is told by one event, and each end stands in the audit trail once."""
        wanted = sorted((id, state) for id in runs for state in stages(self.run(id)))

        def events():
            return sorted(
                (event["event"]["data"]["runId"], event["event"]["data"]["state"]) for event in tail.events()
                if event["event"]["data"]["runId"] in runs
            )

        with self.system.tail("--from-start", "--subject", "provisioning.lifecycle_changed.>") as tail:
            eventually(lambda: len(events()) >= len(wanted), 30, lambda: f"{wanted}, not {events()}")
            assert events() == wanted
        for id in runs:
            audited = self.system.sql(
                "SELECT actor_kind, count(*) FROM audit_logs WHERE resource_type = 'service' "
                f"AND resource_id = '{self.service}' AND audit_logs::text LIKE '%{id}%' GROUP BY 1 ORDER BY 1"
            )
            told = collections.Counter(("system", *asked_by))
            assert audited == [[kind, str(count)] for kind, count in sorted(told.items())], audited


def stages(run):
    """The states of a run of which somebody is told: each commit's last one."""
    if run["state"] == "completed":
        return "running", "completed"
    return ("rolled_back",) if run["steps"][0]["state"] == "failed" else ("running", "rolling_back", "rolled_back")


def told(run):
    return [(step["state"], step["reason"]) for step in run["steps"]]


@pytest.fixture
def life(system, gateway, provisioner):
    made = []

    def make(contract=None):
        made.append(Life(system, gateway, contract))
        return made[-1]

    yield make
    for one in made:
        one.close()


# proves: LCY-01 LCY-05 LCY-07 LCY-08 LCY-12 LCY-13 LCY-14
def test_a_service_lives_from_its_activation_to_its_end(life):
    here = life("postpaid")
    slow, fast = here.make_plan("Slow", 8_000_000, "5"), here.make_plan("Fast", 200_000_000, "30")
    assert here.standing()["run"] is None
    activated = here.done("activate", DONE, DONE, DONE, DONE, IDLE("has_status"), UNROUTED, static_ipv4="10.63.0.7")
    here.learn_password()
    assert here.row()["status"] == "active" and here.row()["static_ipv4"] == "10.63.0.7"
    session = here.online()

    suspended = here.ask("suspend")
    waiting = here.online_until_asked_to_go(suspended)
    assert here.standing()["run"] == waiting and here.report(STOP, age=1)
    here.ended(suspended, steps=[DONE, DONE, IDLE("has_status"), UNROUTED, DONE])
    assert len(here.disconnects()) == 1 and here.contract_state() == "paused" and here.row()["status"] == "suspended"
    here.is_refused()

    resumed = here.done("resume", DONE, DONE, IDLE("has_status"), UNROUTED)
    assert here.contract_state() == "active"
    again = here.online()
    assert again != session

    upgraded = here.done("upgrade", DONE, DONE, IDLE("by_subscription"), UNROUTED, plan_id=fast)
    eventually(lambda: here.desk.speeds() == ["2M/200M"], 30, here.desk.speeds)
    downgraded = here.done("downgrade", DONE, DONE, IDLE("by_subscription"), UNROUTED, plan_id=slow)
    eventually(lambda: here.desk.speeds() == ["2M/200M", "2M/8M"], 30, here.desk.speeds)
    assert here.row()["plan_id"] == slow and len(here.disconnects()) == 1

    here.desk.requests.clear()
    terminated = here.ask("terminate")
    here.online_until_asked_to_go(terminated)
    assert here.report(STOP, age=1)
    here.ended(terminated, steps=[DONE, DONE, DONE, DONE, UNROUTED, DONE])
    assert len(here.disconnects()) == 1 and not here.has_password()
    assert here.row()["status"] == "terminated" and here.contract_state() == "cancelled"
    here.is_refused()
    # Its address is free again.
    here.post("/api/v1/services", {
        "customer_id": here.customer, "plan_id": fast, "username": f"{here.user}-after", "static_ipv4": "10.63.0.7",
    })

    runs = [terminated, downgraded["id"], upgraded["id"], resumed["id"], suspended, activated["id"]]
    listed = here.gateway("GET", f"{PATH}/runs?service_id={here.service}")[0]["data"]
    assert [run["id"] for run in listed] == runs and listed[0] == here.run(terminated) == here.standing()["run"]
    assert here.gateway("GET", f"{PATH}/runs?service_id={here.service}&kind=resume")[0]["data"] == [resumed]
    here.told_once(*runs)
    assert not here.desk.flaws


# proves: LCY-02 LCY-07 LCY-09 PLT-35
def test_a_run_goes_on_where_a_killed_provisioner_left_it_and_does_nothing_twice(life, provisioner):
    here = life()
    provisioner.kill()
    activated = here.ask("activate")
    provisioner.start()
    here.ended(activated, steps=[DONE, DONE, IDLE("not_asked_for"), IDLE("no_subscription"), DONE, UNROUTED])
    here.learn_password()
    version = password_version(here)
    here.desk.answers = None
    session = here.online()

    suspended = here.ask("suspend")
    before = here.online_until_asked_to_go(suspended)
    assert told(before) == [DONE, IDLE("no_subscription"), DONE, UNROUTED, ("running", None)]
    for answer in (None, "ACK"):
        provisioner.kill()
        here.desk.answers, count = answer, len(here.disconnects())
        assert here.run(suspended) == before
        provisioner.start()
        eventually(lambda: len(here.disconnects()) > count, 60, "the request by whoever comes next")
    assert here.run(suspended)["state"] == "running" and here.report(STOP, age=1)
    ended = here.ended(suspended, steps=[DONE, IDLE("no_subscription"), DONE, UNROUTED, DONE])
    assert (ended["started_at"], ended["deadline"]) == (before["started_at"], before["deadline"])
    # What was done before stays as it was done.
    assert ended["steps"][:-1] == before["steps"][:-1] and password_version(here) == version

    here.told_once(activated, suspended)
    disconnect_is_ordered_once(here, session)
    assert here.row()["status"] == "suspended" and not here.desk.flaws
    here.is_refused()


# proves: LCY-02 LCY-09 PLT-35
def test_wherever_it_is_killed_each_run_is_carried_out_once(life, provisioner):
    here, seed = life("postpaid"), secrets.randbits(32)
    print(f"seed {seed}")
    chance, other, runs = random.Random(seed), here.make_plan("Other", 50_000_000, "20"), []
    done = [DONE, DONE, IDLE("has_status"), UNROUTED]
    wanted = [
        ("activate", [DONE, DONE, IDLE("not_asked_for"), DONE, IDLE("has_status"), UNROUTED]),
        *[("suspend", [*done, NOBODY]), ("resume", done)] * 3,
        ("upgrade", [DONE, DONE, IDLE("by_subscription"), UNROUTED]), ("terminate", [DONE, DONE, DONE, DONE, UNROUTED, NOBODY]),
    ]
    for kind, steps in wanted:
        count, id = chance.randrange(len(steps)), here.ask(kind, **({"plan_id": other} if kind == "upgrade" else {}))

        def moved():
            return [state for state, _ in told(here.run(id))].count("pending") <= len(steps) - count

        eventually(moved, 30, lambda: here.run(id))
        provisioner.kill()
        provisioner.start()
        here.ended(id, steps=steps)
        runs.append(id)
    here.told_once(*runs)
    story = here.system.sql(f"SELECT kind FROM subscription_events WHERE subscription_id = '{here.contract}' ORDER BY id")
    kinds = [kind for kind, in story]
    assert kinds == ["activate", *["pause", "resume"] * 3, "change_now", "cancel_now"], kinds


def password_version(here):
    return here.gateway("GET", f"/api/v1/services/{here.service}/credentials")[0]["data"]


def disconnect_is_ordered_once(here, session):
    """The run orders it once. The reconciler wants the end of a suspended service's session too: both orders are one request."""
    def over():
        orders = here.system.sql(
            "SELECT cause, state, reason, joined_id IS NULL FROM enforcements "
            f"WHERE session_id = '{session}' AND kind = 'disconnect' ORDER BY cause"
        )
        return orders if all(state not in ("pending", "sent", "acknowledged") for _, state, _, _ in orders) else None

    orders = eventually(over, 30, "the orders' end")
    ways = [order[:3] for order in orders]
    alone = [["requested", "confirmed", "session_over"]]
    assert ways in (alone, [*alone, ["suspended", "confirmed", "session_over"]]), orders
    assert [order[3] for order in orders].count("t") == 1, orders


# proves: LCY-02 LCY-10
def test_what_cannot_be_done_says_why_and_leaves_everything_as_it_was(life):
    here = life()
    other, cheap = here.make_plan("Other", 50_000_000, "20"), here.make_plan("Cheap", 5_000_000, "1")
    taken = here.post("/api/v1/services", {
        "customer_id": here.customer, "plan_id": here.plan, "username": f"{here.name}-taken",
        "static_ipv4": "10.63.0.9",
    })["static_ipv4"]
    pending = ("pending", None)

    def nothing(reason, kind, **more):
        """The run that was refused with that reason."""
        row, id = here.row(), here.ask(kind, **more)
        steps = [("failed", reason), *[pending] * (len(STEPS[kind]) - 1)]
        if reason == "taken":
            # What it had made is taken away again.
            steps = [DONE, ("compensated", None), ("failed", reason), pending, pending, pending]
        run = here.ended(id, "rolled_back", steps)
        assert run["reason"] == reason
        operation = here.gateway("GET", f"/api/v1/operations/{id}")[0]["data"]
        assert operation["outcome"] == f"Not done ({reason}); everything is as it was before."
        assert here.row() == row and not here.has_password()
        return id

    runs = [
        nothing("wrong_status", "suspend"), nothing("wrong_status", "resume"),
        nothing("adapter_missing", "activate", access="ftth"), nothing("taken", "activate", static_ipv4=taken),
        nothing("same_plan", "upgrade", plan_id=here.plan),
        nothing("not_an_upgrade", "upgrade", plan_id=cheap), nothing("not_a_downgrade", "downgrade", plan_id=other),
        nothing("no_subscription", "upgrade", plan_id=other, when="period_end"),
        nothing("unknown_plan", "upgrade", plan_id=here.service),
    ]
    customer = f"/api/v1/customers/{here.customer}"
    here.gateway("PATCH", customer, {"status": "suspended"}, If_Match=here.gateway("GET", customer)[1]["ETag"])
    runs.append(nothing("customer_not_active", "activate"))
    failed = here.gateway("GET", f"{PATH}/runs?service_id={here.service}&state=rolled_back")[0]["data"]
    assert [run["id"] for run in failed] == runs[::-1]
    here.told_once(*runs)


# proves: LCY-01 LCY-05 LCY-13
def test_the_command_line_does_and_shows_what_the_routes_do_and_a_second_run_is_refused(life):
    here = life()
    tenant = ("--tenant", here.name)

    def command(*words):
        return json.loads(here.system.nexora("provision", *words, *tenant, "--json"))

    asked = command("activate", here.user, "--static-ipv4", "10.63.0.7")
    assert (asked["kind"], asked["state"], asked["serviceId"]) == ("activate", "running", here.service)
    activated = here.ended(asked["id"], steps=[DONE, DONE, DONE, IDLE("no_subscription"), DONE, UNROUTED])
    here.learn_password()
    here.desk.answers = None
    here.online()

    asked = command("suspend", here.user)["id"]
    here.online_until_asked_to_go(asked)
    for kind in STEPS:
        body = {"service_id": here.service} | ({"plan_id": here.plan} if kind in ("upgrade", "downgrade") else {})
        status, _, text = here.gateway.ask("POST", f"{PATH}/{kind}", body)
        assert (status, json.loads(text)["error"]["code"]) == (409, "LIFECYCLE_UNDER_WAY"), text
    here.system.nexora("provision", "resume", here.user, *tenant, code=4)
    # Its NAS says nothing; its subscriber hangs up by himself.
    assert here.report(STOP, age=1)
    suspended = here.ended(asked, steps=[DONE, IDLE("no_subscription"), DONE, UNROUTED, DONE])

    # Another one may begin now; whom it meets is nobody.
    asked = command("terminate", here.service)["id"]
    terminated = here.ended(asked, steps=[DONE, IDLE("no_subscription"), DONE, DONE, UNROUTED, NOBODY])
    here.is_refused()
    runs = [terminated, suspended, activated]
    assert here.gateway("GET", f"{PATH}/runs?service_id={here.service}")[0]["data"] == runs
    assert command("runs", "--service", here.user) == [shown(run) for run in runs]
    assert command("status", here.user) == [shown(terminated)]
    assert "credentials done,router skipped (no_router)" in here.system.nexora("provision", "status", here.user, *tenant)
    here.told_once(*[run["id"] for run in runs], asked_by=("system",))


def shown(run):
    """What the command line shows of a run."""
    same = {name: run[name] for name in ("id", "kind", "state", "reason")}
    reasons = [f" ({step['reason']})" if step["reason"] else "" for step in run["steps"]]
    return same | {
        "serviceId": run["service_id"], "requestedAt": run["requested_at"], "endedAt": run["ended_at"],
        "steps": [f"{step['name']} {step['state']}{reason}" for step, reason in zip(run["steps"], reasons, strict=True)],
    }
