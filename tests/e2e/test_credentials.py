#!/usr/bin/env python3
"""Passwords, tokens and keys: what is right, and how guessing is slowed down, behind a proxy too."""
import concurrent.futures
import os
import pathlib
import pty
import subprocess
import unittest

from accounts import CAMERAS, TOKEN, Base, basic, bearer, cookie_of, hash_of, log_in, make_link, start
from harness import PROGRAM, TIME_SCALE, Server, main, wait_until


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
    """A push needs the camera's own key, whatever accounts may see the camera."""

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
