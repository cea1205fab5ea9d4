#!/usr/bin/env python3
"""What is recorded: every frame, in files that other programs read, found again by time; what is kept and what goes."""
import base64
import json
import os
import pathlib
import re
import subprocess
import time
import unittest

from harness import PROGRAM, TIME_SCALE, Server, emulated, main, pattern, wait_until
from recordings import Recordings, assert_none_lost, iso, state_of, wait_for_frames

SMALL = {"width": 160, "height": 120, "fps": 40}
ALWAYS = {"record": {"mode": "always"}}


def basic(name):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:secret of {name}".encode()).decode()}


def user(name, **more):
    hashed = subprocess.run([PROGRAM, "--hash-password"], input=f"secret of {name}\n", stdout=subprocess.PIPE, text=True,
                            check=True).stdout.strip()
    return {"name": name, "password": hashed, **more}


class Files(unittest.TestCase):
    def test_every_frame_is_recorded_without_viewers_and_across_segments(self):
        recordings = Recordings(self)
        with recordings.server(pattern("a", **SMALL, **ALWAYS)) as server:
            wait_for_frames(server, recordings, 120)
            self.assertEqual(server.camera("a")["state"], "live")
            self.assertEqual(server.camera("a")["subscribers"], [])
            camera = server.camera("a")
        self.assertGreaterEqual(len(recordings.files()), 3)
        assert_none_lost(self, [sequence for _, sequence in recordings.parts()], camera)
        self.assertIn("are in order", recordings.verify())

    def test_a_segment_is_what_ffmpeg_plays(self):
        recordings = Recordings(self)
        with recordings.server(pattern("a", **SMALL, **ALWAYS), segment_s=60) as server:
            wait_for_frames(server, recordings, 20)
        (file,) = recordings.files()
        self.assertRegex(str(file.relative_to(recordings.path)), r"^a/\d{4}/\d\d/\d\d/\d{6}\.mjpeg$")
        result = subprocess.run(["ffprobe", "-v", "error", "-f", "mpjpeg", "-count_frames", "-show_entries",
                                 "stream=nb_read_frames,width", "-of", "json", str(file)], stdout=subprocess.PIPE, check=True)
        (stream,) = json.loads(result.stdout)["streams"]
        self.assertEqual((int(stream["nb_read_frames"]), stream["width"]), (len(recordings.parts()), 160))

    def test_placeholders_are_not_recorded_and_leave_a_gap(self):
        recordings = Recordings(self)
        faults = [{"kind": "freeze", "at_frame": 40, "for_s": 1.5}]
        with recordings.server(pattern("a", **SMALL, **ALWAYS, faults=faults, stale_after_ms=300), segment_s=60) as server:
            server.wait_for_state("a", "stale")
            server.wait_for_state("a", "live")
            wait_until(lambda: len(server.get("/api/recordings?camera=a").json["cameras"][0]["stretches"]) == 2, 10,
                       "two stretches")
        self.assertFalse(any(b"X-Camera-State" in file.read_bytes() for file in recordings.files()))

    def test_sparse_keeps_few_frames_and_says_so(self):
        recordings = Recordings(self)
        camera = pattern("a", **SMALL, record={"mode": "sparse", "fps": 4, "before_s": 0})
        with recordings.server(camera, segment_s=60) as server:
            wait_for_frames(server, recordings, 12)
            (camera,) = server.get("/api/recordings").json["cameras"]
            self.assertEqual([stretch["full"] for stretch in camera["stretches"]], [False])
        times = [time for time, _ in recordings.parts()]
        self.assertLess((len(times) - 1) / (times[-1] - times[0]), 5, "of 20 a second")
        self.assertIn("-sparse", recordings.files()[0].name)


class Motion(unittest.TestCase):
    def setUp(self):
        self.recordings = Recordings(self)
        self.pictures = []
        for number in range(80): # 8 s of stillness, in which something passes for 2 s
            path = self.recordings.path / f"{number:03}.jpg"
            draw = ["-fill", "black", "-draw", f"rectangle {(number - 30) * 12},60 {(number - 30) * 12 + 60},180"]
            subprocess.run(["convert", "-size", "320x240", "xc:gray60", *(draw if 30 <= number < 50 else []), str(path)],
                           check=True)
            self.pictures.append(path)

    def test_events_are_recorded_in_full_from_before_them_on(self):
        record = {"mode": "events", "before_s": 1, "after_s": 0.5}
        camera = emulated("a", self.pictures, fps=10, motion={"min_duration_ms": 100, "cooldown_s": 0.5}, record=record)
        with self.recordings.server(camera, segment_s=60) as server:
            server.wait_for_camera("a", lambda camera: camera["recording"]["state"] == "waiting", 5, "an event")
            server.wait_for_camera("a", lambda camera: camera["motion"]["events"] and not camera["motion"]["moving"], 20,
                                   "an event of motion")
            server.wait_for_camera("a", lambda camera: camera["recording"]["newest"], 20, "its recording")
            camera = server.wait_for_camera("a", lambda camera: camera["recording"]["state"] == "waiting", 20, "its end")
        assert_none_lost(self, [sequence for _, sequence in self.recordings.parts()], camera)
        first = self.recordings.files()[0].read_bytes()
        still = self.pictures[0].read_bytes()[-200:]
        before = re.split(re.escape(still), first)
        moving = next(number for number, piece in enumerate(before[1:]) if piece.count(b"X-Sequence") > 1)
        self.assertIn(moving, range(int(8 / TIME_SCALE), 14), "a second before the event")  # a busy machine drops some


class Limits(unittest.TestCase):
    def test_the_oldest_make_way_for_the_newest_and_no_more_of_them_than_needed(self):
        recordings = Recordings(self)
        with recordings.server(pattern("a", width=640, height=480, fps=40, **ALWAYS), max_bytes="3 MB") as server:
            wait_until(lambda: server.get("/metrics").text.count("segments_deleted_total 0\n") == 0, 30, "a deletion")
            wait_for_frames(server, recordings, 60)
            for _ in range(20):
                self.assertLessEqual(recordings.bytes(), 3_000_000 * 1.05)
                time.sleep(0.05)
            segment = max(file.stat().st_size for file in recordings.files())
            self.assertGreater(recordings.bytes(), 3_000_000 - 2.5 * segment)
            self.assertEqual(state_of(server), "recording")
        self.assertIn("are in order", recordings.verify())

    def test_a_camera_has_limits_of_its_own(self):
        recordings = Recordings(self)
        cameras = [pattern(id, width=640, height=480, fps=20, record={"mode": "always", **limit})
                   for id, limit in (("a", {"max_bytes": "1 MB"}), ("b", {}))]
        with recordings.server(*cameras) as server:
            wait_for_frames(server, recordings, 100)
            usage = {camera["id"]: camera["recording"]["bytes"] for camera in server.status()["cameras"]}
            self.assertLess(usage["a"], 2_000_000)
            self.assertGreater(usage["b"], usage["a"])

    def test_what_is_too_old_goes_with_its_folders_and_the_current_stays(self):
        recordings = Recordings(self)
        camera = pattern("a", **SMALL, **ALWAYS)
        with recordings.server(camera) as server:
            wait_for_frames(server, recordings, 30)
        old = recordings.path / "a/2020/01/02/030405.mjpeg"
        old.parent.mkdir(parents=True)
        old.write_bytes(recordings.files()[0].read_bytes())
        old.write_bytes(re.sub(rb"X-Timestamp: \d+", b"X-Timestamp: 1577934245", old.read_bytes()))
        recordings.run("--rebuild")
        with recordings.server(camera, max_age="1 h") as server:
            wait_until(lambda: not (recordings.path / "a/2020").exists(), 10, "the old segment to go")
            wait_for_frames(server, recordings, 20)
        self.assertIn("are in order", recordings.verify())

    def test_protected_recordings_stay_until_they_are_released(self):
        recordings = Recordings(self)
        whole = "camera=a&from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z"
        with recordings.server(pattern("a", **SMALL, **ALWAYS)) as server:
            wait_for_frames(server, recordings, 50)
            self.assertEqual(server.get(f"/api/recordings/protect?{whole}", "POST").json, {"protected": True})
            self.assertEqual(server.get(f"/api/recordings?{whole}", "DELETE").json["deleted"], 0)
            (camera,) = server.get("/api/recordings").json["cameras"]
            self.assertEqual(len(camera["protected"]), 1)
            self.assertEqual(server.get(f"/api/recordings/protect?{whole}", "DELETE").json, {"protected": False})
            self.assertGreater(server.get(f"/api/recordings?{whole}", "DELETE").json["deleted"], 0)
            wait_for_frames(server, recordings, 20)
        self.assertIn("are in order", recordings.verify())

    def test_limits_and_cameras_change_at_a_reload(self):
        recordings = Recordings(self)
        cameras = [pattern("a", **SMALL, **ALWAYS), pattern("b", **SMALL)]
        with recordings.server(*cameras) as server:
            wait_for_frames(server, recordings, 20)
            self.assertEqual(server.reload(recordings.config(pattern("a", **SMALL), pattern("b", **SMALL, **ALWAYS))).status, 200)
            wait_for_frames(server, recordings, 20, "b")
            self.assertEqual(server.camera("a")["recording"]["state"], "off")
            moved = recordings.config(pattern("a", **SMALL), path="/elsewhere")
            self.assertIn("recording.path", server.reload(moved).text)
        self.assertIn("are in order", recordings.verify())


class Rights(unittest.TestCase):
    def test_accounts_see_and_change_what_they_may(self):
        recordings = Recordings(self)
        config = recordings.config(pattern("a", **SMALL, **ALWAYS), pattern("b", **SMALL, **ALWAYS))
        config["users"] = [user("admin", rights="admin"), user("all"), user("one", cameras=["b"]),
                           user("live", recordings=False), user("boss", rights="admin", recordings=False)]
        with Server(config) as server:
            def ask(path, name, method="GET"):
                return server.get(path, method, basic(name) if name else None)
            wait_until(lambda: len(ask("/api/recordings", "all").json["cameras"]) == 2, 10, "recordings")
            self.assertEqual(ask("/api/recordings", None).status, 401)
            self.assertEqual([camera["id"] for camera in ask("/api/recordings", "one").json["cameras"]], ["b"])
            self.assertEqual(ask("/api/recordings?camera=a", "one").status, 404)
            period = "from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z"
            for name in ("live", "boss"):
                self.assertEqual(ask("/api/recordings", name).status, 403)
                self.assertIsNone(ask("/api/status", name).json["recording"])
                self.assertNotIn("_recording_", ask("/metrics", name).text.replace("# HELP", "").split("# TYPE")[0])
                self.assertEqual(ask(f"/camera/a/snapshot?at={iso(time.time() - 1)}", name).status, 403)
                self.assertEqual(ask("/camera/a/snapshot", name).status, 200)
            for path, method in ((f"/api/recordings?camera=b&{period}", "DELETE"),
                                 (f"/api/recordings/protect?camera=b&{period}", "POST"),
                                 (f"/api/recordings/protect?camera=b&{period}", "DELETE")):
                self.assertEqual(ask(path, "all", method).status, 403)
                self.assertEqual(ask(path, "boss", method).status, 403)
                self.assertEqual(ask(path, "admin", method).status, 200)
                self.assertEqual(ask(path.replace("camera=b&", ""), "admin", method).status, 400)
                self.assertEqual(ask(path.replace("camera=b&", "camera=c&"), "admin", method).status, 404)


class Commands(unittest.TestCase):
    def test_list_verify_and_rebuild(self):
        recordings = Recordings(self)
        self.assertIn("was marked for recordings before", recordings.run("--init"))
        with recordings.server(pattern("a", **SMALL, **ALWAYS)) as server:
            wait_for_frames(server, recordings, 50)
            before = server.get("/api/recordings").json
            self.assertIn("another process", recordings.run("--rebuild", code=1))
        before = json.loads(recordings.run("--json"))
        self.assertEqual([camera["frames"] for camera in before["cameras"]], [len(recordings.parts())])
        missing, torn, extra = recordings.files()[0], recordings.files()[1], recordings.files()[0].with_name("235959.mjpeg")
        missing.rename(extra)
        os.utime(extra, (0, 0)) # one that is being written may have no row yet
        torn.write_bytes(torn.read_bytes()[:-10])
        problems = recordings.run("--verify", code=1)
        for file, problem in ((missing, "there is no such file"), (torn, "holds less"), (extra, "does not know")):
            self.assertRegex(problems, f"{file.name}: .*{problem}")
        self.assertIn("made anew", recordings.run("--rebuild"))
        self.assertIn("are in order", recordings.verify())
        self.assertEqual(json.loads(recordings.run("--json"))["cameras"][0]["frames"],
                         before["cameras"][0]["frames"] - 1)


class Unconfigured(unittest.TestCase):
    def test_nobody_pays_for_what_is_not_configured(self):
        with Server({"cameras": [pattern("a", **SMALL)]}) as server:
            self.assertEqual(server.thread_ids("recorder"), [])
            self.assertIsNone(server.status()["recording"])
            self.assertIsNone(server.camera("a")["recording"])
            self.assertEqual(server.get("/api/recordings").error_code, "no_recording")
            maps = pathlib.Path(f"/proc/{server.pid}/fd")
            self.assertFalse([link for link in maps.iterdir() if "sqlite" in str(link.readlink())])


if __name__ == "__main__":
    main()
