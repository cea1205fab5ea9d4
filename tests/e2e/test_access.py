#!/usr/bin/env python3
"""Users, tokens and links: who gets what, on every route, and what nobody gets."""
import itertools
import json
import pathlib
import subprocess
import tempfile

from accounts import (CAMERAS, HASHES, PASSWORDS, TOKEN, USERS, Base, basic, bearer, cookie_of, log_in, make_link,
                      start)
from harness import PROGRAM, Server, main, pattern, wait_until

# What each visitor gets: stranger, link for front-door, bob (front-*), vera and the token (all), anna (admin).
OPEN = (200, 200, 200, 200, 200)
VIEW = (401, 401, 200, 200, 200)
PICTURE = (401, 200, 200, 200, 200)
HIDDEN = (401, 401, 404, 200, 200)
HIDDEN_PICTURE = (401, 404, 404, 200, 200)
NOWHERE = (401, 401, 404, 404, 404)
MATRIX = {
    "/healthz": OPEN, "/readyz": OPEN, "/login": OPEN, "/assets/page.css": OPEN, "/assets/login.css": OPEN,
    "/assets/favicon.svg": OPEN,
    "/": VIEW, "/status": VIEW, "/api/status": VIEW, "/api/cameras": VIEW, "/assets/wall.js": VIEW, "/feed": VIEW,
    "/metrics": VIEW, "/api/openapi.json": VIEW,
    "/feed?cameras=front-door": VIEW, "/feed?cameras=all": VIEW, "/assets/absent.js": NOWHERE,
    "/camera/front-door": VIEW, "/api/cameras/front-door": VIEW, "/api/cameras/1": VIEW,
    "/camera/front-door/snapshot": PICTURE, "/camera/front-door/snapshot?width=160": PICTURE,
    "/camera/front-door/video_feed": PICTURE, "/camera/1/snapshot": PICTURE, "/snapshot": PICTURE,
    "/video_feed": PICTURE, "/stream": PICTURE, "/?action=snapshot": PICTURE, "/?action=stream_0": PICTURE,
    "/camera/yard": HIDDEN, "/api/cameras/yard": HIDDEN, "/feed?cameras=yard": HIDDEN,
    "/feed?cameras=front-door,yard": HIDDEN,
    "/camera/yard/snapshot": HIDDEN_PICTURE, "/camera/yard/video_feed": HIDDEN_PICTURE,
    "/camera/3/snapshot": HIDDEN_PICTURE, "/?action=stream_2": HIDDEN_PICTURE,
    "/api/cameras/front-door/controls": NOWHERE,
}


class Matrix(Base):
    def visitors(self):
        token = make_link(self.server, "front-door").json["token"]
        return (("stranger", None, None), ("link", None, token), ("bob", basic("bob"), None),
                ("vera", basic("vera"), None), ("token", bearer(TOKEN), None), ("anna", basic("anna"), None))

    def test_every_route_for_every_visitor(self):
        places = {"stranger": 0, "link": 1, "bob": 2, "vera": 3, "token": 3, "anna": 4}
        for visitor, headers, token in self.visitors():
            for path, statuses in MATRIX.items():
                with self.subTest(visitor=visitor, path=path):
                    if token:
                        path += ("&" if "?" in path else "?") + "token=" + token
                    self.assertEqual(self.status_of(path, headers=headers), statuses[places[visitor]])

    def test_only_admins_set_controls_and_switch_motion(self):
        handled = {"controls": 404, "motion": 400}  # the handlers' own refusals of an empty body
        for (visitor, headers, token), item in itertools.product(self.visitors(), handled):
            with self.subTest(visitor=visitor, item=item):
                path = f"/api/cameras/front-door/{item}" + (f"?token={token}" if token else "")
                expected = {"stranger": 401, "link": 401, "anna": handled[item]}.get(visitor, 403)
                self.assertEqual(self.status_of(path, "PUT", headers, b"{}"), expected)

    def test_links_are_made_for_cameras_that_one_sees(self):
        for visitor, headers, token in self.visitors():
            for camera, status in (("front-door", 201), ("yard", 404 if visitor == "bob" else 201), ("nowhere", 404),
                                   ("a" * 500, 404)):
                with self.subTest(visitor=visitor, camera=camera[:20]):
                    body = json.dumps({"camera": camera, "expires_in_s": 60}).encode()
                    answer = self.server.get("/api/tokens" + (f"?token={token}" if token else ""), "POST", headers,
                                             body=body)
                    self.assertEqual(answer.status, 401 if visitor in ("stranger", "link") else status)

    def test_right_to_view_is_the_default(self):
        self.assertEqual(self.status_of("/api/cameras/yard/controls", "PUT", basic("vera"), b"{}"), 403)


class Hidden(Base):
    """A camera that one may not see is not there."""

    def raw(self, line, headers, body=b""):
        lines = [line + " HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}",
                 *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return self.server.raw("\r\n".join(lines).encode() + body)

    def test_answers_are_those_of_no_camera_to_the_last_byte(self):
        token = make_link(self.server, "front-door").json["token"]
        for line in ("GET /camera/yard", "GET /camera/yard/snapshot", "GET /camera/yard/video_feed",
                     "HEAD /camera/yard/video_feed", "GET /api/cameras/yard", "GET /api/cameras/yard/controls",
                     "PUT /api/cameras/yard/controls", "GET /feed?cameras=yard", "GET /feed?cameras=front-door,yard",
                     "GET /camera/yard/snapshot?variant=thumb", "GET /camera/yard/snapshot?fps=x", "POST /camera/yard"):
            for visitor in (basic("bob"), {}):
                with self.subTest(line=line, visitor=bool(visitor)):
                    hidden = self.raw(line, visitor)
                    absent = self.raw(line.replace("yard", "none"), visitor)
                    self.assertEqual(hidden.replace(b"yard", b"none"), absent)
        for path in ("snapshot", "video_feed"):
            hidden, absent = (self.raw(f"GET /camera/{id}/{path}?token={token}", {}) for id in ("yard", "none"))
            self.assertEqual(hidden.replace(b"yard", b"none"), absent)
        hidden, absent = (self.raw("POST /api/tokens", basic("bob"),
                                   json.dumps({"camera": id, "expires_in_s": 9}).encode()) for id in ("yard", "none"))
        self.assertEqual(hidden.replace(b"yard", b"none"), absent)

    def test_no_list_names_it(self):
        for path in ("/", "/status", "/api/status", "/api/cameras", "/metrics", "/readyz"):
            with self.subTest(path=path):
                self.assertNotIn("yard", self.server.get(path, headers=basic("bob")).text)
                if path != "/readyz":
                    self.assertIn("yard", self.server.get(path, headers=basic("vera")).text)

    def test_totals_are_for_those_who_see_all(self):
        for name in ("bob", "vera"):
            status = self.server.get("/api/status", headers=basic(name)).json
            for member in ("streams", "workers", "memory", "reloads", "mqtt"):
                self.assertEqual(status[member] is None, name == "bob", member)

    def test_places_count_the_cameras_that_one_sees(self):
        self.assertEqual(self.server.get("/api/cameras/2", headers=basic("bob")).json["id"], "front-gate")
        self.assertEqual(self.server.get("/api/cameras/2", headers=basic("vera")).json["id"], "yard")
        self.assertEqual(self.server.get("/api/cameras/3", headers=basic("bob")).status, 404)

    def test_all_of_a_feed_is_all_that_one_sees(self):
        with self.server.stream("/feed", headers=basic("bob")) as stream:
            seen = {stream.part().headers["x-camera-id"] for _ in range(60)}
        self.assertEqual(seen, {"front-door", "front-gate"})

    def test_addresses_of_viewers_are_for_admins(self):
        with self.server.stream("/feed?cameras=front-door", headers=basic("bob")) as stream:
            stream.part()
            for name in ("vera", "bob", "anna"):
                viewers = self.server.get("/api/cameras/front-door", headers=basic(name)).json["subscribers"]
                self.assertEqual("127.0.0.1" in viewers[0]["remote"], name == "anna", viewers)

    def test_readyz_tells_strangers_no_names(self):
        config = {"cameras": [pattern("gone", faults=[{"kind": "vanish", "at_frame": 1}], on_demand=False)]}
        with start(**config, users=USERS[:2]) as server:
            answer = wait_until(lambda: (lambda a: a if a.status == 503 else None)(server.get("/readyz")), 10, "503")
            self.assertEqual(answer.json, {"status": "not_ready"})
            named = wait_until(lambda: server.get("/readyz", headers=basic("vera")).json.get("cameras"), 10, "names")
            self.assertEqual(named[0]["id"], "gone")


class Links(Base):
    def test_link_shows_its_camera_and_nothing_else(self):
        link = make_link(self.server, "2").json
        self.assertEqual(link["camera"], "yard")
        self.assertEqual(link["url"], f"/camera/yard/video_feed?token={link['token']}")
        self.assertRegex(link["expires_at"], r"^[0-9-]+T[0-9:]+Z$")
        with self.server.stream(link["url"]) as stream:
            stream.part()
        query = f"?token={link['token']}"
        self.assertEqual(self.server.get("/camera/yard/snapshot" + query).status, 200)
        self.assertEqual(self.server.get("/camera/1/snapshot" + query).headers["X-Camera-Id"], "yard")
        for path in ("/camera/front-door/snapshot", "/camera/2/snapshot", "/?action=snapshot_1"):
            with self.subTest(path=path):
                query = ("&" if "?" in path else "?") + f"token={link['token']}"
                self.assertEqual(self.server.get(path + query).status, 404)

    def test_forged_links_are_refused(self):
        token = make_link(self.server, "yard").json["token"]
        cookie = cookie_of(log_in(self.server, "anna")).split("=", 1)[1]
        for forged in ("", "x", token[:-1], token + "A", ("B" if token[0] == "A" else "A") + token[1:], token[1:],
                       cookie, "%00", "A" * 3000):
            with self.subTest(forged=forged[:20]):
                answer = self.server.get(f"/camera/yard/snapshot?token={forged}")
                self.assertEqual((answer.status, answer.error_code), (401, "bad_link"))

    def test_link_expires(self):
        link = make_link(self.server, "yard", 1).json["url"].replace("video_feed", "snapshot")
        answer = wait_until(lambda: (lambda a: a if a.status == 401 else None)(self.server.get(link)), 5, "its end")
        self.assertEqual(answer.error_code, "link_expired")

    def test_stream_ends_with_its_link(self):
        with self.server.stream(make_link(self.server, "yard", 2).json["url"]) as stream:
            stream.part()
            with self.assertRaises(EOFError):
                while True:
                    stream.part()

    def test_requests_are_bounded(self):
        for body in (b"", b"[]", b"{}", b'{"camera": "yard"}', b'{"camera": 1, "expires_in_s": 5}',
                     b'{"camera": "yard", "expires_in_s": 0}', b'{"camera": "yard", "expires_in_s": 99999999}',
                     b'{"camera": "yard", "expires_in_s": 1.5}', b'{"camera": "yard", "expires_in_s": 9, "x": 1}'):
            with self.subTest(body=body):
                self.refusal_of(body)

    def refusal_of(self, body):
        """Why a request is refused."""
        answer = self.server.get("/api/tokens", "POST", basic("anna"), body=body)
        self.assertEqual((answer.status, answer.error_code), (400, "bad_body"))
        return answer.json["error"]["message"]

    def test_refused_requests_say_what_to_send(self):
        for body, said in ((b"camera=yard", r'JSON.*{"camera": "front-door", "expires_in_s": 3600}'),
                           (b'{"expires_in_s": 60}', r'"camera".*/api/cameras'),
                           (b'{"camera": "yard"}', r'"expires_in_s".*seconds.*1 to 31622400'),
                           (b'{"camera": "yard", "expires_in_s": "60"}', r'"expires_in_s".*whole number'),
                           (b'{"camera": "yard", "expires_in_s": 9, "x": 1}', r"nothing but")):
            with self.subTest(body=body):
                self.assertRegex(self.refusal_of(body), said)

    def test_links_work_without_users_too(self):
        with Server({"cameras": CAMERAS}) as server:
            url = make_link(server, "yard", headers={"X-None": "1"}).json["url"]
            with server.stream(url) as stream:
                stream.part()


class Secrets(Base):
    def test_nothing_secret_is_told(self):
        cookie = cookie_of(log_in(self.server, "anna"))
        link = make_link(self.server, "yard").json["token"]
        self.server.get(f"/camera/yard/snapshot?token={link}")
        self.server.get(f"/nowhere?token={link}", headers={"Accept": "text/html"})
        self.server.raw(f"GET /camera/yard/snapshot?token={link} HTTP/9.9\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
                        .encode())
        log_in(self.server, "hunter2-as-name", "hunter2-as-password")
        told = self.server.log() + "".join(self.server.get(path, headers=basic("anna")).text
                                           for path in ("/api/status", "/status", "/", "/readyz"))
        secrets = (*PASSWORDS.values(), *HASHES.values(), TOKEN, link, cookie.split("=", 1)[1], "hunter2")
        self.assertEqual([secret for secret in secrets if secret in told], [])
        self.assertIn("wrong password" if "wrong password" in self.server.log() else "unknown user", self.server.log())

    def test_check_tells_faults_without_secrets(self):
        faulty = {"cameras": CAMERAS, "secret": "Too Short", "tokens": [{"name": "a", "token": "Short One"}],
                  "users": [{"name": "anna", "password": "Plain Text"}, {"name": "bo:b", "password": HASHES["bob"][:40]},
                            {"name": "c", "password": HASHES["bob"], "rights": "root", "cameras": ["yrad"]},
                            {"name": "d", "password": HASHES["bob"].replace("$y$j9T$", "$y$jzT$")}]}
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "c.json")
            path.write_text(json.dumps(faulty, indent=1))
            result = subprocess.run([PROGRAM, "--check", "--config", str(path)], capture_output=True, text=True)
        self.assertEqual(result.returncode, 2)
        for words in ("users[0].password: must be a hash of the password, which framebroker --hash-password makes",
                      "users[1].name: ", "users[1].password: ", 'users[2].rights: unknown right; there are "view" and',
                      "users[2].cameras[0]: no camera has this id", "users[3].password: costs too much", "tokens[0].token: ", "secret: "):
            self.assertIn(words, result.stderr)
        for secret in ("Plain", "Short", HASHES["bob"][:20]):
            self.assertNotIn(secret, result.stderr)


if __name__ == "__main__":
    main()
