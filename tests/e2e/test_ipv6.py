#!/usr/bin/env python3
"""The server over IPv6: every kind of request, reply and stream, both families at once, and clients that are hostile."""
import contextlib
import http.client
import os
import pathlib
import re
import socket
import subprocess
import time
import unittest

from harness import PROGRAM, TIME_SCALE, Server, decode_fault, eventually, main, pattern, plain_picture, wait_until
from harness import require_url_cameras

CAMERA = pattern("a")


def require_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        raise unittest.SkipTest(f"this machine has no IPv6: {error}") from None


class Client:
    """Speaks to a server by one of its addresses."""

    def __init__(self, server, host="::1"):
        self.address = (host, server.port)

    def connect(self):
        return socket.create_connection(self.address, 10 * TIME_SCALE)

    def raw(self, request):
        with self.connect() as connection:
            connection.sendall(request)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while received := connection.recv(65536):
                    answer += received
            return answer

    def get(self, path, method="GET", body=None, **headers):
        connection = http.client.HTTPConnection(*self.address, timeout=10 * TIME_SCALE)
        with contextlib.closing(connection):
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def open_stream(self, path, **headers):
        """A connection whose reply has begun, and its status."""
        connection = self.connect()
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
        return connection, int(connection.recv(12)[9:])


class Ipv6(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require_ipv6()

    def serve(self, listen="[::1]:0", cameras=(CAMERA,), **settings):
        server = Server({"server": settings, "cameras": list(cameras)}, listen=listen, host="::1")
        self.addCleanup(server.__exit__, None)
        return server, Client(server)


class Requests(Ipv6):
    def test_ready_line_has_brackets_and_the_address_answers(self):
        server, client = self.serve()
        status, body = client.get("/healthz")
        self.assertEqual((status, b"ok" in body), (200, True))
        with self.assertRaises(ConnectionRefusedError):
            Client(server, "127.0.0.1").connect()

    def test_both_families_at_once(self):
        server, client = self.serve("[::]:0", allow_anonymous=True)
        for host, shown in (("::1", "[::1]"), ("127.0.0.1", "127.0.0.1")):
            with self.subTest(host):
                stream, status = Client(server, host).open_stream("/camera/a/video_feed")
                with stream:
                    self.assertEqual(status, 200)
                    [subscriber] = eventually_subscribers(server, 1)
                    self.assertRegex(subscriber["remote"], f"^{re.escape(shown)}:{stream.getsockname()[1]}$")
                eventually_subscribers(server, 0)

    def test_snapshot_head_and_errors(self):
        _, client = self.serve()
        self.assertEqual(decode_fault(client.get("/camera/a/snapshot")[1]), "")
        self.assertEqual(client.get("/camera/a/snapshot", "HEAD"), (200, b""))
        self.assertEqual(client.get("/nothing")[0], 404)
        self.assertEqual(client.get("/healthz", "DELETE")[0], 405)

    def test_heads_in_every_shape(self):
        server, client = self.serve()
        port = server.port
        for head, status in ((b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
                             (b"GET /healthz HTTP/1.1\nHost: localhost\n\n", 200),
                             (b"GET http://localhost:%d/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" % port, 200),
                             (b"GET /healthz HTTP/1.1\r\nHost: [::1]:%d\r\n\r\n" % port, 200),
                             (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
                             (b"nonsense\r\n\r\n", 400), (b"\x01\x02\x03", 400), (b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n", 400),
                             (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 400)):
            with self.subTest(head[:40]):
                answer = client.raw(head)
                self.assertTrue(answer.startswith(b"HTTP/1.1 "), answer[:100])
                self.assertEqual(int(answer[9:12]), status)

    def test_head_that_comes_byte_by_byte(self):
        _, client = self.serve()
        with client.connect() as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n":
                connection.sendall(bytes([byte]))
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200 "))

    def test_body_behind_its_head_and_later(self):
        """What stands behind the head is read from the client's own socket."""
        key = "0123456789abcdef01234567"
        camera = {"id": "p", "on_demand": False, "source": {"type": "push", "key": key}}
        server, client = self.serve(cameras=[camera])
        picture = plain_picture(pathlib.Path(server.directory.name, "p.jpg"), "red").read_bytes()
        head = (f"POST /camera/p/frame HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
                f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n").encode()
        for number, cut in enumerate((0, 100, len(picture)), 1):
            with self.subTest(cut=cut), client.connect() as connection:
                connection.sendall(head + picture[:cut])
                connection.sendall(picture[cut:])
                self.assertIn(connection.recv(100).split()[1], (b"200", b"202", b"204"))
            # A frame gives way to the next one that comes before it is published.
            eventually(lambda: server.camera("p")["frames"]["published"], number, "the frame")

    def test_addresses_of_proxies_and_their_clients(self):
        """A network of 64 bits is one address."""
        server, client = self.serve("[::]:0", trusted_proxies=["::1"], max_streams_per_address=1, allow_anonymous=True)
        first, status = client.open_stream("/camera/a/video_feed", X_Forwarded_For="2001:db8::1")
        with first:
            self.assertEqual(status, 200)
            self.assertEqual(eventually_subscribers(server, 1)[0]["remote"], "2001:db8::1")
            for other, expected in (("2001:db8::2", 503), ("2001:db8:0:1::1", 200), ("192.0.2.1", 200)):
                stream, status = client.open_stream("/camera/a/video_feed", X_Forwarded_For=other)
                stream.close()
                self.assertEqual(status, expected, other)
            stream, status = Client(server, "127.0.0.1").open_stream("/camera/a/video_feed", X_Forwarded_For="2001:db8::1")
            stream.close()
            self.assertEqual(status, 200, "127.0.0.1 is no proxy, and so is not believed")

    def test_listener_behind_it_serves_nobody_else(self):
        server, _ = self.serve()
        with Client(server, "127.0.0.6").connect() as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(connection.recv(100), b"")

    def test_monitor_has_ipv6_too(self):
        server, _ = self.serve(monitor_listen="[::1]:0")
        [port] = re.findall(r"monitoring on http://\[::1\]:([0-9]+)/", server.log())
        connection = http.client.HTTPConnection("::1", int(port), timeout=10)
        connection.request("GET", "/metrics")
        self.assertEqual(connection.getresponse().status, 200)

    def test_camera_of_another_server_by_number_and_by_localhost(self):
        require_url_cameras()
        server, _ = self.serve()
        hosts = pathlib.Path(server.directory.name, "hosts")
        hosts.write_text("::1 localhost\n")
        program = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c",
                   f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh"]
        if subprocess.run([*program, "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("localhost cannot be made ::1 here (unshare --mount)")
        cameras = [{"id": id, "source": {"type": "url", "url": f"http://{host}:{server.port}/camera/a/video_feed"}}
                   for id, host in (("number", "[::1]"), ("name", "localhost"))]
        with Server({"cameras": cameras}, program=(*program, PROGRAM), host="127.0.0.1") as other:
            for camera in cameras:
                self.assertEqual(other.get(f"/camera/{camera['id']}/snapshot").status, 200)


def eventually_subscribers(server, count):
    def read():
        return server.status()["cameras"][0]["subscribers"]
    wait_until(lambda: len(read()) == count, 10, f"{count} subscribers")
    return read()


class Hostile(Ipv6):
    def test_silent_clients_take_no_place_of_others(self):
        server, client = self.serve()
        silent = [client.connect() for _ in range(2500)]
        self.addCleanup(lambda: [each.close() for each in silent])
        for each in silent[::2]:
            with contextlib.suppress(OSError):
                each.sendall(b"GET / HTTP/1.1\r\n")
        started = time.monotonic()
        for _ in range(20):
            self.assertEqual(client.get("/healthz")[0], 200)
        self.assertLess(time.monotonic() - started, 5 * TIME_SCALE)
        self.assertLess(server.descriptors(), 2200)

    def test_silent_client_is_ended(self):
        _, client = self.serve()
        with client.connect() as connection:
            connection.settimeout(20 * TIME_SCALE)
            connection.sendall(b"GET / HT")
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(connection.recv(1), b"")

    def test_clients_that_leave_at_once_cost_nothing(self):
        server, client = self.serve()
        client.get("/healthz")
        before = server.descriptors()
        for round in range(300):
            connection = client.connect()
            if round % 3:
                connection.sendall(b"GET /camera/a/snapshot HTTP/1.1\r\nHost: localhost\r\n\r\n"[:20 * (round % 4)])
            connection.close()
        self.assertEqual(client.get("/healthz")[0], 200)
        server.await_descriptors(before + 5)

    def test_it_ends_in_time_with_clients_in_every_state(self):
        server, client = self.serve()
        streams = [client.open_stream("/camera/a/video_feed")[0] for _ in range(20)]
        silent = [client.connect() for _ in range(50)]
        late = client.connect()
        late.sendall(b"POST /api/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        server.signal()
        for each in (*streams, *silent, late):
            each.close()


class Starting(Ipv6):
    def start(self, listen):
        config = '{"server": {"allow_anonymous": true}, "cameras": [{"source": {"type": "pattern"}}]}'
        with Server({"cameras": [CAMERA]}) as server:  # for its folder
            path = pathlib.Path(server.directory.name, "other.json")
            path.write_text(config)
            return subprocess.run([PROGRAM, "--config", str(path), "--listen", listen], capture_output=True, text=True,
                                  timeout=20 * TIME_SCALE, env=os.environ)

    def test_port_in_use_is_said(self):
        server, _ = self.serve("[::]:0", allow_anonymous=True)
        result = self.start(f"[::1]:{server.port}")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, rf"cannot listen on \[::1\]:{server.port}: Address already in use")

    def test_malformed_addresses_are_refused(self):
        for listen in ("::1:8080", "[::1]", "[::1]8080", "[::1:8080", "[127.0.0.1]:8080", "[::g]:8080", "[]:8080",
                       "[" + "1" * 100 + "]:80", "::"):
            with self.subTest(listen):
                result = self.start(listen)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn("ADDRESS:PORT", result.stderr)

    def test_everybodys_address_needs_leave(self):
        with Server({"cameras": [CAMERA]}) as server:
            result = subprocess.run([PROGRAM, "--config", str(server.config_path), "--listen", "[::]:0"],
                                    capture_output=True, text=True)
        self.assertEqual(result.returncode, 2)
        self.assertIn("everyone who can reach this address", result.stderr)


if __name__ == "__main__":
    main()
