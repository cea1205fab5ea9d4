#!/usr/bin/env python3
"""The promise that no input from outside ends the process: requests, pushed bytes and cameras made at random, from a
fixed seed, against the program as it is released. After it the server answers, and ends as it should."""
import base64
import concurrent.futures
import os
import pathlib
import random
import socket
import struct
import tempfile
import threading
import unittest

from harness import PATIENCE_S, TIME_SCALE, Server, main, pattern, plain_picture, wait_until
from test_url_faults import Peer, part, url

SEED = int(os.environ.get("ATTACK_SEED", "1"))
REQUESTS, THREADS = int(os.environ.get("ATTACK_REQUESTS", "3000")), 8
TOKENS = {rights: f"{rights}-0123456789abcdefghijKLMN" for rights in ("admin", "view")}
KEY = "pusher-0123456789abcdefghijKLMN"
GET_PATHS = ["/", "/status", "/camera/a", "/camera/a/snapshot", "/camera/2/video_feed", "/feed", "/api/status",
             "/api/events", "/api/cameras", "/api/cameras/a/controls", "/login", "/metrics", "/readyz", "/snapshot",
             "/assets/wall.js", "*", "//", "/%00", "/camera/%2e"]
POST_PATHS = ["/api/tokens", "/api/reload", "/login", "/logout", "/camera/p/frame", "/camera/p/ingest"]
NUMBERS = ["0", "-1", "1", "255", "65536", "2147483648", "-9223372036854775808", "9223372036854775807",
           "18446744073709551616", "1e400", "-0.0", "nan", "inf", "0x10", "1" * 400, ""]
PARAMETERS = ["fps", "width", "quality", "max_age_ms", "cameras", "action", "token", "brief", "variant", "next"]
HEADERS = ["Content-Length", "Transfer-Encoding", "Expect", "Range", "If-None-Match", "Last-Event-ID", "Cookie",
           "Origin", "X-Forwarded-For", "Content-Type", "Accept", "Authorization", "Host", "Connection", "Upgrade"]
WORDS = ["chunked", "100-continue", "bytes=0-", "*", "a-9223372036854775807", "framebroker_session=" + "A" * 200,
         "null", "http://localhost", "1.2.3.4, 127.0.0.1", "multipart/x-mixed-replace;boundary=b", "websocket",
         "boundary=" + "-" * 300, "text/html", "Basic " + base64.b64encode(b"a:" + b"b" * 300).decode(), "\t"]


class Attacker:
    """Makes inputs. The same seed makes the same ones."""

    def __init__(self, seed, jpeg):
        self.random, self.jpeg = random.Random(seed), jpeg

    def value(self):
        return self.random.choice(NUMBERS + WORDS)

    def mangled(self, data):
        """Some bytes flipped, cut out, doubled, or replaced by a number at the edge of its range."""
        data = bytearray(data)
        for _ in range(self.random.randrange(4)):
            at = self.random.randrange(len(data) + 1)
            kind = self.random.randrange(4)
            if kind == 0 and data:
                data[at % len(data)] ^= 1 << self.random.randrange(8)
            elif kind == 1:
                del data[at:at + self.random.randrange(1, 20)]
            elif kind == 2:
                data[at:at] = data[at:at + 20] * self.random.randrange(5)
            else:
                data[at:at + 4] = struct.pack(">I", self.random.choice((0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)))
        return bytes(data)

    def json(self):
        depth = self.random.choice((1, 16, 17, 900, 2000))
        return self.random.choice((b"[" * depth, b'{"a":' * depth + b"1", b'{"camera": "a", "expires_in_s": '
                                   + self.value().encode() + b"}", b'{"brightness": 1e999}', b'"\\ud800"', b""))

    def parts(self):
        """A multipart stream of pictures that are nearly good, with claims of their own."""
        stream = b""
        for _ in range(self.random.randrange(1, 5)):
            claims = "".join(f"{name}: {self.random.choice(NUMBERS)}\r\n" for name in ("X-Sequence", "X-Timestamp")
                             if self.random.random() < 0.7)
            is_good = self.random.random() < 0.7
            body = self.jpeg if is_good else self.mangled(self.jpeg)
            length = len(body) if is_good else self.random.choice(NUMBERS)
            head = f"--b\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n{claims}\r\n"
            stream += head.encode() + body + b"\r\n"
        return stream

    def request(self):
        method, path = self.random.choice((("GET", self.random.choice(GET_PATHS)),
                                           ("POST", self.random.choice(POST_PATHS)), ("PUT", "/api/cameras/a/controls")))
        method = self.random.choice((method,) * 8 + ("HEAD", "OPTIONS", "BREW"))
        if self.random.random() < 0.3:
            path += f"?{self.random.choice(PARAMETERS)}={self.value()}"
        body = self.random.choice((self.json, self.parts, lambda: self.mangled(b"name=a&password=b&next=%2F")))()
        secret = KEY if path.startswith("/camera/p") else self.random.choice(list(TOKENS.values()))
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {secret}"]
        if self.random.random() < 0.8:
            lines += [f"Content-Length: {len(body)}", "Content-Type: multipart/x-mixed-replace; boundary=b"]
        if self.random.random() < 0.5:
            lines.append(f"{self.random.choice(HEADERS)}: {self.value()}")
        request = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body
        return self.mangled(request) if self.random.random() < 0.2 else request


class RandomAttack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.jpeg = plain_picture(pathlib.Path(folder, "a.jpg"), "red", "32x32").read_bytes()

    def send(self, server, number):
        attacker = Attacker(SEED * 1_000_000 + number, self.jpeg)
        address = f"127.{1 + number % 100}.0.1"  # not all from one, which would have to wait after its failures
        try:
            with socket.create_connection(("127.0.0.1", server.port), 10 * TIME_SCALE, (address, 0)) as own:
                own.sendall(attacker.request())
                own.shutdown(socket.SHUT_WR)
                own.settimeout(0.05)
                own.recv(65536)
        except OSError:
            pass

    def camera_peer(self, number):
        """A network camera that sends such streams, one after the other."""
        attacker, lock = Attacker(-number, self.jpeg), threading.Lock()

        def behave(peer, connection):
            connection.recv(4096)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=b\r\n\r\n"
            while not peer.over.is_set():
                with lock:
                    stream = attacker.parts()
                connection.sendall(head + part(self.jpeg).replace(b"--frame", b"--b"))
                head = b""
                connection.sendall(stream)
        return self.enterContext(Peer(behave))

    def test_nothing_from_outside_ends_it(self):
        peers = [self.camera_peer(number) for number in range(1, 4)]
        config = {
            "server": {"trusted_proxies": ["127.0.0.0/10"]},
            "tokens": [{"name": rights, "token": token, "rights": rights} for rights, token in TOKENS.items()],
            "cameras": [pattern("a", 64, 64), {"id": "p", "on_demand": False, "source": {"type": "push", "key": KEY}},
                        *(url(f"peer-{number}", peer.http()) for number, peer in enumerate(peers))],
        }
        admin = {"Authorization": f"Bearer {TOKENS['admin']}"}
        with Server(config) as server, concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(lambda number: self.send(server, number), range(REQUESTS)):
                self.assertIsNone(server.process.poll(), "the process has ended")
            wait_until(lambda: all(peer.connections for peer in peers), PATIENCE_S, "the cameras to be asked")
            wait_until(lambda: server.get("/healthz").status == 200, PATIENCE_S, "an answer")
            for camera in server.get("/api/status", headers=admin).json["cameras"]:
                sequence = (camera["last_frame"] or {}).get("sequence", 0)
                for count in (*camera["frames"].values(), camera["restarts"], sequence):
                    self.assertTrue(0 <= count < 1 << 53, camera)


if __name__ == "__main__":
    main()
