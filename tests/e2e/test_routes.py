#!/usr/bin/env python3
"""Every route: what it answers, to which methods, and what it says to requests that it cannot serve."""
import json
import unittest

from harness import Server, main, pattern, wait_until

CAMERAS = [pattern("front-door", name="Front door"), pattern("yard", width=160, height=120, fps=10)]

PAGES = ("/", "/camera/front-door", "/camera/1", "/camera/yard")
JSON_ROUTES = ("/api/status", "/api/cameras", "/api/cameras/front-door", "/api/cameras/2", "/api/openapi.json", "/healthz", "/readyz")
SNAPSHOTS = ("/camera/front-door/snapshot", "/camera/2/snapshot", "/snapshot", "/?action=snapshot",
             "/?action=snapshot_1")
STREAMS = ("/camera/front-door/video_feed", "/camera/2/video_feed", "/video_feed", "/stream", "/?action=stream",
           "/?action=stream_0", "/?action=stream_1")


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"cameras": CAMERAS})
        cls.addClassCleanup(cls.server.__exit__, None)

    def assert_error(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer.body[:200])
        self.assertTrue(answer.headers["Content-Type"].startswith("application/json"), answer.headers["Content-Type"])
        error = answer.json["error"]
        self.assertTrue(error["message"])
        if code:
            self.assertEqual(error["code"], code)

    def test_pages_are_html(self):
        for path in PAGES:
            with self.subTest(path=path):
                answer = self.server.get(path)
                self.assertEqual(answer.status, 200)
                self.assertTrue(answer.headers["Content-Type"].startswith("text/html"))
                self.assertIn("<html", answer.text)

    def test_api_routes_are_json(self):
        for path in JSON_ROUTES:
            with self.subTest(path=path):
                answer = self.server.get(path)
                self.assertEqual(answer.status, 200)
                self.assertTrue(answer.headers["Content-Type"].startswith("application/json"))
                self.assertIsInstance(answer.json, dict)

    def test_snapshots_are_pictures(self):
        for path in SNAPSHOTS:
            with self.subTest(path=path):
                answer = self.server.get(path)
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
                self.assertEqual(answer.body[:2], b"\xff\xd8")

    def test_streams_are_multipart(self):
        for path in STREAMS:
            with self.subTest(path=path), self.server.stream(path) as stream:
                self.assertEqual(stream.status, 200)
                stream.part()

    def test_the_brief_list_lacks_who_watches(self):
        with self.server.stream("/feed?width=80"):
            whole = self.server.get("/api/cameras").json["cameras"]
            brief = self.server.get("/api/cameras?brief=1").json["cameras"]
            self.assertTrue(whole[0]["variants"] is not None and whole[0]["subscribers"] is not None)
            self.assertEqual([list(camera) for camera in brief],
                             [[key for key in camera if key not in ("variants", "subscribers")] for camera in whole])

    def test_alias_names_the_camera_that_it_says(self):
        small = self.server.get("/camera/yard/snapshot?max_age_ms=0")
        self.assertEqual(self.server.get("/api/cameras/2").json["id"], "yard")
        for path, id in (("/?action=stream_1", "yard"), ("/?action=stream", "front-door"), ("/stream", "front-door")):
            with self.subTest(path=path), self.server.stream(path) as stream:
                stream.part()
                wait_until(lambda: self.server.camera(id)["subscribers"], 5, f"a subscriber of {id}")
        self.assertEqual(small.status, 200)

    def test_aliases_count_places_even_where_an_id_is_a_number(self):
        with Server({"cameras": [pattern("front"), pattern("yard"), pattern("1"), pattern("2")]}) as server:
            for path, id in (("/snapshot", "front"), ("/?action=snapshot", "front"), ("/?action=snapshot_1", "yard"),
                             ("/?action=snapshot_2", "1"), ("/camera/1/snapshot", "1")):
                with self.subTest(path=path):
                    self.assertEqual(server.get(path).headers["X-Camera-Id"], id)

    def test_stream_response_is_never_cached_or_buffered(self):
        with self.server.stream("/camera/1/video_feed") as stream:
            self.assertIn("no-store", stream.headers["cache-control"])
            self.assertEqual(stream.headers["pragma"], "no-cache")
            self.assertIn("expires", stream.headers)
            self.assertEqual(stream.headers["connection"], "close")
            self.assertEqual(stream.headers["x-accel-buffering"], "no")

    def test_head_is_get_without_the_body(self):
        for path in PAGES + JSON_ROUTES + SNAPSHOTS + STREAMS:
            with self.subTest(path=path):
                answer = self.server.raw(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                head, _, body = answer.partition(b"\r\n\r\n")
                self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head[:100])
                self.assertEqual(body, b"")

    def test_head_of_an_error_has_no_body(self):
        answer = self.server.raw(b"HEAD /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 404 "))
        self.assertTrue(answer.endswith(b"\r\n\r\n"))

    def test_status_has_the_documented_shape(self):
        with self.server.stream("/camera/front-door/video_feed") as stream:
            for _ in range(5):
                stream.part()
            status = self.server.status()
        self.assertLessEqual({"version", "uptime_s", "started_at", "streams", "workers", "cameras"}, set(status))
        self.assertLessEqual({"active", "max", "rejected"}, set(status["streams"]))
        self.assertLessEqual({"threads", "queued", "replaced"}, set(status["workers"]))
        camera = status["cameras"][0]
        self.assertLessEqual({"id", "name", "source", "state", "error", "restarts", "width", "height", "format", "fps",
                              "frames", "last_frame", "subscribers"}, set(camera))
        self.assertEqual((camera["id"], camera["name"], camera["source"]), ("front-door", "Front door", "pattern"))
        self.assertEqual((camera["state"], camera["error"], camera["restarts"]), ("live", None, 0))
        self.assertEqual((camera["width"], camera["height"]), (320, 240))
        self.assertEqual(camera["fps"]["configured"], 30)
        self.assertLessEqual({"published", "dropped", "invalid"}, set(camera["frames"]))
        self.assertLessEqual({"sequence", "captured_at", "age_ms", "bytes"}, set(camera["last_frame"]))
        subscriber = camera["subscribers"][0]
        self.assertLessEqual({"id", "remote", "route", "connected_s", "sent", "skipped", "bytes", "fps"},
                             set(subscriber))
        self.assertEqual(subscriber["route"], "video_feed")
        self.assertGreaterEqual(subscriber["sent"], 4)

    def test_other_methods_are_405_with_allow(self):
        for path in PAGES + JSON_ROUTES + SNAPSHOTS + STREAMS:
            for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                with self.subTest(method=method, path=path):
                    answer = self.server.get(path, method, {"Content-Length": "0"})
                    self.assert_error(answer, 405, "method_not_allowed")
                    self.assertEqual(answer.headers["Allow"], "GET, HEAD")

    def test_unknown_paths_are_404(self):
        for path in ("/nowhere", "/camera", "/camera/", "/camera/1/nothing", "/api", "/api/",
                     "/api/status/more", "/healthz/x", "/index.html", "/etc/passwd", "/../../etc/passwd",
                     "/assets/", "/assets/absent.js", "/assets/..%2f..%2fmain.c", "/.htpasswd", "/favicon.icoo"):
            with self.subTest(path=path):
                self.assert_error(self.server.get(path), 404)

    def test_unknown_cameras_are_404(self):
        for id in ("nobody", "0", "3", "-1", "99999999999999999999", "front-doo", "front-door2", "a" * 65, "a" * 4000):
            for path in (f"/camera/{id}", f"/camera/{id}/video_feed", f"/camera/{id}/snapshot", f"/api/cameras/{id}"):
                with self.subTest(path=path[:80]):
                    self.assert_error(self.server.get(path), 404, "no_such_camera")

    def test_aliases_of_unknown_cameras_are_404(self):
        for path in ("/?action=stream_2", "/?action=snapshot_7"):
            with self.subTest(path=path):
                self.assert_error(self.server.get(path), 404, "no_such_camera")

    def test_unknown_parameter_values_are_400(self):
        for query in ("fps=0", "fps=-1", "fps=fast", "fps=", "fps=nan", "fps=inf", "fps=1e9", "fps=5x"):
            with self.subTest(query=query):
                self.assert_error(self.server.get(f"/camera/1/video_feed?{query}"), 400, "bad_parameter")
        for query in ("max_age_ms=-1", "max_age_ms=x", "max_age_ms=", "max_age_ms=99999999999999999999"):
            with self.subTest(query=query):
                self.assert_error(self.server.get(f"/camera/1/snapshot?{query}"), 400, "bad_parameter")
        self.assert_error(self.server.get("/?action=dance"), 400, "bad_parameter")

    def test_parameters_of_others_are_passed_over(self):
        self.assertEqual(self.server.get("/api/status?_=1700000000").status, 200)
        self.assertEqual(self.server.get("/camera/1/snapshot?cachebuster=%00%0d%0a").status, 200)

    def test_encoded_line_breaks_forge_no_header(self):
        for path in ("/camera/x%0d%0aX-Forged:%20yes", "/%0d%0a%0d%0a<script>", "/camera/1%0d%0aX-Forged:%20yes",
                     "/camera/1/snapshot?max_age_ms=%0d%0aX-Forged:%20yes"):
            with self.subTest(path=path):
                answer = self.server.get(path)
                self.assertIn(answer.status, (400, 404))
                self.assertIsNone(answer.headers["X-Forged"])
                self.assertNotIn("Forged", answer.text)
                self.assertNotIn("<script>", answer.text)
        self.assertNotIn("\nX-Forged", self.server.log())

    def test_encoded_zero_does_not_reach_another_route(self):
        answer = self.server.get("/camera/no%00body/snapshot")
        self.assertEqual(answer.status, 404)

    def test_doubled_slashes_are_answered(self):
        self.assertIn(self.server.get("//api/status").status, (200, 404))

    def test_markup_in_a_path_comes_back_in_no_page(self):
        self.assertNotIn("<b>", self.server.get("/camera/<b>").text)
        self.assertNotIn("<b>", self.server.get("/%3Cb%3E").text)

    def test_errors_are_valid_json(self):
        answer = self.server.get("/nowhere")
        self.assertEqual(set(json.loads(answer.text)["error"]), {"code", "message"})

    def test_answers_carry_security_headers(self):
        answer = self.server.get("/")
        self.assertIn("Content-Security-Policy", answer.headers)
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")


class Malformed(unittest.TestCase):
    """What is no request at all. Each gets a server of its own, since it may end it."""

    def test_request_line_of_8_kb_is_refused_and_harms_nobody(self):
        for length in (8192, 20000, 200000):
            with self.subTest(length=length), Server({"cameras": CAMERAS}) as server:
                answer = server.raw(b"GET /" + b"a" * length + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
                if answer:
                    self.assertRegex(answer.split(b"\r\n")[0].decode(), "^HTTP/1.1 4[0-9][0-9] ")
                self.assertEqual(server.get("/healthz").status, 200)

    def test_garbage_is_refused_and_harms_nobody(self):
        for garbage in (b"\0" * 100 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n",
                        b"GET / HTTP/9.9\r\n\r\n", b"BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"GET http://[::1 HTTP/1.1\r\n\r\n"):
            with self.subTest(garbage=garbage[:20]), Server({"cameras": CAMERAS}) as server:
                answer = server.raw(garbage)
                self.assertNotRegex(answer[:20], b"HTTP/1.1 2")
                self.assertEqual(server.get("/healthz").status, 200)


if __name__ == "__main__":
    main()
