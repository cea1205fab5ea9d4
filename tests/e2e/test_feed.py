#!/usr/bin/env python3
"""/feed: any number of cameras in one response, none of them crowded out."""
import collections
import time
import unittest

from harness import PATIENCE_S, TIME_SCALE, Server, assert_rate, eventually, main, pattern, size_of, wait_until


BUFFERED_MAX = 400  # parts that a connection may hold


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
            eventually(server.active_streams, 0, "no stream to be left")

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
            for id, fps in (("fast", 30), ("slow", 4)):
                assert_rate(self, parts[id], fps)
            for id, size in (("fast", b"\0\xf0\x01\x40"), ("slow", b"\0\x78\0\xa0")):
                for part in parts[id]:
                    self.assertEqual(part.body[part.body.index(b"\xff\xc0") + 5:][:4], size)

    def test_fps_caps_each_camera(self):
        with Server({"cameras": [pattern("a", fps=30), pattern("b", fps=20)]}) as server, \
                server.stream("/feed?fps=5") as stream:
            wait_for_all(stream, "ab")
            parts = collect(stream, 4)
            for id in "ab":
                assert_rate(self, parts[id], 5)

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
            self.assertEqual(server.active_streams(), 1)
            for id in ids:  # of 15
                self.assertGreaterEqual(len(parts[id]), 12 / TIME_SCALE, id)


class SlowClient(unittest.TestCase):
    def read_slowly(self, server, stream, count):
        """So many parts, by camera, of a client that takes one for each three that the cameras publish, however fast
        these are. What comes before its buffers are full, and something is skipped, is left out."""
        def published():
            return sum(camera["frames"]["published"] for camera in server.status()["cameras"])

        first, newest, parts = published(), {}, None
        for number in range(BUFFERED_MAX + count):
            wait_until(lambda: published() >= first + 3 * number, PATIENCE_S, "three more frames")
            part = stream.part()
            id = camera_of(part)
            if parts is None and part.sequence > newest.get(id, part.sequence) + 1:
                parts = collections.defaultdict(list)
            newest[id] = part.sequence
            if parts is not None:
                parts[id].append(part)
                if sum(map(len, parts.values())) == count:
                    return parts
        self.fail("nothing is skipped")

    @staticmethod
    def share(parts):
        """Of one camera's frames, how many came by."""
        return len(parts) / (parts[-1].sequence - parts[0].sequence + 1)

    def test_fast_camera_does_not_crowd_out_a_slow_one(self):
        cameras = [pattern("large", width=1280, height=720, fps=30), pattern("small", width=160, height=120, fps=4)]
        with Server({"cameras": cameras}) as server, server.stream("/feed", receive_buffer=8192) as stream:
            wait_for_all(stream, ("large", "small"))
            parts = self.read_slowly(server, stream, 60)
            self.assertLess(self.share(parts["large"]), 0.6, "the client was not slow")
            # Where the cameras take turns, the small one loses frames only if it publishes more than every other part.
            self.assertTrue(self.share(parts["small"]) > 0.5 or len(parts["small"]) > 0.5 * len(parts["large"]),
                            {id: len(of_camera) for id, of_camera in parts.items()})

    def test_slow_client_sees_all_cameras_alike_and_their_newest_frames(self):
        ids = ("a", "b", "c", "d")
        cameras = [pattern(id, width=640, height=480, fps=30) for id in ids]
        with Server({"cameras": cameras}) as server, server.stream("/feed", receive_buffer=8192) as stream:
            wait_for_all(stream, ids)
            parts = self.read_slowly(server, stream, 120)
            counts = [len(parts[id]) for id in ids]
            self.assertGreater(min(counts), 0.7 * max(counts), counts)
            self.assertLess(max(map(self.share, parts.values())), 0.6, "the client was not slow")
            ages = [part.received_at - part.timestamp for of_camera in parts.values() for part in of_camera]
            self.assertLess(sorted(ages)[len(ages) // 2], 1 * TIME_SCALE)
            for camera in server.status()["cameras"]:
                self.assertGreater(camera["subscribers"][0]["skipped"], 20)


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
            wait_until(lambda: server.active_streams() == 0, 1, "the stream to end")
            for id in "ab":
                eventually(lambda: server.camera(id)["subscribers"], [], f"the client to be gone from {id}")

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
