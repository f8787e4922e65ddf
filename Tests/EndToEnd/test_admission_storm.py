"""A storm of logins against two radius-servers on one Redis, with failovers in its midst: no address and no session twice.

STORM_ADMISSIONS, _SUBSCRIBERS, _SEED, _RATE and _REPORT make it larger: see Tests/Simulators/run-admission-storm.
"""

import json
import os

import pytest

from storm import Storm, StormSystem

ADMISSIONS = int(os.environ.get("STORM_ADMISSIONS", 5000))
SUBSCRIBERS = int(os.environ.get("STORM_SUBSCRIBERS", 1000))
SEED = int(os.environ.get("STORM_SEED", 1))
# Small storms are held back, so that they are not over before the failover is.
RATE = int(os.environ.get("STORM_RATE", 300 if ADMISSIONS <= 20_000 else 0))


@pytest.fixture
def storm_system():
    made = StormSystem()
    try:
        yield made.start()
    finally:
        if os.environ.get("STORM_KEEP") != "yes":
            made.stop()


# proves: SES-03 IPAM-05 IPAM-08 RAD-06
def test_a_storm_over_failovers_gives_nothing_twice(storm_system):
    storm = Storm(storm_system, SEED, SUBSCRIBERS, ADMISSIONS, RATE).prepare()
    storm_system.start_daemons()
    storm.start()
    storm.wait_for(0.3)
    old = storm.kill_primary()
    if ADMISSIONS > 20_000:
        storm.wait_for(0.55)
        storm.bring_back(old)
        storm.wait_for(0.7)
        storm.fail_over()
    report = storm.finish()
    seconds = report["milliseconds"] / 1000
    storm.settle()
    standing, wrong = storm.compare_redis()
    during, untold = storm.untold()
    findings = {
        "admissionsPerSecond": round(report["admissions"] / seconds), "standing": standing, "redis": wrong[:20],
        "redisWrong": len(wrong), "twiceInRedis": [str(pair) for pair in storm.units_twice()][:20],
        "overlaps": storm.overlaps(), "untold": untold[:20], "untoldCount": len(untold),
        "untoldInOutages": len(during),
        "outages": [round(ended - began, 2) for began, ended in storm.outages],
        "outcomes": [labelled(server, "radius_admissions_total") for server in storm_system.servers],
        "conflicts": [server.metric("radius_address_conflicts_total") for server in storm_system.servers],
        "repairs": labelled(storm_system.consumers[0], "ipam_repairs_total"),
        "deadLetters": storm_system.consumers[0].metric("dead_letters_total"),
    }
    findings = report | findings
    print(json.dumps(findings, indent=1))
    if path := os.environ.get("STORM_REPORT"):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(findings, file, indent=1)
    assert report["unanswered"] == 0, report["unansweredDetails"]
    assert all(count == 0 for count in report["breaches"].values()), report["details"]
    assert findings["overlaps"] == 0 and findings["twiceInRedis"] == []
    assert wrong == [] and untold == []
    assert sum(findings["conflicts"]) == 0
    assert report["admissions"] >= ADMISSIONS and report["toldToLeave"] > 0



def labelled(daemon, name):
    """A metric's values by its labels."""
    lines = [line for line in daemon.metrics().splitlines() if line.startswith(name + "{")]
    return {line[len(name):].rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}
