"""Is the motion detector right, how late is it, and what does it cost, beside motion of Debian with its defaults
(https://motion-project.github.io).

Scenes whose truth is known (motion_scenes.py) are sent to cameras of one server, in real time, several at once. The server
watches them, and motion watches the same streams as network cameras. Half of the scenes are for tuning; the other half
is the verdict. vtest.avi, which is real, is judged by zones with the numbers below, which were found by looking at it.
"""
import argparse
import bisect
import concurrent.futures
import datetime
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench
try:
    import motion_scenes
except ModuleNotFoundError:  # Debian's Python knows OpenCV; another one may not
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])
from motion_verdict import judge, sum_up

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KEY = "correct-horse-battery"
AFTER_S = 2  # what is late is still reported
ANALYSED_FPS = 5  # by default
# Frames of vtest.avi (10 a second, from 0) in which somebody moves in a zone, and how high people are there, as a share of
# the picture. Found by eye, in crops of every second frame around each begin and end.
VTEST_SIZE = (768, 576)
VTEST_ZONES = {
    # The grass in front: nobody before frame 507.
    "lawn": ([(0, 300), (160, 310), (330, 360), (470, 440), (640, 540), (690, 576), (0, 576)], [(507, 733)], 0.25),
    # The path behind: one person, from the stairs to the left edge.
    "far-lawn": ([(0, 50), (300, 30), (300, 90), (0, 135)], [(70, 173)], 0.055),
    # The road to the cars; from frame 785 on the person there stands.
    "upper-road": ([(625, 122), (768, 100), (768, 145), (625, 150)], [(110, 281), (736, 785)], 0.09),
    # Behind the tape, at the left.
    "parking": ([(0, 152), (120, 158), (220, 178), (220, 195), (0, 190)],
                [(179, 323), (523, 578), (592, 708), (715, 745)], 0.11),
}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench motion", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print every figure")
    parser.add_argument("--at-once", type=int, default=16, help="cameras that run at the same time (%(default)s)")
    parser.add_argument("--only", default="", help="scenes with this in their name")
    parser.add_argument("--tuning", action="store_true", help="only the scenes for tuning")
    parser.add_argument("--no-peer", action="store_true", help="without motion")
    parser.add_argument("--scenes", type=pathlib.Path, help="a folder that keeps the scenes for the next run")
    parser.add_argument("--rounds", type=int, default=30, help="for the costs, of ten frames each (%(default)s)")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


# ---- Material ----

def find_footage():
    """vtest.avi, unpacked from Debian's package below build/ where it is missing."""
    folder = ROOT / "build/opencv-doc"
    path = next(folder.rglob("vtest.avi"), None)
    if path is None:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "-q", "download", "opencv-doc"], cwd=folder, check=True, stdout=sys.stderr)
        package = next(folder.glob("opencv-doc_*.deb"))
        data = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", folder, "--wildcards", "*vtest.avi*"], stdin=data.stdout, check=True)
        data.stdout.close()
        data.wait()
        package.unlink()
        path = next(folder.rglob("vtest.avi"))
        if path.suffix == ".gz":
            subprocess.run(["gunzip", path], check=True)
    return path


def write_scene(footage_path, folder, name):
    """For a process of its own: draws one scene."""
    footage = motion_scenes.Footage(footage_path)
    scene = next(scene for scene in motion_scenes.make_scenes(footage) if scene.name == name)
    with open(folder / f"{name}.part", "wb") as file:
        for frame in scene.frames():
            file.write(len(frame).to_bytes(4, "big") + frame)
    os.replace(folder / f"{name}.part", folder / f"{name}.frames")


def read_frames(path):
    data, at, frames = path.read_bytes(), 0, []
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        frames.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return frames


def draw_scenes(scenes, footage_path, folder):
    missing = [scene.name for scene in scenes if not (folder / f"{scene.name}.frames").exists()]
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(write_scene, [footage_path] * len(missing), [folder] * len(missing), missing))


# ---- Both detectors ----

class Feed:
    """Sends a scene's frames to its camera when they are due."""

    def __init__(self, port, scene, frames):
        self.scene, self.frames = scene, frames
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        lines = [f"POST /camera/{scene.name}/ingest HTTP/1.1", "Host: localhost", f"Authorization: Bearer {KEY}",
                 "Content-Type: multipart/x-mixed-replace; boundary=frame", "Transfer-Encoding: chunked", "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        self._sent = []  # when each frame was, of time.time()

    def send(self, frame):
        part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(frame), frame)
        self._socket.sendall(b"%x\r\n%s\r\n" % (len(part), part))

    def wait(self, started):
        """Repeats the first second until the event is set."""
        number = 0
        while not started.wait(1 / self.scene.fps):
            self.send(self.frames[number % round(self.scene.fps)])
            number += 1

    def play(self, started, begin, end):
        """When the first frame is due, and until when the last is repeated, of time.time(): functions, as they are known
        only once the event is set."""
        self.wait(started)
        begin, end = begin(), end()
        number = 0
        while number < len(self.frames) or time.time() < end:
            delay = begin + number / self.scene.fps - time.time()
            if delay > 0:
                time.sleep(delay)
            self._sent.append(time.time())
            self.send(self.frames[min(number, len(self.frames) - 1)])
            number += 1

    def scene_time(self, at):
        """The time in the scene, by the last frame that had been sent: a busy machine sends late."""
        number = max(0, bisect.bisect_right(self._sent, at) - 1)
        return number / self.scene.fps + at - self._sent[number]

    def reported(self, times):
        """Of what was reported, what belongs to the scene, in its time."""
        return [at for at in map(self.scene_time, times) if at <= self.scene.seconds + AFTER_S]

    def close(self):
        self._socket.close()


class Watcher:
    """Notes when the server reports motion, and how long after the first analysed frame that shows it."""

    def __init__(self, port):
        self.reports, self.waits_s = {}, []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        connection.request("GET", "/api/events")
        self._answer = connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        kind = ""
        for line in self._answer:
            if line.startswith(b"event: "):
                kind = line[7:].strip()
            elif line.startswith(b"data: ") and kind == b"motion":
                event = json.loads(line[6:])
                if event["action"] == "began":
                    now = time.time()
                    self.reports.setdefault(event["camera"], []).append(now)
                    self.waits_s.append((event["camera"], now - datetime.datetime.fromisoformat(event["began"]).timestamp()))


class Peer:
    """motion, one process with all cameras. It notes in a file when an event starts."""

    def __init__(self, program, port, scenes, folder):
        self._folder, self._log = folder, open(folder / "motion.log", "w")
        # As Debian's motion.conf has it, but for what is written and shown, and the size, which is that of the camera.
        common = ["daemon off", "setup_mode off", f"log_file {folder}/motion-own.log", "log_level 6", f"target_dir {folder}",
                  "framerate 15", "emulate_motion off", "threshold 1500", "despeckle_filter EedDl",
                  "minimum_motion_frames 1", "event_gap 60", "pre_capture 3", "post_capture 0", "picture_output off",
                  "movie_output off", "webcontrol_port 0", "stream_port 0"]
        for number, scene in enumerate(scenes):
            height, width = scene.draw(0).shape[:2]
            lines = [f"width {width}", f"height {height}", f"camera_id {number + 1}",
                     f"netcam_url http://127.0.0.1:{port}/camera/{scene.name}/video_feed",
                     f"on_event_start date +%s.%N >> {folder}/{scene.name}.started"]
            if "masks" in scene.settings:
                lines.append(f"mask_file {self._mask(scene)}")
            (folder / f"{number}.conf").write_text("\n".join(lines) + "\n")
            common.append(f"camera {folder}/{number}.conf")
        (folder / "motion.conf").write_text("\n".join(common) + "\n")
        self._process = subprocess.Popen([program, "-n", "-c", folder / "motion.conf"], stdout=self._log,
                                         stderr=subprocess.STDOUT)
        self.pid = self._process.pid

    def _mask(self, scene):
        height, width = scene.draw(0).shape[:2]
        mask = motion_scenes.numpy.full((height, width), 255, "uint8")
        for polygon in scene.settings["masks"]:
            points = motion_scenes.numpy.array([[x * width, y * height] for x, y in polygon], "int32")
            motion_scenes.cv2.fillPoly(mask, [points], 0)
        path = self._folder / f"{scene.name}.pgm"
        motion_scenes.cv2.imwrite(str(path), mask)
        return path

    def reports(self, scene):
        path = self._folder / f"{scene.name}.started"
        return [float(line) for line in path.read_text().split()] if path.exists() else []

    def close(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def wait_for(port, condition, patience_s=30):
    """Until the server's status meets the condition: the cameras send, the peer watches."""
    deadline = time.time() + patience_s
    while time.time() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/api/status")
        status = json.load(connection.getresponse())
        connection.close()
        if condition(status):
            return
        time.sleep(0.2)
    print("not all cameras are sent and watched", file=sys.stderr)


def run_batch(arguments, peer_program, scenes, folder):
    """Plays the scenes at once. Returns what each detector reported, in seconds of each scene, the seconds of CPU that the
    peer took, and how long after the first frame that shows it each motion was reported."""
    config = folder / "config.json"
    config.write_text(json.dumps({
        "server": {"listen": "127.0.0.1:0"},
        "cameras": [{"id": scene.name, "motion": scene.settings, "source": {"type": "push", "key": KEY}}
                    for scene in scenes],
    }))
    with bench.Program(arguments.build / "framebroker", "--config", config) as program:
        watcher = Watcher(program.port)
        feeds = [Feed(program.port, scene, read_frames(arguments.scenes / f"{scene.name}.frames")) for scene in scenes]
        started, begin = threading.Event(), 0
        longest_s = max(scene.seconds for scene in scenes)
        threads = [threading.Thread(target=feed.play, args=(started, lambda: begin, lambda: begin + longest_s + AFTER_S))
                   for feed in feeds]
        for thread in threads:
            thread.start()
        wait_for(program.port, lambda status: all(camera["state"] == "live" for camera in status["cameras"]))
        peer = Peer(peer_program, program.port, scenes, folder) if peer_program else None
        if peer:
            wait_for(program.port, lambda status: status["streams"]["active"] >= len(scenes))
        begin = time.time() + 1
        started.set()
        before_s = bench.cpu_s(peer.pid) if peer else 0
        for thread in threads:
            thread.join()
        peer_cpu_s = bench.cpu_s(peer.pid) - before_s if peer else 0
        reported = {
            feed.scene.name: [feed.reported(watcher.reports.get(feed.scene.name, [])),
                              feed.reported(peer.reports(feed.scene) if peer else [])] for feed in feeds}
        for feed in feeds:
            feed.close()
        if peer:
            peer.close()
    return reported, peer_cpu_s, watcher.waits_s


def judge_scenes(arguments, peer_program, scenes, folder):
    """The verdicts of both detectors, scene by scene, and how long after the first frame that shows it each motion was
    reported."""
    results, waits_s = [], []
    batches = [scenes[i:i + arguments.at_once] for i in range(0, len(scenes), arguments.at_once)]
    for number, batch in enumerate(batches):
        own = folder / str(number)
        own.mkdir()
        reported, _, waited_s = run_batch(arguments, peer_program, batch, own)
        slow = {scene.name for scene in batch if scene.fps < ANALYSED_FPS}
        waits_s += [wait_s for name, wait_s in waited_s if name not in slow]
        results += [(scene, *(judge(scene.moves, times) for times in reported[scene.name])) for scene in batch]
        print(f"{min(len(scenes), (number + 1) * arguments.at_once)} of {len(scenes)} scenes", file=sys.stderr)
    return results, waits_s


def figures_of(results, which):
    """which: 1 ours, 2 motion's."""
    quiet_s = sum(scene.seconds - sum(end - begin for begin, end in scene.moves) for scene, *_ in results)
    return sum_up([result[which] for result in results], quiet_s)


def delays_of_both(results):
    pairs = [pair for _, ours, theirs in results for pair in zip(ours.delays, theirs.delays) if None not in pair]
    return [statistics.mean(delays) for delays in zip(*pairs)] or [float("nan")] * 2


# ---- Costs ----

WALL = 64  # cameras


def measure_costs(arguments, peer_program, scene, folder):
    """Milliseconds of CPU a 720p frame: of ours for JPEG and raw frames, of motion for the same JPEG frames as they come;
    and the cores that a wall of cameras takes, with and without motion."""
    raw = []
    for kind in ("yuyv422", "nv12", "yuv420p"):
        raw.append(folder / kind)
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720,noise=alls=6",
                        "-frames:v", "1", "-pix_fmt", kind, "-f", "rawvideo", raw[-1]], check=True)
    frames = read_frames(arguments.scenes / f"{scene.name}.frames")
    walking = frames[round(scene.moves[0][0] * scene.fps):]
    pictures = [folder / f"{number:02}.jpg" for number in range(24)]
    for path, frame in zip(pictures, walking):
        path.write_bytes(frame)
    answer = subprocess.run([arguments.build / "bench/motion_cost", str(arguments.rounds), "1280", "720", *raw, *pictures],
                            check=True, stdout=subprocess.PIPE)
    costs = {name: statistics.median(map(sum, zip(lists["luma"], lists["detector"])))
             for name, lists in json.loads(answer.stdout).items()}
    costs["jpeg_bytes"] = statistics.mean(map(len, walking[:24]))
    if peer_program:
        own = folder / "peer"
        own.mkdir()
        _, peer_cpu_s, _ = run_batch(arguments, peer_program, [scene], own)
        costs["peer"] = 1000 * peer_cpu_s / (len(frames) + (AFTER_S + 1) * scene.fps)  # and a second before they begin
    costs["wall"], costs["wall_without"] = (wall_cores(arguments, pictures, folder, motion) for motion in ({}, None))
    return costs


def wall_cores(arguments, pictures, folder, motion, seconds=8):
    config = folder / "wall.json"
    config.write_text(json.dumps({
        "server": {"listen": "127.0.0.1:0"},
        "cameras": [{"id": f"c{number}", "on_demand": False, **({} if motion is None else {"motion": motion}),
                     "source": {"type": "emulated", "files": [str(path) for path in pictures], "fps": 5}}
                    for number in range(WALL)]}))
    with bench.Program(arguments.build / "framebroker", "--config", config) as program:
        time.sleep(3)  # they open, and learn
        before = program.cpu_s()
        time.sleep(seconds)
        return (program.cpu_s() - before) / seconds


# ---- vtest.avi ----

def replay(arguments, settings, video, folder):
    path = folder / "settings.json"
    path.write_text(json.dumps(settings))
    answer = subprocess.run([arguments.build / "framebroker", "--motion", path, "--video", video, "--json"], check=True,
                            stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def vtest_settings():
    width, height = VTEST_SIZE
    return {"zones": [{"name": name, "polygon": [[x / width, y / height] for x, y in polygon]}
                      for name, (polygon, _, _) in VTEST_ZONES.items()]}


def judge_vtest(arguments, footage_path, folder):
    """For each zone: for how many seconds at most somebody was there without an event, which lasts until nothing has moved
    for its cool-down; and how many events were of nobody."""
    events = replay(arguments, vtest_settings(), footage_path, folder)
    cooldown_s = 5
    rows = []
    for name, (_, truth, person) in VTEST_ZONES.items():
        own = [event for event in events if event["zone"] == name]
        missed = []
        for first, last in truth:
            at, gaps = first / 10, []
            for event in own:
                if event["reported_s"] <= last / 10 and event["ended_s"] >= at:
                    gaps.append(max(0.0, event["reported_s"] - at))
                    at = max(at, event["ended_s"] + cooldown_s)
            gaps.append(max(0.0, last / 10 - at))
            missed.append(max(gaps))
        wrong = sum(not any(first / 10 - 0.5 <= event["began_s"] <= last / 10 + 0.5 for first, last in truth)
                    for event in own)
        rows.append({"zone": name, "person": person, "movements": len(truth), "missed_s": max(missed), "made_up": wrong})
    return rows


# ---- Output ----

def print_verdict(results, tuned, peer):
    def row(words, figures, form):
        print(f"{words:46} | " + " | ".join(f"{form.format(value):>10}" for value in figures))

    print(f"{'':46} | {'ours':>10} | {'motion':>10}" if peer else f"{'':46} | {'ours':>10}")
    for words, part in (("tuning", tuned), ("verdict", [r for r in results if not r[0].is_for_tuning])):
        both = [figures_of(part, which) for which in ((1, 2) if peer else (1,))]
        print(f"{words}: {len(part)} scenes, {both[0]['movements']} movements")
        row("  recall", [figure["recall"] for figure in both], "{:.2f}")
        row("  false events an hour", [figure["made_up_an_hour"] for figure in both], "{:.0f}")
        row("  delay to the report, mean, s", [figure["delay_s"] for figure in both], "{:.2f}")
        row("  delay to the report, median, s", [figure["delay_median_s"] for figure in both], "{:.2f}")
        if peer:
            row("  mean of what both have seen, s", delays_of_both(part), "{:.2f}")
    for scene, ours, *others in results:
        faults = [f"{name}: " + ", ".join((["missed"] if None in verdict.delays else []) +
                                          [f"false at {at:.1f} s" for at in verdict.made_up])
                  for name, verdict in zip(("ours", "motion"), (ours, *(others if peer else ())))
                  if None in verdict.delays or verdict.made_up]
        if faults:
            print(f"  {scene.name:20} {'; '.join(faults)}")


def print_costs(costs):
    print("\nCPU of an analysed 1280x720 frame, ms")
    print(f"  JPEG of {costs['jpeg_bytes'] / 1000:.0f} KB | {costs['jpeg']:.2f} (target 0.8)")
    if "peer" in costs:
        print(f"  motion, the same frames | {costs['peer']:.2f}; ours is {costs['jpeg'] / costs['peer']:.2f} of it (target 0.3)")
    for name in ("yuyv", "nv12", "yu12"):
        print(f"  raw {name.upper()} | {costs[name]:.2f} (target 0.1)")
    print(f"{WALL} cameras of 1280x720 at 5 fps: {costs['wall']:.2f} cores, {costs['wall_without']:.2f} without motion "
          "(target 0.35)")


def find_peer():
    return shutil.which("motion", path=f"{os.environ['PATH']}:{ROOT}/build/motion/usr/bin")


def main():
    arguments = parse_arguments()
    footage_path = find_footage()
    peer_program = None if arguments.no_peer else find_peer()
    if peer_program is None and not arguments.no_peer:
        print("motion is missing: scripts/test unpacks it; without it only ours is measured", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-") as name:
        folder = pathlib.Path(name)
        arguments.scenes = arguments.scenes or folder / "scenes"
        arguments.scenes.mkdir(exist_ok=True)
        footage = motion_scenes.Footage(footage_path)
        scenes = [scene for scene in motion_scenes.make_scenes(footage)
                  if arguments.only in scene.name and (scene.is_for_tuning or not arguments.tuning)]
        draw_scenes(scenes, footage_path, arguments.scenes)
        results, waits_s = judge_scenes(arguments, peer_program, scenes, folder)
        rows = judge_vtest(arguments, footage_path, folder)
        of_cost = next((scene for scene in scenes if scene.name == "person-8-1"), None)
        costs = measure_costs(arguments, peer_program, of_cost, folder) if of_cost else None
    machine = bench.machine()
    tuned = [result for result in results if result[0].is_for_tuning]
    if arguments.json:
        print(json.dumps({
            "machine": machine, "vtest": rows, "costs": costs, "waits_s": waits_s,
            "scenes": [{"name": scene.name, "tuning": scene.is_for_tuning, "moves": scene.moves, "ours": vars(ours),
                        "motion": vars(theirs)} for scene, ours, theirs in results]}, indent=2))
        return
    print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}\n")
    print_verdict(results, tuned, peer_program is not None)
    if waits_s:
        print("\nreport after the first analysed frame that shows motion, median, p90, worst, s: "
              f"{statistics.median(waits_s):.2f}, {sorted(waits_s)[len(waits_s) * 9 // 10]:.2f}, {max(waits_s):.2f} "
              f"(target {2 / ANALYSED_FPS + 0.05:.2f})")
    print("\nvtest.avi, zone by zone: somebody was there without an event for at most ... s; events without anybody")
    for row in rows:
        print(f"  {row['zone']:12} people of {100 * row['person']:.0f} % | {row['missed_s']:.1f} s | {row['made_up']}")
    if costs:
        print_costs(costs)


if __name__ == "__main__":
    main()
