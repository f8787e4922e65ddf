"""Redis as it is run where it must not fail: a primary, two replicas, three sentinels; and as little of its protocol as a
test needs."""

import shutil
import socket
from pathlib import Path

from processes import Process, eventually, free_port, listens

NAME = "nexora"


class Client:
    """One connection; answers as Python values, text as bytes."""

    def __init__(self, port, password=None, seconds=10):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.file = self.socket.makefile("rb")
        if password:
            self("AUTH", password)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def __call__(self, *words):
        return self.many([words])[0]

    def many(self, commands):
        """The answers of commands that are sent in one go."""
        octets = b""
        for words in commands:
            words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
            octets += b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        self.socket.sendall(octets)
        return [self._answer() for _ in commands]

    def _answer(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("the connection was closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        return None if rest == b"-1" else [self._answer() for _ in range(int(rest))]


class RedisSet:
    """A primary with replicas, watched by sentinels that want a login themselves."""

    def __init__(self, folder, password, account, replicas=2, sentinels=3):
        self.folder, self.password, self.account = Path(folder), password, account
        self.ports = [free_port() for _ in range(1 + replicas)]
        self.sentinel_ports = [free_port() for _ in range(sentinels)]
        self.servers = [self._server(number) for number in range(1 + replicas)]
        self.sentinels = [self._sentinel(number) for number in range(sentinels)]

    @property
    def url(self):
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)
        return f"redis+sentinel://:{self.password}@{hosts}/{NAME}/0"

    def start(self):
        for server in self.servers:
            server.start()
        for sentinel in self.sentinels:
            sentinel.start()
        self.wait_for_replicas(len(self.servers) - 1)

    def primary(self):
        """The number of the server that the sentinels name."""
        with Client(self.sentinel_ports[0], self.password) as sentinel:
            return self.ports.index(int(sentinel("SENTINEL", "get-master-addr-by-name", NAME)[1]))

    def client(self):
        return Client(self.ports[self.primary()], self.password, 60)

    def wait_for_another(self, than, seconds=60):
        """The number of the new primary, once it takes writes."""
        def found():
            try:
                number = self.primary()
                if number == than:
                    return None
                with Client(self.ports[number], self.password) as client:
                    return [number] if client("ROLE")[0] == b"master" else None
            except OSError:
                return None

        return eventually(found, seconds, "another primary")[0]

    def wait_for_replicas(self, count, seconds=60):
        """Until the primary has so many replicas that keep up, and every sentinel knows them and its fellows."""
        def complete():
            try:
                with self.client() as client:
                    role = client("ROLE")
            except OSError:
                return False
            if role[0] != b"master" or len(role[2]) < count:
                return False
            for port in self.sentinel_ports:
                with Client(port, self.password) as sentinel:
                    answer = sentinel("SENTINEL", "master", NAME)
                    known = dict(zip(answer[::2], answer[1::2]))
                if int(known[b"num-slaves"]) < count or int(known[b"num-other-sentinels"]) < len(self.sentinel_ports) - 1:
                    return False
            return True

        eventually(complete, seconds, f"{count} replicas")

    def fail_over(self):
        with Client(self.sentinel_ports[0], self.password) as sentinel:
            sentinel("SENTINEL", "FAILOVER", NAME)

    @property
    def processes(self):
        return [*self.sentinels, *self.servers]

    def _server(self, number):
        name = f"redis-{number}"
        folder = self._own_folder(name)
        lines = [
            "bind 127.0.0.1", f"port {self.ports[number]}", f'dir "{folder}"', f"requirepass {self.password}",
            f"masterauth {self.password}", 'save ""', "appendonly yes", "appendfsync everysec",
            # Three servers on one machine that write their logs anew at once stop for longer than down-after.
            "auto-aof-rewrite-percentage 0",
            "maxmemory-policy noeviction", "repl-diskless-sync-delay 0", "repl-backlog-size 64mb",
        ]
        if number > 0:
            lines.append(f"replicaof 127.0.0.1 {self.ports[0]}")
        return self._process(name, folder, lines, self.ports[number])

    def _sentinel(self, number):
        name = f"sentinel-{number}"
        folder = self._own_folder(name)
        return self._process(name, folder, [
            "bind 127.0.0.1", f"port {self.sentinel_ports[number]}", f'dir "{folder}"', f"requirepass {self.password}",
            f"sentinel sentinel-pass {self.password}",
            f"sentinel monitor {NAME} 127.0.0.1 {self.ports[0]} {len(self.sentinel_ports) // 2 + 1}",
            f"sentinel auth-pass {NAME} {self.password}", f"sentinel down-after-milliseconds {NAME} 1000",
            f"sentinel failover-timeout {NAME} 10000", f"sentinel parallel-syncs {NAME} 2",
        ], self.sentinel_ports[number], "--sentinel")

    def _process(self, name, folder, lines, port, *more):
        conf = folder / "redis.conf"
        conf.write_text("\n".join(lines) + "\n")
        conf.chmod(0o600)
        if self.account:
            shutil.chown(conf, self.account, self.account)
        command = [shutil.which("redis-server"), conf, *more]
        return Process(name, command, self.folder / f"{name}.log", account=self.account, is_ready=lambda: listens(port))

    def _own_folder(self, name):
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        if self.account:
            shutil.chown(folder, self.account, self.account)
        return folder
