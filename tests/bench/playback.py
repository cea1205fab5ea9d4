#!/usr/bin/env python3
"""What it costs to look at what was recorded: seeking in a large catalogue, playing as fast as possible, and a history of
a million rows, beside the floor of sendfile() from one file."""
import argparse
import json
import pathlib
import random
import socket
import sqlite3
import statistics
import tempfile
import threading
import time

from bench import Program, machine, make_pictures

DAY_S = 86400
SEGMENT_S = 60
BOUNDARY = "framebroker-benchmark"


def process_cpu_s(pid):
    """Of all its threads, those that have ended too: the clock of clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)


def part(jpeg, at_ns, sequence, camera):
    head = (f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n"
            f"X-Timestamp: {at_ns // 10**9}.{at_ns % 10**9 // 1000:06}\r\nX-Sequence: {sequence}\r\n"
            f"X-Camera-Id: {camera}\r\nX-Recorded: 1\r\n\r\n")
    return head.encode() + jpeg + f"\r\n--{BOUNDARY}\r\n".encode()


def write_segment(path, jpegs, start_ns, interval_ns, count, camera):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(f"--{BOUNDARY}\r\n".encode())
        for number in range(count):
            file.write(part(jpegs[number % len(jpegs)], start_ns + number * interval_ns, number + 1, camera))
    return path.stat().st_size


class Recordings:
    """A folder of recordings whose catalogue the program has made, to be filled by hand."""

    def __init__(self, program, folder, cameras):
        self.program, self.folder = program, folder
        folder.mkdir()
        (folder / ".framebroker-recordings").touch()
        self.config = folder.with_suffix(".json")
        self.config.write_text(json.dumps({
            "server": {"listen": "127.0.0.1:0", "max_streams": 512}, "recording": {"path": str(folder)},
            "cameras": [{"id": id, "source": {"type": "pattern", "width": 160, "height": 120, "fps": 1}}
                        for id in cameras]}))
        with self.run() as server:
            until = time.monotonic() + 20
            while not (folder / "catalogue.sqlite").exists() and time.monotonic() < until:
                time.sleep(0.05)  # the program makes it in its own time

        self.keys = {}
        with self.database() as database:
            for id in cameras:
                database.execute("INSERT OR IGNORE INTO cameras(id) VALUES (?)", (id,))
            self.keys = dict(database.execute("SELECT id, key FROM cameras"))

    def run(self):
        return Program(self.program, "--config", self.config)

    def database(self):
        database = sqlite3.connect(self.folder / "catalogue.sqlite")
        database.execute("PRAGMA synchronous = OFF")
        return database


def receive(port, path, each=None, buffer_bytes=1 << 20):
    """Seconds to the first byte of the body, seconds in all, and bytes."""
    began = time.monotonic()
    total, first = 0, None
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{path}: {head.decode(errors='replace')}")
        total = len(head.partition(b"\r\n\r\n")[2])
        first = time.monotonic() - began if total else None
        buffer = bytearray(buffer_bytes)
        while count := connection.recv_into(buffer):
            first = first if first is not None else time.monotonic() - began
            total += count
            if each and not each(total):
                break
    return first, time.monotonic() - began, total


# ---- Seeking ----

def bench_seek(program, folder, cameras, days, seeks):
    ids = [f"camera-{number}" for number in range(cameras)]
    recordings = Recordings(program, folder / "seek", ids)
    jpegs = [path.read_bytes() for path in make_pictures(folder)]
    begin_s = int(time.time()) - days * DAY_S
    with recordings.database() as database:
        for id in ids:
            key = recordings.keys[id]
            stretch = database.execute(
                "INSERT INTO stretches(camera, start_ns, end_ns, bytes, full) VALUES (?, ?, ?, 0, 1)",
                (key, begin_s * 10**9, (begin_s + days * DAY_S) * 10**9)).lastrowid
            database.executemany(
                "INSERT INTO segments(camera, start_ns, end_ns, bytes, frames, state, full, stretch, name)"
                " VALUES (?, ?, ?, 24000000, 600, 1, 1, ?, ?)",
                ((key, at * 10**9, (at + SEGMENT_S) * 10**9 - 10**8, stretch,
                  time.strftime("%Y/%m/%d/%H%M%S.mjpeg", time.gmtime(at)))
                 for at in range(begin_s, begin_s + days * DAY_S, SEGMENT_S)))
    chosen = random.Random(1)
    places = []
    for _ in range(seeks):
        id = chosen.choice(ids)
        at = begin_s + chosen.randrange(days * DAY_S // SEGMENT_S) * SEGMENT_S
        name = time.strftime("%Y/%m/%d/%H%M%S.mjpeg", time.gmtime(at))
        write_segment(recordings.folder / id / name, jpegs, at * 10**9, 10**8, 20, id)
        places.append((id, at))
    with recordings.run() as server:
        times = []
        for id, at in places:
            first, _, _ = receive(server.port, f"/camera/{id}/video_feed?at={at}.5", lambda total: total < 20_000)
            times.append(first * 1000)
    times.sort()
    return {"segments": cameras * days * DAY_S // SEGMENT_S, "p50_ms": round(statistics.median(times), 1),
            "p99_ms": round(times[int(len(times) * 0.99)], 1)}


# ---- The timeline ----

def bench_timeline(program, folder, cameras, days, events, repeat):
    """Cameras of mode sparse: what is recorded changes between sparse and full at each event."""
    ids = [f"camera-{number}" for number in range(cameras)]
    recordings = Recordings(program, folder / "timeline", ids)
    begin_s = int(time.time()) - days * DAY_S
    step_s = DAY_S / events
    with recordings.database() as database:
        for key in recordings.keys.values():
            database.executemany(
                "INSERT INTO stretches(camera, start_ns, end_ns, bytes, full) VALUES (?, ?, ?, ?, ?)",
                ((key, int((begin_s + (number + 0.1 * part) * step_s) * 1e9),
                  int((begin_s + (number + (0.1 if part == 0 else 0.5)) * step_s) * 1e9 - 1e9), 40_000_000, part == 0)
                 for number in range(days * events) for part in range(2)))
            database.execute("INSERT INTO segments(camera, start_ns, end_ns, bytes, frames, state, full, stretch, name)"
                             " VALUES (?, ?, ?, 1, 1, 1, 1, 1, 'first'), (?, ?, ?, 1, 1, 1, 1, 1, 'last')",
                             (key, begin_s * 10**9, begin_s * 10**9,
                              key, (begin_s + days * DAY_S) * 10**9, (begin_s + days * DAY_S) * 10**9))
    results = {"stretches": 2 * cameras * days * events}
    with recordings.run() as server:
        for name, seconds in (("month", days * DAY_S), ("day", DAY_S), ("hour", 3600)):
            address = f"/api/recordings?from={begin_s}&to={begin_s + seconds}"
            receive(server.port, address)
            before = process_cpu_s(server.pid)
            runs = [receive(server.port, address) for _ in range(repeat)]
            results[name] = {"ms": round(statistics.median(seconds for _, seconds, _ in runs) * 1000, 1),
                             "cpu_ms": round((process_cpu_s(server.pid) - before) / repeat * 1000, 1),
                             "bytes": runs[0][2]}
    return results


# ---- Playing ----

def play(program, path):
    """CPU seconds a GB of one client that reads it all."""
    before = process_cpu_s(program.pid)
    _, _, total = receive(program.port, path)
    return (process_cpu_s(program.pid) - before) / total * 1e9


def bench_playback(program, floor, folder, megabytes, repeat):
    recordings = Recordings(program, folder / "playback", ["a"])
    jpegs = [path.read_bytes() for path in make_pictures(folder)]
    at = int(time.time()) - DAY_S
    count = megabytes * 10**6 // len(jpegs[0])
    path = recordings.folder / "a" / "film.mjpeg"
    size = write_segment(path, jpegs, at * 10**9, 10**8, count, "a")
    with recordings.database() as database:
        key = recordings.keys["a"]
        end = at * 10**9 + (count - 1) * 10**8
        stretch = database.execute("INSERT INTO stretches(camera, start_ns, end_ns, bytes, full) VALUES (?, ?, ?, ?, 1)",
                                   (key, at * 10**9, end, size)).lastrowid
        database.execute("INSERT INTO segments(camera, start_ns, end_ns, bytes, frames, state, full, stretch, name)"
                         " VALUES (?, ?, ?, ?, ?, 1, 1, ?, 'film.mjpeg')", (key, at * 10**9, end, size, count, stretch))
    ours, floors = [], []
    film = f"/camera/a/video_feed?at={at}&speed=max"
    with recordings.run() as server, Program(floor, path) as least:
        play(server, film)
        for _ in range(repeat):
            floors.append(play(least, "/"))
            ours.append(play(server, film))
    ratios = [mine / floor for mine, floor in zip(ours, floors)]
    return {"bytes": size, "cpu_s_a_gb": round(statistics.median(ours), 3),
            "floor_cpu_s_a_gb": round(statistics.median(floors), 3), "ratio": round(statistics.median(ratios), 2)}


# ---- The history ----

def read_slowly(port, path, rest, stop):
    """A client that takes some of it and waits."""
    def each(total):
        if total > 200_000:
            rest.release()
            stop.wait()
            return False
        return True
    receive(port, path, each, 16 << 10)


def bench_history(program, folder, rows, clients):
    recordings = Recordings(program, folder / "history", ["a", "b"])
    begin_ns = (int(time.time()) - 30 * DAY_S) * 10**9
    with recordings.database() as database:
        database.executemany(
            "INSERT INTO events(at_ns, camera, kind, details) VALUES (?, ?, ?, ?)",
            ((begin_ns + number * 10**9, recordings.keys["ab"[number % 2]], ("motion", "state")[number % 2],
              json.dumps({"camera": "ab"[number % 2], "state": "live", "previous": "stale", "error": None}))
             for number in range(rows)))
    results = {"rows": rows}
    with recordings.run() as server:
        receive(server.port, "/api/history?limit=10")
        for name, path in (("csv", "/api/history?format=csv"), ("page", "/history"), ("json", "/api/history")):
            memory, before = server.resident_bytes(), process_cpu_s(server.pid)
            first, seconds, total = receive(server.port, path)
            results[name] = {"first_byte_ms": round(first * 1000, 1), "seconds": round(seconds, 2), "bytes": total,
                             "cpu_us_a_row": round((process_cpu_s(server.pid) - before) / rows * 1e6, 2),
                             "memory_grows_kb": (server.resident_bytes() - memory) // 1024}
        memory, rest, stop = server.resident_bytes(), threading.Semaphore(0), threading.Event()
        threads = [threading.Thread(target=read_slowly, args=(server.port, "/api/history?format=csv", rest, stop))
                   for _ in range(clients)]
        for thread in threads:
            thread.start()
        for _ in threads:
            rest.acquire()
        results["clients"] = {"count": clients, "memory_grows_kb": (server.resident_bytes() - memory) // 1024}
        stop.set()
        for thread in threads:
            thread.join()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--events", type=int, default=100, help="of a camera and day, on the timeline")
    parser.add_argument("--seeks", type=int, default=300)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=7, help="runs of playback and of its floor, in turns")
    parser.add_argument("--only", choices=["seek", "timeline", "playback", "history"])
    arguments = parser.parse_args()
    program = arguments.build / "framebroker"
    report = {"machine": machine()}
    with tempfile.TemporaryDirectory(prefix="framebroker-bench-", dir=arguments.build) as name:
        folder = pathlib.Path(name).resolve()
        if arguments.only in (None, "playback"):
            report["playback"] = bench_playback(program, arguments.build / "bench/playback_floor", folder,
                                                arguments.megabytes, arguments.repeat)
        if arguments.only in (None, "history"):
            report["history"] = bench_history(program, folder, arguments.rows, arguments.clients)
        if arguments.only in (None, "timeline"):
            report["timeline"] = bench_timeline(program, folder, arguments.cameras, arguments.days, arguments.events,
                                                arguments.repeat)
        if arguments.only in (None, "seek"):
            report["seek"] = bench_seek(program, folder, arguments.cameras, arguments.days, arguments.seeks)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
