#!/usr/bin/env python3
"""Every route that takes a body, at its limits: what fits is read, what is larger is refused, and nothing that a body
holds ends the program."""
import contextlib
import json
import socket
import unittest

from harness import TIME_SCALE, Server, eventually, main, pattern, wait_until

TOKEN = "operator-0123456789abcdefghijKLMN"
KEY = "pusher-0123456789abcdefghijKLMN"
CONFIG = {
    "cameras": [pattern("a"), {"id": "p", "on_demand": False, "source": {"type": "push", "key": KEY}}],
    "tokens": [{"name": "operator", "token": TOKEN, "rights": "admin"}],
}
LINK = {"camera": "a", "expires_in_s": 60}
JPEG_MAX_BYTES = 32 << 20

# Route: secret, most bytes, and the code of a body of so many blanks; None: no reply with an error.
ROUTES = {
    "/api/tokens": (TOKEN, 1024, 400),
    "/login": (TOKEN, 4096, 403),
    "/camera/p/frame": (KEY, JPEG_MAX_BYTES, 400),
}
# These read no body. Nothing is recorded here.
WITHOUT_BODY = {"/api/reload": 200, "/logout": 303, "/api/recordings/protect": 404}


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


class Bodies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(CONFIG).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def post(self, path, body, secret=TOKEN):
        answer = self.server.get(path, "POST", bearer(secret), timeout=20 * TIME_SCALE, body=body)
        self.assertEqual(self.server.get("/healthz").status, 200)
        return answer

    def test_every_route_that_takes_a_body_is_here(self):
        """PUT of controls needs a device: test_controls.c tries it. ingest reads without end: test_push.py."""
        description = self.server.get("/api/openapi.json", headers=bearer(TOKEN)).json
        described = {path.replace("{camera}", "p") for path, item in description["paths"].items() if "post" in item}
        self.assertEqual(described, {*ROUTES, *WITHOUT_BODY, "/camera/p/ingest"})

    def test_largest_body_is_read_and_a_larger_one_refused(self):
        for path, (secret, most, status) in ROUTES.items():
            with self.subTest(path=path):
                self.assertEqual(self.post(path, b" " * most, secret).status, status)
                answer = self.post(path, b" " * (most + 1), secret)
                self.assertEqual((answer.status, answer.error_code), (413, "too_large"))

    def test_largest_link_request_is_granted(self):
        body = json.dumps(LINK).encode()
        self.assertEqual(self.post("/api/tokens", body + b" " * (1024 - len(body))).status, 201)

    def test_nested_json_is_refused(self):
        for body in (b"[" * 1024, b'{"a":' * 204, b'[{"":' * 204, b"[" * 512 + b"]" * 512, b"[" * 17, b'["' * 512,
                     b'"' + b"[" * 900, b'"\\"' + b"[" * 900, b"\\" * 1024, b"]" * 512 + b"[" * 512):
            with self.subTest(body=body[:20]):
                answer = self.post("/api/tokens", body)
                self.assertEqual((answer.status, answer.error_code), (400, "bad_body"))
        deepest = json.dumps({**LINK, "x": 0}).replace("0}", "[" * 15 + "]" * 15 + "}").encode()
        self.assertRegex(self.post("/api/tokens", deepest).json["error"]["message"], "nothing but")
        deeper = deepest.replace(b"[[", b"[[[", 1).replace(b"]]", b"]]]", 1)
        self.assertRegex(self.post("/api/tokens", deeper).json["error"]["message"], "16 levels")

    def test_missing_and_short_bodies_are_refused(self):
        for path, (secret, *_) in ROUTES.items():
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n"
            with self.subTest(path=path):
                reply = self.server.raw(f"{head}\r\n".encode()).decode()
                self.assertRegex(reply, r"HTTP/1\.1 4(00|03|11) ")

    def test_an_address_has_its_share_of_slow_bodies(self):
        """A worker waits for the rest of each."""
        head = f"POST /api/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: ".encode()
        with contextlib.ExitStack() as stack:
            def refused():
                slow = stack.enter_context(socket.create_connection(("127.0.0.1", self.server.port), 10))
                slow.sendall(head + b"100\r\n\r\n")
                return self.post("/api/tokens", b"{").status == 503
            wait_until(refused, 10, "the share to be used up")
            answer = self.post("/api/tokens", b"{")
            self.assertEqual((answer.error_code, answer.headers["Retry-After"]), ("too_many_bodies", "5"))
            other = stack.enter_context(
                socket.create_connection(("127.0.0.1", self.server.port), 10, source_address=("127.0.0.2", 0)))
            other.sendall(head + b"1\r\n\r\n{")
            self.assertTrue(other.recv(4096).startswith(b"HTTP/1.1 400 "))
        eventually(lambda: self.post("/api/tokens", b"{").status, 400, "the share to be free again")

    def test_bodies_that_no_route_reads_do_no_harm(self):
        for path, status in WITHOUT_BODY.items():
            with self.subTest(path=path):
                self.assertEqual(self.post(path, b"[" * 5000).status, status)


if __name__ == "__main__":
    main()
