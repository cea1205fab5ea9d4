#!/usr/bin/env python3
"""Clients that mean no good, or only behave as if: whatever they do, the others are served."""
import contextlib
import socket
import struct
import threading
import time
import unittest

from harness import TIME_SCALE, Server, main, pattern, wait_until


class Hostile(unittest.TestCase):
    def setUp(self):
        self.server = Server({"cameras": [pattern("a")]})
        self.addCleanup(self.server.__exit__, None)
        self.connections = []
        self.addCleanup(lambda: [connection.close() for connection in self.connections])

    def connect(self, count, request=b""):
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", self.server.port), 10)
            connection.sendall(request)
            self.connections.append(connection)

    @contextlib.contextmanager
    def trickling(self, byte=b"a"):
        """Sends every connection another byte ten times a second."""
        over = threading.Event()

        def run():
            while not over.wait(0.1):
                for connection in self.connections:
                    with contextlib.suppress(OSError):
                        connection.send(byte, socket.MSG_DONTWAIT)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def assert_others_are_served(self, seconds=2):
        times = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for path in ("/healthz", "/api/status", "/"):
                started = time.monotonic()
                self.assertEqual(self.server.get(path).status, 200)
                times.append(time.monotonic() - started)
            time.sleep(0.02)
        # One may be late for reasons of the machine.
        self.assertLess(sorted(times)[-2], 0.1 * TIME_SCALE)
        with self.server.stream("/camera/a/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "live", 5, "a live frame")

    def test_silent_connections(self):
        self.connect(100)
        self.assert_others_are_served()

    def test_heads_that_trickle(self):
        self.connect(100, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        with self.trickling():
            self.assert_others_are_served()

    def test_bodies_that_trickle(self):
        self.connect(100, b"POST /api/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        with self.trickling():
            self.assert_others_are_served(4)

    def test_body_that_trickles_is_answered_and_its_connection_closed(self):
        self.connect(1, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        with self.trickling():
            self.assertTrue(self.connections[0].recv(4096).startswith(b"HTTP/1.1 405 "))

            def closed():
                try:
                    return self.connections[0].recv(4096) == b""
                except ConnectionError:
                    return True
            wait_until(closed, 15, "the connection to be closed")

    def test_chunked_bodies_without_end(self):
        self.connect(50, b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n")
        with self.trickling():
            self.assert_others_are_served()

    def test_clients_that_reset(self):
        for _ in range(100):
            stream = self.server.stream("/camera/a/video_feed")
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.close()
        wait_until(lambda: self.server.status()["streams"]["active"] == 0, 3, "every stream to be gone")
        self.assert_others_are_served(1)

    def test_streams_that_are_never_read(self):
        self.connect(50, b"GET /camera/a/video_feed HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assert_others_are_served()

    def test_many_requests_in_one_packet(self):
        self.connect(20, b"GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
        self.assert_others_are_served(1)

    def test_threads_and_descriptors_return_after_it_all(self):
        self.server.get("/camera/a/snapshot")
        descriptors, threads = self.server.descriptors(), self.server.threads()
        self.connect(100, b"GET /camera/a/video_feed HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.connect(50)
        for connection in self.connections:
            connection.close()
        wait_until(lambda: self.server.descriptors() <= descriptors + 2, 15, "the descriptors to be closed")
        self.assertEqual(self.server.threads(), threads)


if __name__ == "__main__":
    main()
