#!/usr/bin/env python3
"""Network cameras that ask for a login or speak TLS, redirects, transports, and that no secret is shown anywhere."""
import base64
import contextlib
import hashlib
import http.server
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import Server, main, plain_picture, require_url_cameras, wait_until

USER, PASSWORD, TOKEN = "viewer", "p@ss/w0rd:geheim", "token-geheim"
REALM, NONCE = "camera", "5ca1ab1e"


def url(id, url, **source):
    return {"id": id, "on_demand": False, "source": {"type": "url", "url": url, **source}}


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def is_basic(header, _):
    return header == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def is_digest(header, handler):
    """RFC 2617, section 3.2.2."""
    given = dict(re.findall(r'(\w+)="?([^",]*)"?', header or ""))
    secret, request = md5(USER, REALM, PASSWORD), md5(handler.command, handler.path)
    return given.get("nonce") == NONCE and given.get("response") == md5(
        secret, NONCE, given.get("nc", ""), given.get("cnonce", ""), given.get("qop", ""), request)


class Camera(http.server.ThreadingHTTPServer):
    """Sends the same picture ten times a second to each client that is admitted."""
    daemon_threads = True

    def __init__(self, jpeg, challenge=None, admits=lambda *_: True):
        self.jpeg, self.challenge, self.admits, self.over = jpeg, challenge, admits, threading.Event()
        super().__init__(("127.0.0.1", 0), Stream)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Clients come and go."""

    def close(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class Stream(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if not self.server.admits(self.headers["Authorization"], self):
            self.send_response(401)
            self.send_header("WWW-Authenticate", self.server.challenge)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(self.server.jpeg)}\r\n\r\n".encode()
        while not self.server.over.wait(0.1):
            self.wfile.write(head + self.server.jpeg + b"\r\n")


class Redirecting:
    """A camera of either protocol that asks for a login and then sends each path of `leads` elsewhere. It keeps the
    heads of the requests that it gets."""

    def __init__(self, leads=None):
        self.leads, self.heads = leads or {}, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, scheme, path="/", login=""):
        return f"{scheme}://{login}127.0.0.1:{self.port}{path}"

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("r", newline="\r\n") as lines:
            while head := "".join(iter(lines.readline, "\r\n")):
                self.heads.append(head)
                connection.sendall(self.answer(head).encode())

    def answer(self, head):
        method, url, protocol = head.split()[:3]
        path = re.sub(r"^\w+://[^/]*", "", url)
        fields = {"CSeq": re.search(r"CSeq: (\d+)", head)[1]} if protocol == "RTSP/1.0" else {"Content-Length": "0"}
        if method == "OPTIONS":
            status = "200 OK"
        elif "Authorization" not in head:
            status, fields["WWW-Authenticate"] = "401 Unauthorized", f'Basic realm="{REALM}"'
        elif path in self.leads:
            status, fields["Location"] = "302 Found", self.leads[path]
        else:
            status = "404 Not Found"
        return f"{protocol} {status}\r\n" + "".join(f"{name}: {fields[name]}\r\n" for name in fields) + "\r\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:video\r\n"
       "m=audio 0 RTP/AVP 8\r\na=control:audio\r\nm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n"
       "a=control:metadata\r\n")


class Picky(Redirecting):
    """An RTSP camera that speaks some transports alone, and refuses all tracks but the video."""

    def __init__(self, *transports):
        self.transports = transports
        super().__init__()

    def answer(self, head):
        method, url = head.split()[:2]
        fields, body, status = {"CSeq": re.search(r"CSeq: (\d+)", head)[1]}, "", "200 OK"
        if method == "DESCRIBE":
            fields.update({"Content-Type": "application/sdp", "Content-Length": len(SDP)})
            body = SDP
        elif method == "SETUP":
            transport = re.search(r"Transport: (.*)\r", head)[1]
            if not url.endswith("/video") or ("tcp" if "TCP" in transport else "udp") not in self.transports:
                status = "461 Unsupported Transport"
            fields.update({"Session": "1", "Transport": transport + ("" if "TCP" in transport else ";server_port=9-10")})
        return f"RTSP/1.0 {status}\r\n" + "".join(f"{name}: {fields[name]}\r\n" for name in fields) + "\r\n" + body

    def requests(self, method):
        return [head for head in self.heads if head.startswith(method)]


class Rtsp(unittest.TestCase):
    def test_video_alone_is_set_up(self):
        with Picky("tcp") as camera, Server({"cameras": [url("a", camera.url("rtsp"))]}):
            wait_until(lambda: camera.requests("PLAY"), 10, "PLAY")
            self.assertEqual([head.split()[1].rpartition("/")[2] for head in camera.requests("SETUP")], ["video"])

    def test_udp_is_tried_where_tcp_is_refused(self):
        with Picky("udp") as camera, Server({"cameras": [url("a", camera.url("rtsp"))]}):
            wait_until(lambda: camera.requests("PLAY"), 10, "PLAY")
            self.assertEqual(["TCP" in head for head in camera.requests("SETUP")], [True, False])

    def test_refused_transports_are_named(self):
        with Picky() as camera:
            cameras = [url("auto", camera.url("rtsp")), url("tcp", camera.url("rtsp"), transport="tcp")]
            with Server({"cameras": cameras}) as server:
                self.assertIn("tried transport tcp, which the camera refuses, then udp",
                              server.wait_for_state("auto", "offline", 10)["error"])
                self.assertIn('over TCP: set "transport"', server.wait_for_state("tcp", "offline", 10)["error"])


    def test_digest_that_ffmpeg_does_not_know_is_named(self):
        class Modern(Redirecting):
            def answer(self, head):
                sequence = re.search(r"CSeq: (\d+)", head)[1]
                return (f"RTSP/1.0 401 Unauthorized\r\nCSeq: {sequence}\r\nWWW-Authenticate: Digest realm=\"{REALM}\", "
                        f"nonce=\"{NONCE}\", algorithm=SHA-256, qop=\"auth\"\r\n\r\n")
        with Modern() as camera, Server({"cameras": [url("a", camera.url("rtsp", login="viewer:geheim@"))]}) as server:
            error = server.wait_for_state("a", "offline", 10)["error"]
            self.assertIn("401 from the camera: it asks for Digest SHA-256, but FFmpeg supports Digest MD5 alone", error)


class Redirects(unittest.TestCase):
    def test_login_stays_with_the_configured_host_and_port(self):
        for scheme in ("rtsp", "http"):
            with self.subTest(scheme), Redirecting() as other, Redirecting({"/": other.url(scheme)}) as camera, \
                    Server({"cameras": [url("a", camera.url(scheme, login="viewer:geheim@"))]}) as server:
                self.assertIn("401 from the camera", server.wait_for_state("a", "offline", 15)["error"])
                self.assertTrue(other.heads)
                self.assertNotIn("Authorization", "".join(other.heads))
                self.assertTrue(any("Authorization" in head for head in camera.heads))

    def test_redirects_can_be_switched_off(self):
        for scheme in ("rtsp", "http"):
            with self.subTest(scheme), Redirecting() as other, Redirecting({"/": other.url(scheme)}) as camera, \
                    Server({"cameras": [url("a", camera.url(scheme, login="viewer:geheim@"), redirects=False)]}) as server:
                self.assertIn('"redirects" is false', server.wait_for_state("a", "offline", 15)["error"])
                self.assertFalse(other.heads)

    def test_login_goes_to_another_path_of_the_same_camera(self):
        with Redirecting() as camera:
            camera.leads = {"/": camera.url("rtsp", "/b")}
            with Server({"cameras": [url("a", camera.url("rtsp", login="viewer:geheim@"))]}) as server:
                self.assertIn("404 from the camera", server.wait_for_state("a", "offline", 15)["error"])
                self.assertTrue(any("/b " in head and "Authorization" in head for head in camera.heads))

    def test_redirects_in_a_ring_and_to_files_fail(self):
        with Redirecting() as ring, Redirecting({"/": "file:///etc/passwd"}) as file:
            ring.leads = {"/": ring.url("rtsp")[:-1], "": ring.url("rtsp")}
            cameras = [url(id, camera.url("rtsp", login="viewer:geheim@")) for id, camera in (("ring", ring), ("file", file))]
            with Server({"cameras": cameras}) as server:
                self.assertIn("redirects more than 5 times", server.wait_for_state("ring", "offline", 15)["error"])
                self.assertIn("not a video stream", server.wait_for_state("file", "offline", 15)["error"])


class Access(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.jpeg = plain_picture(self.folder / "a.jpg", "red").read_bytes()

    def camera(self, *arguments):
        camera = Camera(self.jpeg, *arguments)
        self.addCleanup(camera.close)
        return camera

    def assert_nothing_secret(self, server):
        shown = server.log() + server.get("/api/status").text + server.get("/api/cameras").text
        for secret in ("geheim", "p%40ss", base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()):
            self.assertNotIn(secret, shown)

    def assert_login(self, camera):
        port = camera.server_port
        cameras = [url("keys", f"http://127.0.0.1:{port}/?token={TOKEN}", username=USER, password=PASSWORD),
                   url("inside", f"http://{USER}:p%40ss%2Fw0rd%3Ageheim@127.0.0.1:{port}/"),
                   url("wrong", f"http://{USER}:geheim@127.0.0.1:{port}/?token={TOKEN}"),
                   url("none", f"http://127.0.0.1:{port}/")]
        with Server({"cameras": cameras}, "--verbose") as server:
            for id in ("keys", "inside"):
                server.wait_for_state(id, "live", 15)
            for id in ("wrong", "none"):
                self.assertIn("401 from the camera", server.wait_for_state(id, "offline", 15)["error"])
            self.assert_nothing_secret(server)

    def test_basic_login(self):
        self.assert_login(self.camera(f'Basic realm="{REALM}"', is_basic))

    def test_digest_login(self):
        self.assert_login(self.camera(f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth"', is_digest))

    def test_certificate_has_to_be_trusted_unless_insecure(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
                        "/CN=127.0.0.1", "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
        camera = self.camera()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        camera.socket = context.wrap_socket(camera.socket, server_side=True)
        address = f"https://{USER}:geheim@127.0.0.1:{camera.server_port}/?token={TOKEN}"
        with Server({"cameras": [url("strict", address), url("lax", address, insecure=True)]}, "--verbose") as server:
            server.wait_for_state("lax", "live", 15)
            self.assertIn("certificate", server.wait_for_state("strict", "offline", 15)["error"])
            self.assertEqual(server.camera("strict")["frames"]["published"], 0)
            self.assert_nothing_secret(server)

    def test_messages_of_ffmpeg_show_no_secret(self):
        """Addresses that make FFmpeg itself complain, in each of its ways of opening something."""
        port = self.camera().server_port
        login = f"{USER}:geheim@127.0.0.1"
        addresses = [f"rtsp://{login}:{port}/?token=geheim", f"rtmp://{login}:{port}/live/a?token=geheim",
                     f"http://{login}:1/?token=geheim", f"rtsp://{login}:1/?token=geheim",
                     f"srt://{login}:1?passphrase=geheimgeheim",
                     f"https://{login}:{port}/?token=geheim", f"rtp://{login}:{port}?token=geheim"]
        addresses += [f"srt://127.0.0.1:1?passphrase=pa{separator}geheimgeheim" for separator in "'\"< "]
        cameras = [url(f"c{i}", address) for i, address in enumerate(addresses)]
        with Server({"cameras": cameras}, "--verbose") as server:
            for camera in cameras:
                server.wait_for_camera(camera["id"], lambda status: status["error"], 25, "an error")
            self.assertIn("FFmpeg: ", server.log())
            self.assert_nothing_secret(server)


setUpModule = require_url_cameras

if __name__ == "__main__":
    main()
