#!/usr/bin/env python3
"""framebroker --probe: what a camera sends, and the source to configure."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from fake_camera import Camera
from harness import PROGRAM, TIME_SCALE, main, plain_picture, require_url_cameras

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "


def probe(*arguments, **environment):
    return subprocess.run([PROGRAM, "--probe", *arguments], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environment})


def at_once(function, values):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(function, values))


class Probe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require_url_cameras()
        with tempfile.TemporaryDirectory() as folder:
            cls.jpeg = plain_picture(pathlib.Path(folder, "a.jpg"), "red").read_bytes()

    def camera(self, behave):
        camera = Camera(behave)
        self.addCleanup(camera.close)
        return camera

    def stream(self, content_type, part, pictures=None):
        def behave(camera, connection):
            connection.sendall(HEAD + content_type + b"\r\n\r\n")
            sent = 0
            while sent != pictures and not camera.over.wait(0.05):
                connection.sendall(part)
                sent += 1
        return self.camera(behave)

    def part(self, delimiter=b"--foo", length=None, content_type=b"image/jpeg", jpeg=None):
        jpeg = jpeg or self.jpeg
        head = b"%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (
            delimiter, content_type, len(jpeg) if length is None else length)
        return head + b"\r\n" + jpeg + b"\r\n"

    def report(self, address, **environment):
        """Of a camera that gives pictures; its source passes --check."""
        result = probe(address, "--json", **environment)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)
        report = json.loads(result.stdout)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"cameras": [{"id": "a", "source": report["source"]}]}, file)
            file.flush()
            check = subprocess.run([PROGRAM, "--check", "--config", file.name], capture_output=True, text=True,
                                   env={"CAM_USER": "u", "CAM_PASSWORD": "p", "CAM_QUERY": "q", "CAM_PATH": "x"})
        self.assertEqual(check.returncode, 0, check.stderr)
        return report

    def reports(self, *addresses, **environment):
        return at_once(lambda address: self.report(address, **environment), addresses)

    def test_sound_stream_has_nothing_odd(self):
        camera = self.stream(b"multipart/x-mixed-replace;boundary=foo", self.part())
        report = self.report(camera.address)
        self.assertEqual((report["codec"], report["width"], report["height"], report["odd"]), ("MJPEG", 320, 240, []))
        self.assertEqual(report["answer"], "multipart/x-mixed-replace;boundary=foo")
        self.assertEqual(report["source"], {"type": "url", "url": camera.address})
        self.assertTrue(5 < report["fps"] < 21, report["fps"])

    def test_what_is_odd_is_said(self):
        foo = b"multipart/x-mixed-replace;boundary=foo"
        cameras = {
            "not the declared boundary": self.stream(foo, self.part(b"--bar")),
            "declares no boundary": self.stream(b"multipart/x-mixed-replace", self.part()),
            "Content-Length of its pictures is wrong": self.stream(foo, self.part(length=9)),
            "is not image/jpeg": self.stream(foo, self.part(content_type=b"text/plain")),
            "lack their end": self.stream(foo, self.part(jpeg=self.jpeg[:-2])),
            "flawed, though no pixel is lost": self.stream(
                foo, self.part(jpeg=self.jpeg[:-2] + 20 * b"\x12" + self.jpeg[-2:]))}
        for words, odd in zip(cameras, self.reports(*(camera.address for camera in cameras.values()))):
            self.assertEqual(len(odd["odd"]), 1, odd)
            self.assertIn(words, odd["odd"][0])

    def test_clock_that_is_off_is_said(self):
        stamp = b"--foo\r\nX-Timestamp: %d.5" % (time.time() - 3600)
        odd = self.report(self.stream(b"multipart/x-mixed-replace;boundary=foo", self.part(stamp)).address)["odd"]
        self.assertRegex(odd[0], r"its clock is 36[0-9][0-9] s behind")

    def test_one_picture_a_connection(self):
        odd = self.report(self.stream(b"multipart/x-mixed-replace;boundary=foo", self.part(), 1).address)["odd"]
        self.assertIn("it ends a connection after 1 picture", odd)

    def test_snapshot_of_another_type(self):
        def behave(camera, connection):
            connection.sendall(HEAD + b"text/plain\r\nContent-Length: %d\r\n\r\n" % len(self.jpeg) + self.jpeg)
        report = self.report(self.camera(behave).address + "?action=snapshot")
        self.assertTrue(report["single_pictures"])
        self.assertNotIn("fps", report)
        self.assertEqual(report["source"]["fps"], 1)
        self.assertIn("?action=snapshot", report["source"]["url"])
        self.assertEqual(len(report["odd"]), 1, report["odd"])

    def test_login_is_never_printed(self):
        camera = self.stream(b"multipart/x-mixed-replace;boundary=foo", self.part())
        addresses = {
            camera.address.replace("//", "//viewer:geheim@"): camera.address,
            camera.address.replace("//", "//${CAM_USER}:${CAM_PASSWORD}@"): camera.address,
            camera.address.replace("//", "//viewer:geheim@") + "a?usr=viewer&pwd=geheim":
                camera.address + "a?${CAM_QUERY}",
            camera.address.replace("//", "//viewer@") + "a/user=viewer&password=geheim&channel=1":
                camera.address + "a/${CAM_PATH}"}
        environment = {"CAM_USER": "viewer", "CAM_PASSWORD": "geheim"}
        for report, url in zip(self.reports(*addresses, **environment), addresses.values()):
            self.assertEqual(report["source"], {"type": "url", "url": url, "username": "${CAM_USER}",
                                                "password": "${CAM_PASSWORD}"})
        for result in at_once(lambda address: probe(address, "--verbose", **environment), addresses):
            self.assertEqual(result.returncode, 0)
            self.assertNotRegex(result.stdout + result.stderr, "geheim|viewer")

    def test_what_a_camera_says_moves_no_cursor(self):
        camera = self.stream(b"multipart/x-mixed-replace;boundary=foo;\x1b[2J", self.part())
        self.assertNotIn("\x1b", probe(camera.address).stdout)

    def test_failure_is_explained(self):
        def refuse(camera, connection):
            connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\n"
                               b"Content-Length: 0\r\n\r\n")
        address = self.camera(refuse).address.replace("//", "//viewer:geheim@") + "?p=geheim"
        result = probe(address, "--json")
        self.assertEqual(result.returncode, 1)
        report = json.loads(result.stdout)
        self.assertEqual(report["login"], "Basic")
        self.assertNotIn("source", report)
        self.assertIn("check username and password", report["error"])
        self.assertEqual(result.stderr, f"framebroker: {report['error']}\n")
        self.assertNotIn("geheim", result.stdout)

    def test_silent_camera_takes_about_ten_seconds(self):
        began = time.monotonic()
        result = probe(self.camera(lambda camera, connection: camera.over.wait(30)).address)
        self.assertEqual(result.returncode, 1)
        self.assertIn("does not answer in time", result.stderr)
        self.assertLess(time.monotonic() - began, 10 + 5 * TIME_SCALE)

    def test_faulty_address_is_bad_usage(self):
        for address, words in (("ftp://host/", "must begin with rtsp"), ("http://${ABSENT}/", "ABSENT is not set"),
                               ("", "must be an address")):
            result = probe(address)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertTrue(result.stderr.startswith("framebroker: --probe: "), result.stderr)
            self.assertIn(words, result.stderr)


if __name__ == "__main__":
    main()
