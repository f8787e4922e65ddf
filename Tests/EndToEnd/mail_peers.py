"""aiosmtpd as the mail server of the tests: what it took, and how it misbehaves."""

import asyncio
import email
import email.policy
import threading
from collections import Counter

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from processes import free_port


class MailBox:
    """A mail server on this machine that writes down what it took. Thread-safe as far as the tests go: its lists only grow."""

    def __init__(self, accounts=None, **controller):
        self.taken, self.lock = [], threading.Lock()
        # Who logged in, and over what.
        self.logins, self.protocols = [], []
        if accounts:
            def authenticate(_server, session, _envelope, mechanism, data):
                known = accounts.get(data.login.decode()) == data.password.decode()
                self.logins.append((data.login.decode(), mechanism, session.ssl is not None, known))
                return AuthResult(success=known)
            controller |= {"authenticator": authenticate, "auth_required": True}
        self.controller = Controller(
            self, hostname="127.0.0.1", port=free_port(), data_size_limit=10_000_000, enable_SMTPUTF8=False, **controller)
        self.port = self.controller.port
        self.controller.start()

    def close(self):
        self.controller.stop()

    async def handle_DATA(self, server, session, envelope):
        self.keep(session, envelope)
        return "250 2.0.0 taken"

    def keep(self, session, envelope):
        with self.lock:
            self.protocols.append(session.ssl is not None)
            self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), bytes(envelope.original_content)))

    def mails(self, address=None):
        """Recipient, octets and message of what it took, for one address or for all."""
        with self.lock:
            taken = list(self.taken)
        return [
            (recipient, octets, email.message_from_bytes(octets, policy=email.policy.default))
            for _, recipients, octets in taken for recipient in recipients if address in (None, recipient)
        ]


class Fickle(MailBox):
    """A mail server that refuses, stalls, drops connections and comes back.

    `mood` is how it treats everybody at the moment; an address that begins with `refused` is never taken, one with `later` at its third try.
    """

    # Nothing of the first four is with anybody, as far as the sender can know; what the last three do nobody can know.
    MOODS = ("well", "away", "shut", "mute", "drops_taken", "drops_lost", "mute_taken")

    def __init__(self, patience=10):
        self.mood = "well"
        # How long it is mute before it gives up.
        self.patience = patience
        self.tried, self.met = Counter(), Counter()
        # Messages to whose last octet it gave no answer.
        self.unanswered = set()
        super().__init__()

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.mood in self.MOODS[:4]:
            self.met[self.mood] += 1
        if self.mood == "away":
            return "421 4.3.2 closing"
        if self.mood == "shut":
            server.transport.abort()
            return "421 4.3.2 closing"
        if self.mood == "mute":
            await asyncio.sleep(self.patience)
            server.transport.abort()
            return "421 4.3.2 closing"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 go on"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.tried[address] += 1
        if address.startswith("refused"):
            return "550 5.1.1 nobody here"
        if address.startswith("later") and self.tried[address] <= 2:
            return "451 4.7.1 greylisted"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 known"

    async def handle_DATA(self, server, session, envelope):
        mood = self.mood
        if mood in ("drops_taken", "drops_lost", "mute_taken"):
            self.met[mood] += 1
            self.unanswered.add(message_id(envelope.original_content))
        if mood != "drops_lost":
            self.keep(session, envelope)
        if mood == "mute_taken":
            await asyncio.sleep(self.patience)
        if mood in ("drops_taken", "drops_lost", "mute_taken"):
            server.transport.abort()
        return "250 2.0.0 taken"


def message_id(octets):
    return email.message_from_bytes(bytes(octets), policy=email.policy.default)["Message-ID"].strip("<> ")
