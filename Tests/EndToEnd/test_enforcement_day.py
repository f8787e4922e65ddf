"""The worst day of enforcement: NASes of all vendors and of all manners, and kill -9 of provisioner, NATS and Postgres. Every intent
ends confirmed, unproven or failed with its cause, or waits visibly; none is lost, and none is done twice."""

import collections
import json
import secrets
import threading
import time
from datetime import datetime

import pytest

from fleet import VENDORS, Fleet
from gateway import Gateway
from processes import eventually

# One honest NAS of every vendor, and the others.
MANNERS = {
    "deaf": "mikrotik", "deaf for a while": "cisco", "slow": "huawei", "lying": "juniper", "denying": "nokia",
    "forging": "coovachilli", "rebooting": "generic", "doubled": "ubiquiti", "late": "mikrotik", "amnesiac": "cisco",
}
USERS = 4
CAREFUL = {"honest", "slow", "doubled", "late"}
"""Those that do what they are told: a second request of them would be one too many."""
OVER = {"session_over", "already_over"}
SETTINGS = {
    "NEXORA_COA_TRIES": "2", "NEXORA_COA_BREAKER_THRESHOLD": "3", "NEXORA_COA_BREAKER_PAUSE": "1s",
    "NEXORA_COA_BREAKER_LONGEST_PAUSE": "2s", "NEXORA_ENFORCEMENT_ATTEMPTS": "4", "NEXORA_ENFORCEMENT_RETRY": "1s",
    "NEXORA_ENFORCEMENT_LONGEST_RETRY": "2s", "NEXORA_ENFORCEMENT_DEADLINE": "60s",
}


@pytest.fixture(scope="module")
def gateway(system):
    made = Gateway(system)
    made.bootstrap()
    return made


@pytest.fixture
def provisioner(system):
    made = system.provisioner(f"provisioner-{secrets.token_hex(3)}", **SETTINGS)
    made.start()
    yield made
    made.terminate()


def asks(fleet, session):
    """The operations of a session's disconnection: asked again where the gateway cannot say whether it took it."""
    path, found = f"/api/v1/radius/sessions/{session.row}/disconnect", []

    def ask():
        try:
            status, _, text = fleet.gateway.ask("POST", path)
        except OSError:
            return False
        if status == 202:
            found.append(json.loads(text)["data"]["id"])
        return status in (202, 404, 409)

    eventually(ask, 60, "an answer of the gateway")
    return found


def figures(daemon, name):
    """Labels and values of a metric."""
    lines = [line.rsplit(" ", 1) for line in daemon.metrics().splitlines() if line.startswith(name)]
    return {key[len(name):]: float(value) for key, value in lines}


# proves: COA-04 COA-05 COA-07 COA-09 PLT-35
def test_the_worst_day_of_enforcement(system, gateway, provisioner):
    fleet = Fleet(system, gateway, [*VENDORS, *MANNERS.values()], USERS)
    try:
        Day(system, fleet, provisioner).play()
    finally:
        fleet.close()


class Day:
    def __init__(self, system, fleet, provisioner):
        self.system, self.fleet, self.provisioner = system, fleet, provisioner
        self.manners = dict(zip((nas.name for nas in fleet.nases), ["honest"] * len(VENDORS) + list(MANNERS), strict=True))
        self.sessions = {session: nas for nas in fleet.nases for session in map(nas.log_on, nas.users)}
        fleet.settle()
        # By the wall's clock, as the orders have it.
        self.kills = []
        self.operations = collections.defaultdict(list)

    def play(self):
        for nas in self.fleet.nases:
            manner = self.manners[nas.name]
            nas.behaviour = "deaf" if manner == "deaf for a while" else manner
        asking = [
            threading.Thread(target=self.ask_for, args=(rows,), daemon=True)
            for rows in ([one for number, one in enumerate(self.sessions) if number % 3 == part] for part in range(3))
        ]
        for thread in asking:
            thread.start()
        eventually(lambda: self.ended() >= 6, 30, "the first orders")
        # One that its NAS has done and not yet answered.
        slow = "', '".join(row.row for row, nas in self.sessions.items() if self.manners[nas.name] == "slow")
        eventually(lambda: self.fleet.orders(f"state = 'sent' AND session_id IN ('{slow}')"), 30, "an order under way")
        self.kill(self.provisioner)
        eventually(lambda: self.ended() >= 14, 30, "some more")
        self.kill(self.system.nats)
        eventually(lambda: self.ended() >= 20, 60, "some more")
        self.kill(self.system.postgres)
        eventually(lambda: self.ended() >= 26, 60, "some more")
        self.kill(self.provisioner)
        for thread in asking:
            thread.join(120)
            assert not thread.is_alive()
        self.the_healthy_do_not_wait_for_the_dead()
        for nas in self.fleet.nases:
            if self.manners[nas.name] == "deaf for a while":
                nas.behaviour = "honest"
        eventually(lambda: not self.fleet.orders("ended_at IS NULL"), 120, lambda: f"the end of {self.waiting()}")
        self.nothing_is_lost()
        self.all_ended_as_their_nas_behaved()
        self.nothing_was_done_twice()
        self.everybody_was_told_once()

    def ask_for(self, sessions):
        for session in sessions:
            self.operations[session.row] += asks(self.fleet, session)
            # Over some seconds: some of it comes while something is away.
            time.sleep(0.15)

    def kill(self, process):
        began = time.time()
        process.kill()
        process.start()
        self.kills.append((began, time.time()))

    def ended(self):
        return len(self.fleet.orders("ended_at IS NOT NULL"))

    def waiting(self):
        return [(order["state"], order["reason"], order["nas_id"]) for order in self.fleet.orders("ended_at IS NULL")]

    def the_healthy_do_not_wait_for_the_dead(self):
        """All orders of those that do as they are told are ended while the deaf ones' still wait, and that is seen."""
        careful = "', '".join(
            session.row for session, nas in self.sessions.items() if self.manners[nas.name] in CAREFUL
        )
        eventually(
            lambda: not self.fleet.orders(f"session_id IN ('{careful}') AND ended_at IS NULL")
            and len(self.fleet.orders(f"session_id IN ('{careful}')")) >= len(careful.split(", ")),
            40, lambda: f"the end of the healthy: {self.waiting()}",
        )
        deaf = self.fleet.orders("ended_at IS NULL AND state IN ('pending', 'sent')")
        assert deaf, "nothing waits for the deaf ones"
        assert {order["reason"] for order in deaf} <= {None, "unanswered", "breaker_open", "bad_authenticator"}
        eventually(lambda: figures(self.provisioner, "coa_breakers").get('{state="closed"}', 0) > 0, what="leading")
        eventually(
            lambda: self.provisioner.metric("coa_breaker_openings_total") >= 1
            and self.provisioner.metric("enforcement_pending") >= 1
            and self.provisioner.metric("enforcement_oldest_seconds") > 0, 30, "the figures of those that wait",
        )

    def nothing_is_lost(self):
        """Each intent's event has its order, and each operation."""
        orders = self.fleet.orders()
        with self.system.tail("--from-start", "--subject", f"session.disconnect_requested.{self.fleet.tenant}") as tail:
            intents = tail.wait_for(lambda line: line["event"]["data"].get("operationId"), 30, "the intents")
            wanted = {operation for made in self.operations.values() for operation in made}
            eventually(
                lambda: wanted <= {line["event"]["data"].get("operationId") for line in tail.events()}, 30, "all intents"
            )
            intents = tail.events()
        assert {line["event"]["id"] for line in intents} <= {order["id"] for order in orders}
        assert wanted <= {order["operation_id"] for order in orders}
        assert len({order["id"] for order in orders}) == len(orders)
        told = {order["session_id"] for order in orders}
        assert {session.row for session in self.sessions} == told

    def all_ended_as_their_nas_behaved(self):
        ends = {
            "honest": OVER, "slow": OVER, "doubled": OVER, "late": OVER, "rebooting": OVER | {"session_gone"},
            "deaf for a while": {"session_over", "unanswered"}, "deaf": {"unanswered", "breaker_open"},
            "lying": {"no_stop"}, "denying": {"still_reports", "no_stop"}, "forging": {"bad_authenticator", "breaker_open"},
            "amnesiac": {"session_gone"},
        }
        states = {
            "session_over": "confirmed", "already_over": "confirmed", "session_gone": "confirmed", "no_stop": "unproven",
            "still_reports": "unproven", "unanswered": "failed", "breaker_open": "failed", "bad_authenticator": "failed",
        }
        seen = collections.Counter()
        asked = {session.row: nas.transactions(session) for session, nas in self.sessions.items()}
        by_session = {session.row: self.manners[nas.name] for session, nas in self.sessions.items()}
        for order in self.fleet.orders():
            manner = by_session[order["session_id"]]
            if manner in CAREFUL and order["reason"] == "session_gone":
                # Asked again by the next provisioner before the Stop was read: the NAS has ended it already.
                assert asked[order["session_id"]] > 1, (manner, order)
            else:
                assert order["reason"] in ends[manner], (manner, order)
            assert order["state"] == states[order["reason"]], (manner, order)
            seen[manner, order["state"]] += 1
        # Most of those that came back in time were heard.
        assert seen["deaf for a while", "confirmed"] > 0, seen

    def nothing_was_done_twice(self):
        """A session is asked about once; again only where nothing was answered, or something killed while its order was under
        way."""
        orders = collections.defaultdict(list)
        for order in self.fleet.orders():
            orders[order["session_id"]].append(order)
        for session, nas in self.sessions.items():
            assert not nas.flaws, (nas.name, nas.flaws)
            if self.manners[nas.name] not in CAREFUL:
                continue
            told = [trial["outcome"] for order in orders[session.row] for trial in order["trials"]]
            struck = sum(
                any(stamp(order["stored_at"]) <= ended and stamp(order["ended_at"]) >= began - 1 for order in orders[session.row])
                for began, ended in self.kills
            )
            asked = nas.transactions(session)
            if struck:
                # What was asked and not stored, by two sets where the first found nothing any more.
                assert len(told) <= asked <= len(told) + 2 * struck, (nas.name, orders[session.row], self.kills)
            else:
                assert asked == len(told) and asked - told.count("timed_out") <= 1, (nas.name, orders[session.row])
        once = sum(nas.transactions(session) == 1 for session, nas in self.sessions.items() if self.is_careful(nas))
        print(collections.Counter(
            (self.manners[nas.name], nas.transactions(session)) for session, nas in self.sessions.items()
        ))
        assert once > sum(map(self.is_careful, self.fleet.nases)) * USERS // 2

    def is_careful(self, nas):
        return self.manners[nas.name] in CAREFUL

    def everybody_was_told_once(self):
        """One event and one line of the audit trail for each order, and the operation has ended with it."""
        ids = "', '".join(order["operation_id"] for order in self.fleet.orders())
        states = self.system.sql(f"SELECT id, state FROM operations WHERE id IN ('{ids}')")
        expected = {
            order["operation_id"]: "failed" if order["state"] == "failed" else "succeeded" for order in self.fleet.orders()
        }
        assert dict(states) == expected
        with self.system.tail("--from-start", "--subject", f"provisioning.completed.{self.fleet.tenant}") as tail:
            def told():
                found = collections.Counter(line["event"]["data"].get("operationId") for line in tail.events())
                return found if found.keys() >= expected.keys() else None

            assert eventually(told, 30, "all events") == collections.Counter(expected.keys())


def stamp(text):
    """Seconds since 1970 of a time as row_to_json writes it."""
    return datetime.fromisoformat(text).timestamp()


# proves: COA-04 COA-09 OBS-02
def test_a_dead_nas_has_its_breaker_opened_probed_and_closed_again(system, gateway, provisioner):
    fleet = Fleet(system, gateway, ["mikrotik", "cisco"], 6)
    try:
        dead, well = fleet.nases
        dead.behaviour = "deaf"
        gone = [dead.log_on(user) for user in dead.users]
        alive = [well.log_on(user) for user in well.users]
        fleet.settle()
        operations = [fleet.disconnect(session) for session in gone]
        eventually(lambda: figures(provisioner, "coa_breakers").get('{state="open"}') == 1, 30, "the open breaker")
        assert provisioner.metric("coa_breaker_openings_total") == 1
        eventually(lambda: fleet.orders("reason = 'breaker_open' AND state = 'pending'"), 10, "orders that wait for it")
        # While it is open the other one is served, and the dead one is left alone but for the probe.
        heard = len(dead.requests)
        for operation in [fleet.disconnect(session) for session in alive]:
            order = fleet.outcome(operation, 10)
            assert (order["state"], order["reason"], order["attempts"]) == ("confirmed", "session_over", 1)
        eventually(lambda: len(dead.requests) > heard, 20, "a probe")
        probes = provisioner.metric("coa_breaker_openings_total")
        eventually(lambda: provisioner.metric("coa_breaker_openings_total") > probes, 20, "the next opening")
        dead.behaviour = "honest"
        for operation in operations:
            order = fleet.outcome(operation)
            assert (order["state"], order["reason"]) == ("confirmed", "session_over"), order
        # What ends the last order closes the breaker behind it.
        eventually(
            lambda: not any(figures(provisioner, "coa_breakers").get(f'{{state="{state}"}}') for state in ("open", "half_open")),
            20, lambda: f"breakers that are closed, not {figures(provisioner, 'coa_breakers')}",
        )
        assert not dead.flaws and not well.flaws
    finally:
        fleet.close()
