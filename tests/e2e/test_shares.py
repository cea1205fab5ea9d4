#!/usr/bin/env python3
"""The promise that one account and one address cannot take more than their share: what they use up is their own."""
import contextlib
import socket
import unittest

from accounts import basic, cookie_of, hash_of, log_in
from harness import TIME_SCALE, Server, eventually, main, pattern, size_of

PASSWORDS = {"root": "the administrator's", "vera": "who sees one camera"}
USERS = [{"name": "root", "password": hash_of(PASSWORDS["root"]), "rights": "admin"},
         {"name": "vera", "password": hash_of(PASSWORDS["vera"]), "cameras": ["waits"]}]
CAMERAS = [{"id": "waits", "source": {"type": "push", "key": "pusher-0123456789abcdefghijKLMN"}},
           pattern("idle", 64, 64, idle_timeout_s=0)]
ENDED_MAX = 1024  # sessions that have ended and are remembered, of all accounts


def headers_of(name):
    return basic(name, PASSWORDS[name])


class Shares(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"users": USERS, "cameras": CAMERAS}).__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None)

    def ask(self, path, name, address):
        """Sends a request from an address of this machine, and leaves its reply to come."""
        own = socket.create_connection(("127.0.0.1", self.server.port), 10 * TIME_SCALE, (address, 0))
        self.addCleanup(own.close)
        authorization = headers_of(name)["Authorization"]
        own.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n".encode())
        return own

    def status_line(self, path, name, address):
        return self.ask(path, name, address).recv(12)

    def test_sessions_of_one_account_do_not_end_those_of_others(self):
        def session(name):
            return {"Cookie": cookie_of(log_in(self.server, name, PASSWORDS[name]))}
        root = session("root")
        origin = {"Origin": f"http://127.0.0.1:{self.server.port}"}
        for _ in range(ENDED_MAX + 10):
            cookie = session("vera")
            self.assertEqual(self.server.get("/logout", "POST", {**cookie, **origin}, body=b"").status, 303)
        self.assertEqual(self.server.get("/api/status", headers=cookie).status, 401)
        self.assertEqual(self.server.get("/api/status", headers=root).status, 200)

    def test_snapshots_that_wait_leave_places_to_other_accounts_and_addresses(self):
        for addresses in (["127.0.0.1"] * 40, [f"127.0.0.{number}" for number in range(10, 50)]):
            with self.subTest(addresses=len(set(addresses))):
                # Each address is known before, so that no password is checked at the moment that counts.
                for address in (*addresses, "127.0.0.7"):
                    for name in PASSWORDS:
                        self.assertEqual(self.status_line("/readyz", name, address)[:9], b"HTTP/1.1 ")
                waiting = [self.ask("/camera/waits/snapshot?max_age_ms=0", "vera", address) for address in addresses]
                eventually(lambda: self.server.get("/api/cameras/waits", headers=headers_of("root")).json["subscribers"]
                           != [], True, "snapshots to wait")
                for _ in range(3):
                    self.assertEqual(self.status_line("/camera/idle/snapshot", "root", "127.0.0.7"), b"HTTP/1.1 200")
                for own in waiting:
                    own.close()

    def test_sizes_of_one_account_or_address_leave_places_to_others(self):
        cameras = [pattern("yard", 640, 480, fps=20, max_variants=4)]

        def live(part):
            return part.state == "live"
        with Server({"users": USERS[:1] + [{**USERS[1], "cameras": ["yard"]}], "cameras": cameras}) as server, \
                contextlib.ExitStack() as streams:
            greedy = [streams.enter_context(server.stream(f"/camera/yard/video_feed?width={width}",
                                                          headers=headers_of("vera"))) for width in (80, 160, 240, 320)]
            for stream in greedy:
                stream.frame_where(live, 10, "live frames")
            refused = server.get("/camera/yard/snapshot?width=400", headers=headers_of("vera"))
            self.assertEqual((refused.status, refused.error_code), (503, "too_many_variants"))
            self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)
            others = [streams.enter_context(server.stream(f"/camera/yard/video_feed?width={width}",
                                                          headers=headers_of("root"))) for width in (400, 480)]
            for stream, size in zip(others, ((400, 300), (480, 360))):
                self.assertEqual(size_of(stream.frame_where(live, 10, "live frames").body), size)
            for stream, width in zip(greedy[:2], (80, 160)):
                parts = [stream.frame_where(live, 10, "live frames") for _ in range(5)]
                self.assertEqual(size_of(parts[-1].body)[0], width)
            for name in PASSWORDS:  # both have their share
                self.assertEqual(server.get("/camera/yard/snapshot?width=560", headers=headers_of(name)).status, 503)
            self.assertEqual(len(server.get("/api/cameras/yard", headers=headers_of("root")).json["variants"]), 4)


if __name__ == "__main__":
    main()
