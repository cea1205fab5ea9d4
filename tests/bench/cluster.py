"""Cameras of other nodes: what a hop over nats-server adds and costs, beside the HTTP relay in the same run; a gateway
on a slow link; a wall of 64 cameras from 8 nodes; and what that makes of 1,000 and 10,000 cameras on paper.

CPU is user and system, of each program alone. A latency is the age of a frame at its last byte; what a hop adds is the
difference between viewers of the gateway and viewers of the node. The slow link takes root and /dev/net/tun, and is in
networks of its own.
"""
import argparse
import contextlib
import json
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

import bench
import cluster_capacity

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
import nats_cluster  # noqa: E402
import slow_link  # noqa: E402

harness.TIME_SCALE = 5  # how soon a server ends is not measured here

CAMERAS, FPS, PICTURE_BYTES = 10, 30, 40_000
WALL_NODES, WALL_CAMERAS, WALL_FPS, WALL_WIDTH = 8, 8, 10, 320
IMPORTED = [f"site.c{number}" for number in range(CAMERAS)]
SETTLE_S = 2
OUTAGE_S = 2


def emulated(id, pictures, fps, **camera):
    return harness.emulated(id, pictures, fps, on_demand=camera.pop("on_demand", False), **camera)


def import_all(url, name="wall", **keys):
    return nats_cluster.node(url, name, imports=["*/*"], **keys)


class Cpu:
    """What programs have used while the block ran, in seconds by their names."""

    def __init__(self, **pids):
        self.pids = pids

    def __enter__(self):
        self.began = time.monotonic()
        self.before = {name: bench.cpu_s(pid) for name, pid in self.pids.items()}
        return self

    def __exit__(self, *_):
        self.used = {name: bench.cpu_s(pid) - self.before[name] for name, pid in self.pids.items()}
        self.seconds = time.monotonic() - self.began

    def cores(self, name):
        return self.used[name] / self.seconds


class Load:
    """Viewers: one for each path."""

    def __init__(self, build, port, paths, seconds):
        arguments = [word for path in paths for word in ("-u", path)]
        self.process = subprocess.Popen([build / "bench/fanout_client", "-p", str(port), *arguments, "-c",
                                         str(len(paths)), "-w", str(SETTLE_S), "-t", str(seconds + 1)],
                                        stdout=subprocess.PIPE, text=True)

    def figures(self):
        output = self.process.communicate()[0]
        run = json.loads(output)
        if run["arrival"]["refused"] or run["arrival"]["without_frame"]:
            raise SystemExit(f"not every viewer has a stream: {run['arrival']}")
        return run["fast"]


class Cluster:
    def __init__(self, arguments, folder):
        self.build, self.seconds, self.repeat = arguments.build, arguments.seconds, arguments.repeat
        (folder / "large").mkdir()
        (folder / "small").mkdir()
        self.pictures = bench.make_pictures(folder / "large", target_bytes=PICTURE_BYTES)
        self.small = bench.make_pictures(folder / "small", size="320x180", target_bytes=8_000)

    def server(self, config, program=None):
        program = program or (self.build / "framebroker",)
        return harness.Server({"server": {"max_streams": 512}, **config}, program=program)

    def ten(self, on_demand=False):
        return [emulated(f"c{number}", self.pictures, FPS, on_demand=on_demand) for number in range(CAMERAS)]

    @contextlib.contextmanager
    def measured(self, port, paths, **pids):
        """Viewers of these paths, and the CPU of these programs meanwhile: yields a dictionary that is filled at the
        end."""
        figures = {}
        load = Load(self.build, port, paths, self.seconds)
        time.sleep(SETTLE_S + 1)
        with Cpu(**pids) as cpu:
            time.sleep(self.seconds - 1)
        figures.update(load.figures())
        frames_s = figures["frames"] / (self.seconds + 1)
        figures.update({"cpu_ms": {name: cpu.cores(name) / frames_s * 1000 for name in pids},
                        "cores": {name: cpu.cores(name) for name in pids}, "fps": frames_s})
        yield figures

    def view(self, port, paths, **pids):
        with self.measured(port, paths, **pids) as figures:
            return figures

    # ---- A hop: what it adds and costs ----

    def hop_once(self, nats):
        own = [f"/camera/c{number}/video_feed" for number in range(CAMERAS)]
        imported = [f"/camera/{id}/video_feed" for id in IMPORTED]
        with self.server(nats_cluster.node(nats.url, "site", *self.ten())) as site, \
                self.server(import_all(nats.url)) as wall:
            nats_cluster.wait_for_import(wall, *IMPORTED)
            direct = self.view(site.port, own, site=site.pid)
            hop = self.view(wall.port, imported, site=site.pid, gateway=wall.pid, nats=nats.pid)
        with self.server({"cameras": self.ten()}) as site:
            sources = [{"id": f"c{number}", "source": {"type": "url", "url": f"http://127.0.0.1:{site.port}{path}"}}
                       for number, path in enumerate(own)]
            with self.server({"cameras": sources}) as relay:
                relayed = self.view(relay.port, own, site=site.pid, gateway=relay.pid)
        return {"direct": direct, "cluster": hop, "relay": relayed}

    def hop(self, nats):
        runs = [self.hop_once(nats) for _ in range(self.repeat)]

        def median(pick):
            return statistics.median(map(pick, runs))

        def added(kind, share):
            return median(lambda run: run[kind][share] - run["direct"][share])

        def cost(kind, name):
            return median(lambda run: run[kind]["cpu_ms"][name])
        return {
            "added_p50_ms": added("cluster", "p50_ms"), "added_p99_ms": added("cluster", "p99_ms"),
            "relay_added_p50_ms": added("relay", "p50_ms"), "relay_added_p99_ms": added("relay", "p99_ms"),
            "direct_p99_ms": median(lambda run: run["direct"]["p99_ms"]),
            "missed": sum(run["cluster"]["missed"] for run in runs),
            "frames": sum(run["cluster"]["frames"] for run in runs),
            "worst_fps": min(run["cluster"]["worst_fps"] for run in runs),
            "frame_bytes": statistics.mean(run["cluster"]["bytes"] / run["cluster"]["frames"] for run in runs),
            "site_ms": cost("cluster", "site"), "gateway_ms": cost("cluster", "gateway"),
            "nats_ms": cost("cluster", "nats"),
            "relay_site_ms": cost("relay", "site"), "relay_gateway_ms": cost("relay", "gateway"),
            "ratio": median(lambda run: self.both(run["cluster"]) / self.both(run["relay"])),
        }

    @staticmethod
    def both(figures):
        return figures["cpu_ms"]["site"] + figures["cpu_ms"]["gateway"]

    # ---- Nobody watches ----

    def idle(self, nats):
        with self.server(nats_cluster.node(nats.url, "site", *self.ten(on_demand=True))) as site, \
                self.server(import_all(nats.url)) as wall, \
                nats_cluster.Client(nats, "framebroker.1.frames.>") as frames, \
                nats_cluster.Client(nats, "framebroker.1.node.*") as beacons:
            nats_cluster.wait_for_import(wall, "site.c0")
            time.sleep(SETTLE_S)
            before = beacons.count()
            with Cpu(site=site.pid, gateway=wall.pid, nats=nats.pid) as cpu:
                time.sleep(max(10, self.seconds))
            heard = beacons.since(before)
            own = [len(payload) for subject, payload in heard if subject.endswith(".site")]
            return {"frames": frames.count(), "cores": {name: cpu.cores(name) for name in cpu.pids},
                    "beacons_s": len(own) / cpu.seconds, "beacon_bytes": max(own, default=0)}

    # ---- The server is killed ----

    def outage(self):
        waits, ages = [], []
        with nats_cluster.NatsServer() as nats, \
                self.server(nats_cluster.node(nats.url, "site", emulated("c0", self.pictures, FPS))) as site, \
                self.server(import_all(nats.url)) as wall:
            nats_cluster.wait_for_import(wall, "site.c0")
            watcher = nats_cluster.Watcher(wall.stream("/camera/site.c0/video_feed", timeout=60))
            watcher.wait_for_live_since(0, 10)
            for _ in range(max(3, self.repeat)):
                nats.end(signal.SIGKILL)
                time.sleep(OUTAGE_S)
                nats.start()
                back = time.time()
                waits.append(watcher.wait_for_live_since(back, 30).received_at - back)
                time.sleep(2)
                ages += nats_cluster.ages_of(watcher.live_since(back))
            watcher.close()
            del site
        return {"back_s": waits, "oldest_ms": max(ages) * 1000}

    # ---- A slow gateway beside a healthy one ----

    def slow(self):
        with slow_link.SlowLink() as link, nats_cluster.NatsServer(listen="0.0.0.0") as nats, \
                self.server(nats_cluster.node(nats.url, "site", *self.ten())), \
                self.server(import_all(nats.url, "near")) as near:
            paths = [f"/camera/{id}/video_feed" for id in IMPORTED]
            nats_cluster.wait_for_import(near, *IMPORTED)
            alone = self.view(near.port, paths)
            url = f"nats://{slow_link.NEAR}:{nats.port}"
            with link.far():
                far = self.server(import_all(url, "far"))
            with far:
                with link.far():
                    nats_cluster.wait_for_import(far, *IMPORTED)
                    slow = Load(self.build, far.port, paths, self.seconds + 3)
                time.sleep(1)
                beside = self.view(near.port, paths)
                slow = slow.figures()
        return {"alone": alone, "beside": beside, "slow": slow,
                "slow_mbit_s": slow["bytes"] * 8 / (self.seconds + 4) / 1e6}

    # ---- A wall ----

    def wall(self, nats):
        with contextlib.ExitStack() as stack:
            sites, ids = [], []
            for number in range(WALL_NODES):
                cameras = [emulated(f"c{each}", self.pictures, WALL_FPS) for each in range(WALL_CAMERAS)]
                sites.append(stack.enter_context(self.server(nats_cluster.node(nats.url, f"site-{number}", *cameras))))
                ids += [f"site-{number}.{camera['id']}" for camera in cameras]
            wall = stack.enter_context(self.server(import_all(nats.url)))
            nats_cluster.wait_for_import(wall, *ids)
            paths = [f"/camera/{id}/video_feed?width={WALL_WIDTH}" for id in ids]
            pids = {f"site-{number}": site.pid for number, site in enumerate(sites)}
            remote = self.view(wall.port, paths, gateway=wall.pid, nats=nats.pid, **pids)
        return {"remote": remote, "local": self.local(self.pictures, f"?width={WALL_WIDTH}"),
                "local_small": self.local(self.small, "")}

    def local(self, pictures, query):
        count = WALL_NODES * WALL_CAMERAS
        cameras = [emulated(f"c{number}", pictures, WALL_FPS) for number in range(count)]
        paths = [f"/camera/c{number}/video_feed{query}" for number in range(count)]
        with self.server({"cameras": cameras}) as server:
            return self.view(server.port, paths, gateway=server.pid)


def measured(hop, idle, wall):
    """What the capacity on paper is made of."""
    remote = wall["remote"]
    sites = sum(cost for name, cost in remote["cpu_ms"].items() if name.startswith("site-"))
    return {
        "frame_bytes": hop["frame_bytes"], "fps": FPS,
        "tile_bytes": remote["bytes"] / remote["frames"], "tile_fps": WALL_FPS,
        "frame_ms": {"nats": hop["nats_ms"], "gateway": hop["gateway_ms"], "site": hop["site_ms"]},
        "tile_ms": {"nats": remote["cpu_ms"]["nats"], "gateway": remote["cpu_ms"]["gateway"], "site": sites},
        "beacon_bytes": idle["beacon_bytes"], "beacon_cameras": CAMERAS,
    }


# ---- What is printed ----

def verdict(is_met):
    return "" if is_met else "  MISSED"


def print_results(figures):
    hop, idle, outage, slow, wall = (figures[name] for name in ("hop", "idle", "outage", "slow", "wall"))
    print("{cpu}, {cores} cores, Linux {kernel}; nats-server {nats}\n".format(**figures["machine"]))
    print(f"a hop, {CAMERAS} cameras of 720p at {FPS} fps, {hop['frames']} frames, {hop['missed']} missed:")
    print(f"  added latency      p50 {hop['added_p50_ms']:.2f} ms, p99 {hop['added_p99_ms']:.2f} ms (5)"
          f"{verdict(hop['added_p99_ms'] <= 5)}; HTTP relay p50 {hop['relay_added_p50_ms']:.2f} ms, "
          f"p99 {hop['relay_added_p99_ms']:.2f} ms; a viewer of the node has p99 {hop['direct_p99_ms']:.2f} ms")
    print(f"  CPU a frame        {hop['site_ms'] + hop['gateway_ms']:.3f} ms (node {hop['site_ms']:.3f}, gateway "
          f"{hop['gateway_ms']:.3f}), {hop['ratio']:.2f} of the relay's "
          f"{hop['relay_site_ms'] + hop['relay_gateway_ms']:.3f} (2.0){verdict(hop['ratio'] <= 2)}; nats-server "
          f"{hop['nats_ms']:.3f} ms")
    print(f"nobody watches       {idle['frames']} frames (0){verdict(idle['frames'] == 0)}; "
          + ", ".join(f"{name} {cores * 100:.2f} %" for name, cores in idle["cores"].items())
          + f" of a core; a beacon has {idle['beacon_bytes']} bytes, {idle['beacons_s']:.2f} a second")
    worst = max(outage["back_s"])
    print(f"nats-server killed   frames {worst:.2f} s after its return at the latest (1){verdict(worst <= 1)}, none "
          f"older than {outage['oldest_ms']:.0f} ms")
    if isinstance(slow, str):
        print(f"a slow gateway       left out: {slow}")
    else:
        beside, far = slow["beside"], slow["slow"]
        wanted = CAMERAS * FPS * PICTURE_BYTES * 8 / 1e6
        print(f"a slow gateway (40 Mbit/s, 40 ms) beside a healthy one, {wanted:.0f} Mbit/s:")
        print(f"  healthy            {beside['missed']} of {beside['frames']} missed (0){verdict(beside['missed'] == 0)}, "
              f"p99 {beside['p99_ms']:.1f} ms (20){verdict(beside['p99_ms'] <= 20)}; "
              f"alone {slow['alone']['p99_ms']:.1f} ms")
        print(f"  slow               p50 {far['p50_ms']:.0f} ms (500){verdict(far['p50_ms'] <= 500)}, p99 "
              f"{far['p99_ms']:.0f} ms, worst camera {far['worst_fps']:.1f} fps, {slow['slow_mbit_s']:.1f} Mbit/s")
    print_wall(wall)
    cluster_capacity.print_capacity(figures["measured"])


def print_wall(wall):
    remote, count = wall["remote"], WALL_NODES * WALL_CAMERAS
    cores = remote["cores"]
    local, small = (wall[name]["cores"]["gateway"] for name in ("local", "local_small"))
    sites = sum(value for name, value in cores.items() if name.startswith("site-"))
    print(f"a wall of {count} cameras from {WALL_NODES} nodes, {WALL_FPS} fps, tiles of {WALL_WIDTH}:")
    print(f"  worst tile         {remote['worst_fps']:.2f} fps{verdict(remote['worst_fps'] >= 0.95 * WALL_FPS)}, "
          f"p99 {remote['p99_ms']:.1f} ms")
    print(f"  gateway            {cores['gateway']:.3f} cores, {cores['gateway'] / local:.2f} of {local:.3f} with these "
          f"cameras here (1.5){verdict(cores['gateway'] <= 1.5 * local)}, {cores['gateway'] / small:.2f} of {small:.3f} "
          f"with cameras here that have such small pictures")
    print(f"  elsewhere          nodes {sites:.3f} cores together, nats-server {cores['nats']:.3f}")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench cluster", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures alone")
    parser.add_argument("--seconds", type=float, default=8, help="measured in each run (%(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of the hop and the relay (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if nats_cluster.NATS_SERVER is None:
        sys.exit("nats-server is not there: scripts/bench unpacks it")
    slow_link.enter_own_network()
    figures = {"machine": bench.machine()}
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as folder, nats_cluster.NatsServer() as nats:
        figures["machine"]["nats"] = nats.monitor("varz")["version"]
        cluster = Cluster(arguments, pathlib.Path(folder))
        figures["hop"] = cluster.hop(nats)
        figures["idle"] = cluster.idle(nats)
        figures["outage"] = cluster.outage()
        try:
            slow_link.require_slow_link()
            figures["slow"] = cluster.slow()
        except unittest.SkipTest as reason:
            figures["slow"] = str(reason)
        figures["wall"] = cluster.wall(nats)
    figures["measured"] = measured(figures["hop"], figures["idle"], figures["wall"])
    figures["capacity"] = list(cluster_capacity.capacity(figures["measured"]))
    print(json.dumps(figures, indent=2)) if arguments.json else print_results(figures)


if __name__ == "__main__":
    main()
