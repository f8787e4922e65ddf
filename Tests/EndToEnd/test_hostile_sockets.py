"""WebSocket handshakes and frames that no honest client sends (RFC 6455), against the running gateway."""

import json
import os
import secrets
import struct

import pytest

from gateway import Gateway, People
from processes import eventually
from wire import BINARY, CLOSE, PING, PONG, TEXT, Wire, close_code, frame, key, read_frame

SUBSCRIBE = b'{"type":"subscribe","filter":{}}'


class World:
    def __init__(self, system):
        self.gateway = Gateway(system, NEXORA_CORS_ORIGINS="https://ours.example")
        self.gateway.bootstrap()
        self.people = People(self.gateway)
        self.token = self.gateway.token

    def sockets(self):
        return self.gateway.daemon.metric("http_websockets")

    def hand(self, proof=True, drop=(), line="GET /ws/realtime HTTP/1.1", more=(), **fields):
        """A handshake; `fields` replace its own, `drop` takes some away, `more` are lines behind it."""
        head = {
            "Host": "h", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key(),
        }
        if proof:
            head["Authorization"] = f"Bearer {self.token}"
        head |= {name.replace("_", "-"): value for name, value in fields.items()}
        lines = [line, *(f"{name}: {value}" for name, value in head.items() if name not in drop), *more]
        return "\r\n".join(lines) + "\r\n\r\n"

    def answer(self, handshake):
        with Wire(self.gateway.port) as wire:
            wire.send(handshake)
            return wire.answer()

    def open(self):
        """A socket that the gateway has taken."""
        # Seats of sockets that are over are given back behind their end.
        def take():
            wire = Wire(self.gateway.port)
            wire.send(self.hand())
            answer = wire.answer()
            if answer.status == 101:
                return wire
            wire.socket.close()
            assert answer.status == 429, answer
            return None

        return eventually(take, 30, "a seat")


@pytest.fixture(scope="module")
def world(system):
    return World(system)


# proves: WS-01 SEC-11
def test_the_control_is_taken(world):
    with world.open() as wire:
        wire.send(frame(PING, b"hello"))
        opcode, payload = read_frame(wire)
        while opcode != PONG:
            opcode, payload = read_frame(wire)
        assert payload == b"hello"
        wire.send(frame(CLOSE, struct.pack(">H", 1000)))
        assert close_code(wire) == 1000


HANDSHAKES = {
    "no version": (426, {"drop": ["Sec-WebSocket-Version"]}), "version 8": (426, {"Sec_WebSocket_Version": "8"}),
    "version 0": (426, {"Sec_WebSocket_Version": "0"}), "version 130": (426, {"Sec_WebSocket_Version": "130"}),
    "version 13.0": (426, {"Sec_WebSocket_Version": "13.0"}), "versions in a list": (426, {"Sec_WebSocket_Version": "13, 8"}),
    "two versions": (426, {"more": ["Sec-WebSocket-Version: 13"]}), "no upgrade": (426, {"drop": ["Upgrade"]}),
    "no connection": (426, {"drop": ["Connection"]}), "another upgrade": (426, {"Upgrade": "h2c"}),
    "another connection": (426, {"Connection": "keep-alive"}), "HTTP/1.0": (426, {"line": "GET /ws/realtime HTTP/1.0"}),
    "POST": (405, {"line": "POST /ws/realtime HTTP/1.1"}), "another path": (404, {"line": "GET /ws/other HTTP/1.1"}),
    "no key": (400, {"drop": ["Sec-WebSocket-Key"]}), "an empty key": (400, {"Sec_WebSocket_Key": ""}),
    "a key of 15 octets": (400, {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAA"}),
    "a key of 17 octets": (400, {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAAA="}),
    "a key without padding": (400, {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA"}),
    "a key of the other alphabet": (400, {"Sec_WebSocket_Key": "-_AAAAAAAAAAAAAAAAAAAA=="}),
    "a key with a blank": (400, {"Sec_WebSocket_Key": "AAAAAAAAAA AAAAAAAAAAA=="}),
    "a long key": (400, {"Sec_WebSocket_Key": "A" * 4_000}), "two keys": (400, {"more": [f"Sec-WebSocket-Key: {key()}"]}),
    "a length": (400, {"Content_Length": "5"}), "chunks": (400, {"Transfer_Encoding": "chunked"}),
    "a foreign origin": (403, {"Origin": "https://attacker.example"}), "the null origin": (403, {"Origin": "null"}),
    "an origin that begins like ours": (403, {"Origin": "https://ours.example.attacker.example"}),
    "two origins": (403, {"more": ["Origin: https://ours.example", "Origin: https://attacker.example"]}),
    "a list of origins": (403, {"Origin": "https://ours.example, https://attacker.example"}),
    "no proof for one's own": (401, {"proof": False, "line": "GET /ws/me HTTP/1.1"}),
    "a token in the address of one's own": (401, {"proof": False, "line": "GET /ws/me?token={token} HTTP/1.1"}),
    "no proof": (401, {"proof": False}), "a false token": (401, {"Authorization": "Bearer x"}),
    "Basic": (401, {"Authorization": "Basic YTpi"}), "a proof in a cookie": (401, {"proof": False, "Cookie": "token={token}"}),
    "a token in the address": (401, {"proof": False, "line": "GET /ws/realtime?token={token} HTTP/1.1"}),
    "an access token in the address": (401, {"proof": False, "line": "GET /ws/realtime?access_token={token} HTTP/1.1"}),
    "a token in the address beside a proof": (400, {"line": "GET /ws/realtime?token={token} HTTP/1.1"}),
    "two proofs": (401, {"Sec_WebSocket_Protocol": "nexora.v1, bearer.{token}"}),
    "two proofs as protocols": (401, {"proof": False, "Sec_WebSocket_Protocol": "bearer.{token}, bearer.{token}"}),
    "a false proof as a protocol": (401, {"proof": False, "Sec_WebSocket_Protocol": "nexora.v1, bearer.x"}),
    "an empty proof as a protocol": (401, {"proof": False, "Sec_WebSocket_Protocol": "nexora.v1, bearer."}),
}


# proves: WS-01 WS-06 SEC-11 SEC-05
@pytest.mark.parametrize("case", HANDSHAKES)
def test_a_false_handshake_is_refused(world, case):
    status, changes = HANDSHAKES[case]
    filled = {name: value.replace("{token}", world.token) if isinstance(value, str) else value for name, value in changes.items()}
    body = {"a length": "hello", "chunks": "0\r\n\r\n"}.get(case, "")
    answer = world.answer(world.hand(**filled) + body)
    assert answer.status == status, answer
    assert answer["sec-websocket-accept"] is None
    assert world.token not in repr(answer.fields) and world.token.encode() not in answer.body


# proves: WS-06 IAM-33
def test_who_may_not_watch_gets_no_socket_but_his_own(world):
    token = world.people.sign_in("customer")["access_token"]
    assert world.answer(world.hand(Authorization=f"Bearer {token}")).status == 403
    assert world.answer(world.hand(Authorization=f"Bearer {token}", line="GET /ws/me HTTP/1.1")).status == 101


# proves: WS-01
def test_only_what_is_ours_is_agreed_upon(world):
    """Subprotocols that nobody serves and extensions are left out of the answer; the token is never told back."""
    for offered, agreed in (("nexora.v1", "nexora.v1"), ("other, nexora.v1", "nexora.v1"), ("other", None), ("NEXORA.V1", None)):
        answer = world.answer(world.hand(
            Sec_WebSocket_Protocol=offered, Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits, x-bomb"))
        if answer.status == 429:
            answer = eventually(lambda: (a := world.answer(world.hand(Sec_WebSocket_Protocol=offered))).status == 101 and a, 30)
        assert answer.status == 101 and answer["sec-websocket-protocol"] == agreed, answer.fields
        assert answer["sec-websocket-extensions"] is None
    eventually(lambda: world.sockets() == 0, 30, "the end of the sockets")
    answer = world.answer(world.hand(False, Sec_WebSocket_Protocol=f"nexora.v1, bearer.{world.token}"))
    assert answer.status == 101 and answer["sec-websocket-protocol"] == "nexora.v1"
    assert world.token not in repr(answer.fields)


PROTOCOL, DATA, LARGE = 1002, 1007, 1009
FRAMES = {
    "an unmasked text": (PROTOCOL, frame(TEXT, SUBSCRIBE, masked=False)),
    "an unmasked ping": (PROTOCOL, frame(PING, b"x", masked=False)),
    "an unmasked close": (PROTOCOL, frame(CLOSE, b"\x03\xe8", masked=False)),
    **{f"reserved bits {bits:03b}": (PROTOCOL, frame(TEXT, SUBSCRIBE, reserved=bits)) for bits in range(1, 8)},
    **{f"reserved bits {bits:03b} on a ping": (PROTOCOL, frame(PING, b"", reserved=bits)) for bits in (1, 4)},
    **{f"opcode {opcode}": (PROTOCOL, frame(opcode, b"x")) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a fragmented ping": (PROTOCOL, frame(PING, b"x", final=False)),
    "a fragmented pong": (PROTOCOL, frame(PONG, b"x", final=False)),
    "a fragmented close": (PROTOCOL, frame(CLOSE, b"\x03\xe8", final=False)),
    "a ping of 126 octets": (PROTOCOL, frame(PING, b"x" * 126)),
    "a ping of 65536 octets": (PROTOCOL, frame(PING, b"x" * 65_536)),
    "a close of 126 octets": (PROTOCOL, frame(CLOSE, b"\x03\xe8" + b"x" * 124)),
    "a continuation of nothing": (PROTOCOL, frame(0, SUBSCRIBE)),
    "an unfinished continuation of nothing": (PROTOCOL, frame(0, SUBSCRIBE, final=False)),
    "a text within a text": (PROTOCOL, frame(TEXT, b"{", final=False) + frame(TEXT, b"}")),
    "a binary within a text": (PROTOCOL, frame(TEXT, b"{", final=False) + frame(BINARY, b"}")),
    "a continuation behind the end": (PROTOCOL, frame(TEXT, b"{", final=False) + frame(0, b"}") + frame(0, b"}")),
    "a length of 16 bits that is too wide": (PROTOCOL, frame(TEXT, b"{}", form=16)),
    "a length of 64 bits that is too wide": (PROTOCOL, frame(TEXT, b"{}", form=64)),
    "a length with the top bit": (PROTOCOL, frame(BINARY, length=1 << 63)),
    "a length of 2^63 - 1": (LARGE, frame(BINARY, b"x", length=(1 << 63) - 1)),
    "a length of 2^32": (LARGE, frame(TEXT, b"x", length=1 << 32)),
    "a message of 64 KiB and one": (LARGE, frame(TEXT, b" " * 65_537)),
    "fragments beyond 64 KiB": (LARGE, frame(TEXT, b" " * 40_000, final=False) + frame(0, b" " * 40_000, final=False)),
    "text that is no UTF-8": (DATA, frame(TEXT, b"\xff\xfe")),
    "text that is overlong": (DATA, frame(TEXT, b"\xc0\xaf")),
    "text with a surrogate": (DATA, frame(TEXT, b"\xed\xa0\x80")),
    "text beyond Unicode": (DATA, frame(TEXT, b"\xf4\x90\x80\x80")),
    "text that is cut off": (DATA, frame(TEXT, b"\xe2\x82")),
    "text that is no UTF-8 over two fragments": (DATA, frame(TEXT, b"\xe2", final=False) + frame(0, b"\x28\xa1")),
    "a close of one octet": (PROTOCOL, frame(CLOSE, b"\x03")),
    "a close reason that is no UTF-8": (DATA, frame(CLOSE, b"\x03\xe8\xff")),
    **{f"close code {code}": (PROTOCOL, frame(CLOSE, struct.pack(">H", code)))
       for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)},
}


# proves: WS-01 SEC-05 SEC-11
@pytest.mark.parametrize("case", FRAMES)
def test_a_false_frame_ends_its_socket(world, case):
    """With the code of RFC 6455 §7.4.1, and nothing that stands behind it is heard."""
    code, octets = FRAMES[case]
    with world.open() as wire:
        wire.send(octets + frame(TEXT, b'{"type":"smuggled"}'))
        heard = []
        while (found := read_frame(wire)) is not None:
            heard.append(found)
            if found[0] == CLOSE:
                break
    assert heard and heard[-1][0] == CLOSE, heard
    assert struct.unpack(">H", heard[-1][1][:2])[0] == code, heard[-1]
    assert not any(b"subscribe or unsubscribe" in payload for _, payload in heard)


# proves: WS-01 SEC-05
def test_octets_that_are_no_frames(world):
    for octets in (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", os.urandom(4_096), b"\x00" * 4_096, b"\xff" * 4_096):
        with world.open() as wire:
            wire.send(octets)
            wire.socket.shutdown(1)
            assert close_code(wire) in (PROTOCOL, DATA, LARGE, None)


# proves: WS-01 WS-06
@pytest.mark.parametrize("message", [
    b"", b"x", b"{}", b"[]", b"null", b'{"type":"x"}', b'{"type":["subscribe"]}', b'{"type":"subscribe"}{}',
    b'{"type":"subscribe","filter":[]}', b'{"type":"subscribe","filter":{"x":1}}', b'{"type":"subscribe","filter":{"tenant":["*"]}}',
    b'{"type":"subscribe","filter":{"type":["\\u0000"]}}', b'{"type":"subscribe","from":-1}', b'{"type":"subscribe","from":1e99}',
    b'{"type":"subscribe","last":1000000}', b'{"type":"subscribe","__proto__":{}}', b'{"type":"publish","subject":"x","data":"y"}',
    b'{"type":"subscribe","filter":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}", b"[" * 60_000,
], ids=lambda message: repr(message)[:50])
def test_messages_that_mean_nothing_are_told_so(world, message):
    """The socket stays, an error is told, and no event comes by it."""
    with world.open() as wire:
        wire.send(frame(TEXT, message) + frame(PING, b"behind"))
        heard = []
        while (found := read_frame(wire)) is not None and found[0] != PONG:
            heard.append(found)
        assert found == (PONG, b"behind"), (heard, found)
        while not any(b"validation_error" in payload for _, payload in heard):
            found = read_frame(wire)
            assert found and found[0] == TEXT, (heard, found)
            heard.append(found)
    assert not any(json.loads(payload).get("type") in ("event", "ready") for opcode, payload in heard if opcode == TEXT)


# proves: WS-01 SEC-05
def test_a_binary_message_is_told_so(world):
    with world.open() as wire:
        wire.send(frame(BINARY, SUBSCRIBE))
        assert b"Messages are JSON text." in read_frame(wire)[1]


# proves: WS-01 SEC-05
def test_frames_before_the_answer_wait_for_the_proof(world):
    """What is sent with a handshake that is refused is no request either, and is never heard."""
    behind = frame(TEXT, SUBSCRIBE) + b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    with Wire(world.gateway.port) as wire:
        wire.send(world.hand(False).encode() + behind)
        wire.socket.shutdown(1)
        assert [answer.status for answer in wire.answers() if answer.status < 400] == []
    with world.open() as wire:
        wire.send(frame(TEXT, SUBSCRIBE))
        assert b'"ready"' in read_frame(wire)[1]


# proves: WS-06
def test_a_user_has_so_many_sockets(world):
    """The sixth is refused, another user's is not, and a seat that was left is free again."""
    eventually(lambda: world.sockets() == 0, 30, "the end of the sockets before")
    taken = [world.open() for _ in range(5)]
    assert world.answer(world.hand()).status == 429
    assert world.gateway.ask("GET", "/api/v1/events")[0] == 429
    other = world.people.sign_in("noc_engineer")["access_token"]
    assert world.answer(world.hand(Authorization=f"Bearer {other}")).status == 101
    taken.pop().socket.close()
    taken.append(world.open())
    for wire in taken:
        wire.socket.close()


# proves: WS-06 SEC-05
def test_a_flood_of_subscriptions_drowns_nobody(world):
    """A client that asks without end and reads nothing is read no faster than it is served; everybody else is answered."""
    with world.open() as wire:
        wire.socket.settimeout(2)
        flood = frame(TEXT, b'{"type":"subscribe","filter":{"user":"a"},"last":1000}') * 100
        try:
            for _ in range(50):
                wire.socket.sendall(flood)
        except (TimeoutError, ConnectionError):
            pass
        for _ in range(20):
            assert world.gateway("GET", "/api/v1/auth/me")[0]["data"]["role"] == "super_admin"


# proves: WS-06 SEC-05
def test_a_socket_ends_with_its_session(world):
    login = world.people.sign_in("noc_engineer")
    with Wire(world.gateway.port) as wire:
        wire.send(world.hand(Authorization=f"Bearer {login['access_token']}"))
        assert wire.answer().status == 101
        wire.send(frame(TEXT, SUBSCRIBE))
        assert b'"ready"' in read_frame(wire)[1]
        out = world.gateway.ask("POST", "/api/v1/auth/logout", Authorization=f"Bearer {login['access_token']}")
        assert out[0] == 204
        # Asked again every ten seconds.
        assert close_code(wire) in (1000, 1001, 1008, 4401, 3000)


# proves: SEC-05
def test_it_still_serves(world):
    eventually(lambda: world.sockets() == 0, 60, "the end of every socket")
    assert world.gateway.daemon.runs() and world.gateway.daemon.says_ready()
