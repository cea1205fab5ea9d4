#!/usr/bin/env python3
"""The clock on the wall is set back and forward by an hour while cameras are watched: only what is told as a time of day
follows it."""
import os
import pathlib
import tempfile
import time
import unittest

from harness import TIME_SCALE, Server, main, pattern

HOUR_S = 3600


class Clock(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.clock = pathlib.Path(folder.name, "clock")
        self.set_clock(0)
        self.environment = {"LD_PRELOAD": os.environ["WALL_CLOCK_LIBRARY"], "WALL_CLOCK": str(self.clock)}

    def set_clock(self, offset_s):
        new = self.clock.with_name("new")
        new.write_text(str(offset_s))
        new.rename(self.clock)

    def test_an_hour_back_and_forward_disturbs_nobody(self):
        # Slow enough for a busy machine to send each frame before the next one.
        cameras = [pattern("a", fps=8, stale_after_ms=1000), pattern("b", fps=8, stale_after_ms=1000)]
        with Server({"cameras": cameras}, environment=self.environment) as server, \
                server.stream("/camera/a/video_feed") as stream, server.stream("/feed?cameras=b") as feed:
            for offset in (0, -HOUR_S, HOUR_S, 0):
                self.set_clock(offset)
                expected = time.time() + offset
                part = stream.frame_where(lambda part: abs(part.timestamp - expected) < 30, 5, "the new time")
                self.assertEqual(part.state, "live")
                self.assertEqual(feed.frame().state, "live")
                first = stream.frame()
                numbers = [stream.frame().sequence for _ in range(12)]
                self.assertEqual(numbers, list(range(first.sequence + 1, first.sequence + 13)))
                camera = server.camera("a")
                self.assertEqual((camera["state"], camera["restarts"]), ("live", 0))
                self.assertLess(camera["last_frame"]["age_ms"], 1000 * TIME_SCALE)
                self.assertLess(server.status()["uptime_s"], 120)
                self.assertEqual(server.get("/camera/b/snapshot?max_age_ms=1000").status, 200)

    def test_cameras_still_fall_asleep_after_the_clock_went_back(self):
        cameras = [pattern("a", idle_timeout_s=0.5)]
        with Server({"cameras": cameras}, environment=self.environment) as server:
            self.assertEqual(server.get("/camera/a/snapshot").status, 200)
            self.set_clock(-HOUR_S)
            server.wait_for_state("a", "idle", 5)
            self.assertEqual(server.get("/camera/a/snapshot").status, 200)


if __name__ == "__main__":
    main()
