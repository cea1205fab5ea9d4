#!/usr/bin/env python3
"""It ends soon, whatever viewers and cameras do."""
import pathlib
import resource
import selectors
import signal
import socket
import tempfile
import threading
import unittest

from harness import Server, emulated, eventually, main, pattern, plain_picture

STREAMS = 1000
# Of this process and, inherited, of the server.
DESCRIPTORS = 2 * STREAMS + 200


class Audience:
    """Many clients of streams, read by one thread."""

    def __init__(self, port, paths):
        self.selector = selectors.DefaultSelector()
        self.over = threading.Event()
        for path in paths:
            client = socket.create_connection(("127.0.0.1", port), 10)
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            client.setblocking(False)
            self.selector.register(client, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        while not self.over.is_set():
            for key, _ in self.selector.select(0.1):
                try:
                    if not key.fileobj.recv(1 << 16):
                        self._drop(key.fileobj)
                except OSError:
                    self._drop(key.fileobj)

    def _drop(self, client):
        self.selector.unregister(client)
        client.close()

    def close(self):
        self.over.set()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            self._drop(key.fileobj)
        self.selector.close()


class Shutdown(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(scratch.cleanup)
        files = [plain_picture(pathlib.Path(scratch.name, f"{colour}.jpg"), colour) for colour in ("red", "blue")]
        self.cameras = [
            pattern("quick", fps=30),
            pattern("large", width=1920, height=1080, fps=10),
            emulated("slow", files, fps=0.1),
            emulated("absent", ["absent.jpg"]),
            pattern("frozen", faults=[{"kind": "freeze", "at_frame": 2, "for_s": 60}]),
            pattern("gone", faults=[{"kind": "vanish", "at_frame": 2, "for_s": 60}]),
            pattern("opening", faults=[{"kind": "slow_open", "at_frame": 1, "for_s": 60}]),
            pattern("refused", faults=[{"kind": "fail_open", "at_frame": 1, "for_s": 60}]),
        ]

    def test_with_cameras_of_all_kinds_awake(self):
        for camera in self.cameras:
            camera["on_demand"] = False
        with Server({"cameras": self.cameras}) as server:
            server.wait_for_state("quick", "live")
            server.wait_for_state("gone", "offline")
            server.wait_for_state("frozen", "stale")
            server.signal()

    def test_with_a_thousand_streams_open(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
            self.skipTest(f"{DESCRIPTORS} descriptors are needed, and the hard limit is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS), hard))
        paths = [f"/camera/{self.cameras[number % len(self.cameras)]['id']}/video_feed" for number in range(STREAMS)]
        with Server({"server": {"max_streams": STREAMS}, "cameras": self.cameras}) as server:
            audience = Audience(server.port, paths)
            self.addCleanup(audience.close)
            eventually(server.active_streams, STREAMS, "every stream to be open")
            server.signal()

    def test_while_snapshots_wait(self):
        with Server({"cameras": self.cameras}) as server:
            waiting = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(20)]
            for client in waiting:
                self.addCleanup(client.close)
                client.sendall(b"GET /camera/opening/snapshot?max_age_ms=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            server.wait_for_state("opening", "starting")
            server.signal()

    def test_while_silent_connections_are_open(self):
        with Server({"cameras": self.cameras}) as server:
            for _ in range(20):
                self.addCleanup(socket.create_connection(("127.0.0.1", server.port), 10).close)
            server.get("/healthz")
            server.signal()

    def test_again_and_again(self):
        for number in (signal.SIGTERM, signal.SIGINT) * 5:
            with Server({"cameras": self.cameras}) as server:
                server.signal(number)


if __name__ == "__main__":
    main()
