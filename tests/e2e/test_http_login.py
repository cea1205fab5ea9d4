#!/usr/bin/env python3
"""HTTP cameras that ask for a login, set cookies, or send the broker elsewhere: what each request carries."""
import base64
import hashlib
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import PROGRAM, Server, main, plain_picture, require_url_cameras, wait_until

USER, PASSWORD, REALM = "viewer", "geheim", "IP Camera"
POLLS = 4
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
AUTHORIZATION, COOKIE = "authorization", "cookie"


class Camera:
    """Answers requests, with kept connections. Each request is the dict of its headers, with "target", and
    "connection", the number of the connection that it came over."""

    def __init__(self, answer):
        self.answer, self.requests, self.connections = answer, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, path="/", host="127.0.0.1", login=""):
        return f"http://{login}{host}:{self.port}{path}"

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection, self.connections), daemon=True).start()

    def serve(self, connection, number):
        with connection, connection.makefile("r", newline="\r\n") as lines:
            try:
                while head := [line.rstrip() for line in iter(lines.readline, "\r\n") if line]:
                    request = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
                    request.update(target=head[0].split()[1], connection=number)
                    self.requests.append(request)
                    connection.sendall(self.answer(request))
            except (OSError, ValueError):
                pass

    def close(self):
        self.listener.close()


def reply(status, body=b"", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def challenge(algorithm, nonce="5ca1ab1e"):
    return f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm={algorithm}'


def is_digest(request, algorithm, nonce="5ca1ab1e"):
    """RFC 7616, section 3.4."""
    given = dict((name, value.strip('"')) for name, value in
                 re.findall(r'(\w+)=("[^"]*"|[^",\s]+)', request.get(AUTHORIZATION, "")))
    if given.get("algorithm", "MD5").upper() != algorithm.strip('"').upper() or given.get("nonce") != nonce:
        return False

    def hashed(*parts):
        return HASHES[algorithm.strip('"').upper().removesuffix("-SESS")](":".join(parts).encode()).hexdigest()
    secret = hashed(USER, REALM, PASSWORD)
    if algorithm.upper().endswith("-SESS"):
        secret = hashed(secret, nonce, given["cnonce"])
    return given["response"] == hashed(secret, nonce, given["nc"], given["cnonce"], given["qop"],
                                       hashed("GET", request["target"]))


def is_basic(request):
    return request.get(AUTHORIZATION) == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class HttpLogin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require_url_cameras()
        with tempfile.TemporaryDirectory() as folder:
            cls.jpeg = plain_picture(pathlib.Path(folder, "a.jpg"), "red").read_bytes()

    def camera(self, answer):
        camera = Camera(answer)
        self.addCleanup(camera.close)
        return camera

    def picture(self, *headers):
        return reply("200 OK", self.jpeg, "Content-Type: image/jpeg", *headers)

    def guarded(self, admits, *challenges):
        def answer(request):
            if admits(request):
                return self.picture()
            return reply("401 Unauthorized", b"no", *(f"WWW-Authenticate: {each}" for each in challenges))
        return self.camera(answer)

    def serve(self, addresses, *arguments, **source):
        cameras = [{"id": id, "on_demand": False, "source": {"type": "url", "url": address, "fps": 10, **source}}
                   for id, address in addresses.items()]
        return Server({"cameras": cameras}, *arguments)

    def wait_for_pictures(self, server, id, count=POLLS):
        server.wait_for_camera(id, lambda camera: camera["frames"]["published"] >= count, 15, f"pictures of {id}")

    def play(self, addresses, **source):
        with self.serve(addresses, **source) as server:
            for id in addresses:
                self.wait_for_pictures(server, id)

    def test_digest_of_each_kind(self):
        fakes = {"plain": ("MD5", challenge("MD5")),
                 "unnamed": ("MD5", challenge("MD5").replace(", algorithm=MD5", "")),
                 "small": ("MD5", challenge('"md5"').replace("Digest", "digest")),
                 "session": ("MD5-sess", challenge("MD5-sess")),
                 "sha": ("SHA-256", challenge("SHA-256")),
                 "sha-session": ("SHA-256-sess", challenge("SHA-256-sess")),
                 "sha-first": ("SHA-256", challenge("SHA-256"), challenge("MD5")),
                 "sha-last": ("MD5", challenge("MD5"), challenge("SHA-256")),
                 "basic-first": ("MD5", f'Basic realm="{REALM}"', challenge("MD5")),
                 "basic-beside": ("MD5", f'Basic realm="{REALM}", ' + challenge("MD5"))}
        cameras = {id: self.guarded(lambda request, kind=kind: is_digest(request, kind), *challenges)
                   for id, (kind, *challenges) in fakes.items()}
        self.play({id: camera.url(f"/{id}") for id, camera in cameras.items()}, username=USER, password=PASSWORD)
        for id, camera in cameras.items():
            self.assertEqual([AUTHORIZATION in request for request in camera.requests[:POLLS]],
                             [False] + [True] * (POLLS - 1), id)
            self.assertEqual({request["connection"] for request in camera.requests}, {1}, id)

    def test_basic_login_is_asked_for_once(self):
        camera = self.guarded(is_basic, f'Basic realm="{REALM}"')
        self.play({"a": camera.url(login=f"{USER}:{PASSWORD}@")})
        self.assertEqual([AUTHORIZATION in request for request in camera.requests[:POLLS]],
                         [False] + [True] * (POLLS - 1))

    def test_nonce_that_expires_without_being_called_stale_costs_no_picture(self):
        def admits(request):
            return is_digest(request, "MD5", "first") if len(camera.requests) < 4 else is_digest(request, "MD5", "next")
        def answer(request):
            if admits(request):
                return self.picture()
            nonce = "first" if len(camera.requests) < 4 else "next"
            return reply("401 Unauthorized", b"", f"WWW-Authenticate: {challenge('MD5', nonce)}")
        camera = self.camera(answer)
        with self.serve({"a": camera.url()}, username=USER, password=PASSWORD) as server:
            self.wait_for_pictures(server, "a", 6)
            self.assertEqual(server.camera("a")["restarts"], 0)

    def test_schemes_that_are_asked_for_are_named(self):
        camera = self.guarded(lambda _: False, "NTLM", "Negotiate")
        with self.serve({"a": camera.url()}, username=USER, password=PASSWORD) as server:
            error = server.wait_for_state("a", "offline", 10)["error"]
            self.assertIn("401 from the camera", error)
            self.assertIn("NTLM, Negotiate", error)

    def test_requests_carry_cookies_and_nothing_unasked(self):
        camera = self.camera(lambda request: self.picture("Set-Cookie: session=42; HttpOnly"))
        self.play({"a": camera.url()})
        self.assertEqual([request.get(COOKIE) for request in camera.requests[:3]], [None, "session=42", "session=42"])
        self.assertEqual({request["connection"] for request in camera.requests}, {1})
        for name in ("range", "accept-encoding", "icy-metadata", AUTHORIZATION):
            self.assertNotIn(name, camera.requests[0])

    def test_other_hosts_and_ports_get_neither_login_nor_cookies(self):
        other = self.camera(lambda _: self.picture())

        def lead(host):
            def answer(request):
                if not is_basic(request):
                    return reply("401 Unauthorized", b"", f'WWW-Authenticate: Basic realm="{REALM}"')
                return reply("302 Found", b"", f"Location: {other.url('/picture', host)}", "Set-Cookie: session=42")
            return self.camera(answer)
        cameras = {"port": lead("127.0.0.1"), "host": lead("localhost")}
        self.play({id: camera.url(login=f"{USER}:{PASSWORD}@") for id, camera in cameras.items()})
        for request in other.requests:
            self.assertNotIn(AUTHORIZATION, request)
            self.assertNotIn(COOKIE, request)
        for camera in cameras.values():
            self.assertEqual(camera.requests[-1].get(COOKIE), "session=42")

    def test_redirect_within_the_camera_keeps_the_login(self):
        def answer(request):
            if not is_digest(request, "SHA-256"):
                return reply("401 Unauthorized", b"", f"WWW-Authenticate: {challenge('SHA-256')}")
            if request["target"] == "/a%20b":
                return reply("307 Temporary Redirect", b"", "Location: /b")
            return self.picture()
        camera = self.camera(answer)
        self.play({"a": camera.url("/a b")}, username=USER, password=PASSWORD)

    def test_certain_redirects_fail_with_a_reason(self):
        leads = {"ring": "/", "protocol": "rtsp://127.0.0.1:1/", "file": "file:///etc/passwd", "nowhere": ""}
        words = {"ring": "redirects more than 5 times", "protocol": "redirects to another protocol",
                 "file": "redirects to a URL that must begin with", "nowhere": "302 without saying where to go"}
        cameras = {id: self.camera(lambda _, lead=lead: reply("302 Found", b"", *([f"Location: {lead}"] if lead else [])))
                   for id, lead in leads.items()}
        with self.serve({id: camera.url() for id, camera in cameras.items()}) as server:
            for id in leads:
                self.assertIn(words[id], server.wait_for_state(id, "offline", 10)["error"])

    def test_login_that_the_camera_repeats_is_shown_nowhere(self):
        encoded = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        echo = self.guarded(lambda _: False, f'Basic realm="x"', f"{encoded} algorithm={PASSWORD}")
        lead = self.camera(lambda _: reply("302 Found", b"", f"Location: http://127.0.0.1:1/{PASSWORD}/{encoded}"))
        start = "http://127.0.0.1:1/"  # of a URL so long that the message cuts it within the password
        cut = self.camera(lambda _: reply("302 Found", b"", f"Location: {start}{'x' * (123 - len(start))}{PASSWORD}"))
        cameras = {"echo": echo.url(), "lead": lead.url(), "cut": cut.url()}
        with self.serve(cameras, "--verbose", username=USER, password=PASSWORD) as server:
            for id in cameras:
                server.wait_for_state(id, "offline", 10)
            shown = server.log() + server.get("/api/status").text
            self.assertNotIn(PASSWORD[:4], shown)
            self.assertNotIn(encoded, shown)

    def test_file_over_http_is_read_in_ranges(self):
        """Its index is at the end; FFmpeg asks for it with our login."""
        with tempfile.TemporaryDirectory() as folder:
            clip = pathlib.Path(folder, "a.mp4")
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30",
                            "-t", "1", "-c:v", "libx264", "-preset", "ultrafast", clip], check=True)
            data = clip.read_bytes()

        def answer(request):
            if not is_digest(request, "SHA-256"):
                return reply("401 Unauthorized", b"", f"WWW-Authenticate: {challenge('SHA-256')}")
            first = int(request.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            if first == 0:
                return reply("200 OK", data, "Content-Type: video/mp4")
            return reply("206 Partial Content", data[first:], "Content-Type: video/mp4",
                         f"Content-Range: bytes {first}-{len(data) - 1}/{len(data)}")
        camera = self.camera(answer)
        with self.serve({"a": camera.url()}, username=USER, password=PASSWORD):
            wait_until(lambda: any("range" in request for request in camera.requests), 10, "a request for the index")
        self.assertIn(AUTHORIZATION, next(request for request in camera.requests if "range" in request))

    def test_proxy_of_the_environment_is_used_only_if_asked(self):
        direct, proxy = (self.camera(lambda _: self.picture()) for _ in range(2))
        env = ["env", f"http_proxy=http://127.0.0.1:{proxy.port}/"]
        source = {"type": "url", "fps": 10}
        cameras = [{"id": "direct", "on_demand": False, "source": {**source, "url": direct.url()}},
                   {"id": "proxied", "on_demand": False,
                    "source": {**source, "url": "http://camera.invalid/a", "proxy": True}}]
        with Server({"cameras": cameras}, program=(*env, PROGRAM)) as server:
            for camera in cameras:
                self.wait_for_pictures(server, camera["id"])
        self.assertEqual({request["target"] for request in proxy.requests}, {"http://camera.invalid/a"})
        self.assertEqual({request["target"] for request in direct.requests}, {"/"})


if __name__ == "__main__":
    main()
