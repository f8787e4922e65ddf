"""Two clients that are not ours: radclient (FreeRADIUS) and pyrad, each with a codec of its own."""

import binascii
import hashlib
import io
import re
import subprocess
import time

from pyrad import packet
from pyrad.client import Client, Timeout
from pyrad.dictionary import Dictionary

DICTIONARY = """
ATTRIBUTE User-Name 1 string
ATTRIBUTE User-Password 2 string encrypt=1
ATTRIBUTE CHAP-Password 3 octets
ATTRIBUTE NAS-IP-Address 4 ipaddr
ATTRIBUTE NAS-Port 5 integer
ATTRIBUTE Framed-IP-Address 8 ipaddr
ATTRIBUTE Reply-Message 18 string
ATTRIBUTE Class 25 octets
ATTRIBUTE Session-Timeout 27 integer
ATTRIBUTE Calling-Station-Id 31 string
ATTRIBUTE Proxy-State 33 octets
ATTRIBUTE Acct-Status-Type 40 integer
ATTRIBUTE Acct-Delay-Time 41 integer
ATTRIBUTE Acct-Input-Octets 42 integer
ATTRIBUTE Acct-Output-Octets 43 integer
ATTRIBUTE Acct-Session-Id 44 string
ATTRIBUTE Acct-Session-Time 46 integer
ATTRIBUTE Acct-Terminate-Cause 49 integer
ATTRIBUTE Acct-Input-Gigawords 52 integer
ATTRIBUTE Acct-Output-Gigawords 53 integer
ATTRIBUTE CHAP-Challenge 60 octets
ATTRIBUTE Message-Authenticator 80 octets
ATTRIBUTE Acct-Interim-Interval 85 integer
ATTRIBUTE NAS-Port-Id 87 string
ATTRIBUTE Framed-Pool 88 string
VENDOR Mikrotik 14988
BEGIN-VENDOR Mikrotik
ATTRIBUTE Mikrotik-Rate-Limit 8 string
END-VENDOR Mikrotik
"""


def radclient(port, kind, secret, attributes, source=None, tries=3, seconds=3, host="127.0.0.1", within=()):
    """What radclient received: the packet's name and its attributes; ("", {}) for silence. It checks each answer.
    `within` stands before the command: a namespace to run it in."""
    lines = dict(attributes)
    if source:
        lines["Packet-Src-IP-Address"] = source
    done = subprocess.run(
        [*within, "radclient", "-x", "-r", str(tries), "-t", str(seconds), f"{host}:{port}", kind, secret],
        input=", ".join(f"{name} = {quoted(value)}" for name, value in lines.items()) + "\n",
        capture_output=True, text=True, timeout=60, check=False,
    )
    received = re.search(r"^Received (\S+) .*\n((?:\t.*\n)*)", done.stdout, re.MULTILINE)
    assert received or "No reply" in done.stderr + done.stdout, done.stdout + done.stderr
    if not received:
        return "", {}
    return received[1], dict(line.strip().split(" = ", 1) for line in received[2].splitlines())


def quoted(value):
    return str(value) if isinstance(value, int) or str(value).startswith("0x") else f'"{value}"'


class Pyrad:
    """pyrad as a NAS at an address of this machine."""

    def __init__(self, server, secret, source="127.0.0.1", seconds=3, tries=3):
        self.client = Client(
            server="127.0.0.1", authport=server.auth_port, acctport=server.acct_port, secret=secret.encode(),
            dict=Dictionary(io.StringIO(DICTIONARY)), timeout=seconds, retries=tries,
        )
        self.client.bind((source, 0))

    def close(self):
        self.client._CloseSocket()

    def login(self, user, password, chap=False, **attributes):
        """The verified reply, or None for silence."""
        while True:
            try:
                return self._login(user, password, chap, **attributes)
            except binascii.Error:
                # pyrad takes octets that happen to begin with "0x" for hexadecimal digits.
                continue

    def _login(self, user, password, chap, **attributes):
        request = self.client.CreateAuthPacket(code=packet.AccessRequest, User_Name=user, **attributes)
        request.authenticator = request.CreateAuthenticator()
        if chap:
            request["CHAP-Challenge"] = request.CreateAuthenticator()
            request["CHAP-Password"] = chap_password(request["CHAP-Challenge"][0], password)
        else:
            request["User-Password"] = request.PwCrypt(password)
        request.add_message_authenticator()
        try:
            reply = self.client.SendPacket(request)
        except Timeout:
            return None
        # RFC 2869 §5.14; BlastRADIUS: it is there, it comes first, and it is true.
        assert reply.verify_message_authenticator(original_authenticator=request.authenticator)
        assert next(iter(reply.keys())) == "Message-Authenticator"
        return reply

    def account(self, status, session, user, **attributes):
        """Whether a verified answer came."""
        request = self.client.CreateAcctPacket(
            User_Name=user, Acct_Status_Type=status, Acct_Session_Id=session, **attributes
        )
        try:
            return self.client.SendPacket(request).code == packet.AccountingResponse
        except Timeout:
            return False


def chap_password(challenge, password, identifier=7):
    octet = bytes((identifier,))
    return octet + hashlib.md5(octet + password.encode() + challenge).digest()


def accepted(reply):
    return reply is not None and reply.code == packet.AccessAccept


def rejected(reply):
    return reply is not None and reply.code == packet.AccessReject


def within(seconds, attempt, wanted):
    """Repeats an attempt until it gives what is wanted; none may begin after the time is over."""
    deadline = time.monotonic() + seconds
    while not wanted(result := attempt()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {result}"
        time.sleep(0.02)
    return result
