"""Peers and NASes of EAP that are not ours, with their configuration: wpa_supplicant's eapol_test, FreeRADIUS'
radeapclient, hostapd with wpa_supplicant, and strongSwan on both ends of an IKEv2 tunnel."""

import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from processes import Process, eventually
from radius_clients import radclient

CONTROL_PORT = 3799
"""Where hostapd and strongSwan take CoA and Disconnect: `nexora nas add` expects it there."""


def eapol_test(port, secret, folder, user, password, method, keys=True, extra=""):
    """What eapol_test says: (whether it succeeded, its output). It checks each answer, and the keys against its own."""
    conf = Path(folder) / f"eapol-{method}-{os.urandom(4).hex()}.conf"
    conf.write_text(
        f'network={{\n key_mgmt=IEEE8021X\n eap={method}\n identity="{user}"\n password="{password}"\n'
        f" eapol_flags=0\n{extra}}}\n"
    )
    done = subprocess.run(
        ["eapol_test", f"-c{conf}", "-a127.0.0.1", f"-p{port}", f"-s{secret}", "-t10", *([] if keys else ["-n"])],
        capture_output=True, text=True, timeout=60, check=False,
    )
    return done.returncode == 0 and done.stdout.rstrip().endswith("SUCCESS"), done.stdout + done.stderr


def radeapclient(port, secret, user, password):
    """The code of the last packet that radeapclient received at the end of an EAP-MD5 login, and its output."""
    done = subprocess.run(
        ["radeapclient", "-x", "-r", "3", "-t", "3", f"127.0.0.1:{port}", "auth", secret],
        input=f'User-Name = "{user}"\nCleartext-Password = "{password}"\nEAP-Code = Response\nEAP-Id = 210\n'
              f'EAP-Type-Identity = "{user}"\nNAS-Port = 1\nMessage-Authenticator = 0x00\n',
        capture_output=True, text=True, timeout=60, check=False,
    )
    said = done.stdout + done.stderr
    received = re.findall(r"Received (Access-\w+)", said)
    return received[-1] if received else "", said


class Namespaces:
    """Two network namespaces in a row: this machine - NAS - subscriber, joined by veth pairs, and gone at the end."""

    def __init__(self):
        mark = f"{os.getpid():x}"
        self.nas, self.peer = f"nxn{mark}", f"nxp{mark}"
        self.host_link, self.nas_uplink = f"nxh{mark}", f"nxu{mark}"
        self.nas_port, self.peer_port = f"nxa{mark}", f"nxb{mark}"
        # Of the range for tests of networks (RFC 2544), a different net for runs side by side.
        self.net = f"198.18.{os.getpid() % 250}"
        self.host_address, self.nas_address = f"{self.net}.1", f"{self.net}.2"
        self.nas_side, self.peer_side = f"{self.net}.5", f"{self.net}.6"

    @staticmethod
    def problem():
        """Why there are none to be had on this machine; None where there are."""
        name = f"nxt{os.getpid():x}"
        done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            done = subprocess.run(
                ["ip", "-n", name, "link", "add", "trial0", "type", "veth", "peer", "name", "trial1"],
                capture_output=True, text=True, check=False,
            )
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        return None if done.returncode == 0 else done.stderr.strip()

    def __enter__(self):
        for line in (
            f"netns add {self.nas}", f"netns add {self.peer}",
            f"link add {self.host_link} type veth peer name {self.nas_uplink} netns {self.nas}",
            f"addr add {self.host_address}/30 dev {self.host_link}", f"link set {self.host_link} up",
            f"-n {self.nas} addr add {self.nas_address}/30 dev {self.nas_uplink}",
            f"-n {self.nas} link set {self.nas_uplink} up", f"-n {self.nas} link set lo up",
            f"-n {self.nas} link add {self.nas_port} type veth peer name {self.peer_port} netns {self.peer}",
            f"-n {self.nas} addr add {self.nas_side}/30 dev {self.nas_port}",
            f"-n {self.nas} link set {self.nas_port} up",
            f"-n {self.peer} addr add {self.peer_side}/30 dev {self.peer_port}",
            f"-n {self.peer} link set {self.peer_port} up", f"-n {self.peer} link set lo up",
        ):
            self.ip(*line.split())
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "link", "del", self.host_link], capture_output=True, check=False)
        for name in (self.nas, self.peer):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    @staticmethod
    def ip(*words):
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
        return done.stdout

    @staticmethod
    def inside(name, *command):
        return ["ip", "netns", "exec", name, *map(str, command)]

    def run(self, name, *command, seconds=30):
        done = subprocess.run(
            self.inside(name, *command), capture_output=True, text=True, timeout=seconds, check=False
        )
        return done.returncode, done.stdout + done.stderr


class WiredNAS:
    """hostapd's wired 802.1X authenticator in the NAS's namespace, wpa_supplicant in the subscriber's."""

    def __init__(self, folder, net, server, secret):
        self.folder, self.net = Path(folder), net
        conf = self.folder / "hostapd.conf"
        conf.write_text(
            f"interface={net.nas_port}\ndriver=wired\nieee8021x=1\nuse_pae_group_addr=1\neap_reauth_period=0\n"
            f"own_ip_addr={net.nas_address}\nnas_identifier=e2e-switch\nlogger_stdout=-1\nlogger_stdout_level=1\n"
            f"auth_server_addr={net.host_address}\nauth_server_port={server.auth_port}\n"
            f"auth_server_shared_secret={secret}\n"
            f"acct_server_addr={net.host_address}\nacct_server_port={server.acct_port}\n"
            f"acct_server_shared_secret={secret}\n"
            # It wants both of a Disconnect-Request, and to hear of it from its server alone.
            f"radius_das_port={CONTROL_PORT}\nradius_das_client={net.host_address} {secret}\n"
            "radius_das_require_event_timestamp=1\nradius_das_require_message_authenticator=1\nradius_das_time_window=300\n"
        )
        self.hostapd = Process(
            "hostapd", net.inside(net.nas, "hostapd", conf), self.folder / "hostapd.log",
            is_ready=lambda: "AP-ENABLED" in self.hostapd.output(),
        )

    def supplicant(self, user, password, method):
        """A wpa_supplicant, not started, at a new address: hostapd is deaf for some seconds to one that logged off."""
        mark = os.urandom(3).hex()
        self.address = ":".join(("02", "00", "00", mark[:2], mark[2:4], mark[4:]))
        self.net.ip("-n", self.net.peer, "link", "set", self.net.peer_port, "address", self.address)
        conf = self.folder / f"wpa-{mark}.conf"
        self.control = self.folder / f"wpa-{mark}"
        conf.write_text(
            f"ctrl_interface={self.control}\nap_scan=0\nnetwork={{\n key_mgmt=IEEE8021X\n eap={method}\n"
            f' identity="{user}"\n password="{password}"\n eapol_flags=0\n}}\n'
        )
        return Process(
            "wpa_supplicant",
            self.net.inside(self.net.peer, "wpa_supplicant", "-i", self.net.peer_port, "-D", "wired", "-c", conf),
            self.folder / f"wpa-{mark}.log",
            is_ready=lambda: (self.control / self.net.peer_port).exists(),
        )

    def say(self, *words):
        return self.net.run(self.net.peer, "wpa_cli", "-p", self.control, "-i", self.net.peer_port, *words)[1]


class Tunnel:
    """strongSwan as NAS (eap-radius) and as subscriber; ESP in user space, so the kernel needs nothing for it."""

    inner = "198.51.100.1"

    def __init__(self, folder, net, server, secret):
        self.folder, self.net = Path(folder), net
        self._certificate()
        common = "unix://" + str(self.folder)
        self.nas = self._charon("nas", net.nas, f"""
            eap-radius {{
                accounting = yes
                nas_identifier = e2e-gateway
                dae {{
                    enable = yes
                    listen = {net.nas_address}
                    port = {CONTROL_PORT}
                    secret = "{secret}"
                }}
                servers {{ nexora {{
                    address = {net.host_address}
                    auth_port = {server.auth_port}
                    acct_port = {server.acct_port}
                    secret = "{secret}"
                }} }}
            }}""", "nonce random openssl hmac kdf sha1 sha2 md5 pem pkcs1 x509 pubkey eap-identity eap-radius eap-mschapv2 eap-md5")
        self.peer = self._charon(
            "peer", net.peer, "", "nonce random openssl hmac kdf sha1 sha2 md5 pem pkcs1 x509 pubkey eap-identity eap-mschapv2 eap-md5"
        )
        self.uri = {name: f"{common}/{name}/vici" for name in ("nas", "peer")}
        net.ip("-n", net.nas, "addr", "add", f"{self.inner}/32", "dev", "lo")

    def _certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
             "2", "-subj", "/CN=nas.example", "-addext", "subjectAltName=DNS:nas.example", "-keyout",
             self.folder / "nas.key", "-out", self.folder / "nas.crt"],
            check=True, capture_output=True,
        )

    def _charon(self, name, namespace, plugin, plugins):
        folder = self.folder / name
        for sub in ("private", "x509", "x509ca"):
            (folder / sub).mkdir(parents=True)
        if name == "nas":
            shutil.copy(self.folder / "nas.key", folder / "private")
            shutil.copy(self.folder / "nas.crt", folder / "x509")
        else:
            shutil.copy(self.folder / "nas.crt", folder / "x509ca")
        conf = folder / "strongswan.conf"
        conf.write_text(
            f"charon-systemd {{\n  load = {plugins} kernel-libipsec kernel-netlink socket-default vici updown\n"
            "  syslog { daemon { default = -1 } auth { default = -1 } }\n  journal { default = -1 }\n"
            f"  filelog {{ log {{ path = {folder}/charon.log\n default = 1\n flush_line = yes }} }}\n"
            "  retransmit_tries = 2\n  install_virtual_ip = yes\n"
            f"  plugins {{\n    vici {{ socket = unix://{folder}/vici }}\n{plugin}\n  }}\n}}\n"
        )
        process = Process(
            f"charon-{name}", self.net.inside(namespace, "charon-systemd"), folder / "out.log",
            environment={"STRONGSWAN_CONF": str(conf), "SWANCTL_DIR": str(folder)},
            is_ready=lambda: (folder / "vici").exists(),
        )
        process.output = lambda: "".join(
            path.read_text(errors="replace") for path in (folder / "out.log", folder / "charon.log") if path.exists()
        )
        return process

    def swanctl(self, name, *words, seconds=60):
        folder = self.folder / name
        done = subprocess.run(
            ["swanctl", *words, "--uri", self.uri[name]], capture_output=True, text=True, timeout=seconds, check=False,
            env={"PATH": os.environ["PATH"], "STRONGSWAN_CONF": str(folder / "strongswan.conf"), "SWANCTL_DIR": str(folder)},
        )
        return done.returncode, done.stdout + done.stderr

    def configure(self, user, password, method):
        (self.folder / "nas" / "swanctl.conf").write_text(
            "connections { gate { version = 2\n"
            f" local_addrs = {self.net.nas_side}\n pools = radius\n"
            " local { auth = pubkey\n certs = nas.crt\n id = nas.example }\n"
            " remote { auth = eap-radius\n eap_id = %any }\n"
            f" children {{ net {{ local_ts = {self.inner}/32 }} }} }} }}\n"
        )
        (self.folder / "peer" / "swanctl.conf").write_text(
            "connections { home { version = 2\n"
            f" local_addrs = {self.net.peer_side}\n remote_addrs = {self.net.nas_side}\n vips = 0.0.0.0\n"
            f' local {{ auth = eap-{method}\n eap_id = "{user}"\n id = "{user}" }}\n'
            " remote { auth = pubkey\n id = nas.example }\n"
            f" children {{ net {{ remote_ts = {self.inner}/32 }} }} }} }}\n"
            f'secrets {{ eap-one {{ id = "{user}"\n secret = "{password}" }} }}\n'
        )
        for name in ("nas", "peer"):
            code, said = self.swanctl(name, "--load-all", "--noprompt")
            assert code == 0, said

    def log_on(self):
        code, said = self.swanctl("peer", "--initiate", "--child", "net", "--timeout", "20")
        return code == 0, said

    def log_off(self):
        return self.swanctl("peer", "--terminate", "--ike", "home", "--timeout", "20")

    def clean_up(self):
        for process in (self.peer, self.nas):
            process.clean_up()


@contextmanager
def reachable_server(system, net, name, secret):
    """A radius-server that NASes in the namespaces reach; `name` is theirs."""
    made = system.radius_server(f"radius-{name}", NEXORA_RADIUS_ADDRESS=net.host_address)
    made.start()
    system.nexora(
        "nas", "add", name, "--tenant", "demo-net", "--address", f"{net.nas_address}/32", "--vendor", "generic",
        "--secret-from", "stdin", given=secret + "\n",
    )
    eventually(
        lambda: radclient(
            made.auth_port, "status", secret, {"Message-Authenticator": "0x00"}, host=net.host_address,
            within=net.inside(net.nas), tries=1, seconds=0.5,
        )[0] == "Access-Accept",
        20, "an answer to the NAS's address",
    )
    try:
        yield made
    finally:
        system.nexora("nas", "remove", name)
        made.terminate()


def wait_for_password(server, net, secret, user, password):
    """A changed password is known to the server within two seconds; a NAS would remember a refusal for a minute."""
    eventually(
        lambda: radclient(
            server.auth_port, "auth", secret,
            {"User-Name": user, "User-Password": password, "Message-Authenticator": "0x00"},
            host=net.host_address, within=net.inside(net.nas),
        )[0] == "Access-Accept",
        20, "the password",
    )


def wait_for_text(process, text, seconds=30):
    eventually(lambda: text in process.output(), seconds, lambda: f"{text!r} from {process.name}: {process.last_words()}")
