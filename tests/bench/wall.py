"""A wall of 64 cameras in one browser: how often each tile is painted, what the server weighs, and what one feed of 64
cameras costs the server beside 64 single feeds of the same width.

The wall plays in Chromium on the same machine. For the comparison nobody paints: a client only reads. What a picture
costs to make depends on how the cameras happen to coincide, so one feed and 64 feeds take turns at one server whose
cameras run through, each of them first every other time; the medians of the server's CPU are shown.
"""
import argparse
import json
import pathlib
import selectors
import socket
import statistics
import subprocess
import tempfile
import time

import bench

CAMERAS = 64
FPS = 10
WIDTH = 320
PICTURE_BYTES = 40_000
WARM_UP_S = 2
MEASURE_WALL = pathlib.Path(__file__).parent.parent / "browser/measure_wall.mjs"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench wall", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures of every run")
    parser.add_argument("--seconds", type=float, default=8, help="measured in each run (%(default)s)")
    parser.add_argument("--repeat", type=int, default=6, help="runs of one feed and of 64 (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


class Wall:
    def __init__(self, arguments, folder):
        self.build = arguments.build
        self.seconds = arguments.seconds
        self.config = folder / "config.json"
        pictures = [str(path) for path in bench.make_pictures(folder, target_bytes=PICTURE_BYTES)]
        source = {"type": "emulated", "files": pictures, "fps": FPS}
        self.config.write_text(json.dumps({
            "server": {"listen": "127.0.0.1:0"},
            "defaults": {"on_demand": False},
            "cameras": [{"id": f"camera-{number}", "source": source} for number in range(1, CAMERAS + 1)],
        }))

    def server(self):
        return bench.Program(self.build / "framebroker", "--config", self.config)

    def in_browser(self):
        """What the page reports, and the server's CPU and memory meanwhile."""
        with self.server() as program:
            command = ["node", MEASURE_WALL, f"http://127.0.0.1:{program.port}", str(CAMERAS), str(self.seconds)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as page:
                if "begin\n" not in iter(page.stdout.readline, ""):  # the harness's test runner writes lines before
                    raise SystemExit("the wall could not be shown; is npm ci done in tests/browser?")
                before, busy_before = bench.cpu_s(program.pid), bench.machine_busy_s()
                run = json.loads(page.stdout.readline())
                run["server_cores"] = (bench.cpu_s(program.pid) - before) / run["seconds"]
                run["busy_cores"] = (bench.machine_busy_s() - busy_before) / run["seconds"]
                run["resident_mb"] = program.resident_bytes() / 1e6
            return run

    def compare(self, repeat):
        """Runs of one feed and of many, in turns."""
        one = [f"/feed?cameras=all&width={WIDTH}"]
        many = [f"/camera/{number}/video_feed?width={WIDTH}" for number in range(1, CAMERAS + 1)]
        runs = {"one": [], "many": []}
        with self.server() as program:
            for turn in range(repeat):
                for kind, paths in (("one", one), ("many", many))[::1 if turn % 2 == 0 else -1]:
                    runs[kind].append(self.read(program, paths))
        return runs

    def read(self, program, paths):
        """The server's CPU while a client reads these streams, in cores, and how much it read, in MB/s. "sending" is
        that of the senders, "beside" is without the workers, which make the small pictures, once however many read
        them."""
        with selectors.DefaultSelector() as selector:
            for path in paths:
                client = socket.create_connection(("127.0.0.1", program.port))
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                selector.register(client, selectors.EVENT_READ)
            drain(selector, WARM_UP_S)
            before, began = cpu_of(program.pid), time.monotonic()
            count = drain(selector, self.seconds)
            after, elapsed = cpu_of(program.pid), time.monotonic() - began
            for key in list(selector.get_map().values()):
                key.fileobj.close()
        cores, workers, senders = ((end - start) / elapsed for start, end in zip(before, after))
        return {"cores": cores, "beside_cores": cores - workers, "sending_cores": senders,
                "mb_per_s": count / elapsed / 1e6}


def cpu_of(pid):
    return bench.cpu_s(pid), bench.cpu_s(pid, "worker"), bench.cpu_s(pid, "sender")


def drain(selector, seconds):
    """Reads whatever comes, for so long; returns how many bytes that were."""
    deadline, count = time.monotonic() + seconds, 0
    while (left := deadline - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            count += len(key.fileobj.recv(1 << 18))
    return count


def print_results(machine, wall, runs):
    print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; {CAMERAS} cameras of 1280x720 at "
          f"{FPS} fps\n")
    print(f"in Chromium, tiles of {wall['width']} px:")
    print(f"  painted: worst tile {min(wall['fps']):.2f} fps, median {statistics.median(wall['fps']):.2f} fps")
    print(f"  server: {wall['server_cores']:.2f} cores, {wall['resident_mb']:.0f} MB; "
          f"busy, with the browser: {wall['busy_cores']:.2f} of {machine['cores']} cores\n")
    print("read only:")
    for name, kind in ("one feed", "one"), (f"{CAMERAS} feeds", "many"):
        cores, beside, sending, rate = (statistics.median(run[figure] for run in runs[kind])
                                        for figure in ("cores", "beside_cores", "sending_cores", "mb_per_s"))
        print(f"  {name:9} {cores:.3f} cores, {beside:.3f} of them beside the workers, {sending:.3f} for sending; "
              f"{rate:.1f} MB/s")


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as folder:
        bench_wall = Wall(arguments, pathlib.Path(folder))
        wall = bench_wall.in_browser()
        runs = bench_wall.compare(arguments.repeat)
    if arguments.json:
        print(json.dumps({"machine": bench.machine(), "wall": wall, "runs": runs}, indent=2))
    else:
        print_results(bench.machine(), wall, runs)


if __name__ == "__main__":
    main()
