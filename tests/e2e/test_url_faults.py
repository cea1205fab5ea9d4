#!/usr/bin/env python3
"""Network cameras that misbehave: whatever the peer does, the camera goes offline with a reason, the others go on, the
server ends in time, and nothing grows."""
import concurrent.futures
import itertools
import pathlib
import socket
import statistics
import tempfile
import threading
import time
import unittest

from harness import SANITIZED, TIME_SCALE, Server, main, plain_picture, require_url_cameras, wait_until

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n"


def url(id, url, on_demand=False, **source):
    return {"id": id, "on_demand": on_demand, "source": {"type": "url", "url": url, **source}}


def part(jpeg, claimed=None, clock_s=None, sequence=None):
    headers = f"Content-Type: image/jpeg\r\nContent-Length: {claimed or len(jpeg)}\r\n"
    if sequence:
        headers += f"X-Sequence: {sequence}\r\n"
    if clock_s:
        headers += f"X-Timestamp: {clock_s:.6f}\r\n"
    return f"--frame\r\n{headers}\r\n".encode() + jpeg + b"\r\n"


class Peer:
    """A server whose connections are each handed to a function, which may do as it likes. They are closed after it."""

    def __init__(self, behave):
        self.behave = behave
        self.over = threading.Event()
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self.behave(self, connection)
            except OSError:
                pass

    def http(self):
        return f"http://127.0.0.1:{self.port}/"

    def rtsp(self):
        return f"rtsp://127.0.0.1:{self.port}/"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.listener.close()


def say_nothing(peer, _):
    peer.over.wait()


def trickle(peer, connection):
    for byte in itertools.cycle(HEAD + b"--frame\r\nX: " + b"y" * 1000):
        connection.sendall(bytes([byte]))
        if peer.over.wait(1):
            return


def garbage(peer, connection):
    while not peer.over.is_set():
        connection.sendall(bytes(range(256)) * 64)


def begin_with_garbage(peer, connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
    garbage(peer, connection)


def close_at_once(_, connection):
    connection.recv(4096)


def claim_two_gigabytes(peer, connection):
    connection.recv(4096)
    connection.sendall(HEAD + part(b"\xff\xd8", claimed=2 << 30))
    peer.over.wait()


def redirect_in_a_ring(peer, connection):
    connection.recv(4096)
    connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {peer.http()}\r\nContent-Length: 0\r\n\r\n".encode())


def redirect_to_a_file(_, connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")


def endless_header(peer, connection):
    connection.recv(4096)
    connection.sendall(HEAD + b"--frame\r\nX: ")
    while not peer.over.is_set():
        connection.sendall(b"y" * 10000)


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.jpeg = plain_picture(pathlib.Path(folder, "a.jpg"), "red").read_bytes()

    def peer(self, behave):
        return self.enterContext(Peer(behave))

    def test_each_misbehaviour_ends_offline_with_a_reason(self):
        def cut(_, connection):
            connection.recv(4096)
            connection.sendall(HEAD + part(self.jpeg)[:-50])
        behaviours = {"silent": say_nothing, "trickle": trickle, "garbage": garbage, "video": begin_with_garbage,
                      "closed": close_at_once, "cut": cut, "claim": claim_two_gigabytes, "ring": redirect_in_a_ring,
                      "file": redirect_to_a_file, "header": endless_header}
        cameras = [url(id, self.peer(behave).http()) for id, behave in behaviours.items()]
        cameras += [url(f"rtsp-{id}", self.peer(behaviours[id]).rtsp()) for id in ("silent", "trickle", "garbage", "closed")]
        with Server({"cameras": cameras}) as server:
            memory = server.memory_kb()
            for camera in cameras:
                status = server.wait_for_state(camera["id"], "offline", 25)
                self.assertTrue(status["error"])
                self.assertLess(status["frames"]["published"], 100)
            self.assertIn("2147483648 bytes", server.camera("claim")["error"])
            self.assertEqual(server.get("/healthz").status, 200)
            self.assertLess(server.memory_kb(), memory + 60_000 * (5 if SANITIZED else 1))

    def test_claimed_sequences_do_not_distort_the_counters(self):
        claims = [1, 2**63 - 1, 1, 2**63 - 1, 1, 2**53 - 1, 2, 3]

        def jump(peer, connection):
            connection.recv(4096)
            connection.sendall(HEAD)
            for sequence in itertools.chain(claims, itertools.repeat(3)):
                connection.sendall(part(self.jpeg, sequence=sequence))
                if peer.over.wait(0.05):
                    return
        with Server({"cameras": [url("liar", self.peer(jump).http())]}) as server:
            def past_the_claims():
                found = server.camera("liar")
                return found if found["frames"]["published"] > len(claims) else None
            status = wait_until(past_the_claims, 10, "frames after the claims")
            self.assertEqual(status["state"], "live")
            self.assertEqual(status["frames"]["dropped"], 0)
            self.assertLessEqual(abs(status["last_frame"]["sequence"] - status["frames"]["published"]), 1)

    def test_server_ends_within_a_second_whatever_hangs(self):
        behaviours = (say_nothing, trickle, garbage, claim_two_gigabytes, endless_header)
        peers = [self.peer(behave) for behave in behaviours]
        cameras = [url(f"h{i}", peer.http()) for i, peer in enumerate(peers)]
        cameras += [url(f"r{i}", peer.rtsp()) for i, peer in enumerate(peers)]
        with Server({"cameras": cameras}) as server:
            wait_until(lambda: all(peer.connections >= 2 for peer in peers), 5, "connections to all")
            self.assertLess(server.signal(), 1 * TIME_SCALE)

    def test_refused_connection_is_reported_as_such(self):
        with Server({"cameras": [url("a", "rtsp://127.0.0.1:1/"), url("b", "http://127.0.0.1:1/")]}) as server:
            for id in ("a", "b"):
                self.assertIn("connection refused", server.wait_for_state(id, "offline")["error"])

    def test_unknown_host_is_reported_as_such(self):
        with Server({"cameras": [url("a", "rtsp://no-such-host.invalid/")]}) as server:
            self.assertIn("no-such-host.invalid", server.wait_for_state("a", "offline", 15)["error"])

    def assert_stays_live(self, peer, connections, **source):
        """A viewer sees nothing but pictures, however often the broker connects."""
        with Server({"cameras": [url("a", peer.http(), **source)]}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "live", 10, "live frames")
            while peer.connections < connections:
                self.assertEqual(stream.part().state, "live")
            self.assertNotIn("offline", server.log())

    def test_busy_answers_in_between_change_no_state(self):
        def answer(peer, connection):
            connection.recv(4096)
            if peer.connections % 3 == 0:
                connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                                   % len(self.jpeg) + self.jpeg)
        self.assert_stays_live(self.peer(answer), 20, fps=20)

    def test_connections_that_end_and_begin_again_change_no_state(self):
        def send_three(_, connection):
            connection.recv(4096)
            connection.sendall(HEAD + 3 * part(self.jpeg))
        self.assert_stays_live(self.peer(send_three), 8)

    def test_burst_after_a_stall_is_dropped_down(self):
        def stall(peer, connection):
            connection.recv(4096)
            connection.sendall(HEAD)
            for _ in range(30):
                connection.sendall(part(self.jpeg))
                peer.over.wait(1 / 30)
            peer.over.wait(2)
            connection.sendall(part(self.jpeg) * 60)
            while not peer.over.wait(1 / 30):
                connection.sendall(part(self.jpeg))
        with Server({"cameras": [url("a", self.peer(stall).http())]}) as server:
            camera = server.wait_for_camera("a", lambda camera: camera["frames"]["dropped"] >= 50 / TIME_SCALE, 10,
                                            "dropped frames")
            published = camera["frames"]["published"]
            server.wait_for_camera("a", lambda camera: camera["frames"]["published"] > published + 60, 10, "more frames")
            self.assertEqual(server.camera("a")["restarts"], 0)

    def test_thousand_connections_to_a_clock_of_its_own_leave_nothing_behind(self):
        def send_frames(peer, connection):
            connection.recv(4096)
            connection.sendall(HEAD)
            while not peer.over.wait(0.05):
                connection.sendall(part(self.jpeg, clock_s=time.time() + 60 * (time.monotonic() - began)))
        began = time.monotonic()
        peer = self.peer(send_frames)
        # Opened for each snapshot and closed after it: failures would have to wait for the supervisor's back-off.
        cameras = [url(f"c{i}", peer.http(), on_demand=True) for i in range(40)]
        settings = {"server": {"max_streams": 4}, "defaults": {"idle_timeout_s": 0.1}, "cameras": cameras}
        with Server(settings) as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
            def open_each(first):
                for camera in cameras[first::4]:
                    self.assertEqual(server.get(f"/camera/{camera['id']}/snapshot").status, 200)

            def open_until(connections):
                """How long it took to open each once, usually."""
                durations = []
                while peer.connections < connections:
                    began = time.monotonic()
                    list(pool.map(open_each, range(4)))
                    durations.append(time.monotonic() - began)
                return statistics.median(durations)
            first = open_until(400)
            descriptors, memory = server.descriptors(), server.memory_kb()
            self.assertLess(open_until(1400), 1.5 * first + TIME_SCALE)
            server.await_descriptors(descriptors + 2 * len(cameras) - 1)
            self.assertLess(server.memory_kb(), memory + 4_000 * (5 if SANITIZED else 1))


setUpModule = require_url_cameras

if __name__ == "__main__":
    main()
