#!/usr/bin/env python3
"""Cameras that send their frames: one at a time, as a stream, and the senders that should not get through."""
import concurrent.futures
import contextlib
import http.client
import pathlib
import socket
import subprocess
import tempfile
import unittest

from harness import PATIENCE_S, TIME_SCALE, Server, assert_rate, main, pattern, plain_picture, wait_until

KEY = "correct-horse"
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}


def push_camera(id, on_demand=False, key=KEY, **source):
    return {"id": id, "on_demand": on_demand, "source": {"type": "push", "key": key, **source}}


def post(server, path, body, headers=AUTHORIZED):
    """Status and body of the answer. body: bytes, or a generator, which is sent in chunks."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20 * TIME_SCALE)
    try:
        connection.request("POST", path, body, headers, encode_chunked=not isinstance(body, bytes))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def raw_post(server, path, *lines):
    """A connection on which the head of a request has been sent."""
    connection = socket.create_connection(("127.0.0.1", server.port), 20 * TIME_SCALE)
    head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {KEY}", *lines, "", ""]
    connection.sendall("\r\n".join(head).encode())
    return connection


class Push(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.jpeg = plain_picture(pathlib.Path(cls.folder.name, "a.jpg"), "red").read_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def part(self, **headers):
        lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
        return (f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(self.jpeg)}\r\n{''.join(lines)}\r\n"
                .encode() + self.jpeg + b"\r\n")

    def test_pushed_frame_is_shown(self):
        with Server({"cameras": [push_camera("a")]}) as server:
            self.assertEqual(post(server, "/camera/a/frame", self.jpeg)[0], 204)
            camera = server.wait_for_camera("a", lambda camera: camera["width"] == 320, 5, "its size")
            self.assertEqual((camera["state"], camera["source"]), ("live", "push"))
            self.assertEqual(server.get("/camera/a/snapshot").body, self.jpeg)

    def test_frame_is_put_or_is_a_file_in_a_form(self):
        with Server({"cameras": [push_camera("a")]}) as server:
            self.assertEqual(server.get("/camera/a/frame", "PUT", AUTHORIZED, body=b"\r\n" + self.jpeg + b"\0\0").status, 204)
            self.assertEqual(server.get("/camera/a/snapshot?max_age_ms=60000").body, self.jpeg)
            picture = pathlib.Path(self.folder.name, "a.jpg")
            for path in ("frame", "ingest"):
                published = server.camera("a")["frames"]["published"]
                subprocess.run(["curl", "-sSf", "-H", f"Authorization: Bearer {KEY}", "-F", "name=text", "-F", f"file=@{picture}",
                                f"http://127.0.0.1:{server.port}/camera/a/{path}"], check=True)
                server.wait_for_camera("a", lambda camera: camera["frames"]["published"] == published + 1, 5, "the file")
            self.assertEqual(server.camera("a")["frames"]["invalid"], 0)

    def test_body_without_a_picture_is_refused(self):
        form = {**AUTHORIZED, "Content-Type": "multipart/form-data; boundary=b"}
        with Server({"cameras": [push_camera("a")]}) as server:
            for path in ("frame", "ingest"):
                for body in (b"--b--\r\n", b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"):
                    status, answer = post(server, f"/camera/a/{path}", body, form)
                    self.assertEqual(status, 400)
                    self.assertIn(b"no picture was found", answer)

    def test_frame_in_chunks_is_shown(self):
        with Server({"cameras": [push_camera("a")]}) as server:
            pieces = [self.jpeg[at:at + 7] for at in range(0, len(self.jpeg), 7)]
            self.assertEqual(post(server, "/camera/a/frame", iter(pieces))[0], 204)
            self.assertEqual(server.get("/camera/a/snapshot?max_age_ms=60000").body, self.jpeg)

    def test_body_may_begin_anywhere_in_what_is_sent_first(self):
        """The server's library reads ahead of the head; what it has of the body must not be lost, or taken twice."""
        head = f"POST /camera/a/frame HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        sized = (head + f"Content-Length: {len(self.jpeg)}\r\n\r\n").encode()
        chunked = (head + "Transfer-Encoding: chunked\r\n\r\n").encode()
        half = len(self.jpeg) // 2
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (self.jpeg[:half], self.jpeg[half:])) + b"0\r\n\r\n"
        requests = [(sized, self.jpeg), (chunked, chunks), (sized.replace(b"\r\n", b"\n"), self.jpeg)]
        with Server({"cameras": [push_camera("a")]}) as server:
            for count, (before, body) in enumerate(requests):
                for split in (0, 1, 2, 3, 5, 9, 100, *range(half + 3, half + 13), *range(len(body) - 8, len(body) + 1)):
                    published = server.camera("a")["frames"]["published"]
                    with socket.create_connection(("127.0.0.1", server.port), 20 * TIME_SCALE) as sender:
                        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        sender.sendall(before + body[:split])
                        sender.sendall(body[split:])
                        self.assertIn(b" 204 ", sender.recv(4096).partition(b"\r\n")[0], f"request {count}, split {split}")
                    server.wait_for_camera("a", lambda camera: camera["frames"]["published"] == published + 1, 5, "it")
                    self.assertEqual(server.get("/camera/a/snapshot?max_age_ms=60000").body, self.jpeg)

    def test_reload_changes_the_key_and_the_kind(self):
        with Server({"cameras": [pattern("a"), push_camera("b")]}) as server:
            server.reload({"cameras": [push_camera("a"), push_camera("b", second_pusher="refuse")]})
            self.assertEqual(post(server, "/camera/a/frame", self.jpeg)[0], 204)
            with raw_post(server, "/camera/b/ingest", "Content-Type: multipart/x-mixed-replace;boundary=frame",
                          "Content-Length: 100000000") as first:
                first.sendall(self.part())
                server.wait_for_camera("b", lambda camera: camera["width"] == 320, 5, "its size")
                self.assertEqual(post(server, "/camera/b/frame", self.jpeg)[0], 409)
                server.reload({"cameras": [pattern("a"), push_camera("b", key="another-horse")]})
                self.assertEqual(post(server, "/camera/a/frame", self.jpeg)[0], 404)
                self.assertEqual(post(server, "/camera/b/frame", self.jpeg)[0], 401)
                first.sendall(self.part())
                self.assertIn(b" 409 ", first.recv(4096).partition(b"\r\n")[0])
            another = {"Authorization": "Bearer another-horse"}
            self.assertEqual(post(server, "/camera/b/frame", self.jpeg, another)[0], 204)

    def test_sender_ends_with_its_camera(self):
        with Server({"cameras": [pattern("a"), push_camera("b")]}) as server:
            with raw_post(server, "/camera/b/ingest", "Content-Type: multipart/x-mixed-replace;boundary=frame",
                          "Content-Length: 100000000") as sender:
                sender.sendall(self.part())
                server.wait_for_camera("b", lambda camera: camera["width"] == 320, 5, "its size")
                server.reload({"cameras": [pattern("a")]})
                sender.sendall(self.part())
                self.assertIn(b" 409 ", sender.recv(4096).partition(b"\r\n")[0])

    def test_without_the_key_nothing_is_taken(self):
        with Server({"cameras": [push_camera("a"), pattern("b")]}) as server:
            for headers in ({}, {"Authorization": "Bearer wrong-horse1"}, {"Authorization": f"Bearer {KEY}x"},
                            {"Authorization": f"Bearer {KEY[:-1]}"}, {"Authorization": "Bearer "},
                            {"Authorization": f"Basic {KEY}"}):
                for path in ("/camera/a/frame", "/camera/a/ingest"):
                    self.assertIn(post(server, path, b"x", headers)[0], (401, 429), headers)
            self.assertEqual(post(server, "/camera/b/frame", self.jpeg)[0], 404)
            self.assertEqual(post(server, "/camera/c/frame", self.jpeg)[0], 404)
            answer = server.get("/camera/a/frame")
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "POST, PUT"))
            self.assertEqual(server.camera("a")["frames"]["published"], 0)
            self.assertNotIn(KEY, server.get("/api/status").text + server.log())

    def test_what_is_no_picture_is_refused(self):
        with Server({"cameras": [push_camera("a")]}) as server:
            self.assertEqual(post(server, "/camera/a/frame", b"hello")[0], 400)
            self.assertEqual(post(server, "/camera/a/frame", b"")[0], 400)

            def is_too_large():
                """A busy machine may not take so much in time, nor read the answer before the connection is closed."""
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    chunks = (b"\xff\xd8" + bytes(1 << 20) for _ in range(33))
                    return post(server, "/camera/a/frame", chunks)[0] == 413
            wait_until(is_too_large, PATIENCE_S, "the refusal of a body without a length")
            with raw_post(server, "/camera/a/frame", f"Content-Length: {33 << 20}") as sender:
                self.assertIn(b" 413 ", sender.recv(1000))
            self.assertEqual(post(server, "/camera/a/ingest", b"x" * 300000)[0], 400)
            post(server, "/camera/a/frame", self.jpeg[:-100])
            server.wait_for_camera("a", lambda camera: camera["frames"]["invalid"] == 1, 5, "the broken frame")
            self.assertEqual(server.camera("a")["frames"]["published"], 0)

    def test_stream_carries_sequence_and_capture_time(self):
        with Server({"cameras": [push_camera("a")]}) as server, server.stream("/camera/a/video_feed") as stream, \
                raw_post(server, "/camera/a/ingest", "Content-Type: multipart/x-mixed-replace;boundary=frame",
                         "Content-Length: 100000000") as sender:
            sender.sendall(self.part(X_Sequence=41, X_Timestamp="1.5"))
            self.assertEqual(stream.frame_where(lambda part: part.state == "live", 5, "the first").sequence, 41)
            timestamp = stream.newest[1] - 1.25
            sender.sendall(self.part(X_Sequence=44, X_Timestamp=f"{timestamp:.6f}"))
            part = stream.frame()
            self.assertEqual(part.sequence, 44)
            self.assertAlmostEqual(part.timestamp, timestamp, places=5)

    def test_ffmpeg_streams(self):
        with Server({"cameras": [push_camera("a", on_demand=True)]}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            sender = subprocess.Popen(
                ["ffmpeg", "-v", "quiet", "-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-c:v", "mjpeg",
                 "-f", "mpjpeg", "-method", "POST", "-headers", f"Authorization: Bearer {KEY}\r\n",
                 f"http://127.0.0.1:{server.port}/camera/a/ingest"])
            try:
                stream.frame_where(lambda part: part.state == "live", 20, "frames of ffmpeg")
                for _ in range(30):
                    stream.frame()  # FFmpeg 7 sends the first half second at once
                parts = [stream.frame() for _ in range(60)]
            finally:
                sender.kill()
                sender.wait()
            assert_rate(self, parts, 30)

    def test_second_sender_replaces_the_first_or_is_refused(self):
        with Server({"cameras": [push_camera("a"), push_camera("b", second_pusher="refuse")]}) as server:
            content_type = "Content-Type: multipart/x-mixed-replace;boundary=frame"
            with raw_post(server, "/camera/a/ingest", content_type, "Content-Length: 100000000") as first, \
                    raw_post(server, "/camera/b/ingest", content_type, "Content-Length: 100000000") as other:
                for camera, sender in (("a", first), ("b", other)):
                    sender.sendall(self.part())
                    server.wait_for_camera(camera, lambda camera: camera["frames"]["published"] == 1, 5, "a frame")
                self.assertEqual(post(server, "/camera/a/frame", self.jpeg)[0], 204)
                self.assertEqual(post(server, "/camera/b/frame", self.jpeg)[0], 409)
                first.sendall(self.part())
                self.assertIn(b" 409 ", first.recv(1000))
            wait_until(lambda: post(server, "/camera/b/frame", self.jpeg)[0] == 204, 5, "the place to be free")

    def test_trickling_bodies_end_and_hold_nobody_up(self):
        with Server({"server": {"max_streams": 1}, "cameras": [push_camera("a"), push_camera("b")]}) as server:
            def trickle(path):
                with raw_post(server, path, "Content-Length: 100000") as sender:
                    sender.settimeout(0.2)
                    for _ in range(100):
                        try:
                            if answer := sender.recv(1000):
                                return answer
                        except TimeoutError:
                            sender.sendall(b"-")
                return b""
            with concurrent.futures.ThreadPoolExecutor() as pool:
                answers = [pool.submit(trickle, path) for path in ("/camera/a/frame", "/camera/b/ingest")]
                self.assertEqual(server.get("/healthz").status, 200)
                self.assertEqual([answer.result()[9:12] for answer in answers], [b"408"] * 2)

    def test_server_ends_while_senders_hang(self):
        with Server({"cameras": [push_camera("a"), push_camera("b")]}) as server:
            with raw_post(server, "/camera/a/frame", "Content-Length: 1000"), \
                    raw_post(server, "/camera/b/ingest", "Content-Length: 1000"):
                server.get("/healthz")
                self.assertLess(server.signal(), 2 * TIME_SCALE)


if __name__ == "__main__":
    main()
