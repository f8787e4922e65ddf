"""A NAS that sends nonsense under a true secret: nobody falls over, and honest sessions beside it stay exact."""

import os
import random
import socket

import books
from accounting_load import (
    CALLING_STATION, DELAY_TIME, INPUT_GIGAWORDS, INPUT_OCTETS, NAS_PORT, OUTPUT_GIGAWORDS, OUTPUT_OCTETS, SESSION_ID,
    SESSION_TIME, STATUS_TYPE, TERMINATE_CAUSE, USER_NAME, Load, accounting_request, answers, attribute,
)
from processes import eventually

USERS = [f"demo{number:04}" for number in range(600, 620)]
TEXTS = [
    b"", b"\0", b"a\0b", b"\xff\xfe\xc0\x80", b"\xed\xa0\x80", b"'; DROP TABLE sessions; --", b"\\N", b"\t\r\n", b"x" * 253,
    "\u202e".encode() * 20, b'{"a":1}', b"%s%n",
]
NUMBERS = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
COUNTERS = [DELAY_TIME, SESSION_TIME, INPUT_OCTETS, OUTPUT_OCTETS, INPUT_GIGAWORDS, OUTPUT_GIGAWORDS, NAS_PORT,
            TERMINATE_CAUSE, 47, 48, 55]


class Nuisance:
    def __init__(self, system):
        self.secret, self.identifier = system.secret.encode(), 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", system.radius.acct_port))
        self.socket.settimeout(3)

    def send(self, *attributes, waits=True):
        """Sends it; by default a true answer must come."""
        self.identifier = (self.identifier + 1) % 256
        packet = accounting_request(self.identifier, b"".join(attributes), self.secret)
        self.socket.send(packet)
        while waits and not answers(self.socket.recv(4096), packet, self.secret):
            pass


# proves: RAD-01 ACC-08 MSG-03 TST-04
def test_nonsense_from_a_nas_harms_nobody(system):
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    chance = random.Random(seed)
    pids = [process.pid for process in (system.radius, *system.consumers)]
    nas = Nuisance(system)
    with Load(("127.0.0.1", system.radius.acct_port), system.secret, USERS, "honest", live=30, lanes=1) as load:
        for number, text in enumerate(TEXTS):
            for kind in (SESSION_ID, USER_NAME, CALLING_STATION, 30, 32, 87, 8, 25, 97, 123, 168):
                for status in (1, 3, 2):
                    nas.send(
                        attribute(kind, text), attribute(STATUS_TYPE, status), attribute(SESSION_TIME, 1),
                        *(attribute(k, v) for k, v in ((SESSION_ID, b"odd-%d" % number), (USER_NAME, USERS[0].encode()))
                          if k != kind),
                    )
        for _ in range(400):
            nas.send(
                attribute(STATUS_TYPE, chance.choice([1, 2, 3])), attribute(SESSION_ID, b"odd-%d" % chance.randrange(50)),
                attribute(USER_NAME, chance.choice(USERS).encode()),
                *(attribute(kind, chance.choice(NUMBERS)) for kind in COUNTERS if chance.random() < 0.6),
            )
        for _ in range(400):
            nas.send(
                attribute(STATUS_TYPE, chance.choice([1, 2, 3, 9, 99])),
                *(attribute(chance.randrange(1, 256), chance.randbytes(chance.randrange(40)))
                  for _ in range(chance.randrange(12))),
                waits=False,
            )
        nas.socket.close()
        load.finish()
        books.wait_for_sessions(system, load)
    books.check_usage(system, eventually_within=30)
    assert [process.pid for process in (system.radius, *system.consumers) if process.runs()] == pids
    # What was nonsense in its parts is no dead letter: its session is kept, as far as it makes sense.
    assert system.sql("SELECT count(*), max(input_octets) < 1::bigint << 60, min(ended_at) > now() - interval '8 days' "
                      "FROM sessions WHERE acct_session_id LIKE 'odd-%'")[0][1:] == ["t", "t"]
    assert system.nexora("dlq", "list", "--json").strip() in ("", "[]")
