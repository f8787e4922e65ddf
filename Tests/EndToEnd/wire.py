"""HTTP and WebSockets octet by octet: whatever can be wrong on a wire, and what comes back."""

import base64
import errno
import os
import socket
import struct

PATIENCE = 90
"""Seconds until a test gives up waiting for octets or the end of a connection; nothing is measured by it."""


class Answer:
    """One response as it came."""

    def __init__(self, head, body):
        line, *fields = head.split(b"\r\n")
        self.line = line.decode("latin-1")
        self.status = int(line.split(b" ")[1])
        self.fields = [tuple(part.strip().decode("latin-1") for part in field.split(b":", 1)) for field in fields if field]
        self.body = body

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name]

    def __getitem__(self, name):
        return next(iter(self.all(name)), None)

    def __repr__(self):
        return f"{self.line} {self.body[:200]!r}"


class Wire:
    """A connection to a gateway."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.octets = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        """False where the other side is gone already: it need not wait for the end of nonsense."""
        try:
            self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode("latin-1"))
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def finish(self):
        """Sends no more. The other side may be gone already: it need not wait for the end of nonsense."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise

    def fill(self):
        """Reads some more; False at the end."""
        try:
            more = self.socket.recv(65_536)
        except ConnectionResetError:
            return False
        self.octets += more
        return bool(more)

    def rest(self):
        """All that comes until the other side closes. A socket that stays open fails the test."""
        while self.fill():
            pass
        return self.octets

    def read(self, count):
        while len(self.octets) < count:
            if not self.fill():
                raise EOFError(f"{len(self.octets)} of {count} octets")
        taken, self.octets = self.octets[:count], self.octets[count:]
        return taken

    def answer(self, method="GET"):
        """The next response; None where the connection ends without one."""
        while b"\r\n\r\n" not in self.octets:
            if not self.fill():
                assert not self.octets, f"half an answer: {self.octets[:200]!r}"
                return None
        head, _, self.octets = self.octets.partition(b"\r\n\r\n")
        answer = Answer(head, b"")
        length = answer["content-length"]
        if answer.status in (101, 204, 304) or answer.status < 200 or method == "HEAD":
            return answer
        if length is not None:
            answer.body = self.read(int(length))
        elif (answer["transfer-encoding"] or "").lower() == "chunked":
            answer.body = self.chunks()
        else:
            answer.body, self.octets = self.rest(), b""
        return answer

    def chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.octets:
                if not self.fill():
                    raise EOFError("within a chunk's size")
            size, _, self.octets = self.octets.partition(b"\r\n")
            count = int(size, 16)
            body += self.read(count + 2)[:-2]
            if count == 0:
                return body

    def answers(self):
        """Every response until the other side closes."""
        found = []
        while (answer := self.answer()) is not None:
            found.append(answer)
        return found


# WebSockets (RFC 6455)

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", final=True, reserved=0, masked=True, length=None, form=None):
    """One frame. `length` is what it says of its length, `form` the width that is written in (7, 16 or 64 bits)."""
    said = len(payload) if length is None else length
    form = form or (7 if said < 126 else 16 if said < 65_536 else 64)
    first = (0x80 if final else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if form == 7:
        head = bytes([first, mask_bit | said])
    elif form == 16:
        head = bytes([first, mask_bit | 126]) + struct.pack(">H", said)
    else:
        head = bytes([first, mask_bit | 127]) + struct.pack(">Q", said)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(octet ^ mask[index % 4] for index, octet in enumerate(payload))


def key():
    return base64.b64encode(os.urandom(16)).decode()


def read_frame(wire):
    """The next frame of the server: opcode and payload. None where the connection ends."""
    try:
        first, second = wire.read(2)
        assert not second & 0x80, "a server masks nothing"
        assert not first & 0x70, "no extension was agreed upon"
        length = second & 0x7F
        if length == 126:
            length = struct.unpack(">H", wire.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", wire.read(8))[0]
        return first & 0x0F, wire.read(length)
    except EOFError:
        return None


def close_code(wire):
    """The code of the server's close frame, whatever comes before it; None where it closes without one."""
    while (found := read_frame(wire)) is not None:
        opcode, payload = found
        if opcode == CLOSE:
            return struct.unpack(">H", payload[:2])[0] if payload else None
    return None
