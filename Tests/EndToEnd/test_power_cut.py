"""An older JetStream store put back, as after a power cut: what the stream forgets, the journal still has."""

import shutil

import pytest

import books
from accounting_load import Load
from processes import eventually
from radius_clients import Pyrad, accepted, rejected, within

USERS = [f"demo{number:04}" for number in range(300, 400)]


def acknowledged(load, more, seconds=60):
    wanted = load.acknowledged + more
    eventually(lambda: load.acknowledged >= wanted, seconds, lambda: f"{wanted - load.acknowledged} more answers")


@pytest.fixture
def store(system):
    """What lies on the disk of NATS, to be copied and put back."""

    class Store:
        copy = system.folder / "nats-copy"

        def keep(self):
            shutil.copytree(system.nats_store, self.copy, copy_function=shutil.copy2)

        def put_back(self):
            owner = system.nats_store.owner()
            for entry in system.nats_store.iterdir():
                shutil.rmtree(entry)
            shutil.copytree(self.copy, system.nats_store, dirs_exist_ok=True)
            for path in system.nats_store.rglob("*"):
                shutil.chown(path, owner, owner)

    made = Store()
    yield made
    shutil.rmtree(made.copy, ignore_errors=True)


# proves: ACC-01 ACC-05 ACC-13 MSG-07
@pytest.mark.parametrize("forgotten", [20, 1500], ids=["few records forgotten", "many records forgotten"])
def test_what_an_older_store_forgot_is_published_again(system, store, forgotten):
    prefix = f"cut{forgotten}"
    with Load(("127.0.0.1", system.radius.acct_port), system.secret, USERS, prefix, live=500) as load:
        acknowledged(load, 500)
        before = system.radius.metric("journal_published_total")
        eventually(lambda: system.radius.metric("journal_published_total") > before, what="a record in the stream")
        system.nats.kill()
        store.keep()
        # Nobody consumes: what the store forgets now, Postgres has not seen.
        for consumer in system.consumers:
            consumer.pause()
        try:
            system.nats.start()
            published = system.radius.metric("journal_published_total")
            eventually(
                lambda: system.radius.metric("journal_published_total") >= published + forgotten, what="published records"
            )
            system.nats.kill()
            store.put_back()
            # The load goes on: the stream soon holds more than it held before, only not the same.
            acknowledged(load, 300)
            system.nats.start()
        finally:
            for consumer in system.consumers:
                consumer.resume()
        acknowledged(load, 500)
        load.finish()
        books.check(system, load, events=False)
    for daemon in (system.radius, *system.consumers):
        daemon.wait_ready()


# proves: RAD-23
def test_changes_of_the_directory_arrive_after_an_older_store_was_put_back(system, store):
    client = Pyrad(system.radius, system.secret)

    def attempt():
        return client.login("demo0003", "a password of ours")

    try:
        system.nats.kill()
        store.keep()
        system.nats.start()
        system.nexora("service", "set", "demo0003", "--password-from", "stdin", given="a password of ours\n")
        within(10, attempt, accepted)
        system.nats.kill()
        store.put_back()
        system.nats.start()
        for daemon in (system.radius, *system.consumers):
            daemon.wait_ready()
        system.nexora("service", "set", "demo0003", "--status", "suspended")
        # By its event in two seconds, or by the checksum when the stream's numbers went back.
        within(45, attempt, rejected)
        system.nexora("service", "set", "demo0003", "--status", "active")
        within(2, attempt, accepted)
    finally:
        client.close()
