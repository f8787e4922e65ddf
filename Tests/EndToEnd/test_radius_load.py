"""The benchmarks' load generator against pyrad, a codec of other people's: what it sends is what it says, and no wrong
answer passes for a right one. A benchmark is worth no more than that.
"""

import collections
import io
import json
import shutil
import socket
import struct
import subprocess
import threading
from pathlib import Path

import pytest
from pyrad import packet
from pyrad.dictionary import Dictionary

LOAD = Path(__file__).resolve().parents[1] / "Benchmarks" / "load"
# Attributes are read by their numbers; pyrad itself wants to know this one by its name.
NAMES = Dictionary(io.StringIO("ATTRIBUTE Message-Authenticator 80 octets\n"))
SECRET = b"a secret of the load generator's"


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    out = tmp_path_factory.mktemp("radius-load")
    compiler = shutil.which("cc") or shutil.which("clang") or "/opt/swift/usr/bin/clang"
    subprocess.run(["make", "--silent", "-C", LOAD, f"CC={compiler}", f"OUT={out}"], check=True)
    return out / "radius-load"


class Server:
    """Takes requests and gives each to `answer`, which returns the replies to send."""

    def __init__(self, answer):
        self.answer, self.requests, self.failure = answer, [], None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.open = True
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        while self.open:
            try:
                data, source = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            self.requests.append((data, source))
            try:
                for reply in self.answer(data, source):
                    self.socket.sendto(reply, source)
            except Exception as error:  # told by run(), where the test sees it
                self.failure = error

    def run(self, program, *arguments):
        self.thread.start()
        try:
            command = [program, "--port", str(self.port), "--secret", SECRET.decode(), *map(str, arguments)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        finally:
            self.open = False
            self.thread.join()
            self.socket.close()
        assert self.failure is None, self.failure
        return done.returncode, json.loads(done.stdout)


def login(data):
    return packet.AuthPacket(packet=data, secret=SECRET, dict=NAMES)


def accept(data, code=packet.AccessAccept):
    request = login(data)
    reply = request.CreateReply()
    reply.code = code
    reply.add_message_authenticator()
    return reply.ReplyPacket()


def acknowledge(data):
    request = packet.AcctPacket(packet=data, secret=SECRET, dict=NAMES)
    assert request.VerifyAcctRequest()
    return request.CreateReply().ReplyPacket()


def test_logins_hold_what_pyrad_reads(program):
    """proves: RAD-25"""
    seen = set()

    def answer(data, source):
        request = login(data)
        assert request.verify_message_authenticator()
        user = request[1][0].decode()
        assert request.PwDecrypt(request[2][0]) == user.replace("u", "secret")
        assert socket.inet_ntoa(request[4][0]) == source[0]
        seen.add((source, request.id, request.authenticator))
        return [accept(data)]

    status, result = Server(answer).run(program, "-m", "pap", "-n", 500, "-w", 100, "--users", 50)
    assert (status, result["answered"], len(seen)) == (0, 500, 500), result
    assert result["with_message_authenticator"] == 500


def test_chap_is_the_one_pyrad_verifies(program):
    def answer(data, source):
        request = login(data)
        assert request.VerifyChapPasswd(request[1][0].decode().replace("u", "secret"))
        return [accept(data)]

    status, result = Server(answer).run(program, "-m", "chap", "-n", 100, "--users", 50)
    assert (status, result["answered"]) == (0, 100)


@pytest.mark.parametrize(("fault", "spoil"), [
    ("wrong_code", lambda data: accept(data, packet.AccessReject)),
    ("bad_length", lambda data: accept(data)[:-1]),
    ("bad_attributes", lambda data: accept(data)[:-17] + b"\1" + accept(data)[-16:]),
    ("bad_authenticator", lambda data: accept(data)[:4] + bytes(16) + accept(data)[20:]),
])
def test_a_wrong_answer_is_a_fault(program, fault, spoil):
    status, result = Server(lambda data, source: [spoil(data)]).run(program, "-n", 5, "--timeout", 200)
    assert status == 1
    assert result["faults"] == {name: 5 if name == fault else 0 for name in result["faults"]}
    assert result["lost"] == (0 if fault == "wrong_code" else 5)


def test_a_message_authenticator_must_be_right_under_a_right_response_authenticator(program):
    def answer(data, source):
        reply = login(data).CreateReply()
        reply.code = packet.AccessAccept
        reply[80] = [bytes(16)]
        return [reply.ReplyPacket()]

    status, result = Server(answer).run(program, "-n", 5, "--timeout", 200)
    assert (status, result["faults"]["bad_message_authenticator"]) == (1, 5)


def test_what_is_lost_is_sent_again_octet_for_octet(program):
    tries = collections.Counter()

    def answer(data, source):
        tries[data] += 1
        return [accept(data)] if tries[data] == 3 else []

    status, result = Server(answer).run(program, "-n", 20, "--timeout", 100, "--retries", 2)
    assert (status, result["resent"], result["lost"]) == (0, 40, 0)
    assert set(tries.values()) == {3}


def test_an_open_loop_sends_nothing_before_it_is_due(program):
    arguments = ("-r", 500, "-n", 250)
    status, result = Server(lambda data, source: [accept(data)]).run(program, *arguments)
    assert (status, result["sent"]) == (0, 250)
    assert result["seconds"] >= 249 / 500


def test_accounting_comes_to_the_truth_that_is_told(program, tmp_path):
    """proves: ACC-16"""
    count, lines = 4_000, 400
    sessions, kinds, taken, ages = {}, collections.Counter(), {}, {}

    def answer(data, source):
        if data in taken:
            assert taken[data] == source
            return [acknowledge(data)]
        taken[data] = source
        request = packet.AcctPacket(packet=data, secret=SECRET, dict=NAMES)
        number = {code: struct.unpack("!I", request[code][0])[0] for code in (40, 42, 43, 46, 52, 53) if code in request}
        assert socket.inet_ntoa(request[4][0]) == source[0]
        name, user = request[44][0].decode(), request[1][0].decode()
        octets = [number.get(words, 0) << 32 | number.get(low, 0) for words, low in ((52, 42), (53, 43))]
        known = sessions.get(name)
        assert known is None or (known[0] == user and known[3] == 0)
        assert known is None or all(new > old for new, old in zip(octets, known[1:3]))
        assert number.get(46, 0) >= ages.get(name, 0)
        ages[name] = number.get(46, 0)
        sessions[name] = (user, *octets, int(number[40] == 2))
        kinds[number[40]] += 1
        return [acknowledge(data)]

    truth = tmp_path / "truth"
    server = Server(answer)
    status, result = server.run(program, "-m", "acct", "-n", count, "--sessions", lines, "--repeats", 2, "--nases", 7,
                                "--session-prefix", "t", "--truth", truth, "--timeout", 500, "--retries", 5)
    assert (status, result["answered"], len(taken)) == (0, count, count)
    told = {name: (user, int(sent), int(received), int(closed)) for name, user, sent, received, closed in
            (line.split("\t") for line in truth.read_text().splitlines())}
    assert told == sessions
    assert result["truth"]["rows"] == len(sessions)
    assert result["truth"]["output_octets"] == sum(session[2] for session in sessions.values())
    assert max(session[2] for session in sessions.values()) > 1 << 32
    # Every line goes through ten of its twenty stages: the shares are right but for where lines begin.
    assert abs(kinds[1] - count * 0.05) < count * 0.015 and abs(kinds[2] - count * 0.05) < count * 0.015
    assert abs(result["repeats"] - count * 0.02) < count * 0.01
    assert len(server.requests) == count + result["repeats"] + result["resent"]


def test_the_same_seed_sends_the_same_stream_in_parts(program, tmp_path):
    def sent(*arguments):
        server = Server(lambda data, source: [acknowledge(data)])
        status, _ = server.run(program, "-m", "acct", "--sessions", 200, "--nases", 3, "--seed", 9, *arguments)
        assert status == 0
        # Without identifier and authenticator, which depend on the order of answers.
        return [data[20:] for data, _ in server.requests]

    assert sent("-n", 300) == sent("-n", 100) + sent("-n", 200, "--from", 100)
