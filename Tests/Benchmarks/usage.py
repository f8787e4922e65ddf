#!/usr/bin/env python3
"""Waits until Nexora has folded all usage into usage_daily, and checks that the days add up to the sessions.

usage.py --within SECONDS

Commits of accounting leave usage in usage_pending (docs/decisions/0006). Once that is empty, the octets of each service
must be the same in its sessions and in its days, over everything that was ever accounted here. Postgres is named by PGHOST,
PGPORT, PGUSER, PGPASSWORD and PGDATABASE; the result is one JSON object. Exit status: 0 when it is exact, 1 when it is not.
"""
import argparse
import json
import sys
import time

from committed import psql

PENDING = "SELECT coalesce(sum(cardinality(service_ids)), 0) FROM usage_pending"

# One statement, so that all of it is of one instant: what is pending, the services that differ, and the octets in both.
BOOKS = f"""
WITH counted AS (
    SELECT service_id, sum(input_octets) AS i, sum(output_octets) AS o FROM (
        SELECT service_id, input_octets, output_octets FROM sessions
        UNION ALL SELECT service_id, input_octets, output_octets FROM sessions_history) AS every
    WHERE service_id IS NOT NULL GROUP BY 1
), booked AS (
    SELECT service_id, sum(input_octets) AS i, sum(output_octets) AS o FROM usage_daily GROUP BY 1
)
SELECT ({PENDING}), count(*) FILTER (WHERE coalesce(c.i, 0) <> coalesce(b.i, 0) OR coalesce(c.o, 0) <> coalesce(b.o, 0)),
    coalesce(sum(c.i + c.o), 0), coalesce(sum(b.i + b.o), 0)
FROM counted c FULL JOIN booked b USING (service_id)
"""


def wait(within):
    deadline = time.monotonic() + within
    while int(psql("nexora", PENDING)) and time.monotonic() < deadline:
        time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--within", required=True, type=float)
    arguments = parser.parse_args()
    began, pending = time.monotonic(), int(psql("nexora", PENDING))
    wait(arguments.within)
    seconds = time.monotonic() - began
    left, wrong, in_sessions, in_days = (int(field) for field in psql("nexora", BOOKS).split("\t"))
    exact = left == 0 and wrong == 0 and in_sessions == in_days
    json.dump({"exact": exact, "wrong_services": wrong, "pending_before": pending, "pending_after": left,
               "seconds": seconds, "octets_in_sessions": in_sessions, "octets_in_days": in_days}, sys.stdout, indent=1)
    sys.stdout.write("\n")
    sys.exit(0 if exact else 1)


if __name__ == "__main__":
    main()
