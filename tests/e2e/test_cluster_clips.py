"""Clips of what other nodes have recorded, made here of the pictures that they send."""
import contextlib
import pathlib
import signal
import socket
import subprocess
import time
import unittest
from types import SimpleNamespace

from harness import PATIENCE_S, SANITIZED, TIME_SCALE, Server, emulated, main, wait_until
from nats_cluster import NatsServer, live, node, require_nats_server, wait_for_import
from recordings import Recordings, noise, seconds_of

ADMIN, LIVE_ONLY, ELSEWHERE = "admin-0123456789abcdefgh", "live-only-0123456789abcd", "elsewhere-0123456789abcd"
# A picture of this size is sent in several pieces.
LARGE, LARGE_BYTES = "800x600", 20 << 20
RECORDED_S = 3


def setUpModule():
    require_nats_server()


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def pictures_of(film):
    """The JPEGs of a film, as they are."""
    return subprocess.run(["ffmpeg", "-v", "error", "-i", film, "-c", "copy", "-f", "mjpeg", "-"], capture_output=True,
                          check=True).stdout


def probe(film):
    """Codec and number of frames."""
    lines = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                            "stream=codec_name,nb_read_frames", "-of", "default=nw=1:nk=1", film], capture_output=True,
                           check=True, text=True).stdout.split()
    return lines[0], int(lines[1])


class Download:
    """A clip that is taken as slowly as the test wants."""

    def __init__(self, server, path):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.socket.settimeout(PATIENCE_S * TIME_SCALE)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ADMIN}\r\n\r\n".encode())
        self.body = b""
        while b"\r\n\r\n" not in self.body:
            self.body += self.socket.recv(1000)
        self.head, self.body = self.body.split(b"\r\n\r\n", 1)
        assert b" 200 " in self.head.split(b"\r\n")[0], self.head

    def rest(self):
        """All of the body. ConnectionResetError: it was cut."""
        while more := self.socket.recv(65536):
            self.body += more
        return self.body

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Nodes:
    """A site that records a small camera and one of large pictures, and a wall that records nothing."""

    def __init__(self, test):
        self.recordings = Recordings(test)
        self.nats = test.enterContext(NatsServer())
        record = {"record": {"mode": "always"}}
        picture = noise(self.recordings.path.parent / "large.jpg", LARGE)
        cameras = [live("front", **record), live("off"),
                   {**emulated("large", [picture], fps=10), "on_demand": False, **record}]
        site = node(self.nats.url, "site-a", *cameras)
        wall = node(self.nats.url, "wall", live("own"), imports=["*/*"])
        wall["tokens"] = [{"name": "admin", "token": ADMIN, "rights": "admin"},
                          {"name": "live-only", "token": LIVE_ONLY, "recordings": False},
                          {"name": "elsewhere", "token": ELSEWHERE, "cameras": ["own"]}]
        self.site = test.enterContext(Server({**site, **self.recordings.config(*cameras)}))
        self.wall = test.enterContext(Server(wall))
        self.began = time.time()
        wait_until(lambda: self.site.camera("large")["recording"]["bytes"] > LARGE_BYTES, PATIENCE_S, "large pictures")
        self.end = max(self.newest("large"), self.began + RECORDED_S)
        for camera in ("front", "large"):
            wait_until(lambda: self.newest(camera) > self.end, PATIENCE_S, "the recording")
            wait_until(lambda: self.ask(f"/api/cameras/site-a.{camera}").status == 200, PATIENCE_S, "the import")

    def newest(self, camera):
        """The time of what is surely on the disk."""
        newest = self.site.camera(camera)["recording"]["newest"]
        return seconds_of(newest) if newest else 0

    def ask(self, path, token=ADMIN, method="GET"):
        return self.wall.get(path, method, {"Authorization": f"Bearer {token}"})

    def query(self, begin=1, end=None, **more):
        period = {"from": utc(self.began + begin), "to": utc(self.began + end if end else self.end), **more}
        return "clip?" + "&".join(f"{name}={value}" for name, value in period.items())


class Clips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nodes = Nodes(SimpleNamespace(addCleanup=cls.addClassCleanup, enterContext=cls.enterClassContext))

    def clips(self, camera, **query):
        """The same one here and at its node."""
        path = self.nodes.query(**query)
        own, imported = (ask(f"/camera/{id}/{path}") for ask, id in (
            (self.nodes.site.get, camera), (self.nodes.ask, f"site-a.{camera}")))
        if own.status == 501:
            self.skipTest("a build without FFmpeg makes no films")
        self.assertEqual((own.status, imported.status), (200, 200), imported.body[:300])
        return own, imported

    def film(self, answer):
        path = pathlib.Path(self.nodes.recordings.path.parent, "film")
        path.write_bytes(answer.body)
        return path

    def test_mjpeg_is_what_the_node_has_recorded(self):
        for camera, query in (("front", {}), ("large", {}), ("front", {"fps": 3}), ("front", {"begin": 2, "end": 2.5})):
            with self.subTest(camera=camera, **query):
                own, imported = self.clips(camera, format="mjpeg", **query)
                self.assertTrue(own.body)
                self.assertTrue(own.body == imported.body, f"{len(imported.body)} bytes, not {len(own.body)}")
                self.assertEqual(imported.headers["Content-Type"], "video/x-motion-jpeg")
                self.assertRegex(imported.headers["Content-Disposition"],
                                 rf'^attachment; filename="site-a.{camera}_\d{{8}}T\d{{6}}Z.mjpeg"$')

    def test_films_have_the_same_pictures(self):
        for camera in ("front", "large"):
            own, imported = self.clips(camera, format="mkv")
            expected = pictures_of(self.film(own))
            self.assertTrue(expected == pictures_of(self.film(imported)), camera)
        own, imported = self.clips("front", format="mp4")
        self.assertEqual(probe(self.film(own)), probe(self.film(imported)))
        own, imported = self.clips("front", format="mp4", speed=20)
        self.assertEqual(probe(self.film(own)), probe(self.film(imported)))

    def test_stream_at_full_speed_has_every_frame(self):
        for camera in ("front", "large"):
            feed = self.nodes.query().replace("clip?from=", "video_feed?speed=max&at=")
            own, imported = (self.parts(server, f"/camera/{id}/{feed}") for server, id in (
                (self.nodes.site, camera), (self.nodes.wall, f"site-a.{camera}")))
            self.assertGreater(len(own), 2)
            self.assertEqual([(part.sequence, part.timestamp) for part in own],
                             [(part.sequence, part.timestamp) for part in imported])
            self.assertTrue(all(a.body == b.body for a, b in zip(own, imported)))

    @staticmethod
    def parts(server, path):
        """All of a stream that ends."""
        with server.stream(path, headers={"Authorization": f"Bearer {ADMIN}"}) as stream:
            parts = []
            with contextlib.suppress(EOFError):
                while True:
                    parts.append(stream.part())
        return parts

    def test_head_tells_what_a_clip_would_be(self):
        answer = self.nodes.ask("/camera/site-a.front/" + self.nodes.query(format="mjpeg"), method="HEAD")
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.body),
                         (200, "video/x-motion-jpeg", b""))

    def test_what_cannot_be_is_refused(self):
        for path, token, status, code in (
                ("site-a.front/clip?from=10&to=20&format=mjpeg", ADMIN, 404, "no_recording"),
                ("site-a.off/" + self.nodes.query(format="mjpeg"), ADMIN, 404, "no_recording"),
                ("site-a.front/clip?from=10&format=mjpeg", ADMIN, 400, "bad_parameter"),
                ("site-a.front/" + self.nodes.query(format="avi"), ADMIN, 400, "bad_parameter"),
                ("site-a.front/" + self.nodes.query(format="mjpeg"), LIVE_ONLY, 403, "forbidden"),
                ("site-a.front/" + self.nodes.query(format="mjpeg"), ELSEWHERE, 404, "no_such_camera"),
                ("own/" + self.nodes.query(format="mjpeg"), ADMIN, 404, "no_recording")):
            answer = self.nodes.ask("/camera/" + path, token)
            self.assertEqual((answer.status, answer.error_code), (status, code), path)

    def test_slow_client_holds_the_node_back(self):
        path = self.nodes.query(format="mjpeg", begin=0)
        whole = self.nodes.site.get(f"/camera/large/{path}").body
        self.assertGreater(len(whole), LARGE_BYTES / 2)
        before = self.nodes.wall.memory_kb()
        with Download(self.nodes.wall, f"/camera/site-a.large/{path}") as download:
            def taken():
                return self.nodes.nats.connections()["site-a"]["in_bytes"]
            began = taken()
            sent = [0, began]

            def stands_still():
                sent[:] = [sent[1], taken()]
                return sent[1] - sent[0] < 100_000
            wait_until(lambda: time.sleep(0.5) or stands_still(), PATIENCE_S, "the node to be held back")
            if not SANITIZED:
                self.assertLess(self.nodes.wall.memory_kb() - before, 8 << 10)
            self.assertLess(taken() - began, len(whole) / 2)
            self.assertTrue(download.rest() == whole)


class Faults(unittest.TestCase):
    def setUp(self):
        self.nodes = Nodes(self)
        self.path = "/camera/site-a.large/" + self.nodes.query(format="mjpeg", begin=0)

    def test_clip_is_cut_when_the_node_leaves(self):
        with Download(self.nodes.wall, self.path) as download:
            self.nodes.site.kill()
            with self.assertRaises(ConnectionResetError):
                download.rest()
        wait_until(lambda: "a recording cannot be read: node site-a" in self.nodes.wall.log(), PATIENCE_S, "the log")
        answer = self.nodes.ask(self.path)
        self.assertEqual((answer.status, answer.error_code), (503, "node_unreachable"), answer.text)
        self.assertIn("site-a", answer.json["error"]["message"])

    def test_program_ends_while_a_node_hangs(self):
        with Download(self.nodes.wall, self.path) as download:
            self.nodes.site.process.send_signal(signal.SIGSTOP)
            try:
                with contextlib.suppress(TimeoutError):  # until nothing comes any more
                    download.socket.settimeout(1)
                    download.rest()
                self.nodes.wall.signal()
            finally:
                self.nodes.site.process.send_signal(signal.SIGCONT)


if __name__ == "__main__":
    main()
