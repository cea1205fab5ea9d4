#!/usr/bin/env python3
"""What recording survives: each failure is made to happen, is reported in words within 2 s, disturbs no viewer, and ends
by itself. KILLS=200 tries more ends at random moments."""
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

from harness import PATIENCE_S, TIME_SCALE, emulated, main, plain_picture, wait_until
from recordings import Recordings, frames_so_far, noise, seconds_of, state_of, wait_for, wait_for_frames

PICTURES = tempfile.TemporaryDirectory(prefix="framebroker-")
unittest.addModuleCleanup(PICTURES.cleanup)
# Files are published as they are: nothing but the recorder can lose a frame of these cameras.
SMALL_PICTURE = plain_picture(pathlib.Path(PICTURES.name, "small.jpg"), "red")
LARGE_PICTURE = noise(pathlib.Path(PICTURES.name, "large.jpg"), "480x320")
CAMERA = emulated("a", [SMALL_PICTURE], fps=40, record={"mode": "always"})
LARGE = emulated("a", [LARGE_PICTURE], fps=20, record={"mode": "always"})
WORDS_S = 2  # from a failure to the words about it


class Viewer:
    """Watches a camera, and notes how long it had to wait for a frame."""

    def __init__(self, server):
        self.stream = server.stream("/camera/a/video_feed")
        self.longest, self.ends = 0, False
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        self.stream.frame()
        newest = time.monotonic()
        while not self.ends:
            self.stream.frame()
            now = time.monotonic()
            self.longest, newest = max(self.longest, now - newest), now

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ends = True
        self.thread.join()
        self.stream.close()
        assert self.longest < 0.7 * TIME_SCALE, f"a viewer waited {self.longest:.2f} s for a frame"


class Spoilt(unittest.TestCase):
    """A disk that is spoilt while the program records."""

    def setUp(self):
        self.recordings = Recordings(self)
        self.control = self.recordings.path.with_name("control")
        self.spoil("")
        self.recordings.environment = {"LD_PRELOAD": os.environ["FAULTY_DISK_LIBRARY"],
                                       "FAULTY_DISK": str(self.control),
                                       "FAULTY_DISK_PATH": str(self.recordings.path.resolve())}

    def spoil(self, how):
        new = self.control.with_name("new")
        new.write_text(how)
        new.rename(self.control)

    def fail_and_recover(self, how, state, words, lost=None):
        with self.recordings.server(CAMERA) as server, Viewer(server):
            wait_for_frames(server, self.recordings, 20)
            self.spoil(how)
            recording = wait_for(server, state, WORDS_S)
            self.assertRegex(recording["error"], words)
            self.assertEqual(server.camera("a")["recording"]["state"], state)
            self.assertIn("framebroker_recording_up 0\n", server.get("/metrics").text)
            self.assertRegex(server.log(), f"recording: .*{words}")
            time.sleep(1)
            self.spoil("")
            wait_for(server, "recording", 10)
            wait_for_frames(server, self.recordings, 30)
            self.assertEqual(server.camera("a")["recording"]["lost_frames"], 0)
            newest, dropped = frames_so_far(server)
        self.assertLessEqual(self.recordings.missing(newest), dropped, "what waited in memory is not lost")
        self.assertIn("are in order", self.recordings.verify())

    def test_input_and_output_errors(self):
        self.fail_and_recover("eio", "failed", "Input/output error|disk I/O error")

    def test_disk_that_turns_read_only(self):
        self.fail_and_recover("erofs", "failed", "Read-only file system|disk I/O error|readonly")

    def test_disk_without_space(self):
        self.fail_and_recover("enospc", "full", "No space left|is full")

    def test_disk_that_does_not_answer(self):
        self.fail_and_recover("slow 3500", "failed", "does not answer")

    def test_frames_are_lost_and_counted_once_memory_is_full(self):
        with self.recordings.server(CAMERA, max_memory="1 MB") as server, Viewer(server):
            wait_for_frames(server, self.recordings, 20)
            self.spoil("eio")
            wait_until(lambda: server.camera("a")["recording"]["lost_frames"] > 0, PATIENCE_S, "frames to be lost")
            self.spoil("")
            wait_for(server, "recording", 10)
            wait_for_frames(server, self.recordings, 20)
            newest, dropped = frames_so_far(server)
            lost = server.camera("a")["recording"]["lost_frames"]
        self.assertIn(self.recordings.missing(newest), range(lost, lost + dropped + 1))

    def test_events_tell_of_it(self):
        with self.recordings.server(CAMERA) as server:
            wait_for_frames(server, self.recordings, 10)
            with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
                connection.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                connection.recv(65536)
                self.spoil("eio")
                seen = b""
                while b"event: recording" not in seen or b"\n\n" not in seen.partition(b"event: recording")[2]:
                    seen += connection.recv(65536)
                self.assertRegex(seen.decode(), r'event: recording\ndata: \{"state":"failed","error":"[^"]+","at":"20')
            self.spoil("")
            wait_for(server, "recording", 10)


class SmallDisk(unittest.TestCase):
    """A file system of 16 MB, for a camera of 4 MB a second."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="framebroker-")
        self.addCleanup(os.rmdir, folder)
        result = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], stderr=subprocess.PIPE,
                                text=True)
        if result.returncode != 0:
            raise unittest.SkipTest(f"no file system can be mounted here: {result.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)
        self.recordings = Recordings(self, pathlib.Path(folder))

    def free(self):
        status = os.statvfs(self.recordings.path)
        return status.f_bavail * status.f_frsize

    def test_its_own_recordings_never_fill_the_disk(self):
        with self.recordings.server(LARGE) as server:
            wait_until(lambda: "segments_deleted_total 0\n" not in server.get("/metrics").text, PATIENCE_S, "a deletion")
            for _ in range(40):
                self.assertGreater(self.free(), 0)
                self.assertEqual(state_of(server), "recording")
                time.sleep(0.05)
            wait_for_frames(server, self.recordings, 20)
            self.assertEqual(server.camera("a")["recording"]["lost_frames"], 0)
        self.assertIn("are in order", self.recordings.verify())

    def test_it_starts_on_a_full_disk_and_makes_room(self):
        with self.recordings.server(LARGE) as server:
            wait_until(lambda: self.recordings.bytes() > 6_000_000, PATIENCE_S, "recordings")
        with open(self.recordings.path / "foreign", "wb", buffering=0) as foreign:
            try:
                while True:
                    foreign.write(b"x" * 4096)
            except OSError:
                pass
        self.assertEqual(self.free(), 0)
        with self.recordings.server(LARGE) as server, Viewer(server):
            wait_for(server, "recording", 10)
            wait_for_frames(server, self.recordings, 20)
        self.assertIn("are in order", self.recordings.verify())

    def test_it_says_when_there_is_nothing_left_to_delete(self):
        whole = "camera=a&from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z"
        with self.recordings.server(LARGE) as server, Viewer(server):
            wait_for_frames(server, self.recordings, 10)
            self.assertEqual(server.get(f"/api/recordings/protect?{whole}", "POST").status, 200)
            recording = wait_for(server, "full", 60)
            self.assertRegex(recording["error"], "no recording is left to delete|No space left")
            self.assertEqual(server.get(f"/api/recordings/protect?{whole}", "DELETE").status, 200)
            wait_for(server, "recording", 10)
            wait_for_frames(server, self.recordings, 20)
        self.assertIn("are in order", self.recordings.verify())

    def test_it_notices_when_the_disk_is_gone_and_when_it_is_back(self):
        path = self.recordings.path
        with self.recordings.server(CAMERA) as server, Viewer(server):
            wait_for_frames(server, self.recordings, 20)
            subprocess.run(["umount", "--lazy", str(path)], check=True)
            recording = wait_for(server, "failed", WORDS_S)
            self.assertRegex(recording["error"], "unmounted|is not marked")
            time.sleep(1.2)
            self.assertEqual(list(path.iterdir()), [], "nothing is written to the disk below")
            self.assertRegex(server.status()["recording"]["error"], "--recordings --init")
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(path)], check=True)
            self.recordings.run("--init")
            wait_for(server, "recording", 10)
            wait_for_frames(server, self.recordings, 20)


class Folder(unittest.TestCase):
    def test_a_folder_that_is_not_marked_is_refused(self):
        recordings = Recordings(self, marked=False)
        recordings.path.mkdir()
        with recordings.server(CAMERA) as server, Viewer(server):
            recording = wait_for(server, "failed", WORDS_S)
            self.assertRegex(recording["error"], "not marked for recordings: mount its disk, or .*--recordings --init")
            self.assertEqual(list(recordings.path.iterdir()), [])
            recordings.run("--init")
            wait_for(server, "recording", 10)
            wait_for_frames(server, recordings, 20)

    def test_two_programs_do_not_share_a_folder(self):
        recordings = Recordings(self)
        with recordings.server(CAMERA) as first:
            wait_for_frames(first, recordings, 10)
            with recordings.server(CAMERA) as second:
                self.assertRegex(wait_for(second, "failed", WORDS_S)["error"], "another process")
                first.signal()
                wait_for(second, "recording", 10)

    def test_recordings_are_found_where_the_folder_was_moved_to(self):
        recordings = Recordings(self)
        with recordings.server(CAMERA) as server:
            wait_for_frames(server, recordings, 30)
        before = recordings.run("--json")
        moved = recordings.path.with_name("moved")
        recordings.path.rename(moved)
        old, recordings.path = recordings.path, moved
        self.assertEqual(recordings.run("--json").replace(str(moved), str(old)), before)
        self.assertIn("are in order", recordings.verify())


class Catalogue(unittest.TestCase):
    def setUp(self):
        self.recordings = Recordings(self)
        self.file = self.recordings.path / "catalogue.sqlite"

    def test_a_lock_on_it_stops_recording_only_while_it_lasts(self):
        with self.recordings.server(CAMERA) as server, Viewer(server):
            wait_for_frames(server, self.recordings, 10)
            other = sqlite3.connect(self.file, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            recording = wait_for(server, "failed", WORDS_S + 1)
            self.assertRegex(recording["error"], "locked")
            other.execute("COMMIT")
            other.close()
            wait_for(server, "recording", 10)
            wait_for_frames(server, self.recordings, 20)
            self.assertEqual(server.camera("a")["recording"]["lost_frames"], 0)
        self.assertIn("are in order", self.recordings.verify())

    def test_a_broken_one_is_made_anew_while_recording_goes_on(self):
        with self.recordings.server(CAMERA) as server:
            wait_for_frames(server, self.recordings, 50)
        count = len(self.recordings.files())
        self.file.write_bytes(b"this is no database " * 1000)
        with self.recordings.server(CAMERA) as server, Viewer(server):
            wait_for_frames(server, self.recordings, 20)
            wait_until(lambda: "has been made anew" in server.log(), PATIENCE_S, "a new catalogue")
        self.assertIn("are in order", self.recordings.verify())
        self.assertGreater(len(self.recordings.files()), count)
        self.assertTrue(self.file.with_name("catalogue.sqlite.broken").exists())

    def test_rows_and_files_may_lack_each_other(self):
        with self.recordings.server(CAMERA) as server:
            wait_for_frames(server, self.recordings, 50)
        files = self.recordings.files()
        files[0].unlink()
        newest = files[-1]
        newer = newest.with_name("235958.mjpeg")
        shutil.copy(newest, newer)
        with open(newer, "ab") as torn:
            torn.write(b"Content-Type: image/jpeg\r\nContent-Le")
        with self.recordings.server(CAMERA, max_bytes="1") as server:
            wait_until(lambda: not any(file.exists() for file in [*files, newer]), PATIENCE_S, "all of them to go")
        self.assertIn("are in order", self.recordings.verify())

    def test_lists_are_quick_with_many_rows(self):
        with self.recordings.server(CAMERA) as server:
            wait_for_frames(server, self.recordings, 10)
        catalogue = sqlite3.connect(self.file)
        start = 1_600_000_000_000_000_000
        minute = 60_000_000_000
        catalogue.execute("INSERT INTO stretches(key, camera, start_ns, end_ns, bytes, full) VALUES (999, 1, ?, ?, ?, 1)",
                          (start, start + 100_000 * minute, 100_000_000))
        catalogue.executemany(
            "INSERT INTO segments(camera, start_ns, end_ns, bytes, frames, state, full, stretch, name)"
            " VALUES (1, ?, ?, 1000, 10, 1, 1, 999, ?)",
            ((start + i * minute, start + (i + 1) * minute - 1, f"2020/01/01/{i:06}.mjpeg") for i in range(100_000)))
        catalogue.commit()
        catalogue.close()
        started = time.monotonic()
        with self.recordings.server(CAMERA) as server:
            self.assertLess(time.monotonic() - started, 1.5 * TIME_SCALE)
            wait_for_frames(server, self.recordings, 10)
            started = time.monotonic()
            (camera,) = server.get("/api/recordings").json["cameras"]
            self.assertLess(time.monotonic() - started, 0.3 * TIME_SCALE)
            self.assertGreaterEqual(len(camera["stretches"]), 2)


class Clock(unittest.TestCase):
    def test_a_clock_that_jumps_ends_segments_and_deletes_nothing(self):
        recordings = Recordings(self)
        clock = recordings.path.with_name("clock")
        clock.write_text("0")
        environment = {"LD_PRELOAD": os.environ["WALL_CLOCK_LIBRARY"], "WALL_CLOCK": str(clock)}
        with recordings.server(CAMERA, environment=environment, segment_s=60, max_age="1 d") as server, Viewer(server):
            wait_for_frames(server, recordings, 20)
            for offset in (-3600, 3600, 10 * 365 * 86400, 0):
                new = clock.with_name("new")
                new.write_text(str(offset))
                new.rename(clock)
                wait_for_frames(server, recordings, 30)
            self.assertEqual(state_of(server), "recording")
            self.assertIn("segments_deleted_total 0\n", server.get("/metrics").text)
            newest, dropped = frames_so_far(server)
        self.assertGreaterEqual(len(recordings.files()), 5)
        self.assertLessEqual(recordings.missing(newest), dropped)
        self.assertIn("are in order", recordings.verify())

    def test_lengths_are_those_of_the_clock_whatever_the_rate(self):
        recordings = Recordings(self)
        faults = [{"kind": "freeze", "at_frame": 20, "for_s": 1}]
        camera = emulated("a", [SMALL_PICTURE], fps=20, record={"mode": "always"}, faults=faults)
        with recordings.server(camera, segment_s=60) as server:
            wait_for_frames(server, recordings, 40)
            (listed,) = server.get("/api/recordings").json["cameras"]
            (stretch,) = listed["stretches"]
            length = seconds_of(stretch["to"]) - seconds_of(stretch["from"])
        times = [time for time, _ in recordings.parts()]
        self.assertGreater(length, len([at for at in times if at <= seconds_of(stretch["to"])]) / 20 + 0.7)


class Killed(unittest.TestCase):
    def test_nothing_that_was_acknowledged_is_lost_at_a_kill(self):
        recordings = Recordings(self)
        moments = random.Random(16)
        for _ in range(int(os.environ.get("KILLS", "8"))):
            with recordings.server(CAMERA) as server:
                server.wait_for_camera("a", lambda camera: camera["recording"]["newest"], 10, "a recording")
                time.sleep(moments.random() * 1.2)
                acknowledged = server.camera("a")["recording"]["newest"]
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                server.told_to_end = True
            newest = max(time for time, _ in recordings.parts())
            self.assertGreaterEqual(newest + 0.001, seconds_of(acknowledged))
        with recordings.server(CAMERA) as server:
            wait_for_frames(server, recordings, 1)
        self.assertIn("are in order", recordings.verify())


if __name__ == "__main__":
    main()
