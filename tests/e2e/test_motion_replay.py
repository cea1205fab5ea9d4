#!/usr/bin/env python3
"""framebroker --motion: the events that motion settings make of a recorded video."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from harness import PROGRAM, SOURCE_DIR, main, require_url_cameras

FPS = 10
# Somebody in dark clothes walks through the picture from 6 s to 10 s, and back from 20 s to 24 s.
WALKS = (6, 20)
SECONDS = 32


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def make_video(path, *codec):
    walker = "color=0x202020:size=30x90:rate=10"
    across = "overlay=x='if(between(t,6,10),(t-6)*160,if(between(t,20,24),(24-t)*160,-100))':y=150:shortest=1"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"color=0x80a080:size=640x360:rate={FPS}",
         "-f", "lavfi", "-i", walker, "-filter_complex", f"[0][1]{across},noise=alls=8:allf=t", "-t", str(SECONDS),
         *codec, path], check=True)
    return path


class MotionReplay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require_url_cameras()
        folder = tempfile.TemporaryDirectory(prefix="framebroker-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.video = make_video(cls.folder / "walks.mp4", "-c:v", "mpeg4", "-q:v", "3")

    def settings(self, **settings):
        path = self.folder / "motion.json"
        path.write_text(json.dumps(settings))
        return path

    def events(self, video, **settings):
        result = run("--motion", self.settings(**settings), "--video", video, "--json")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def check_walks(self, events):
        self.assertEqual(len(events), 2, events)
        for event, begin in zip(events, WALKS):
            self.assertTrue(begin - 0.05 <= event["began_s"] <= begin + 0.45, event)
            self.assertTrue(event["began_s"] + 0.3 <= event["reported_s"] <= event["began_s"] + 0.6, event)
            self.assertTrue(begin + 3.2 <= event["ended_s"] <= begin + 4.6, event)
            left, top, width, height = event["boxes"][0]
            self.assertEqual([round(value, 3) for value in event["boxes"][0]], event["boxes"][0])
            self.assertTrue(0.35 < top < 0.48 and 0.18 < height < 0.35 and 0.02 < width < 0.2, event)

    def test_two_walks_are_two_events(self):
        self.check_walks(self.events(self.video))

    def test_a_video_of_jpegs_too(self):
        self.check_walks(self.events(make_video(self.folder / "walks.avi", "-c:v", "mjpeg", "-q:v", "5")))

    def test_every_frame_of_a_file_is_read(self):
        """From the first, which may be the only key frame, to those that a decoder holds back to the end."""
        kinds = [("one-key-frame.mp4", "-c:v", "libx264", "-g", "1000"), ("b-frames.mkv", "-c:v", "libx264", "-bf", "3"),
                 ("vp8.mkv", "-c:v", "libvpx", "-g", "1000", "-deadline", "realtime"), ("walks.avi", "-c:v", "mjpeg")]
        for name, *codec in kinds:
            with self.subTest(name):
                video = make_video(self.folder / name, *codec)
                result = run("--motion", self.settings(), "--video", video)
                self.assertEqual((result.returncode, result.stderr),
                                 (0, f"{FPS * SECONDS} frames, {5 * SECONDS} analysed, 2 events\n"))
                self.check_walks(self.events(video))

    def test_settings_count(self):
        self.assertEqual(len(self.events(self.video, cooldown_s=20)), 1)
        result = run("--motion", self.settings(cooldown_s=20), "--video", self.video)
        self.assertRegex(result.stderr, ", 1 event\n$")
        self.assertEqual(self.events(self.video, min_duration_ms=6000, cooldown_s=0), [])

    def test_people_read_it_too(self):
        result = run("--motion", self.settings(), "--video", self.video)
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout.splitlines()[0], r"^0:00:06\.\d to 0:00:(09|10)\.\d  score +\d+  at 0\.\d\d,")
        self.assertEqual(result.stderr, f"{FPS * SECONDS} frames, {5 * SECONDS} analysed, 2 events\n")
        every = run("--motion", self.settings(), "--video", self.video, "--verbose")
        self.assertIn(" moves", every.stdout)
        self.assertEqual(sum(" differ" in line for line in every.stdout.splitlines()), 5 * SECONDS)

    def test_faults_have_their_line(self):
        path = self.folder / "faults.json"
        path.write_text('{ "sensitivity": 50,\n  "sensitivty": 101 }')
        result = run("--motion", path, "--video", self.video)
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"{path}:2: sensitivty: ", result.stderr)
        self.assertIn('"sensitivity"', result.stderr)

    def test_a_file_that_is_no_video(self):
        path = self.settings()
        result = run("--motion", path, "--video", path)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, f"^framebroker: {path}: ")
        result = run("--motion", path, "--video", self.folder / "none.mp4")
        self.assertEqual(result.returncode, 1)
        self.assertIn("none.mp4: ", result.stderr)

    def test_a_video_that_does_not_decode(self):
        path = self.folder / "broken.avi"
        data = bytearray(make_video(path, "-c:v", "mjpeg", "-t", "1").read_bytes())
        at = data.find(b"\xff\xd8")
        while at >= 0:  # none of its pictures begins as JPEG does
            data[at:at + 2] = b"XX"
            at = data.find(b"\xff\xd8")
        path.write_bytes(data)
        result = run("--motion", self.settings(), "--video", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"framebroker: {path}: no frame could be analysed", result.stderr)

    def test_both_options_are_needed(self):
        for option in ("--motion", "--video"):
            result = run(option, "x")
            self.assertEqual(result.returncode, 2)
            self.assertIn("--motion needs --video", result.stderr)


class Scenes(unittest.TestCase):
    """Some of the scenes that scripts/bench motion judges the detector by."""
    QUIET_S = 5
    NAMES = ("person-20-2", "person-8-1", "slow-at-2-fps-1", "half-the-picture-1", "lamp-1", "night-noise-2", "infrared-1",
             "cloud-shadow-2", "shake-1", "beside-the-tree-1")

    @classmethod
    def setUpClass(cls):
        require_url_cameras()
        folder = tempfile.TemporaryDirectory(prefix="framebroker-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        drawn = subprocess.run(
            ["/usr/bin/python3", "-B", f"{SOURCE_DIR}/tests/bench/motion_scenes.py", cls.folder, str(cls.QUIET_S), *cls.NAMES],
            capture_output=True, text=True, timeout=200)
        if "No module named 'cv2'" in drawn.stderr:
            raise unittest.SkipTest("Debian's python3-opencv is missing")
        drawn.check_returncode()
        cls.truth = json.loads(drawn.stdout)

    def reported(self, name):
        settings = self.folder / "settings.json"
        settings.write_text(json.dumps(self.truth[name]["settings"]))
        result = run("--motion", settings, "--video", self.folder / f"{name}.avi", "--json")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return [json.loads(line)["reported_s"] for line in result.stdout.splitlines()]

    def test_what_moves_is_reported_and_nothing_else(self):
        for name in self.NAMES:
            with self.subTest(name):
                moves, reported = self.truth[name]["moves"], self.reported(name)
                self.assertEqual(len(reported), len(moves), (reported, moves))
                for (begin, _), at in zip(moves, reported):
                    # At 2 fps, the fourth frame.
                    self.assertTrue(begin - 0.2 <= at <= begin + 1.6, (reported, moves))


if __name__ == "__main__":
    main()
