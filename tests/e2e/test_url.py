#!/usr/bin/env python3
"""Cameras on the network, played by programs that are not ours, GStreamer's RTSP server and ffmpeg, and by another
broker."""
import concurrent.futures
import contextlib
import functools
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from harness import (
    PROGRAM, SOURCE_DIR, TIME_SCALE, Server, decode_fault, main, pattern, require_url_cameras, size_of, wait_until)

FOLDER = pathlib.Path(__file__).parent
PYTHON = "/usr/bin/python3"  # Debian's, which knows GStreamer
TEST_PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-pix_fmt", "yuv420p"]


def url(id, url, on_demand=True, **source):
    return {"id": id, "on_demand": on_demand, "source": {"type": "url", "url": str(url), **source}}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(*command, **options):
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL, text=True, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def ffmpeg(*arguments):
    return running("ffmpeg", "-nostdin", "-v", "quiet", "-y", *arguments)


def make(path, *arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *TEST_PICTURE, *arguments, path], check=True)
    return path


def copy_rotated(source, clip):
    """A copy that is to be shown rotated by 90 degrees: FFmpeg's own option for it, and what versions before 6.0 read."""
    for of_input, of_output in ((["-display_rotation", "-90"], []), ([], ["-metadata:s:v:0", "rotate=90"])):
        command = ["ffmpeg", "-v", "quiet", "-y", *of_input, "-i", source, "-c", "copy", *of_output, clip]
        if subprocess.run(command).returncode == 0:
            return
    raise AssertionError("ffmpeg rotates nothing")


class Gate:
    """Stands between a client and a server of this machine; while it is shut, nothing of what the server says comes
    through."""

    def __init__(self, port):
        self.target, self.open = port, threading.Event()
        self.connections, self.refusals = [], 0
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                if self.refusals:
                    self.refusals -= 1
                    with near:
                        near.recv(4096)
                        near.sendall(b"RTSP/1.0 453 Not Enough Bandwidth\r\nCSeq: 1\r\n\r\n")
                    continue
                self.connections.append(near)
                far = socket.create_connection(("127.0.0.1", self.target))
                for source, sink, gate in ((near, far, None), (far, near, self.open)):
                    threading.Thread(target=self._carry, args=(source, sink, gate), daemon=True).start()

    @staticmethod
    def _carry(source, sink, gate):
        with contextlib.suppress(OSError), source, sink:
            while data := source.recv(1 << 16):
                if gate:
                    gate.wait()
                sink.sendall(data)

    def lose(self, refusals):
        """Ends the connection, and refuses so many new ones."""
        self.refusals = refusals
        self.connections.pop().shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open.set()
        self.listener.close()


class Plays(unittest.TestCase):
    def assert_plays(self, camera, fps=30, frames=45, format=None, seconds=20):
        """Watches a camera; returns the parts."""
        with Server({"cameras": [camera]}) as server, server.stream(f"/camera/{camera['id']}/video_feed") as stream:
            first = stream.frame_where(lambda part: part.state == "live", seconds, "live frames")
            self.assertEqual(decode_fault(first.body), "")
            stream.frame_where(lambda part: part.state == "live", 5, "the next one")
            parts = [stream.frame() for _ in range(frames)]
            self.assertEqual({part.state for part in parts}, {"live"})
            rate = (frames - 1) / (parts[-1].timestamp - parts[0].timestamp)
            self.assertLess(rate, 1.5 * fps)
            self.assertGreater(rate, fps / (4 * TIME_SCALE))  # a busy machine decodes slowly, and drops
            status = server.camera(camera["id"])
            self.assertEqual((status["width"], status["height"]), (640, 360))
            if format:
                self.assertEqual(status["format"], format)
            return parts


class Rtsp(Plays):
    @classmethod
    def setUpClass(cls):
        probe = subprocess.run([PYTHON, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"],
                               stderr=subprocess.DEVNULL)
        if probe.returncode != 0:
            raise unittest.SkipTest("GStreamer's RTSP server is not installed (gir1.2-gst-rtsp-server-1.0)")
        cls.stack = contextlib.ExitStack()
        server = cls.stack.enter_context(running(PYTHON, FOLDER / "rtsp_server.py", stdout=subprocess.PIPE))
        cls.port, cls.guarded_port = map(int, server.stdout.readline().split())

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def test_h264_over_tcp(self):
        self.assert_plays(url("a", f"rtsp://127.0.0.1:{self.port}/h264"), format="h264")

    def test_h264_over_udp(self):
        self.assert_plays(url("a", f"rtsp://127.0.0.1:{self.port}/h264", transport="udp"), format="h264")

    def test_jpeg_passes_through(self):
        self.assert_plays(url("a", f"rtsp://127.0.0.1:{self.port}/jpeg"), format="MJPEG")

    def test_probe_reports_codec_key_frames_and_login(self):
        address = f"rtsp://viewer:p%40ss%2Fw0rd@127.0.0.1:{self.guarded_port}/h264"
        result = subprocess.run([PROGRAM, "--probe", address, "--json"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result)
        report = json.loads(result.stdout)
        self.assertEqual((report["codec"], report["width"], report["height"]), ("h264", 640, 360))
        self.assertTrue(0.5 < report["key_frame_distance_s"] < 2, report)
        self.assertEqual((report["answer"], report["login"]), ("RTSP, media over TCP", "Digest"))
        self.assertEqual(report["source"], {"type": "url", "url": f"rtsp://127.0.0.1:{self.guarded_port}/h264",
                                            "username": "${CAM_USER}", "password": "${CAM_PASSWORD}"})

    def test_camera_that_still_counts_the_lost_client_changes_no_state(self):
        with Gate(self.port) as gate, \
                Server({"cameras": [{**url("a", f"rtsp://127.0.0.1:{gate.port}/h264", False),
                                     "stale_after_ms": 3000 * TIME_SCALE}]}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "live", 20, "live frames")
            gate.lose(refusals=2)
            while len(gate.connections) < 1:
                self.assertEqual(stream.part().state, "live")
            self.assertEqual(stream.frame().state, "live")
            self.assertNotIn("offline", server.log())

    def test_key_frames_alone(self):
        self.assert_plays(url("a", f"rtsp://127.0.0.1:{self.port}/h264", frames="keyframes"), fps=1, frames=4)

    def test_digest_login_in_keys_and_in_the_url(self):
        self.assert_plays(url("a", f"rtsp://127.0.0.1:{self.guarded_port}/h264", username="viewer",
                              password="p@ss/w0rd"))
        self.assert_plays(url("a", f"rtsp://viewer:p%40ss%2Fw0rd@127.0.0.1:{self.guarded_port}/h264"))

    def test_failures_are_explained_without_secrets(self):
        cameras = [url("login", f"rtsp://viewer:geheim@127.0.0.1:{self.guarded_port}/h264?token=geheim", False),
                   url("path", f"rtsp://127.0.0.1:{self.port}/nowhere", False),
                   url("sound", f"rtsp://127.0.0.1:{self.port}/audio", False)]
        with Server({"cameras": cameras}, "--verbose") as server:
            for id, words in (("login", "401 from the camera: check username and password"),
                              ("path", "404 from the camera"), ("sound", "the stream has no video")):
                self.assertIn(words, server.wait_for_state(id, "offline", 15)["error"])
            self.assertNotIn("geheim", server.log() + server.get("/api/status").text)

    def test_capture_times_come_from_the_camera_and_a_stall_leaves_no_delay(self):
        with Gate(self.port) as gate, \
                Server({"cameras": [url("a", f"rtsp://127.0.0.1:{gate.port}/h264", False)]}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            def age(part):
                return part.received_at - part.timestamp

            def is_even(part):
                """As the RTP times are from the camera's first report on; arrivals are not."""
                nonlocal before
                step, before = (part.timestamp - before) * 30, part.timestamp
                return abs(step - round(step)) < 0.003
            before = 0
            for _ in range(10):
                stream.frame_where(is_even, 20, "capture times of the camera's clock")
            gate.open.clear()
            stream.frame_where(lambda part: part.state == "stale", 10, "the stall")
            gate.open.set()
            stream.frame_where(lambda part: part.state == "live" and age(part) < 0.5 * TIME_SCALE, 10, "fresh frames")
            for _ in range(60):
                self.assertLess(age(stream.frame()), 1 * TIME_SCALE)
            self.assertEqual(server.camera("a")["restarts"], 0)

    def test_unwatched_cameras_have_no_connection(self):
        cameras = [url(f"c{i}", f"rtsp://127.0.0.1:{self.port}/h264") for i in range(16)]
        with Server({"defaults": {"idle_timeout_s": 0.5}, "cameras": cameras}) as server:
            before = server.descriptors()
            with server.stream("/camera/c0/video_feed") as stream:
                stream.frame_where(lambda part: part.state == "live", 20, "live frames")
            server.wait_for_state("c0", "idle")
            server.await_descriptors(before)


class Http(Plays):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.port = free_port()

    def listening(self, *arguments):
        """ffmpeg as a server for one client."""
        self.enterContext(ffmpeg("-re", *TEST_PICTURE, *arguments))

    def serve_folder(self):
        handler = functools.partial(QuietHandler, directory=self.folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def test_multipart_of_ffmpeg(self):
        self.listening("-c:v", "mjpeg", "-f", "mpjpeg", "-content_type", "multipart/x-mixed-replace;boundary=ffmpeg",
                       "-listen", "1", f"http://127.0.0.1:{self.port}/")
        self.assert_plays(url("a", f"http://127.0.0.1:{self.port}/"), format="MJPEG")

    def test_multipart_that_is_not_declared(self):
        self.listening("-c:v", "mjpeg", "-f", "mpjpeg", "-listen", "1", f"http://127.0.0.1:{self.port}/")
        self.assert_plays(url("a", f"http://127.0.0.1:{self.port}/"), format="MJPEG")

    def test_rtmp(self):
        self.listening(*H264, "-f", "flv", "-listen", "1", f"rtmp://127.0.0.1:{self.port}/live/a")
        self.assert_plays(url("a", f"rtmp://127.0.0.1:{self.port}/live/a"), format="h264")

    def test_hls_plays_at_its_own_rate(self):
        self.listening(*H264, "-f", "hls", "-hls_time", "1", self.folder / "a.m3u8")
        self.serve_folder()
        wait_until((self.folder / "a.m3u8").exists, 10, "the playlist")
        self.assert_plays(url("a", f"http://127.0.0.1:{self.port}/a.m3u8"), frames=90, format="h264")

    def test_playlist_leads_to_no_file_of_this_machine(self):
        clip = make(self.folder / "clip.ts", *H264, "-t", "2")
        (self.folder / "a.m3u8").write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{clip}\n#EXT-X-ENDLIST\n")
        self.serve_folder()
        with Server({"cameras": [url("a", f"http://127.0.0.1:{self.port}/a.m3u8", False)]}) as server:
            server.wait_for_state("a", "offline", 15)
            self.assertEqual(server.camera("a")["frames"]["published"], 0)

    def test_files_play_at_their_own_rate_over_and_over(self):
        self.assert_plays(url("a", make(self.folder / "a.mp4", *H264, "-t", "1"), loop=True), frames=90, format="h264")
        self.assert_plays(url("a", make(self.folder / "a.avi", "-c:v", "mjpeg", "-t", "1"), loop=True), frames=90)
        with Server({"cameras": [url("a", self.folder / "a.avi", False)]}) as server:
            self.assertIn("the file has ended", server.wait_for_state("a", "offline", 10)["error"])

    def test_files_with_one_key_frame_play_in_their_first_round(self):
        clip = make(self.folder / "a.mp4", "-c:v", "libx264", "-g", "1000", "-pix_fmt", "yuv420p", "-t", "1")
        with Server({"cameras": [url("a", clip, False)]}) as server:
            ended = server.wait_for_state("a", "offline", 10)
            self.assertIn("the file has ended", ended["error"])
            self.assertGreater(ended["frames"]["published"], 15)  # of 30: a busy machine encodes fewer
        self.assert_plays(url("a", clip, loop=True), frames=90, format="h264")

    def test_files_of_other_codecs_play(self):
        encoders = subprocess.run(["ffmpeg", "-v", "quiet", "-encoders"], text=True, stdout=subprocess.PIPE).stdout
        for encoder, format in (("libx265", "hevc"), ("mpeg4", "mpeg4"), ("libvpx-vp9", "vp9")):
            with self.subTest(encoder):
                if f" {encoder} " not in encoders:
                    self.skipTest(f"this ffmpeg has no encoder {encoder}")
                clip = make(self.folder / "a.mkv", "-c:v", encoder, "-t", "1")
                self.assert_plays(url("a", clip, loop=True), frames=20, format=format)

    def test_formats_that_the_encoder_does_not_take_are_converted(self):
        for pixels in ("yuv444p", "yuv422p", "yuv420p10le"):
            clip = make(self.folder / "a.mkv", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", pixels, "-t", "1")
            self.assert_plays(url("a", clip, loop=True), frames=20)

    def test_pictures_are_scaled_if_asked(self):
        clip = make(self.folder / "a.mp4", *H264, "-t", "1")
        with Server({"cameras": [url("a", clip, False, loop=True, width=320)]}) as server:
            server.wait_for_camera("a", lambda camera: (camera["width"], camera["height"]) == (320, 180), 10, "a size")

    def test_video_keeps_its_shape_turn_and_colours(self):
        """A snapshot has the size and the colours, in its four quarters, of ffmpeg's own conversion to RGB."""
        def to_rgb(source, *arguments, **options):
            return subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-frames:v", "1", *arguments, "-pix_fmt",
                                   "rgb24", "-f", "rawvideo", "-"], check=True, stdout=subprocess.PIPE, **options).stdout
        width, height = 64, 48
        picture = f"color=0xC02828:size={width}x{height}:rate=10,format=rgb24"
        for place, colour in (("x=32", "0x28C828"), ("y=24", "0x2828C8"), ("x=32:y=24", "0xC8C828")):
            picture += f",drawbox={place}:w=32:h=24:color={colour}:t=fill"
        h264 = ["-t", "2", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "4"]
        clips = {name: self.folder / f"{name}.mp4" for name in ("wide", "bt709", "turned")}
        for name in ("wide.mkv", "wide.mov", "wide.avi", "turned.mov", "plain.mkv"):
            clips[f"jpeg-{name.replace('.', '-')}"] = self.folder / f"jpeg-{name}"
        for name, space, more in (("wide", "smpte170m", ",setsar=2"), ("bt709", "bt709", "")):
            subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                            f"{picture},scale=out_color_matrix={space}:out_range=tv,format=yuv420p{more}", *h264,
                            "-colorspace", space, "-color_range", "tv", clips[name]], check=True)
        copy_rotated(clips["bt709"], clips["turned"])
        for name, clip in clips.items():
            if name.startswith("jpeg-"):
                shape = ["-aspect", "8:3"] if "wide" in name else []
                subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"{picture},format=yuvj420p", *shape, "-t",
                                "2", "-c:v", "mjpeg", "-q:v", "2", self.folder / f"made-{clip.name}"], check=True)
                copy = copy_rotated if "turned" in name else shutil.copy
                copy(self.folder / f"made-{clip.name}", clip)
        shapes = {"wide": (2 * width, height), "bt709": (width, height), "turned": (height, width),
                  "plain": (width, height)}
        sizes = {name: shapes[name.split("-")[1 if name.startswith("jpeg-") else 0]] for name in clips}
        cameras = [url(name, clip, False, loop=True, quality=95) for name, clip in clips.items()]
        cameras.append(url("jpeg-asked", clips["jpeg-wide-mkv"], False, loop=True, width=width))
        with Server({"cameras": cameras}) as server:
            packets = subprocess.run(["ffmpeg", "-v", "error", "-i", clips["jpeg-plain-mkv"], "-c", "copy", "-f",
                                      "mpjpeg", "-"], check=True, stdout=subprocess.PIPE).stdout
            server.wait_for_state("jpeg-plain-mkv", "live")
            self.assertIn(server.get("/camera/jpeg-plain-mkv/snapshot").body, packets, "they pass through")
            server.wait_for_state("jpeg-asked", "live")
            self.assertEqual(size_of(server.get("/camera/jpeg-asked/snapshot").body), (width, height))
            for name, size in sizes.items():
                with self.subTest(name):
                    server.wait_for_state(name, "live")
                    self.assertIn(server.camera(name)["format"], ("h264", "MJPEG"))
                    server.wait_for_state(name, "live")
                    jpeg = server.get(f"/camera/{name}/snapshot").body
                    self.assertEqual(size_of(jpeg), size)
                    shown = to_rgb("pipe:0", input=jpeg)
                    expected = to_rgb(clips[name], "-vf", "scale=iw*sar:ih")
                    self.assertEqual(len(shown), len(expected))
                    for x, y in ((x, y) for x in (size[0] // 4, size[0] * 3 // 4)
                                 for y in (size[1] // 4, size[1] * 3 // 4)):
                        at = 3 * (y * size[0] + x)
                        for channel in range(at, at + 3):
                            self.assertAlmostEqual(shown[channel], expected[channel], delta=3, msg=(x, y))


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Relay(unittest.TestCase):
    def test_sequence_and_capture_time_go_through_a_tree(self):
        with Server({"cameras": [pattern("p", on_demand=False)]}) as root:
            root.wait_for_camera("p", lambda camera: camera["frames"]["published"] > 30, 10, "a head start")
            with Server({"cameras": [url("r", f"http://127.0.0.1:{root.port}/camera/p/video_feed")]}) as middle, \
                    Server({"cameras": [url("l", f"http://127.0.0.1:{middle.port}/camera/r/video_feed")]}) as leaf, \
                    root.stream("/camera/p/video_feed") as near, leaf.stream("/camera/l/video_feed") as far:
                far.frame_where(lambda part: part.state == "live", 10, "live frames")
                sent, last = {}, []

                def read_near():
                    while not last or max(sent) < last[0].sequence:
                        part = near.frame()
                        sent[part.sequence] = part
                with concurrent.futures.ThreadPoolExecutor() as pool:
                    reader = pool.submit(read_near)
                    arrived = [far.frame() for _ in range(40)]
                    last.append(arrived[-1])
                    reader.result()
                common = [part for part in arrived if part.sequence in sent]
                self.assertGreater(len(common), 10)  # a busy machine skips some, and not the same ones
                for part in common:
                    self.assertEqual(part.timestamp, sent[part.sequence].timestamp)
                    self.assertEqual(part.body, sent[part.sequence].body)

    def test_placeholders_are_not_relayed_as_pictures(self):
        faulty = pattern("p", faults=[{"kind": "vanish", "at_frame": 20, "for_s": 60}])
        with Server({"cameras": [faulty]}) as root, \
                Server({"cameras": [url("r", f"http://127.0.0.1:{root.port}/camera/p/video_feed", False)]}) as relay:
            camera = relay.wait_for_state("r", "offline", 10)
            self.assertIn("offline", camera["error"])
            self.assertLess(relay.camera("r")["frames"]["published"], 21)

    def test_motion_shows_a_camera_of_ours_and_we_show_its_stream(self):
        motion = shutil.which("motion", path=f"{os.environ['PATH']}:{SOURCE_DIR}/build/motion/usr/bin")
        if not motion:
            self.skipTest("motion is not there")
        port = free_port()
        with tempfile.TemporaryDirectory() as folder, Server({"cameras": [pattern("p", 640, 368)]}) as root:
            file = pathlib.Path(folder, "motion.conf")
            settings = {"netcam_url": f"http://127.0.0.1:{root.port}/camera/p/video_feed", "width": 640, "height": 368,
                        "framerate": 15, "stream_port": port, "stream_maxrate": 15,
                        "webcontrol_port": 0, "picture_output": "off", "movie_output": "off", "target_dir": folder}
            file.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
            with running(motion, "-n", "-c", file), \
                    Server({"cameras": [url("a", f"http://127.0.0.1:{port}/", False)]}) as server:
                server.wait_for_camera("a", lambda camera: camera["frames"]["published"] > 30, 30, "frames of motion")
                self.assertEqual(server.camera("a")["frames"]["invalid"], 0)

    def test_snapshots_are_polled(self):
        with Server({"cameras": [pattern("p")]}) as root, \
                Server({"cameras": [url("r", f"http://127.0.0.1:{root.port}/camera/p/snapshot", fps=10)]}) as relay, \
                relay.stream("/camera/r/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "live", 10, "live frames")
            parts = [stream.frame() for _ in range(21)]
            self.assertEqual({part.state for part in parts}, {"live"})
            self.assertLess(20 / (parts[-1].timestamp - parts[0].timestamp), 15)


class Check(unittest.TestCase):
    def check(self, address, **source):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"cameras": [url("a", address, **source)]}, file)
            file.flush()
            return subprocess.run([PROGRAM, "--check", "--config", file.name], text=True, capture_output=True)

    def test_addresses_that_lead_astray_are_faults_that_show_no_secret(self):
        for address in ("ftp://h/geheim", "file:///geheim", "rtsp://user:geheim/@host/a", "rtsp://", "rtsps://h/geheim"):
            result = self.check(address)
            self.assertEqual(result.returncode, 2, address)
            self.assertIn("cameras[0].source.url: ", result.stderr)
            self.assertNotIn("geheim", result.stdout + result.stderr)

    def test_login_may_come_from_the_environment(self):
        self.assertIn("CAM_PASSWORD is not set", self.check("rtsp://h/", password="${CAM_PASSWORD}").stderr)
        self.assertEqual(self.check("rtsp://h/", username="${HOME}", password="${PATH}").returncode, 0)


setUpModule = require_url_cameras

if __name__ == "__main__":
    main()
