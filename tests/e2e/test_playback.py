#!/usr/bin/env python3
"""What was recorded, played: streams, snapshots, clips and the history."""
import base64
import contextlib
import csv
import io
import json
import pathlib
import subprocess
import tempfile
import time
import unittest
from datetime import datetime, timezone

from harness import TIME_SCALE, Server, decode_fault, main, pattern, size_of, wait_until
from recordings import assert_none_lost

RECORDED_S = 6


def hash_password(program):
    return subprocess.run([program, "--hash-password"], input="secret\n", text=True, capture_output=True,
                          check=True).stdout.strip()


def utc(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def recording(directory, **settings):
    folder = pathlib.Path(directory, "recordings")
    folder.mkdir()
    (folder / ".framebroker-recordings").touch()
    return {"path": str(folder), "segment_s": 2, **settings}


def record(id, **camera):
    return pattern(id, **camera, record={"mode": "always"})


def time_of(part):
    return float(part.headers["x-timestamp"])


def parts_of(server, path):
    """All parts of a stream that ends."""
    with server.stream(path) as stream:
        assert stream.status == 200, stream.status
        parts = []
        with contextlib.suppress(EOFError):
            while True:
                parts.append(stream.part())
        return parts


def frames_in(path):
    """Codec and number of frames of a film."""
    probed = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                             "stream=codec_name,width,height,nb_read_frames:format=duration", "-of", "json", path],
                            capture_output=True, check=True)
    stream = json.loads(probed.stdout)["streams"][0]
    return stream["codec_name"], int(stream["nb_read_frames"])


class Playback(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="framebroker-")
        cls.server = Server({"recording": recording(cls.directory.name),
                             "cameras": [record("a", width=320, height=240, fps=20),
                                         record("b", width=160, height=120, fps=5), pattern("c")]})
        wait_until(lambda: cls.server.get(f"/camera/b/snapshot?at={utc(time.time())}").status == 200, 10, "a recording")
        cls.begin = time.time()
        wait_until(lambda: time.time() > cls.begin + RECORDED_S + 2, 20, "some seconds of recording")
        cls.end = cls.begin + RECORDED_S

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.directory.cleanup()

    def url(self, path, offset=1.0, **query):
        query = {"at": utc(self.begin + offset), **query}
        return path + "?" + "&".join(f"{name}={value}" for name, value in query.items())

    def all_parts(self, path="/camera/a/video_feed", first=1.0, last=RECORDED_S):
        return parts_of(self.server, self.url(path, first, to=utc(self.begin + last), speed="max"))

    def test_a_snapshot_is_the_frame_that_was_newest(self):
        for offset in (1, 2.5, 4):
            answer = self.server.get(self.url("/camera/a/snapshot", offset))
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["x-recorded"], "1")
            age = self.begin + offset - time_of(answer)
            self.assertTrue(-0.001 <= age <= 0.3 * TIME_SCALE, age)
            self.assertEqual(size_of(answer.body), (320, 240))

    def test_a_snapshot_can_be_a_variant(self):
        answer = self.server.get(self.url("/camera/a/snapshot", 2, width=160))
        self.assertEqual((answer.status, size_of(answer.body)), (200, (160, 120)))
        self.assertEqual(answer.headers["x-recorded"], "1")

    def test_where_nothing_was_recorded_there_is_no_snapshot(self):
        for path in (f"/camera/a/snapshot?at={utc(self.begin - 3600)}", self.url("/camera/c/snapshot")):
            answer = self.server.get(path)
            self.assertEqual((answer.status, answer.error_code), (404, "no_recording"))

    def test_a_stream_is_paced_by_the_capture_times(self):
        with self.server.stream(self.url("/camera/a/video_feed", 1)) as stream:
            first = stream.part()
            began = time.monotonic()
            self.assertLessEqual(abs(time_of(first) - self.begin - 1), 0.3 * TIME_SCALE)
            self.assertEqual(first.headers["x-recorded"], "1")
            self.assertEqual(first.headers["x-camera-id"], "a")
            sequence = int(first.headers["x-sequence"])
            while time_of(part := stream.part()) < time_of(first) + 1.5:
                self.assertGreater(int(part.headers["x-sequence"]), sequence)
                sequence = int(part.headers["x-sequence"])
            self.assertGreater(time.monotonic() - began, 1.2)

    def test_speed_makes_it_faster(self):
        began = time.monotonic()
        parts = parts_of(self.server, self.url("/camera/b/video_feed", 0.5, to=utc(self.end), speed=8))
        self.assertLess(time.monotonic() - began, RECORDED_S - 0.5, "as long as it lasted")
        self.assertGreater(len(parts), 5)

    def test_as_fast_as_the_client_takes_it_nothing_is_left_out(self):
        parts = self.all_parts()
        sequences = [int(part.headers["x-sequence"]) for part in parts]
        assert_none_lost(self, sequences, self.server.camera("a"))
        self.assertGreater(len(parts), 70 / TIME_SCALE)
        self.assertTrue(all(self.begin + 0.999 <= time_of(part) <= self.end + 0.001 for part in parts))

    def test_cameras_follow_each_other_in_the_order_of_their_capture(self):
        parts = self.all_parts("/feed")
        times = [time_of(part) for part in parts]
        self.assertEqual(times, sorted(times))
        self.assertEqual({part.headers["x-camera-id"] for part in parts}, {"a", "b"})

    def test_cameras_stay_in_step(self):
        shown = {}
        with self.server.stream(self.url("/feed", 1, cameras="a,b")) as stream:
            for _ in range(40):
                part = stream.part()
                shown[part.headers["x-camera-id"]] = time_of(part)
                if len(shown) == 2:  # a frame of b lasts 0.2 s; what else there is, a busy machine needs
                    self.assertLess(abs(shown["a"] - shown["b"]), 0.2 + 0.4 * TIME_SCALE)

    def test_rate_and_size_are_as_live(self):
        with self.server.stream(self.url("/camera/a/video_feed", 0.5, fps=5, width=160)) as stream:
            parts = [stream.part() for _ in range(6)]
        self.assertTrue(all(size_of(part.body) == (160, 120) for part in parts))
        self.assertTrue(all(part.headers["x-recorded"] == "1" for part in parts))
        self.assertGreater(time_of(parts[-1]) - time_of(parts[0]), 0.8)

    def test_it_ends_at_the_end(self):
        began = time.monotonic()
        parts = parts_of(self.server, self.url("/camera/a/video_feed", 1, to=utc(self.begin + 1.5)))
        self.assertLess(time.monotonic() - began, 5 * TIME_SCALE)
        self.assertLessEqual(time_of(parts[-1]), self.begin + 1.501)

    def test_it_goes_on_live(self):
        with self.server.stream(f"/camera/a/video_feed?at={utc(time.time() - 3)}&speed=16&live=1") as stream:
            recorded, live, last = 0, 0, 0
            while live < 5:
                part = stream.frame()
                sequence = int(part.headers["x-sequence"])
                self.assertGreater(sequence, last)
                last = sequence
                recorded += "x-recorded" in part.headers
                live += "x-recorded" not in part.headers
            self.assertGreater(recorded, 3)
            self.assertLess(time.time() - time_of(part), 1 * TIME_SCALE)

    def test_an_mjpeg_clip_is_the_recorded_pictures(self):
        pictures = b"".join(part.body for part in self.all_parts())
        path = f"/camera/a/clip?from={utc(self.begin + 1)}&to={utc(self.end)}&format=mjpeg"
        clip = self.server.get(path)
        self.assertEqual((clip.status, clip.headers["Content-Type"]), (200, "video/x-motion-jpeg"))
        self.assertRegex(clip.headers["Content-Disposition"], r'^attachment; filename="a_\d{8}T\d{6}Z.mjpeg"$')
        self.assertEqual(clip.body, pictures)

    def finished_clip(self):
        """Of segments that are no longer written to."""
        path = f"/camera/a/clip?from={utc(self.begin)}&to={utc(self.begin + 2)}&format=mjpeg"
        wait_until(lambda: "Content-Length" in self.server.get(path, "HEAD").headers, 10, "the end of the segments")
        return path

    def test_ranges_of_a_finished_clip(self):
        path = self.finished_clip()
        whole = self.server.get(path).body
        for text, first, last in (("bytes=0-99", 0, 99), ("bytes=1000-", 1000, len(whole) - 1),
                                  ("bytes=-500", len(whole) - 500, len(whole) - 1),
                                  (f"bytes=50000-{10 ** 12}", 50000, len(whole) - 1)):
            answer = self.server.get(path, headers={"Range": text})
            self.assertEqual(answer.status, 206, text)
            self.assertEqual(answer.headers["Content-Range"], f"bytes {first}-{last}/{len(whole)}")
            self.assertEqual(answer.body, whole[first:last + 1], text)
        answer = self.server.get(path, headers={"Range": f"bytes={len(whole)}-"})
        self.assertEqual((answer.status, answer.headers["Content-Range"]), (416, f"bytes */{len(whole)}"))
        for text in ("bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4"):
            self.assertEqual(self.server.get(path, headers={"Range": text}).status, 200, text)

    def film(self, **query):
        query = {"from": utc(self.begin + 1), "to": utc(self.end), **query}
        answer = self.server.get("/camera/a/clip?" + "&".join(f"{name}={value}" for name, value in query.items()))
        if answer.status == 501:
            self.skipTest("a build without FFmpeg makes no films")
        self.assertEqual(answer.status, 200)
        path = pathlib.Path(self.directory.name, "film")
        path.write_bytes(answer.body)
        return path

    def test_a_matroska_clip_has_the_pictures_untouched(self):
        pictures = self.all_parts()
        path = self.film(format="mkv")
        self.assertEqual(frames_in(path), ("mjpeg", len(pictures)))
        copied = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-c", "copy", "-f", "mjpeg", "-"],
                                capture_output=True, check=True).stdout
        self.assertEqual(copied, b"".join(part.body for part in pictures))

    def test_an_mp4_clip_is_h264(self):
        self.assertEqual(frames_in(self.film(format="mp4")), ("h264", len(self.all_parts())))

    def test_a_timelapse_is_a_fast_clip(self):
        codec, count = frames_in(self.film(format="mp4", speed=20))
        self.assertEqual(codec, "h264")
        self.assertTrue(3 <= count <= 30, count)

    def test_what_cannot_be_is_refused(self):
        for path, status, code in (
                ("/camera/a/video_feed?at=yesterday", 400, "bad_parameter"),
                ("/camera/a/video_feed?at=10&to=5", 400, "bad_parameter"),
                ("/camera/a/video_feed?at=10&speed=0", 400, "bad_parameter"),
                ("/camera/a/video_feed?at=10&speed=65", 400, "bad_parameter"),
                ("/camera/a/clip?from=10", 400, "bad_parameter"),
                ("/camera/a/clip?from=10&to=20&format=avi", 400, "bad_parameter"),
                ("/camera/a/clip?from=10&to=20", 404, "no_recording"),
                ("/camera/nobody/clip?from=10&to=20", 404, "no_such_camera"),
                ("/api/history?format=xml", 400, "bad_parameter"),
                ("/api/history?after=999999999", 400, "bad_parameter"),
                ("/api/history?camera=nobody", 200, None)):
            answer = self.server.get(path)
            self.assertEqual(answer.status, status, path)
            if code:
                self.assertEqual(answer.error_code, code, path)

    def test_clients_that_leave_cost_nothing(self):
        before = self.server.descriptors()
        for _ in range(5):
            with self.server.stream(self.url("/feed", 1)) as stream:
                stream.part()
            with self.server.stream(self.url("/feed", 1, speed="max")) as stream:
                stream.part()
        self.server.await_descriptors(before + 3)


class History(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="framebroker-")
        from harness import PROGRAM
        cls.password = password = hash_password(PROGRAM)
        cls.server = Server({"recording": recording(cls.directory.name),
                             "users": [{"name": "anna", "password": password, "rights": "admin"},
                                       {"name": "guest", "password": password, "cameras": ["b"]}],
                             "tokens": [{"name": "admin", "token": "admin-token-with-enough-letters", "rights": "admin"},
                                        {"name": "limited", "token": "limited-token-with-enough-letters",
                                         "cameras": ["b"]}],
                             "cameras": [record("a", fps=5), record("b", fps=5)]})
        origin = {"Origin": f"http://127.0.0.1:{cls.server.port}",
                  "Content-Type": "application/x-www-form-urlencoded"}
        cls.server.get("/login", "POST", origin, body=b"name=anna&password=wrong")
        cls.server.get("/login", "POST", origin, body=b"name=anna&password=secret")
        for _ in range(5):
            cls.server.reload(headers=cls.admin)
        wait_until(lambda: {"login", "reload", "state"} <= {row["kind"] for row in cls.rows(cls)}
                   and len(cls.rows(cls)) >= 8, 10, "the history")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.directory.cleanup()

    admin = {"Authorization": "Bearer admin-token-with-enough-letters"}
    limited = {"Authorization": "Bearer limited-token-with-enough-letters"}

    def rows(self, query="", headers=None):
        return self.server.get(f"/api/history?{query}", headers=headers or self.admin).json["events"]

    def test_every_format_has_the_same_rows(self):
        rows = self.rows("order=asc&limit=8")
        self.assertEqual(len(rows), 8)
        lines = self.server.get("/api/history?order=asc&limit=8&format=ndjson", headers=self.admin)
        self.assertEqual([json.loads(line) for line in lines.text.splitlines()], rows)
        table = self.server.get("/api/history?order=asc&limit=8", headers={**self.admin, "Accept": "text/csv"})
        self.assertTrue(table.headers["Content-Type"].startswith("text/csv"))
        for row, line in zip(rows, csv.DictReader(io.StringIO(table.text, newline=""))):
            self.assertEqual((int(line["id"]), line["at"], line["camera"], line["kind"], json.loads(line["details"])),
                             (row["id"], row["at"], row["camera"] or "", row["kind"], row["details"]))

    def test_order_limit_and_after_page_through_it(self):
        rows = self.rows("order=asc")
        self.assertEqual([row["at"] for row in rows], sorted(row["at"] for row in rows))
        paged, after = [], ""
        while page := self.rows(f"order=asc&limit=3{after}"):
            paged += page
            after = f"&after={page[-1]['id']}"
        self.assertEqual(paged[:len(rows)], rows)
        newest = self.rows("limit=2")
        self.assertGreaterEqual(newest[0]["at"], newest[1]["at"])

    def test_filters(self):
        self.assertEqual({row["kind"] for row in self.rows("kind=state")}, {"state"})
        self.assertEqual({row["camera"] for row in self.rows("camera=a")}, {"a"})
        self.assertEqual(self.rows(f"to={utc(time.time() - 3600)}"), [])
        self.assertEqual(self.rows(f"from={utc(time.time() + 3600)}"), [])

    def test_logins_and_their_failures_are_rows(self):
        details = [row["details"] for row in self.rows("kind=login&order=asc")]
        self.assertEqual([(row["action"], row["name"]) for row in details[:2]],
                         [("failed", "anna"), ("logged in", "anna")])
        self.assertEqual((details[0]["secret"], details[0]["count"]), ("password", 1))
        self.assertIn("failed with a wrong password as anna from 127.0.0.1",
                      self.server.get("/history?kind=login", headers=self.admin).text)

    def test_failures_by_header_are_rows_too_one_of_an_address_and_minute(self):
        directory = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(directory.cleanup)
        with Server({"recording": recording(directory.name), "cameras": [record("a", fps=5)],
                     "tokens": [{"name": "admin", "token": "admin-token-with-enough-letters", "rights": "admin"}],
                     "users": [{"name": "anna", "password": self.password, "rights": "admin"}]}) as server:
            basic = {"Authorization": "Basic " + base64.b64encode(b"anna:wrong").decode()}
            for headers in ({"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer nonsense"}, basic):
                self.assertEqual(server.get("/api/cameras", headers=headers).status, 401)
            rows = wait_until(lambda: server.get("/api/history?kind=login", headers=self.admin).json["events"], 10,
                              "a row")
        self.assertEqual([row["details"] for row in rows],
                         [{"action": "failed", "secret": "token", "name": None, "remote": "127.0.0.1", "count": 1}])

    def test_others_cameras_and_what_concerns_none_are_not_seen(self):
        rows = self.rows(headers=self.limited)
        self.assertEqual({row["camera"] for row in rows}, {"b"})
        answer = self.server.get("/api/history?camera=a", headers=self.limited)
        self.assertEqual((answer.status, answer.error_code), (404, "no_such_camera"))
        page = self.server.get("/history", headers=self.limited).text
        self.assertNotIn('camera/a"', page)
        self.assertEqual(self.server.get("/api/history").status, 401)
        for path in ("/camera/a/video_feed?at=0", "/camera/a/snapshot?at=0", "/camera/a/clip?from=0&to=1"):
            self.assertEqual(self.server.get(path, headers=self.limited).status, 404, path)

    def test_the_page_has_every_row_and_is_whole(self):
        page = self.server.get("/history?kind=reload", headers=self.admin).text
        self.assertTrue(page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>"))
        self.assertEqual(page.count("<tr><td>"), len(self.rows("kind=reload")))
        self.assertIn('<option value="reload" selected>', page)


class Gaps(unittest.TestCase):
    def test_a_gap_is_skipped_or_shown(self):
        fault = {"kind": "freeze", "at_s": 3, "for_s": 5}
        with tempfile.TemporaryDirectory(prefix="framebroker-") as directory:
            camera = record("a", fps=10, faults=[fault])
            with Server({"recording": recording(directory), "cameras": [{**camera, "stale_after_ms": 1000}]}) as server:
                begin = time.time()
                server.wait_for_state("a", "live")
                server.wait_for_state("a", "stale", 15)
                server.wait_for_state("a", "live", 15)
                wait_until(lambda: server.get(f"/camera/a/snapshot?at={utc(time.time() - 0.5)}").status == 200
                           and len(server.get("/api/recordings").json["cameras"][0]["stretches"]) == 2, 15, "two stretches")
                query = f"/camera/a/video_feed?at={utc(begin)}&to={utc(time.time())}&speed=4"
                skipped = parts_of(server, query)
                self.assertEqual({part.state for part in skipped}, {"live"})
                distances = [time_of(after) - time_of(before) for before, after in zip(skipped, skipped[1:])]
                self.assertGreater(max(distances), 3)
                shown = parts_of(server, query + "&gaps=show")
                self.assertIn("offline", {part.state for part in shown})
                self.assertEqual(decode_fault(next(part.body for part in shown if part.state == "offline")), "")


class WithoutRecordings(unittest.TestCase):
    def test_a_history_that_has_just_begun_is_whole(self):
        for _ in range(3):
            with tempfile.TemporaryDirectory(prefix="framebroker-") as directory:
                with Server({"recording": recording(directory), "cameras": [record("a")]}) as server:
                    for _ in range(20):
                        answer = server.get("/api/history")
                        self.assertEqual(answer.status, 200)
                        self.assertIsInstance(answer.json["events"], list)

    def test_there_is_nothing_to_play(self):
        with Server({"cameras": [pattern("a")]}) as server:
            for path in ("/camera/a/video_feed?at=0", "/feed?at=0", "/camera/a/snapshot?at=0",
                         "/camera/a/clip?from=0&to=1", "/api/history", "/history"):
                answer = server.get(path)
                self.assertEqual((answer.status, answer.error_code), (404, "no_recording"), path)


if __name__ == "__main__":
    main()
