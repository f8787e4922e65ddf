"""Processes of a test: started, killed, stopped, continued and started again, and none left behind."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def eventually(condition, seconds=30, what="it"):
    """Waits until the condition holds, and returns its true value. The only place where tests wait."""
    began, left = time.monotonic(), seconds
    while not (value := condition()):
        if left <= 0:
            raise AssertionError(f"{what() if callable(what) else what} did not come within {seconds} s")
        time.sleep(0.02)
        # A machine that stood still for a while stood still for what is waited for as well.
        now = time.monotonic()
        left -= min(now - began, max(1, seconds / 10))
        began = now
    return value


def alive(pid):
    return state(Path(f"/proc/{pid}")) not in "ZX"


def stop(pid):
    """Stops a process and waits until its last thread stands: a thread on another core may run on for a moment."""
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: all(state(task) in "TZX" for task in Path(f"/proc/{pid}/task").iterdir()), what=f"{pid} stopped")


def state(task):
    try:
        return (task / "stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "X"


# Below those that the kernel hands to clients. Each of pytest's workers has ports of its own: what one restarts, no other takes meanwhile.
PORTS = range(20_000, 32_000)
WORKER, WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def free_port(kind=socket.SOCK_STREAM):
    """A port that nobody holds; it stays free across a restart."""
    while True:
        port = random.choice(PORTS[WORKER::WORKERS])
        with socket.socket(socket.AF_INET, kind) as trial:
            try:
                trial.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def listens(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.settimeout(1)
        return trial.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """One program of the system: what it is started with stays, its process comes and goes."""

    def __init__(self, name, command, log, environment=None, account=None, is_ready=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = log
        self.environment = environment or {}
        self.account = account
        self.is_ready = is_ready or (lambda: True)
        self.child = None

    @property
    def pid(self):
        return self.child.pid

    def runs(self):
        return self.child is not None and self.child.poll() is None

    def start(self, wait=True):
        assert not self.runs(), f"{self.name} runs already"
        identity = {}
        if self.account:
            identity = {"user": self.account, "group": self.account, "extra_groups": []}
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"} | self.environment,
                # Whatever becomes of the tests: nothing outlives them.
                preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
                **identity,
            )
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds=60):
        def ready():
            assert self.runs(), f"{self.name} ended with {self.child.returncode}:\n{self.last_words()}"
            return self.is_ready()

        eventually(ready, seconds, lambda: f"{self.name} ready ({self.last_words()})")

    def send(self, number):
        self.child.send_signal(number)

    def pause(self):
        stop(self.pid)

    def resume(self):
        self.send(signal.SIGCONT)

    def pause_family(self):
        """Stops it with all of its processes: connections stay, nothing answers."""
        stop(self.pid)
        family = [self.pid, *descendants(self.pid)]
        for pid in family[1:]:
            stop(pid)
        return family

    @staticmethod
    def resume_family(family):
        for pid in family:
            os.kill(pid, signal.SIGCONT)

    def kill(self):
        """kill -9, of all of its processes; returns when none is left."""
        family = [self.pid, *descendants(self.pid)]
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.child.wait(30)
        eventually(lambda: not any(alive(pid) for pid in family), 30, f"the end of {self.name}")

    def terminate(self, seconds=40, number=signal.SIGTERM):
        """Asks it to end and returns its exit code."""
        self.send(number)
        return self.child.wait(seconds)

    def clean_up(self):
        if self.runs():
            self.send(signal.SIGCONT)
            self.kill()

    def output(self):
        return Path(self.log).read_text(errors="replace") if Path(self.log).exists() else ""

    def last_words(self):
        return "\n".join(line[:400] for line in self.output().splitlines()[-8:])


def descendants(pid):
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, open_ends = [], [pid]
    while open_ends:
        more = children.get(open_ends.pop(), [])
        found += more
        open_ends += more
    return found
