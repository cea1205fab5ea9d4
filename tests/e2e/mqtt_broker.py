"""Debian's mosquitto, as no service of the machine, and readers that do what Home Assistant does."""
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

from harness import PATIENCE_S, SOURCE_DIR, TIME_SCALE, wait_until
from peer_server import PeerServer

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's modules, for a Python that is not Debian's
try:
    import paho.mqtt.client as paho
except ImportError:
    paho = None

UNPACKED = SOURCE_DIR / "build/mosquitto/usr"
PATHS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", f"{UNPACKED}/sbin", f"{UNPACKED}/bin"))
MOSQUITTO = shutil.which("mosquitto", path=PATHS)
MOSQUITTO_PASSWD = shutil.which("mosquitto_passwd", path=PATHS)


def require_mosquitto():
    if MOSQUITTO is None or MOSQUITTO_PASSWD is None:
        raise unittest.SkipTest("mosquitto is not there: scripts/test unpacks it")
    if paho is None:
        raise unittest.SkipTest("python3-paho-mqtt is not installed")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def make_certificates(directory):
    """ca.pem, and a certificate of it for localhost: server.pem with server.key."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=directory, stderr=subprocess.DEVNULL)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test authority", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out",
            "server.csr")
    (directory / "names").write_text(
        "subjectAltName=DNS:localhost\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
            "server.pem", "-days", "2", "-extfile", "names")


class Broker(PeerServer):
    """mosquitto on a port that stays the same when it is started again. lines: of its configuration, in which {} is its
    folder."""

    def __init__(self, *lines):
        super().__init__("mosquitto")
        self.port = free_port()
        own = [f"listener {self.port} 127.0.0.1", "user root", *(line.format(self.directory) for line in lines)]
        if not any("password_file" in line for line in lines):
            own.append("allow_anonymous true")
        (self.directory / "mosquitto.conf").write_text("\n".join(own) + "\n")

    def set_passwords(self, **passwords):
        (self.directory / "passwords").write_text("")
        for name, password in passwords.items():
            subprocess.run([MOSQUITTO_PASSWD, "-b", str(self.directory / "passwords"), name, password], check=True,
                           stderr=subprocess.DEVNULL)

    def command(self):
        return [MOSQUITTO, "-c", str(self.directory / "mosquitto.conf"), "-v"]

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"


class Message:
    def __init__(self, topic, payload, is_retained):
        self.topic, self.payload, self.is_retained = topic, payload, is_retained
        self.received_at = time.time()

    @property
    def text(self):
        return self.payload.decode()

    @property
    def json(self):
        return json.loads(self.payload)


class Reader:
    """A subscriber: every message in order, and the newest of each topic."""

    def __init__(self, broker, *filters, user=None, password=None):
        self.messages, self.newest, self.lock = [], {}, threading.Lock()
        self.subscribed = threading.Event()
        self.client = paho.Client(client_id="", protocol=paho.MQTTv5)
        if user:
            self.client.username_pw_set(user, password)
        self.client.on_connect = lambda client, *_: client.subscribe([(each, 1) for each in filters or ("#",)])
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert self.subscribed.wait(PATIENCE_S), "no subscription"

    def _take(self, _client, _user, message):
        own = Message(message.topic, message.payload, message.retain)
        with self.lock:
            self.messages.append(own)
            self.newest[own.topic] = own

    def payload(self, topic):
        with self.lock:
            return self.newest[topic].payload if topic in self.newest else None

    def wait_for(self, topic, expected=None, seconds=PATIENCE_S):
        """The newest message of the topic once it is there, has this text, or satisfies this condition."""
        def check():
            with self.lock:
                message = self.newest.get(topic)
            if message is None:
                return None
            if expected is None:
                return message
            matches = expected(message) if callable(expected) else message.payload == expected.encode()
            return message if matches else None
        try:
            return wait_until(check, seconds, f"{topic} to be {expected}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {(self.payload(topic) or b'')[:300]!r}") from None

    def since(self, count):
        with self.lock:
            return self.messages[count:]

    def count(self):
        return len(self.since(0))

    def publish(self, topic, payload, retain=False):
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S * TIME_SCALE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()
