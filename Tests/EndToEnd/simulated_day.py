"""A day of the NAS simulator (Tests/Simulators/nas-simulator) against a running system."""

import json
import subprocess

from processes import Process, eventually
from system import programs


class Day:
    """One seed's day: its directory is created through `nexora`, then it is played and compared with Postgres."""

    def __init__(self, system, seed, subscribers=300, nases=9, scenario="worst", duration=60, *more):
        self.system, self.seed = system, seed
        self.folder = system.folder / f"day-{seed}"
        self.folder.mkdir()
        self.report_path, self.process = self.folder / "report.json", None
        self.events_path = self.folder / "events.jsonl"
        self.wishes = [
            programs() / "nas-simulator", "--seed", seed, "--subscribers", subscribers, "--nases", nases, "--scenario",
            scenario, "--duration", duration, *more,
        ]

    def prepare(self):
        """Tenant, plans, NASes and subscribers, by the operator's own means."""
        directory, subscribers = self.folder / "directory.jsonl", self.folder / "subscribers.csv"
        self._run("--directory-file", directory, "--subscribers-file", subscribers)
        entries = [json.loads(line) for line in directory.read_text().splitlines()]
        tenant = entries[0]["subdomain"]
        for entry in entries:
            kind, name, secret = entry.pop("kind"), entry.pop("name"), entry.pop("secret", None)
            options = [word for option, value in entry.items() for word in (f"--{option}", value)]
            if kind != "tenant":
                options += ["--tenant", tenant]
            if secret:
                options += ["--secret-from", "env:NAS_SECRET"]
            self.system.nexora(kind, "add", name, *options, NAS_SECRET=secret or "")
        self.system.nexora("import", subscribers, "--tenant", tenant)
        # The day begins once radius-server has heard of them: a stranger would be refused, and rightly.
        eventually(self._known, 30, "the subscribers at radius-server")
        return self

    def _known(self):
        services = int(self.system.sql("SELECT count(*) FROM services")[0][0])
        return self.system.radius.metric("directory_services") == services

    def start(self, *more):
        """Plays in the background; `finish` waits for the end."""
        radius = self.system.radius
        server = f"127.0.0.1:{radius.auth_port}:{radius.acct_port}"
        command = [*self.wishes, "--server", server, "--report", self.report_path, "--events", self.events_path, *more]
        self.process = Process(f"day {self.seed}", command, self.folder / "output", self.system.urls)
        self.process.start()
        return self

    def runs(self):
        return self.process.runs()

    def output(self):
        return self.process.output()

    def finish(self, seconds=600):
        """The report; fails with the simulator's own words where something does not hold."""
        try:
            status = self.process.child.wait(seconds)
        finally:
            self.stop()
        said = self.output()
        print(said)
        assert status == 0, said if len(said) <= 20_000 else f"{said[:10_000]}\n...\n{said[-10_000:]}"
        return json.loads(self.report_path.read_text())

    def stop(self):
        if self.process is not None:
            self.process.clean_up()

    def events(self):
        """What CoA and Disconnect did so far."""
        if not self.events_path.exists():
            return []
        text = self.events_path.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def _run(self, *more):
        command = [str(word) for word in (*self.wishes, *more)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
