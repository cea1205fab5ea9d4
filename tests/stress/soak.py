"""The built program for minutes or days with cameras that fail, clients that come and go, and a reload every second.

What it uses is sampled each second, printed as a table, and drawn as a chart. It fails when memory, descriptors,
threads or latency are higher in the last third than in the second, when memory beside frames exceeds its bound, when an
answer is late or a frame is broken.
"""
import argparse
import asyncio
import json
import math
import os
import pathlib
import random
import re
import signal
import socket
import statistics
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import SANITIZED, TIME_SCALE, Server, emulated, pattern  # noqa: E402

DEMO = pathlib.Path(__file__).resolve().parents[2] / "config/demo"
RATE = 5
FAULTS = ("freeze", "vanish", "truncated", "fail_open", "slow_open")
FAULTS_MAX = 100  # of a camera, as the configuration bounds them
ROUTES = ("/camera/{0}/video_feed", "/camera/{0}/video_feed?width=80", "/camera/{0}/video_feed?fps=1",
          "/feed?cameras={0},{1}", "/camera/{0}/snapshot", "/camera/{0}/snapshot?max_age_ms=500",
          "/api/status?brief=1", "/")
REPORT_OF_SANITIZER = re.compile(r"Sanitizer|runtime error:")
HEADERS = re.compile(rb"Content-Length: ([0-9]+)\r\nX-Timestamp: ([0-9.]+)\r\n")
TABLE_ROWS = 15

# What is sampled: its heading, and how much higher the last third may be than the second: a share and an amount. Frames
# are kept for the next ones, up to a bound (broker/frame/frame.c) that a short soak does not reach.
FIGURES = {
    "frames": ("frames, MB", 0, 64),
    "memory": ("memory beside them, MB", 0.05, math.inf if SANITIZED else 3),  # sanitizers keep what is freed
    "descriptors": ("descriptors", 0.1, 20),
    "threads": ("threads", 0, 2),
    "answer": ("answer p99, ms", 1.0, 100 * TIME_SCALE),
    "latency": ("frame p99, ms", 1.0, 200 * TIME_SCALE),
}
# Beside frames, with as many cameras and clients as run unless given.
CAMERAS, CLIENTS, MEMORY_MAX_MB = 50, 500, 60


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/soak MINUTES", description=__doc__)
    parser.add_argument("--minutes", type=float, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--cameras", type=int, default=CAMERAS, help="%(default)s unless given")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="%(default)s unless given")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all that is left to chance")
    parser.add_argument("--chart", type=pathlib.Path, help="where to draw")
    return parser.parse_args()


# ---- The configuration, a little different each time ----

def camera(number, seconds, dice):
    interval = max(20, -(-int(seconds) // FAULTS_MAX))
    faults = [{"kind": dice.choice(FAULTS), "at_s": at, "for_s": dice.uniform(0.5, 3)}
              for at in range(3, int(seconds), interval)] if number % 3 == 0 else None
    options = {"on_demand": number % 2 == 0, "stale_after_ms": 1000 * TIME_SCALE, "idle_timeout_s": 1}
    if number % 10 == 9:
        return emulated(f"c{number}", sorted(DEMO.glob("*.jpg")), RATE, **options)
    return pattern(f"c{number}", 320, 180, RATE, faults, **options)


def configuration(cameras, clients, turn):
    """One camera has another name each time, one comes and goes, and the places change."""
    changed = [dict(camera) for camera in cameras[turn % 2:]]
    changed[turn % len(changed)]["name"] = f"Number {turn}"
    return {"server": {"max_streams": clients}, "cameras": changed[turn % 3:] + changed[:turn % 3]}


# ---- Clients ----

class Load:
    def __init__(self, port, cameras, clients, seed):
        self.port, self.cameras, self.clients = port, cameras, clients
        self.dice = random.Random(seed)
        self.latencies, self.broken, self.frames = [], 0, 0
        self.over = False

    async def run(self):
        await asyncio.gather(*(self.client() for _ in range(self.clients)))

    async def client(self):
        await asyncio.sleep(self.dice.uniform(0, 2))  # they come one by one
        while not self.over:
            names = [camera["id"] for camera in self.dice.sample(self.cameras, 2)]
            try:
                await self.visit(self.dice.choice(ROUTES).format(*names), self.dice.uniform(0.5, 15))
            except (ConnectionError, asyncio.IncompleteReadError):
                pass  # the camera is gone, or the server sent us away
            await asyncio.sleep(self.dice.uniform(0, 0.5))  # how long people stay away

    async def visit(self, path, seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            await asyncio.wait_for(self.read(reader), seconds)
        except asyncio.TimeoutError:
            if self.dice.random() < 0.3:
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # some leave without a word
        finally:
            writer.close()

    async def read(self, reader):
        head = await reader.readuntil(b"\r\n\r\n")
        if b"multipart/x-mixed-replace" not in head:
            await reader.read()
            return
        while not self.over:
            headers = HEADERS.search(await reader.readuntil(b"\r\n\r\n"))
            picture = await reader.readexactly(int(headers[1]))
            self.frames += 1
            self.latencies.append(time.time() - float(headers[2]))
            self.broken += picture[:2] != b"\xff\xd8" or picture[-2:] != b"\xff\xd9"


# ---- Sampling ----

def percentile(values, share):
    return sorted(values)[min(len(values) - 1, math.ceil(len(values) * share))] if values else 0


async def ask(server, path):
    """The body of the answer, and how many ms it took. The request follows the connection at once, which the loop of a
    busy program may not do: while workers run short, a client that is silent for 100 ms is sent away without one."""
    began = time.monotonic()
    answer = await asyncio.to_thread(server.raw, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert b" 200 " in answer[:16], answer[:100]
    return answer.partition(b"\r\n\r\n")[2], (time.monotonic() - began) * 1000


async def sample(server, load):
    answers = [await ask(server, "/healthz") for _ in range(3)]
    status, _ = await ask(server, "/api/status?brief=1")
    frames = json.loads(status)["memory"]["bytes"] / (1 << 20)
    # A placeholder, or the newest frame at the start of a visit, is as old as it is: the median of frames is live.
    latencies, load.latencies = load.latencies, []
    live = [latency * 1000 for latency in latencies if latency < 1 / RATE]
    return {"frames": frames, "memory": server.memory_kb() / 1024 - frames, "descriptors": server.descriptors(),
            "threads": server.threads(), "answer": max(ms for _, ms in answers), "latency": percentile(live, 0.99)}


async def soak(server, cameras, arguments):
    load = Load(server.port, cameras, arguments.clients, arguments.seed)
    clients = asyncio.create_task(load.run())
    samples, began, turn = [], time.monotonic(), 0
    try:
        while (passed := time.monotonic() - began) < arguments.minutes * 60:
            assert server.process.poll() is None, f"the server has ended with {server.process.returncode}"
            if not clients.done():
                turn += 1
                server.configure(configuration(cameras, arguments.clients, turn))
                os.kill(server.pid, signal.SIGHUP)
                samples.append({"at": passed, **await sample(server, load)})
            else:
                clients.result()
            await asyncio.sleep(max(0, 1 - (time.monotonic() - began - passed)))  # a sample a second
    finally:
        load.over = True  # wait_for() may lose a cancellation to what it waits for, and its client visits again
        clients.cancel()
        await asyncio.gather(clients, return_exceptions=True)
    return load, samples, turn


# ---- What became of it ----

def rows_of(samples):
    """So many rows, each the median of its part of the time."""
    size = max(1, math.ceil(len(samples) / TABLE_ROWS))
    for begin in range(0, len(samples), size):
        part = samples[begin:begin + size]
        yield {"at": part[0]["at"],
               **{name: statistics.median(one[name] for one in part) for name in FIGURES}}


def print_table(samples):
    print("| min | " + " | ".join(heading for heading, _, _ in FIGURES.values()) + " |")
    print("| --- " * (len(FIGURES) + 1) + "|")
    for row in rows_of(samples):
        print(f"| {row['at'] / 60:.1f} | " + " | ".join(f"{row[name]:.1f}" for name in FIGURES) + " |")


def growths(samples):
    """What is higher in the last third than in the second, in words."""
    third = len(samples) // 3
    for name, (heading, share, amount) in FIGURES.items():
        before = statistics.median(one[name] for one in samples[third:2 * third])
        after = statistics.median(one[name] for one in samples[2 * third:])
        if after > before * (1 + share) + amount:
            yield f"{heading} grew from {before:.1f} to {after:.1f}"


def panel(samples, name, top):
    heading = FIGURES[name][0]
    width, height, left = 860, 90, 70
    values = [one[name] for one in samples]
    most, end = max(values) * 1.1 or 1, max(samples[-1]["at"], 1)
    points = " ".join(f"{left + one['at'] / end * width:.1f},{top + height - one[name] / most * height:.1f}"
                      for one in samples)
    return (f'<text x="{left}" y="{top - 8}" class="heading">{heading}</text>'
            f'<path d="M{left} {top}V{top + height}H{left + width}" class="axis"/>'
            f'<text x="{left - 6}" y="{top + 10}" class="scale">{most:.0f}</text>'
            f'<text x="{left - 6}" y="{top + height}" class="scale">0</text>'
            f'<polyline points="{points}"/>')


def draw(samples, path):
    panels = "".join(panel(samples, name, 50 + 130 * number) for number, name in enumerate(FIGURES))
    bottom = 50 + 130 * len(FIGURES)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {bottom}" font-family="sans-serif" font-size="12">'
        '<style>svg{background:#fff}.axis{fill:none;stroke:#888}.heading{font-weight:bold}.scale{text-anchor:end;'
        'fill:#555}polyline{fill:none;stroke:#06c;stroke-width:1.5}</style>'
        f'{panels}<text x="930" y="{bottom - 14}" class="scale">{samples[-1]["at"] / 60:.1f} min</text></svg>\n')


def main():
    arguments = parse_arguments()
    print(f"{arguments.minutes:g} min, {arguments.cameras} cameras, {arguments.clients} clients, seed {arguments.seed}",
          flush=True)
    dice = random.Random(arguments.seed)
    cameras = [camera(number, arguments.minutes * 60, dice) for number in range(arguments.cameras)]
    with Server(configuration(cameras, arguments.clients, 0)) as server:
        load, samples, turns = asyncio.run(soak(server, cameras, arguments))
        reloads = server.status()["reloads"]
    print_table(samples)
    if arguments.chart:
        draw(samples, arguments.chart)
        print(f"drawn in {arguments.chart}")
    print(f"{load.frames} frames, {turns} reloads asked for, {reloads['count']} done")
    problems = list(growths(samples))
    memory_mb = max(one["memory"] for one in samples)
    if (arguments.cameras, arguments.clients, SANITIZED) == (CAMERAS, CLIENTS, False) and memory_mb > MEMORY_MAX_MB:
        problems.append(f"memory beside frames reached {memory_mb:.1f} MB, which is more than {MEMORY_MAX_MB}")
    if load.broken:
        problems.append(f"{load.broken} frames were broken")
    if reloads["failed"] or reloads["count"] < turns / 2 / TIME_SCALE:
        problems.append(f"reloads: {reloads}")
    if REPORT_OF_SANITIZER.search(server.log()):
        problems.append("a sanitizer has reported")
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
