"""What watching for motion costs a server, and its viewers.

The same cameras and clients without motion and with it take turns, and the medians are shown: what viewers notice (the
latency of frames, to their last byte) with a camera that sends JPEG and with one that is encoded here, and the cores that
64 cameras of 1280x720 at 5 frames a second take, which are all open without viewers.
"""
import argparse
import json
import pathlib
import statistics
import tempfile
import time

import bench
from fanout import Fanout, median

FPS = 30
CAMERAS, CAMERAS_FPS, SETTLE_S = 64, 5, 3


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench motion_load", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures of every run")
    parser.add_argument("--clients", type=int, default=100, help="of one camera (%(default)s)")
    parser.add_argument("--seconds", type=float, default=8, help="measured in each run (%(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each kind (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


class Load(Fanout):
    """The same load on servers of other configurations."""

    def start(self, cameras, clients=1):
        config = self.folder / "config.json"
        config.write_text(json.dumps({"server": {"listen": "127.0.0.1:0", "max_streams": clients}, "cameras": cameras}))
        return bench.Program(self.build / "framebroker", "--config", config)

    def sources(self):
        return {"JPEG": {"type": "emulated", "files": [str(path) for path in self.pictures], "fps": FPS},
                "encoded": {"type": "pattern", "width": 1280, "height": 720, "fps": FPS}}

    def compare_viewers(self, source, clients):
        runs = {"without": [], "with": []}
        for _ in range(self.repeat):
            for kind in runs:
                camera = {"source": source, **({"motion": {}} if kind == "with" else {})}
                with self.start([camera], clients) as program:
                    runs[kind].append(self.load(program, clients))
        return runs

    def cores(self, motion):
        """The cores that 64 cameras take, once every detector knows its picture."""
        source = {"type": "emulated", "files": [str(path) for path in self.pictures], "fps": CAMERAS_FPS}
        camera = {"source": source, "on_demand": False, **({"motion": {}} if motion else {})}
        with self.start([camera] * CAMERAS) as program:
            time.sleep(SETTLE_S)  # learning is what is done at the start, and is not measured
            before, began = program.cpu_s(), time.monotonic()
            time.sleep(self.seconds)
            return (program.cpu_s() - before) / (time.monotonic() - began)


def print_viewers(name, runs):
    p99 = {kind: median(runs[kind], "fast", "p99_ms") for kind in runs}
    p50 = {kind: median(runs[kind], "fast", "p50_ms") for kind in runs}
    cpu = {kind: median(runs[kind], "cpu_s_per_gb") for kind in runs}
    print(f"{name:8} | {p50['without']:5.2f} / {p99['without']:5.2f} | {p50['with']:5.2f} / {p99['with']:5.2f} | "
          f"{p99['with'] / p99['without']:5.2f} | {cpu['without']:6.3f} | {cpu['with']:6.3f}", flush=True)


def main():
    arguments = parse_arguments()
    machine = bench.machine()
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as folder:
        load = Load(arguments, pathlib.Path(folder))
        if not arguments.json:
            print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; 1280x720, {arguments.clients} "
                  f"clients of one camera at {FPS} fps; {arguments.repeat} x {arguments.seconds:g} s\n\n"
                  "         |  p50 / p99, ms, without and with  | ratio | CPU s a GB, without\n"
                  "camera   |       motion       |   motion     | p99   | and with", flush=True)
        results = {}
        for name, source in load.sources().items():
            results[name] = load.compare_viewers(source, arguments.clients)
            if not arguments.json:
                print_viewers(name, results[name])
        cores = {kind: [] for kind in ("without", "with")}
        for _ in range(arguments.repeat):
            for kind, taken in cores.items():
                taken.append(load.cores(kind == "with"))
        if arguments.json:
            print(json.dumps({"machine": machine, "viewers": results, "cores": cores}, indent=2))
        else:
            without, with_ = (statistics.median(cores[kind]) for kind in ("without", "with"))
            print(f"\n{CAMERAS} cameras at {CAMERAS_FPS} fps: {without:.2f} cores without motion, {with_:.2f} with it "
                  f"(target: 0.35 in all)")


if __name__ == "__main__":
    main()
