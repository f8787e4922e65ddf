#!/usr/bin/env python3
"""Opens WebSockets to the gateway and leaves them idle.

sockets.py PORT COUNT    BENCH_TOKENS names a file with an access token a line; each user opens his share of the sockets

They come from many addresses of loopback, as the gateway takes only so many from one. Prints a line of JSON once all are
open, then waits until its standard input ends and prints how many of them live.
"""
import asyncio
import json
import os
import resource
import sys
import time

PER_ADDRESS = 200
AT_ONCE = 32


async def connect(port, number, token):
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, local_addr=(f"127.0.2.{1 + number // PER_ADDRESS}", 0), limit=4096)
    writer.write((f"GET /ws/realtime HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                  f"Sec-WebSocket-Protocol: nexora.v1\r\nAuthorization: Bearer {token}\r\n\r\n").encode())
    status = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0]
    if b" 101 " not in status:
        raise RuntimeError(f"no WebSocket: {status.decode()}")
    return reader, writer


async def keep(reader, writer, ended):
    """Answers pings: a client that is silent to them counts as gone."""
    try:
        while True:
            kind, length = await reader.readexactly(2)
            if length & 127 > 125:
                length = int.from_bytes(await reader.readexactly(2), "big")
            payload = await reader.readexactly(length & 127 if length < 126 else length)
            if kind & 15 == 9:
                writer.write(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
            elif kind & 15 == 8:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    ended.append(time.monotonic())


async def run(port, count, tokens):
    share = -(-count // len(tokens))
    gate, sockets, ended, began = asyncio.Semaphore(AT_ONCE), [], [], time.monotonic()

    async def one(number):
        async with gate:
            sockets.append(await connect(port, number, tokens[number // share]))

    await asyncio.gather(*(one(number) for number in range(count)))
    tasks = [asyncio.ensure_future(keep(*socket, ended)) for socket in sockets]
    print(json.dumps({"open": len(sockets), "seconds": round(time.monotonic() - began, 2)}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({"alive": len(sockets) - len(ended)}), flush=True)
    for task in tasks:
        task.cancel()
    for _, writer in sockets:
        writer.close()


def main():
    if len(sys.argv) != 3 or not all(text.isdecimal() for text in sys.argv[1:]):
        sys.exit(__doc__)
    port, count = int(sys.argv[1]), int(sys.argv[2])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < count + 100:
        sys.exit(f"{count} sockets need as many open files: ulimit -Hn says {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, most))
    with open(os.environ["BENCH_TOKENS"], encoding="utf-8") as file:
        tokens = file.read().split()
    asyncio.run(run(port, count, tokens))


if __name__ == "__main__":
    main()
