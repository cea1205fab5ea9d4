#!/usr/bin/env python3
"""The configurations for nginx that ship, with the real program: TLS and HTTP/2, and below a path of another site."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from harness import SOURCE_DIR, TIME_SCALE, Server, Stream, main, pattern, wait_until
from test_gallery import Page

DEPLOY = SOURCE_DIR / "config/deploy"
NAME = "cams.example.org"
NGINX = next(filter(None, (shutil.which("nginx", path=path) for path in
                           (os.environ.get("PATH"), "/usr/sbin", SOURCE_DIR / "build/nginx/usr/sbin"))), None)

MAIN = """daemon off;
pid {directory}/pid;
error_log {directory}/error.log;
{user}
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {site}
}}
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def with_changes(file, changes):
    """What ships, with what every user has to change."""
    text = (DEPLOY / file).read_text()
    for pattern_of_old, new in changes:
        text, count = re.subn(pattern_of_old, new, text, flags=re.MULTILINE)
        assert count, f"{file} has no {pattern_of_old}"
    return text


class Nginx:
    """nginx, running with a site on a port of its own, as no service of the machine."""

    def __init__(self, site, port):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="framebroker-nginx-"))
        self.port = port
        self.certificate = self.directory / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout",
                        str(self.directory / "key.pem"), "-out", str(self.certificate)], check=True, capture_output=True)
        (self.directory / "snippets").mkdir()
        shutil.copy(DEPLOY / "nginx-proxy.conf", self.directory / "snippets/framebroker.conf")
        user = "user root;" if os.geteuid() == 0 else ""
        (self.directory / "nginx.conf").write_text(
            MAIN.format(directory=self.directory, user=user, site=site.replace("DIRECTORY", str(self.directory))))
        with (self.directory / "stderr").open("w") as stderr:
            self.process = subprocess.Popen([NGINX, "-p", str(self.directory), "-c", "nginx.conf"], stderr=stderr)
        try:
            wait_until(self._answers, 10, "nginx to listen")
        except BaseException:
            self.stop()
            raise

    def _answers(self):
        assert self.process.poll() is None, (self.directory / "stderr").read_text() + self.log()
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self):
        path = self.directory / "error.log"
        return path.read_text() if path.exists() else ""

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)

    def curl(self, path, *options, method=subprocess.run, **how):
        return method(["curl", "--silent", "--show-error", "--max-time", "20", "--interface", "127.0.0.2", "--resolve",
                       f"{NAME}:{self.port}:127.0.0.1", "--cacert", str(self.certificate), "--http2", *options,
                       f"https://{NAME}:{self.port}{path}"], stdout=subprocess.PIPE, **how)

    def head_and_body(self, path, *options):
        head, _, body = self.curl(path, "--include", *options, check=True).stdout.partition(b"\r\n\r\n")
        status_line, *lines = head.decode().split("\r\n")
        return status_line, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body


@unittest.skipUnless(NGINX, "nginx is not installed")
class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"server": {"hosts": [NAME], "trusted_proxies": ["127.0.0.1"]},
                             "cameras": [pattern("fast"), pattern("slow", width=160, height=120, fps=1)]})
        cls.addClassCleanup(cls.server.__exit__, None)
        port, cls.plain_port = free_port(), free_port()
        site = with_changes("nginx.conf", [
            (r"^ *listen \[::\].*\n", ""), ("listen 80;", f"listen 127.0.0.1:{cls.plain_port};"),
            ("listen 443 ", f"listen 127.0.0.1:{port} "), ("server 127.0.0.1:8080;", f"server 127.0.0.1:{cls.server.port};"),
            ("/etc/letsencrypt/live/cams.example.org/fullchain.pem", "DIRECTORY/certificate.pem"),
            ("/etc/letsencrypt/live/cams.example.org/privkey.pem", "DIRECTORY/key.pem")])
        cls.nginx = Nginx(site, port)
        cls.addClassCleanup(cls.nginx.stop)

    def subscribers(self, id):
        return self.server.camera(id)["subscribers"]

    def follow(self, path, count):
        """The first parts of a stream over HTTP/2: when each was there, and when its frame was captured."""
        curl = self.nginx.curl(path, "--no-buffer", method=subprocess.Popen)
        parts, received = [], b""
        try:
            while len(parts) < count:
                chunk = os.read(curl.stdout.fileno(), 1 << 20)
                self.assertTrue(chunk, "the stream has ended")
                received += chunk
                while (match := re.search(rb"Content-Length: (\d+)\r\n.*?X-Timestamp: ([0-9.]+)\r\n.*?\r\n\r\n", received,
                                          re.DOTALL)) and len(received) >= match.end() + int(match[1]):
                    body = received[match.end():match.end() + int(match[1])]
                    self.assertEqual((body[:2], body[-2:]), (b"\xff\xd8", b"\xff\xd9"))
                    parts.append((time.time(), float(match[2]), match[0]))
                    received = received[match.end() + int(match[1]):]
        finally:
            curl.kill()
            curl.wait()
            curl.stdout.close()
        return parts

    def test_pages_and_their_assets_come_over_http2_and_tls(self):
        for path in ("/", "/camera/fast", "/status"):
            status_line, headers, body = self.nginx.head_and_body(path)
            self.assertEqual(status_line.split(), ["HTTP/2", "200"])
            self.assertIn("max-age", headers["strict-transport-security"])
            self.assertIn("content-security-policy", headers)
            page = Page(body.decode())
            self.assertTrue(page.resources)
            for resource in page.resources:
                self.assertEqual(self.nginx.head_and_body(resource)[0].split(), ["HTTP/2", "200"], resource)

    def test_plain_http_is_led_to_tls(self):
        answer = subprocess.run(["curl", "-sI", "-H", f"Host: {NAME}", f"http://127.0.0.1:{self.plain_port}/status?a=b"],
                                check=True, capture_output=True, text=True).stdout
        self.assertIn(" 308 ", answer)
        self.assertIn(f"Location: https://{NAME}/status?a=b", answer)

    def test_snapshot_keeps_its_headers(self):
        status_line, headers, body = self.nginx.head_and_body("/camera/fast/snapshot")
        self.assertEqual(status_line.split()[1], "200")
        self.assertEqual(int(headers["content-length"]), len(body))
        self.assertEqual(headers["x-camera-id"], "fast")
        self.assertIn("etag", headers)

    def test_frames_are_not_held_back(self):
        self.follow("/camera/slow/video_feed", 1)  # the camera is live from here on
        parts = self.follow("/camera/slow/video_feed", 4)
        for arrived, captured, _ in parts[1:]:
            self.assertLess(arrived - captured, 0.5 * TIME_SCALE)
        self.assertGreater(parts[-1][0] - parts[1][0], 1)

    def test_feed_of_all_cameras(self):
        parts = self.follow("/feed?cameras=all", 20)
        ids = {re.search(rb"X-Camera-Id: (\w+)", head)[1] for _, _, head in parts}
        self.assertEqual(ids, {b"fast", b"slow"})

    def test_client_is_seen_and_its_leaving_too(self):
        curl = self.nginx.curl("/camera/fast/video_feed", method=subprocess.Popen)
        try:
            seen = wait_until(lambda: self.subscribers("fast"), 5, "the viewer")
            self.assertEqual([viewer["remote"] for viewer in seen], ["127.0.0.2"])
        finally:
            curl.kill()
            curl.wait()
            curl.stdout.close()
        wait_until(lambda: not self.subscribers("fast"), 5, "the viewer to be gone")

    def test_pages_of_this_site_alone_change_things(self):
        for origin, code in ((f"https://{NAME}:{self.nginx.port}", b"no_controls"), (f"https://{NAME}", b"origin_not_allowed")):
            _, _, body = self.nginx.head_and_body("/api/cameras/fast/controls", "-X", "PUT", "-d", "{}", "-H",
                                                  f"Origin: {origin}")
            self.assertIn(code, body)

    def test_other_names_are_refused(self):
        _, _, body = self.nginx.head_and_body("/", "-H", "Host: rebound.example")
        self.assertIn(b"host_not_allowed", body)
        _, _, body = self.nginx.head_and_body("/", "-H", "Host: rebound.example", "-H", f"X-Forwarded-Host: {NAME}")
        self.assertIn(b"host_not_allowed", body)


@unittest.skipUnless(NGINX, "nginx is not installed")
class SubPath(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"server": {"base_path": "/cams", "trusted_proxies": ["127.0.0.1"]},
                             "cameras": [pattern("a"), pattern("b")]})
        cls.addClassCleanup(cls.server.__exit__, None)
        port = free_port()
        location = with_changes("nginx-subpath.conf", [("127.0.0.1:8080;", f"127.0.0.1:{cls.server.port};"),
                                                       ("^#.*\n", "")])
        site = f"server {{ listen 127.0.0.1:{port}; {location} location / {{ return 200 other; }} }}"
        cls.nginx = Nginx(site, port)
        cls.addClassCleanup(cls.nginx.stop)

    def get(self, path):
        return subprocess.run(["curl", "-s", "-o", "-", "-w", "%{http_code}", f"http://127.0.0.1:{self.nginx.port}{path}"],
                              check=True, capture_output=True).stdout

    def test_all_that_a_page_leads_to_is_there(self):
        for path in ("/cams/", "/cams/camera/a", "/cams/status"):
            text = self.get(path)
            self.assertEqual(text[-3:], b"200")
            page = Page(text[:-3].decode())
            pictures = [image["src"] for image in page.images if not image["src"].endswith("video_feed")]
            links = [link for link in page.links if not link.endswith("video_feed")]
            self.assertGreater(len(links), 1)
            for address in (*page.resources, *links, *pictures):
                with self.subTest(page=path, address=address):
                    self.assertTrue(address.startswith("/cams/"), address)
                    answer = self.get(address)
                    self.assertEqual(answer[-3:], b"200")
                    self.assertNotEqual(answer[:-3], b"other")

    def test_path_without_its_slash_is_led_to_it(self):
        head = subprocess.run(["curl", "-sI", f"http://127.0.0.1:{self.nginx.port}/cams"], check=True, capture_output=True,
                              text=True).stdout
        self.assertIn(f"Location: http://127.0.0.1:{self.nginx.port}/cams/\n", head.replace("\r", ""))

    def test_streams_are_as_every_client_takes_them(self):
        for path in ("/cams/camera/a/video_feed", "/cams/feed?cameras=a,b", "/cams/?action=stream"):
            with self.subTest(path=path), Stream(self.nginx.port, path) as stream:
                for _ in range(5):
                    stream.part()


if __name__ == "__main__":
    main()
