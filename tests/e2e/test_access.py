#!/usr/bin/env python3
"""Users, tokens, sessions and links: who gets what, on every route, and what nobody gets."""
import base64
import concurrent.futures
import concurrent.futures
import hashlib
import hmac
import json
import os
import pathlib
import pty
import re
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from harness import PROGRAM, TIME_SCALE, Server, main, pattern, wait_until

PASSWORDS = {"anna": "admin: of everything", "vera": "sees everything", "bob": "päßwörd of one camera"}
TOKEN = "grafana-0123456789abcdefghijKLMN"
CAMERAS = [pattern("front-door", name="Front door"), pattern("yard", width=160, height=120, fps=10),
           pattern("front-gate", width=160, height=120, fps=10)]


def hash_of(password):
    result = subprocess.run([PROGRAM, "--hash-password"], input=password.encode() + b"\n", capture_output=True,
                            check=True)
    return result.stdout.decode().strip()


HASHES = {name: hash_of(password) for name, password in PASSWORDS.items()}
USERS = [{"name": "anna", "password": HASHES["anna"], "rights": "admin"},
         {"name": "vera", "password": HASHES["vera"]},
         {"name": "bob", "password": HASHES["bob"], "rights": "view", "cameras": ["front-*"]}]
TOKENS = [{"name": "grafana", "token": "${GRAFANA_TOKEN}"}]
CONFIG = {"cameras": CAMERAS, "users": USERS, "tokens": TOKENS}


def start(**changes):
    return Server({**CONFIG, **changes}, "--verbose", environment={"GRAFANA_TOKEN": TOKEN})


def basic(name, password=None):
    pair = f"{name}:{PASSWORDS[name] if password is None else password}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def log_in(server, name, password=None, next=None, headers=None):
    form = {"name": name, "password": PASSWORDS.get(name, "") if password is None else password}
    if next is not None:
        form["next"] = next
    return server.get("/login", "POST", {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})},
                      body=urllib.parse.urlencode(form).encode())


def cookie_of(answer):
    return answer.headers["Set-Cookie"].split(";")[0]


def make_link(server, camera, seconds=3600, headers=None):
    body = json.dumps({"camera": camera, "expires_in_s": seconds}).encode()
    return server.get("/api/tokens", "POST", headers or basic("anna"), body=body)


def signed_payload(text):
    """What a signed text says, behind its signature of 32 bytes."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[32:].decode()


def signed_text(secret, purpose, payload):
    """The same text as the server would sign; see web/access/signed_text.h and web/access/access.c."""
    master = hashlib.blake2b(secret.encode(), digest_size=32).digest()
    key = hashlib.blake2b(purpose.encode(), key=master, digest_size=32).digest()
    signature = hmac.digest(key, payload.encode(), "sha512")[:32]
    return base64.urlsafe_b64encode(signature + payload.encode()).decode().rstrip("=")


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = start()
        cls.addClassCleanup(cls.server.__exit__, None)

    def status_of(self, path, method="GET", headers=None, body=None):
        """The status of an answer; that of a stream is left after its head."""
        if method == "GET" and re.search(r"video_feed|/feed|stream", path):
            with self.server.stream(path, headers=headers) as stream:
                return stream.status
        return self.server.get(path, method, headers, body=body).status


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

    def test_only_admins_set_controls(self):
        for visitor, headers, token in self.visitors():
            with self.subTest(visitor=visitor):
                path = "/api/cameras/front-door/controls" + (f"?token={token}" if token else "")
                expected = {"stranger": 401, "link": 401, "anna": 404}.get(visitor, 403)
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


class Credentials(Base):
    def test_wrong_ones_are_401_even_beside_a_good_session(self):
        cookie = cookie_of(log_in(self.server, "vera"))
        for headers in (bearer(TOKEN[:-1]), bearer("x"), {"Authorization": "Basic !!"}, {"Authorization": "Digest a"},
                        {"Authorization": ""}):
            with self.subTest(headers=headers):
                answer = self.server.get("/api/status", headers={**headers, "Cookie": cookie})
                self.assertIn(answer.status, (401, 429))

    def test_programs_are_challenged_and_browsers_are_not(self):
        self.assertEqual(self.server.get("/api/status").headers["WWW-Authenticate"],
                         'Basic realm="framebroker", charset="UTF-8"')
        for headers in ({"User-Agent": "Mozilla/5.0"}, {"Sec-Fetch-Mode": "cors"}):
            answer = self.server.get("/api/status", headers=headers)
            self.assertEqual(answer.status, 401)
            self.assertNotIn("Basic", answer.headers["WWW-Authenticate"])

    def test_token_can_be_given_as_its_hash(self):
        digest = subprocess.run(["sha256sum"], input=TOKEN.encode(), capture_output=True).stdout.decode().split()[0]
        with start(tokens=[{"name": "a", "token": "sha256:" + digest, "cameras": ["yard"]}]) as server:
            cameras = server.get("/api/cameras", headers=bearer(TOKEN)).json["cameras"]
            self.assertEqual([camera["id"] for camera in cameras], ["yard"])

    def test_known_password_is_not_hashed_again(self):
        with start() as server:
            for _ in range(200):
                self.assertEqual(server.get("/api/cameras", headers=basic("vera")).status, 200)
            ticks = pathlib.Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
            # 200 checks would take seconds of CPU.
            self.assertLess(int(ticks[11]) / os.sysconf("SC_CLK_TCK"), 2 * TIME_SCALE)

    def test_failures_are_slowed_down_and_good_clients_are_not(self):
        with start() as server:
            cookie = {"Cookie": cookie_of(log_in(server, "vera"))}
            self.assertEqual(server.get("/api/status", headers=basic("anna")).status, 200)
            statuses = [server.get("/api/status", headers=basic("bob", f"guess {n}")).status for n in range(5)]
            self.assertEqual(statuses[:3], [401] * 3)
            blocked = server.get("/api/status", headers=basic("bob", "another guess"))
            self.assertEqual(blocked.status, 429)
            self.assertGreaterEqual(int(blocked.headers["Retry-After"]), 1)
            self.assertEqual(server.get("/api/status", headers=basic("bob")).status, 429)
            page = log_in(server, "bob")
            self.assertEqual(page.status, 429)
            self.assertIn("Try again in", page.text)
            for headers in (cookie, bearer(TOKEN), basic("anna")):
                self.assertEqual(server.get("/api/status", headers=headers).status, 200)
            wait_until(lambda: server.get("/api/status", headers=basic("bob")).status == 200, 10, "bob to be let in")

    def test_checks_give_way_to_streams(self):
        with start() as server:
            self.assertEqual(server.get("/api/status", headers=basic("vera")).status, 200)
            for thread in server.thread_ids("password"):
                stat = pathlib.Path(f"/proc/{server.pid}/task/{thread}/stat").read_text().rpartition(")")[2].split()
                self.assertGreater(int(stat[16]), os.getpriority(os.PRIO_PROCESS, 0))

    def test_guesses_at_once_are_no_way_around_that(self):
        with start() as server, concurrent.futures.ThreadPoolExecutor(16) as pool:
            guesses = [basic("bob", f"guess {n}") for n in range(16)]
            statuses = list(pool.map(lambda guess: server.get("/api/status", headers=guess).status, guesses))
            self.assertLessEqual(statuses.count(401), 5, statuses)
            self.assertLessEqual(set(statuses), {401, 429, 503})

    def test_passwords_are_slowed_down_where_there_are_only_tokens(self):
        with Server({"cameras": CAMERAS, "tokens": [{"name": "a", "token": TOKEN}]}) as server:
            statuses = [server.get("/api/status", headers=basic("anna")).status for _ in range(4)]
            self.assertEqual(statuses, [401, 401, 401, 429])


class Sessions(Base):
    def test_login_leads_back(self):
        answer = self.server.get("/camera/yard?x=%2F", headers={"Accept": "text/html"})
        self.assertEqual(answer.status, 303)
        self.assertEqual(answer.headers["Location"], "/login?next=%2Fcamera%2Fyard%3Fx%3D%252F")
        self.assertIn('value="/camera/yard?x=%2F"', self.server.get(answer.headers["Location"]).text)
        done = log_in(self.server, "vera", next="/camera/yard?x=%2F")
        self.assertEqual((done.status, done.headers["Location"]), (303, "/camera/yard?x=%2F"))
        attributes = done.headers["Set-Cookie"].split("; ")
        self.assertLessEqual({"HttpOnly", "SameSite=Lax", "Path=/"}, set(attributes))
        page = self.server.get("/camera/yard", headers={"Cookie": f"a=b; {attributes[0]}"})
        self.assertEqual(page.status, 200)
        self.assertIn("Log out vera", page.text)

    def test_login_leads_nowhere_else(self):
        for next in ("//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "evil", "",
                     "/a\r\nX-Forged: yes", "/\t/evil.example", "/ü"):
            with self.subTest(next=next):
                answer = log_in(self.server, "vera", next=next)
                self.assertEqual((answer.status, answer.headers["Location"]), (303, "/"))
                self.assertIsNone(answer.headers["X-Forged"])

    def test_wrong_password_is_told_without_saying_which_part(self):
        with start() as server:
            texts = [log_in(server, name, "wrong").text.replace(name, "") for name in ("bob", "nobody")]
            self.assertEqual(texts[0], texts[1])
            self.assertIn("Wrong name or password", texts[0])
            self.assertIsNone(log_in(server, "bob", "wrong").headers["Set-Cookie"])

    def test_page_escapes_what_it_repeats(self):
        with start() as server:
            self.assertNotIn("<script>", log_in(server, '"><script>alert(1)</script>', "x", "/<script>").text)
            self.assertNotIn("<script>", server.get("/login?next=/%22%3E%3Cscript%3E").text)

    def test_bodies_are_bounded(self):
        for body in (b"", b"name", b"=&=&&", b"name=a&name=b&password=c", b"name=%00&password=%zz", b"\0\0&b=1",
                     b"a=\0\0&b=1", b"name=" + b"a" * 4000, b"password=" + b"a" * 300 + b"&name=vera"):
            with self.subTest(body=body[:30]):
                with start() as server:
                    self.assertEqual(server.get("/login", "POST", body=body).status, 403)
        self.assertEqual(self.server.get("/login", "POST", body=b"a" * 5000).status, 413)

    def test_logout_ends_the_session_for_every_copy_of_the_cookie(self):
        cookie = {"Cookie": cookie_of(log_in(self.server, "vera"))}
        other = {"Cookie": cookie_of(log_in(self.server, "vera"))}
        ours = {**cookie, "Origin": f"http://127.0.0.1:{self.server.port}"}
        self.assertEqual(self.server.get("/logout", headers=cookie).status, 405)
        with (self.server.stream("/feed", headers=cookie) as stream,
              self.server.stream("/feed", headers=other) as bystander):
            stream.part()
            answer = self.server.get("/logout", "POST", ours, body=b"")
            with self.assertRaises(EOFError):
                while True:
                    stream.part()
            for _ in range(20):
                bystander.part()
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/login"))
        self.assertIn("Max-Age=0", answer.headers["Set-Cookie"])
        self.assertEqual(self.server.get("/api/status", headers=cookie).status, 401)
        self.assertEqual(self.server.get("/api/status", headers=other).status, 200)

    def test_requests_that_change_something_must_come_from_our_pages(self):
        cookie = {"Cookie": cookie_of(log_in(self.server, "anna"))}
        host = f"127.0.0.1:{self.server.port}"
        foreign = ({}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": f"http://{host}.evil.example"})
        ours = ({"Origin": f"http://{host}"},)
        for method, path, body, done in (("PUT", "/api/cameras/1/controls", b"{}", 404),
                                         ("POST", "/api/tokens", b'{"camera": "yard", "expires_in_s": 60}', 201)):
            for headers in (*foreign, *ours):
                with self.subTest(path=path, headers=headers):
                    status = self.server.get(path, method, {**cookie, **headers}, body=body).status
                    self.assertEqual(status, done if headers in ours else 403)
        self.assertEqual(log_in(self.server, "vera", headers={"Origin": "http://evil.example"}).status, 403)

    def test_forged_cookies_are_nobody(self):
        cookie = cookie_of(log_in(self.server, "bob"))
        name, value = cookie.split("=", 1)
        for forged in ("", "x", value[:-1], value + "A", ("B" if value[0] == "A" else "A") + value[1:], value[::-1],
                       "A" * 3000, make_link(self.server, "yard").json["token"]):
            with self.subTest(forged=forged[:20]):
                self.assertEqual(self.server.get("/api/status", headers={"Cookie": f"{name}={forged}"}).status, 401)

    def test_session_goes_on_while_it_is_used_and_expires_otherwise(self):
        secret, day_s = "0123456789 0123456789 0123456789", 86400
        with start(secret=secret) as server:
            name, value = cookie_of(log_in(server, "vera")).split("=", 1)
            fingerprint, id, began, _ = signed_payload(value).split()
            for left_s, status, is_renewed in ((7 * day_s - 60, 200, False), (5 * day_s, 200, True), (-1, 401, False)):
                with self.subTest(left_s=left_s):
                    payload = f"{fingerprint} {id} {began} {int(time.time()) + left_s}"
                    cookie = {"Cookie": f"{name}={signed_text(secret, 'session', payload)}"}
                    answer = server.get("/api/cameras", headers=cookie)
                    self.assertEqual((answer.status, "Set-Cookie" in answer.headers), (status, is_renewed))
                    if is_renewed:
                        renewed = signed_payload(cookie_of(answer).split("=", 1)[1]).split()
                        self.assertEqual(renewed[:3], [fingerprint, id, began])
                        self.assertGreater(int(renewed[3]), time.time() + 7 * day_s - 60)

    def test_secret_keeps_sessions_and_links_over_a_restart(self):
        secret = "0123456789 0123456789 0123456789"
        with start(secret=secret) as server:
            cookie = {"Cookie": cookie_of(log_in(server, "vera"))}
            url = make_link(server, "yard").json["url"].replace("video_feed", "snapshot")
        with start(secret=secret) as server:
            self.assertEqual(server.get("/api/status", headers=cookie).status, 200)
            self.assertEqual(server.get(url).status, 200)
        changed = [{**user, "password": hash_of("new")} for user in USERS]
        with start(secret=secret, users=changed) as server:
            self.assertEqual(server.get("/api/status", headers=cookie).status, 401)
            self.assertEqual(server.get(url).status, 401)
        with start() as server:
            self.assertEqual(server.get("/api/status", headers=cookie).status, 401)


class Proxies(unittest.TestCase):
    """Behind a proxy that speaks TLS, on a path of its own."""

    def test_login_stays_below_the_path_and_on_tls(self):
        settings = {"base_path": "/cams", "trusted_proxies": ["127.0.0.1"]}
        with start(server=settings) as server:
            answer = server.get("/cams/status", headers={"Accept": "text/html"})
            self.assertEqual(answer.headers["Location"], "/cams/login?next=%2Fcams%2Fstatus")
            self.assertIn('value="/cams/status"', server.get(answer.headers["Location"]).text)
            done = log_in(server, "vera", headers={"X-Forwarded-Proto": "https"})
            self.assertEqual(done.headers["Location"], "/cams/")
            self.assertLessEqual({"Path=/cams", "Secure"}, set(done.headers["Set-Cookie"].split("; ")))
            self.assertNotIn("Secure", log_in(server, "vera").headers["Set-Cookie"])
            self.assertTrue(make_link(server, "yard").json["url"].startswith("/cams/camera/yard/video_feed?token="))

    def test_each_client_is_slowed_down_for_himself(self):
        with start(server={"trusted_proxies": ["127.0.0.1"]}) as server:
            guess = {**basic("bob", "wrong"), "X-Forwarded-For": "192.0.2.1"}
            statuses = [server.get("/api/status", headers=guess).status for _ in range(4)]
            self.assertEqual(statuses, [401, 401, 401, 429])
            other = {**basic("bob"), "X-Forwarded-For": "192.0.2.2"}
            self.assertEqual(server.get("/api/status", headers=other).status, 200)
            self.assertIn("wrong password of user bob from 192.0.2.1", server.log())

    def test_known_password_of_one_client_cannot_be_found_by_another(self):
        with start(server={"trusted_proxies": ["127.0.0.1"]}) as server:
            def status_from(client, headers):
                return server.get("/api/status", headers={**headers, "X-Forwarded-For": client}).status
            self.assertEqual(status_from("192.0.2.1", basic("anna")), 200)
            statuses = [status_from("192.0.2.2", basic("anna", f"guess {n}")) for n in range(4)]
            self.assertEqual(statuses, [401, 401, 401, 429])
            self.assertEqual(status_from("192.0.2.2", basic("anna")), 429)
            self.assertEqual(status_from("192.0.2.1", basic("anna")), 200)


class Pushers(unittest.TestCase):
    """Who pushes frames shows the camera's own key, whoever else may see the camera."""

    def test_key_suffices_and_tells_nothing_without(self):
        camera = {"id": "pushed", "source": {"type": "push", "key": "push-key-0123456789"}}
        with start(cameras=[*CAMERAS, camera]) as server:
            def post(id, headers=None):
                return server.get(f"/camera/{id}/frame", "POST", headers, body=b"no picture")
            self.assertEqual(post("pushed", bearer("push-key-0123456789")).status, 400)
            texts = {post(id).text for id in ("pushed", "yard", "nowhere")}
            self.assertEqual((len(texts), post("yard", basic("anna")).status), (1, 401))
            self.assertEqual([post("pushed", bearer("wrong")).status for _ in range(3)][-1], 429)
            self.assertEqual(post("pushed", bearer("push-key-0123456789")).status, 400)

    def test_right_key_is_not_compared_while_its_address_waits(self):
        camera = {"id": "pushed", "source": {"type": "push", "key": "push-key-0123456789"}}
        with start(cameras=[*CAMERAS, camera]) as server:
            def post(key, scheme="Bearer"):
                headers = {"Authorization": f"{scheme} {key}"}
                return server.get("/camera/pushed/frame", "POST", headers, body=b"no picture").status
            self.assertEqual([post(f"wrong-{n}") for n in range(4)], [401, 401, 401, 429])
            self.assertEqual(post("push-key-0123456789"), 429)
            self.assertEqual(server.get("/api/status", headers=bearer(TOKEN)).status, 200)
            self.assertIn("127.0.0.1 has to wait after failed attempts", server.log())
            wait_until(lambda: post("push-key-0123456789", "bearer") == 400, 10, "the key to be compared")

    def test_right_token_is_not_compared_while_its_address_waits(self):
        with start() as server:
            statuses = [server.get("/api/status", headers=bearer("x" * 20)).status for _ in range(4)]
            self.assertEqual(statuses, [401, 401, 401, 429])
            self.assertEqual(server.get("/api/status", headers=bearer(TOKEN)).status, 429)
            metrics = server.get("/metrics", headers=basic("anna")).text
            self.assertIn('framebroker_login_attempts_refused_total{reason="throttled"} 2', metrics)
            self.assertIn('framebroker_login_attempts_refused_total{reason="wrong"} 3', metrics)


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


class Reloads(unittest.TestCase):
    """A new configuration holds at once."""

    def assert_ends(self, stream):
        with self.assertRaises((EOFError, ConnectionError)):
            while True:
                stream.part()

    def change(self, server, **changes):
        answer = server.reload({**CONFIG, **changes}, headers=basic("anna"))
        self.assertEqual(answer.status, 200, answer.text)

    def test_only_admins_reload(self):
        with start() as server:
            for headers, status in ((None, 401), (basic("vera"), 403), (bearer(TOKEN), 403), (basic("anna"), 200)):
                self.assertEqual(server.reload(headers=headers).status, status)

    def test_a_limited_admin_hears_of_his_cameras_alone(self):
        users = [*USERS, {"name": "carl", "password": HASHES["vera"], "rights": "admin", "cameras": ["front-*"]}]
        carl = basic("carl", PASSWORDS["vera"])
        with start(users=users) as server:
            config = {**CONFIG, "users": users, "cameras": [*CAMERAS, pattern("front-new"), pattern("yard-new")]}
            seen = server.reload(config, headers=carl).json["cameras"]
            self.assertEqual(seen, {"added": ["front-new"], "removed": [], "changed": [], "unchanged": 2})
            seen = server.reload({**config, "cameras": CAMERAS}, headers=basic("anna")).json["cameras"]
            self.assertEqual((seen["removed"], seen["unchanged"]), (["front-new", "yard-new"], len(CAMERAS)))
            refusal = server.reload({**config, "cameras": [*CAMERAS, pattern("yard")]}, headers=carl)
            self.assertEqual((refusal.status, refusal.error_code), (422, "bad_configuration"))
            self.assertEqual(refusal.json["faults"], [])
            self.assertIn("log", refusal.json["error"]["message"])
            self.assertIn("cameras[3]", server.reload(headers=basic("anna")).text)

    def test_streams_end_with_the_right_to_see_them(self):
        with start() as server:
            link = make_link(server, "front-door", headers=basic("bob")).json["url"]
            lost = [server.stream(path, headers=headers) for path, headers in (
                ("/camera/front-door/video_feed", basic("bob")), ("/camera/front-door/video_feed?width=160", basic("bob")),
                ("/feed", basic("bob")), (link, None))]
            kept = [server.stream(path, headers=headers) for path, headers in (
                ("/camera/front-gate/video_feed", basic("bob")), ("/feed", basic("vera")), ("/feed", bearer(TOKEN)))]
            for stream in (*lost, *kept):
                self.addCleanup(stream.close)
                stream.part()
            self.change(server, users=[*USERS[:2], {**USERS[2], "cameras": ["front-gate"]}])
            for stream in lost:
                self.assert_ends(stream)
            for stream in kept:
                for _ in range(20):
                    stream.part()
            self.assertEqual(server.get("/api/cameras/front-door", headers=basic("bob")).status, 404)

    def test_sessions_and_links_end_with_their_account(self):
        for users in ([*USERS[:2]], [*USERS[:2], {**USERS[2], "password": HASHES["vera"]}]):
            with self.subTest(users=len(users)), start() as server:
                cookie = {"Cookie": cookie_of(log_in(server, "bob"))}
                link = make_link(server, "front-door", headers=basic("bob")).json["url"]
                with server.stream(link) as by_link, server.stream("/feed", headers=cookie) as by_cookie:
                    by_link.part()
                    by_cookie.part()
                    self.change(server, users=users)
                    self.assert_ends(by_link)
                    self.assert_ends(by_cookie)
                self.assertEqual(server.get(link.replace("video_feed", "snapshot")).status, 401)
                self.assertEqual(server.get("/api/status", headers=cookie).status, 401)
                self.assertEqual(server.get("/api/status", headers=basic("bob")).status, 401)

    def test_first_user_ends_the_streams_of_everybody(self):
        with Server({"cameras": CAMERAS}) as server, server.stream("/feed") as stream:
            stream.part()
            server.reload({**CONFIG, "tokens": [{"name": "a", "token": TOKEN}]})
            self.assert_ends(stream)
            self.assertEqual(server.get("/api/status").status, 401)

    def test_accounts_stay_while_strangers_reach_the_address(self):
        """Where it listens does not change before a restart, so the file's new address makes nothing safe."""
        for key in ("listen", "monitor_listen"):
            beyond = {**CONFIG, "server": {"listen": "127.0.0.1:0", key: "0.0.0.0:0"}}
            with self.subTest(key=key), Server(beyond, environment={"GRAFANA_TOKEN": TOKEN}, listen=None) as server:
                here = {"listen": "127.0.0.1:0"}
                answer = server.reload({"server": here, "cameras": CAMERAS}, headers=basic("anna"))
                self.assertEqual(answer.status, 422, answer.text)
                self.assertIn("restart", answer.text)
                self.assertEqual(server.get("/api/status").status, 401)
                self.assertEqual(server.reload({**CONFIG, "server": here}, headers=basic("anna")).status, 200)

    def test_faulty_accounts_change_nothing(self):
        with start() as server, server.stream("/feed", headers=basic("bob")) as stream:
            stream.part()
            answer = server.reload({**CONFIG, "users": [{"name": "bob", "password": "plain"}]}, headers=basic("anna"))
            self.assertEqual(answer.status, 422)
            self.assertNotIn("plain", answer.text)
            for _ in range(20):
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


class HashPassword(unittest.TestCase):
    def test_one_line_of_standard_input(self):
        self.assertRegex(hash_of("x"), r"^\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{43}$")
        self.assertNotEqual(hash_of("x"), hash_of("x"))

    def test_unfit_passwords_are_refused(self):
        for password in (b"", b"\n", b"a" * 257, b"a\0b\n"):
            result = subprocess.run([PROGRAM, "--hash-password"], input=password, capture_output=True)
            self.assertEqual((result.returncode, result.stdout), (1, b""))
            self.assertNotEqual(result.stderr, b"")

    def type(self, *lines):
        """What a person sees who types lines at a terminal, and the exit status."""
        master, slave = pty.openpty()
        process = subprocess.Popen([PROGRAM, "--hash-password"], stdin=slave, stdout=slave, stderr=slave,
                                   start_new_session=True)
        os.close(slave)
        seen = b""
        for line in (*lines, None):
            while not seen.endswith(b": ") or line is None:
                try:
                    received = os.read(master, 1000)
                except OSError:
                    received = b""
                if not received:
                    break
                seen += received
            if line is not None:
                os.write(master, line + b"\n")
                seen += b"|"
        code = process.wait(timeout=10 * TIME_SCALE)
        os.close(master)
        return seen, code

    def test_terminal_asks_twice_and_shows_nothing(self):
        seen, code = self.type(b"secret one", b"secret one")
        self.assertEqual(code, 0)
        self.assertNotIn(b"secret", seen)
        self.assertIn(b"$y$", seen)

    def test_two_different_passwords_are_refused(self):
        seen, code = self.type(b"secret one", b"secret two")
        self.assertEqual(code, 1)
        self.assertNotIn(b"secret", seen)
        self.assertNotIn(b"$y$", seen)


if __name__ == "__main__":
    main()
