"""NASes under way: sessions whose records are sent until they are answered, and the truth about what they counted.

Each record is kept until its Accounting-Response comes, as a NAS does. Along the way the load does what real NASes do:
packets twice, a retransmission as it was or as a new request with Acct-Delay-Time, records again although they were
answered, a record that arrives after its successor, one Acct-Session-Id for two subscribers, counters beyond 4 GiB.
"""

import hashlib
import heapq
import os
import random
import select
import socket
import struct
import threading
import time
from collections import deque

START, STOP, INTERIM = 1, 2, 3
USER_NAME, NAS_PORT, CALLING_STATION, STATUS_TYPE, DELAY_TIME = 1, 5, 31, 40, 41
INPUT_OCTETS, OUTPUT_OCTETS, SESSION_ID, SESSION_TIME = 42, 43, 44, 46
INPUT_GIGAWORDS, OUTPUT_GIGAWORDS, TERMINATE_CAUSE = 52, 53, 49


def attribute(kind, value):
    octets = value if isinstance(value, bytes) else struct.pack("!I", value)
    return bytes((kind, len(octets) + 2)) + octets


def accounting_request(identifier, attributes, secret):
    head = struct.pack("!BBH", 4, identifier, 20 + len(attributes))
    return head + hashlib.md5(head + bytes(16) + attributes + secret).digest() + attributes


def answers(reply, request, secret):
    """Whether a packet is the true Accounting-Response to a request."""
    if len(reply) < 20 or reply[0] != 5 or reply[1] != request[1]:
        return False
    return reply[4:20] == hashlib.md5(reply[:4] + request[4:20] + reply[20:] + secret).digest()


class Record:
    """One accounting record that a NAS holds until it is answered."""

    def __init__(self, session, kind, made, seconds, octets):
        self.session, self.kind, self.made, self.seconds, self.octets = session, kind, made, seconds, octets
        self.sent = 0

    def attributes(self, now):
        session = self.session
        packed = [
            attribute(STATUS_TYPE, self.kind), attribute(SESSION_ID, session.id.encode()),
            attribute(USER_NAME, session.user.encode()), attribute(CALLING_STATION, session.station.encode()),
            attribute(NAS_PORT, session.port), attribute(SESSION_TIME, self.seconds),
        ]
        if self.kind != START:
            for kind, high, value in zip(
                (INPUT_OCTETS, OUTPUT_OCTETS), (INPUT_GIGAWORDS, OUTPUT_GIGAWORDS), self.octets
            ):
                packed += [attribute(kind, value & 0xFFFFFFFF), attribute(high, value >> 32)]
        if self.kind == STOP:
            packed.append(attribute(TERMINATE_CAUSE, 1))
        if (delay := int(now - self.made)) > 0:
            packed.append(attribute(DELAY_TIME, delay))
        return b"".join(packed)


class Session:
    def __init__(self, number, session_id, user, chance):
        self.id, self.user = session_id, user
        self.station = f"02-00-{number >> 24 & 255:02x}-{number >> 16 & 255:02x}-{number >> 8 & 255:02x}-{number & 255:02x}"
        self.port = number & 0xFFFF
        self.began = None
        self.seconds = 0
        # Some begin just below 4 GiB, so that gigawords are needed.
        self.octets = [0, 0]
        self.step = (3_000_000_000, 7_000_000_000) if chance.random() < 0.05 else (900_000, 5_000_000)
        self.interims = chance.randrange(2, 6)
        self.stays_open = chance.random() < 0.1
        self.is_closed = False
        self.unanswered = 0

    def next_record(self, chance, last):
        now = time.monotonic()
        if self.began is None:
            self.began = now
            return Record(self, START, now, 0, (0, 0))
        self.seconds = max(self.seconds + 1, int(now - self.began))
        self.octets = [value + chance.randrange(1, step) for value, step in zip(self.octets, self.step)]
        kind = INTERIM
        if self.interims <= 0 or last:
            kind = INTERIM if self.stays_open else STOP
            self.is_closed = True
        self.interims -= 1
        return Record(self, kind, now, self.seconds, tuple(self.octets))


class Lane:
    """One socket: up to 256 requests under way."""

    def __init__(self, address, target):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((address, 0))
        self.socket.connect(target)
        self.free = deque(range(256))
        self.waiting = {}
        # What each identifier stood for before: an answer may come late.
        self.past = [deque(maxlen=4) for _ in range(256)]

    def send(self, packet):
        try:
            self.socket.send(packet)
        except (BlockingIOError, ConnectionRefusedError):
            pass  # Lost on the way, as datagrams are.

    def release(self, identifier):
        packet, record = self.waiting.pop(identifier)
        self.past[identifier].append(packet)
        self.free.append(identifier)
        return record


class Load(threading.Thread):
    """Runs until `finish`: `live` sessions at any time, each with a record every 1.1 to 2.2 seconds."""

    def __init__(self, target, secret, users, prefix, live=400, lanes=8, patience=0.7, seed=None):
        super().__init__(daemon=True)
        self.seed = seed if seed is not None else int.from_bytes(os.urandom(4))
        print(f"accounting load {prefix}: seed {self.seed}")
        self.chance = random.Random(self.seed)
        self.secret, self.users, self.prefix, self.live = secret.encode(), users, prefix, live
        self.patience = patience
        self.lanes = [Lane(f"127.0.{10 + number}.1", target) for number in range(lanes)]
        self.sessions, self.agenda, self.order = [], [], 0
        self.sent = self.acknowledged = self.retransmitted = self.repeated = self.forged = 0
        self.ending = threading.Event()
        self.abandoned = False
        self.failure = None

    # What a test sees

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.abandoned = True
        self.join(10)
        for lane in self.lanes:
            lane.socket.close()

    def finish(self, seconds=120):
        """Brings every session to its end; returns when each record is acknowledged."""
        self.ending.set()
        self.join(seconds)
        assert self.failure is None, self.failure
        assert not self.is_alive(), f"{sum(s.unanswered for s in self.sessions)} records are still unanswered"
        assert self.forged == 0

    def truth(self):
        """Per session (Acct-Session-Id, User-Name): input octets, output octets, whether it is open."""
        return {(s.id, s.user): (*s.octets, s.stays_open) for s in self.sessions}

    # The thread

    def run(self):
        try:
            poller = select.epoll()
            by_descriptor = {lane.socket.fileno(): lane for lane in self.lanes}
            for descriptor in by_descriptor:
                poller.register(descriptor, select.EPOLLIN)
            for _ in range(self.live):
                self.begin_session(self.chance.random() * 2)
            while self.agenda and not self.abandoned:
                self.act()
                wait = min(max(self.agenda[0][0] - time.monotonic(), 0.001), 0.1) if self.agenda else 0
                for descriptor, _ in poller.poll(wait):
                    self.receive(by_descriptor[descriptor])
            poller.close()
        except Exception as error:  # Told by finish.
            self.failure = error
            raise

    def later(self, seconds, action, *arguments):
        self.order += 1
        heapq.heappush(self.agenda, (time.monotonic() + seconds, self.order, action, arguments))

    def act(self):
        now = time.monotonic()
        for _ in range(64):
            if not self.agenda or self.agenda[0][0] > now:
                return
            _, _, action, arguments = heapq.heappop(self.agenda)
            action(*arguments)

    def begin_session(self, after):
        if self.ending.is_set():
            return
        number = len(self.sessions)
        user = self.users[number % len(self.users)]
        previous = self.sessions[-1] if self.sessions else None
        # Some NASes give one id to two subscribers.
        shared = previous is not None and previous.user != user and self.chance.random() < 0.03
        self.sessions.append(Session(
            number, previous.id if shared else f"{self.prefix}-{number}", user, self.chance
        ))
        self.later(after, self.next_record, self.sessions[-1])

    def next_record(self, session):
        if session.began is None and self.ending.is_set():
            self.sessions.remove(session)
            return
        record = session.next_record(self.chance, self.ending.is_set())
        session.unanswered += 1
        # Held back: it will arrive after its successor.
        self.later(self.chance.uniform(1, 4) if self.chance.random() < 0.03 else 0, self.send, record)
        if session.is_closed:
            self.begin_session(1)
        else:
            self.later(self.chance.uniform(1.1, 2.2), self.next_record, session)

    def send(self, record):
        lane = self.chance.choice(self.lanes)
        if not lane.free:
            return self.later(0.05, self.send, record)
        identifier = lane.free.popleft()
        packet = accounting_request(identifier, record.attributes(time.monotonic()), self.secret)
        lane.waiting[identifier] = (packet, record)
        lane.send(packet)
        record.sent += 1
        self.sent += 1
        if self.chance.random() < 0.04:
            lane.send(packet)
        self.later(self.patience, self.look, lane, identifier, packet)

    def look(self, lane, identifier, packet):
        """Unanswered: as it was twice, then as a new request with its delay."""
        waiting = lane.waiting.get(identifier)
        if waiting is None or waiting[0] is not packet:
            return
        record = waiting[1]
        self.retransmitted += 1
        record.sent += 1
        if record.sent % 3:
            lane.send(packet)
            self.later(self.patience, self.look, lane, identifier, packet)
        else:
            self.send(lane.release(identifier))

    def receive(self, lane):
        for _ in range(256):
            try:
                reply = lane.socket.recv(4096)
            except (BlockingIOError, ConnectionRefusedError):
                return
            identifier = reply[1] if len(reply) > 1 else 0
            waiting = lane.waiting.get(identifier)
            if waiting is not None and answers(reply, waiting[0], self.secret):
                self.settle(lane.release(identifier))
            elif not any(answers(reply, packet, self.secret) for packet in lane.past[identifier]):
                self.forged += 1

    def settle(self, record):
        record.session.unanswered -= 1
        self.acknowledged += 1
        if self.chance.random() < 0.03:
            self.repeated += 1
            record.session.unanswered += 1
            again = Record(record.session, record.kind, record.made, record.seconds, record.octets)
            self.later(self.chance.uniform(0, 3), self.send, again)
