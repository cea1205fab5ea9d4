"""Controls of other nodes' cameras, set from here."""
import json
import os
import pathlib
import tempfile
import unittest

from harness import PATIENCE_S, Server, main, plain_picture, wait_until
from nats_cluster import NatsServer, node, pattern, require_nats_server

ADMIN, VIEWER, ELSEWHERE = "admin-0123456789abcdefgh", "viewer-0123456789abcdefg", "elsewhere-0123456789abcd"
ID = "site-a.front"
CONTROLS = f"/api/cameras/{ID}/controls"


def setUpModule():
    require_nats_server()


class ControlsOfImportedCameras(unittest.TestCase):
    """A site with a V4L2 camera, which the test's library makes of a file, and a wall that imports it."""

    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="framebroker-")))
        plain_picture(folder / "picture.jpg", "gray")
        environment = {"LD_PRELOAD": os.environ["V4L2_CAMERA_LIBRARY"], "V4L2_CAMERA": str(folder / "video0"),
                       "V4L2_PICTURE": str(folder / "picture.jpg")}
        self.nats = self.enterContext(NatsServer())
        front = {"id": "front", "source": {"type": "v4l2", "device": str(folder / "video0"), "format": "MJPEG",
                                           "width": 320, "height": 240, "fps": 10}}
        self.site = self.enterContext(Server(node(self.nats.url, "site-a", front, pattern("plain")),
                                             environment=environment))
        wall = node(self.nats.url, "wall", pattern("own"), imports=["*/*"])
        wall["tokens"] = [{"name": "admin", "token": ADMIN, "rights": "admin"},
                          {"name": "viewer", "token": VIEWER, "rights": "view", "cameras": [ID]},
                          {"name": "elsewhere", "token": ELSEWHERE, "rights": "admin", "cameras": ["own"]}]
        self.wall = self.enterContext(Server(wall))
        wait_until(lambda: self.ask("/api/cameras/" + ID).status == 200, PATIENCE_S, "the camera to be imported")

    def ask(self, path=CONTROLS, token=ADMIN, values=None):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if values is None:
            return self.wall.get(path, headers=headers)
        return self.wall.get(path, "PUT", headers, body=json.dumps(values).encode())

    @staticmethod
    def values_of(answer):
        return {control["name"]: control["value"] for control in answer.json["controls"]}

    def there(self):
        return self.values_of(self.site.get("/api/cameras/front/controls"))

    def test_controls_are_set_at_the_node(self):
        listed = self.ask()
        self.assertEqual(listed.status, 200, listed.text)
        self.assertEqual(listed.json, self.site.get("/api/cameras/front/controls").json)
        changed = self.ask(values={"brightness": 77, "auto_exposure": "Auto Mode"})
        self.assertEqual(changed.status, 200, changed.text)
        self.assertEqual(self.values_of(changed)["brightness"], 77)
        self.assertEqual(self.there(), self.values_of(changed))
        self.assertIn("the control brightness is set by the node wall", self.site.log())
        # The automatic that held it is off.
        self.assertEqual(self.ask(values={"exposure_time_absolute": 500}).status, 200)
        self.assertEqual(self.there()["exposure_time_absolute"], 500)

    def test_values_are_refused_in_the_words_of_the_camera(self):
        refused = self.ask(values={"brightness": 9999, "zoom": 1, "exposure_time_absolute": 5})
        own = self.site.get("/api/cameras/front/controls", "PUT", {"Content-Type": "application/json"},
                            body=b'{"brightness": 9999, "zoom": 1, "exposure_time_absolute": 5}')
        self.assertEqual((refused.status, refused.json), (own.status, own.json))
        self.assertEqual(refused.status, 400)
        self.assertEqual(len(refused.json["errors"]), 3)
        self.assertEqual(self.ask("/api/cameras/site-a.plain/controls").error_code, "no_controls")

    def test_rights_of_here_hold(self):
        seen = self.ask(token=VIEWER)
        self.assertEqual({control["writable"] for control in seen.json["controls"]}, {False})
        self.assertEqual(self.ask(token=VIEWER, values={"brightness": 1}).status, 403)
        for values in (None, {"brightness": 1}):
            answer = self.ask(token=ELSEWHERE, values=values)
            self.assertEqual((answer.status, answer.error_code), (404, "no_such_camera"))
        self.assertEqual(self.there()["brightness"], 100)

    def test_node_that_does_not_answer_is_named(self):
        self.assertEqual(self.ask().status, 200)
        self.site.kill()
        # At once, while its silence is not noticed yet, and later.
        for _ in range(2):
            for values in (None, {"brightness": 1, "auto_exposure": "Auto Mode"}):
                answer = self.ask(values=values)
                self.assertEqual((answer.status, answer.error_code), (503, "node_unreachable"), answer.text)
                self.assertIn("site-a", answer.json["error"]["message"])
                self.assertIn("Retry-After", answer.headers)
            wait_until(lambda: self.ask("/api/cameras/" + ID).json["state"] == "offline", PATIENCE_S, "the silence")


if __name__ == "__main__":
    main()
