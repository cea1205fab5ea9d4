#!/usr/bin/env python3
"""Every configuration in the README, the manuals and the nginx examples passes --check as it stands there, and the
commands beside them work."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import PROGRAM, SOURCE_DIR, Server, main, require_url_cameras

README = SOURCE_DIR / "README.md"
DEPLOY = SOURCE_DIR / "config/deploy"
PASSWORD = "correct horse battery staple"
CAMERAS = '"cameras": [{ "source": { "type": "pattern" } }]'


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


def manual_displays():
    """The literal displays of the manuals, as they are shown."""
    for page in (DEPLOY / "framebroker.1", DEPLOY / "framebroker.json.5"):
        for text in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", page.read_text(), re.MULTILINE | re.DOTALL):
            yield text.replace("\\e", "\\")


def manual_examples():
    """Those that are JSON objects."""
    return (text for text in manual_displays() if text.startswith("{"))


def nginx_examples():
    """The "server" that the comments of nginx's files ask for, with a camera beside it."""
    for page in sorted(DEPLOY.glob("nginx*.conf")):
        comment = re.sub(r"^# *", "", page.read_text(), flags=re.MULTILINE)
        for server in re.findall(r'^"server": \{.*?\}$', comment, re.MULTILINE | re.DOTALL):
            yield f"{{ {server}, {CAMERAS} }}"


def hashed(password):
    return subprocess.run([PROGRAM, "--hash-password"], input=f"{password}\n", check=True, capture_output=True,
                          text=True).stdout.strip()


def environment_of(text):
    """A value for each ${NAME}: a hash where the name says so, else one that will do as a key, token or secret."""
    return {name: hashed(PASSWORD) if name.endswith("_HASH") else "0123456789abcdef" * 2
            for name in re.findall(r"\$\{(\w+)\}", text)}


class Readme(unittest.TestCase):
    def assert_passes_check(self, text):
        with tempfile.TemporaryDirectory(prefix="framebroker-") as directory:
            path = pathlib.Path(directory, "framebroker.json")
            path.write_text(text)
            result = subprocess.run([PROGRAM, "--check", "--config", path], capture_output=True, text=True,
                                    env={**os.environ, **environment_of(text)})
        self.assertEqual((result.returncode, result.stderr), (0, ""), text)

    def test_every_configuration_passes_check(self):
        require_url_cameras()
        found = {"README": blocks("json"), "manuals": list(manual_examples()), "nginx": list(nginx_examples())}
        for place, texts in found.items():
            self.assertTrue(texts, f"no configuration found in {place}")
            for text in texts:
                with self.subTest(place):
                    self.assert_passes_check(text)

    def test_every_option_in_the_readme_exists(self):
        usage = subprocess.run([PROGRAM, "--help"], check=True, capture_output=True, text=True).stdout
        for option in set(re.findall(r"`framebroker (--[a-z-]+)", README.read_text())):
            self.assertIn(option, usage)

    def test_every_file_in_the_readme_exists(self):
        for name in set(re.findall(r"`((?:config|scripts|tests)/[\w./-]+|[A-Z]+\.md)", README.read_text())):
            self.assertTrue((SOURCE_DIR / name).exists(), name)

    @unittest.skipUnless(shutil.which("ffmpeg"), "ffmpeg is not installed")
    def test_pi_camera_is_shown(self):
        """ffmpeg takes the place of rpicam-vid; all else is as in the README."""
        config = next(text for text in blocks("json") if '"exec"' in text)
        with tempfile.TemporaryDirectory(prefix="framebroker-") as directory:
            program = pathlib.Path(directory, "rpicam-vid")
            program.write_text("#!/bin/sh\n"
                               "exec ffmpeg -v error -re -f lavfi -i testsrc2=size=320x240:rate=15 -f mjpeg -\n")
            program.chmod(0o755)
            environment = {"PATH": f"{directory}:{os.environ['PATH']}"}
            with Server(json.loads(config), environment=environment) as server, \
                    server.stream("/camera/pi/video_feed") as stream:
                stream.frame_where(lambda part: part.state == "live", 20, "a frame of the program")

    @unittest.skipUnless(shutil.which("ffmpeg"), "ffmpeg is not installed")
    def test_camera_that_pushes_is_shown(self):
        """A drawn camera takes the place of /dev/video0; all else is as in the manual."""
        config = next(text for text in manual_examples() if '"push"' in text)
        environment = environment_of(config)
        with Server(json.loads(config), environment=environment) as server:
            script = next(text for text in manual_displays() if text.startswith("ffmpeg")).replace("HOST:8080", f"127.0.0.1:{server.port}")
            script, count = re.subn("^ffmpeg -f v4l2 -i /dev/video0", "exec ffmpeg -v error -re -f lavfi -i "
                                    "testsrc2=size=320x240:rate=15", script)
            self.assertEqual(count, 1)
            with server.stream("/camera/van/video_feed") as stream:
                sender = subprocess.Popen(["bash", "-c", script], env={**os.environ, **environment})
                try:
                    stream.frame_where(lambda part: part.state == "live", 20, "a frame of ffmpeg")
                finally:
                    sender.kill()
                    sender.wait()


if __name__ == "__main__":
    main()
