#!/usr/bin/env python3
"""How long it takes from a packet, and from a payment, to the NAS's acknowledgement of the speed that follows.

round_trips.py PORT NASES SECONDS URL QUOTA < PROBES
    RADIUS_SECRET and BENCH_TOKEN say with what; PROBES has lines of USERNAME SERVICE CUSTOMER

Each probe is a subscriber who comes online on one of the NASes 127.0.1.1 to 127.0.1.NASES, all of which take CoA-Requests here and
acknowledge them. One packet uses its quota up; when its NAS was told the slower speed its quota is topped up over HTTP, which is charged to
its wallet, until its NAS was told the speed of before. Packets leave evenly over the seconds. Prints two lines of JSON, latencies in
microseconds until the acknowledgement leaves its NAS: of the packets, and of the payments.
"""
import concurrent.futures
import hashlib
import json
import os
import select
import socket
import struct
import sys
import threading
import time
import urllib.request
import uuid

USED = 20_000_000
ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE, COA_REQUEST, COA_ACK = 4, 5, 43, 44
USER_NAME, NAS_IP_ADDRESS, NAS_PORT, ACCT_STATUS_TYPE, ACCT_OUTPUT_OCTETS, ACCT_SESSION_ID, ACCT_SESSION_TIME = 1, 4, 5, 40, 43, 44, 46
VENDOR_SPECIFIC, MIKROTIK, RATE_LIMIT = 26, 14988, 8
START, INTERIM = 1, 3
COA_PORT = 3799


def attribute(kind, value):
    value = value if isinstance(value, bytes) else struct.pack("!I", value)
    return bytes([kind, len(value) + 2]) + value


def attributes(packet):
    place = 20
    while place < len(packet):
        yield packet[place], packet[place + 2 : place + packet[place + 1]]
        place += packet[place + 1]


class NASes(threading.Thread):
    """Acknowledges each CoA-Request, and keeps when each user was told which speed, the first time."""

    def __init__(self, count, secret):
        super().__init__(daemon=True)
        self.secret, self.told = secret, {}
        self.epoll, self.sockets = select.epoll(), {}
        for number in range(1, count + 1):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind((f"127.0.1.{number}", COA_PORT))
            self.sockets[one.fileno()] = one
            self.epoll.register(one, select.EPOLLIN)
        self.start()

    def run(self):
        while True:
            for number, _ in self.epoll.poll():
                packet, source = self.sockets[number].recvfrom(4096)
                head = bytes([packet[0] + 1, packet[1], 0, 20])
                answer = head + hashlib.md5(head + packet[4:20] + self.secret).digest()
                self.sockets[number].sendto(answer, source)
                now = time.monotonic()
                if packet[0] == COA_REQUEST:
                    self.note(packet, now)

    def note(self, packet, now):
        user, speed = None, None
        for kind, value in attributes(packet):
            if kind == USER_NAME:
                user = value.decode()
            elif kind == VENDOR_SPECIFIC and value[:5] == struct.pack("!IB", MIKROTIK, RATE_LIMIT):
                speed = value[6:].decode()
        self.told.setdefault((user, speed), now)

    def wait(self, user, speed, seconds=20):
        deadline = time.monotonic() + seconds
        while (user, speed) not in self.told and time.monotonic() < deadline:
            time.sleep(0.002)
        return self.told.get((user, speed))


class Session:
    """One subscriber's session on one NAS."""

    def __init__(self, number, user, nases, port, secret):
        self.number, self.user, self.secret, self.port = number, user, secret, port
        self.address = f"127.0.1.{number % nases + 1}"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 0))
        self.socket.settimeout(3)

    def report(self, status, seconds, octets):
        """When the packet left; it is answered."""
        body = b"".join([
            attribute(USER_NAME, self.user.encode()), attribute(NAS_IP_ADDRESS, socket.inet_aton(self.address)),
            attribute(NAS_PORT, self.number), attribute(ACCT_STATUS_TYPE, status),
            attribute(ACCT_SESSION_ID, f"trip-{os.getpid()}-{self.number}".encode()), attribute(ACCT_SESSION_TIME, seconds),
            attribute(ACCT_OUTPUT_OCTETS, octets),
        ])
        head = struct.pack("!BBH", ACCOUNTING_REQUEST, status, 20 + len(body))
        packet = head + hashlib.md5(head + bytes(16) + body + self.secret).digest() + body
        left = time.monotonic()
        self.socket.sendto(packet, ("127.0.0.1", self.port))
        while (answer := self.socket.recv(4096))[1] != packet[1] or answer[0] != ACCOUNTING_RESPONSE:
            pass
        return left


def post(url, path, body):
    """When the request left; it is answered."""
    request = urllib.request.Request(f"{url}/api/v1/{path}", json.dumps(body).encode(), {
        "content-type": "application/json", "authorization": f"Bearer {os.environ['BENCH_TOKEN']}",
        "idempotency-key": str(uuid.uuid4()), "prefer": "wait=20",
    })
    left = time.monotonic()
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
    return left


def trip(session, service, nases, url, quota):
    """Seconds until the slower speed was acknowledged, and after the payment the faster one; None for what did not come."""
    try:
        left = session.report(INTERIM, 300, USED)
        slow = nases.wait(session.user, "1M/1M")
        if not slow:
            return None, None
        paid = post(url, f"services/{service}/quota-top-ups", {"quota_id": quota})
    except OSError as error:
        print(f"{session.user}: {error}", file=sys.stderr)
        return None, None
    fast = nases.wait(session.user, "10M/50M")
    return slow - left, fast - paid if fast else None


def result(latencies, count, seconds):
    known = sorted(latency for latency in latencies if latency is not None)
    pick = lambda share: round(known[min(len(known) - 1, int(len(known) * share))] * 1_000_000)
    return {
        "per_second": round(count / seconds, 1), "sent": count, "lost": count - len(known), "unanswered": 0,
        "latency_us": {name: pick(share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1))} if known else {},
    }


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    port, count, seconds, url, quota = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5]
    secret = os.environ["RADIUS_SECRET"].encode()
    probes = [line.split() for line in sys.stdin]
    nases = NASes(count, secret)
    sessions = [Session(number, user, count, port, secret) for number, (user, *_) in enumerate(probes)]
    for session in sessions:
        session.report(START, 0, 0)
    # Their beginnings are long past when it counts.
    time.sleep(3)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        for filled in [pool.submit(post, url, f"customers/{customer}/top-ups", {"amount": "10", "method": "manual"})
                       for _, _, customer in probes]:
            filled.result()
        trips, began = [], time.monotonic()
        for number, (session, (_, service, _)) in enumerate(zip(sessions, probes)):
            time.sleep(max(0, began + seconds * number / len(probes) - time.monotonic()))
            trips.append(pool.submit(trip, session, service, nases, url, quota))
        done = [one.result() for one in trips]
    print(json.dumps(result([slow for slow, _ in done], len(done), seconds)))
    print(json.dumps(result([fast for slow, fast in done if slow is not None], sum(slow is not None for slow, _ in done), seconds)))


if __name__ == "__main__":
    main()
