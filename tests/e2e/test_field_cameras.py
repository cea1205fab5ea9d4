#!/usr/bin/env python3
"""HTTP cameras with the habits that are met in the field."""
import gzip
import pathlib
import tempfile
import unittest

from fake_camera import Camera
from harness import Server, main, plain_picture, require_url_cameras


class FieldCameras(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require_url_cameras()
        with tempfile.TemporaryDirectory() as folder:
            cls.jpeg = plain_picture(pathlib.Path(folder, "a.jpg"), "red").read_bytes()

    def play(self, behaviours, frames):
        """Each camera gives so many frames, all of them whole."""
        cameras = {name: Camera(behave) for name, behave in behaviours.items()}
        for camera in cameras.values():
            self.addCleanup(camera.close)
        config = [{"id": name, "on_demand": False, "source": {"type": "url", "url": camera.address, "fps": 5}}
                  for name, camera in cameras.items()]
        with Server({"cameras": config}) as server:
            for name in cameras:
                camera = server.wait_for_camera(name, lambda camera: camera["frames"]["published"] >= frames
                                                and camera["state"] == "live", 10, f"frames of {name}")
                self.assertEqual(camera["frames"]["invalid"], 0, name)
                self.assertEqual(server.get(f"/camera/{name}/snapshot").body, self.jpeg)

    def answer(self, head, hold=0):
        def behave(camera, connection):
            connection.sendall(head + b"\r\n" + self.jpeg)
            camera.over.wait(hold)
        return behave

    def stream(self, boundary, part, fps=10, first=b""):
        def behave(camera, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=" + boundary
                               + b"\r\n\r\n" + first)
            while not camera.over.wait(1 / fps):
                connection.sendall(part)
        return behave

    def test_snapshots_without_length(self):
        """They are complete at the end of the picture, or of the answer."""
        self.play({"http10": self.answer(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n"),
                   "held": self.answer(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n", 20)}, 3)

    def test_snapshots_of_another_type(self):
        length = b"Content-Length: %d\r\n" % len(self.jpeg)
        self.play({"none": self.answer(b"HTTP/1.1 200 OK\r\n" + length),
                   "text": self.answer(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + length)}, 3)

    def test_snapshots_whose_length_is_wrong(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %b\r\n"
        lengths = {"short": b"300", "long": b"99999", "zero": b"0", "negative": b"-1", "text": b"unknown"}
        self.play({name: self.answer(head % length) for name, length in lengths.items()}, 3)

    def test_picture_without_end_is_no_wrong_length(self):
        """The connection is kept, so its length alone ends the picture."""
        def behave(camera, connection):
            while True:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                                   % (len(self.jpeg) - 2) + self.jpeg[:-2])
                if not connection.recv(4096):
                    return
        self.play({"endless": behave}, 5)

    def test_snapshots_that_are_encoded(self):
        zipped = gzip.compress(self.jpeg)

        def compress(camera, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(zipped)
                               + zipped)

        def chunk(camera, connection):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in (self.jpeg[:100], self.jpeg[100:], b""):
                connection.sendall(b"%x\r\n" % len(piece) + piece + b"\r\n")
        self.play({"gzip": compress, "chunked": chunk}, 3)

    def test_boundaries_and_lengths_that_are_wrong(self):
        head = b"Content-Type: image/jpeg\r\n"
        self.play({
            "blank": self.stream(b"--video boundary--", b"--video boundary--\r\n" + head + b"\r\n" + self.jpeg + b"\r\n"),
            "dashes": self.stream(b"--foo", b"----foo\r\n" + head + b"\r\n" + self.jpeg + b"\r\n"),
            "another": self.stream(b"foo", b"--bar\r\n" + head + b"\r\n" + self.jpeg + b"\r\n"),
            "behind": self.stream(b"foo", head + b"\r\n" + self.jpeg + b"\r\n--foo\r\n"),
            "short": self.stream(b"foo", b"--foo\r\n" + head + b"Content-Length: 99\r\n\r\n" + self.jpeg + b"\r\n"),
            "none": self.stream(b"foo", self.jpeg),
            "bare": self.stream(b"foo", b"--foo\r\n" + self.jpeg + b"\r\n"),
            "long": self.stream(b"foo", b"--foo\r\n" + head + b"Content-Length: 9999\r\n\r\n\r\n" + self.jpeg + b"\r\n"),
        }, 5)

    def test_part_without_length_is_shown_before_the_next_one_comes(self):
        part = b"--foo\r\nContent-Type: image/jpeg\r\n\r\n" + self.jpeg
        self.play({"slow": self.stream(b"foo", b"", fps=1 / 60, first=part)}, 1)


if __name__ == "__main__":
    main()
