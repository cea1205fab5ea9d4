#!/usr/bin/env python3
"""The second address, for those who look after the server: it answers whatever the first one suffers."""
import contextlib
import http.client
import json
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from harness import PROGRAM, TIME_SCALE, Server, main, pattern, wait_until

WORKERS_IN_RESERVE = 32  # beyond max_streams, of the first address
ANNOUNCEMENT = re.compile(r"monitoring on http://127\.0\.0\.1:([0-9]+)/")


def serve(**settings):
    return Server({"server": {"monitor_listen": "127.0.0.1:0", **settings}, "cameras": [pattern("a")]})


def monitor_port(server):
    return int(ANNOUNCEMENT.search(server.log())[1])


def ask(port, path, method="GET"):
    """Status, body and the seconds that it took."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10 * TIME_SCALE)
    with contextlib.closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, body, time.monotonic() - started


class Monitor(unittest.TestCase):
    def test_only_what_monitoring_needs_is_there(self):
        with serve() as server:
            port = monitor_port(server)
            for path in ("/healthz", "/readyz", "/metrics", "/api/status"):
                with self.subTest(path=path):
                    self.assertEqual(ask(port, path)[0], 200)
                    status, body, _ = ask(port, path, "HEAD")
                    self.assertEqual((status, body), (200, b""))
                    self.assertEqual(ask(port, path, "POST")[0], 405)
            for method, path in (("GET", "/"), ("GET", "/camera/a/video_feed"), ("GET", "/camera/a/snapshot"),
                                 ("GET", "/api/cameras"), ("GET", "/feed"), ("GET", "/nowhere"), ("POST", "/api/reload"),
                                 ("PUT", "/api/cameras/a/controls"), ("GET", "/assets/page.css")):
                with self.subTest(path=path):
                    self.assertEqual(ask(port, path, method)[0], 404)

    def test_foreign_names_are_refused_here_too(self):
        with serve() as server, socket.create_connection(("127.0.0.1", monitor_port(server)), 10) as client:
            client.sendall(b"GET /api/status HTTP/1.1\r\nHost: rebound.example\r\n\r\n")
            self.assertIn(b" 403 ", client.recv(100))

    def test_answers_while_the_first_address_is_exhausted(self):
        with serve(max_streams=4) as server, contextlib.ExitStack() as held:
            port = monitor_port(server)
            for _ in range(4):
                held.enter_context(server.stream("/camera/a/video_feed")).frame()
            ending = threading.Event()

            def occupy():
                """Takes a worker again whenever the door takes it back."""
                while not ending.is_set():
                    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1) as idle:
                        idle.settimeout(1)
                        idle.recv(1)

            idlers = [threading.Thread(target=occupy, daemon=True) for _ in range(3 * WORKERS_IN_RESERVE)]
            for idler in idlers:
                idler.start()
            try:
                def seconds_of_first():
                    return ask(server.port, "/healthz")[2]
                wait_until(lambda: seconds_of_first() > 0.01, 20, "the first address to be busy")
                for path in ("/healthz", "/readyz", "/metrics", "/api/status") * 5:
                    status, _, seconds = ask(port, path)
                    self.assertEqual(status, 200)
                    self.assertLess(seconds, 0.1 * TIME_SCALE)
            finally:
                ending.set()
            server.signal()  # both end within the two seconds, though all of them hold on
            for idler in idlers:
                idler.join()

    def test_a_port_that_is_taken_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump({"server": {"monitor_listen": address}, "cameras": [pattern("a")]}, file)
                file.flush()
                result = subprocess.run([PROGRAM, "--config", file.name, "--listen", "127.0.0.1:0"],
                                        capture_output=True, text=True, timeout=30)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn(f"cannot listen on {address}", result.stderr)

    def test_another_address_takes_a_restart(self):
        with serve() as server:
            config = {"server": {"monitor_listen": "127.0.0.1:1"}, "cameras": [pattern("a")]}
            self.assertIn("server.monitor_listen", server.reload(config).text)
            self.assertEqual(ask(monitor_port(server), "/healthz")[0], 200)


if __name__ == "__main__":
    main()
