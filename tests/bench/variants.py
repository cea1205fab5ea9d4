"""Variants: what a smaller picture costs beside ffmpeg's, and what a hundred clients of one variant cost beside one.

The server's converter and ffmpeg's scale filter take turns with the same pictures, on one thread each; medians are
shown. Then a server serves one variant to 1 and to 100 clients, and what its workers used is compared.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile

import bench

FPS = 30
SOURCE = (1920, 1080)
SOURCE_BYTES = 150_000
SIZES = [(480, 270), (240, 135)]
PICTURES = 300
FFMPEG_START_PICTURES = 20  # a short run, to take away what starting costs
CLIENTS = [1, 100]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench variants", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures of every run")
    parser.add_argument("--seconds", type=float, default=10, help="measured with each number of clients (%(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each kind (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def own_ms(build, pictures, size):
    """Milliseconds of CPU for one picture of the server's converter."""
    answer = subprocess.run([build / "bench/variant_scale", str(size[0]), str(PICTURES), *pictures], check=True,
                            stdout=subprocess.PIPE, text=True).stdout.split()
    assert answer[1] == f"{size[0]}x{size[1]}", answer
    return float(answer[0])


def ffmpeg_cpu_s(folder, size, count):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-threads", "1", "-stream_loop", "-1", "-f", "image2", "-i",
         folder / "%02d.jpg", "-frames:v", str(count), "-vf", f"scale={size[0]}:{size[1]}", "-q:v", "5", "-threads",
         "1", "-filter_threads", "1", "-f", "mjpeg", os.devnull],
        check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ffmpeg_ms(folder, size):
    """Milliseconds of CPU for one picture of ffmpeg's decoder, scale filter and encoder."""
    start = ffmpeg_cpu_s(folder, size, FFMPEG_START_PICTURES)
    return 1000 * (ffmpeg_cpu_s(folder, size, FFMPEG_START_PICTURES + PICTURES) - start) / PICTURES


def compare_costs(arguments, folder, pictures, size):
    runs = {"size": f"{size[0]}x{size[1]}", "own_ms": [], "ffmpeg_ms": []}
    for _ in range(arguments.repeat):
        runs["own_ms"].append(own_ms(arguments.build, pictures, size))
        runs["ffmpeg_ms"].append(ffmpeg_ms(folder, size))
    return runs


def serve(arguments, folder, pictures, clients):
    """One run of one variant with so many clients."""
    config = folder / "config.json"
    config.write_text(json.dumps({
        "server": {"listen": "127.0.0.1:0", "max_streams": clients},
        "cameras": [{"source": {"type": "emulated", "files": [str(path) for path in pictures], "fps": FPS}}],
    }))
    with bench.Program(arguments.build / "framebroker", "--config", config) as program:
        answer = subprocess.run(
            [arguments.build / "bench/fanout_client", "-p", str(program.port), "-u",
             f"/camera/1/video_feed?width={SIZES[0][0]}", "-c", str(clients), "-s", "0", "-r", "1", "-t",
             str(arguments.seconds), "-P", str(program.pid)],
            check=True, stdout=subprocess.PIPE)
        run = json.loads(answer.stdout)
        run["worker_cpu_s"] = bench.cpu_s(program.pid, "worker")
    return run


def main():
    arguments = parse_arguments()
    machine = bench.machine()
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as name:
        folder = pathlib.Path(name)
        pictures = bench.make_pictures(folder, size=f"{SOURCE[0]}x{SOURCE[1]}", target_bytes=SOURCE_BYTES)
        picture_bytes = round(statistics.mean(path.stat().st_size for path in pictures))
        if not arguments.json:
            print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; {SOURCE[0]}x{SOURCE[1]} "
                  f"frames of {picture_bytes} bytes; {arguments.repeat} runs of {PICTURES} pictures\n")
            print("    made |  CPU ms a picture | ffmpeg's | ratio", flush=True)
        costs = []
        for size in SIZES:
            costs.append(compare_costs(arguments, folder, pictures, size))
            own, ffmpeg = (statistics.median(costs[-1][kind]) for kind in ("own_ms", "ffmpeg_ms"))
            if not arguments.json:
                print(f"{costs[-1]['size']:>8} | {own:17.2f} | {ffmpeg:8.2f} | {own / ffmpeg:5.2f}", flush=True)
        shared = {clients: serve(arguments, folder, pictures, clients) for clients in CLIENTS}
    if arguments.json:
        print(json.dumps({"machine": machine, "picture_bytes": picture_bytes, "costs": costs, "shared": shared},
                         indent=2))
        return
    print(f"\none variant of {SIZES[0][0]}x{SIZES[0][1]} at {FPS} fps for {arguments.seconds:g} s:")
    for clients, run in shared.items():
        print(f"  {clients:3} client{'s' if clients > 1 else ' '}: workers used {run['worker_cpu_s']:.2f} s of CPU, "
              f"the worst client had {run['fast']['worst_fps']:.2f} fps, "
              f"latency p50 {run['fast']['p50_ms']:.2f} ms, p99 {run['fast']['p99_ms']:.2f} ms")


if __name__ == "__main__":
    main()
