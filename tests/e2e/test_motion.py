#!/usr/bin/env python3
"""Motion: cameras that see something move and cameras that do not, and everything that says so."""
import json
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from harness import PROGRAM, TIME_SCALE, Server, decode_fault, emulated, eventually, main, pattern, wait_until
from test_events import EventStream
from test_hooks import Receiver

WIDTH, HEIGHT, BOX = 320, 240, 60
KEY = "correct-horse"
FPS = 5  # that are looked at, by default
DOOR = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]  # the right half


def scene(position):
    """Grey samples: something with structure, and before it a light box at a place from 0 to 1, or none."""
    rows = bytearray((x * 3 // 4 + y // 2 + (x // 16 + y // 16) % 2 * 40) % 200 for y in range(HEIGHT) for x in range(WIDTH))
    if position is not None:
        left = int(position * (WIDTH - BOX))
        for y in range(90, 90 + BOX):
            rows[y * WIDTH + left:y * WIDTH + left + BOX] = bytes([250]) * BOX
    return bytes(rows)


def make_pictures(folder, positions):
    """JPEG files of these scenes."""
    subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pixel_format", "gray", "-video_size",
                    f"{WIDTH}x{HEIGHT}", "-i", "-", "-q:v", "3", "-pix_fmt", "yuvj420p", f"{folder}/%03d.jpg"],
                   input=b"".join(map(scene, positions)), check=True)
    return [path.read_bytes() for path in sorted(pathlib.Path(folder).glob("*.jpg"))]


class Pusher:
    """Sends a camera 15 frames a second, on a thread of its own: the empty scene, or the box on its way."""

    def __init__(self, server, camera, still, moving):
        self.server, self.path, self.still, self.moving = server, f"/camera/{camera}/frame", still, moving
        self.is_moving, self.over = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._push)
        self.thread.start()

    def _push(self):
        sent = 0
        while not self.over.wait(1 / 15):
            sent = sent + 1 if self.is_moving.is_set() else 0
            picture = self.moving[sent % len(self.moving)] if self.is_moving.is_set() else self.still
            status = self.server.get(self.path, "POST", {"Authorization": f"Bearer {KEY}"}, body=picture).status
            assert status == 204, status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def pushed(id="yard", **motion):
    return {"id": id, "source": {"type": "push", "key": KEY}, "motion": {"cooldown_s": 1, **motion}}


def motion_of(server, id="yard"):
    return server.get(f"/api/cameras/{id}/motion").json


def await_watching(server, id="yard"):
    """Until the detector knows the scene."""
    return wait_until(lambda: (seen := motion_of(server, id))["state"] == "watching" and seen, 20, f"{id} to be watched")


def switch(server, active, id="yard"):
    return server.get(f"/api/cameras/{id}/motion", "PUT", {"Content-Type": "application/json"},
                      body=json.dumps({"active": active}).encode())


def seconds_of(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(text[19:-1])


class Motion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="framebroker-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.still, *cls.moving = make_pictures(cls.folder.name, [None, *(i / 30 for i in range(30)), *(1 - i / 30 for i in range(30))])
        cls.still_path = pathlib.Path(cls.folder.name, "001.jpg")

    def test_what_moves_makes_an_event(self):
        with Server({"cameras": [pushed()]}) as server, EventStream(server) as events, \
                Pusher(server, "yard", self.still, self.moving) as pusher:
            quiet = await_watching(server)
            self.assertEqual((quiet["active"], quiet["moving"], quiet["events"]), (True, False, 0))
            self.assertEqual(len(quiet["cells"]["values"]), quiet["cells"]["columns"] * quiet["cells"]["rows"])
            self.assertEqual((server.camera("yard")["state"], server.camera("yard")["motion"]["moving"]), ("live", False))
            delays = []
            for number in (1, 2):
                pusher.is_moving.set()
                began = events.event_where("motion", action="began").data
                delays.append(time.time() - seconds_of(began["began"]))
                self.assertEqual((began["camera"], began["zone"], began["ended"]), ("yard", None, None))
                self.assertTrue(began["boxes"])
                seen = motion_of(server)
                self.assertTrue(seen["moving"])
                self.assertGreaterEqual(began["score"], seen["threshold"])
                self.assertEqual(server.camera("yard")["motion"]["events"], number)
                if number == 1:
                    self.check_picture(server, began)
                pusher.is_moving.clear()
                ended = events.event_where("motion", action="ended").data
                self.assertEqual(ended["id"], began["id"])
                self.assertGreaterEqual(ended["score"], began["score"])
                self.assertGreater(ended["ended"], ended["began"])
                self.assertTrue(ended["path"])
                wait_until(lambda: not motion_of(server)["moving"], 5, "the rest")
            metrics = server.get("/metrics").text
            self.assertIn('framebroker_camera_motion_events_total{camera="yard"} 2', metrics)
            # The event is known two analysed frames after the first that shows it, and 50 ms.
            self.assertLess(min(delays), (2 / FPS + 0.05) * TIME_SCALE)

    def check_picture(self, server, began):
        """The frame that the event's link leads to shows the box where the event says that it is."""
        picture = server.get(began["snapshot"])
        self.assertEqual((picture.status, picture.headers["content-type"]), (200, "image/jpeg"))
        self.assertEqual(decode_fault(picture.body), "")
        self.assertIn(picture.body, self.moving)
        unknown = server.get("/camera/yard/events/1.jpg")
        self.assertEqual((unknown.status, unknown.error_code), (404, "no_such_event"))

    def test_every_kind_of_source_is_watched_and_nothing_moves_in_a_still_one(self):
        with Server({"cameras": [pattern("source", fps=15)]}) as upstream:
            cameras = [pattern("raw", fps=15, motion={}),
                       {"id": "url", "motion": {},
                        "source": {"type": "url", "url": f"http://127.0.0.1:{upstream.port}/camera/source/video_feed"}},
                       emulated("still", [self.still_path], motion={}),
                       emulated("gone", ["/gone.jpg"], motion={}),
                       pattern("frozen", fps=15, motion={}, stale_after_ms=500, faults=[{"kind": "freeze", "at_frame": 3}])]
            with Server({"cameras": cameras}) as server, EventStream(server) as events:
                found = {}
                while found.keys() != {"raw", "url"}:
                    began = events.event_where("motion", action="began").data
                    found[began["camera"]] = began
                for id, began in found.items():
                    picture = server.get(began["snapshot"])
                    self.assertEqual(decode_fault(picture.body), "", id)
                    self.assertEqual(picture.headers["x-camera-id"], id)
                self.assertEqual(await_watching(server, "still")["events"], 0)
                self.assertEqual(motion_of(server, "still")["score"], 0)
                server.wait_for_camera("frozen", lambda camera: camera["state"] in ("stale", "offline"), 15, "no frames")
                for id in ("gone", "frozen"):
                    seen = wait_until(lambda id=id: (seen := motion_of(server, id))["state"] == "off" and seen, 5, id)
                    self.assertEqual((seen["moving"], seen["events"], seen["cells"]), (False, 0, None))

    def test_what_is_masked_or_in_no_zone_is_no_event(self):
        left = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
        crossing = self.moving[:30]
        config = {"cameras": [pushed("yard", zones=[{"name": "left", "polygon": left}, {"name": "right", "polygon": DOOR}]),
                              pushed("masked", masks=[[[0, 0], [1, 0], [1, 1], [0, 1]]])]}
        with Server(config) as server, EventStream(server) as events, \
                Pusher(server, "yard", self.still, crossing) as pusher, \
                Pusher(server, "masked", self.still, crossing) as other:
            seen = await_watching(server)
            self.assertEqual([zone["name"] for zone in seen["zones"]], ["left", "right"])
            self.assertEqual(seen["zones"][1]["polygon"], DOOR)
            self.assertEqual(set(motion_of(server, "masked")["cells"]["values"]), {"1"})
            pusher.is_moving.set()
            other.is_moving.set()
            first = events.event_where("motion", action="began").data
            second = events.event_where("motion", action="began").data
            self.assertEqual((first["zone"], second["zone"]), ("left", "right"))
            self.assertEqual((first["camera"], second["camera"]), ("yard", "yard"))
            self.assertEqual(motion_of(server, "masked")["events"], 0)

    def test_a_reload_changes_it_while_the_camera_stays_open(self):
        plain = pattern("a", fps=15)
        with Server({"defaults": {"idle_timeout_s": 0.1}, "cameras": [plain]}) as server:
            self.assertIsNone(server.camera("a")["motion"])
            self.assertEqual(server.get("/api/cameras/a/motion").error_code, "no_motion")
            self.assertEqual(server.camera("a")["state"], "idle")

            def reload(motion):
                camera = plain if motion is None else {**plain, "motion": motion}
                return server.reload({"defaults": {"idle_timeout_s": 0.1}, "cameras": [camera]}).json["cameras"]["changed"]
            self.assertEqual(reload({}), ["a"])
            server.wait_for_camera("a", lambda camera: camera["motion"]["events"] > 0, 20, "an event without viewers")
            thread, published = server.thread_ids("a"), server.camera("a")["frames"]["published"]
            self.assertEqual(reload({"zones": [{"name": "door", "polygon": DOOR}]}), ["a"])
            self.assertEqual([zone["name"] for zone in motion_of(server, "a")["zones"]], ["door"])
            self.assertFalse(motion_of(server, "a")["moving"])
            await_watching(server, "a")
            camera = server.camera("a")
            self.assertEqual((camera["state"], server.thread_ids("a")), ("live", thread))
            self.assertGreater(camera["frames"]["published"], published)
            self.assertEqual(reload(None), ["a"])
            self.assertIsNone(server.camera("a")["motion"])
            server.wait_for_state("a", "idle")
            self.assertEqual(server.thread_ids("a"), thread)

    def test_switched_off_it_makes_no_events_until_it_is_switched_on(self):
        config = {"cameras": [pushed()]}
        with Server(config) as server, EventStream(server) as events, \
                Pusher(server, "yard", self.still, self.moving) as pusher:
            await_watching(server)
            pusher.is_moving.set()
            began = events.event_where("motion", action="began").data
            answer = switch(server, False)
            self.assertEqual((answer.status, answer.json["active"]), (200, False))
            self.assertEqual(events.event_where("motion", action="ended").data["id"], began["id"])
            wait_until(lambda: motion_of(server)["state"] == "off", 5, "it to be off")
            config["cameras"][0]["motion"]["sensitivity"] = 60
            server.reload(config)
            self.assertEqual(server.camera("yard")["motion"]["active"], False)
            published = server.camera("yard")["frames"]["published"]
            server.wait_for_camera("yard", lambda camera: camera["frames"]["published"] > published + 15, 10, "frames")
            self.assertEqual(motion_of(server)["events"], 1)
            self.assertTrue(switch(server, True).json["active"])
            pusher.is_moving.clear()
            await_watching(server)
            pusher.is_moving.set()
            events.event_where("motion", action="began")
            for body in (b"{}", b'{"active": 1}', b'{"active": true, "x": 1}', b"[]", b"x"):
                answer = server.get("/api/cameras/yard/motion", "PUT", {"Content-Type": "application/json"}, body=body)
                self.assertEqual((answer.status, answer.error_code), (400, "bad_body"), body)

    def test_hours_in_which_nothing_is_reported(self):
        yesterday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[time.localtime().tm_wday - 2]
        window = [{"days": yesterday, "from": "00:00", "to": "00:01"}]
        with Server({"cameras": [pattern("a", fps=15, motion={"active": window})]}) as server:
            await_watching(server, "a")
            wait_until(lambda: motion_of(server, "a")["score"] > 0, 10, "a score")
            self.assertEqual(server.camera("a")["motion"]["active"], False)
            self.assertEqual(server.camera("a")["motion"]["events"], 0)

    def test_an_event_ends_with_its_camera(self):
        faults = [{"kind": "vanish", "at_s": 4, "for_s": 3600}]
        with Server({"cameras": [pattern("a", fps=15, motion={}, faults=faults)]}) as server, EventStream(server) as events:
            began = events.event_where("motion", action="began").data
            ended = events.event_where("motion", action="ended").data
            self.assertEqual(ended["id"], began["id"])
            self.assertEqual(server.camera("a")["motion"]["moving"], False)

    def test_hooks_get_each_event(self):
        record = [sys.executable, "-c", "import os,sys; open(sys.argv[1], 'a').write(' '.join(os.environ.get("
                  "'FRAMEBROKER_' + name, '') for name in ('EVENT', 'ACTION', 'CAMERA', 'ZONE')) + '\\n')"]
        zones = [{"name": "door", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}]
        path = pathlib.Path(self.folder.name, "hook.txt")
        with Receiver(503, 204) as receiver:
            config = {"cameras": [pushed(zones=zones)], "hooks": {"on_state_change": [
                {"command": [*record, str(path)], "on": ["motion"]}, {"url": receiver.url, "on": ["motion"]}]}}
            with Server(config) as server, Pusher(server, "yard", self.still, self.moving) as pusher:
                await_watching(server)
                pusher.is_moving.set()
                server.wait_for_camera("yard", lambda camera: camera["motion"]["moving"], 10, "motion")
                pusher.is_moving.clear()
                told = [receiver.next()[2] for _ in range(3)]  # the first attempt was refused
                self.assertEqual([event["action"] for event in told], ["began", "began", "ended"])
                self.assertEqual({event["id"] for event in told}, {told[0]["id"]})
                eventually(lambda: path.read_text() if path.exists() else "",
                           "motion began yard door\nmotion ended yard door\n", "what the program was told")
                with self.assertRaises(queue.Empty):
                    receiver.requests.get_nowait()

    def test_a_camera_without_it_gives_the_workers_nothing(self):
        with Server({"cameras": [emulated("a", [self.still_path], fps=30, on_demand=False)]}) as server:
            server.wait_for_camera("a", lambda camera: camera["frames"]["published"] > 30, 10, "frames")
            self.assertIn("framebroker_workers_completed_total 0", server.get("/metrics").text)

    def test_it_ends_in_time_with_many_cameras_at_work(self):
        cameras = [pattern(str(i), 1280, 720, motion={"fps": 30}) for i in range(12)]
        with Server({"cameras": cameras}) as server:
            server.wait_for_camera("0", lambda camera: camera["frames"]["published"] > 5, 20, "frames")
            server.signal()


class Configuration(unittest.TestCase):
    def check(self, motion):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"cameras": [{"id": "a", "source": {"type": "pattern"}, "motion": motion}]}, file, indent=1)
            file.flush()
            result = subprocess.run([PROGRAM, "--check", "--config", file.name], stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True)
            lines = pathlib.Path(file.name).read_text().splitlines()
            faults = [line.removeprefix(file.name + ":") for line in result.stdout.splitlines()]
            return result.returncode, [(lines[int(fault.split(":")[0]) - 1].strip(), fault.split(": ", 1)[1])
                                       for fault in faults] if result.returncode else []

    def assert_fault(self, motion, line, words):
        code, faults = self.check(motion)
        self.assertEqual(code, 2)
        self.assertEqual(len(faults), 1, faults)
        self.assertEqual(faults[0][0], line)
        self.assertIn(words, faults[0][1])

    def test_faults_are_reported_with_their_line(self):
        night = {"days": "mon-fri", "from": "22:00", "to": "06:00"}
        self.assert_fault({"masks": [DOOR, [[0, 0], [1, 1]]]}, "[", "masks[1]: must have between 3 and 32 entries (got 2)")
        self.assert_fault({"masks": [[[0, 0], [1, 1], [1, 0], [0, 1]]]}, "[", "masks[0]: must not cross itself: the side from point 1")
        self.assert_fault({"masks": [[[0, 0], [1.5, 1], [1, 0]]]}, "1.5,", "masks[0][1][0]: must be between 0 and 1 (got 1.5)")
        self.assert_fault({"masks": [DOOR] * 33}, '"masks": [', "must have between 0 and 32 entries (got 33)")
        self.assert_fault({"zones": [{"polygon": DOOR}]}, "{", 'zones[0]: "name" is missing')
        self.assert_fault({"zones": [{"name": "a", "polygon": DOOR}] * 2}, "{", "zones[1]: has the name of zones[0]")
        self.assert_fault({"active": [night, {**night, "from": "05:00"}]}, "{", "active[1]: overlaps active[0]")
        self.assert_fault({"active": [{**night, "days": ""}]}, '"days": "",', "active[0].days: must name days of the week")
        self.assert_fault({"active": [{"from": "22:00", "to": "06:00"}]}, "{", 'active[0]: "days" is missing')
        self.assert_fault({"active": [{**night, "to": "6:00"}]}, '"to": "6:00"', 'must be a time from "00:00" to "24:00"')
        self.assert_fault({"min_duration_ms": 2000, "max_duration_s": 1}, '"min_duration_ms": 2000,',
                          "min_duration_ms: must not be longer than max_duration_s (1)")
        dark = {"days": "sun-sat", "from": "sunset", "to": "sunrise"}
        for place in ({}, {"latitude": 52.5}, {"longitude": 13.4}):
            self.assert_fault({"active": [dark], **place}, '"active": [',
                              'needs "latitude" and "longitude" beside it: active[0] depends on the sun')
        berlin = {"latitude": 52.5, "longitude": 13.4}
        self.assert_fault({"active": [{**dark, "to": "dawn"}], **berlin}, '"to": "dawn"', 'or "sunrise" or "sunset"')
        self.assert_fault({"active": [dark, {**dark, "from": "20:00"}], **berlin}, "{", "active[1]: overlaps active[0]")
        self.assert_fault({"latitude": 91}, '"latitude": 91', "must be between -90 and 90")
        self.assert_fault({"sensitivty": 5}, '"sensitivty": 5', 'did you mean "sensitivity"?')

    def test_the_example_of_the_manual_is_accepted(self):
        self.assertEqual(self.check({
            "sensitivity": 50, "masks": [[[0, 0], [0.2, 0], [0.2, 0.1], [0, 0.1]]],
            "zones": [{"name": "door", "polygon": [[0.1, 0.5], [0.4, 0.5], [0.4, 1], [0.1, 1]], "sensitivity": 70}],
            "min_duration_ms": 500, "cooldown_s": 5, "max_duration_s": 300,
            "active": [{"days": "mon-fri", "from": "22:00", "to": "06:00"}]}), (0, []))
        self.assertEqual(self.check({
            "active": [{"days": "sun-sat", "from": "sunset", "to": "sunrise"}, {"days": "sat", "from": "12:00", "to": "15:00"}],
            "latitude": 52.5, "longitude": 13.4}), (0, []))


if __name__ == "__main__":
    main()
