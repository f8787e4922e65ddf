#!/usr/bin/env python3
"""How long it takes from an accounting packet that uses a quota up to the event that tells so.

crossings.py PORT SOURCE SECONDS < PROBES    RADIUS_SECRET and NATS_URL say with what; PROBES has lines of USERNAME SERVICE

Each probe is a subscriber whose quota one packet uses up. Their packets leave one after another, evenly over the seconds, from SOURCE;
each is answered, and told as quota.crossed at 100 percent. Prints one line of JSON, latencies in microseconds from the packet's
departure until the event has come.
"""
import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.parse

USED = 20_000_000
ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE = 4, 5
USER_NAME, ACCT_STATUS_TYPE, ACCT_INPUT_OCTETS, ACCT_OUTPUT_OCTETS, ACCT_SESSION_ID, ACCT_SESSION_TIME = 1, 40, 42, 43, 44, 46
NAS_IP_ADDRESS, NAS_PORT = 4, 5
INTERIM_UPDATE = 3


def attribute(kind, value):
    value = value if isinstance(value, bytes) else struct.pack("!I", value)
    return bytes([kind, len(value) + 2]) + value


def packet(number, user, source, secret):
    """An interim update (RFC 2866 §4.1) of a session that nobody has heard of before."""
    attributes = b"".join([
        attribute(USER_NAME, user.encode()), attribute(NAS_IP_ADDRESS, socket.inet_aton(source)), attribute(NAS_PORT, number),
        attribute(ACCT_STATUS_TYPE, INTERIM_UPDATE), attribute(ACCT_SESSION_ID, f"probe-{os.getpid()}-{number}".encode()),
        attribute(ACCT_SESSION_TIME, 300), attribute(ACCT_INPUT_OCTETS, 1000), attribute(ACCT_OUTPUT_OCTETS, USED),
    ])
    head = struct.pack("!BBH", ACCOUNTING_REQUEST, number % 256, 20 + len(attributes))
    return head + hashlib.md5(head + bytes(16) + attributes + secret).digest() + attributes


class Crossings:
    """Hears quota.crossed as it is published, and notes when the last threshold of each service came."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=60)
        self.file = self.socket.makefile("rb")
        self.file.readline()
        options = {"verbose": False, "pedantic": False, "lang": "python", "version": "1", "user": parts.username,
                   "pass": parts.password}
        self.socket.sendall(f"CONNECT {json.dumps(options)}\r\nSUB quota.crossed.> 1\r\nPING\r\n".encode())
        while (line := self.file.readline().strip()) != b"PONG":
            if not line or line.startswith(b"-ERR"):
                sys.exit(f"NATS: {line.decode()}")
        self.times = {}
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while line := self.file.readline():
            if line.startswith(b"PING"):
                self.socket.sendall(b"PONG\r\n")
            elif line.startswith(b"MSG "):
                body = self.file.read(int(line.split()[-1]) + 2)
                now = time.monotonic()
                data = json.loads(body)["data"]
                if int(data["threshold"]) == 100:
                    self.times.setdefault(data["serviceId"], now)


def percentile(values, share):
    return round(values[min(len(values) - 1, int(len(values) * share))] * 1_000_000)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    port, source, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    secret = os.environ["RADIUS_SECRET"].encode()
    probes = [line.split() for line in sys.stdin]
    crossings = Crossings(os.environ["NATS_URL"])
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((source, 0))
    udp.settimeout(1)
    sent, unanswered, began = {}, 0, time.monotonic()
    for number, (user, service, *_) in enumerate(probes):
        time.sleep(max(0, began + seconds * number / len(probes) - time.monotonic()))
        octets = packet(number, user, source, secret)
        sent[service] = time.monotonic()
        udp.sendto(octets, ("127.0.0.1", port))
        try:
            while (answer := udp.recv(4096))[1] != octets[1] or answer[0] != ACCOUNTING_RESPONSE:
                pass
        except TimeoutError:
            unanswered += 1
    deadline = time.monotonic() + 30
    while len(crossings.times) < len(sent) and time.monotonic() < deadline:
        time.sleep(0.05)
    latencies = sorted(crossings.times[service] - at for service, at in sent.items() if service in crossings.times)
    print(json.dumps({
        "per_second": round(len(sent) / seconds, 1), "sent": len(sent), "lost": len(sent) - len(latencies),
        "unanswered": unanswered,
        "latency_us": {name: percentile(latencies, share) for name, share in
                       (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1))} if latencies else {},
    }))


if __name__ == "__main__":
    main()
