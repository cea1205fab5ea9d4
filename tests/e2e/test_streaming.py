#!/usr/bin/env python3
"""Streams: every frame once and whole, at the rate asked for, to clients that are fast, slow, gone, or too many."""
import concurrent.futures
import random
import socket
import statistics
import threading
import time
import unittest

from harness import (
    SANITIZED, TIME_SCALE, Server, assert_rate, decode_fault, eventually, main, pattern, read_until_shared, wait_until)


class Multipart(unittest.TestCase):
    def test_parts_are_whole_and_in_order(self):
        with Server({"cameras": [pattern("a")]}) as server, server.stream("/camera/a/video_feed") as stream:
            sequences = []
            for _ in range(30):
                part = stream.frame_where(lambda part: part.state == "live", 10, "live frames")
                self.assertEqual(decode_fault(part.body), "")
                self.assertLess(abs(time.time() - part.timestamp), 5 * TIME_SCALE)
                sequences.append(part.sequence)
            self.assertEqual(sequences, sorted(set(sequences)))

    def test_boundary_is_long_and_stands_in_no_picture(self):
        with Server({"cameras": [pattern("a")]}) as server, server.stream("/camera/a/video_feed") as stream:
            self.assertGreaterEqual(len(stream.delimiter), 20)
            for _ in range(10):
                self.assertNotIn(stream.delimiter.strip(), stream.part().body)

    def test_clients_of_one_camera_see_the_same_frames(self):
        with Server({"cameras": [pattern("a", fps=10)]}) as server, \
                server.stream("/camera/a/video_feed") as one, server.stream("/camera/a/video_feed") as other:
            first, second = read_until_shared([one, other], 4)
            for sequence in set(first) & set(second):
                self.assertEqual(first[sequence].body, second[sequence].body)

    def test_frame_of_a_slow_camera_is_complete_for_the_client_at_once(self):
        """The delimiter behind a part, which makes browsers paint it, comes with the part."""
        with Server({"cameras": [pattern("a", fps=1)]}) as server, server.stream("/camera/a/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "live", 10, "a live frame")
            for _ in range(3):
                part = stream.frame()
                self.assertLess(part.received_at - part.timestamp, 0.5 * TIME_SCALE)

    def test_last_frame_is_repeated_to_chromium_when_none_follows(self):
        """Chromium paints a part when it sees the head of the next one."""
        with Server({"cameras": [pattern("a", fps=0.5)]}) as server, \
                server.stream("/camera/a/video_feed", user_agent="Mozilla/5.0 Chrome/120.0.0.0") as stream:
            part = stream.frame_where(lambda part: part.state == "live", 10, "a live frame")
            again = stream.part()
            self.assertEqual((again.sequence, again.body), (part.sequence, part.body))
            self.assertLess(again.received_at - part.received_at, 0.3 * TIME_SCALE)

    def test_two_cameras_do_not_mix(self):
        cameras = [pattern("small", width=160, height=120), pattern("large", width=640, height=480)]
        with Server({"cameras": cameras}) as server, \
                server.stream("/camera/small/video_feed") as small, server.stream("/camera/large/video_feed") as large:
            for stream, size in ((small, b"\0\x78\0\xa0"), (large, b"\x01\xe0\x02\x80")):
                part = stream.frame_where(lambda part: part.state == "live", 10, "live frames")
                start_of_frame = part.body.index(b"\xff\xc0")
                self.assertEqual(part.body[start_of_frame + 5:start_of_frame + 9], size)


class Rate(unittest.TestCase):
    def test_camera_keeps_its_rate(self):
        with Server({"cameras": [pattern("a", fps=20)]}) as server, server.stream("/camera/a/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "live", 10, "live frames")
            parts = [stream.frame() for _ in range(41)]
            assert_rate(self, parts, 20)

    def test_fps_thins_evenly(self):
        with Server({"cameras": [pattern("a", fps=30)]}) as server, \
                server.stream("/camera/a/video_feed?fps=10") as stream:
            stream.frame_where(lambda part: part.state == "live", 10, "live frames")
            parts = [stream.frame() for _ in range(31)]
            assert_rate(self, parts, 10)
            steps = [later.sequence - part.sequence for part, later in zip(parts, parts[1:])]
            self.assertTrue(2 <= statistics.median(steps) <= 4, steps)  # a machine that pauses leaves out more
            self.assertEqual(server.camera("a")["subscribers"][0]["skipped"], 0)

    def test_fps_above_the_camera_gives_every_frame(self):
        with Server({"cameras": [pattern("a", fps=10)]}) as server, \
                server.stream("/camera/a/video_feed?fps=60") as stream:
            stream.frame_where(lambda part: part.state == "live", 10, "live frames")
            sequences = [stream.frame().sequence for _ in range(10)]
            self.assertEqual(sequences, list(range(sequences[0], sequences[0] + 10)))


class SlowClients(unittest.TestCase):
    def test_slow_client_gets_the_newest_frame_and_its_skips_are_counted(self):
        camera = pattern("a", width=1280, height=720, fps=30)
        with Server({"cameras": [camera]}) as server, \
                server.stream("/camera/a/video_feed", receive_buffer=8192) as slow, \
                server.stream("/camera/a/video_feed") as fast:
            slow.frame_where(lambda part: part.state == "live", 10, "live frames")
            fast.frame_where(lambda part: part.state == "live", 10, "live frames")
            for _ in range(60):  # of the camera's numbers, a busy machine leaves some out
                fast.frame()
            # What was under way may be old; what is begun after it must not be.
            for _ in range(8):
                part = slow.frame()
            newest = fast.frame()
            while newest.timestamp < part.timestamp:
                newest = fast.frame()
            self.assertLess(part.received_at - part.timestamp, 1 * TIME_SCALE)
            subscribers = server.camera("a")["subscribers"]
            self.assertGreater(max(subscriber["skipped"] for subscriber in subscribers), 20)

    def test_clients_with_small_buffers_that_pause_now_and_then_never_stall(self):
        def read(port, buffer_bytes, seed, over):
            """The longest time without a byte, in seconds."""
            chance = random.Random(seed)
            worst = 0
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
                client.settimeout(8 * TIME_SCALE)
                client.connect(("127.0.0.1", port))
                client.sendall(b"GET /camera/a/video_feed HTTP/1.1\r\nHost: localhost\r\n\r\n")
                while not over.is_set():
                    asked = time.monotonic()
                    if not client.recv(chance.choice((1000, 16384, 65536))):
                        return float("inf")
                    worst = max(worst, time.monotonic() - asked)
                    if chance.random() < 0.05:
                        over.wait(chance.random() * 0.1)  # the client is busy elsewhere
            return worst

        camera = pattern("a", width=1920, height=1080, fps=15, on_demand=False)
        with Server({"cameras": [camera]}) as server, concurrent.futures.ThreadPoolExecutor(8) as pool:
            server.wait_for_camera("a", lambda camera: camera["state"] == "live", 10, "the camera to be live")
            over = threading.Event()
            clients = [pool.submit(read, server.port, 8192 * (1 + number % 4), number, over) for number in range(8)]
            concurrent.futures.wait(clients, timeout=8, return_when=concurrent.futures.FIRST_COMPLETED)
            over.set()
            self.assertLess(max(client.result() for client in clients), 2 * TIME_SCALE)

    def test_client_that_takes_nothing_is_dropped(self):
        with Server({"cameras": [pattern("a", width=1280, height=720)]}) as server:
            with server.stream("/camera/a/video_feed", receive_buffer=4096):
                server.wait_for_camera("a", lambda camera: camera["subscribers"], 5, "the client to be counted")
                server.wait_for_camera("a", lambda camera: not camera["subscribers"], 20, "the client to be dropped")


class LeavingClients(unittest.TestCase):
    def assert_noticed_within_a_second(self, server, id):
        stream = server.stream(f"/camera/{id}/video_feed")
        stream.part()
        server.wait_for_camera(id, lambda camera: len(camera["subscribers"]) == 1, 5, "the client to be counted")
        stream.close()
        server.wait_for_camera(id, lambda camera: not camera["subscribers"], 1, "the client to be gone")
        wait_until(lambda: server.active_streams() == 0, 1, "its place to be free")

    def test_client_that_leaves_is_gone(self):
        with Server({"cameras": [pattern("a")]}) as server:
            self.assert_noticed_within_a_second(server, "a")

    def test_client_that_leaves_is_gone_though_its_camera_sends_nothing(self):
        faults = [{"kind": "freeze", "at_frame": 2, "for_s": 60}]
        with Server({"cameras": [pattern("a", faults=faults)]}) as server:
            self.assert_noticed_within_a_second(server, "a")
            self.assert_noticed_within_a_second(server, "a")


class ManyClients(unittest.TestCase):
    def test_a_thousand_connects_leave_nothing_behind(self):
        # Few workers: each has touched its stack by the time that memory is measured.
        config = {"server": {"max_streams": 16},
                  "cameras": [pattern("a", on_demand=False), pattern("b", fps=5, on_demand=False)]}
        with Server(config) as server:
            def connects(count):
                for number in range(count):
                    with server.admitted_stream(f"/camera/{'ab'[number % 2]}/video_feed") as stream:
                        if number % 3:
                            stream.part()
                eventually(server.active_streams, 0, "every stream to be gone")
                server.await_descriptors(descriptors)

            descriptors = server.descriptors() + 2
            connects(300)
            descriptors, threads, memory = server.descriptors(), server.threads(), server.memory_kb()
            connects(1000)
            eventually(server.threads, threads, "the threads of before")
            if not SANITIZED:
                self.assertLess(server.memory_kb() - memory, 2048)

    def test_streams_beyond_the_limit_get_503_and_cost_nobody_else(self):
        config = {"server": {"max_streams": 3}, "cameras": [pattern("a")]}
        with Server(config) as server:
            streams = [server.stream("/camera/a/video_feed") for _ in range(3)]
            try:
                for stream in streams:
                    self.assertEqual(stream.status, 200)
                    stream.part()
                answer = server.get("/camera/a/video_feed")
                self.assertEqual(answer.status, 503)
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
                self.assertTrue(answer.json["error"]["message"])
                status = server.status()["streams"]
                self.assertEqual((status["active"], status["max"], status["rejected"]), (3, 3, 1))
                for path in ("/healthz", "/api/status", "/", "/camera/a/snapshot"):
                    started = time.monotonic()
                    self.assertEqual(server.get(path).status, 200, path)
                    self.assertLess(time.monotonic() - started, 0.1 * TIME_SCALE, path)
                for stream in streams:
                    stream.frame()
            finally:
                for stream in streams:
                    stream.close()
            eventually(server.active_streams, 0, "the places to be free")
            with server.stream("/camera/a/video_feed") as stream:
                self.assertEqual(stream.status, 200)

    def test_refused_stream_is_told_in_json(self):
        with Server({"server": {"max_streams": 1}, "cameras": [pattern("a")]}) as server, \
                server.stream("/camera/a/video_feed"):
            with server.stream("/camera/a/video_feed") as refused:
                self.assertEqual(refused.status, 503)
                self.assertTrue(refused.headers["content-type"].startswith("application/json"))


if __name__ == "__main__":
    main()
