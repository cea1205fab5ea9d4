"""The built program for ten seconds with cameras that vanish, freeze and refuse, viewers of all manners that come and
go, and requests in between; then SIGTERM in the middle of it all.

    stress_server.py [SECONDS [SEED]]
"""
import asyncio
import collections
import json
import pathlib
import random
import re
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import PATIENCE_S, TIME_SCALE, Server, pattern  # noqa: E402

VIEWERS = 50
MAX_STREAMS = 40  # fewer than viewers: some are sent away
REQUESTERS = 3
VARIANTS = ["", "", "width=40", "width=160&quality=30", "quality=50&fps=5", "variant=thumb"]
ANSWER_WITHIN_S = 5 * TIME_SCALE
REPORT_OF_SANITIZER = re.compile(r"Sanitizer|runtime error:")


def camera(identifier, fps=30, on_demand=True, **faults):
    """A camera that every two seconds has each of these faults for so many seconds."""
    list_of_faults = [
        {"kind": kind, "at_s": at, "for_s": seconds} for kind, seconds in faults.items() for at in range(1, 80, 2)]
    return pattern(identifier, fps=fps, faults=list_of_faults, stale_after_ms=300 if faults else 300 * TIME_SCALE,
                   idle_timeout_s=0.5, on_demand=on_demand)


CONFIG = {
    # So many that they never run short: a client that is slow to ask, as this program can be, is closed then.
    "server": {"max_streams": MAX_STREAMS, "request_threads": 256},
    "defaults": {"max_variants": 2, "variants": {"thumb": {"width": 100, "fps": 5}}},
    "cameras": [
        camera("healthy", on_demand=False),
        camera("vanishes", vanish=0.5),
        camera("freezes", freeze=0.8),
        camera("truncates", fps=60, truncated=0.5),
        camera("refuses", vanish=0.1, fail_open=1),
        camera("slow-to-open", vanish=0.1, slow_open=0.4),
    ],
}


class Stress:
    def __init__(self, port, seed):
        self.port = port
        self.random = random.Random(seed)
        self.counts = collections.Counter()
        self.states = collections.defaultdict(set)
        self.restarts = collections.Counter()
        self.stopping = False

    def pick_camera(self):
        return self.random.choice(CONFIG["cameras"])["id"]

    async def open(self, path):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return reader, writer

    async def forever(self, once):
        """Repeats it until the server is told to stop; from then on connections may break off."""
        while not self.stopping:
            try:
                await once()
            except (OSError, asyncio.IncompleteReadError):
                if not self.stopping:
                    raise

    async def view(self):
        """One visit to a stream, in one of the manners of real clients."""
        identifier = self.pick_camera()
        manner = self.random.choice(["reads", "reads", "reads", "reads slowly", "never reads", "leaves at once"])
        until = time.monotonic() + self.random.uniform(0.05, 2)
        path = self.random.choice([f"/camera/{identifier}/video_feed?", f"/feed?cameras=healthy,{identifier}&"])
        reader, writer = await self.open(path + self.random.choice(VARIANTS))
        if manner == "never reads":
            await asyncio.sleep(until - time.monotonic())
        elif manner != "leaves at once":
            await self.read_stream(identifier, reader, until, pause_s=0.05 if manner == "reads slowly" else 0)
        if self.random.random() < 0.3:  # vanish with a reset
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()
        self.counts["visits"] += 1

    async def read_stream(self, identifier, reader, until, pause_s):
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_WITHIN_S)
        if b" 503 " in head:
            assert b"\r\nRetry-After: " in head, head
            self.counts["sent away"] += 1
            await asyncio.sleep(0.05)
            return
        assert b" 200 " in head and b"multipart/x-mixed-replace" in head, head
        while time.monotonic() < until:
            try:
                data = await asyncio.wait_for(reader.read(4096 if pause_s else 65536), until - time.monotonic())
            except asyncio.TimeoutError:
                return
            if not data:
                assert self.stopping, f"the stream of {identifier} ended by itself"
                return
            self.counts[f"frames of {identifier}"] += data.count(f"\r\nX-Camera-Id: {identifier}\r\n".encode())
            await asyncio.sleep(pause_s)

    async def request(self):
        path = self.random.choice(["/", "/healthz", "/api/status", "/api/status", "/camera/healthy/snapshot",
                                   "/camera/healthy/snapshot?variant=thumb"])
        reader, writer = await self.open(path)
        answer = await asyncio.wait_for(reader.read(), ANSWER_WITHIN_S)
        writer.close()
        if self.stopping:
            return
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b" 200 " in head, (path, head)
        self.counts[path] += 1
        if path == "/api/status":
            for status in json.loads(body)["cameras"]:
                self.states[status["id"]].add(status["state"])
                self.restarts[status["id"]] = status["restarts"]

    def unseen(self):
        """What has still to happen, in words."""
        for each in CONFIG["cameras"]:
            if not self.counts[f"frames of {each['id']}"]:
                yield f"a frame of {each['id']}"
        for identifier, state in (("vanishes", "offline"), ("freezes", "stale"), ("refuses", "offline")):
            if state not in self.states[identifier]:
                yield f"{identifier} being {state}: {self.states[identifier]}"
        if not self.restarts["vanishes"]:
            yield "a restart of vanishes"
        if not self.counts["sent away"]:
            yield "a viewer who is sent away"


async def load(server, seconds, seed):
    """Loads the server until its end, which comes by SIGTERM after so many seconds and all that is to happen, or at the
    first failure."""
    stress = Stress(server.port, seed)
    tasks = [asyncio.create_task(stress.forever(stress.view)) for _ in range(VIEWERS)]
    tasks += [asyncio.create_task(stress.forever(stress.request)) for _ in range(REQUESTERS)]
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    patience = time.monotonic() + PATIENCE_S * TIME_SCALE
    while not done and list(stress.unseen()) and time.monotonic() < patience:
        done, _ = await asyncio.wait(tasks, timeout=1, return_when=asyncio.FIRST_EXCEPTION)
    stress.stopping = True
    took_s = await asyncio.to_thread(server.signal)
    await asyncio.gather(*tasks)
    assert not list(stress.unseen()), list(stress.unseen())
    assert stress.states["healthy"] <= {"idle", "starting", "live"}, stress.states["healthy"]
    print(f"{dict(sorted(stress.counts.items()))}; ended in {took_s:.2f} s")


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"seed {seed}", flush=True)
    with Server(CONFIG) as server:
        asyncio.run(load(server, seconds, seed))
        assert not REPORT_OF_SANITIZER.search(server.log()), "a sanitizer has something to say"


if __name__ == "__main__":
    main()
