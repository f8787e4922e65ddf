#!/usr/bin/env python3
"""Measures the notifier: notices written at a rate, until a mail server of its own took them.

told.py TENANT RATE SECONDS PREFIX    the tenant's subdomain; notices a second; for how long; what no other run's addresses begin with

Speaks to Postgres by psql, as its environment says. Prints one JSON object.
"""
import asyncio
import json
import sys
import time

from mail_sink import MailSink

TICK = 0.02
# How long the last one may take.
PATIENCE = 60


async def psql(*arguments, given=None):
    process = await asyncio.create_subprocess_exec(
        "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate((given or "").encode())
    if process.returncode:
        sys.exit("psql failed")
    return said.decode().split()


def statement(tenant, customers, addresses):
    """Notices as the notifier's planner writes them, due at once."""
    rows = ", ".join(
        f"('{tenant}', 'bench-{address}', 'payment_received', 'email', 'customer', '{customers[number % len(customers)]}', '{address}', "
        "'en', '{\"amount\": {\"money\": \"249900 EUR\"}, \"paid_at\": {\"instant\": \"1795167000000000\"}}', clock_timestamp(), "
        "clock_timestamp() + interval '1 hour')" for number, address in addresses)
    return ("INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, facts, next_at, "
            f"expires_at) VALUES {rows};\n")


async def write(tenant, customers, rate, seconds, prefix):
    """Writes them at the rate, whatever becomes of them; returns when each was written, by address."""
    writer = await asyncio.create_subprocess_exec(
        "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL)
    written, began, total = {}, time.monotonic(), int(rate * seconds)
    while len(written) < total:
        await asyncio.sleep(TICK)
        due = min(total, int((time.monotonic() - began) * rate))
        batch = [(number, f"{prefix}-{number}@bench.example") for number in range(len(written), due)]
        if batch:
            now = time.monotonic()
            written.update((address, now) for _, address in batch)
            writer.stdin.write(statement(tenant, customers, batch).encode())
            await writer.stdin.drain()
    writer.stdin.close()
    if await writer.wait():
        sys.exit("psql failed")
    return written


def percentile(values, share):
    return round(values[min(len(values) - 1, int(len(values) * share))] * 1_000_000)


def figures(written, taken, doubled):
    latencies = sorted(taken[address] - at for address, at in written.items() if address in taken)
    ended = max((taken[address] for address in written if address in taken), default=0)
    return {
        "per_second": round(len(latencies) / (ended - min(written.values())), 1) if latencies else 0,
        "sent": len(written), "lost": len(written) - len(latencies), "faults": {"doubled": doubled},
        "latency_us": {name: percentile(latencies, share) for name, share in
                       (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1))} if latencies else {},
    }


async def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    subdomain, rate, seconds, prefix = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    server = await asyncio.get_running_loop().create_server(MailSink, "127.0.0.1", 0, backlog=1_024)
    (tenant,) = await psql("-c", f"SELECT id FROM tenants WHERE subdomain = '{subdomain}'")
    customers = await psql("-c", f"SELECT id FROM customers WHERE tenant_id = '{tenant}' AND deleted_at IS NULL ORDER BY id LIMIT 1000")
    settings = json.dumps({
        "host": "127.0.0.1", "port": str(server.sockets[0].getsockname()[1]), "security": "none", "from": "isp@bench.example",
    })
    await psql("-c", "INSERT INTO notice_providers (tenant_id, channel, kind, name, settings) VALUES "
                     f"('{tenant}', 'email', 'smtp', 'sink {prefix}', '{settings}')")
    try:
        written = await write(tenant, customers, rate, seconds, prefix)
        deadline = time.monotonic() + PATIENCE
        while not written.keys() <= MailSink.taken.keys() and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        print(json.dumps(figures(written, MailSink.taken, MailSink.doubled)))
    finally:
        await psql("-c", f"DELETE FROM notice_providers WHERE tenant_id = '{tenant}' AND name = 'sink {prefix}'")


if __name__ == "__main__":
    asyncio.run(main())
