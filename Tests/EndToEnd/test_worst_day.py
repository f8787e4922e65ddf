"""The worst day of simulated NASes against the whole system with two accounting-consumers, compared to the octet.

WORST_DAY_SUBSCRIBERS, _NASES, _SECONDS and _SEEDS make it larger: see Tests/Simulators/run-worst-day.
"""

import os

import pytest

from processes import eventually
from simulated_day import Day

pytestmark = pytest.mark.alone

SUBSCRIBERS = int(os.environ.get("WORST_DAY_SUBSCRIBERS", 300))
NASES = int(os.environ.get("WORST_DAY_NASES", 9))
SECONDS = int(os.environ.get("WORST_DAY_SECONDS", 45))
SEEDS = [int(seed) for seed in os.environ.get("WORST_DAY_SEEDS", "1,2,3").split(",")]


def processes(system):
    return [process.pid for process in (system.radius, *system.consumers) if process.runs()]


@pytest.mark.parametrize("seed", SEEDS)
# proves: ACC-02 ACC-04 ACC-07 ACC-08 ACC-14 RAD-01 TST-02
def test_the_worst_day_is_booked_to_the_octet(system, seed):
    before = processes(system)
    report = Day(system, seed, SUBSCRIBERS, NASES, "worst", SECONDS).prepare().start().finish(SECONDS + 600)
    assert report["holds"] and report["discrepancies"] == []
    assert report["acknowledged"] >= report["reports"] > SUBSCRIBERS
    assert processes(system) == before


# proves: ACC-01 ACC-02 ACC-13 ACC-14 RAD-01
def test_a_busy_day_with_a_restart_of_radius_server_is_booked_to_the_octet(system):
    day = Day(system, 1001, 300, 9, "worst", 45).prepare().start("--server-restarts")
    try:
        # In the thick of it: once by the signal of an operator, once without a word.
        eventually(lambda: (system.radius.metric("journal_records_total") or 0) > 0 and day.runs(), 60)
        wait_for_records(system, 2000)
        system.radius.terminate()
        system.radius.start()
        wait_for_records(system, 2000)
        system.radius.kill()
        system.radius.start()
        report = day.finish()
    finally:
        day.stop()
    assert report["holds"] and report["discrepancies"] == []


def wait_for_records(system, more):
    def records():
        return system.radius.metric("journal_records_total") or 0

    wanted = records() + more
    eventually(lambda: records() >= wanted, 60, f"{more} more records")
