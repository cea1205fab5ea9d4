#!/usr/bin/env python3
"""What viewers and status are told while a camera is asleep, frozen, gone, or back again."""
import unittest

from harness import TIME_SCALE, Server, assert_rate, decode_fault, main, pattern, size_of


class States(unittest.TestCase):
    def serve(self, *faults, **camera):
        return Server({"defaults": {"stale_after_ms": 500}, "cameras": [pattern("a", fps=20, faults=faults, **camera)]})

    def assert_placeholder(self, part, state):
        self.assertEqual(part.state, state)
        self.assertEqual(decode_fault(part.body), "")
        self.assertEqual(size_of(part.body), (320, 240))

    def follow(self, stream, *states):
        """Waits for frames of each state in turn, and checks those that are placeholders."""
        for state in states:
            part = stream.frame_where(lambda part: part.state == state, 15, f"a frame that is {state}")
            if state != "live":
                self.assert_placeholder(part, state)

    def test_frozen_camera_is_stale_and_live_again_in_the_same_stream(self):
        with self.serve({"kind": "freeze", "at_frame": 10, "for_s": 2}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            self.follow(stream, "live", "stale")
            camera = server.camera("a")
            self.assertEqual(camera["state"], "stale")
            self.assertTrue(camera["error"])
            self.assertEqual(server.get("/readyz").status, 503)
            self.assertEqual(server.get("/healthz").status, 200)
            self.follow(stream, "live")
            camera = server.camera("a")
            self.assertEqual((camera["state"], camera["error"]), ("live", None))
            self.assertEqual(server.get("/readyz").status, 200)

    def test_vanished_camera_is_offline_and_live_again_in_the_same_stream(self):
        with self.serve({"kind": "vanish", "at_frame": 10, "for_s": 2}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            self.follow(stream, "live", "offline")
            camera = server.camera("a")
            self.assertEqual(camera["state"], "offline")
            self.assertTrue(camera["error"])
            self.follow(stream, "live")
            camera = server.camera("a")
            self.assertEqual((camera["state"], camera["error"]), ("live", None))
            self.assertGreaterEqual(camera["restarts"], 1)

    def test_camera_that_cannot_be_opened_is_offline_until_it_can(self):
        with self.serve({"kind": "fail_open", "at_frame": 1, "for_s": 2}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            self.follow(stream, "offline", "live")
            self.assertGreaterEqual(server.camera("a")["restarts"], 1)

    def test_camera_that_takes_long_to_open_is_starting(self):
        with self.serve({"kind": "slow_open", "at_frame": 1, "for_s": 2}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            self.follow(stream, "starting")
            self.assertEqual(server.camera("a")["state"], "starting")
            self.follow(stream, "live")

    def test_truncated_frames_are_counted_and_never_shown(self):
        with self.serve({"kind": "truncated", "at_frame": 5, "for_s": 1}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            for _ in range(30):
                self.assertEqual(decode_fault(stream.frame().body), "")
            stream.frame_where(lambda part: part.state == "live", 10, "live frames")
            self.assertGreaterEqual(server.camera("a")["frames"]["invalid"], 1)

    def test_snapshot_of_a_camera_that_is_not_live_says_so(self):
        with self.serve({"kind": "vanish", "at_frame": 10, "for_s": 60}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            self.follow(stream, "live", "offline")
            answer = server.get("/camera/a/snapshot")
            if answer.status == 200:
                self.assertEqual(answer.headers["X-Camera-State"], "offline")
                self.assertEqual(decode_fault(answer.body), "")
            else:
                self.assertEqual(answer.status, 503)

    def test_fault_of_one_camera_leaves_the_other_alone(self):
        cameras = [pattern("bad", faults=[{"kind": "vanish", "at_frame": 5, "for_s": 60}]), pattern("good", fps=20)]
        with Server({"cameras": cameras}) as server, server.stream("/camera/bad/video_feed") as bad, \
                server.stream("/camera/good/video_feed") as good:
            bad.frame_where(lambda part: part.state == "offline", 10, "the bad camera to be offline")
            self.follow(good, "live")
            parts = [good.frame() for _ in range(40)]
            self.assertEqual({part.state for part in parts}, {"live"})
            assert_rate(self, parts, 20)


class Demand(unittest.TestCase):
    def test_unwatched_camera_is_idle_and_a_viewer_wakes_it(self):
        config = {"defaults": {"idle_timeout_s": 1}, "cameras": [pattern("a")]}
        with Server(config) as server:
            self.assertEqual(server.camera("a")["state"], "idle")
            self.assertEqual(server.get("/readyz").status, 200)
            for _ in range(2):
                with server.stream("/camera/a/video_feed") as stream:
                    stream.frame_where(lambda part: part.state == "live", 10, "live frames")
                    self.assertEqual(server.camera("a")["state"], "live")
                server.wait_for_state("a", "idle", 5)
            published = server.camera("a")["frames"]["published"]
            self.assertGreater(published, 0)
            self.assertEqual(server.camera("a")["restarts"], 0)

    def test_dead_camera_does_not_hide_as_idle(self):
        config = {"defaults": {"probe_s": 0.4, "idle_timeout_s": 0},
                  "cameras": [pattern("a", faults=[{"kind": "vanish", "at_s": 1, "for_s": 2 + TIME_SCALE}]), pattern("b")]}
        with Server(config) as server:
            dead = server.wait_for_camera("a", lambda camera: camera["error"], 10, "a probe to fail")
            self.assertEqual(dead["state"], "idle")
            self.assertEqual(dead["frames"]["published"], 0)
            up = 'framebroker_camera_up{{camera="{}"}} {}'
            metrics = server.get("/metrics").text
            self.assertIn(up.format("a", 0), metrics)
            self.assertIn(up.format("b", 1), metrics)
            server.wait_for_camera("a", lambda camera: not camera["error"], 15, "a probe to succeed")
            self.assertEqual(server.camera("b")["state"], "idle")

    def test_last_failure_stays_while_idle(self):
        config = {"defaults": {"probe_s": 0, "idle_timeout_s": 0},
                  "cameras": [pattern("a", faults=[{"kind": "vanish", "at_s": 0}])]}
        with Server(config) as server:
            with server.stream("/camera/a/video_feed"):
                server.wait_for_state("a", "offline")
            self.assertTrue(server.wait_for_state("a", "idle", 5)["error"])

    def test_camera_stays_awake_for_a_viewer_who_is_soon_back(self):
        config = {"defaults": {"idle_timeout_s": 30}, "cameras": [pattern("a")]}
        with Server(config) as server:
            with server.stream("/camera/a/video_feed") as stream:
                before = stream.frame_where(lambda part: part.state == "live", 10, "live frames")
            server.wait_for_camera("a", lambda camera: not camera["subscribers"], 5, "the viewer to be gone")
            self.assertEqual(server.camera("a")["state"], "live")
            with server.stream("/camera/a/video_feed") as stream:
                part = stream.frame()
                self.assertEqual(part.state, "live")
                self.assertGreaterEqual(part.sequence, before.sequence)

    def test_camera_that_is_not_on_demand_is_live_without_viewers(self):
        config = {"defaults": {"idle_timeout_s": 1}, "cameras": [pattern("a", on_demand=False)]}
        with Server(config) as server:
            camera = server.wait_for_state("a", "live")
            published = camera["frames"]["published"]
            server.wait_for_camera("a", lambda camera: camera["frames"]["published"] > published + 60, 10,
                                   "frames beyond the idle time-out")

    def test_woken_camera_shows_no_picture_of_before_its_sleep(self):
        config = {"defaults": {"idle_timeout_s": 1}, "cameras": [pattern("a", fps=5)]}
        with Server(config) as server:
            with server.stream("/camera/a/video_feed") as stream:
                last = stream.frame_where(lambda part: part.state == "live", 10, "live frames")
            idle_since = server.wait_for_state("a", "idle", 5)
            self.assertEqual(idle_since["state"], "idle")
            with server.stream("/camera/a/video_feed") as stream:
                part = stream.frame_where(lambda part: part.state == "live", 10, "live frames")
                self.assertGreater(part.timestamp, last.timestamp + 0.9)


if __name__ == "__main__":
    main()
