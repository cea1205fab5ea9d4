"""What it costs to rotate, mask and write into JPEG pictures before they are published: beside decoding, painting and
encoding, and beside libturbojpeg's own lossless transformation.

All kinds of work run in one process on the same picture, and take turns; medians of the rounds are shown, and of the
ratios within each round, since machines vary.
"""
import argparse
import json
import operator
import pathlib
import statistics
import subprocess
import tempfile

import bench

# Work: words, the work that it is compared with, and the target of the ratio.
WORKS = {
    "mask": ("mask (target 1.0 ms)", "decode_paint_encode", 0.5),
    "decode_paint_encode": ("decode, paint, encode", None, None),
    "rotate_180": ("rotate by 180, lossless", "libturbojpeg_180", 1.1),
    "libturbojpeg_180": ("the same by libturbojpeg", None, None),
    "rotate_90": ("rotate by 90, lossless", "libturbojpeg_90", 1.1),
    "libturbojpeg_90": ("the same by libturbojpeg", None, None),
    "rotate_90_fast": ("rotate by 90, fast", "rotate_90", None),
    "caption": ("text", None, None),
    "all": ("rotate by 90, mask and text in one pass", "rotate_90", None),
    "no_option": ("no option: checked and published", None, None),
}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench pictures", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures of every round")
    parser.add_argument("--rounds", type=int, default=40, help="of five pictures of each kind (%(default)s)")
    parser.add_argument("--size", default="1280x720", help="of the pictures, multiples of 16 (%(default)s)")
    parser.add_argument("--bytes", type=int, default=37_000, help="of a picture, nearly (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def make_picture(folder, arguments):
    """The picture of 4:2:0 whose size comes nearest to the wanted one, with the standard Huffman tables."""
    def write(quality):
        path = folder / f"{quality}.jpg"
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={arguments.size},noise=alls=6",
             "-frames:v", "1", "-pix_fmt", "yuvj420p", "-huffman", "default", "-q:v", str(quality), path], check=True)
        return path
    return min((write(quality) for quality in range(2, 32)),
               key=lambda path: abs(path.stat().st_size - arguments.bytes))


def measure(arguments):
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as name:
        picture = make_picture(pathlib.Path(name), arguments)
        answer = subprocess.run([arguments.build / "bench/pictures", str(arguments.rounds), picture],
                                check=True, stdout=subprocess.PIPE)
        return {"jpeg_bytes": picture.stat().st_size, **json.loads(answer.stdout)}


def print_table(arguments, machine, figures):
    print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; {arguments.size} of "
          f"{figures['jpeg_bytes'] / 1000:.0f} KB, 4:2:0, {arguments.rounds} x 5 pictures\n")
    print(f"{'':40} | CPU ms a picture | ratio")
    for name, (words, peer, target) in WORKS.items():
        ratio = ""
        if peer is not None:
            value = statistics.median(map(operator.truediv, figures[name], figures[peer]))
            ratio = f"{value:.2f} of {WORKS[peer][0]}" + (f" (target {target})" if target else "")
        print(f"{words:40} | {statistics.median(figures[name]):16.3f} | {ratio}".rstrip())


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
