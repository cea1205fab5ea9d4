#!/usr/bin/env python3
"""Where the server meets the network: names, other sites' pages, proxies, and a path that is not the root."""
import json
import pathlib
import unittest

from harness import Server, main, pattern

DASHBOARD = "https://dash.example.org"
CONTROLS = "/api/cameras/a/controls"


def serve(**settings):
    return Server({"server": settings, "cameras": [pattern("a")]})


class Names(unittest.TestCase):
    def test_only_addresses_and_localhost_are_answered_by_themselves(self):
        with serve() as server:
            for host in ("localhost", f"localhost:{server.port}", f"127.0.0.1:{server.port}", "192.0.2.7", "[::1]:80",
                         "cams.localhost"):
                with self.subTest(host=host):
                    self.assertEqual(server.get("/healthz", headers={"Host": host}).status, 200)
            for path in ("/", "/api/status", "/camera/a/snapshot", "/camera/a/video_feed", "/assets/page.css", "/nowhere"):
                with self.subTest(path=path):
                    answer = server.get(path, headers={"Host": "rebound.example:8080"})
                    self.assertEqual((answer.status, answer.error_code), (403, "host_not_allowed"))
                    self.assertIn('"hosts"', answer.json["error"]["message"])
                    self.assertIn("rebound.example", answer.json["error"]["message"])

    def test_configured_names_are_answered(self):
        with serve(hosts=["cams.example.org", "nvr.lan:8443"]) as server:
            for host, status in (("cams.example.org", 200), ("CAMS.example.org:80", 200), ("nvr.lan:8443", 200),
                                 ("nvr.lan", 403), ("x.cams.example.org", 403)):
                with self.subTest(host=host):
                    self.assertEqual(server.get("/healthz", headers={"Host": host}).status, status)

    def test_reload_brings_new_names(self):
        with serve() as server:
            def ask():
                return server.get("/healthz", headers={"Host": "cams.example.org"}).status
            self.assertEqual(ask(), 403)
            config = {"server": {"hosts": ["cams.example.org"]}, "cameras": [pattern("a")]}
            pathlib.Path(server.directory.name, "config.json").write_text(json.dumps(config))
            answer = server.get("/api/reload", "POST", {"Origin": "https://evil.example", "Content-Length": "0"})
            self.assertEqual(answer.error_code, "origin_not_allowed")
            self.assertEqual(ask(), 403)
            self.assertEqual(server.get("/api/reload", "POST", {"Content-Length": "0"}).status, 200)
            self.assertEqual(ask(), 200)

    def test_name_in_the_request_line_counts_too(self):
        with serve() as server:
            for host, status in ((f"127.0.0.1:{server.port}", b"200"), (f"rebound.example:{server.port}", b"403"),
                                 (f"a b@localhost:{server.port}", b"400")):
                with self.subTest(host=host):
                    answer = server.raw(f"GET http://{host}/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                    self.assertEqual(answer.split(b" ")[1], status, answer[:300])
            for host in ("127.0.0.1:1", "rebound.example", f"x@localhost:{server.port}"):  # whose port is not ours
                with self.subTest(host=host):
                    answer = server.raw(f"GET http://{host}/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                    self.assertNotIn(b" 200 ", answer[:20])

    def test_request_that_names_no_host_or_two(self):
        with serve() as server:
            self.assertIn(b" 200 ", server.raw(b"GET /healthz HTTP/1.0\r\n\r\n")[:20])
            for hosts in (b"Host: localhost\r\nHost: rebound.example\r\n", b"Host: <b>\r\n", b"Host: \r\n"):
                with self.subTest(hosts=hosts):
                    self.assertIn(b" 400 ", server.raw(b"GET /healthz HTTP/1.1\r\n" + hosts + b"\r\n")[:20])


class OtherSites(unittest.TestCase):
    def put(self, server, **headers):
        return server.get(CONTROLS, "PUT", {**headers, "Content-Length": "0"})

    def test_their_pages_change_nothing(self):
        with serve() as server:
            for origin in ("https://evil.example", "null", "", f"http://127.0.0.1:{server.port + 1}", "http://localhost"):
                with self.subTest(origin=origin):
                    answer = self.put(server, Origin=origin)
                    self.assertEqual((answer.status, answer.error_code), (403, "origin_not_allowed"))
            # A pattern has no controls: 404 is the answer to those with the right.
            self.assertEqual(self.put(server).error_code, "no_controls")
            self.assertEqual(self.put(server, Origin=f"http://127.0.0.1:{server.port}").error_code, "no_controls")

    def test_listed_ones_do_and_read(self):
        with serve(cors_origins=[DASHBOARD]) as server:
            self.assertEqual(self.put(server, Origin=DASHBOARD).error_code, "no_controls")
            for path in ("/api/status", "/camera/a/snapshot", "/nowhere"):
                with self.subTest(path=path):
                    answer = server.get(path, headers={"Origin": DASHBOARD})
                    self.assertEqual(answer.headers["Access-Control-Allow-Origin"], DASHBOARD)
                    self.assertEqual(answer.headers["Access-Control-Allow-Credentials"], "true")
                    self.assertIn("X-Sequence", answer.headers["Access-Control-Expose-Headers"])
                    self.assertEqual(answer.headers["Vary"], "Origin")
                    answer = server.get(path, headers={"Origin": "https://evil.example"})
                    self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
                    self.assertEqual(answer.headers["Vary"], "Origin")
            with server.stream("/camera/a/video_feed", headers={"Origin": DASHBOARD}) as stream:
                self.assertEqual(stream.headers["access-control-allow-origin"], DASHBOARD)

    def test_any_may_read_but_nothing_more(self):
        with serve(cors_origins=["*"]) as server:
            answer = server.get("/api/status", headers={"Origin": "https://evil.example"})
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
            self.assertIsNone(answer.headers["Access-Control-Allow-Credentials"])
            self.assertEqual(self.put(server, Origin="https://evil.example").status, 403)
            answer = server.get(CONTROLS, "OPTIONS", {"Origin": "https://evil.example",
                                                      "Access-Control-Request-Method": "PUT"})
            self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Methods"]), (204, "GET, HEAD"))

    def test_preflight_tells_listed_ones_the_methods(self):
        with serve(cors_origins=[DASHBOARD]) as server:
            headers = {"Origin": DASHBOARD, "Access-Control-Request-Method": "PUT"}
            answer = server.get(CONTROLS, "OPTIONS", headers)
            self.assertEqual((answer.status, answer.body), (204, b""))
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], DASHBOARD)
            self.assertEqual(answer.headers["Access-Control-Allow-Methods"], "GET, HEAD, PUT")
            self.assertIn("Authorization", answer.headers["Access-Control-Allow-Headers"])
            self.assertIsNone(answer.headers["Content-Length"])
            self.assertEqual(server.get("/nowhere", "OPTIONS", headers).status, 404)
            answer = server.get(CONTROLS, "OPTIONS", {**headers, "Origin": "https://evil.example"})
            self.assertEqual(answer.status, 405)
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
            self.assertEqual(server.get(CONTROLS, "OPTIONS").status, 405)


class Headers(unittest.TestCase):
    def check(self, headers, resource_policy="same-site"):
        self.assertEqual(headers.get("x-content-type-options"), "nosniff")
        self.assertEqual(headers.get("referrer-policy"), "same-origin")
        self.assertEqual(headers.get("x-frame-options"), "SAMEORIGIN")
        self.assertEqual(headers.get("cross-origin-resource-policy"), resource_policy)
        self.assertIn("frame-ancestors 'self'", headers.get("content-security-policy", ""))
        self.assertIn("camera=()", headers.get("permissions-policy", ""))

    @staticmethod
    def headers_of(answer):
        head = answer.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}

    def test_every_answer_has_them(self):
        with serve() as server:
            for path in ("/", "/camera/a", "/status", "/api/status", "/camera/a/snapshot", "/assets/page.css", "/healthz",
                         "/nowhere", "/camera/x", "/?action=x"):
                with self.subTest(path=path):
                    answer = server.get(path)
                    self.check({name.lower(): value for name, value in answer.headers.items()})
            for request in (b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n",
                            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"):
                with self.subTest(request=request):
                    self.check(self.headers_of(server.raw(request)))
            with server.stream("/camera/a/video_feed") as stream:
                self.check(stream.headers)

    def test_listed_origins_let_other_sites_show_pictures(self):
        with serve(cors_origins=[DASHBOARD]) as server:
            self.check({name.lower(): value for name, value in server.get("/camera/a/snapshot").headers.items()},
                       "cross-origin")


class Proxies(unittest.TestCase):
    def remote(self, server, **headers):
        with server.stream("/camera/a/video_feed", headers=headers) as stream:
            stream.part()
            subscribers = server.camera("a")["subscribers"]
        self.assertEqual(len(subscribers), 1)
        server.wait_for_camera("a", lambda camera: not camera["subscribers"], 5, "the stream to be gone")
        return subscribers[0]["remote"]

    def test_trusted_one_tells_who_asks(self):
        with serve(trusted_proxies=["127.0.0.0/8"]) as server:
            self.assertEqual(self.remote(server, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}), "203.0.113.7")
            self.assertRegex(self.remote(server), "^127.0.0.1:[0-9]+$")
            self.assertEqual(self.remote(server, **{"X-Forwarded-For": "198.51.100.1", "x-forwarded-for": "127.0.0.9"}),
                             "198.51.100.1")
            self.assertRegex(self.remote(server, **{"X-Forwarded-For": "198.51.100.1", "x-forwarded-for": "unknown"}),
                             "^127.0.0.1:[0-9]+$")
            answer = server.raw(b"GET /healthz HTTP/1.1\r\nHost: upstream\r\nX-Forwarded-Host: localhost\r\n\r\n")
            self.assertIn(b" 200 ", answer[:20])
            for forwarded in (b"rebound.example", b"localhost, rebound.example"):
                answer = server.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: " + forwarded
                                    + b"\r\n\r\n")
                self.assertIn(b" 403 ", answer[:20])

    def test_requests_that_cannot_be_read_are_refused_without_reading_their_headers(self):
        with serve(trusted_proxies=["127.0.0.1"]) as server:
            for line in (b"XAb", b"X-A: a\tb\x01", b"X\x01: a", b"X-Forwarded-For", b"X: a\x00b"):
                with self.subTest(line=line):
                    answer = server.raw(b"GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1\r\n" + line + b"\r\n\r\n")
                    self.assertIn(b" 400 ", answer[:20])
            self.assertEqual(server.get("/healthz").status, 200)

    def test_anyone_else_is_not_believed(self):
        with serve(trusted_proxies=["10.0.0.1"]) as server:
            self.assertRegex(self.remote(server, **{"X-Forwarded-For": "203.0.113.7"}), "^127.0.0.1:[0-9]+$")
            answer = server.get("/healthz", headers={"Host": "upstream", "X-Forwarded-Host": "localhost"})
            self.assertEqual(answer.status, 403)


class BasePath(unittest.TestCase):
    def test_routes_are_answered_with_and_without_it(self):
        with serve(base_path="/nvr/cams/") as server:
            for path in ("", "/", "/status", "/camera/a", "/camera/a/snapshot", "/api/status", "/assets/page.css"):
                with self.subTest(path=path):
                    self.assertEqual(server.get("/nvr/cams" + path).status, 200)
                    self.assertEqual(server.get(path or "/").status, 200)
            for path in ("/nvr", "/nvr/camsa", "/nvr/cams/nvr/cams/status"):
                with self.subTest(path=path):
                    self.assertEqual(server.get(path).status, 404)

    def test_pages_say_it(self):
        with serve(base_path="/cams") as server:
            for path in ("/cams/", "/cams/camera/a", "/cams/status", "/"):
                page = server.get(path).text
                self.assertIn('<base href="/cams/">', page)
                self.assertNotRegex(page, '(href|src)="/(?!cams/)')


if __name__ == "__main__":
    main()
