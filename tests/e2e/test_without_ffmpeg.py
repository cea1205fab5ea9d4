#!/usr/bin/env python3
"""Without the module for video: JPEG needs none of FFmpeg's libraries, and what does says what to install. With it: the
libraries are loaded when the first camera needs them."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from harness import PROGRAM, SOURCE_DIR, Server, main, pattern

BUILD = pathlib.Path(PROGRAM).parent


def run(*command):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True)


def url_camera(camera_id, url):
    return {"id": camera_id, "source": {"type": "url", "url": url}}


def program_camera(camera_id, *command):
    return {"id": camera_id, "source": {"type": "exec", "command": list(command)}}


def has_ffmpeg(server):
    return any(name.startswith("libavcodec") for name in server.libraries())


class WithoutFfmpeg(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        build = cls.folder / "build"
        for command in (("cmake", "-G", "Ninja", "-S", SOURCE_DIR, "-B", build, "-DFRAMEBROKER_FFMPEG=OFF",
                         "-DFRAMEBROKER_TESTS=OFF"), ("cmake", "--build", build, "--target", "framebroker")):
            result = run(*command)
            assert result.returncode == 0, result.stdout + result.stderr
        cls.program = build / "framebroker"

    def check(self, source):
        file = self.folder / "cameras.json"
        file.write_text(json.dumps({"cameras": [{"source": source}]}))
        return run(self.program, "--check", "--config", file)

    def test_check_warns_of_cameras_that_surely_need_it(self):
        result = self.check({"type": "url", "url": "rtsp://host/"})
        self.assertEqual((result.returncode, "1 camera, no faults" in result.stdout), (0, True))
        self.assertIn("cameras[0].source.type: the module \"ffmpeg\" is missing: install the package framebroker-ffmpeg",
                      result.stderr)
        for source in ({"type": "pattern"}, {"type": "url", "url": "http://host/"},
                       {"type": "exec", "command": ["true"]}):
            result = self.check(source)
            self.assertEqual((result.returncode, result.stderr), (0, ""), source)

    def assert_error(self, server, camera, words):
        with server.stream(f"/camera/{camera}/video_feed"):
            state = server.wait_for_state(camera, "offline")
        self.assertIn(words, state["error"])

    def test_jpeg_needs_none_of_it_and_the_rest_says_what_to_install(self):
        with Server({"cameras": [pattern("picture")]}) as peer:
            address = f"http://127.0.0.1:{peer.port}"
            cameras = [url_camera("stream", f"{address}/stream"), url_camera("status", f"{address}/api/status"),
                       url_camera("rtsp", "rtsp://127.0.0.1:9/"),
                       program_camera("program", "sh", "-c", "echo not a picture at all; sleep 60")]
            with Server({"cameras": cameras}, program=[self.program]) as server:
                self.assertEqual(server.get("/camera/stream/snapshot").status, 200)
                for camera in ("status", "rtsp", "program"):
                    self.assert_error(server, camera, "install the package framebroker-ffmpeg (")

    def test_module_that_cannot_be_loaded_is_an_error_with_its_cause_in_the_log(self):
        module = self.program.parent / "modules/ffmpeg.so"
        module.write_text("no library")
        self.addCleanup(module.unlink)
        with Server({"cameras": [url_camera("rtsp", "rtsp://127.0.0.1:9/")]}, program=[self.program]) as server:
            self.assert_error(server, "rtsp", "reinstall the package framebroker-ffmpeg")
            self.assertIn(f"{module} cannot be loaded: ", server.log())


class WithFfmpeg(unittest.TestCase):
    def test_its_libraries_are_loaded_when_a_camera_needs_them(self):
        self.assertNotIn("libav", run("ldd", PROGRAM).stdout)
        with tempfile.TemporaryDirectory() as directory:
            video = pathlib.Path(directory, "video.mkv")
            run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=2", video)
            with Server({"cameras": [pattern("picture"), url_camera("video", str(video))]}) as server:
                self.assertEqual(server.get("/camera/picture/snapshot").status, 200)
                self.assertFalse(has_ffmpeg(server))
                self.assertEqual(server.get("/camera/video/snapshot").status, 200)
                self.assertTrue(has_ffmpeg(server))

    def test_no_library_has_a_function_of_the_names_that_the_program_exports(self):
        """The loader would take the program's for it."""
        def names(file, types):
            symbols = run("nm", "-D", "--defined-only", "--format=posix", file).stdout.splitlines()
            return {symbol.split()[0].split("@")[0] for symbol in symbols if symbol.split()[1] in types}
        exported = names(PROGRAM, "T")
        self.assertIn("frame_create", exported)
        module = BUILD / "modules/ffmpeg.so"
        for line in run("ldd", module).stdout.splitlines():
            path = line.split(" => ")[-1].split(" (")[0].strip()
            if path.startswith("/"):
                self.assertEqual(exported & names(path, "TWVi"), set(), path)


if __name__ == "__main__":
    main()
