"""Whether Postgres and the events hold what a load's NASes counted: every session once, every octet once."""

from collections import Counter, defaultdict

from processes import eventually


def sessions(system, prefix):
    """Per (Acct-Session-Id, User-Name): input octets, output octets, whether it is open; and how many rows each has."""
    rows = system.sql(
        "SELECT acct_session_id, username, input_octets, output_octets, ended_at IS NULL, id, service_id FROM sessions "
        f"WHERE acct_session_id LIKE '{prefix}-%'"
    )
    found = {(row[0], row[1]): (int(row[2]), int(row[3]), row[4] == "t") for row in rows}
    return found, Counter((row[0], row[1]) for row in rows), rows


def wait_for_sessions(system, load, seconds=90):
    """Returns the rows once they are what the load counted; otherwise says what is wrong after `seconds`."""
    truth = load.truth()

    def difference():
        found, rows, _ = sessions(system, load.prefix)
        wrong = [
            f"{key}: counted {truth.get(key)}, stored {found.get(key)}"
            for key in sorted(set(truth) | set(found)) if truth.get(key) != found.get(key)
        ]
        return wrong + [f"{key} has {count} rows" for key, count in rows.items() if count > 1]

    eventually(lambda: not difference(), seconds, lambda: f"{len(difference())} sessions wrong: {difference()[:5]}; exactness")
    return sessions(system, load.prefix)[2]


def check_usage(system, eventually_within=60):
    """Each service's days come to add up to its sessions, over everything that was ever accounted here."""
    eventually(lambda: not usage_differences(system), eventually_within, lambda: f"{usage_differences(system)[:5]}; the usage")


def usage_differences(system):
    return system.sql(
        """SELECT * FROM (
             SELECT service_id, sum(input_octets) AS i, sum(output_octets) AS o FROM (
               SELECT service_id, input_octets, output_octets FROM sessions
               UNION ALL SELECT service_id, input_octets, output_octets FROM sessions_history) AS every
             WHERE service_id IS NOT NULL GROUP BY 1) AS counted
           FULL JOIN (
             SELECT service_id, sum(input_octets) AS i, sum(output_octets) AS o FROM usage_daily GROUP BY 1) AS booked
           USING (service_id)
           WHERE coalesce(counted.i, 0) <> coalesce(booked.i, 0) OR coalesce(counted.o, 0) <> coalesce(booked.o, 0)"""
    )


def check_events(system, rows, seconds=60):
    """The deltas of usage.advanced add up to each session, and each began once and ended once, by distinct events."""
    wanted = {row[5]: (int(row[2]), int(row[3])) for row in rows}
    closed = {row[5] for row in rows if row[4] == "f"}
    with system.tail(
        "--from-start", "--subject", "usage.advanced.>", "--subject", "session.started.>", "--subject",
        "session.stopped.>",
    ) as tail:
        def difference():
            sums, began, ended = defaultdict(lambda: [0, 0]), Counter(), Counter()
            # At least once: a repeat has the id of the first.
            for event in {shown["event"]["id"]: shown["event"] for shown in tail.events()}.values():
                kind, data = event["type"].rsplit(".", 1)[1], event["data"]
                if kind == "UsageAdvanced":
                    for delta in data["deltas"]:
                        sums[delta["sessionId"]][0] += int(delta.get("inputOctets", 0))
                        sums[delta["sessionId"]][1] += int(delta.get("outputOctets", 0))
                else:
                    (began if kind == "SessionStarted" else ended)[data["sessionId"]] += 1
            return [
                f"session {key}: stored {octets}, events {tuple(sums[key])}"
                for key, octets in wanted.items() if tuple(sums[key]) != octets
            ] + [
                f"session {key} began {began[key]} times and ended {ended[key]} times"
                for key in wanted if began[key] != 1 or ended[key] != (key in closed)
            ]

        eventually(lambda: not difference(), seconds, lambda: f"{len(difference())} wrong: {difference()[:5]}; the events")


def check_services(system, prefix):
    unknown = f"SELECT count(*) FROM sessions WHERE service_id IS NULL AND acct_session_id LIKE '{prefix}-%'"
    assert system.sql(unknown) == [["0"]]


def check(system, load, seconds=90, events=True):
    rows = wait_for_sessions(system, load, seconds)
    check_usage(system)
    check_services(system, load.prefix)
    if events:
        check_events(system, rows)
