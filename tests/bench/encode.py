"""Pictures on their way from the device to the topic: what encoding costs beside the path that peers take (YUYV expanded
to scanlines of three samples a pixel), what passing on an MJPEG frame costs, and what a camera costs that nobody watches.

All kinds of work run in one process on the same picture, and take turns; medians of the rounds are shown, and of the
ratios within each round, since machines vary.
"""
import argparse
import json
import operator
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import bench

WIDTH, HEIGHT = 1920, 1080
NAMES = {
    "peers_yuyv": "YUYV as peers encode it",
    "yuyv": "YUYV",
    "yuyv_limited": "YUYV, limited range expanded",
    "yuyv_422": "YUYV to 4:2:2",
    "nv12": "NV12",
    "yu12": "YU12",
}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench encode", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures of every round")
    parser.add_argument("--rounds", type=int, default=30, help="of five pictures of each kind (%(default)s)")
    parser.add_argument("--idle-seconds", type=float, default=5, help="watched while nobody watches (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def make_picture(folder, name, *options):
    path = folder / name
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={WIDTH}x{HEIGHT},noise=alls=6",
         "-frames:v", "1", *options, path], check=True)
    return path


def unwatched_cpu_s(arguments, folder):
    """CPU seconds of the server with a 720p30 MJPEG camera that nobody watches."""
    pictures = bench.make_pictures(folder, count=2)
    config = folder / "config.json"
    config.write_text(json.dumps({
        "server": {"listen": "127.0.0.1:0"},
        "cameras": [{"source": {"type": "emulated", "files": [str(path) for path in pictures], "fps": 30}}],
    }))
    with bench.Program(arguments.build / "framebroker", "--config", config) as program:
        before = bench.cpu_s(program.pid)
        time.sleep(arguments.idle_seconds)
        return bench.cpu_s(program.pid) - before


def measure(arguments):
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as name:
        folder = pathlib.Path(name)
        raw = [make_picture(folder, kind, "-pix_fmt", kind, "-f", "rawvideo")
               for kind in ("yuyv422", "nv12", "yuv420p")]
        jpeg = make_picture(folder, "picture.jpg", "-pix_fmt", "yuvj420p", "-q:v", "4")
        answer = subprocess.run(
            [arguments.build / "bench/encode", str(WIDTH), str(HEIGHT), str(arguments.rounds), *raw, jpeg],
            check=True, stdout=subprocess.PIPE)
        figures = json.loads(answer.stdout)
        figures["jpeg_bytes"] = jpeg.stat().st_size
        figures["unwatched_cpu_s"] = unwatched_cpu_s(arguments, folder)
        return figures


def print_table(arguments, machine, figures):
    ms = {name: statistics.median(values) for name, values in figures.items() if isinstance(values, list)}
    print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; {WIDTH}x{HEIGHT}, quality 80, "
          f"{arguments.rounds} x 5 pictures\n")
    print(f"{'to JPEG':40} | CPU ms a picture | ratio to peers")
    for name, words in NAMES.items():
        ratio = statistics.median(map(operator.truediv, figures[name], figures["peers_yuyv"]))
        print(f"{words:40} | {ms[name]:16.2f} | {ratio:14.2f}")
    print(f"\nMJPEG of {figures['jpeg_bytes'] // 1024} KB, captured to published: {ms['mjpeg_passed_on']:.3f} ms of CPU "
          "(target 0.05)")
    print(f"a YUYV picture: {ms['copy']:.2f} ms to copy, {ms['copy_timestamp'] - ms['copy']:.2f} ms to write the time "
          f"into, {ms['copy_turn'] - ms['copy']:.2f} ms to turn by 90 degrees")
    print(f"a 720p30 MJPEG camera that nobody watches: {figures['unwatched_cpu_s']:.2f} s of CPU in "
          f"{arguments.idle_seconds:g} s (target 0)")
    print(f"first frame after the first viewer comes: the driver's start and {ms['added_to_start']:.1f} ms, "
          f"at most {max(figures['added_to_start']):.1f} ms (target 20)")


def main():
    arguments = parse_arguments()
    machine = bench.machine()
    figures = measure(arguments)
    if arguments.json:
        print(json.dumps({"machine": machine, **figures}, indent=2))
    else:
        print_table(arguments, machine, figures)


if __name__ == "__main__":
    main()
