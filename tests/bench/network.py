"""Cameras on the network: what relaying and decoding them costs, beside programs that do the same, in the same run.

CPU is that of the measured process alone, user and system.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

FPS = 30
RELAY_PAIRS = 5
PYTHON = "/usr/bin/python3"  # Debian's, which knows GStreamer
RTSP_SERVER = pathlib.Path(__file__).resolve().parents[1] / "e2e/rtsp_server.py"


def cpu_s(pid):
    """To the nanosecond, of the threads that are there."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def url_camera(url, **source):
    return {"source": {"type": "url", "url": url, **source}}


class Viewer(threading.Thread):
    """Takes frames for a while, after a second to settle; notes when each came, and what it cost whom it watches."""

    def __init__(self, port, path, seconds, cost=lambda: 0):
        super().__init__()
        self.stream = harness.Stream(port, path)
        self.seconds, self.cost, self.parts = seconds, cost, {}

    def take_for(self, seconds, parts):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            part = self.stream.part()
            parts.setdefault(part.sequence, (part.received_at, len(part.body)))

    def run(self):
        with self.stream:
            self.stream.part()
            self.take_for(1, {})
            before = self.cost()
            self.take_for(self.seconds, self.parts)
            self.cpu_s = self.cost() - before


class Network:
    def __init__(self, arguments, folder):
        self.build, self.seconds, self.folder = arguments.build, arguments.seconds, folder

    def broker(self, *cameras):
        with tempfile.NamedTemporaryFile("w", dir=self.folder, suffix=".json", delete=False) as config:
            json.dump({"server": {"listen": "127.0.0.1:0"}, "cameras": list(cameras)}, config)
        return bench.Program(self.build / "framebroker", "--config", config.name)

    def watch(self, program, path="/camera/1/video_feed"):
        """CPU milliseconds a frame of a program with one viewer, and what the viewer saw."""
        viewer = Viewer(program.port, path, self.seconds, lambda: cpu_s(program.pid))
        viewer.start()
        viewer.join()
        return viewer.cpu_s / len(viewer.parts) * 1000, viewer.parts

    def relay_once(self, root):
        """CPU milliseconds a frame of the floor and of a relay, and how long each frame took over the hop."""
        with bench.Program(self.build / "bench/network_floor", root.port, "/camera/1/video_feed") as floor:
            floor_ms, _ = self.watch(floor)
        with self.broker(url_camera(f"http://127.0.0.1:{root.port}/camera/1/video_feed")) as relay:
            near = Viewer(root.port, "/camera/1/video_feed", self.seconds + 1)
            near.start()
            relay_ms, far = self.watch(relay)
            near.join()
        return floor_ms, relay_ms, [(far[number][0] - near.parts[number][0]) * 1000
                                    for number in far if number in near.parts]

    def relay(self):
        """Medians of several pairs: a frame every 33 ms leaves the cores cold, and what that costs varies."""
        pictures = [str(path) for path in bench.make_pictures(self.folder)]
        with self.broker({"source": {"type": "emulated", "files": pictures, "fps": FPS}}) as root:
            pairs = [self.relay_once(root) for _ in range(RELAY_PAIRS)]
        hops = [hop for _, _, hops in pairs for hop in hops]
        return {"relay_cpu_ms": statistics.median(relay_ms for _, relay_ms, _ in pairs),
                "floor_cpu_ms": statistics.median(floor_ms for floor_ms, _, _ in pairs),
                "ratio": statistics.median(relay_ms / floor_ms for floor_ms, relay_ms, _ in pairs),
                "hop_ms_p50": statistics.median(hops), "hop_ms_p99": percentile(hops, 0.99), "frames": len(hops)}

    def ffmpeg(self, url, quality):
        """CPU milliseconds a frame, and bytes a frame, of ffmpeg doing the same."""
        command = ["ffmpeg", "-nostdin", "-v", "quiet", "-rtsp_transport", "tcp", "-threads", "1", "-i", url, "-an",
                   "-c:v", "mjpeg", "-threads", "1", "-q:v", str(quality), "-f", "mpjpeg", "-"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        with process:
            received, frames, began, before = 0, 0, None, 0
            while began is None or time.monotonic() - began < self.seconds:
                data = os.read(process.stdout.fileno(), 1 << 16)
                if began is None:
                    began, before = time.monotonic(), cpu_s(process.pid)
                received += len(data)
                frames += len(re.findall(rb"Content-length", data))
            used = cpu_s(process.pid) - before
            process.terminate()
        return used / frames * 1000, received / frames

    def decode(self):
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(subprocess.Popen(
                [PYTHON, RTSP_SERVER, "width=1280,height=720"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True))
            stack.callback(server.kill)
            url = f"rtsp://127.0.0.1:{int(server.stdout.readline().split()[0])}/h264"
            with self.broker(url_camera(url, quality=80)) as program:
                own_ms, parts = self.watch(program)
            own_bytes = statistics.mean(part[1] for part in parts.values())
            # The quality whose pictures are the nearest in size.
            quality = min((2, 3, 4, 5, 6), key=lambda q: abs(self.size_at(url, q) - own_bytes))
            ffmpeg_ms, ffmpeg_bytes = self.ffmpeg(url, quality)
            idle = self.idle(url)
        return {"own_cpu_ms": own_ms, "own_bytes": own_bytes, "ffmpeg_cpu_ms": ffmpeg_ms,
                "ffmpeg_bytes": ffmpeg_bytes, "ffmpeg_quality": quality, "ratio": own_ms / ffmpeg_ms, **idle}

    @staticmethod
    def size_at(url, quality):
        result = subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "quiet", "-rtsp_transport", "tcp", "-i", url, "-frames:v", "10", "-c:v",
             "mjpeg", "-q:v", str(quality), "-f", "mjpeg", "-"], stdout=subprocess.PIPE, check=True)
        return len(result.stdout) / 10

    def idle(self, url):
        with self.broker(*[url_camera(url) for _ in range(16)]) as program:
            time.sleep(1)
            before = cpu_s(program.pid)
            time.sleep(self.seconds)
            used = cpu_s(program.pid) - before
            port = re.search(r":(\d+)/", url)[1]
            sockets = subprocess.run(["ss", "-Htnp", f"dport = :{port}"], text=True, stdout=subprocess.PIPE).stdout
        return {"idle_cpu_s": used, "idle_connections": sockets.count(f"pid={program.pid},")}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench network", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures alone")
    parser.add_argument("--seconds", type=float, default=10, help="measured in each run (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        network = Network(arguments, pathlib.Path(folder))
        figures = {"machine": bench.machine(), "relay": network.relay(), "decode": network.decode()}
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    relay, decode = figures["relay"], figures["decode"]
    print("{cpu}, {cores} cores, Linux {kernel}".format(**figures["machine"]))
    print(f"| HTTP MJPEG 720p30 relayed, CPU a frame | {relay['relay_cpu_ms']:.3f} ms, "
          f"{relay['ratio']:.2f} of reading and sending once ({relay['floor_cpu_ms']:.3f} ms) |")
    print(f"| added latency of a relay hop, p50 / p99 | {relay['hop_ms_p50']:.2f} / {relay['hop_ms_p99']:.2f} ms |")
    print(f"| RTSP H.264 720p30 to MJPEG, CPU a frame | {decode['own_cpu_ms']:.2f} ms ({decode['own_bytes'] / 1000:.0f} KB),"
          f" {decode['ratio']:.2f} of ffmpeg's {decode['ffmpeg_cpu_ms']:.2f} ms "
          f"({decode['ffmpeg_bytes'] / 1000:.0f} KB) |")
    print(f"| 16 RTSP cameras that nobody watches | {decode['idle_cpu_s']:.2f} s of CPU in {arguments.seconds:.0f} s, "
          f"{decode['idle_connections']} connections |")


if __name__ == "__main__":
    main()
