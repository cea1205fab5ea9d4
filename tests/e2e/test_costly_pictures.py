#!/usr/bin/env python3
"""Small pictures that take long to decode: they are refused, or cost the other cameras nothing."""
import http.client
import struct
import threading
import unittest

from harness import TIME_SCALE, Server, main, pattern, wait_until

KEY = "correct-horse"


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def costly_jpeg(side, scans):
    """Grey and progressive: one scan of all DC coefficients, the others of one AC coefficient each, all of them zero."""
    blocks = (side // 8) ** 2
    one_code = bytes([1] + 15 * [0])  # a table of one code, a single 0
    dc, ac = b"\x00" + one_code + b"\x00", b"\x10" + one_code + b"\xe0"  # the latter: 16384 empty blocks, and 14 bits
    jpeg = b"\xff\xd8" + segment(0xDB, bytes([0] + 64 * [1])) + segment(0xC4, dc + ac)
    jpeg += segment(0xC2, struct.pack(">BHHB3B", 8, side, side, 1, 1, 0x11, 0))
    jpeg += segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(-(-blocks // 8))
    for coefficient in range(1, scans):
        jpeg += segment(0xDA, bytes([1, 1, 0, coefficient, coefficient, 0])) + bytes(-(-blocks // 16384) * 15 // 8 + 1)
    return jpeg + b"\xff\xd9"


class Pusher:
    """Pushes one picture over and over until it is closed."""

    def __init__(self, server, jpeg):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.push, args=(server.port, jpeg))
        self.thread.start()

    def parts(self, jpeg):
        while not self.over.wait(0.1):
            yield b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n"

    def push(self, port, jpeg):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20 * TIME_SCALE)
        try:
            connection.request("POST", "/camera/costly/ingest", self.parts(jpeg), encode_chunked=True, headers={
                "Authorization": f"Bearer {KEY}", "Content-Type": "multipart/x-mixed-replace;boundary=b",
                "Transfer-Encoding": "chunked"})
            connection.getresponse()
        except OSError:
            pass
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def server():
    costly = {"id": "costly", "on_demand": False, "source": {"type": "push", "key": KEY}}
    return Server({"server": {"workers": 2}, "cameras": [pattern("good", 320, 240, fps=10, on_demand=False), costly]})


class CostlyPictures(unittest.TestCase):
    def test_picture_of_too_many_scans_is_refused(self):
        with server() as running, Pusher(running, costly_jpeg(4000, 64)):
            camera = running.wait_for_camera("costly", lambda camera: camera["frames"]["invalid"] > 2, 10, "refusals")
            self.assertEqual(camera["state"], "starting")
            wait_until(lambda: "takes too much work" in running.log(), 5, "the reason")

    def test_variants_of_a_costly_camera_leave_the_others_theirs(self):
        """And the server still stops in time, with decodes under way."""
        with server() as running, Pusher(running, costly_jpeg(3000, 19)):
            running.wait_for_camera("costly", lambda camera: camera["state"] == "live", 15, "the first picture")
            streams = [running.stream(f"/camera/costly/video_feed?width={width}") for width in (400, 900, 1400, 1900)]
            for stream in streams:
                self.addCleanup(stream.close)
            streams[0].frame_where(lambda part: part.state == "live", 15, "a variant of the costly camera")
            before = running.camera("good")["frames"]
            with running.stream("/camera/good/video_feed?width=160") as variant:
                for _ in range(20):
                    variant.frame()
            after = running.camera("good")["frames"]
            published, dropped = (after[key] - before[key] for key in ("published", "dropped"))
            self.assertGreater(published, dropped)
            running.signal()  # which fails after 2 s


if __name__ == "__main__":
    main()
