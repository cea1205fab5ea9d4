#!/usr/bin/env python3
"""What is masked shows nowhere: in no outlet, no kind of JPEG, and no frame after the answer to a reload. What is rotated
has the size that is reported."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import threading
import time
import unittest

from harness import Server, emulated, eventually, main, pattern, size_of, wait_until

# Left, top, right, bottom.
AREA = (0.5, 0.25, 1, 0.75)
MASK = [[AREA[0], AREA[1]], [AREA[2], AREA[1]], [AREA[2], AREA[3]], [AREA[0], AREA[3]]]
# What a film's lossy encoding may add to black.
FILM_LOSS = 16
MASKED = {"privacy_masks": [MASK]}


def make_picture(path, size, *options):
    """A picture of bright squares. The options are cjpeg's."""
    width, height = size
    squares, rows = random.Random(7), []
    for _ in range(0, height, 4):
        row = b"".join(4 * bytes(squares.randrange(80, 256) for _ in range(3)) for _ in range(0, width, 4))
        rows += 4 * [row[:3 * width]]
    pixels = b"".join(rows[:height])
    path.write_bytes(subprocess.run(["cjpeg", "-quality", "90", *options], input=b"P6 %d %d 255\n" % size + pixels,
                                    stdout=subprocess.PIPE, check=True).stdout)
    return path


def brightest(jpeg):
    """The brightest sample below the mask."""
    ppm = subprocess.run(["djpeg", "-pnm"], input=jpeg, stdout=subprocess.PIPE, check=True).stdout
    kind, size, _, pixels = ppm.split(b"\n", 3)
    width, height = map(int, size.split())
    channels = {b"P5": 1, b"P6": 3}[kind]
    left, top, right, bottom = (round(share * side) for share, side in zip(AREA, (width, height, width, height)))
    row = channels * width
    below = [pixels[y * row + channels * left:y * row + channels * right] for y in range(top, bottom)]
    assert max(pixels[:top // 2 * row]) > 60, "the rest of the picture is to be seen"
    return max(map(max, below))


class Masks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def assert_masked(self, jpeg, what):
        self.assertEqual(brightest(jpeg), 0, what)

    def pictures_of(self, clip, format):
        """Its pictures as JPEG: its own, or made of those of a film."""
        path, pictures = self.folder / "clip", self.folder / f"pictures-{format}"
        path.write_bytes(clip)
        pictures.mkdir()
        codec = ["-q:v", "1"] if format == "mp4" else ["-c", "copy"]
        demuxer = ["-f", "mjpeg"] if format == "mjpeg" else []
        subprocess.run(["ffmpeg", "-v", "error", *demuxer, "-i", path, *codec, "-f", "image2", pictures / "%d.jpg"],
                       check=True)
        return [picture.read_bytes() for picture in pictures.iterdir()]

    def kinds(self):
        """One picture of each kind and size."""
        kinds = [("420", (640, 480), ["-sample", "2x2"]), ("odd", (333, 251), ["-sample", "2x2"]),
                 ("422", (321, 243), ["-sample", "2x1"]), ("444", (200, 161), ["-sample", "1x1"]),
                 ("411", (320, 240), ["-sample", "4x1"]), ("grey", (303, 201), ["-grayscale"]),
                 ("progressive", (320, 240), ["-progressive"]), ("restart", (320, 241), ["-restart", "3B"])]
        return [make_picture(self.folder / f"{name}.jpg", size, *options) for name, size, options in kinds]

    def test_no_outlet_shows_what_is_masked(self):
        picture = make_picture(self.folder / "1.jpg", (650, 490))
        variants = {"variants": {"small": {"width": 320, "quality": 90}}}
        cameras = [emulated("jpeg", [picture], **MASKED, **variants), pattern("raw", 650, 490, **MASKED, **variants),
                   emulated("fast", [picture], rotate=180, rotate_mode="fast", **MASKED, **variants)]
        with Server({"cameras": cameras}) as server:
            for id in ("jpeg", "raw", "fast"):
                for query in ("", "?quality=90", "?width=320", "?width=81&quality=30", "?variant=small"):
                    with self.subTest(camera=id, query=query):
                        self.assert_masked(server.get(f"/camera/{id}/snapshot{query}").body, "snapshot")
                        with server.stream(f"/camera/{id}/video_feed{query}") as stream:
                            for _ in range(3):
                                part = stream.frame_where(lambda part: part.state == "live", 10, "live frames")
                                self.assert_masked(part.body, "stream")
            self.assertEqual(server.get("/api/cameras/raw/privacy_masks").json, {"privacy_masks": [MASK]})
            with server.stream("/feed?cameras=all") as feed:
                for _ in range(9):
                    part = feed.frame_where(lambda part: part.state == "live", 10, "live frames")
                    self.assert_masked(part.body, part.headers["x-camera-id"])

    def test_camera_that_changes_its_kind_and_size_stays_masked(self):
        files = self.kinds()
        with Server({"cameras": [emulated("a", files, fps=20, **MASKED)]}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            sizes = set()
            for _ in range(2 * len(files)):
                part = stream.frame_where(lambda part: part.state == "live", 10, "live frames")
                self.assert_masked(part.body, f"{size_of(part.body)}")
                sizes.add(size_of(part.body))
            self.assertGreater(len(sizes), 5)
            self.assertEqual(server.camera("a")["frames"]["invalid"], 0)

    def test_recordings_and_pictures_of_events_show_no_more(self):
        recordings = self.folder / "recordings"
        recordings.mkdir()

        def config(**options):
            return {"recording": {"path": str(recordings), "segment_s": 10, "min_free": "1 MB"},
                    "cameras": [pattern("a", 640, 480, fps=10, record={"mode": "always"},
                                        motion={"sensitivity": 100, "min_duration_ms": 0}, **options)]}
        path = self.folder / "config.json"
        path.write_text(json.dumps(config()))
        subprocess.run([os.environ["FRAMEBROKER"], "--recordings", "--init", "--config", path], check=True,
                       stdout=subprocess.DEVNULL)
        with Server(config()) as server:
            def recorded(at):
                answer = server.get(f"/camera/a/snapshot?at={at:.3f}")
                return answer.status == 200 and answer.body

            def new_event(known=None):
                events = server.get("/api/history?kind=motion&limit=1").json["events"]
                picture = events[0]["details"]["snapshot"] if events else None
                return picture if picture != known and server.get(picture).status == 200 else None
            wait_until(lambda: recorded(time.time()), 30, "the first recorded frame")
            former = wait_until(new_event, 30, "an event")
            self.assertGreater(brightest(server.get(former).body), 50)
            self.assertEqual(server.reload(config(**MASKED)).status, 200)
            answered = time.time()
            self.assertEqual(server.get(former).status, 404, "a picture from before the mask")
            self.assert_masked(server.get(wait_until(lambda: new_event(former), 30, "an event")).body, "its picture")

            self.assert_masked(wait_until(lambda: recorded(answered + 1), 30, "a recorded frame"), "recorded")
            wait_until(lambda: recorded(answered + 3), 30, "two seconds of a recording")
            for format, loss in (("mjpeg", 0), ("mkv", 0), ("mp4", FILM_LOSS)):
                with self.subTest(clip=format):
                    answer = server.get(f"/camera/a/clip?from={answered:.3f}&to={answered + 3:.3f}&format={format}")
                    if answer.status == 501:
                        continue  # a build without FFmpeg makes no films
                    self.assertEqual(answer.status, 200)
                    pictures = self.pictures_of(answer.body, format)
                    self.assertGreater(len(pictures), 5)
                    for picture in pictures:
                        self.assertLessEqual(brightest(picture), loss)

    def test_no_unmasked_frame_follows_the_answer_to_a_reload(self):
        picture = make_picture(self.folder / "1.jpg", (640, 480))

        def config(**options):
            return {"defaults": {"on_demand": False},
                    "cameras": [emulated("jpeg", [picture], fps=60, **options), pattern("raw", 640, 480, 60, **options)]}
        with Server(config()) as server:
            paths = [f"/camera/{id}/video_feed{query}" for id in ("jpeg", "raw") for query in ("", "?width=320")]
            # They keep the cameras and the variants busy all the time.
            streams = [server.stream(path) for path in paths]
            over = threading.Event()

            def read(stream):
                while not over.is_set():
                    stream.part()
            readers = [threading.Thread(target=read, args=[stream]) for stream in streams]
            for reader in readers:
                reader.start()
            try:
                for round in range(4):
                    self.assertEqual(server.reload(config()).status, 200)
                    for id in ("jpeg", "raw"):
                        eventually(lambda: brightest(server.get(f"/camera/{id}/snapshot?max_age_ms=0").body) > 50, True,
                                   "an unmasked frame")
                    self.assertEqual(server.reload(config(**MASKED)).status, 200)
                    for id in ("jpeg", "raw"):
                        for query in ("?width=320", ""):
                            for _ in range(2):
                                self.assert_masked(server.get(f"/camera/{id}/snapshot{query}").body, (round, id))
                    for path in paths:
                        with server.stream(path) as stream:
                            for _ in range(3):
                                self.assert_masked(stream.frame().body, (round, path))
            finally:
                over.set()
                for reader, stream in zip(readers, streams):
                    reader.join()
                    stream.close()


class Rotation(unittest.TestCase):
    def test_sizes_are_those_after_rotation(self):
        with tempfile.TemporaryDirectory(prefix="framebroker-") as name:
            picture = make_picture(pathlib.Path(name, "1.jpg"), (330, 250), "-sample", "2x2")
            cameras = [emulated("lossless", [picture], rotate=90), emulated("fast", [picture], rotate=90,
                                                                            rotate_mode="fast"),
                       emulated("flip", [picture], flip="horizontal"), pattern("raw", 330, 250, rotate=270)]
            expected = {"lossless": (240, 330), "fast": (250, 330), "flip": (320, 250), "raw": (250, 330)}
            with Server({"cameras": cameras}) as server:
                for id, size in expected.items():
                    with server.stream(f"/camera/{id}/video_feed") as stream:
                        part = stream.frame_where(lambda part: part.state == "live", 10, "live frames")
                        self.assertEqual(size_of(part.body), size)
                        eventually(lambda: (server.camera(id)["width"], server.camera(id)["height"]), size, "its size")

    def test_picture_that_cannot_be_rotated_is_not_shown(self):
        with tempfile.TemporaryDirectory(prefix="framebroker-") as name:
            picture = make_picture(pathlib.Path(name, "1.jpg"), (12, 12), "-sample", "2x2")
            with Server({"cameras": [emulated("a", [picture], fps=100, rotate=180)]}) as server, \
                    server.stream("/camera/a/video_feed") as stream:
                stream.frame_where(lambda part: part.state == "offline", 20, "the camera's failure")
                camera = server.camera("a")
                self.assertIn("too small to be rotated", camera["error"])
                self.assertEqual(camera["frames"]["published"], 0)


if __name__ == "__main__":
    main()
