#!/usr/bin/env python3
"""Waits until a table holds what was accounted, and tells when the last of it was committed.

committed.py --table nexora|freeradius --load FILE --truth FILE --within SECONDS

--load is the JSON of radius-load, --truth its list of sessions. The clock stops at the commit time of the youngest row
version (track_commit_timestamp), so that it does not depend on how often this program looks. Then each session is
compared by itself. Daily usage, which Nexora folds in later, is left to usage.py. Postgres is named by PGHOST, PGPORT,
PGUSER, PGPASSWORD; the result is one JSON object.
Exit status: 0 when the table is exact, 1 when it is not.
"""
import argparse
import json
import subprocess
import sys
import time

# Per server: the database, the rows of a run as (session, user, input, output, closed), and the session's column.
TABLES = {
    "nexora": ("nexora", "sessions", "acct_session_id",
               "acct_session_id, username, input_octets, output_octets, (ended_at IS NOT NULL)::int"),
    "freeradius": ("radius", "radacct", "acctsessionid",
                   "acctsessionid, username, acctinputoctets, acctoutputoctets, (acctstoptime IS NOT NULL)::int"),
}


def psql(database, sql):
    command = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Table:
    def __init__(self, name, prefix):
        self.database, self.table, session, columns = TABLES[name]
        # A session id begins with the run's prefix: a half-open range of text finds it in any collation-free order.
        self.rows = f"SELECT {columns} FROM {self.table} WHERE {session} COLLATE \"C\" LIKE '{prefix}-%'"
        self.where = f"{session} COLLATE \"C\" LIKE '{prefix}-%'"

    def totals(self):
        sql = (f"SELECT count(*), coalesce(sum(i), 0), coalesce(sum(o), 0), coalesce(sum(c), 0) "
               f"FROM ({self.rows}) AS r(s, u, i, o, c)")
        return tuple(int(field) for field in psql(self.database, sql).split("\t"))

    def last_commit_us(self):
        sql = (f"SELECT (extract(epoch FROM max(pg_xact_commit_timestamp(xmin))) * 1000000)::bigint "
               f"FROM {self.table} WHERE {self.where}")
        text = psql(self.database, sql).strip()
        return int(text) if text else None

    def sessions(self):
        return sorted(psql(self.database, self.rows).splitlines())


def wait(table, wanted, within):
    """Looks until the totals are right; spends at most a twentieth of the time on looking."""
    deadline = time.monotonic() + within
    while True:
        began = time.monotonic()
        totals = table.totals()
        took = time.monotonic() - began
        if totals == wanted or time.monotonic() > deadline:
            return totals
        time.sleep(max(0.25, 19 * took))


def difference(table, path):
    with open(path, encoding="ascii") as file:
        truth = sorted(file.read().splitlines())
    rows = table.sessions()
    if rows == truth:
        return 0, []
    wrong = sorted(set(rows) ^ set(truth)) or ["a session has two equal rows"]
    return len({line.split("\t")[0] for line in wrong}), wrong[:6]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--table", required=True, choices=TABLES)
    parser.add_argument("--load", required=True)
    parser.add_argument("--truth", required=True)
    parser.add_argument("--within", required=True, type=float)
    arguments = parser.parse_args()
    with open(arguments.load, encoding="utf-8") as file:
        load = json.load(file)
    truth = load["truth"]
    wanted = (truth["rows"], truth["input_octets"], truth["output_octets"], truth["closed"])
    table = Table(arguments.table, truth["prefix"])
    totals = wait(table, wanted, arguments.within)
    wrong, examples = difference(table, arguments.truth)
    last = table.last_commit_us()
    seconds = (last - load["first_packet_us"]) / 1e6 if last else None
    names = ("rows", "input_octets", "output_octets", "closed")
    json.dump({
        "exact": wrong == 0, "wrong_sessions": wrong, "examples": examples,
        "wanted": dict(zip(names, wanted)), "found": dict(zip(names, totals)),
        "packets": load["sent"], "last_commit_us": last, "seconds": seconds,
        "per_second": load["sent"] / seconds if seconds else 0,
    }, sys.stdout, indent=1)
    sys.stdout.write("\n")
    sys.exit(0 if wrong == 0 else 1)


if __name__ == "__main__":
    main()
