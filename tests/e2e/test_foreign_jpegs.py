#!/usr/bin/env python3
"""Pictures made by programs that are not ours, played and read back by programs that are not ours."""
import pathlib
import re
import subprocess
import tempfile
import unittest

from harness import SOURCE_DIR, TIME_SCALE, Server, decode_fault, emulated, main


def pixels(jpeg):
    """What libjpeg makes of a picture, as PPM or PGM."""
    return subprocess.run(["djpeg", "-pnm"], input=jpeg, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout


class ForeignPictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="framebroker-")
        cls.addClassCleanup(scratch.cleanup)
        subprocess.run([SOURCE_DIR / "tests/e2e/make_foreign_jpegs", scratch.name], check=True,
                       stdout=subprocess.DEVNULL)
        files = sorted(pathlib.Path(scratch.name).glob("*.jp*g"))
        assert len(files) >= 9, f"only {len(files)} pictures were made"
        cls.pictures = {re.sub("[^a-z0-9]", "-", file.stem.lower()): file for file in files}
        cls.server = Server({"cameras": [emulated(id, [file], fps=10) for id, file in cls.pictures.items()]})
        cls.addClassCleanup(cls.server.__exit__, None)

    def test_streams_show_the_same_pixels(self):
        for id, file in self.pictures.items():
            with self.subTest(picture=file.name):
                with self.server.stream(f"/camera/{id}/video_feed") as stream:
                    part = stream.frame_where(lambda part: part.state == "live", 5, "a live frame")
                self.assertEqual(decode_fault(part.body), "")
                self.assertEqual(pixels(part.body), pixels(file.read_bytes()))

    def test_published_pictures_have_huffman_tables(self):
        for id, file in self.pictures.items():
            with self.subTest(picture=file.name):
                self.assertIn(b"\xff\xc4", self.server.get(f"/camera/{id}/snapshot").body)

    def test_ffmpeg_reads_the_stream(self):
        for id, file in self.pictures.items():
            with self.subTest(picture=file.name):
                url = f"http://127.0.0.1:{self.server.port}/camera/{id}/video_feed"
                result = subprocess.run(
                    ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-f", "mpjpeg", "-i", url, "-frames:v", "5",
                     "-f", "framemd5", "-"], capture_output=True, text=True, timeout=30 * TIME_SCALE)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                frames = [line for line in result.stdout.splitlines() if not line.startswith("#")]
                self.assertEqual(len(frames), 5)

    def test_curl_saves_the_stream(self):
        for id, file in self.pictures.items():
            with self.subTest(picture=file.name):
                url = f"http://127.0.0.1:{self.server.port}/camera/{id}/video_feed"
                result = subprocess.run(["curl", "-sS", "--max-time", "1", url], capture_output=True)
                self.assertEqual(result.returncode, 28, result.stderr)  # the time is over, and it was still reading
                boundary = result.stdout.split(b"\r\n", 1)[0]
                parts = result.stdout.split(boundary + b"\r\n")[1:-1]
                self.assertGreaterEqual(len(parts), 3)
                for part in parts:
                    body = part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
                    self.assertEqual(decode_fault(body), "")

    def test_curl_saves_the_snapshot(self):
        for id, file in self.pictures.items():
            with self.subTest(picture=file.name):
                result = subprocess.run(["curl", "-sSf", f"http://127.0.0.1:{self.server.port}/camera/{id}/snapshot"],
                                        capture_output=True, check=True)
                self.assertEqual(pixels(result.stdout), pixels(file.read_bytes()))

    def test_status_tells_their_size(self):
        for id, file in self.pictures.items():
            with self.subTest(picture=file.name):
                self.server.get(f"/camera/{id}/snapshot")
                header = pixels(file.read_bytes()).split(b"\n", 3)
                camera = self.server.camera(id)
                self.assertEqual(f"{camera['width']} {camera['height']}", header[1].decode())


if __name__ == "__main__":
    main()
