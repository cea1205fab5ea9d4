#!/usr/bin/env python3
"""A new configuration while everything runs: only what has changed is touched."""
import contextlib
import json
import os
import pathlib
import resource
import signal
import tempfile
import threading
import unittest

from harness import SANITIZED, Server, eventually, main, pattern, wait_until


def config(*cameras, **server):
    return {"server": server, "defaults": {"idle_timeout_s": 0.2}, "cameras": list(cameras)}


class Watcher:
    """A viewer that reads everything a stream brings, on a thread of its own."""

    def __init__(self, server, path):
        self.stream = server.stream(path)
        self.parts = []
        self.over = threading.Event()
        self.problem = None
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        try:
            while not self.over.is_set():
                part = self.stream.part()
                self.parts.append((part.headers.get("x-camera-id"), part.sequence, part.state))
        except (EOFError, OSError, AssertionError) as problem:
            self.problem = problem

    def await_parts(self, count, of=None):
        """Waits until so many more parts, of that camera, have come."""
        wanted = len(self._of(of)) + count
        wait_until(lambda: self.problem or len(self._of(of)) >= wanted, 20, f"{count} more parts")
        assert len(self._of(of)) >= wanted, f"the stream ended: {self.problem!r}"

    def _of(self, id):
        return [part for part in self.parts if id in (None, part[0])]

    def sequences(self, of=None):
        return [sequence for _, sequence, state in self._of(of) if state == "live"]

    def await_end(self):
        self.thread.join(20)
        assert isinstance(self.problem, EOFError), f"the stream should have been closed: {self.problem!r}"

    def close(self):
        self.over.set()
        self.thread.join(20)
        self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Reload(unittest.TestCase):
    def assert_reloaded(self, answer, added=(), removed=(), changed=(), unchanged=0, needs_restart=()):
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(answer.json, {
            "reloaded": True,
            "cameras": {"added": [*added], "removed": [*removed], "changed": [*changed], "unchanged": unchanged},
            "needs_restart": [*needs_restart]})

    @contextlib.contextmanager
    def assert_undisturbed(self, server, id, watcher):
        """The camera keeps its thread and stays live, and the viewer gets all that it does not skip by itself."""
        def marks():
            camera = server.camera(id)
            return camera["state_since"], camera["restarts"], server.thread_ids(id)
        watcher.await_parts(1, of=id)
        before = marks()
        yield
        watcher.await_parts(3, of=id)
        self.assertEqual(marks(), before)
        sequences = watcher.sequences(of=id)
        camera = server.camera(id)
        skipped = sum(viewer["skipped"] for viewer in camera["subscribers"]) + camera["frames"]["dropped"]
        self.assertEqual(sequences, sorted(set(sequences)))
        self.assertLessEqual(sequences[-1] - sequences[0] + 1 - len(sequences), skipped)

    def ids(self, server):
        return [camera["id"] for camera in server.get("/api/cameras").json["cameras"]]

    def test_what_is_unchanged_is_not_touched(self):
        cameras = [pattern("a"), pattern("b", fps=10)]
        with Server(config(*cameras)) as server, Watcher(server, "/camera/a/video_feed") as watcher:
            with self.assert_undisturbed(server, "a", watcher):
                self.assert_reloaded(server.reload(), unchanged=2)
                for name in ("One", "Another"):
                    cameras[1]["name"] = name
                    self.assert_reloaded(server.reload(config(*cameras)), changed=["b"], unchanged=1)
                    self.assertEqual(server.camera("b")["name"], name)
                    watcher.await_parts(3)

    def test_another_order_touches_nothing_but_the_places(self):
        cameras = [pattern("a"), pattern("b"), pattern("c")]
        with Server(config(*cameras)) as server, Watcher(server, "/camera/a/video_feed") as watcher:
            with self.assert_undisturbed(server, "a", watcher):
                for _ in range(3):
                    cameras.append(cameras.pop(0))
                    self.assert_reloaded(server.reload(config(*cameras)), unchanged=3)
                    ids = [camera["id"] for camera in cameras]
                    self.assertEqual(self.ids(server), ids)
                    self.assertEqual(server.get("/camera/1/snapshot").headers["X-Camera-Id"], ids[0])
                    self.assertEqual(server.get("/?action=snapshot_2").headers["X-Camera-Id"], ids[2])

    def test_defaults_touch_only_those_that_take_them(self):
        cameras = [pattern("a", ring_frames=4), pattern("b")]
        settings = config(*cameras)
        with Server(settings) as server, Watcher(server, "/camera/a/video_feed") as watcher:
            with self.assert_undisturbed(server, "a", watcher):
                settings["defaults"]["ring_frames"] = 2
                self.assert_reloaded(server.reload(settings), changed=["b"], unchanged=1)
                settings["cameras"][1]["ring_frames"] = 2
                self.assert_reloaded(server.reload(settings), unchanged=2)

    def test_cameras_come_and_go_and_places_follow(self):
        a, b, c = pattern("a"), pattern("b"), pattern("c")
        with Server(config(a, b)) as server:
            with Watcher(server, "/camera/a/video_feed") as stays, Watcher(server, "/camera/b/video_feed") as ends:
                ends.await_parts(2)
                with self.assert_undisturbed(server, "a", stays):
                    self.assert_reloaded(server.reload(config(c, a)), added=["c"], removed=["b"], unchanged=1)
                    ends.await_end()
            self.assertEqual(self.ids(server), ["c", "a"])
            self.assertEqual(server.get("/camera/b/snapshot").status, 404)
            self.assertEqual(server.get("/camera/1/snapshot").headers["X-Camera-Id"], "c")
            self.assertEqual(server.get("/camera/2/snapshot").headers["X-Camera-Id"], "a")

    def test_a_changed_camera_keeps_its_viewers(self):
        with Server(config(pattern("a"))) as server, Watcher(server, "/camera/a/video_feed") as watcher:
            watcher.await_parts(5)
            self.assert_reloaded(server.reload(config(pattern("a", width=640, height=480))), changed=["a"])
            server.wait_for_camera("a", lambda camera: camera["width"] == 640, 10, "the new size")
            watcher.await_parts(5)
            self.assertEqual(len(server.camera("a")["subscribers"]), 1)
        sequences = watcher.sequences()
        self.assertEqual(sequences, sorted(set(sequences)), "the sequence never goes back")

    def test_a_feed_goes_on_without_a_camera_that_is_gone(self):
        with Server(config(pattern("a"), pattern("b"))) as server, Watcher(server, "/feed") as watcher:
            watcher.await_parts(3, of="b")
            with self.assert_undisturbed(server, "a", watcher):
                self.assert_reloaded(server.reload(config(pattern("a"))), removed=["b"], unchanged=1)
            self.assert_reloaded(server.reload(config(pattern("c"))), added=["c"], removed=["a"])
            watcher.await_end()

    def test_variants_stay_and_go_with_their_camera(self):
        path = "/camera/{}/video_feed?width=160"
        with Server(config(pattern("a"), pattern("b"))) as server:
            with Watcher(server, path.format("a")) as stays, Watcher(server, path.format("b")) as ends:
                stays.await_parts(2)
                ends.await_parts(2)
                self.assert_reloaded(server.reload(config(pattern("a"))), removed=["b"], unchanged=1)
                ends.await_end()
                stays.await_parts(2)
                self.assert_reloaded(server.reload(config(pattern("a", fps=20))), changed=["a"])
                stays.await_parts(2)

    def test_a_sighup_does_the_same(self):
        with Server(config(pattern("a"))) as server:
            server.configure(config(pattern("a"), pattern("b")))
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: self.ids(server) == ["a", "b"], 10, "the new camera")
            wait_until(lambda: "configuration reloaded" in server.log(), 10, "the log to tell")

    def test_a_bad_file_changes_nothing_and_says_why(self):
        bad = config(pattern("a", width=7), {"id": "b", "sauce": {}})
        secret = "s3cret-pa55word"
        bad["cameras"].append({"id": "c", "source": {"type": "url", "url": f"rtsp://user:{secret}@host/", "x": secret}})
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(Server(config(pattern("a"))))
            watcher = stack.enter_context(Watcher(server, "/camera/a/video_feed"))
            stack.enter_context(self.assert_undisturbed(server, "a", watcher))
            answer = server.reload(bad)
            self.assertEqual((answer.status, answer.error_code), (422, "bad_configuration"))
            self.assertFalse(answer.json["reloaded"])
            faults = answer.json["faults"]
            self.assertEqual([fault.split(": ")[1] for fault in faults][:2], ["cameras[0].source.width", "cameras[1]"])
            self.assertNotIn(secret, answer.text)
            reloads = server.status()["reloads"]
            self.assertEqual((reloads["count"], reloads["failed"]), (1, 1))
            self.assertEqual(reloads["last_error"], faults[0])
            self.assertIsNotNone(reloads["last_at"])

            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: server.status()["reloads"]["count"] == 2, 10, "the second reload")
            log = server.log()
            for fault in faults:
                self.assertEqual(log.count(fault), 2)
            self.assertNotIn(secret, log)

            server.configure("{")
            self.assertEqual(server.reload().status, 422)
            server.config_path.unlink()
            self.assertEqual(server.reload().status, 422)
            os.mkfifo(server.config_path)  # without a writer: opening it would wait for one
            self.assertIn("must be a regular file", server.reload().json["faults"][0])
            server.config_path.unlink()
            self.assert_reloaded(server.reload(config(pattern("a"))), unchanged=1)
            self.assertIsNone(server.status()["reloads"]["last_error"])

    def test_a_refusal_has_the_words_of_its_status(self):
        with Server(config(pattern("a"))) as server:
            server.configure("{")
            answer = server.raw(b"POST /api/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                                b"Connection: close\r\n\r\n")
            self.assertEqual(answer.split(b"\r\n")[0], b"HTTP/1.1 422 Unprocessable Content")

    def test_a_new_address_is_named_and_not_taken(self):
        camera = pattern("a")
        with Server(config(camera, listen="127.0.0.1:0"), listen=None) as server:
            for _ in range(2):  # until the restart
                answer = server.reload(config(camera, listen="127.0.0.1:1"))
                self.assert_reloaded(answer, unchanged=1, needs_restart=["server.listen"])
            self.assertIn("server.listen has changed: restart", server.log())
            self.assert_reloaded(server.reload(config(camera, listen="127.0.0.1:0")), unchanged=1)

    def test_what_needs_a_restart_is_named(self):
        camera = pattern("a")
        with Server(config(camera, max_streams=2)) as server:
            # The harness says where to listen, on the command line: the file has no say then.
            self.assert_reloaded(server.reload(config(camera, max_streams=2, listen="127.0.0.1:1")), unchanged=1)
            wanted = config(camera, max_streams=3, senders=7, workers=5)
            names = ["server.max_streams", "server.senders", "server.workers"]
            for _ in range(2):  # until the restart
                self.assert_reloaded(server.reload(wanted), unchanged=1, needs_restart=names)
            self.assertIn("server.senders has changed: restart", server.log())
            self.assert_reloaded(server.reload(config(camera, max_streams=1)), unchanged=1)
            self.assertEqual(server.status()["streams"]["max"], 1)

    def test_requests_at_once_are_all_answered(self):
        with Server(config(pattern("a"))) as server:
            answers = []
            threads = [threading.Thread(target=lambda: answers.append(server.reload().status)) for _ in range(30)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(answers), 30)
            self.assertLessEqual(set(answers), {200, 503})
            self.assertIn(200, answers)

    def test_the_end_does_not_wait_for_reloads(self):
        frozen = pattern("a", faults=[{"kind": "slow_open", "at_frame": 1, "for_s": 60}])
        with Server(config(frozen)) as server:
            def reload():
                try:
                    while True:
                        frozen["ring_frames"] = frozen.get("ring_frames", 1) % 64 + 1
                        server.reload(config(frozen))
                except OSError:
                    pass  # it has ended
            thread = threading.Thread(target=reload)
            thread.start()
            wait_until(lambda: server.status()["reloads"]["count"] > 3, 10, "reloads")
            server.signal()
            thread.join()


class Watching(unittest.TestCase):
    """server.watch: nobody has to ask."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)

    def text(self, *ids, watch=True):
        return json.dumps(config(*(pattern(id) for id in ids), watch=watch))

    def start(self, path):
        server = Server(path)
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def await_ids(self, server, *ids):
        wait_until(lambda: [camera["id"] for camera in server.status()["cameras"]] == [*ids], 10, f"cameras {ids}")

    def await_reloads(self, server, count):
        wait_until(lambda: server.status()["reloads"]["count"] >= count, 10, f"{count} reloads")

    def test_a_file_renamed_over_it_and_one_written_in_place(self):
        path = self.directory / "c.json"
        path.write_text(self.text("a"))
        server = self.start(path)
        for number in range(3):
            new = self.directory / "new"
            new.write_text(self.text("a", f"renamed-{number}"))
            new.rename(path)
            self.await_ids(server, "a", f"renamed-{number}")
            path.write_text(self.text("a", f"written-{number}"))
            self.await_ids(server, "a", f"written-{number}")

    def test_a_symbolic_link_on_the_way_is_switched(self):
        for version in ("one", "two", "three"):
            (self.directory / version).mkdir()
            (self.directory / version / "c.json").write_text(self.text("a", version))
        (self.directory / "data").symlink_to("one")
        (self.directory / "c.json").symlink_to("data/c.json")
        server = self.start(self.directory / "c.json")
        for version in ("two", "three", "one"):
            (self.directory / "new").symlink_to(version)
            (self.directory / "new").rename(self.directory / "data")
            self.await_ids(server, "a", version)
        (self.directory / "one" / "c.json").write_text(self.text("behind-the-link"))
        self.await_ids(server, "behind-the-link")

    def test_a_file_that_goes_changes_nothing_and_may_come_back(self):
        place = self.directory / "place"
        place.mkdir()
        path = place / "c.json"
        path.write_text(self.text("a"))
        server = self.start(path)
        path.unlink()
        path.write_text("{")
        self.await_reloads(server, 1)
        self.await_ids(server, "a")
        place.rename(self.directory / "elsewhere")
        place.mkdir()
        path.write_text(self.text("b"))
        self.await_ids(server, "b")

    def test_it_can_be_turned_on_and_off(self):
        path = self.directory / "c.json"
        path.write_text(self.text("a", watch=False))
        server = self.start(path)
        path.write_text(self.text("b"))
        self.assertEqual(server.reload().status, 200)
        path.write_text(self.text("c", watch=False))
        self.await_ids(server, "c")
        self.assertEqual(server.reload().status, 200)  # by then the other one is over
        reloads = server.status()["reloads"]["count"]
        path.write_text(self.text("d"))
        self.assertEqual(server.reload().status, 200)
        self.assertEqual(server.status()["reloads"]["count"], reloads + 1)


class Load(unittest.TestCase):
    """A great many reloads, while viewers watch."""
    RELOADS = 200 if SANITIZED else 1000
    VIEWERS = 8
    CAMERAS = 400
    DESCRIPTORS = 4000

    def configuration(self, number):
        """The first two cameras stay as they are; others change, come and go, and all change places."""
        cameras = [pattern("steady"), pattern("quiet", fps=5), pattern("changing", ring_frames=1 + number % 8),
                   pattern(f"passing-{number % 3}")]
        turn = number % len(cameras)
        return config(*cameras[turn:], *cameras[:turn])

    def test_reloads_in_a_row_lose_and_leak_nothing(self):
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(Server(self.configuration(0)))
            viewers = [stack.enter_context(Watcher(server, f"/camera/{('steady', 'quiet')[number % 2]}/video_feed"))
                       for number in range(self.VIEWERS)]
            viewers.append(stack.enter_context(Watcher(server, "/feed?cameras=steady,changing,passing-0")))
            for viewer in viewers:
                viewer.await_parts(2)
            marks = self.marks(server)
            self.reload_up_to(server, self.RELOADS // 5)
            before = self.usage(server)
            self.reload_up_to(server, self.RELOADS)
            for viewer in viewers:
                viewer.await_parts(2)
            self.assertEqual(self.marks(server), marks)
            self.assertEqual(server.status()["reloads"], {**server.status()["reloads"], "failed": 0})
            self.await_return(server, before)
            if not SANITIZED:
                self.assertLess(self.usage(server)[2], before[2] * 1.15 + 2000)
            self.check(server, "steady", viewers[0])
            self.check(server, "quiet", viewers[1])

    def test_hundreds_of_cameras_change_at_once(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < self.DESCRIPTORS:
            self.skipTest(f"{self.DESCRIPTORS} descriptors are needed, and the hard limit is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, soft), hard))  # as systems have it: the server raises it
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        ids = [f"camera-{number}" for number in range(self.CAMERAS)]
        with Server(config(*(pattern(id) for id in ids))) as server:
            before = self.usage(server)
            changed = config(*(pattern(id, fps=5) for id in reversed(ids)))
            self.assertEqual(server.reload(changed).json["cameras"]["changed"], ids[::-1])
            self.assertEqual(server.reload(changed).json["cameras"]["unchanged"], self.CAMERAS)
            self.await_return(server, before)

    def reload_up_to(self, server, count):
        for number in range(server.status()["reloads"]["count"], count):
            answer = server.reload(self.configuration(number + 1))
            assert answer.status == 200, answer.text
            assert answer.json["cameras"]["unchanged"] >= 2, answer.text

    def marks(self, server):
        return [(server.camera(id)["state_since"], server.camera(id)["restarts"], server.thread_ids(id))
                for id in ("steady", "quiet")]

    def usage(self, server):
        return server.threads(), server.descriptors(), server.memory_kb()

    def await_return(self, server, before):
        """A connection that is just being closed may still count."""
        threads, descriptors, _ = before
        wait_until(lambda: server.threads() <= threads and server.descriptors() <= descriptors, 10,
                   f"{threads} threads and {descriptors} descriptors")

    def check(self, server, id, viewer):
        """What the viewer has not had, it has skipped itself: no frame of the camera is missing."""
        sequences = viewer.sequences()
        self.assertEqual(sequences, sorted(set(sequences)))
        camera = server.camera(id)
        skipped = max(one["skipped"] for one in camera["subscribers"]) + camera["frames"]["dropped"]
        self.assertLessEqual(sequences[-1] - sequences[0] + 1 - len(sequences), skipped)

        def frames_missing():
            camera = server.camera(id)
            return camera["last_frame"]["sequence"] - camera["frames"]["published"] - camera["frames"]["dropped"]
        eventually(frames_missing, 0, "each frame to be counted")


if __name__ == "__main__":
    main()
