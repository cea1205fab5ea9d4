#!/usr/bin/env python3
"""A build without FFmpeg's libraries: everything works but the url cameras, of which it says what is missing."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from harness import SOURCE_DIR, main


def run(*command):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True)


class WithoutFfmpeg(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        build = self.folder / "build"
        for command in (("cmake", "-G", "Ninja", "-S", SOURCE_DIR, "-B", build, "-DFRAMEBROKER_FFMPEG=OFF",
                         "-DFRAMEBROKER_TESTS=OFF"), ("cmake", "--build", build, "--target", "framebroker")):
            result = run(*command)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.program = build / "framebroker"

    def check(self, source):
        file = self.folder / "cameras.json"
        file.write_text(json.dumps({"cameras": [{"source": source}]}))
        return run(self.program, "--check", "--config", file)

    def test_url_cameras_are_faults_that_name_what_is_missing(self):
        result = self.check({"type": "url", "url": "rtsp://host/"})
        self.assertEqual(result.returncode, 2)
        self.assertIn("cameras[0].source.type: this type of source is not in this build", result.stderr)
        self.assertIn("libavformat-dev", result.stderr)
        self.assertEqual(self.check({"type": "pattern"}).returncode, 0)
        self.assertNotIn("libav", run("ldd", self.program).stdout)


if __name__ == "__main__":
    main()
