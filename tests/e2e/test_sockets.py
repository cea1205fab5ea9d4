#!/usr/bin/env python3
"""Connections that differ only in the server's own address: what is meant for one client never reaches the other one,
although both have the same address and port. Another user of the client's machine could choose them so."""
import concurrent.futures
import contextlib
import re
import select
import signal
import socket
import unittest

from harness import TIME_SCALE, Server, main, pattern

TOKENS = {camera: f"{camera}-0123456789abcdefghijKLMN" for camera in ("secret", "other")}
KEY = "pusher-0123456789abcdefghijKLMN"
CONFIG = {
    "cameras": [*(pattern(camera, width=64, height=64, on_demand=False) for camera in TOKENS),
                {"id": "pushed", "source": {"type": "push", "key": KEY}}],
    "tokens": [{"name": camera, "token": token, "cameras": [camera]} for camera, token in TOKENS.items()],
}
FIRST, SECOND = "127.0.0.1", "127.0.0.2"  # both are the server's
# What a stranger may have sent by the time that the other client comes: nothing, a part of a request, or a whole one
# whose body is still to come.
STRANGERS = (b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n",
             b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nname=")
PATHS = ("/camera/secret/video_feed", "/feed", "/api/events", "/camera/secret/snapshot", "/api/status")


def request(path, camera=None):
    lines = [f"GET {path} HTTP/1.1", "Host: localhost"]
    lines += [f"Authorization: Bearer {TOKENS[camera]}"] if camera else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Sockets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(CONFIG, listen="0.0.0.0:0").__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None)
        for camera, token in TOKENS.items():
            live = cls.server.get(f"/camera/{camera}/snapshot?max_age_ms=0", headers={"Authorization": f"Bearer {token}"})
            assert live.status == 200, live.text

    @contextlib.contextmanager
    def connection(self, address, port=0):
        """From a port of 127.0.0.1 to an address of the server."""
        with socket.socket() as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.settimeout(10 * TIME_SCALE)
            own.bind(("127.0.0.1", port))
            own.connect((address, self.server.port))
            yield own

    @contextlib.contextmanager
    def pair(self):
        """Two connections from one port."""
        with self.connection(SECOND) as one, self.connection(FIRST, one.getsockname()[1]) as other:
            yield one, other

    def receive(self, own, bytes_):
        """So many bytes, or all before the end."""
        received = b""
        while len(received) < bytes_:
            more = own.recv(65536)
            if not more:
                break
            received += more
        return received

    def test_reply_and_stream_reach_the_client_that_asked(self):
        for sent in STRANGERS:
            for path in PATHS:
                with self.subTest(path=path, stranger=sent), self.pair() as (stranger, client):
                    stranger.sendall(sent)
                    client.sendall(request(path, "secret"))
                    self.assertTrue(self.receive(client, 200).startswith(b"HTTP/1.1 200 "))
                    self.assertEqual(select.select([stranger], [], [], 0)[0], [])

    def test_two_streams_of_one_port_keep_to_their_cameras(self):
        def watch(own, camera):
            own.sendall(request(f"/camera/{camera}/video_feed", camera))
            return set(re.findall(rb"X-Camera-Id: ([a-z]+)", self.receive(own, 20000)))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for _ in range(20):
                with self.pair() as pair:
                    seen = list(pool.map(watch, pair, TOKENS))
                # Where the socket is in doubt, the client has to ask again.
                for camera, ids in zip(TOKENS, seen):
                    self.assertLessEqual(ids, {camera.encode()})

    def test_sender_of_frames_beside_another_connection_gets_a_reply(self):
        for sent in STRANGERS:
            with self.subTest(stranger=sent), self.pair() as (stranger, sender):
                stranger.sendall(sent)
                sender.sendall(f"POST /camera/pushed/frame HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
                               "Content-Length: 4\r\n\r\n".encode() + b"\xff\xd8\xff\xd9")
                self.assertRegex(self.receive(sender, 12), b"^HTTP/1.1 (204|400|503)")

    def test_end_of_a_stream_is_not_that_of_the_other(self):
        with self.pair() as (one, other):
            one.sendall(request("/camera/secret/video_feed", "secret"))
            self.receive(one, 5000)
            other.sendall(request("/camera/other/video_feed", "other"))
            self.receive(other, 5000)
            left = {**CONFIG, "tokens": [token for token in CONFIG["tokens"] if token["name"] == "secret"]}
            self.server.configure(left)
            self.server.process.send_signal(signal.SIGHUP)
            while other.recv(65536):
                pass
            self.assertGreater(len(self.receive(one, 50000)), 40000)


if __name__ == "__main__":
    main()
