"""kill -9 of everything in turn, under accounting load: what was acknowledged is in Postgres once, octets exact."""

import books
from accounting_load import Load
from processes import eventually

USERS = [f"demo{number:04}" for number in range(100, 300)]


def acknowledged(load, more, seconds=60):
    """Waits until so many more records were acknowledged."""
    wanted = load.acknowledged + more
    eventually(lambda: load.acknowledged >= wanted, seconds, lambda: f"{wanted - load.acknowledged} more answers")


# proves: ACC-01 ACC-02 ACC-04 ACC-05 ACC-06 ACC-08 ACC-13 ACC-14 MSG-04 MSG-07 MSG-09
def test_everything_is_killed_in_turn_and_nothing_is_lost_or_counted_twice(system):
    target = ("127.0.0.1", system.radius.acct_port)
    with Load(target, system.secret, USERS, "kill", live=700) as load:
        acknowledged(load, 800)
        system.radius.kill()
        held = load.retransmitted
        eventually(lambda: load.retransmitted > held + 100, what="retransmissions")
        system.radius.start()
        acknowledged(load, 800)
        for victim in (*system.consumers, system.postgres, system.nats):
            victim.kill()
            # Whatever is away behind it, radius-server answers.
            acknowledged(load, 500)
            victim.start()
            acknowledged(load, 500)
        for consumer in system.consumers:
            consumer.kill()
        system.radius.kill()
        system.nats.kill()
        for process in (system.nats, system.radius, *system.consumers):
            process.start(wait=False)
        acknowledged(load, 500)
        load.finish()
        print(
            f"{len(load.sessions)} sessions, {load.acknowledged} records acknowledged, {load.retransmitted} "
            f"retransmitted, {load.repeated} repeated"
        )
        books.check(system, load)
    for daemon in (system.radius, *system.consumers):
        daemon.wait_ready()
