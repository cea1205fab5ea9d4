#!/usr/bin/env python3
"""Network cameras whose clocks do not run as ours does, and that break off again and again: a server of our own sends
H.264 in an MPEG transport stream over HTTP, each frame when it is due by our clock, with times of its own."""
import concurrent.futures
import pathlib
import statistics
import subprocess
import tempfile
import time
import unittest

from harness import SANITIZED, TIME_SCALE, Server, main, require_url_cameras
from test_url_faults import Peer

CLIP_FPS, CLIP_SECONDS = 30, 20
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n"
TS_PACKET_BYTES = 188  # ISO/IEC 13818-1, 2.4.3
VIDEO_PID = 256  # as ffmpeg numbers its first stream


def url(id, url, **settings):
    return {"id": id, "source": {"type": "url", "url": url}, **settings}


def make_clip(path):
    """Its frames, each as its packets."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    f"testsrc2=size=160x96:rate={CLIP_FPS}", "-t", str(CLIP_SECONDS), "-c:v", "libx264", "-preset",
                    "ultrafast", "-tune", "zerolatency", "-g", str(CLIP_FPS), "-pix_fmt", "yuv420p", path], check=True)
    data, frames, has_begun = path.read_bytes(), [b""], False
    for at in range(0, len(data), TS_PACKET_BYTES):
        packet = data[at:at + TS_PACKET_BYTES]
        if packet[1] & 0x40 and (packet[1] & 0x1f) << 8 | packet[2] == VIDEO_PID:  # a frame's first
            if has_begun:
                frames.append(b"")
            has_begun = True
        frames[-1] += packet
    return frames


class Camera(Peer):
    """Sends the frames at its own rate to each who connects, from the first one on."""

    def __init__(self, frames, fps):
        self.frames, self.fps, self.sent = frames, fps, 0
        super().__init__(Camera.send)

    def send(self, connection):
        connection.recv(4096)
        connection.sendall(HEAD)
        due = time.monotonic()
        for self.sent, frame in enumerate(self.frames, 1):
            connection.sendall(frame)
            due += 1 / self.fps
            if self.over.wait(max(0, due - time.monotonic())):
                return
        self.over.wait()


class Clocks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.frames = make_clip(pathlib.Path(folder, "clip.ts"))

    def camera(self, fps):
        camera = Camera(self.frames, fps)
        self.addCleanup(camera.__exit__)
        return camera

    def test_clock_that_is_a_fifth_fast_or_slow_costs_neither_frames_nor_time(self):
        """What a clock that is off by seconds a day does in days, this one does in seconds."""
        cameras = {"fast": self.camera(CLIP_FPS * 1.2), "right": self.camera(CLIP_FPS),
                   "slow": self.camera(CLIP_FPS / 1.2)}
        settings = [url(id, camera.http(), on_demand=False) for id, camera in cameras.items()]
        with Server({"cameras": settings}) as server:
            def frames_behind(id, published):
                """By how many of those sent, when so many have been shown: some are spent on finding out what it is."""
                seen = server.wait_for_camera(id, lambda seen: seen["frames"]["published"] >= published,
                                              3 * CLIP_SECONDS * TIME_SCALE, f"{published} frames of the {id} clock")
                return cameras[id].sent - seen["frames"]["published"] - seen["frames"]["dropped"]
            before = {id: frames_behind(id, 60) for id in cameras}
            for id in cameras:
                self.assertLess(frames_behind(id, len(self.frames) * 3 // 4), before[id] + CLIP_FPS // 2, id)
            seen = {id: server.camera(id) for id in cameras}
            for id in cameras:
                self.assertEqual(seen[id]["restarts"], 0, id)
                # A busy machine drops some of all.
                self.assertLess(seen[id]["frames"]["dropped"], seen["right"]["frames"]["dropped"] + 20, id)

    def test_hundreds_of_connections_leave_nothing_behind(self):
        """Of those that are decoded; all that a connection needs for the first time is there after a few."""
        camera, count = self.camera(CLIP_FPS * 1.2), 15
        cameras = [url(f"c{i}", camera.http()) for i in range(count)]
        # One address may wait for a quarter as many snapshots as there are threads.
        settings = {"server": {"max_streams": 2, "request_threads": 4 * (count + 1)},
                    "defaults": {"idle_timeout_s": 0.1}, "cameras": cameras}
        with Server(settings) as server, \
                concurrent.futures.ThreadPoolExecutor(count) as pool:
            def seconds_to_picture(each):
                began = time.monotonic()
                answer = server.get(f"/camera/{each['id']}/snapshot")
                self.assertEqual(answer.status, 200, answer.body[:300])
                return time.monotonic() - began

            def connect_often(rounds):
                """How long a connection took to show a picture, usually."""
                durations = []
                for _ in range(rounds):
                    durations += pool.map(seconds_to_picture, cameras)
                    for each in cameras:
                        server.wait_for_state(each["id"], "idle")
                return statistics.median(durations)
            def connect_and_measure():
                """Seconds to a picture, and the memory in KB, of which malloc keeps now more and now less."""
                seconds = connect_often(5)
                return seconds, server.memory_kb()
            first, before = zip(connect_and_measure(), connect_and_measure())
            descriptors = server.descriptors()
            then, after = zip(connect_and_measure(), connect_and_measure())
            self.assertLess(min(then), 1.5 * max(first) + TIME_SCALE)
            self.assertEqual(camera.connections, 20 * count)
            server.await_descriptors(descriptors)
            self.assertLess(min(after), max(before) + 6_000 * (5 if SANITIZED else 1))


setUpModule = require_url_cameras

if __name__ == "__main__":
    main()
