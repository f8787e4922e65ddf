"""Listeners for CoA and Disconnect (RFC 5176) that are not ours: FreeRADIUS and pyrad, each with a codec of its own. What they answer
stands in the name of whom it is about: `-c401` refuses CoAs with Error-Cause 401, `-d504` Disconnects with 504, `-d0` without one."""

import collections
import io
import re
import shutil
import secrets
import socket
import threading

from pyrad import packet
from pyrad.dictionary import Dictionary
from pyrad.server import RemoteHost, Server

from fleet import NAS, SECRET
from processes import Process, free_port
from radius_clients import DICTIONARY

CONTROL_DICTIONARY = DICTIONARY + """
ATTRIBUTE NAS-Identifier 32 string
ATTRIBUTE Event-Timestamp 55 date
ATTRIBUTE Error-Cause 101 integer
"""


class Answered(NAS):
    """A NAS whose requests somebody else answers, who knows nothing of sessions: they end when the test says so."""

    def __init__(self, port, *arguments):
        self.port = port
        super().__init__(*arguments)

    def listen(self):
        pass

    def run(self):
        pass


class FreeRADIUS:
    """FreeRADIUS as a listener of type coa, on every address of this machine."""

    def __init__(self, folder):
        self.folder, self.port = folder / f"freeradius-coa-{secrets.token_hex(3)}", free_port(socket.SOCK_DGRAM)
        self.folder.mkdir()
        (self.folder / "dictionary").write_text("")
        refusals = "".join(
            f'        if (&Packet-Type == {name}-Request && &User-Name =~ /-{letter}([0-9]+)$/) {{\n'
            '            if ("%{1}" != "0") {\n                update reply {\n                    &Error-Cause := "%{1}"\n'
            "                }\n            }\n            reject\n        }\n"
            for name, letter in (("CoA", "c"), ("Disconnect", "d"))
        )
        (self.folder / "radiusd.conf").write_text(
            f"prefix = /usr\nlibdir = /usr/lib/freeradius\nlogdir = {self.folder}\nrun_dir = {self.folder}\n"
            f"pidfile = {self.folder}/pid\nlog {{\n    destination = stdout\n}}\nthread pool {{\n    start_servers = 2\n}}\n"
            f"client all {{\n    ipaddr = 127.0.0.0/8\n    secret = {SECRET}\n    require_message_authenticator = yes\n}}\n"
            "modules {\n    always ok {\n        rcode = ok\n    }\n    always reject {\n        rcode = reject\n    }\n}\n"
            f"server coa {{\n    listen {{\n        type = coa\n        ipaddr = *\n        port = {self.port}\n    }}\n"
            f"    recv-coa {{\n{refusals}        ok\n    }}\n    send-coa {{\n        ok\n    }}\n}}\n"
        )
        self.process = Process(
            "freeradius", [shutil.which("freeradius"), "-f", "-l", "stdout", "-xx", "-d", self.folder],
            self.folder / "output", is_ready=lambda: "Ready to process requests" in self.process.output(),
        )
        self.process.start()

    def count(self, user):
        """How many datagrams about somebody it took to be its server's."""
        # Its threads write between one another's lines; each line begins with the number of its request.
        output = self.process.output()
        taken = set(re.findall(r"\((\d+)\) Received (?:CoA|Disconnect)-Request Id ", output))
        return len(taken & set(re.findall(rf'\((\d+)\)   User-Name = "{re.escape(user)}"', output)))

    def close(self):
        self.process.clean_up()


class PyradListener(Server):
    """pyrad's server, in a thread of its own."""

    def __init__(self, _):
        hosts = {"127.0.0.1": RemoteHost("127.0.0.1", SECRET.encode(), "provisioner")}
        super().__init__(
            addresses=["0.0.0.0"], coaport=free_port(socket.SOCK_DGRAM), hosts=hosts,
            dict=Dictionary(io.StringIO(CONTROL_DICTIONARY)), auth_enabled=False, acct_enabled=False, coa_enabled=True,
        )
        self.port, self.seen = self.coaport, collections.Counter()
        # So that an answer comes from where its request went to.
        self.coafds[0].close()
        self.coafds = []
        self.thread = None

    def serve(self, addresses):
        for address in addresses:
            self.BindToAddress(address)
        self.thread = threading.Thread(target=self.Run, daemon=True)
        self.thread.start()

    def HandleCoaPacket(self, pkt):
        self.answer(pkt, "c", packet.CoAACK)

    def HandleDisconnectPacket(self, pkt):
        self.answer(pkt, "d", packet.DisconnectACK)

    def answer(self, request, letter, code):
        if not request.VerifyCoARequest() or not request.verify_message_authenticator():
            return
        user = request["User-Name"][0]
        self.seen[user] += 1
        refusal = re.search(rf"-{letter}([0-9]+)$", user)
        reply = self.CreateReplyPacket(request)
        reply.code = code + bool(refusal)
        if refusal and refusal[1] != "0":
            reply["Error-Cause"] = int(refusal[1])
        self.SendReplyPacket(request.fd, reply)

    def count(self, user):
        return self.seen[user]

    def close(self):
        # pyrad's loop has no end; what it holds goes with this process.
        pass
