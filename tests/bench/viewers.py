"""Many viewers that all come at once, as after a restart: what a connection costs, and what a stream does from then on.

One camera, frames of 10 KB at 1 fps. The viewers connect as fast as they can; a run lasts from the first connection
until each has its first frame, and some seconds more. The floor (one thread, one send() of one ready buffer a client)
gets the same load after each run of the server. At last clients of /api/events, which all get every event.
"""
import argparse
import http.client
import json
import pathlib
import resource
import selectors
import socket
import subprocess
import tempfile
import time

import bench

FPS = 1
PICTURE_SIZE, PICTURE_BYTES = "640x360", 10_000
# Descriptors of the server or the load program beyond one a viewer.
OTHER_DESCRIPTORS = 1000


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench viewers", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures of every run")
    parser.add_argument("--clients", default="500,2000,10000", help="how many at a time (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10, help="measured after the arrival (%(default)s)")
    parser.add_argument("--warmup", type=float, default=1, help="before that; a stream is on probation for its first 30 "
                        "frames, which costs a system call each (%(default)s)")
    parser.add_argument("--events", type=int, default=1000, help="clients of /api/events; 0: none (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.clients = [int(count) for count in arguments.clients.split(",")]
    return arguments


def allow(clients):
    """As many of the clients as this machine's limit on descriptors lets both programs have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    possible = hard - OTHER_DESCRIPTORS
    if clients > possible:
        print(f"the limit of {hard} descriptors is too low for {clients} clients: running {possible} "
              f"(raise it with ulimit -Hn)", flush=True)
    return min(clients, possible)


class Viewers:
    def __init__(self, arguments, folder):
        self.build = arguments.build
        self.warmup, self.seconds = arguments.warmup, arguments.seconds
        self.folder = folder
        self.pictures = bench.make_pictures(folder, count=3, size=PICTURE_SIZE, target_bytes=PICTURE_BYTES)

    def server(self, **settings):
        config = self.folder / "config.json"
        config.write_text(json.dumps({
            "server": {"listen": "127.0.0.1:0", **settings},
            "cameras": [{"on_demand": False, "source": {
                "type": "emulated", "files": [str(path) for path in self.pictures], "fps": FPS}}],
        }))
        return bench.Program(self.build / "framebroker", "--config", config)

    def floor(self):
        return bench.Program(self.build / "bench/fanout_floor", FPS, *self.pictures)

    def load(self, program, clients):
        resident_before = program.resident_bytes()
        load = subprocess.Popen(
            [self.build / "bench/fanout_client", "-p", str(program.port), "-u", "/camera/1/video_feed", "-c",
             str(clients), "-w", str(self.warmup), "-t", str(self.seconds), "-P", str(program.pid)], stdout=subprocess.PIPE)
        threads = 0
        while load.poll() is None:
            threads = max(threads, program.thread_count())
            time.sleep(0.1)
        if load.returncode != 0:
            raise SystemExit("the load program failed")
        run = json.loads(load.stdout.read())
        run["threads"] = threads
        run["cpu_ms_per_connection"] = run["arrival"]["server_cpu_s"] * 1000 / clients
        run["cpu_s_per_gb"] = run["server_cpu_s"] * 1e9 / run["fast"]["bytes"]
        run["kb_per_stream"] = (run["server_resident_end_bytes"] - resident_before) / clients / 1024
        return run

    def compare(self, clients):
        with self.server(max_streams=clients) as program:
            server = self.load(program, clients)
        with self.floor() as program:
            floor = self.load(program, clients)
        return {"clients": clients, "server": server, "floor": floor}

    def event_streams(self, clients, events=20):
        """Reloads of the same file are events that change nothing else."""
        with self.server(max_event_streams=4 * clients) as program:
            threads = program.thread_count()
            selector = selectors.DefaultSelector()
            received = {}
            for _ in range(clients):
                client = socket.create_connection(("127.0.0.1", program.port))
                client.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                selector.register(client, selectors.EVENT_READ)
                received[client] = b""
            read_until(selector, received, b"event: state", 1)
            before = program.cpu_s()
            for _ in range(events):
                reload = http.client.HTTPConnection("127.0.0.1", program.port)
                reload.request("POST", "/api/reload")
                reload.getresponse().read()
            read_until(selector, received, b"event: reload", events)
            run = {"clients": clients, "events": events, "threads": program.thread_count(), "threads_before": threads,
                   "cpu_us_per_delivery": (program.cpu_s() - before) * 1e6 / (clients * events)}
            for client in received:
                client.close()
            return run


def read_until(selector, received, text, count):
    """Reads all clients until each has had a text so often; what has not come within a minute does not."""
    deadline = time.monotonic() + 60
    missing = {client for client in received if received[client].count(text) < count}
    while missing:
        if time.monotonic() > deadline:
            raise SystemExit(f"{len(missing)} clients miss events")
        for key, _ in selector.select(1):
            received[key.fileobj] += key.fileobj.recv(1 << 16)
            if received[key.fileobj].count(text) >= count:
                missing.discard(key.fileobj)


TABLE_HEAD = """\
        | arrival: | CPU ms a   | refused, |         | KB a   | frames |    CPU s a GB    |       | latency, ms
clients | seconds  | connection | hanging  | threads | stream | missed |  server |  floor | ratio |   p50 / p99"""


def print_run(run):
    server, floor = run["server"], run["floor"]
    arrival, viewers = server["arrival"], server["fast"]
    cost, floor_cost = server["cpu_s_per_gb"], floor["cpu_s_per_gb"]
    print(f"{run['clients']:7} | {arrival['seconds']:8.2f} | {server['cpu_ms_per_connection']:10.3f} | "
          f"{arrival['refused']:3} {arrival['without_frame']:4} | {server['threads']:7} | "
          f"{server['kb_per_stream']:6.1f} | {viewers['missed']:6} | {cost:7.3f} | {floor_cost:6.3f} | "
          f"{cost / floor_cost:5.2f} | {viewers['p50_ms']:5.1f} / {viewers['p99_ms']:5.1f}", flush=True)


def main():
    arguments = parse_arguments()
    machine = bench.machine()
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as folder:
        viewers = Viewers(arguments, pathlib.Path(folder))
        if not arguments.json:
            print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; {PICTURE_SIZE} frames of "
                  f"about {PICTURE_BYTES} bytes at {FPS} fps on loopback; {arguments.seconds:g} s\n")
            print(TABLE_HEAD, flush=True)
        runs = []
        for clients in arguments.clients:
            runs.append(viewers.compare(allow(clients)))
            if not arguments.json:
                print_run(runs[-1])
        events = viewers.event_streams(allow(arguments.events)) if arguments.events else None
        if arguments.json:
            print(json.dumps({"machine": machine, "fps": FPS, "runs": runs, "events": events}, indent=2))
        elif events:
            print(f"\n{events['clients']} event streams, {events['events']} events: "
                  f"{events['cpu_us_per_delivery']:.1f} us of CPU a delivery, {events['threads']} threads "
                  f"({events['threads_before']} before)")


if __name__ == "__main__":
    main()
