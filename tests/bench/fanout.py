"""One camera to many clients: what a delivered gigabyte costs, how late frames are, and what a stream weighs.

The server and the floor (one thread, one send() of one ready buffer a client) take turns with the same pictures and the
same load, twice each or more, and the medians are shown: single runs differ by some 15 %.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import bench

FPS = 30
SLOW_RUN_CLIENTS = 100
SLOW_BYTES_PER_S = 100_000


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench fanout", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures of every run")
    parser.add_argument("--clients", default="1,100,500,1000", help="how many at a time (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10, help="measured in each run (%(default)s)")
    parser.add_argument("--repeat", type=int, default=2, help="runs of each kind (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.clients = [int(count) for count in arguments.clients.split(",")]
    return arguments


class Fanout:
    def __init__(self, arguments, folder):
        self.build = arguments.build
        self.seconds = arguments.seconds
        self.repeat = arguments.repeat
        self.folder = folder
        self.pictures = bench.make_pictures(folder)

    def server(self, clients):
        config = self.folder / "config.json"
        config.write_text(json.dumps({
            "server": {"listen": "127.0.0.1:0", "max_streams": clients},
            "cameras": [{"source": {"type": "emulated", "files": [str(path) for path in self.pictures], "fps": FPS}}],
        }))
        return bench.Program(self.build / "framebroker", "--config", config)

    def floor(self):
        return bench.Program(self.build / "bench/fanout_floor", FPS, *self.pictures)

    def load(self, program, clients, slow=0):
        """The figures of one run, as fanout_client.c prints them, and what follows from them."""
        resident_before = program.resident_bytes()
        busy_before, began = bench.machine_busy_s(), time.monotonic()
        answer = subprocess.run(
            [self.build / "bench/fanout_client", "-p", str(program.port), "-u", "/camera/1/video_feed",
             "-c", str(clients), "-s", str(slow), "-r", str(SLOW_BYTES_PER_S), "-t", str(self.seconds),
             "-P", str(program.pid)],
            check=True, stdout=subprocess.PIPE)
        run = json.loads(answer.stdout)
        if run["arrival"]["refused"] or run["arrival"]["without_frame"]:
            raise SystemExit(f"not every client has a stream: {run['arrival']}")
        gigabytes = (run["fast"]["bytes"] + run["slow"]["bytes"]) / 1e9
        run["cpu_s_per_gb"] = run["server_cpu_s"] / gigabytes
        run["cores_busy"] = (bench.machine_busy_s() - busy_before) / (time.monotonic() - began)
        run["kb_per_stream"] = (run["server_resident_end_bytes"] - resident_before) / clients / 1024
        run["grown_kb"] = (run["server_resident_end_bytes"] - run["server_resident_begin_bytes"]) / 1024
        return run

    def compare(self, clients):
        """Server and floor in turn."""
        runs = {"clients": clients, "server": [], "floor": []}
        for _ in range(self.repeat):
            with self.server(clients) as program:
                runs["server"].append(self.load(program, clients))
            with self.floor() as program:
                runs["floor"].append(self.load(program, clients))
        return runs

    def compare_slow(self, clients, slow):
        """The server without and with slow clients in turn."""
        runs = {"clients": clients, "slow": slow, "without": [], "with": []}
        for _ in range(self.repeat):
            for kind, slow_now in ("without", 0), ("with", slow):
                with self.server(clients) as program:
                    runs[kind].append(self.load(program, clients, slow_now))
        return runs


def median(runs, *path):
    values = []
    for run in runs:
        for key in path:
            run = run[key]
        values.append(run)
    return statistics.median(values)


TABLE_HEAD = """\
        |    CPU s a GB    |       |   fps of |   latency, ms |  the floor's  | KB a   | later | cores busy,
clients |  server |  floor | ratio | worst    |     p50 / p99 |     p50 / p99 | stream | grown | by anybody"""


def print_comparison(runs, cores):
    server, floor = runs["server"], runs["floor"]
    cost, floor_cost = median(server, "cpu_s_per_gb"), median(floor, "cpu_s_per_gb")
    busy = median(server, "cores_busy")
    # With few clients the camera's own frames outweigh what a stream takes.
    memory = f"{median(server, 'kb_per_stream'):6.1f}" if runs["clients"] >= 100 else "     -"
    print(f"{runs['clients']:7} | {cost:7.3f} | {floor_cost:6.3f} | {cost / floor_cost:5.2f} | "
          f"{median(server, 'fast', 'worst_fps'):8.2f} | "
          f"{median(server, 'fast', 'p50_ms'):5.2f} / {median(server, 'fast', 'p99_ms'):5.2f} | "
          f"{median(floor, 'fast', 'p50_ms'):5.2f} / {median(floor, 'fast', 'p99_ms'):5.2f} | {memory} | "
          f"{median(server, 'grown_kb'):5.0f} | {busy:4.2f} of {cores}"
          f"{', saturated: its rates mean little' if busy > 0.9 * cores else ''}", flush=True)


def print_slow(runs):
    print(f"\nof {runs['clients']} clients {runs['slow']} read {SLOW_BYTES_PER_S // 1000} KB/s:")
    for name, kind in ("the others", "with"), ("without slow ones", "without"):
        print(f"  {name + ':':18} worst {median(runs[kind], 'fast', 'worst_fps'):.2f} fps, "
              f"p50 {median(runs[kind], 'fast', 'p50_ms'):.2f} ms, p99 {median(runs[kind], 'fast', 'p99_ms'):.2f} ms")
    print(f"  the slow ones:     worst {median(runs['with'], 'slow', 'worst_fps'):.2f} fps, age of a frame at its last "
          f"byte: p50 {median(runs['with'], 'slow', 'p50_ms'):.0f} ms, "
          f"at most {median(runs['with'], 'slow', 'max_ms'):.0f} ms")


def main():
    arguments = parse_arguments()
    machine = bench.machine()
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as folder:
        fanout = Fanout(arguments, pathlib.Path(folder))
        picture_bytes = round(statistics.mean(path.stat().st_size for path in fanout.pictures))
        if not arguments.json:
            print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; 1280x720 frames of "
                  f"{picture_bytes} bytes at {FPS} fps on loopback; {arguments.repeat} x {arguments.seconds:g} s\n")
            print(TABLE_HEAD, flush=True)
        results = []
        for clients in arguments.clients:
            results.append(fanout.compare(clients))
            if not arguments.json:
                print_comparison(results[-1], machine["cores"])
        slow = fanout.compare_slow(SLOW_RUN_CLIENTS, SLOW_RUN_CLIENTS // 10)
        if arguments.json:
            print(json.dumps({"machine": machine, "picture_bytes": picture_bytes, "fps": FPS, "runs": results,
                              "slow_run": slow}, indent=2))
        else:
            print_slow(slow)


if __name__ == "__main__":
    main()
