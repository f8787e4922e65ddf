"""What a process owes its operator: a clean end, errors that name what is wrong, nothing half done."""

import os
import subprocess

import pytest

from processes import eventually
from system import programs

DAEMONS = ["radius-server", "accounting-consumer", "billing-worker", "provisioner", "notifier", "api-gateway"]


def check(program, **settings):
    """The exit code of --check and everything it said, with these settings."""
    environment = {
        "PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://user@127.0.0.1:1/nexora",
        "NATS_URL": "nats://127.0.0.1:1",
    } | settings
    done = subprocess.run(
        [programs() / program, "--check"], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout + done.stderr


# proves: PLT-17
@pytest.mark.parametrize("program", DAEMONS)
def test_check_names_every_wrong_setting(program):
    assert check(program)[0] == 0
    code, said = check(program, NEXORA_ADMIN_PORT="70000", NEXORA_SHUTDOWN_DEADLINE="soon", NATS_URL="http://elsewhere")
    assert code == 78
    for key in ("admin.port", "shutdown.deadline", "nats.url"):
        assert key in said, said
    assert "70000" in said and "65535" in said


@pytest.mark.parametrize("program", DAEMONS)
def test_an_unknown_setting_is_named_with_the_nearest_known_one(program):
    code, said = check(program, NEXORA_ADMIN_PROT="9000")
    assert code == 78
    assert "NEXORA_ADMIN_PROT" in said and "did you mean NEXORA_ADMIN_PORT" in said, said


@pytest.mark.parametrize("program", DAEMONS)
def test_a_secret_is_never_printed(program):
    for url in ("postgresql://user:hunter2@127.0.0.1:1/nexora", "mysql://user:hunter2@127.0.0.1:1/nexora"):
        code, said = check(program, DATABASE_URL=url)
        assert code == (0 if url.startswith("post") else 78)
        assert "hunter2" not in said


@pytest.mark.parametrize("program", DAEMONS)
def test_an_unknown_option_shows_the_usage(program):
    done = subprocess.run([programs() / program, "--chekc"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 64
    assert "--chekc" in done.stderr and "--check" in done.stderr, done.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["nas", "ad"], ['did you mean "add"']),
        (["nas", "add", "x"], ["--tenant", "nexora nas add"]),
        (["nas", "add", "x", "--tenant", "demo-net", "--address", "300.1.1.1"], ["--address", "300.1.1.1"]),
        (["nas", "add", "x", "--tenant", "demo-net", "--address", "192.0.2.9", "--vendor", "mikrotk"], ["mikrotik"]),
        (["tail", "--from-seq", "none"], ["--from-seq"]),
        (["service", "set", "demo0001", "--statsu", "active"], ["--status"]),
    ],
    ids=["command", "missing option", "address", "choice", "number", "option"],
)
def test_a_wrong_command_line_says_how_it_is_right(system, arguments, words):
    said = system.nexora(*arguments, code=2)
    for word in [*words, "--help"]:
        assert word in said, said


def test_an_import_tells_every_bad_row_by_its_line_and_leaves_nothing(system):
    before = system.sql("SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM services)")
    rows = system.folder / "import.csv"
    rows.write_text(
        "code,name,phone,address,username,password,plan\n"
        "E1,Ann,+390001,Via Roma 1,e2e-ann,secret-one,Home 50\n"
        "E2,,+390002,Via Roma 2,e2e-ben,secret-two,Home 50\n"
        "E3,Cai,+390003,Via Roma 3,e2e-cai,secret-three,No Such Plan\n"
        "E4,Dan,+390004,Via Roma 4,demo0001,secret-four,Home 50\n"
        "E5,Eve,+390005,Via Roma 5,e2e-eve,secret-five\n"
    )
    said = system.nexora("import", rows, "--tenant", "demo-net", code=65)
    for line, word in ((3, "name"), (4, "No Such Plan"), (5, "username"), (6, "plan")):
        assert any(f"line {line}:" in told and word in told for told in said.splitlines()), said
    assert "line 2:" not in said
    assert "secret-" not in said
    assert system.sql("SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM services)") == before


def test_a_killed_import_leaves_nothing(system):
    """kill -9 in the middle: all rows or none."""
    before = system.sql("SELECT count(*) FROM customers")
    rows = system.folder / "large.csv"
    with open(rows, "w", encoding="utf-8") as file:
        file.write("code,name,phone,address,username,password,plan\n")
        for number in range(30_000):
            file.write(f"L{number},Name {number},+39{number},Via {number},large{number},secret-{number},Home 50\n")
    child = subprocess.Popen(
        [programs() / "nexora", "import", rows, "--tenant", "demo-net"], env=system.command_environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    ours = "FROM pg_stat_activity WHERE application_name LIKE '%nexora%' AND query ~* '(copy|insert)'"
    try:
        eventually(lambda: system.sql(f"SELECT 1 {ours} LIMIT 1") or child.poll() is not None, 60, "an import at work")
    finally:
        child.kill()
    done = child.wait() == 0
    eventually(lambda: not system.sql(f"SELECT 1 {ours} AND state <> 'idle' LIMIT 1"), 60, "the end of its transaction")
    count = int(system.sql("SELECT count(*) FROM customers")[0][0]) - int(before[0][0])
    assert count == (30_000 if done else 0)


# proves: PLT-19
def test_every_daemon_ends_cleanly_when_asked_and_says_why_it_is_not_ready(system):
    for daemon in system.daemons:
        assert daemon.terminate() == 0, daemon.last_words()
        daemon.start()


def test_daemons_end_in_time_with_every_server_away(system):
    system.postgres.kill()
    system.nats.kill()
    try:
        for daemon in system.daemons:
            eventually(lambda d=daemon: not d.says_ready() or d is system.radius, what="/ready to tell")
            assert daemon.terminate() == 0, daemon.last_words()
    finally:
        system.postgres.start()
        system.nats.start()
        for daemon in system.daemons:
            daemon.start(wait=False)
        for daemon in system.daemons:
            daemon.wait_ready()


def test_two_servers_do_not_share_a_journal(system):
    twin = system.radius_server("radius-twin", NEXORA_JOURNAL_PATH=str(system.folder / "radius-journal"))
    twin.start(wait=False)
    assert twin.child.wait(30) == 1
    assert "held by another radius-server" in twin.output()


def test_a_taken_port_is_named(system):
    twin = system.radius_server("radius-port", NEXORA_ADMIN_PORT=str(system.radius.admin_port))
    twin.start(wait=False)
    assert twin.child.wait(30) == 1
    assert str(system.radius.admin_port) in twin.last_words()
