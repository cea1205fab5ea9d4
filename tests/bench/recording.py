"""Recording: what a gigabyte costs beside one thread that writes the same pictures and syncs them as often, whether any
frame of many cameras is lost, how late frames reach viewers meanwhile and without it, and how soon the server starts
with a million segments in its catalogue.

The recorder's threads, the server without a recorder and the floor are measured in turns, on the disk of --folder.
"""
import argparse
import json
import pathlib
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.request

import bench

SEGMENTS = 1_000_000
THREADS = ("recorder", "recorder guard")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench recording", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures of every run")
    parser.add_argument("--cameras", type=int, default=64, help="%(default)s")
    parser.add_argument("--fps", type=float, default=10, help="of each camera (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="of each run (%(default)s)")
    parser.add_argument("--viewers", type=int, default=10, help="of the first camera (%(default)s)")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each kind (%(default)s)")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build"), help="on the disk to record on")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def configure(folder, cameras, record):
    config = folder / "config.json"
    config.write_text(json.dumps({
        "server": {"listen": "127.0.0.1:0"},
        "recording": {"path": str(folder / "recordings"), "min_free": 0},
        "cameras": [{**camera, "on_demand": False, "record": {"mode": "always" if record else "off"}} for camera in cameras],
    }))
    return config


def status(program):
    with urllib.request.urlopen(f"http://127.0.0.1:{program.port}/api/status", timeout=10) as answer:
        return json.load(answer)


def recorded(program):
    with urllib.request.urlopen(f"http://127.0.0.1:{program.port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {name: sum(float(value) for value in re.findall(rf'^framebroker_camera_recording_{name}{{.*}} (.*)$', text, re.M))
            for name in ("frames_total", "written_bytes_total", "frames_lost_total")}


def threads_cpu_s(pid):
    return sum(bench.cpu_s(pid, name) for name in THREADS)


def watch(arguments, program):
    """The 99th percentile of the milliseconds from a frame's capture to its last byte at a viewer."""
    run = subprocess.run(
        [arguments.build / "bench/fanout_client", "-p", str(program.port), "-u", "/camera/c0/video_feed", "-c",
         str(arguments.viewers), "-w", "0", "-t", str(arguments.seconds), "-P", str(program.pid)],
        check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)["fast"]["p99_ms"]


def cameras_of(arguments, pictures):
    return [{"id": f"c{i}", "source": {"type": "emulated", "files": [str(path) for path in pictures],
                                       "fps": arguments.fps}} for i in range(arguments.cameras)]


def run_without(arguments, folder, pictures):
    config = configure(folder, cameras_of(arguments, pictures), False)
    with bench.Program(arguments.build / "framebroker", "--config", config) as program:
        time.sleep(2)
        return watch(arguments, program)


def run_recorder(arguments, folder, pictures):
    config = configure(folder, cameras_of(arguments, pictures), True)
    subprocess.run([arguments.build / "framebroker", "--config", config, "--recordings", "--init"], check=True,
                   stdout=subprocess.DEVNULL)
    with bench.Program(arguments.build / "framebroker", "--config", config) as program:
        time.sleep(2)
        before, cpu, process = recorded(program), threads_cpu_s(program.pid), program.cpu_s()
        p99_ms = watch(arguments, program)
        after, cpu, process = recorded(program), threads_cpu_s(program.pid) - cpu, program.cpu_s() - process
        dropped = sum(camera["frames"]["dropped"] for camera in status(program)["cameras"])
    gigabytes = (after["written_bytes_total"] - before["written_bytes_total"]) / 1e9
    return {"frames": after["frames_total"] - before["frames_total"], "gigabytes": gigabytes,
            "lost": after["frames_lost_total"], "dropped_before": dropped, "cpu_s_a_gb": cpu / gigabytes,
            "process_cpu_s_a_gb": process / gigabytes, "p99_ms": p99_ms}


def run_floor(arguments, folder, pictures):
    (folder / "floor").mkdir(exist_ok=True)
    answer = subprocess.run([arguments.build / "bench/recording_floor", folder / "floor", str(arguments.cameras),
                             str(arguments.fps), str(arguments.seconds), *pictures], check=True, stdout=subprocess.PIPE,
                            text=True).stdout.split()
    for file in (folder / "floor").iterdir():
        file.unlink()
    return float(answer[0]) / (int(answer[1]) / 1e9)


def measure_start(arguments, folder):
    """Seconds from the start of the program to its address, and to a recorder that records, with a full catalogue."""
    config = configure(folder, [{"id": "a", "source": {"type": "pattern", "width": 160, "height": 120}}], True)
    program = [arguments.build / "framebroker", "--config", config]
    subprocess.run([*program, "--recordings", "--init"], check=True, stdout=subprocess.DEVNULL)
    with bench.Program(*program) as started:
        while not status(started)["cameras"][0]["recording"]["newest"]:
            time.sleep(0.1)
    catalogue = sqlite3.connect(folder / "recordings/catalogue.sqlite")
    minute, first = 60_000_000_000, 1_600_000_000_000_000_000
    catalogue.executemany("INSERT OR IGNORE INTO cameras(id) VALUES (?)", ((f"c{i}",) for i in range(64)))
    catalogue.executemany(
        "INSERT INTO segments(camera, start_ns, end_ns, bytes, frames, state, full, stretch, name)"
        " VALUES (?, ?, ?, 24000000, 600, 1, 1, ?, ?)",
        ((i % 64 + 2, first + i // 64 * minute, first + (i // 64 + 1) * minute - 1, i % 64 + 1000, f"2020/01/01/{i:07}.mjpeg")
         for i in range(SEGMENTS)))
    catalogue.commit()
    catalogue.close()
    began = time.monotonic()
    with bench.Program(*program) as started:
        listening = time.monotonic() - began
        while recorded(started)["frames_total"] == 0:
            time.sleep(0.01)
        recording = time.monotonic() - began
    return {"listening_s": listening, "recording_s": recording}


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="bench-") as name:
        folder = pathlib.Path(name).resolve()
        (folder / "pictures").mkdir()
        pictures = bench.make_pictures(folder / "pictures")
        runs = {"machine": bench.machine(), "recorder": [], "without_p99_ms": [], "floor_cpu_s_a_gb": []}
        for _ in range(arguments.repeat):
            runs["floor_cpu_s_a_gb"].append(run_floor(arguments, folder, pictures))
            runs["without_p99_ms"].append(run_without(arguments, folder, pictures))
            runs["recorder"].append(run_recorder(arguments, folder, pictures))
            subprocess.run(["rm", "-r", folder / "recordings"], check=True)
        runs["start"] = measure_start(arguments, folder)
    if arguments.json:
        print(json.dumps(runs, indent=2))
        return
    own = statistics.median(run["cpu_s_a_gb"] for run in runs["recorder"])
    floor = statistics.median(runs["floor_cpu_s_a_gb"])
    last = runs["recorder"][-1]
    print(f"{runs['machine']['cpu']}, {runs['machine']['cores']} cores")
    print(f"CPU s a GB: {own:.3f}, floor {floor:.3f}, ratio {own / floor:.2f} (1.3 or less)")
    print(f"{arguments.cameras} cameras at {arguments.fps:g} fps for {arguments.seconds:g} s: {last['frames']:.0f} frames,"
          f" {last['gigabytes']:.2f} GB, lost {last['lost']:.0f}, {last['dropped_before']} before they were published")
    ratio = statistics.median(run["p99_ms"] / without for run, without in zip(runs["recorder"], runs["without_p99_ms"]))
    print(f"viewers' p99: {statistics.median(run['p99_ms'] for run in runs['recorder']):.2f} ms, without recording"
          f" {statistics.median(runs['without_p99_ms']):.2f} ms, ratio {ratio:.2f} (1.1 or less)")
    print(f"start with {SEGMENTS} segments: listening after {runs['start']['listening_s']:.2f} s,"
          f" recording after {runs['start']['recording_s']:.2f} s (1 or less)")


if __name__ == "__main__":
    main()
