#!/usr/bin/env python3
"""How long events take from their publication into a page of a browser.

live.py URL EMAIL TENANT RATE SECONDS    BENCH_PASSWORD signs in, NATS_URL names the server

A session's start is published RATE times a second into the stream DOMAIN, each with its time. A page of the gateway's own
watches by the scripts that the live tail is made of, and compares the time of each event with its own clock, which is this
machine's. Prints one line of JSON, latencies in microseconds.
"""
import datetime
import json
import os
import socket
import sys
import threading
import time
import urllib.parse

from playwright.sync_api import sync_playwright

WATCH = """async ([email, password, tenant]) => {
  const { signIn } = await import("/assets/scripts/api.js");
  const { watch } = await import("/assets/scripts/live.js");
  await signIn(email, password, null, tenant);
  const seen = { latencies: [], sequences: new Set(), others: [], open: false };
  window.seen = seen;
  const event = (message) => {
    const now = performance.timeOrigin + performance.now();
    if (message.name === "ready") { seen.open = true; return; }
    if (message.name === "position") return;
    if (message.name !== "session.started") { seen.others.push(message.name); return; }
    // Parsed by hand: Date knows milliseconds only.
    const time = message.data.time;
    seen.latencies.push(now - Date.parse(time.slice(0, 19) + "Z") - Number("0" + time.slice(19, -1)) * 1000);
    seen.sequences.add(message.data.data.acctSessionId);
  };
  watch(new URLSearchParams({ type: "session.started" }), { event, state: () => {}, signal: new AbortController().signal });
}"""


class Publisher:
    """Publishes into a stream without waiting for each answer: PING and PONG tell that the server has all of it."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.file = self.socket.makefile("rb")
        self.file.readline()
        options = {"verbose": False, "pedantic": False, "lang": "python", "version": "1", "user": parts.username,
                   "pass": parts.password}
        self.socket.sendall(f"CONNECT {json.dumps(options)}\r\n".encode())
        self.settle()

    def settle(self):
        self.socket.sendall(b"PING\r\n")
        while (line := self.file.readline().strip()) != b"PONG":
            if not line or line.startswith(b"-ERR"):
                sys.exit(f"NATS: {line.decode()}")

    def publish(self, tenant, first, count):
        self.socket.sendall(b"".join(self.message(tenant, number) for number in range(first, first + count)))

    @staticmethod
    def message(tenant, number):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        identifier = f"0192a3b4-0000-7000-8000-{number:012x}"
        body = json.dumps({
            "specversion": "1.0", "id": identifier, "source": "/bench", "type": "nexora.session.v1.SessionStarted", "time": now,
            "datacontenttype": "application/json", "tenantid": tenant, "data": {
                "sessionId": identifier, "nasId": identifier, "serviceId": identifier, "customerId": identifier,
                "username": f"u{number:06}", "acctSessionId": f"live-{number}", "callingStationId": "00:11:22:33:44:55",
                "nasPortId": "ether1.100", "framedIpv4": "100.64.0.7", "startedAt": now,
            },
        }, separators=(",", ":")).encode()
        return b"PUB session.started.%s %d\r\n%s\r\n" % (tenant.encode(), len(body), body)

    def run(self, tenant, rate, seconds):
        """Evenly: what is due each five milliseconds."""
        began, sent, total = time.monotonic(), 0, rate * seconds
        while sent < total:
            due = min(total, int((time.monotonic() - began) * rate))
            if due > sent:
                self.publish(tenant, sent, due - sent)
                sent = due
            time.sleep(0.005)
        self.settle()
        self.seconds = time.monotonic() - began


def percentile(values, share):
    return round(values[min(len(values) - 1, int(len(values) * share))] * 1000)


def measure(page, url, email, tenant, rate, seconds):
    page.goto(url)
    page.evaluate(WATCH, [email, os.environ["BENCH_PASSWORD"], tenant])
    # Asked from here: the page's own rules let nothing be evaluated in it later.
    deadline = time.monotonic() + 30
    while not page.evaluate("window.seen.open"):
        if time.monotonic() > deadline:
            sys.exit("the page's socket does not open")
        time.sleep(0.05)
    publisher = Publisher(os.environ["NATS_URL"])
    thread = threading.Thread(target=publisher.run, args=(tenant, rate, seconds))
    thread.start()
    thread.join()
    deadline, published = time.monotonic() + 10, rate * seconds
    while page.evaluate("window.seen.sequences.size") < published and time.monotonic() < deadline:
        time.sleep(0.1)
    latencies, received, others = page.evaluate("[seen.latencies, seen.sequences.size, seen.others]")
    latencies.sort()
    return {
        "per_second": round(published / publisher.seconds, 1), "published": published, "sent": published,
        "lost": published - received, "twice": len(latencies) - received, "others": others[:10],
        "latency_us": {name: percentile(latencies, share) for name, share in
                       (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999), ("max", 1))} if latencies else {},
    }


def main():
    if len(sys.argv) != 6 or not all(text.isdecimal() for text in sys.argv[4:]):
        sys.exit(__doc__)
    url, email, tenant, rate, seconds = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium",
                                             args=["--no-sandbox", "--disable-dev-shm-usage"])
        result = measure(browser.new_page(), url, email, tenant, rate, seconds)
        browser.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
