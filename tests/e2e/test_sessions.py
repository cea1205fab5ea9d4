#!/usr/bin/env python3
"""Sessions: logging in and out, cookies, and how long they last."""
import time

from accounts import USERS, Base, cookie_of, hash_of, log_in, make_link, signed_payload, signed_text, start
from harness import main


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


if __name__ == "__main__":
    main()
