#!/usr/bin/env python3
"""Tells what the benchmark measured.

report.py --line FILE TITLE                               one result, on one line
report.py --results FOLDER --json FILE --markdown FILE    the table, to standard output, and as JSON and Markdown
"""
import argparse
import datetime
import json
import pathlib
import statistics
import sys

GOALS = {
    "pap-64": "≥ 1.0 ×, p99 < 2 ms", "pap-256": "no collapse", "pap-1024": "no collapse", "pap-4096": "no collapse",
    "accounting": "≥ 5 ×, ≥ 20,000/s", "ack": "p99 < 10 ms", "full": "≥ 5 ×, p99 < 5 ms",
    "reads": "≥ 10,000/s, p99 < 20 ms", "list": "p95 < 50 ms", "search": "p95 < 100 ms", "live": "p95 ≤ 500 ms, 0 lost",
    "allocation": "≥ 50,000/s", "reconnect": "< 15 s", "load": "< 1 s", "octets": "≤ 300",
    "hot": "≥ 20,000/s, p99 < 25 ms, ≥ 5 ×", "posts": "≥ 8,000/s", "money": "≥ 2,000/s, p99 < 50 ms",
    "quota": "p95 < 500 ms",
    "enforce": "p95 ≤ 1 s",
    "restore": "p95 ≤ 1 s",
    "notices": "p95 < 2 s", "notices-full": "1,000/s",
}


def milliseconds(microseconds):
    return f"{microseconds / 1000:.2f} ms" if microseconds < 100_000 else f"{microseconds / 1000:.0f} ms"


def rate(value):
    return f"{value:,.0f}/s"


def faults(result):
    return sum(result.get("faults", {}).values()) + result.get("refused", 0)


def usage_line(result):
    text = f"{'':11}  {result['pending_before']:,} deltas gone after {result['seconds']:.0f} s"
    return text + ("  every octet there" if result["exact"] else f"  {result['wrong_services']:,} SERVICES WRONG")


def one_line(path, title):
    with open(path, encoding="utf-8") as file:
        result = json.load(file)
    if "pending_before" in result:
        print(f"    {title:<34}{usage_line(result)}", flush=True)
        return
    text = f"{rate(result['per_second']):>11}"
    if "latency_us" in result:
        latency = result["latency_us"]
        text += "".join(f"  {name} {milliseconds(latency[name])}"
                        for name in ("p50", "p95", "p99", "p999") if name in latency)
        text += f"  lost {result['lost']:,}"
        if result.get("resent"):
            text += f"  resent {result['resent']:,}"
        if faults(result):
            text += f"  faults {faults(result):,}"
        if result.get("stray"):
            text += f"  stray {result['stray']:,}"
    else:
        text += f"  {result['packets']:,} packets in {result['seconds']:.2f} s" if result["seconds"] else "  nothing"
        text += "  every session exact" if result["exact"] else f"  {result['wrong_sessions']:,} SESSIONS WRONG"
    print(f"    {title:<34}{text}", flush=True)


class Results:
    """What the folder holds: PHASE.SERVER.RUN.json, PHASE.SERVER.RUN.KIND.json (as PHASE-KIND), and facts.tsv."""

    def __init__(self, folder):
        self.runs, self.facts = {}, {}
        for path in sorted(folder.glob("*.json")):
            phase, server, run, *kind = path.name.removesuffix(".json").split(".")
            phase = "-".join([phase, *kind])
            self.runs.setdefault((phase, server), []).append(json.loads(path.read_text(encoding="utf-8")))
        facts = folder / "facts.tsv"
        for line in facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []:
            name, _, value = line.partition("\t")
            self.facts.setdefault(name, []).append(value)

    def middle(self, phase, server, key=lambda run: run["per_second"]):
        """The run in the middle; of an even number the lower of the two."""
        runs = sorted(self.runs.get((phase, server), []), key=key)
        return runs[(len(runs) - 1) // 2] if runs else None

    def number(self, name):
        values = [float(value) for value in self.facts.get(name, []) if value]
        return statistics.median(values) if values else None

    def text(self, name):
        return self.facts.get(name, ["?"])[-1]


def login_cell(run):
    cell = f"{rate(run['per_second'])}, p99 {milliseconds(run['latency_us']['p99'])}"
    cell += f", {run['lost']:,} lost" if run["lost"] else ""
    return cell + (f", {faults(run):,} wrong" if faults(run) else "")


def committed_cell(run):
    cell = rate(run["per_second"])
    return cell if run["exact"] else cell + f", {run['wrong_sessions']:,} sessions wrong"


def ack_cell(run):
    # The share answered in time says more than the rate: what was sent is given.
    cell = f"p99 {milliseconds(run['latency_us']['p99'])}, p999 {milliseconds(run['latency_us']['p999'])}"
    return cell + (f", {run['lost'] / run['sent']:.0%} lost" if run["lost"] else "")


def reconnect_cell(run):
    wrong = run["lost"] + faults(run) + run["without_address"] + run["addresses_twice"]
    cell = f"{run['online']:,} online in {run['seconds']:.1f} s, {run['resent']:,} packets sent again"
    return cell + (f", {wrong:,} wrong" if wrong else "")


def allocation_cell(run):
    return rate(run["per_second"]) + (f", {run['twice']:,} twice" if run["twice"] else "")


def pages_cell(run):
    cell = f"p95 {milliseconds(run['latency_us']['p95'])}, p50 {milliseconds(run['latency_us']['p50'])}"
    wrong = run["lost"] + faults(run)
    return cell + (f", {wrong:,} wrong" if wrong else "")


def live_cell(run):
    cell = f"p95 {milliseconds(run['latency_us']['p95'])}, p99 {milliseconds(run['latency_us']['p99'])}"
    cell += f" at {rate(run['per_second'])}, {run['lost']:,} lost"
    return cell + (f", {run['twice']:,} twice" if run["twice"] else "")


def naive_cell(run):
    cell = login_cell(run)
    return f"8 clients without lanes: {cell}, {run['retries'] / run['transfers']:.1f} retries each" if "retries" in run else cell


def compare(rows, results, phase, title, cell, key=lambda run: run["per_second"], ratio=True, rival="freeradius"):
    ours, theirs = results.middle(phase, "nexora", key), results.middle(phase, rival, key)
    if not ours:
        return
    factor = f"{ours['per_second'] / theirs['per_second']:.2f} ×" if ratio and theirs and theirs["per_second"] else ""
    rows.append((title, (naive_cell if rival == "naive" else cell)(theirs) if theirs else "-", cell(ours), factor,
                 GOALS.get(phase.removesuffix("-committed"), "")))


def table_of(results):
    rows = []
    for outstanding in (64, 256, 1024, 4096):
        compare(rows, results, f"pap-{outstanding}", f"PAP from RAM, {outstanding} outstanding", login_cell)
    compare(rows, results, "pap-sql", "PAP, FreeRADIUS from SQL, 64 outstanding", login_cell)
    compare(rows, results, "accounting-committed", "accounting, first packet to last committed row", committed_cell)
    compare(rows, results, "fill-committed", "the same, sessions not seen before", committed_cell)
    compare(rows, results, "ack", "accounting acknowledged at 10,000/s", ack_cell,
            key=lambda run: run["latency_us"]["p99"], ratio=False)
    compare(rows, results, "ack-new", "the same, sessions not seen before", ack_cell,
            key=lambda run: run["latency_us"]["p99"], ratio=False)
    compare(rows, results, "full", "logins with policy, limit and address, 64 outstanding", login_cell)
    compare(rows, results, "allocation", "sessions and addresses allocated in Redis", allocation_cell)
    compare(rows, results, "addresses", "a new address for every subscriber", login_cell)
    compare(rows, results, "reconnect", "every subscriber comes back at once: login and Start", reconnect_cell)
    compare(rows, results, "reads", "authenticated reads over HTTP, one of 1,000 busy customers of 100,000, 64 outstanding", login_cell)
    compare(rows, results, "cold", "the same, one of all 100,000", login_cell)
    compare(rows, results, "me", "the same, one's own account", login_cell)
    for phase, title in (("list", "lists of 50 of 100,000 customers over HTTP, 4 at once"),
                         ("search", "searches among them"),
                         ("list-operator", "the same lists as the operator of 1,000 small providers more"),
                         ("search-operator", "the same searches as the operator")):
        compare(rows, results, phase, title, pages_cell, key=lambda run: run["latency_us"]["p95"], ratio=False)
    compare(rows, results, "live", "events into a page of a browser, from their publication", live_cell,
            key=lambda run: run["latency_us"]["p95"], ratio=False)
    compare(rows, results, "hot", "transfers in one hot lane, 250 a commit (p99 of a commit)", login_cell, rival="naive")
    compare(rows, results, "money", "top-ups over HTTP with their results, 64 outstanding", login_cell)
    compare(rows, results, "posts", "commands to the ledger with their answers, 256 outstanding", login_cell)
    compare(rows, results, "quota", "an accounting packet to quota.crossed, at 10,000 packets/s", pages_cell,
            key=lambda run: run["latency_us"]["p95"], ratio=False)
    compare(rows, results, "enforce", "an accounting packet that uses a quota up to the NAS's acknowledgement, 10,000 sessions",
            pages_cell, key=lambda run: run["latency_us"]["p95"], ratio=False)
    compare(rows, results, "restore", "a payment to the NAS's acknowledgement of the speed before", pages_cell,
            key=lambda run: run["latency_us"]["p95"], ratio=False)
    compare(rows, results, "notices", "a notice's row to the mail server that took it, 100 a second", pages_cell,
            key=lambda run: run["latency_us"]["p95"], ratio=False)
    compare(rows, results, "notices-full", "the same, 1,000 a second", login_cell)
    rows += sockets_rows(results)
    seconds, octets, services = (results.number(f"directory.{name}") for name in ("load_seconds", "octets", "services"))
    if seconds is not None:
        rows.append((f"{services:,.0f} subscribers loaded from Postgres", "-", f"{seconds:.2f} s", "", GOALS["load"]))
    if octets and services:
        rows.append(("octets a subscriber in RAM", "-", f"{octets / services:.0f}", "", GOALS["octets"]))
    return rows


def sockets_rows(results):
    count, before, after = (results.number(f"sockets.{name}") for name in ("open", "kb_before", "kb_after"))
    if not count:
        return []
    cell = f"{before / 1024:.0f} MB before, {after / 1024:.0f} MB with them, {(after - before) / count:.1f} kB each"
    return [(f"{count:,.0f} idle WebSockets", "-", cell, "", "")]


def memory_of(results):
    memory = [(name.removeprefix("memory_kb."), results.number(name)) for name in results.facts
              if name.startswith("memory_kb.")]
    return ", ".join(f"{name} {size / 1024:.0f} MB" for name, size in memory if size)


def processor_of(results, server, phase="accounting"):
    prefix = f"cpu_us.{phase}.{server}."
    costs = [(name.removeprefix(prefix), results.number(name)) for name in results.facts if name.startswith(prefix)]
    runs = results.runs.get((phase, server), [])
    if phase == "accounting" and runs:
        costs.append(("load generator", statistics.median(run["processor_us"] / run["sent"] for run in runs)))
    return ", ".join(f"{name} {cost:.0f} us" for name, cost in costs if cost and cost >= 0.5)


def fold_of(results):
    folds = results.runs.get(("accounting-usage", "nexora"), [])
    deltas = sum(run["pending_before"] for run in folds)
    if not deltas:
        return None
    seconds = sum(float(value) for value in results.facts.get("fold.seconds", []))
    exact = "every octet of every service" if all(run["exact"] for run in folds) else "NOT what the sessions hold"
    return f"{deltas:,} deltas in {seconds:.1f} s, behind the last row and not part of its time; {exact}"


def how_of(results):
    def count(name):
        return f"{int(results.text(name)):,}"

    middle = "once" if count("runs") == "1" else f"the run in the middle of {count('runs')}"
    yield "Both servers", ("take turns and get the same packets (5 % Starts, 90 % interim updates, 5 % Stops; 2 % more are "
                           "repeats, not counted); fsync and synchronous_commit are on; every reply's length, authenticators "
                           "and code are checked")
    yield "How logins were measured", (
        f"a closed loop keeps so many outstanding; right answers in {count('seconds_each')} seconds after one of warming up, "
        f"and their latency; {middle}")
    yield "How accounting was measured", (
        f"{count('sessions')} sessions are filled in (the line of sessions not seen before), then {count('packets')} packets "
        "over them, 512 outstanding: from the first packet to the commit time that Postgres recorded of the last row; then "
        f"every session's octets are compared with what was sent; {middle}")
    yield "How acknowledgement was measured", (
        f"{count('sessions')} sessions are filled in and committed, then 10,000 packets a second go over them for "
        f"{count('ack_seconds')} seconds, ten each millisecond, whatever comes back; latency from when a packet was due to "
        "when the kernel got its answer; the generator runs under SCHED_FIFO against both, because on the servers' cores its "
        f"own delay would count as theirs; {middle}, told by p99. Then {count('sessions')} packets of sessions not seen before")
    if results.middle("reads", "nexora"):
        yield "How HTTP was measured", (
            "wrk on one thread beside the gateway, Postgres and Redis, customers by their ids in a closed loop, each request "
            f"with its token and with limits that count; {count('http_seconds')} seconds after one of warming up; {middle}")
    yield "How processor time was measured", (
        "what each part used from the first packet to the last commit, by the packet, as the kernel counts it")


def notes_of(results):
    text = results.text
    versions = ", ".join(f"{label} {text(f'version.{name}')}" for label, name in
                         (("Nexora", "nexora"), ("FreeRADIUS", "freeradius"), ("PostgreSQL", "postgres"),
                          ("nats-server", "nats")) if f"version.{name}" in results.facts)
    yield "Machine", (f"{text('cores')} cores ({text('processor')}), {int(text('memory_mb')) / 1024:.0f} GB, "
                      f"Linux {text('kernel')}, {text('disk')}; 8 KiB reach the disk in {text('fsync_us')} us; "
                      "load generator and database on the same cores")
    yield "Versions", versions
    yield "Memory after the run", memory_of(results)
    for server, title in (("freeradius", "FreeRADIUS"), ("nexora", "Nexora")):
        if cost := processor_of(results, server):
            yield f"Processor time of an accounting packet, {title}", cost
    for phase, title in (("reads", "an authenticated read"), ("list", "a list of 50"), ("search", "a search")):
        if cost := processor_of(results, "nexora", phase):
            yield f"Processor time of {title}", cost
    if "import_seconds" in results.facts:
        yield "Import of the subscribers", f"{text('import_seconds')} s by nexora import"
    if fold := fold_of(results):
        yield "Folding usage into usage_daily", fold
    yield from how_of(results)


def print_table(rows, notes):
    heading = ("", "FreeRADIUS", "Nexora", "ratio", "goal")
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(5)]
    for row in [heading, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()
    for name, value in notes:
        print(f"{name}: {value}")


def markdown(rows, notes, date):
    yield "# Benchmarks"
    yield ""
    yield (f"Measured {date} by `make bench` on a machine that did nothing else. Tests/Benchmarks/README.md says what is "
           "measured, how, and why it is fair.")
    yield ""
    yield "| work | FreeRADIUS 3.2 | Nexora | ratio | goal |"
    yield "| --- | --- | --- | --- | --- |"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
    for name, value in notes:
        yield f"- **{name}:** {value}"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--line", nargs=2)
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.line:
        one_line(*arguments.line)
        return
    if not (arguments.results and arguments.json and arguments.markdown):
        sys.exit(__doc__)
    results = Results(arguments.results)
    rows, notes = table_of(results), list(notes_of(results))
    now = datetime.datetime.now(datetime.timezone.utc)
    print()
    print_table(rows, notes)
    arguments.json.write_text(json.dumps({
        "measured_at": now.isoformat(timespec="seconds"),
        "table": [dict(zip(("work", "freeradius", "nexora", "ratio", "goal"), row)) for row in rows],
        "notes": dict(notes), "facts": results.facts,
        "runs": {f"{phase}.{server}": runs for (phase, server), runs in results.runs.items()},
    }, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    arguments.markdown.write_text("\n".join(markdown(rows, notes, now.date())) + "\n", encoding="utf-8")
    print(f"\nAll results: {arguments.json}; as Markdown: {arguments.markdown}")


if __name__ == "__main__":
    main()
