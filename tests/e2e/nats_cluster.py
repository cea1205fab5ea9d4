"""Debian's nats-server, as no service of the machine, and the programs that meet there.

    with NatsServer() as nats, Server(node(nats.url, "site-a", live("front"))) as site, \\
            Server(node(nats.url, "wall", imports=["site-a/*"])) as wall:
        with wall.stream("/camera/site-a.front/video_feed") as stream:
            stream.frame_where(is_live, 10, "a frame")
"""
import json
import os
import shutil
import signal
import socket
import ssl
import threading
import unittest
import urllib.request

from harness import PATIENCE_S, SOURCE_DIR, pattern, wait_until
from mqtt_broker import free_port
from peer_server import PeerServer

NATS_SERVER = shutil.which("nats-server", path=os.pathsep.join(
    (os.environ.get("PATH", ""), "/usr/sbin", f"{SOURCE_DIR}/build/nats-server/usr/sbin")))
# As config/deploy/nats-server.conf has them.
LIMITS = """max_payload: 2MB
max_pending: 64MB
write_deadline: "2s"
ping_interval: "5s"
ping_max: 2
"""


def require_nats_server():
    if NATS_SERVER is None:
        raise unittest.SkipTest("nats-server is not there: scripts/test unpacks it")


def live(id, **camera):
    return pattern(id, **{"fps": 10, "on_demand": False, **camera})


def is_live(part):
    return part.state == "live"


def node(url, name, *cameras, export=("*",), imports=(), server=None, **cluster):
    """The configuration of a node; cluster: further keys of that section."""
    own = {"url": url, "node": name, "export": list(export), "import": list(imports), **cluster}
    return {**({"server": server} if server else {}), "cluster": own, "cameras": list(cameras)}


class Watcher(threading.Thread):
    """Takes what a stream shows, in a thread of its own."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.parts, self.is_over = stream, [], False
        self.start()

    def run(self):
        while not self.is_over:
            try:
                self.parts.append(self.stream.frame())
            except (EOFError, OSError):
                return

    def live_since(self, moment):
        return [part for part in list(self.parts) if part.state == "live" and part.received_at >= moment]

    def wait_for_live_since(self, moment, seconds):
        return wait_until(lambda: self.live_since(moment), seconds, "a live frame")[0]

    def close(self):
        self.is_over = True
        self.stream.close()
        self.join()


def ages_of(parts):
    """In seconds, on one machine."""
    return [part.received_at - part.timestamp for part in parts]


def lost_of(parts):
    """How many frames are missing between these."""
    return parts[-1].sequence - parts[0].sequence + 1 - len(parts)


class NatsServer(PeerServer):
    """nats-server on ports that stay the same when it is started again. lines: of its configuration, in which {} is its
    folder."""

    def __init__(self, *lines, listen="127.0.0.1", limits=LIMITS, route_to=(), route_port=None):
        super().__init__("nats-server")
        self.host, self.port, self.monitor_port = "127.0.0.1", free_port(), free_port()
        self.route_port = route_port
        text = f'listen: "{listen}:{self.port}"\nhttp: "127.0.0.1:{self.monitor_port}"\n{limits}'
        if route_port:
            routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in route_to)
            text += f'cluster {{ name: test, listen: "127.0.0.1:{route_port}", routes: [{routes}] }}\n'
        text += "".join(f"{line.replace('{}', str(self.directory))}\n" for line in lines)
        (self.directory / "nats-server.conf").write_text(text)

    def command(self):
        return [NATS_SERVER, "-c", str(self.directory / "nats-server.conf")]

    def start(self):
        super().start({"GOGC": "400", "GOMEMLIMIT": "512MiB"})

    def answers(self):
        try:
            return self.monitor("varz")
        except OSError:
            return None

    def monitor(self, page):
        """What its monitoring reports: varz, connz?subs=1, routez, subsz."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.monitor_port}/{page}", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def connections(self):
        """The clients by their names."""
        return {connection.get("name", ""): connection for connection in self.monitor("connz?subs=1")["connections"]}

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    @property
    def pid(self):
        return self.process.pid

    @property
    def url(self):
        return f"nats://{self.host}:{self.port}"

    def url_of(self, user, password):
        return f"nats://{user}:{password}@{self.host}:{self.port}"


class Client:
    """Another client of the server: reads these subjects, and publishes. authority: the certificate of a server that
    speaks TLS; login: what CONNECT says beside."""

    def __init__(self, server, *subjects, authority=None, **login):
        self.messages, self.errors, self.lock = [], [], threading.Lock()
        self.socket = socket.create_connection((server.host, server.port), PATIENCE_S)
        if authority:
            while self.socket.recv(1) != b"\n":  # the server's INFO, before TLS begins
                pass
            context = ssl.create_default_context(cafile=authority)
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.socket.settimeout(None)
        self.stream = self.socket.makefile("rb")
        if not authority:
            self.stream.readline()
        connect = json.dumps({"verbose": False, "name": "test", **login})
        lines = [f"CONNECT {connect}", *(f"SUB {each} 1" for each in subjects), "PING"]
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())
        assert self.stream.readline() == b"PONG\r\n"
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while line := self.stream.readline():
            words = line.decode().split()
            if words[0] == "PING":
                self.socket.sendall(b"PONG\r\n")
            elif words[0] == "-ERR":
                self.errors.append(line.decode())
            elif words[0] == "MSG":
                payload = self.stream.read(int(words[-1]) + 2)[:-2]
                with self.lock:
                    self.messages.append((words[1], payload))

    def since(self, count=0):
        """Subjects and contents of the messages behind the first so many."""
        with self.lock:
            return self.messages[count:]

    def count(self):
        return len(self.since())

    def publish(self, subject, payload, reply=""):
        self.socket.sendall(f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def nats_pair(*lines):
    """Two servers that make a cluster."""
    ports = free_port(), free_port()
    return tuple(NatsServer(*lines, route_port=own, route_to=[other]) for own, other in (ports, ports[::-1]))


def wait_for_route(server):
    wait_until(lambda: server.monitor("routez")["num_routes"] >= 1, PATIENCE_S, "the servers to meet")


def cluster(server):
    return server.get("/api/cluster").json


def wait_for_cluster(server, state, error=None, seconds=PATIENCE_S):
    """Waits until status says so of the connection, with this in its error."""
    def check():
        own = server.status()["cluster"]
        return own["state"] == state and (error is None or error in (own["error"] or ""))
    try:
        wait_until(check, seconds, f"the cluster to be {state} with {error!r}")
    except AssertionError as failure:
        raise AssertionError(f"{failure}: {server.status()['cluster']}") from None


def wait_for_import(server, *ids, seconds=PATIENCE_S):
    """Waits until these cameras are there."""
    def check():
        return {camera["id"] for camera in server.status()["cameras"]}.issuperset(ids)
    wait_until(check, seconds, f"{', '.join(ids)} to be imported")


def wait_for_log(server, words):
    wait_until(lambda: words in server.log(), PATIENCE_S, f"{words!r} in the log")
