#!/usr/bin/env python3
"""/feed: any number of cameras in one response, none of them crowded out."""
import collections
import time
import unittest

from harness import TIME_SCALE, Server, main, pattern, size_of, wait_until


def camera_of(part):
    return part.headers["x-camera-id"]


def collect(stream, seconds):
    """The parts of so many seconds, by camera."""
    parts = collections.defaultdict(list)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        part = stream.part()
        parts[camera_of(part)].append(part)
    return parts


def wait_for_all(stream, ids, seconds=10):
    """Reads until each camera has shown a live frame."""
    missing = set(ids)
    deadline = time.monotonic() + seconds * TIME_SCALE
    while missing:
        assert time.monotonic() < deadline, f"no live frame of {missing}"
        part = stream.part()
        if part.state == "live":
            missing.discard(camera_of(part))


class Selection(unittest.TestCase):
    def test_a_camera_whose_variants_are_all_taken_comes_at_its_own_size(self):
        cameras = [pattern("a", width=640, height=480, max_variants=1), pattern("b", width=640, height=480)]
        with Server({"cameras": cameras}) as server, server.stream("/camera/a/video_feed?quality=20") as other:
            wait_for_all(other, "a")
            server.get("/camera/b/snapshot")
            with server.stream("/feed?cameras=a,b&width=320") as feed:
                for id, size in ("a", (640, 480)), ("b", (320, 240)):
                    part = feed.frame_where(lambda part: part.state == "live" and camera_of(part) == id, 10, id)
                    self.assertEqual(size_of(part.body), size)

    def test_all_cameras_are_the_default(self):
        cameras = [pattern(id, fps=10) for id in ("a", "b", "c")]
        with Server({"cameras": cameras}) as server:
            for path in ("/feed", "/feed?cameras=all", "/feed/"):
                with server.stream(path) as stream:
                    self.assertEqual(stream.status, 200)
                    wait_for_all(stream, "abc")

    def test_listed_cameras_by_id_and_place_each_once(self):
        cameras = [pattern(id, fps=10) for id in ("a", "b", "c")]
        with Server({"cameras": cameras}) as server:
            for query in ("cameras=a,3", "cameras=c%2C1%2Cc%2Ca", "cameras=a,c,"):
                with server.stream(f"/feed?{query}") as stream:
                    wait_for_all(stream, "ac")
                    parts = collect(stream, 1)
                    self.assertEqual(set(parts), {"a", "c"})
                    for of_camera in parts.values():
                        sequences = [part.sequence for part in of_camera]
                        self.assertEqual(sequences, sorted(set(sequences)))

    def test_unknown_cameras_are_named(self):
        with Server({"cameras": [pattern("a")]}) as server:
            answer = server.get("/feed?cameras=a,nope,2")
            self.assertEqual((answer.status, answer.error_code), (404, "no_such_camera"))
            message = answer.json["error"]["message"]
            self.assertIn('"nope"', message)
            self.assertIn('"2"', message)
            self.assertNotIn('"a"', message)
            answer = server.get("/feed?cameras=" + ",".join(f"x{number}" for number in range(500)))
            self.assertEqual(answer.status, 404)
            self.assertRegex(answer.json["error"]["message"], '"x0", .* and [0-9]+ more')
            self.assertEqual(server.status()["streams"]["active"], 0)

    def test_impossible_lists_are_refused(self):
        with Server({"cameras": [pattern("a")]}) as server:
            for query, status in (("cameras=", 400), ("cameras=a&cameras=a", 400), ("cameras=" + "1," * 1001, 400),
                                  ("cameras=a,,a", 404), ("cameras=<script>", 404), ("cameras=a%0d%0aX-Y:%20z", 404)):
                answer = server.get(f"/feed?{query}")
                self.assertEqual(answer.status, status, query)

    def test_names_that_no_camera_can_have_are_named_escaped(self):
        with Server({"cameras": [pattern("a")]}) as server:
            answer = server.get('/feed?cameras=a,Cafe,,%22<script>,x%0d%0aX-Y:%20z')
            self.assertEqual((answer.status, answer.error_code), (404, "no_such_camera"))
            self.assertEqual(answer.json["error"]["message"],
                             'no such camera: "Cafe", "", ""<script>", "x??X-Y: z"; see /api/cameras')
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            self.assertIsNone(answer.headers["X-Y"])

    def test_head_answers_without_a_stream(self):
        with Server({"cameras": [pattern("a")]}) as server:
            answer = server.get("/feed", "HEAD")
            self.assertEqual(answer.status, 200)
            self.assertIn("multipart/x-mixed-replace", answer.headers["Content-Type"])
            self.assertEqual(server.get("/feed?cameras=x", "HEAD").status, 404)
            self.assertEqual(server.camera("a")["state"], "idle")


class Frames(unittest.TestCase):
    def test_each_camera_comes_at_its_own_rate_with_its_own_pictures(self):
        cameras = [pattern("fast", fps=30, width=320, height=240), pattern("slow", fps=4, width=160, height=120)]
        with Server({"cameras": cameras}) as server, server.stream("/feed") as stream:
            wait_for_all(stream, ("fast", "slow"))
            parts = collect(stream, 3)
            self.assertAlmostEqual(len(parts["fast"]) / 3, 30, delta=3)
            self.assertAlmostEqual(len(parts["slow"]) / 3, 4, delta=0.8)
            for id, size in (("fast", b"\0\xf0\x01\x40"), ("slow", b"\0\x78\0\xa0")):
                for part in parts[id]:
                    self.assertEqual(part.body[part.body.index(b"\xff\xc0") + 5:][:4], size)

    def test_fps_caps_each_camera(self):
        with Server({"cameras": [pattern("a", fps=30), pattern("b", fps=20)]}) as server, \
                server.stream("/feed?fps=5") as stream:
            wait_for_all(stream, "ab")
            parts = collect(stream, 4)
            for id in "ab":
                self.assertAlmostEqual(len(parts[id]) / 4, 5, delta=0.8)

    def test_variants_in_a_feed(self):
        cameras = [pattern("a", width=1280, height=720, fps=10), pattern("b", width=640, height=480, fps=10)]
        with Server({"cameras": cameras}) as server, server.stream("/feed?width=320&quality=50") as stream:
            wait_for_all(stream, "ab")
            parts = collect(stream, 1)
            for id, size in (("a", b"\0\xb4\x01\x40"), ("b", b"\0\xf0\x01\x40")):
                body = parts[id][-1].body
                self.assertEqual(body[body.index(b"\xff\xc0") + 5:][:4], size)
            subscriber, = server.camera("a")["subscribers"]
            self.assertEqual((subscriber["route"], subscriber["variant"]), ("feed", {"width": 320, "quality": 50}))

    def test_camera_that_vanishes_shows_its_placeholder_and_resumes(self):
        faults = [{"kind": "vanish", "at_frame": 20, "for_s": 1}]
        with Server({"cameras": [pattern("a", fps=20, faults=faults), pattern("b", fps=20)]}) as server, \
                server.stream("/feed") as stream:
            wait_for_all(stream, "ab")
            stream.frame_where(lambda part: camera_of(part) == "a" and part.state == "offline", 10, "a to vanish")
            others = stream.frame_where(lambda part: camera_of(part) == "b", 5, "b to go on")
            self.assertEqual(others.state, "live")
            stream.frame_where(lambda part: camera_of(part) == "a" and part.state == "live", 10, "a to be back")

    def test_sixty_four_cameras_over_one_connection(self):
        ids = [f"camera-{number}" for number in range(64)]
        with Server({"cameras": [pattern(id, width=160, height=120, fps=5) for id in ids]}) as server, \
                server.stream("/feed") as stream:
            wait_for_all(stream, ids, 20)
            parts = collect(stream, 3)
            self.assertEqual(set(parts), set(ids))
            if TIME_SCALE == 1:
                self.assertGreaterEqual(min(len(of_camera) for of_camera in parts.values()), 12)
            self.assertEqual(server.status()["streams"]["active"], 1)


class SlowClient(unittest.TestCase):
    def read_slowly(self, stream, seconds, bytes_a_second):
        """Parts by camera of a client with a thin line."""
        parts = collections.defaultdict(list)
        started, taken = time.monotonic(), 0
        while (elapsed := time.monotonic() - started) < seconds:
            part = stream.part()
            parts[camera_of(part)].append(part)
            taken += len(part.body)
            time.sleep(max(0, taken / bytes_a_second - elapsed))  # this is the thin line
        return parts

    def test_fast_camera_does_not_crowd_out_a_slow_one(self):
        cameras = [pattern("large", width=1280, height=720, fps=30), pattern("small", width=160, height=120, fps=4)]
        with Server({"cameras": cameras}) as server, server.stream("/feed", receive_buffer=8192) as stream:
            wait_for_all(stream, ("large", "small"))
            self.read_slowly(stream, 2, 400_000)
            parts = self.read_slowly(stream, 5, 400_000)
            size = sum(len(part.body) for part in parts["large"]) / len(parts["large"])
            self.assertLess(len(parts["large"]) / 5, 25, f"{size} bytes are no burden")
            self.assertGreater(len(parts["small"]) / 5, 3)

    def test_slow_client_sees_all_cameras_alike_and_their_newest_frames(self):
        ids = ("a", "b", "c", "d")
        cameras = [pattern(id, width=640, height=480, fps=30) for id in ids]
        with Server({"cameras": cameras}) as server, server.stream("/feed", receive_buffer=8192) as stream:
            wait_for_all(stream, ids)
            self.read_slowly(stream, 2, 500_000)
            parts = self.read_slowly(stream, 4, 500_000)
            counts = [len(parts[id]) for id in ids]
            self.assertGreater(min(counts), 0.7 * max(counts), counts)
            self.assertLess(max(counts), 4 * 28, "the client was not slow")
            ages = [part.received_at - part.timestamp for of_camera in parts.values() for part in of_camera]
            self.assertLess(sorted(ages)[len(ages) // 2], 1 * TIME_SCALE)
            for camera in server.status()["cameras"]:
                self.assertGreater(camera["subscribers"][0]["skipped"], 10)


class Streams(unittest.TestCase):
    def test_feed_is_one_stream_and_listed_with_each_camera(self):
        config = {"server": {"max_streams": 1}, "cameras": [pattern("a"), pattern("b")]}
        with Server(config) as server, server.stream("/feed") as stream:
            wait_for_all(stream, "ab")
            status = server.status()
            self.assertEqual(status["streams"]["active"], 1)
            for camera in status["cameras"]:
                self.assertEqual([subscriber["route"] for subscriber in camera["subscribers"]], ["feed"])
            answer = server.get("/feed")
            self.assertEqual((answer.status, answer.error_code), (503, "too_many_streams"))

    def test_client_that_leaves_is_gone_from_all_cameras(self):
        faults = [{"kind": "freeze", "at_frame": 2, "for_s": 60}]
        with Server({"cameras": [pattern("a", faults=faults), pattern("b", faults=faults)]}) as server:
            stream = server.stream("/feed")
            stream.part()
            stream.close()
            wait_until(lambda: server.status()["streams"]["active"] == 0, 1, "the stream to end")
            for camera in server.status()["cameras"]:
                self.assertEqual(camera["subscribers"], [])

    def test_server_ends_with_feeds_open(self):
        cameras = [pattern(f"camera-{number}", width=320, height=240) for number in range(16)]
        server = Server({"cameras": cameras})
        streams = [server.stream(f"/feed?width={width}") for width in (40, 80, 120, 320)]
        try:
            for stream in streams:
                stream.part()
            self.assertLess(server.signal(), 2 * TIME_SCALE)
        finally:
            for stream in streams:
                stream.close()
            server.__exit__(None)


if __name__ == "__main__":
    main()
