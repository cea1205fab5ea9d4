#!/usr/bin/env python3
"""Programs that read our streams, and proxies between them and us, as Debian has them."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import SOURCE_DIR, TIME_SCALE, Server, Stream, main, pattern, wait_until
from test_nginx import free_port

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's modules
PICTURES = 20


def find_program(package, program):
    """In the path, or where scripts/test unpacks it."""
    places = (os.environ.get("PATH"), "/usr/sbin", SOURCE_DIR / "build" / package / "usr/sbin")
    return next(filter(None, (shutil.which(program, path=place) for place in places)), None)


HAPROXY = find_program("haproxy", "haproxy")
APACHE = find_program("apache2-bin", "apache2")
VARNISH = find_program("varnish", "varnishd")

AIOHTTP = """
import asyncio, sys, aiohttp

async def read(url, count):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        reader = aiohttp.MultipartReader.from_response(answer)
        for _ in range(count):
            picture = await (await reader.next()).read()
            assert picture[:2] == b"\\xff\\xd8" and picture[-2:] == b"\\xff\\xd9", picture[:20]
asyncio.run(read(sys.argv[1], int(sys.argv[2])))
"""
OPENCV = """
import sys, cv2
capture = cv2.VideoCapture(sys.argv[1])
for _ in range(int(sys.argv[2])):
    came, picture = capture.read()
    assert came and picture.shape == (240, 320, 3), came
"""


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"cameras": [pattern("a")]})
        cls.addClassCleanup(cls.server.__exit__, None)
        cls.url = f"http://127.0.0.1:{cls.server.port}/camera/a/video_feed"

    def run_client(self, *command):
        result = subprocess.run(command, capture_output=True, text=True, timeout=60 * TIME_SCALE)
        if "ModuleNotFoundError" in result.stderr:
            self.skipTest(result.stderr.splitlines()[-1])
        self.assertEqual(result.returncode, 0, result.stderr)

    @unittest.skipUnless(shutil.which("gst-launch-1.0"), "GStreamer is not installed")
    def test_gstreamer(self):
        self.run_client("gst-launch-1.0", "-q", "souphttpsrc", f"location={self.url}", "!", "multipartdemux", "!", "jpegdec",
                        "!", "fakesink", f"num-buffers={PICTURES}")

    def test_aiohttp_as_home_assistant_reads(self):
        self.run_client(PYTHON, "-c", AIOHTTP, self.url, str(PICTURES))

    def test_opencv(self):
        self.run_client(PYTHON, "-c", OPENCV, self.url, str(PICTURES))


class Through(Stream):
    """What curl receives, which takes the answer out of the chunks that a proxy may add."""

    def __init__(self, port, path):
        self.curl = subprocess.Popen(["curl", "-sSf", "--no-buffer", f"http://127.0.0.1:{port}{path}"],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.status, self.started, self.newest, self.buffer = 200, True, None, b""
        try:
            self.delimiter = self._until(b"\r\n", 200) + b"\r\n"
        except BaseException:
            self.close()
            raise

    def _more(self):
        received = os.read(self.curl.stdout.fileno(), 65536)
        if not received:
            raise EOFError("the stream has ended")
        self.buffer += received

    def close(self):
        self.curl.kill()
        self.curl.wait()
        self.curl.stdout.close()


class Proxies(unittest.TestCase):
    """Each passes on every picture at once, and the end of a viewer."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server({"cameras": [pattern("a", fps=5)]})
        cls.addClassCleanup(cls.server.__exit__, None)

    def start(self, text, port, *command):
        """The configuration is written to a file, whose name is the last argument."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="framebroker-proxy-")))
        folder.chmod(0o755)
        (folder / "configuration").write_text(text.format(folder=folder, port=port, server=self.server.port))
        log = self.enterContext((folder / "log").open("w"))
        process = subprocess.Popen([argument.format(folder=folder, port=port) for argument in command]
                                   + [str(folder / "configuration")], stdout=log, stderr=log)

        def stop():
            process.terminate()
            process.wait()
        self.addCleanup(stop)

        def answers():
            self.assertIsNone(process.poll(), (folder / "log").read_text())
            try:
                return Through(port, "/camera/a/video_feed")
            except EOFError:
                return None
        return wait_until(answers, 20, "the proxy to answer")

    def assert_passes_on(self, stream):
        with stream:
            for _ in range(5):
                part = stream.frame()
            self.assertLess(part.received_at - part.timestamp, 0.5 * TIME_SCALE)
            self.assertTrue(self.server.camera("a")["subscribers"])
        wait_until(lambda: not self.server.camera("a")["subscribers"], 10, "the viewer to leave")

    @unittest.skipUnless(HAPROXY, "HAProxy is not installed")
    def test_haproxy(self):
        self.assert_passes_on(self.start("""
            defaults
                mode http
                timeout connect 5s
                timeout client 60s
                timeout server 60s
            frontend cameras
                bind 127.0.0.1:{port}
                default_backend framebroker
            backend framebroker
                server local 127.0.0.1:{server}
            """.replace("\n            ", "\n"), free_port(), HAPROXY, "-db", "-f"))

    @unittest.skipUnless(APACHE, "Apache is not installed")
    def test_apache(self):
        modules = SOURCE_DIR / "build/apache2-bin/usr/lib/apache2/modules"
        modules = modules if modules.exists() else pathlib.Path("/usr/lib/apache2/modules")
        self.assert_passes_on(self.start("".join(
            f"LoadModule {name}_module {modules}/mod_{name}.so\n"
            for name in ("mpm_event", "authz_core", "proxy", "proxy_http")) + """
            ServerRoot {folder}
            DefaultRuntimeDir {folder}
            PidFile {folder}/pid
            ErrorLog {folder}/error.log
            ServerName localhost
            Listen 127.0.0.1:{port}
            ProxyPass / http://127.0.0.1:{server}/ flushpackets=on
            """, free_port(), APACHE, "-X", "-f"))

    @unittest.skipUnless(VARNISH and shutil.which("gcc"), "Varnish is not installed")
    def test_varnish(self):
        self.assert_passes_on(self.start("""
            vcl 4.1;
            backend framebroker {{ .host = "127.0.0.1"; .port = "{server}"; }}
            sub vcl_recv {{ return (pass); }}
            """, free_port(), VARNISH, "-F", "-j", "none", "-n", "{folder}/work", "-a", "127.0.0.1:{port}", "-s",
            "malloc,32m", "-f"))


if __name__ == "__main__":
    main()
