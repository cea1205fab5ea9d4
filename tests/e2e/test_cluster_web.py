"""Cameras of other nodes by HTTP: pages, motion, history, recordings and rights, as those of the server itself."""
import json
import struct
import time
import unittest
from types import SimpleNamespace

from harness import PATIENCE_S, Server, main, wait_until
from nats_cluster import Client, NatsServer, live, node, require_nats_server, wait_for_import
from recordings import Recordings

ALL, LIMITED, ELSEWHERE = "all-0123456789abcdefghij", "limited-0123456789abcdef", "elsewhere-0123456789abcd"
ID = "site-a.front"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def camera_of(part):
    return part.headers["x-camera-id"]


def text_of(text):
    return struct.pack("<H", len(text)) + text.encode()


def request_of(kind, camera):
    """A message of another node to the server of a node: broker/cluster/requests/node_request.h behind its head."""
    return (bytes([1, 3]) + bytes([kind, 0]) + text_of(camera) + text_of("") * 2 +
            struct.pack("<qQIqq", 0, 0, 0, -1, 2 ** 62) + text_of("") + struct.pack("<qqI6qH", 0, 0, 100, *(0,) * 6, 0))


def setUpModule():
    require_nats_server()


class ImportedCameras(unittest.TestCase):
    """A site that records and watches for motion, and a wall that has a camera of its own."""

    @classmethod
    def setUpClass(cls):
        folders = SimpleNamespace(addCleanup=cls.addClassCleanup)
        cls.recordings, cls.own_recordings = Recordings(folders), Recordings(folders)
        cls.nats = cls.enterClassContext(NatsServer())
        record = {"record": {"mode": "always"}}
        site = node(cls.nats.url, "site-a", live("front", motion={}, **record), live("secret", motion={}, **record),
                    export=["front"])
        wall = node(cls.nats.url, "wall", live("own", **record), imports=["*/*"])
        wall["tokens"] = [{"name": "all", "token": ALL, "rights": "admin"},
                          {"name": "limited", "token": LIMITED, "rights": "admin", "cameras": [ID]},
                          {"name": "elsewhere", "token": ELSEWHERE, "cameras": ["own"]}]
        cls.site = cls.enterClassContext(Server({**site, **cls.recordings.config(*site["cameras"])}))
        cls.wall = cls.enterClassContext(Server({**wall, **cls.own_recordings.config(*wall["cameras"])}))
        cls.began = time.time()
        wait_until(lambda: ID in cls.ids(), PATIENCE_S, "the camera to be imported")

    @classmethod
    def get(cls, path, token=ALL, **options):
        return cls.wall.get(path, headers=bearer(token), **options)

    @classmethod
    def ids(cls, token=ALL):
        return [camera["id"] for camera in cls.get("/api/cameras?brief=1", token).json["cameras"]]

    def assert_error(self, answer, status, code, *words):
        self.assertEqual((answer.status, answer.error_code), (status, code), answer.text)
        for word in words:
            self.assertIn(word, answer.json["error"]["message"])

    def wait_for_recording(self):
        def stretches():
            cameras = {camera["id"]: camera for camera in self.get("/api/recordings").json["cameras"]}
            return cameras.get(ID, {}).get("stretches")
        return wait_until(stretches, PATIENCE_S, "a recording of the imported camera")

    def switch_motion(self, server, camera, is_active):
        headers = {"Content-Type": "application/json", **bearer(ALL)}
        answer = server.get(f"/api/cameras/{camera}/motion", method="PUT", headers=headers,
                            body=json.dumps({"active": is_active}).encode())
        self.assertEqual((answer.status, answer.json["active"]), (200, is_active), answer.text)

    def stream(self, path):
        return self.wall.stream(path, headers=bearer(ALL))

    # ---- What there is ----

    def test_cluster_and_status_name_the_node(self):
        cluster = self.get("/api/cluster").json
        self.assertEqual((cluster["node"], cluster["state"]), ("wall", "connected"))
        site, = cluster["nodes"]
        self.assertEqual((site["name"], site["state"]), ("site-a", "online"))
        self.assertEqual([camera["id"] for camera in site["cameras"]], [ID])
        self.assertEqual(self.get("/api/status").json["cluster"],
                         {"state": "connected", "error": None, "nodes": 1, "online": 1})
        self.assertIn('\nframebroker_cluster_node_up{node="site-a"} 1\n', self.get("/metrics").text)
        self.assertIn(f'data-id="{ID}"', self.get("/").text)
        self.assertEqual(self.get(f"/camera/{ID}").status, 200)

    def test_picture_comes_like_a_local_one(self):
        with self.stream(f"/feed?cameras=own,{ID}") as feed:
            for camera in ("own", ID):
                feed.frame_where(lambda part, camera=camera: camera_of(part) == camera and part.state == "live",
                                 PATIENCE_S, f"a frame of {camera}")
        snapshot = self.get(f"/camera/{ID}/snapshot?width=160")
        self.assertEqual(snapshot.status, 200)
        self.assertEqual(snapshot.headers["X-Camera-Id"], ID)

    # ---- Motion ----

    def test_motion_is_shown_and_switched(self):
        path = f"/api/cameras/{ID}/motion"
        wait_until(lambda: self.get(path).json["cells"] is not None, PATIENCE_S, "cells of the node's detector")
        for is_active in (False, True):
            self.switch_motion(self.wall, ID, is_active)
            self.assertEqual(self.site.get("/api/cameras/front/motion").json["active"], is_active)

    def test_picture_of_an_event_comes_from_the_node(self):
        def picture_of_last_event():
            events = self.site.get("/api/history?camera=front&kind=motion&limit=1").json["events"]
            return events[0]["details"]["snapshot"] if events else None
        path = wait_until(picture_of_last_event, 2 * PATIENCE_S, "an event")
        own = self.site.get(path)
        answer = self.get(path.replace("/camera/front/", f"/camera/{ID}/"))
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "image/jpeg"))
        self.assertEqual(answer.body, own.body)
        self.assert_error(self.get(f"/camera/{ID}/events/1.jpg"), 404, "no_such_event")

    # ---- The past ----

    def test_history_of_the_node_is_read(self):
        rows_of = "/api/history?node=site-a"
        wait_until(lambda: self.get(rows_of).json["events"], PATIENCE_S, "the beginning of motion")
        self.switch_motion(self.site, "front", False)
        wait_until(lambda: len(self.get(rows_of).json["events"]) >= 2, PATIENCE_S, "its end")
        self.switch_motion(self.site, "front", True)
        self.assertTrue(self.site.get("/api/history?camera=secret&limit=1").json["events"])
        rows = self.get("/api/history?node=site-a").json["events"]
        self.assertEqual({row["camera"] for row in rows}, {ID})
        of_camera = self.get(f"/api/history?camera={ID}&order=asc").json["events"]
        self.assertEqual({row["camera"] for row in of_camera}, {ID})
        first, second = of_camera[:2]
        after = self.get(f"/api/history?node=site-a&order=asc&limit=1&after={first['id']}").json["events"]
        self.assertEqual([row["id"] for row in after], [second["id"]])
        self.assert_error(self.get("/api/history?node=site-a&after=999999999"), 400, "bad_parameter")
        self.assert_error(self.get("/api/history?node=nowhere"), 404, "no_such_node", "nowhere")
        page = self.get("/history?node=site-a").text
        self.assertIn('<option value="site-a" selected>', page)
        self.assertIn(f'href="camera/{ID}"', page)

    def test_recordings_of_the_node_are_listed(self):
        self.wait_for_recording()
        recorded = {camera["id"] for camera in self.get("/api/recordings").json["cameras"]}
        self.assertLessEqual(recorded, {"own", ID})
        one = self.get(f"/api/recordings?camera={ID}").json["cameras"]
        self.assertEqual([camera["id"] for camera in one], [ID])

    def test_recording_is_played_by_the_node(self):
        wait_until(lambda: self.get(f"/camera/{ID}/snapshot?at={utc(self.began + 3)}").status == 200, PATIENCE_S,
                   "a picture of the time")
        at = self.began + 3
        picture = self.get(f"/camera/{ID}/snapshot?at={utc(at)}&width=160")
        self.assertEqual((picture.status, picture.headers["X-Camera-Id"]), (200, ID))
        self.assertLess(abs(float(picture.headers["X-Timestamp"]) - at), 3)
        self.assert_error(self.get(f"/camera/{ID}/snapshot?at=1000"), 404, "no_recording")
        for path in (f"/camera/{ID}/video_feed?at={utc(at)}&to={utc(at + 1)}",
                     f"/feed?cameras=own,{ID}&at={utc(at)}&to={utc(at + 1)}"):
            with self.stream(path) as stream:
                part = stream.frame_where(lambda part: camera_of(part) == ID, PATIENCE_S, "a recorded frame")
                self.assertLess(abs(part.timestamp - at), 3)
                self.assertIn("x-recorded", part.headers)

    def test_deletion_is_refused_with_the_name_of_the_node(self):
        period = f"from={utc(self.began)}&to={utc(self.began + 1)}"
        self.assert_error(self.get(f"/api/recordings?camera={ID}&{period}", method="DELETE"), 501, "unsupported",
                          "site-a")

    # ---- Rights ----

    def test_rights_of_here_hold(self):
        self.assertEqual(self.ids(LIMITED), [ID])
        self.assertEqual(self.ids(ELSEWHERE), ["own"])
        for path in (f"/camera/{ID}/snapshot", f"/api/cameras/{ID}/motion", f"/camera/{ID}/events/1.jpg",
                     f"/camera/{ID}/video_feed?at=1000", f"/api/history?camera={ID}"):
            self.assert_error(self.get(path, ELSEWHERE), 404, "no_such_camera")
        self.assert_error(self.get("/api/history?node=site-a", ELSEWHERE), 404, "no_such_node")
        self.assertEqual(self.get("/api/cluster", ELSEWHERE).json["nodes"], [])
        site, = self.get("/api/cluster", LIMITED).json["nodes"]
        self.assertNotIn("channels", site)

    def test_camera_that_is_not_exported_does_not_exist(self):
        for path in ("/camera/site-a.secret/snapshot", "/api/cameras/site-a.secret/motion",
                     "/api/recordings?camera=site-a.secret"):
            self.assert_error(self.get(path), 404, "no_such_camera")
        self.assertEqual(self.get("/api/history?node=site-a&camera=site-a.secret").json["events"], [])

    def test_node_answers_no_request_for_what_is_not_exported(self):
        controls, motion, picture, history = 16, 18, 21, 22
        with Client(self.nats, "framebroker.1.inbox.>") as spy:
            def ask(kind, camera):
                count = spy.count()

                def answers():
                    return [payload for subject, payload in spy.since(count) if subject == inbox]
                # An answer for another's inbox is not given: the second one comes alone.
                for reply in ("framebroker.1.inbox.wall.directory.site-a", inbox):
                    spy.publish("framebroker.1.request.site-a.spy", request_of(kind, camera), reply)
                answer, = wait_until(answers, PATIENCE_S, "an answer")
                forged.update(subject for subject, _ in spy.since(count) if subject.startswith(others))
                return answer
            inbox, others, forged = "framebroker.1.inbox.spy.answer", "framebroker.1.inbox.wall.directory.", set()
            self.assertEqual(ask(motion, "front")[:2], bytes([1, 0]))
            for kind in (controls, motion, picture):
                self.assertIn(b"there is no such camera", ask(kind, "secret"))
            wait_until(lambda: b"front" in ask(history, ""), PATIENCE_S, "the history")
            self.assertNotIn(b"secret", ask(history, ""))
            self.assertNotIn(b"secret", ask(history, "secret")[2:])
            self.assertEqual(forged, set())


class NodeThatStops(unittest.TestCase):
    def test_requests_say_which_node_does_not_respond(self):
        with NatsServer() as nats:
            with Server(node(nats.url, "wall", live("own"), imports=["*/*"])) as wall:
                with Server(node(nats.url, "site-a", live("front", motion={}))):
                    wait_for_import(wall, ID)
                wall.wait_for_state(ID, "offline", PATIENCE_S)
                self.assertIn("site-a", wall.camera(ID)["error"])
                for path in (f"/api/cameras/{ID}/motion", f"/camera/{ID}/events/1.jpg", "/api/history?node=site-a"):
                    answer = wall.get(path)
                    self.assertEqual((answer.status, answer.error_code), (503, "node_unreachable"), answer.text)
                    self.assertIn("site-a", answer.json["error"]["message"])


if __name__ == "__main__":
    main()
