#!/usr/bin/env python3
"""Network cameras that want a login or speak TLS: who may, whom we trust, and that nothing secret shows anywhere."""
import base64
import hashlib
import http.server
import pathlib
import re
import ssl
import subprocess
import tempfile
import threading
import unittest

from harness import Server, main, plain_picture, require_url_cameras

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
    """Sends the same picture ten times a second to those who may see it."""
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

    def test_certificate_has_to_be_trusted_unless_told_otherwise(self):
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
        cameras = [url(f"c{i}", address) for i, address in enumerate(addresses)]
        with Server({"cameras": cameras}, "--verbose") as server:
            for camera in cameras:
                server.wait_for_camera(camera["id"], lambda status: status["error"], 25, "an error")
            self.assertIn("FFmpeg: ", server.log())
            self.assert_nothing_secret(server)


setUpModule = require_url_cameras

if __name__ == "__main__":
    main()
