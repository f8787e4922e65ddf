"""A whole private system: Postgres, NATS, Redis, radius-server and two accounting-consumers, on free ports."""

import grp
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from processes import Process, eventually, free_port, listens

ROOT = Path(__file__).resolve().parents[2]
POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")


def programs():
    """The folder of the built programs: what E2E_BIN names, else the debug build of make test, else the release build."""
    candidates = [os.environ.get("E2E_BIN"), ROOT / ".build/debug", ROOT / ".build/release", ROOT / ".run/bin"]
    for candidate in filter(None, candidates):
        if all((Path(candidate) / name).exists() for name in ("nexora", "radius-server", "accounting-consumer")):
            return Path(candidate).resolve()
    raise RuntimeError("nothing is built: swift build")


def account(*names):
    """The account a server runs under: ours, or where we are root the first of these that exists."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            pwd.getpwnam(name), grp.getgrnam(name)
            return name
        except KeyError:
            continue
    return None


def fetch(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


class Daemon(Process):
    """One of our own programs, ready when its /ready says so."""

    def __init__(self, name, program, system, settings):
        self.admin_port = free_port()
        environment = system.urls | {
            "NEXORA_ADMIN_PORT": str(self.admin_port),
            "NEXORA_SHUTDOWN_DEADLINE": "15s",
        } | settings
        super().__init__(name, [programs() / program], system.folder / f"{name}.log", environment, None, self.says_ready)

    def says_ready(self):
        return fetch(self.admin_port, "/ready")[0] == 200

    def metric(self, name):
        """The sum over all labels of a metric; None where it is not exported."""
        values = [
            float(line.rsplit(" ", 1)[1])
            for line in fetch(self.admin_port, "/metrics")[1].splitlines()
            if line.split("{")[0].split(" ")[0] == name
        ]
        return sum(values) if values else None

    def metrics(self):
        return fetch(self.admin_port, "/metrics")[1]


class System:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="nexora-e2e-", dir="/tmp"))
        self.folder.chmod(0o711)
        # All, and those of them that stay from one module of tests to the next.
        self.processes, self.lasting = [], []
        # A gateway's settings for the object store, once it runs.
        self.storage = {}
        self.password = secrets.token_hex(16)
        self.postgres_port, self.nats_port, self.redis_port = free_port(), free_port(), free_port()
        self.urls = {
            "DATABASE_URL": f"postgresql://nexora:{self.password}@127.0.0.1:{self.postgres_port}/nexora",
            "NATS_URL": f"nats://nexora:{self.password}@127.0.0.1:{self.nats_port}",
        }
        self.redis_url = f"redis://:{self.password}@127.0.0.1:{self.redis_port}/0"
        self.urls["REDIS_URL"] = self.redis_url
        self.keyring = self.folder / "keyring"
        # Who was made the first administrator, by whoever needed one first (gateway.administrator).
        self.administrator = None

    # Servers

    def start(self):
        self.start_servers()
        self.consumers = [self.consumer(number) for number in (1, 2)]
        self.radius = self.radius_server("radius")
        self.billing = self.billing_worker()
        self.daemons = (*self.consumers, self.billing, self.radius)
        for daemon in self.daemons:
            daemon.start(wait=False)
        for daemon in self.daemons:
            daemon.wait_ready()
        self.lasting = list(self.processes)
        return self

    def start_servers(self):
        """Postgres, NATS and Redis with keys, schema and the demo's data; no daemon yet."""
        self.postgres = self._postgres()
        self.nats = self._nats()
        self.redis = self._redis()
        for server in (self.postgres, self.nats, self.redis):
            server.start()
        self.superuser_sql(
            f"CREATE ROLE nexora LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD '{self.password}'", "postgres"
        )
        self.superuser_sql("CREATE DATABASE nexora OWNER nexora", "postgres")
        self.nexora("key", "init")
        self.nexora("migrate", "up")
        self.nexora("bootstrap", "--demo", "--env-file", self.folder / "demo.env")
        demo = dict(line.split("=", 1) for line in (self.folder / "demo.env").read_text().splitlines())
        self.secret, self.user, self.user_password = (
            demo[key] for key in ("RADIUS_SECRET", "DEMO_USER", "DEMO_PASSWORD")
        )

    def stop(self):
        for process in reversed(self.processes):
            process.clean_up()
        if not os.environ.get("E2E_KEEP"):
            shutil.rmtree(self.folder)

    def end_guests(self):
        """Ends what a module of tests started beside the system: every gateway that stays weighs on all that follow."""
        guests = [process for process in self.processes if process not in self.lasting]
        self.processes = list(self.lasting)
        asked = [guest for guest in guests if isinstance(guest, Daemon) and guest.runs()]
        for guest in asked:
            guest.send(signal.SIGCONT)
            guest.send(signal.SIGTERM)
        codes = {guest.name: guest.child.wait(40) for guest in asked}
        for guest in reversed(guests):
            guest.clean_up()
        assert not any(codes.values()), codes

    def _register(self, process):
        self.processes.append(process)
        return process

    def complaints(self, each=3):
        """The last warnings and errors of each process that runs."""
        told = []
        for process in self.processes:
            if process.runs():
                lines = [line for line in process.output().splitlines() if '"level":"warn"' in line or '"level":"error"' in line]
                told += [f"{process.name}: {line[:300]}" for line in lines[-each:]]
        return "\n".join(told)

    def _own_folder(self, name, owner):
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        if owner:
            shutil.chown(folder, owner, owner)
        return folder

    def _postgres(self):
        owner = account("postgres")
        self.postgres_data = self._own_folder("postgres", owner)
        identity = {"user": owner, "group": owner, "extra_groups": []} if owner else {}
        subprocess.run(
            [POSTGRES_BIN / "initdb", "-D", self.postgres_data, "-U", "postgres", "--auth", "trust",
             "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
            check=True, capture_output=True, cwd="/", **identity,
        )
        with open(self.postgres_data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.postgres_port}\nunix_socket_directories = ''\n"
                "fsync = on\nsynchronous_commit = on\nshared_buffers = 128MB\nmax_connections = 200\n"
                "timezone = 'UTC'\npassword_encryption = scram-sha-256\n"
            )
        ready = [POSTGRES_BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.postgres_port), "-d", "postgres"]
        return self._register(Process(
            "postgres", [POSTGRES_BIN / "postgres", "-D", self.postgres_data], self.folder / "postgres.log",
            account=owner, is_ready=lambda: subprocess.run(ready, check=False).returncode == 0,
        ))

    def _nats(self):
        owner = account("nats")
        self.nats_store = self._own_folder("nats", owner)
        conf = self.folder / "nats.conf"
        conf.write_text(
            f'listen: "127.0.0.1:{self.nats_port}"\nserver_name: "nexora"\nmax_payload: 8MB\n'
            f'jetstream {{ store_dir: "{self.nats_store}" }}\n'
            f'authorization {{ user: "nexora", password: "{self.password}" }}\n'
        )
        if owner:
            shutil.chown(conf, owner, owner)
        conf.chmod(0o600)
        return self._register(Process(
            "nats", [shutil.which("nats-server"), "-c", conf], self.folder / "nats.log", account=owner,
            is_ready=lambda: listens(self.nats_port),
        ))

    def _redis(self):
        owner = account("redis")
        folder = self._own_folder("redis", owner)
        command = [
            shutil.which("redis-server"), "--bind", "127.0.0.1", "--port", self.redis_port, "--dir", folder,
            "--requirepass", self.password, "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction",
        ]
        return self._register(Process(
            "redis", command, self.folder / "redis.log", account=owner, is_ready=lambda: listens(self.redis_port)
        ))

    # Daemons

    def consumer(self, number, **settings):
        settings = {"NEXORA_USAGE_INTERVAL": "1s"} | settings
        return self._register(Daemon(f"consumer-{number}", "accounting-consumer", self, settings))

    def billing_worker(self, name="billing", **settings):
        """A writer of the ledger; quick to take a lane over, quick to do again what a killed one left."""
        return self._register(Daemon(name, "billing-worker", self, {
            "NEXORA_KEYRING_PATH": str(self.keyring), "NEXORA_LANES_HOLDER": name, "NEXORA_LANES_LEASE": "1s",
            "NEXORA_LANES_ACK_WAIT": "1s",
        } | settings))

    def provisioner(self, name="provisioner", **settings):
        """Carries out what is asked of live sessions; quick to give a deaf NAS up. Not among those that `start` starts: a test
        that wants it starts it."""
        return self._register(Daemon(name, "provisioner", self, {
            "NEXORA_KEYRING_PATH": str(self.keyring), "NEXORA_COA_WAIT": "200ms", "NEXORA_ENFORCEMENT_ACK_WAIT": "1s",
            "NEXORA_ENFORCEMENT_INTERVAL": "50ms", "NEXORA_ENFORCEMENT_CONFIRMATION": "3s",
        } | settings))

    def notifier(self, name="notifier", **settings):
        """Tells people and other systems what happens, by servers on this machine; a test that wants it starts it."""
        return self._register(Daemon(name, "notifier", self, {
            "NEXORA_KEYRING_PATH": str(self.keyring), "NEXORA_NOTICES_PRIVATE_ADDRESSES": "true",
        } | settings))

    def radius_server(self, name, **settings):
        """A radius-server with a journal and ports of its own; not started."""
        auth_port, acct_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
        daemon = Daemon(name, "radius-server", self, {
            "NEXORA_KEYRING_PATH": str(self.keyring),
            "NEXORA_RADIUS_ADDRESS": "127.0.0.1",
            "NEXORA_RADIUS_AUTH_PORT": str(auth_port),
            "NEXORA_RADIUS_ACCT_PORT": str(acct_port),
            "NEXORA_JOURNAL_PATH": str(self.folder / f"{name}-journal"),
            "NEXORA_SNAPSHOT_PATH": str(self.folder / f"{name}.snapshot"),
            "NEXORA_RADIUS_NAME": name,
        } | settings)
        daemon.auth_port, daemon.acct_port = auth_port, acct_port
        return self._register(daemon)

    def object_store(self):
        """A gateway's settings for the one object store: whichever gateway takes an export on, the file is there."""
        if self.storage:
            return self.storage
        port = free_port()
        access, secret = f"AK{secrets.token_hex(8)}", secrets.token_urlsafe(30)
        store = self._register(Process("object-store", [
            programs() / "object-store", "--port", port, "--bucket", "exports", "--access-key", access, "--secret-key", secret,
        ], self.folder / "object-store.log", is_ready=lambda: listens(port)))
        store.start()
        self.lasting.append(store)
        self.storage = {
            "NEXORA_STORAGE_URL": f"http://127.0.0.1:{port}", "NEXORA_STORAGE_BUCKET": "exports",
            "NEXORA_STORAGE_ACCESS_KEY": access, "NEXORA_STORAGE_SECRET_KEY": secret,
        }
        return self.storage

    # Questions

    def nexora(self, *arguments, code=0, given=None, **environment):
        """Runs the operator's command line; returns what it printed."""
        done = subprocess.run(
            [programs() / "nexora", *map(str, arguments)],
            env=self.command_environment() | environment,
            input=given if given is not None else "", capture_output=True, text=True, timeout=120, check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"nexora {' '.join(map(str, arguments))}: exit {done.returncode}\n{said}"
        return said if code else done.stdout

    def command_environment(self):
        return self.urls | {
            "PATH": os.environ["PATH"], "NEXORA_KEYRING_PATH": str(self.keyring),
            "NEXORA_MIGRATIONS_PATH": str(ROOT / "migrations"),
        }

    def tail(self, *arguments):
        return Tail(self, arguments)

    def superuser_sql(self, statement, database="nexora"):
        """Rows as lists of text. The superuser: row-level security does not hide anything from the tests."""
        done = subprocess.run(
            [POSTGRES_BIN / "psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
             "-p", str(self.postgres_port), "-U", "postgres", "-d", database, "-c", statement],
            capture_output=True, text=True, timeout=60, check=False,
        )
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    sql = superuser_sql


class Tail:
    """nexora tail --json as a context: `events` grows while it runs."""

    def __init__(self, system, arguments):
        self.command = [programs() / "nexora", "tail", "--json", *map(str, arguments)]
        self.environment = system.command_environment()
        self.path = system.folder / f"tail-{secrets.token_hex(4)}"
        self.offset, self.seen = 0, []

    def __enter__(self):
        with open(self.path, "wb") as output, open(f"{self.path}.err", "wb") as errors:
            self.child = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
            )
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise

    def events(self):
        """Everything shown so far: objects with sequence, subject and event."""
        assert self.child.poll() is None, Path(f"{self.path}.err").read_text()
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self.offset += len(whole)
        self.seen += [json.loads(line) for line in whole.splitlines()]
        return self.seen

    def wait_for(self, wanted, seconds=20, what="the event"):
        return eventually(lambda: [e for e in self.events() if wanted(e)], seconds, what)
