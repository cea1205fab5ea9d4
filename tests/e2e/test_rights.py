#!/usr/bin/env python3
"""The matrix of rights: every route of the table for every kind of client and every method. What is expected follows
from the row of the route, so a route that is added to the table is tested here from then on."""
import base64
import itertools
import json
import os
import pathlib
import re
import socket
import subprocess
import unittest

from harness import PROGRAM, TIME_SCALE, Server, main, pattern, wait_until

ROUTES = os.environ.get("LIST_ROUTES", str(pathlib.Path(PROGRAM).parent / "tests/list_routes"))
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
KEY = "pusher-0123456789abcdefghijKLMN"
SECRET = "0123456789 0123456789 0123456789"
PASSWORD = "a password of each"
TOKENS = {name: f"{name}-0123456789abcdefghijKLMN" for name in ("viewer", "revoked")}
# Routes that ask for a secret of their own, which no right stands in for: their row needs nothing.
WITH_KEY = ("/camera/{camera}/frame", "/camera/{camera}/ingest")
PUBLIC_ASSET, OTHER_ASSET = "login.css", "wall.js"
ADMITTED, UNKNOWN, FORBIDDEN, HIDDEN, NO_METHOD = "admitted", "unknown", "forbidden", "hidden", "no method"
# The errors that authorization and the search for a camera answer with; any other answer is the handler's.
OUTCOMES = {"unauthorized": UNKNOWN, "wrong_credentials": UNKNOWN, "link_expired": UNKNOWN, "bad_link": UNKNOWN,
            "forbidden": FORBIDDEN, "no_such_camera": HIDDEN, "method_not_allowed": NO_METHOD}
STATUSES = {UNKNOWN: 401, FORBIDDEN: 403, HIDDEN: 404, NO_METHOD: 405}


def list_routes():
    lines = subprocess.run([ROUTES], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def hash_of(password):
    return subprocess.run([PROGRAM, "--hash-password"], input=password + "\n", stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


def basic(name):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()}


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


class Target:
    """What is asked for: a path, and what the row of its route says. camera: the one that it is for; None: none, or the
    first that the client sees."""

    def __init__(self, path, row, methods, camera=None):
        self.path, self.row, self.methods, self.camera = path, row, methods, camera

    def need(self, method):
        """The need of the row with this method."""
        need = self.row(method)["need"]
        if need == "public asset":
            return "nothing" if self.path.endswith(PUBLIC_ASSET) else "view"
        return need


class Client:
    """rights: "none", "link", "view" or "admin". cameras: those that it sees; None: all."""

    def __init__(self, name, rights, headers=None, query="", cameras=None, key=False):
        self.name, self.rights, self.headers, self.query, self.key = name, rights, headers or {}, query, key
        self.cameras = cameras

    def sees(self, camera):
        return self.cameras is None or camera in self.cameras


def expected(client, target, method):
    """What the table promises."""
    if method not in target.methods:
        return NO_METHOD
    if target.row(method)["pattern"] in WITH_KEY:
        return ADMITTED if client.key and target.camera == "pushed" else UNKNOWN
    need = target.need(method)
    if need in ("nothing", "no account"):
        return ADMITTED
    enough = {"picture": ("link", "view", "admin"), "view": ("view", "admin"), "admin": ("admin",)}[need]
    if client.rights not in enough:
        return FORBIDDEN if client.rights == "view" else UNKNOWN
    return ADMITTED if target.camera is None or client.sees(target.camera) else HIDDEN


def targets_of(rows):
    """A path for every pattern and camera, and for every action."""
    for pattern_, group in itertools.groupby(rows, lambda row: row["pattern"]):
        group = list(group)
        methods = {method: row for row in group for method in row["methods"].split(", ")}

        def row_of(method, methods=methods):
            return methods[method]
        if "{camera}" in pattern_:
            cameras = ("shown", "hidden", "pushed") if pattern_ in WITH_KEY else ("shown", "hidden")
            for camera in cameras:
                yield Target(pattern_.replace("{camera}", camera).replace("{file}", "1.jpg"), row_of, methods, camera)
        elif "{file}" in pattern_:
            for file in (PUBLIC_ASSET, OTHER_ASSET):
                yield Target(pattern_.replace("{file}", file), row_of, methods)
        else:
            yield Target(pattern_, row_of, methods)
    for row in rows:
        if row["action"]:
            yield Target(f"/?action={row['action']}", lambda _, row=row: row, row["methods"].split(", "))


class Matrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        password = hash_of(PASSWORD)
        accounts = {"admin": {"rights": "admin"}, "viewer": {}, "limited": {"cameras": ["shown"]},
                    "limited-admin": {"rights": "admin", "cameras": ["shown"]}, "removed": {"rights": "admin"}}
        config = {
            "server": {"monitor_listen": "127.0.0.1:0"}, "secret": SECRET,
            "users": [{"name": name, "password": password, **account} for name, account in accounts.items()],
            "tokens": [{"name": name, "token": token} for name, token in TOKENS.items()],
            "cameras": [pattern("hidden", width=64, height=64), pattern("shown", width=64, height=64),
                        {"id": "pushed", "on_demand": True, "source": {"type": "push", "key": KEY}}],
        }
        cls.server = Server(config).__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None)
        cls.asked = 0
        cls.rows = list_routes()
        cls.targets = list(targets_of(cls.rows))
        cls.clients = cls.make_clients()
        for list_ in ("users", "tokens"):
            config[list_] = [item for item in config[list_] if item["name"] not in ("removed", "revoked")]
        reloaded = cls.server.reload(config, basic("admin"))
        assert reloaded.status == 200, reloaded.text

    @classmethod
    def make_clients(cls):
        """Some of them have what a reload takes away afterwards, and what has expired."""
        link, lent, expired = (cls.make_link(*link) for link in (("admin", 60), ("removed", 60), ("admin", 1)))
        form = f"name=removed&password={PASSWORD}".replace(" ", "+").encode()
        login = cls.server.get("/login", "POST", {"Content-Type": "application/x-www-form-urlencoded"}, body=form)
        session = {"Cookie": login.headers["Set-Cookie"].split(";")[0]}
        assert cls.server.get("/api/status", headers=session).status == 200
        snapshot = f"/camera/shown/snapshot?token={expired}"
        wait_until(lambda: cls.server.get(snapshot).status == 401, 10, "the link to expire")
        return [
            Client("anonymous", "none"),
            Client("link", "link", query=f"token={link}", cameras=["shown"]),
            Client("expired link", "none", query=f"token={expired}"),
            Client("link of a removed user", "none", query=f"token={lent}"),
            Client("limited", "view", basic("limited"), cameras=["shown"]),
            Client("viewer", "view", basic("viewer")),
            Client("token", "view", bearer(TOKENS["viewer"])),
            Client("revoked token", "none", bearer(TOKENS["revoked"])),
            Client("session of a removed user", "none", session),
            Client("limited admin", "admin", basic("limited-admin"), cameras=["shown"]),
            Client("admin", "admin", basic("admin")),
            Client("push key", "none", bearer(KEY), key=True),
        ]

    @classmethod
    def make_link(cls, name, seconds):
        body = json.dumps({"camera": "shown", "expires_in_s": seconds}).encode()
        return cls.server.get("/api/tokens", "POST", basic(name), body=body).json["token"]

    def ask(self, client, method, path, port=None):
        """Status, headers and body, of a stream only its beginning. Each request comes from an address of its own,
        since addresses that fail have to wait."""
        type(self).asked += 1
        path += ("&" if "?" in path else "?") + client.query if client.query else ""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{k}: {v}" for k, v in client.headers.items())]
        lines += ["Content-Length: 0"] if method in ("POST", "PUT", "PATCH") else []
        address = f"127.{1 + self.asked // 250}.0.{1 + self.asked % 250}"
        with socket.create_connection(("127.0.0.1", port or self.server.port), 10 * TIME_SCALE, (address, 0)) as own:
            own.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = b""
            while b"\r\n\r\n" not in answer:
                received = own.recv(65536)
                self.assertTrue(received, f"{method} {path}: no reply")
                answer += received
            head, body = answer.split(b"\r\n\r\n", 1)
            status, *fields = head.decode().split("\r\n")
            headers = {k.lower(): v for k, v in (field.split(": ", 1) for field in fields)}
            if method != "HEAD" and headers.get("content-type") == "application/json":
                while len(body) < int(headers["content-length"]):
                    body += own.recv(65536)
            return int(status.split(" ")[1]), headers, body

    def outcome(self, client, method, path, port=None):
        """What the error says, of which HEAD shows the status alone; the status and the headers."""
        status, headers, body = self.ask(client, method, path, port)
        is_error = status >= 400 and headers.get("content-type") == "application/json"
        code = json.loads(body).get("error", {}).get("code", "") if is_error and method != "HEAD" else ""
        outcome = OUTCOMES.get(code, ADMITTED)
        self.assertEqual(status, STATUSES.get(outcome, status))
        self.assertFalse(code.startswith("too_many"), code)
        return outcome, status, headers

    def test_every_route_method_and_client(self):
        self.assertGreater(len(self.rows), 20)
        for client, target in itertools.product(self.clients, self.targets):
            statuses = {}
            for method in METHODS:
                with self.subTest(client=client.name, method=method, path=target.path):
                    outcome, statuses[method], headers = self.outcome(client, method, target.path)
                    wanted = expected(client, target, method)
                    if method == "HEAD" and "GET" in target.methods:
                        self.assertEqual(statuses["HEAD"], statuses["GET"])
                    elif method != "HEAD":
                        self.assertEqual(outcome, wanted)
                    if wanted == NO_METHOD:
                        self.assertEqual(set(headers["allow"].split(", ")), set(target.methods))

    def test_monitor_serves_its_rows_to_the_same_clients(self):
        port = int(re.search(r"monitoring on http://127\.0\.0\.1:([0-9]+)/", self.server.log())[1])
        for client, target in itertools.product(self.clients, self.targets):
            with self.subTest(client=client.name, path=target.path):
                if "GET" in target.methods and target.row("GET")["is_on_monitor"]:
                    self.assertEqual(self.outcome(client, "GET", target.path, port)[0], expected(client, target, "GET"))
                else:
                    self.assertEqual(self.ask(client, "GET", target.path, port)[0], 404)


if __name__ == "__main__":
    main()
