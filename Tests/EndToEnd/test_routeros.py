"""The emulated MikroTik router, as two clients see it that others wrote: what they accept, ours is tested against."""

import json
import secrets
import ssl
import subprocess

import librouteros
import pytest
import routeros_api
from librouteros.exceptions import FatalError, LibRouterosError, TrapError
from librouteros.login import plain, token
from librouteros.query import And, Key, Or
from routeros_api.exceptions import RouterOsApiCommunicationError

from processes import Process, eventually, free_port, listens
from system import programs

USER, PASSWORD = "nexora", "correct horse"


class Router:
    """One emulated router with its ports, faults and state."""

    def __init__(self, folder, *options):
        self.port, self.tls_port = free_port(), free_port()
        self.faults, self.state_file = folder / "faults", folder / "state.json"
        certificate, key = folder / "router.pem", folder / "router.key"
        subprocess.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=router", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ], check=True, capture_output=True)
        self.certificate = certificate
        self.process = Process("routeros-emulator", [
            programs() / "routeros-emulator", "--port", self.port, "--tls-port", self.tls_port, "--certificate", certificate,
            "--key", key, "--user", USER, "--password", PASSWORD, "--behaviour", self.faults, "--state", self.state_file, *options,
        ], folder / "emulator.log", is_ready=lambda: listens(self.port) and listens(self.tls_port))

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.child.kill()
        self.process.child.wait()

    def state(self):
        return json.loads(self.state_file.read_text())

    def rows(self, menu):
        return self.state()["menus"][menu]

    def librouteros(self, login=plain, tls=None, password=PASSWORD):
        return librouteros.connect(
            "127.0.0.1", USER, password, port=self.tls_port if tls else self.port, login_method=login, timeout=10,
            **({"ssl_wrapper": lambda plain_socket: tls.wrap_socket(plain_socket, server_hostname="127.0.0.1")} if tls else {}),
        )

    def routeros_api(self, is_new=True, **options):
        return routeros_api.RouterOsApiPool(
            "127.0.0.1", username=USER, password=PASSWORD, port=options.pop("port", self.port), plaintext_login=is_new, **options,
        )

    def secret(self, name):
        return next((row for row in self.rows("/ppp/secret") if row["name"] == name), None)

    def profile(self, name):
        return next((row for row in self.rows("/ppp/profile") if row["name"] == name), None)

    def kill(self):
        """As if somebody had pulled its plug: what it held is gone."""
        self.process.kill()

    def start(self):
        self.state_file.unlink(missing_ok=True)
        self.process.start()
        eventually(self.state_file.exists, 20, "the router's state")


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    with Router(tmp_path_factory.mktemp("new"), "--online", "bob,eve") as router:
        yield router


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    with Router(tmp_path_factory.mktemp("old"), "--login", "old", "--version", "6.42.12") as router:
        yield router


# proves: MTK-03
def test_both_clients_log_in_to_new_and_old_routers(new, old):
    for router, login, is_new in ((new, plain, True), (old, token, False)):
        api = router.librouteros(login)
        assert [row["name"] for row in api.path("/system/identity")] == ["emulated"]
        api.close()
        pool = router.routeros_api(is_new)
        assert pool.get_api().get_resource("/system/identity").get()[0]["name"] == "emulated"
        pool.disconnect()
    # A newer client of an older router is given a challenge, and answers it.
    pool = old.routeros_api(True)
    assert pool.get_api().get_resource("/system/resource").get()[0]["version"].startswith("6.42")
    pool.disconnect()
    for router, login in ((new, plain), (old, token)):
        with pytest.raises(TrapError):
            router.librouteros(login, password="wrong")


# proves: MTK-03
def test_tls_is_spoken_and_its_certificate_verified(new):
    trusting = ssl.create_default_context(cafile=str(new.certificate))
    api = new.librouteros(tls=trusting)
    assert [row["name"] for row in api.path("/system/identity")] == ["emulated"]
    api.close()
    with pytest.raises(ssl.SSLCertVerificationError):
        new.librouteros(tls=ssl.create_default_context())
    pool = new.routeros_api(port=new.tls_port, use_ssl=True, ssl_verify=False)
    assert pool.get_api().get_resource("/system/identity").get()[0]["name"] == "emulated"
    pool.disconnect()


# proves: MTK-02 MTK-03
def test_librouteros_lists_adds_sets_removes_and_asks(new):
    api = new.librouteros()
    secrets = api.path("/ppp/secret")
    ids = [secrets.add(name=f"lib{number}", password=f"p{number}", service="pppoe") for number in range(4)]
    assert all(one.startswith("*") for one in ids) and len(set(ids)) == 4
    name, identity, disabled = Key("name"), Key(".id"), Key("disabled")
    found = list(secrets.select(name, identity).where(name == "lib2"))
    assert found == [{"name": "lib2", ".id": ids[2]}]
    secrets.update(**{".id": ids[2], "disabled": True})
    assert [row["name"] for row in secrets.select(name).where(And(disabled == True, name != "x"))] == ["lib2"]  # noqa: E712
    assert {row["name"] for row in secrets.select(name).where(Or(name == "lib0", name == "lib3"))} == {"lib0", "lib3"}
    assert {row["name"] for row in secrets.select(name).where(name.In("lib0", "lib1"))} == {"lib0", "lib1"}
    with pytest.raises(TrapError, match="already exists"):
        secrets.add(name="lib0", password="again")
    with pytest.raises(TrapError, match="no such item"):
        secrets.remove("*FFFF")
    with pytest.raises(TrapError, match="no such command"):
        tuple(api.path("/no/such/menu"))
    secrets.remove(*ids)
    assert not [row for row in secrets if row["name"].startswith("lib")]
    api.close()


# proves: MTK-02 MTK-07
def test_routeros_api_lists_adds_sets_and_removes(new):
    pool = new.routeros_api()
    api = pool.get_api()
    queues, lists = api.get_resource("/queue/simple"), api.get_resource("/ip/firewall/address-list")
    queues.add(name="q1", target="10.1.1.1", max_limit="10M/50M")
    row = queues.get(name="q1")[0]
    assert row["max-limit"] == "10000000/50000000" and row["target"] == "10.1.1.1/32" and row["id"].startswith("*")
    queues.set(id=row["id"], max_limit="1M/2M", comment="slow")
    assert queues.get(name="q1")[0]["max-limit"] == "1000000/2000000"
    queues.remove(id=row["id"])
    assert queues.get(name="q1") == []
    lists.add(list="suspended", address="10.2.2.2", comment="bob")
    with pytest.raises(RouterOsApiCommunicationError, match="already have such entry"):
        lists.add(list="suspended", address="10.2.2.2")
    assert [entry["address"] for entry in lists.get(list="suspended")] == ["10.2.2.2"]
    active = api.get_resource("/ppp/active")
    eve = active.get(name="eve")[0]
    active.remove(id=eve["id"])
    assert [row["name"] for row in active.get()] == ["bob"]
    eventually(lambda: [row["name"] for row in new.rows("/ppp/active")] == ["bob"], 10, "the state told to the tests")
    pool.disconnect()


# proves: MTK-03
def test_answers_carry_the_tags_of_their_commands(new):
    pool = new.routeros_api()
    api = pool.get_api()
    identity, resource = api.get_resource("/system/identity"), api.get_resource("/system/resource")
    # All are sent before any is read, and the last is read first.
    promises = [(identity if number % 2 else resource).get_async() for number in range(20)]
    for number, promise in reversed(list(enumerate(promises))):
        row = promise.get()[0]
        assert ("name" in row, "version" in row) == ((True, False) if number % 2 else (False, True))
    pool.disconnect()


# proves: MTK-03
def test_an_answer_without_rows_is_said_to_be_empty_by_the_newest(tmp_path):
    with Router(tmp_path, "--version", "7.18.2") as router:
        api = router.librouteros()
        assert tuple(api.path("/ppp/secret")) == ()
        api.close()
        pool = router.routeros_api()
        assert pool.get_api().get_resource("/ppp/secret").get() == []
        pool.disconnect()


# proves: MTK-04
def test_faults_are_seen_by_the_clients_as_faults(tmp_path):
    with Router(tmp_path) as router:
        def fails_with(fault, *errors):
            api = router.librouteros()
            router.faults.write_text(fault + "\n")

            # A fault is in force when the emulator has looked: 0.1 s at the latest, and before each answer's end.
            def is_seen():
                try:
                    tuple(api.path("/system/identity"))
                    return False
                except errors:
                    return True

            eventually(is_seen, 20, fault)
            router.faults.write_text("")
            eventually(lambda: reaches(router), 20, "the router as it was")

        fails_with("drop", LibRouterosError, OSError)
        fails_with("fatal out of memory", FatalError)
        router.faults.write_text("refuse-login\n")
        eventually(lambda: not reaches(router), 20, "nobody let in")
        router.faults.write_text("")
        eventually(lambda: reaches(router), 20, "the router as it was")


def reaches(router):
    try:
        router.librouteros().close()
        return True
    except (LibRouterosError, OSError):
        return False


TENANT = "routers-of-the-tests"


@pytest.fixture(scope="module")
def provisioner(system):
    """Speaks to routers of this machine, and is quick to try them again."""
    made = system.provisioner(
        "provisioner-routers", NEXORA_DEVICES_LOCAL="true", NEXORA_ROUTERS_INTERVAL="50ms", NEXORA_ROUTERS_RETRY="100ms",
        NEXORA_ROUTERS_LONGEST_RETRY="500ms", NEXORA_ROUTERS_BREAKER_THRESHOLD="1", NEXORA_ROUTERS_BREAKER_PAUSE="100ms",
        NEXORA_ROUTERS_BREAKER_LONGEST_PAUSE="500ms", NEXORA_ROUTERS_REFUSAL_RETRY="500ms",
    )
    made.start()
    system.nexora("tenant", "add", TENANT, "--subdomain", TENANT)
    system.nexora(
        "customer", "add", "R1", "--tenant", TENANT, "--name", "Ann", "--phone", "+1", "--address", "Street 1",
    )
    for plan, down in (("Fifty", "50M"), ("Hundred", "100M")):
        system.nexora("plan", "add", plan, "--tenant", TENANT, "--download", down, "--upload", "10M", "--price", "20")
    yield made
    made.terminate()


@pytest.fixture
def tower(system, provisioner, tmp_path):
    """A router with its device."""
    with Router(tmp_path) as router:
        router.device = f"tower-{secrets.token_hex(3)}"
        system.nexora(
            "device", "add", router.device, "--tenant", TENANT, "--kind", "router", "--vendor", "mikrotik", "--host", "127.0.0.1",
            "--port", router.port, "--username", USER, "--password-from", "env:ROUTER", ROUTER=PASSWORD,
        )
        yield router


def subscriber(system, router, status="active"):
    name = f"sub-{secrets.token_hex(3)}"
    system.nexora(
        "service", "add", name, "--tenant", TENANT, "--customer", "R1", "--plan", "Fifty", "--router", router.device, "--status", status,
        "--password-from", "env:SUBSCRIBER", SUBSCRIBER="a password of a subscriber",
    )
    return name


def change(system, name, *fields):
    system.nexora("service", "set", name, "--tenant", TENANT, *fields)


def settled(system, provisioner):
    """Nothing waits for any router."""
    eventually(lambda: provisioner.metric("router_operations_pending") == 0, 30, "nothing waits")


# proves: MTK-02 MTK-05 MTK-07 LCY-07 LCY-08
def test_a_subscriber_on_a_router_is_what_his_service_is(system, provisioner, tower):
    name = subscriber(system, tower, "pending")
    settled(system, provisioner)
    assert tower.secret(name) is None
    change(system, name, "--status", "active")
    eventually(lambda: (tower.secret(name) or {}).get("disabled") == "false", 30, "activation makes the secret")
    made = tower.secret(name)
    assert made["password"] == "a password of a subscriber"
    assert tower.profile(made["profile"])["rate-limit"].startswith("10M/50M")
    change(system, name, "--status", "suspended")
    eventually(lambda: tower.secret(name)["disabled"] == "true", 30, "suspension disables it")
    change(system, name, "--status", "active", "--plan", "Hundred")
    eventually(lambda: tower.secret(name)["profile"] != made["profile"], 30, "another plan is another profile")
    assert tower.profile(tower.secret(name)["profile"])["rate-limit"].startswith("10M/100M")
    assert tower.secret(name)["disabled"] == "false"
    change(system, name, "--status", "terminated")
    eventually(lambda: tower.secret(name) is None, 30, "termination removes it")
    with system.tail("--from-start", "--subject", "provisioning.router_completed.>", "--tenant", TENANT) as tail:
        told = tail.wait_for(lambda e: e["event"]["data"]["outcome"] == "done", 20, "the event")
        assert "a password of a subscriber" not in json.dumps(told)


# proves: MTK-04 MTK-06
def test_what_a_router_missed_is_done_when_it_is_back(system, provisioner, tower):
    first = subscriber(system, tower)
    eventually(lambda: tower.secret(first) is not None, 30, "it is there")
    settled(system, provisioner)
    tower.kill()
    second = subscriber(system, tower)
    change(system, first, "--status", "suspended")
    change(system, second, "--plan", "Hundred")
    eventually(lambda: provisioner.metric("router_operations_routers_away") == 1, 30, "the router is away")
    assert provisioner.metric("router_operations_pending") > 0
    tower.start()
    eventually(lambda: (tower.secret(first) or {}).get("disabled") == "true", 60, "what it missed of the first")
    eventually(lambda: tower.secret(second) is not None, 60, "what it missed of the second")
    limit = lambda: (tower.profile(tower.secret(second)["profile"]) or {}).get("rate-limit", "")
    eventually(lambda: limit().startswith("10M/100M"), 30, "as it is now")
    settled(system, provisioner)


# proves: MTK-04 MTK-05
def test_a_provisioner_that_is_killed_leaves_nothing_undone(system, provisioner, tower):
    names = [subscriber(system, tower) for _ in range(8)]
    provisioner.kill()
    for name in names[:4]:
        change(system, name, "--status", "suspended")
    provisioner.start()
    for place, name in enumerate(names):
        wanted = "true" if place < 4 else "false"
        eventually(lambda: (tower.secret(name) or {}).get("disabled") == wanted, 60, f"{name} as it shall be")
    settled(system, provisioner)
    assert len([row for row in tower.rows("/ppp/secret") if row["name"] in names]) == len(names)
