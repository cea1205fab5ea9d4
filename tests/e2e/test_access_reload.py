#!/usr/bin/env python3
"""Users, tokens and rights that a reload changes: a new configuration holds at once."""
import unittest

from accounts import (CAMERAS, CONFIG, HASHES, PASSWORDS, TOKEN, USERS, basic, bearer, cookie_of, log_in, make_link,
                      start)
from harness import Server, main, pattern


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


if __name__ == "__main__":
    main()
