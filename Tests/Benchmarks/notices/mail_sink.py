"""A mail server that takes everything at once and notes when: thousands of messages a second on one core."""

import asyncio
import time


class MailSink(asyncio.Protocol):
    """One connection. `taken` has the time of each acceptance by address; one that came again counts in `doubled`."""

    taken, doubled = {}, 0

    def connection_made(self, transport):
        self.transport, self.pending, self.recipients, self.in_message = transport, b"", [], False
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data):
        self.pending += data
        while self.take():
            pass

    def take(self):
        """Whether there was something whole to be taken."""
        if self.in_message:
            end = self.pending.find(b"\r\n.\r\n")
            if end < 0:
                return False
            self.pending, self.in_message = self.pending[end + 5:], False
            self.accept()
            return True
        line, found, rest = self.pending.partition(b"\r\n")
        if found:
            self.pending = rest
            self.command(line)
        return bool(found)

    def accept(self):
        now = time.monotonic()
        for address in self.recipients:
            if address in MailSink.taken:
                MailSink.doubled += 1
            MailSink.taken.setdefault(address, now)
        self.recipients = []
        self.transport.write(b"250 2.0.0 taken\r\n")

    def command(self, line):
        verb = line[:4].upper()
        if verb == b"EHLO":
            self.transport.write(b"250-sink\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SIZE 10000000\r\n")
        elif verb == b"RCPT":
            self.recipients.append(line[line.index(b"<") + 1:line.index(b">")].decode())
            self.transport.write(b"250 2.1.5 known\r\n")
        elif verb == b"DATA":
            # An empty message ends with a line that begins at once.
            self.in_message, self.pending = True, b"\r\n" + self.pending
            self.transport.write(b"354 go on\r\n")
        elif verb == b"QUIT":
            self.transport.write(b"221 2.0.0 bye\r\n")
            self.transport.close()
        elif verb in (b"HELO", b"MAIL", b"RSET", b"NOOP"):
            if verb in (b"MAIL", b"RSET"):
                self.recipients = []
            self.transport.write(b"250 2.0.0 well\r\n")
        else:
            self.transport.write(b"502 5.5.1 not here\r\n")
