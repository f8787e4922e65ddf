"""Kannel as the tests' SMS gateway: bearerbox and smsbox on ports of the test, and fakesmsc in the operator's place."""

import os
import re
import secrets
import shutil
import urllib.parse
from pathlib import Path

from processes import Process, free_port, listens

# Where another installation has them, KANNEL_ROOT says.
ROOT = Path(os.environ.get("KANNEL_ROOT") or "/")
FAKESMSC = ROOT / "usr/lib/kannel/test/fakesmsc"


def program(name):
    there = ROOT / "usr/sbin" / name
    return there if there.exists() else shutil.which(name)


def problem():
    """Why Kannel cannot be started here; None where it can."""
    missing = [name for name in ("bearerbox", "smsbox") if not program(name)] + ([] if FAKESMSC.exists() else ["fakesmsc"])
    return f"{', '.join(missing)} of the packages kannel and kannel-extras missing: scripts/setup --tests" if missing else None


class Kannel:
    """Runs while it is a context. `incoming` is asked for by GET for each message that a phone sends."""

    username, account_secret = "nexora", "pw-" + secrets.token_hex(6)

    def __init__(self, folder, register=lambda process: process, incoming=None):
        self.folder = Path(folder) / f"kannel-{secrets.token_hex(3)}"
        self.folder.mkdir()
        self.admin, self.boxes, self.smsc, self.http = (free_port() for _ in range(4))
        self.url = f"http://127.0.0.1:{self.http}/cgi-bin/sendsms"
        config = self.folder / "kannel.conf"
        config.write_text(self.configuration(incoming))
        # Libraries of an installation elsewhere.
        environment = {"LD_LIBRARY_PATH": os.environ["LD_LIBRARY_PATH"]} if "LD_LIBRARY_PATH" in os.environ else {}

        def process(name, command, is_ready):
            return register(Process(name, command, self.folder / f"{name}.log", environment, is_ready=is_ready))
        self.bearerbox = process("bearerbox", [program("bearerbox"), "-v", "0", config], lambda: listens(self.smsc) and listens(self.boxes))
        self.smsbox = process("smsbox", [program("smsbox"), "-v", "0", config], lambda: listens(self.http))
        self.phones = process("fakesmsc", self.operator(), lambda: "client connected" in self.bearerbox.output())

    def configuration(self, incoming):
        service = f"get-url = \"{incoming}\"\nmax-messages = 0\n" if incoming else "text = \"nobody listens\"\n"
        return f"""group = core
admin-port = {self.admin}
admin-password = {secrets.token_hex(8)}
admin-interface = "127.0.0.1"
smsbox-port = {self.boxes}
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = operator
port = {self.smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {self.http}
sendsms-interface = "127.0.0.1"
http-request-retry = 3

group = sendsms-user
username = {self.username}
password = {self.account_secret}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
accept-x-kannel-headers = true
catch-all = true
{service}"""

    def operator(self, *messages):
        """fakesmsc; it sends what it is given, each once, and takes what comes."""
        count = ["-i", "1", "-m", str(len(messages))]
        return [FAKESMSC, "-v", "0", "-H", "127.0.0.1", "-r", str(self.smsc), *count, *(messages or ["1 1 text none"])]

    def phones_send(self, sender, recipient, text):
        """From now on the operator is one whose subscriber sends that, once."""
        self.phones.clean_up()
        self.phones.command = [str(word) for word in self.operator(f"{sender} {recipient} text {text}")]
        self.phones.start()

    def __enter__(self):
        for process in (self.bearerbox, self.smsbox, self.phones):
            process.start()
        return self

    def __exit__(self, *_):
        for process in (self.phones, self.smsbox, self.bearerbox):
            process.clean_up()

    def delivered(self):
        """What came to the operator, a part of a message each: its sender, its number, and its text."""
        found = []
        for line in re.findall(r"Got message \d+: <(.*)>", self.phones.output()):
            sender, number, kind, words = line.split(" ", 3)
            if kind == "udh":
                # The part's number stands before its text.
                _, kind, words = words.split(" ", 2)
            if kind == "ucs-2":
                words = urllib.parse.unquote_to_bytes(words.replace("+", " ")).decode("utf-16-be")
            elif kind == "data":
                words = urllib.parse.unquote_plus(words)
            found.append((sender, number, words))
        return found
