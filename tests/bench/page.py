"""A wall of 16 cameras in a browser that opens it for the first time: how long it takes from the beginning of the
navigation until every camera's live picture is on the screen.

The browser runs already and shows nothing; each time it opens the page in a new window, with an empty cache. Either the
cameras run, or they are on demand and start when the page asks for them. The floor is what the browser needs by itself:
a page of nothing but these 16 pictures, which nginx serves from files.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

import bench

CAMERAS = 16
FPS = 12
PICTURES, PICTURE_BYTES = 2, 60_000  # an emulated camera decodes all of its pictures when it starts
TILE = (356, 200)
TARGET_MS = 400
FIGURES = ("html", "paint", "loaded", "feed", "first", "all")
KINDS = {"floor": "nginx, 16 pictures", "always": "cameras that run", "on demand": "cameras on demand"}
BROWSER = pathlib.Path(__file__).parent.parent / "browser"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:build/nginx/usr/sbin")
NGINX_CONFIG = """daemon off;
pid nginx.pid;
error_log error.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    types {{ text/html html; image/jpeg jpg; }}
    server {{ listen 127.0.0.1:{port}; root {folder}/pages; }}
}}
"""


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench page", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures of every run")
    parser.add_argument("--repeat", type=int, default=10, help="runs of each (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


class Server(bench.Program):
    def __init__(self, build, config, pictures, on_demand):
        source = {"type": "emulated", "files": pictures, "fps": FPS}
        config.write_text(json.dumps({
            "server": {"listen": "127.0.0.1:0"},
            "defaults": {"on_demand": on_demand, "idle_timeout_s": 1},
            "cameras": [{"id": f"camera-{number}", "source": source} for number in range(1, CAMERAS + 1)],
        }))
        super().__init__(build / "framebroker", "--config", config)
        self.on_demand = on_demand
        self.url = f"http://127.0.0.1:{self.port}/"

    def await_rest(self):
        """Until nobody watches any more, and all is as it was before."""
        while not all(self._rests(camera) for camera in self._cameras()):
            time.sleep(0.05)

    def _cameras(self):
        with urllib.request.urlopen(f"{self.url}api/status") as answer:
            return json.load(answer)["cameras"]

    def _rests(self, camera):
        return camera["state"] == ("idle" if self.on_demand else "live") and not camera["variants"]


class Floor:
    """A page of pictures, in an nginx that runs until the with block is left."""

    def __init__(self, folder, server, width):
        pages = folder / "pages"
        pages.mkdir()
        for number in range(1, CAMERAS + 1):
            urllib.request.urlretrieve(f"{server.url}camera/{number}/snapshot?width={width}", pages / f"{number}.jpg")
        pictures = "".join(f'<img class="floor" src="{number}.jpg" width="{TILE[0]}" height="{TILE[1]}" alt="">'
                           for number in range(1, CAMERAS + 1))
        (pages / "index.html").write_text(f'<!DOCTYPE html><html lang="en"><title>Floor</title>{pictures}</html>')
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX_CONFIG.format(folder=folder, port=port, user=user))
        self.url = f"http://127.0.0.1:{port}/"
        self._process = subprocess.Popen([NGINX, "-p", folder, "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
        while True:
            with socket.socket() as connection:
                if connection.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self._process.poll() is not None:
                raise SystemExit("nginx did not start")
            time.sleep(0.05)

    def await_rest(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()


class Browser:
    def __init__(self):
        self._process = subprocess.Popen(["node", "measure_page.mjs"], cwd=BROWSER, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._process.stdout.readline().strip() != "ready":
            raise SystemExit("the browser did not start; is npm ci done in tests/browser?")

    def open(self, page):
        page.await_rest()
        self._process.stdin.write(f"{page.url}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{page.url} could not be shown")
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def others_busy_cores():
    """How many cores work for others, before anything of ours does."""
    before, began = bench.machine_busy_s(), time.monotonic()
    time.sleep(2)
    return (bench.machine_busy_s() - before) / (time.monotonic() - began)


def measure(arguments, folder):
    """Runs of each kind, in turns."""
    pictures = [str(path) for path in bench.make_pictures(folder, count=PICTURES, target_bytes=PICTURE_BYTES)]
    runs = {kind: [] for kind in KINDS}
    with Server(arguments.build, folder / "always.json", pictures, False) as always, \
            Server(arguments.build, folder / "on_demand.json", pictures, True) as on_demand, Browser() as browser:
        width = browser.open(always)["width"]
        with Floor(folder, always, width) as floor:
            for _ in range(arguments.repeat):
                for kind, page in zip(KINDS, (floor, always, on_demand)):
                    runs[kind].append(browser.open(page))
    return runs


def print_results(machine, busy_cores, runs):
    print(f"{machine['cpu']}, {machine['cores']} cores, {busy_cores:.2f} of them busy before; Linux "
          f"{machine['kernel']}; {CAMERAS} cameras of 1280x720 at {FPS} fps, pictures of "
          f"{runs['always'][0]['width']} px\n")
    print(f"ms from the beginning of the navigation, median (worst) of {len(runs['floor'])}:")
    print(f"{'':20}" + "".join(f"{figure:>14}" for figure in FIGURES) + "  requests")
    for kind, name in KINDS.items():
        print(f"{name:20}" + "".join(f"{text_of(runs[kind], figure):>14}" for figure in FIGURES) +
              f"{runs[kind][0]['requests']:10}")
    print()
    floor, *walls = (statistics.median(run["all"] for run in runs[kind]) for kind in KINDS)
    for kind, median in zip(list(KINDS)[1:], walls):
        print(f"{KINDS[kind]}: all pictures after {median:.0f} ms, {median / floor:.1f} times the floor; "
              f"target {TARGET_MS} ms")


def text_of(runs, figure):
    values = [run[figure] for run in runs if run[figure] is not None]
    return f"{statistics.median(values):.0f} ({max(values):.0f})" if values else "-"


def main():
    arguments = parse_arguments()
    if NGINX is None:
        raise SystemExit("nginx is missing")
    busy_cores = others_busy_cores()
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as folder:
        runs = measure(arguments, pathlib.Path(folder))
    if arguments.json:
        print(json.dumps({"machine": bench.machine(), "busy_cores": busy_cores, "runs": runs}, indent=2))
    else:
        print_results(bench.machine(), busy_cores, runs)


if __name__ == "__main__":
    main()
