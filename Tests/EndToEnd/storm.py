"""A storm of logins (nas-simulator storm) against two radius-servers on one Redis that fails over in its midst, and what
Redis and Postgres must hold afterwards."""

import ipaddress
import json
import subprocess
import time
import uuid

from processes import Process, eventually
from redis_set import RedisSet
from system import System, account, programs

TENANTS = ("storm-oldest", "storm-reject")

# Postgres counts the microseconds of a unit's intervals from their start to before their end.
OVERLAPS = """
    SELECT count(*) FROM (
        SELECT coalesce(released_at, 'infinity') AS until,
               lead(allocated_at) OVER (PARTITION BY tenant_id, pool_id, unit ORDER BY allocated_at, id) AS next
        FROM ip_allocations) AS rows
    WHERE next < until
"""
GRANTS = """
    DROP TABLE IF EXISTS storm_grants;
    CREATE UNLOGGED TABLE storm_grants (
        tenant text, username text, service_id uuid, admission_id uuid, station text, nas text, ipv4 inet, prefix cidr,
        began bigint, ended bigint, state text, reported int, gone int)
"""
# A grant's row is its service's, of its unit, and covers its time; five seconds for answers that were on their way.
UNTOLD = """
    WITH wanted AS (
        SELECT t.id AS tenant_id, g.service_id, u.unit, g.began, g.ended, g.admission_id
        FROM storm_grants g JOIN tenants t ON t.subdomain = g.tenant
        CROSS JOIN LATERAL (VALUES (g.ipv4::cidr), (g.prefix)) AS u (unit)
        WHERE u.unit IS NOT NULL)
    SELECT w.service_id, w.unit, w.began, coalesce(w.ended, 0), w.admission_id FROM wanted w
    WHERE NOT EXISTS (
        SELECT FROM ip_allocations a
        WHERE a.tenant_id = w.tenant_id AND a.unit = w.unit AND a.service_id = w.service_id
          AND a.allocated_at <= to_timestamp(w.began / 1e6) + interval '1 second'
          AND coalesce(a.released_at, 'infinity') >= coalesce(to_timestamp(w.ended / 1e6), 'infinity') - interval '5 seconds')
"""


class StormSystem(System):
    """A system whose Redis is a primary with two replicas and three sentinels, with two radius-servers."""

    def _redis(self):
        self.redis_set = RedisSet(self.folder, self.password, account("redis"))
        for process in self.redis_set.processes:
            self._register(process)
        self.urls["REDIS_URL"] = self.redis_set.url
        return self.redis_set

    def start(self):
        self.start_servers()
        self.redis_set.wait_for_replicas(2)
        return self

    def start_daemons(self):
        self.consumers = [self.consumer(1)]
        settings = {
            "NEXORA_REDIS_REPLICAS": "1", "NEXORA_REJECT_DELAY": "100ms", "NEXORA_RADIUS_FEED_RATE": "10",
            # Longer than the sentinels may take: their failover-timeout, and what a machine with all of it on two cores adds.
            "NEXORA_REDIS_PATIENCE": "20s",
        }
        self.servers = [self.radius_server(f"radius-{number}", **settings) for number in (1, 2)]
        daemons = (*self.consumers, *self.servers)
        for daemon in daemons:
            daemon.start(wait=False)
        for daemon in daemons:
            daemon.wait_ready(120)
        for server in self.servers:
            eventually(lambda server=server: (server.metric("radius_redis_connections") or 0) > 0, 60, "Redis")
        eventually(lambda: self.consumers[0].metric("ipam_ready") == 1, 60, "the addresses")


class Storm:
    """One seed's storm: prepared by the operator's own means, played, and compared."""

    def __init__(self, system, seed, subscribers, admissions, rate=0):
        self.system, self.seed, self.admissions = system, seed, admissions
        self.folder = system.folder / f"storm-{seed}"
        self.folder.mkdir()
        self.wishes = [
            programs() / "nas-simulator", "storm", "--seed", seed, "--subscribers", subscribers,
            "--admissions", admissions, "--rate", rate,
        ]
        self.progress_path, self.truth_path = self.folder / "progress", self.folder / "truth"
        self.report_path = self.folder / "report.json"
        self.outages = []

    def prepare(self):
        directory = self.folder / "directory.jsonl"
        self._run("--directory-file", directory, "--subscribers-files", self.folder / "subscribers-")
        for line in directory.read_text().splitlines():
            entry = json.loads(line)
            kind, name, secret = entry.pop("kind"), entry.pop("name"), entry.pop("secret", None)
            words = [kind, "add", name] + ([entry.pop("")] if "" in entry else [])
            for option, value in entry.items():
                words += [f"--{option}", value]
            if secret:
                words += ["--secret-from", "env:NAS_SECRET"]
            self.system.nexora(*words, NAS_SECRET=secret or "")
        for number, tenant in enumerate(TENANTS):
            self.system.nexora("import", self.folder / f"subscribers-{number}.csv", "--tenant", tenant)
        return self

    def start(self):
        system = self.system
        self.tail = system.tail("--subject", "session.disconnect_requested.>")
        self.tail.__enter__()
        command = [
            *self.wishes, "--intents", self.tail.path, "--truth", self.truth_path, "--progress", self.progress_path,
            "--report", self.report_path,
        ]
        for server in system.servers:
            command += ["--server", f"127.0.0.1:{server.auth_port}:{server.acct_port}"]
        self.process = Process(f"storm {self.seed}", command, self.folder / "output", system.urls)
        self.process.start()
        return self

    def admitted(self):
        if not self.process.runs() or not self.progress_path.exists():
            return 0
        lines = self.progress_path.read_text().splitlines()
        return json.loads(lines[-1])["admissions"] if lines else 0

    def wait_for(self, part, seconds=1800):
        wanted = self.admissions * part
        eventually(lambda: self.admitted() >= wanted or not self.process.runs(), seconds, f"{wanted} admissions")
        assert self.process.runs(), self.process.last_words()

    def kill_primary(self):
        """kill -9; returns its number when the sentinels have another."""
        redis = self.system.redis_set
        old, began = redis.primary(), time.time()
        redis.servers[old].kill()
        redis.wait_for_another(old)
        self.outages.append((began, time.time()))
        return old

    def bring_back(self, number):
        """The old primary is a replica now."""
        redis = self.system.redis_set
        redis.servers[number].start()
        redis.wait_for_replicas(len(redis.servers) - 1, 120)

    def fail_over(self):
        redis = self.system.redis_set
        old, began = redis.primary(), time.time()
        # The sentinels give up a failover whose new primary took more than their timeout to be one: a busy machine's does.
        for last in (False, False, True):
            redis.fail_over()
            try:
                redis.wait_for_another(old, 20)
                break
            except AssertionError:
                if last:
                    raise
        self.outages.append((began, time.time()))

    def finish(self, seconds=1800):
        try:
            status = self.process.child.wait(seconds)
        finally:
            self.process.clean_up()
            self.tail.__exit__()
        self.report = json.loads(self.report_path.read_text()) if self.report_path.exists() else None
        assert self.report is not None, f"exit {status}: {self.process.output()[-4000:]}"
        return self.report

    # What must hold afterwards

    def settle(self, seconds=1800):
        """Until everything that was told stands in Postgres."""
        def settled():
            consumer = self.system.consumers[0]
            pending = [server.metric("journal_pending_octets") for server in self.system.servers]
            return (
                pending == [0, 0] and consumer.metric("queue_depth") == 0 and consumer.metric("ipam_log_waiting") == 0
            )

        eventually(settled, seconds, "everything in Postgres")

    def in_outage(self, microseconds, before=2, after=5):
        return any(began - before <= microseconds / 1e6 <= ended + after for began, ended in self.outages)

    def overlaps(self):
        return int(self.system.sql(OVERLAPS)[0][0])

    def untold(self):
        """Grants whose address nobody can tell from Postgres: those of the outages, and the others."""
        self.system.sql(GRANTS)
        self.system.sql(f"\\copy storm_grants FROM '{self.truth_path}' WITH (FORMAT text, NULL '')")
        self.system.sql("ANALYZE storm_grants, ip_allocations")
        rows = self.system.sql(UNTOLD)
        during = [row for row in rows if self.in_outage(int(row[2]))]
        return during, [row for row in rows if not self.in_outage(int(row[2]))]

    def standing(self):
        """What the truth says stands: its columns."""
        with open(self.truth_path, encoding="ascii") as file:
            for line in file:
                row = line.rstrip("\n").split("\t")
                if row[10] != "over" and row[11] == "1":
                    yield row

    def compare_redis(self):
        """What Redis has other than the truth: a list of words."""
        pools = self._pools()
        with self.system.redis_set.client() as client:
            records = dict(self._records(client))
            rows = list(self.standing())
            wrong, questions, asked = [], [], []
            for row in rows:
                slots = records.get(uuid.UUID(row[2]).bytes, [])
                slot = next((slot for slot in slots if slot["admission"] == uuid.UUID(row[3]).bytes), None)
                if slot is None or slot["state"] == 4:
                    wrong.append(f"no slot for {row}: {shown(slots)}")
                for unit in filter(None, row[6:8]):
                    pool, offset = self._place(pools[row[0]], unit)
                    questions.append(("HGET", f"pool:{pool}:leased", offset))
                    asked.append((row, unit))
                    if slot and (uuid.UUID(pool).bytes, offset + 1) not in slot["units"]:
                        wrong.append(f"the slot has not {unit} of {row}: {shown([slot])}")
            for start in range(0, len(questions), 1000):
                answers = client.many(questions[start:start + 1000])
                for (row, unit), answer in zip(asked[start:start + 1000], answers):
                    if answer != uuid.UUID(row[2]).bytes:
                        wrong.append(f"{unit} is not leased to the service of {row}: {answer}")
        return len(rows), wrong

    def units_twice(self):
        """Units that two slots in Redis have."""
        seen, twice = {}, []
        with self.system.redis_set.client() as client:
            for service, slots in self._records(client):
                for slot in slots:
                    if slot["state"] == 4:
                        continue
                    for unit in slot["units"]:
                        if unit[1] and unit in seen:
                            twice.append((unit, seen[unit], (service, slot)))
                        seen[unit] = (service, slot)
        return twice

    @staticmethod
    def _records(client):
        """Every service's record, as Shared/Admission/AdmissionLua.swift describes it."""
        keys, cursor = [], b"0"
        while True:
            cursor, some = client("SCAN", cursor, "MATCH", "s:*", "COUNT", 1000)
            keys += some
            if cursor == b"0":
                break
        keys = sorted(set(keys))
        for start in range(0, len(keys), 500):
            part = keys[start:start + 500]
            for key, value in zip(part, client("MGET", *part)):
                if value is not None:
                    yield key[2:], list(Storm._slots(value))

    @staticmethod
    def _slots(record):
        for at in range(10, len(record), 147):
            slot = record[at:at + 147]
            units = {
                (slot[start:start + 16], int.from_bytes(slot[start + 16:start + 22], "big"))
                for start in (53, 79, 105)
            }
            yield {
                "state": slot[0], "device": slot[1:9], "admission": slot[9:25], "before": slot[131:147],
                "since": int.from_bytes(slot[41:47], "big"), "until": int.from_bytes(slot[47:53], "big"), "units": units,
            }

    def _pools(self):
        pools = {}
        for tenant in TENANTS:
            listed = json.loads(self.system.nexora("pool", "list", "--tenant", tenant, "--json"))
            pools[tenant] = [
                (ipaddress.ip_network(pool["range"]), pool["unitLength"], pool["id"])
                for pool in listed
            ]
        return pools

    @staticmethod
    def _place(pools, unit):
        network = ipaddress.ip_network(unit)
        for within, length, identity in pools:
            if within.version == network.version and network.subnet_of(within):
                first = int(within.network_address)
                return identity, (int(network.network_address) - first) >> (within.max_prefixlen - length)
        raise AssertionError(f"{unit} is of no pool")

    def _run(self, *more):
        command = [str(word) for word in (*self.wishes, *more)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def shown(slots):
    return [
        f"state {slot['state']} admission {uuid.UUID(bytes=slot['admission'])} since {slot['since']} "
        f"before {uuid.UUID(bytes=slot['before'])} units {sorted(unit[1] - 1 for unit in slot['units'] if unit[1])}"
        for slot in slots
    ]
