#!/usr/bin/env python3
"""Small machines: what an idle server takes, that little memory suffices, and what it says where a limit does not."""
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from harness import PROGRAM, SANITIZED, SOURCE_DIR, TIME_SCALE, Server, main, pattern, wait_until
from recordings import Recordings

DEMO = SOURCE_DIR / "config/demo.json"
CONTROL_GROUPS = pathlib.Path("/sys/fs/cgroup")
NOBODY = 65534


def demo():
    """The demo as it is shipped, from a folder of its own."""
    config = json.loads(DEMO.read_text())
    for camera in config["cameras"]:
        files = camera["source"].get("files", [])
        files[:] = [str(DEMO.parent / file) for file in files]
    return config


def idle_demo():
    """The demo, but for what it records: that keeps cameras open."""
    config = demo()
    del config["recording"]
    for camera in config["cameras"]:
        camera.pop("record", None)
    return config


def limited(limit):
    """The program below a limit that a shell sets."""
    return ["bash", "-c", f'{limit} && exec "$0" "$@"', PROGRAM]


@contextlib.contextmanager
def control_group(controller, file, value):
    """A group with a limit, and the command that a shell enters it by. In version 2, or the controller's own hierarchy of
    version 1."""
    for parent in (CONTROL_GROUPS / controller, CONTROL_GROUPS):
        try:
            group = pathlib.Path(tempfile.mkdtemp(prefix="framebroker-", dir=parent))
        except OSError:
            continue
        try:
            if (group / file).exists():
                (group / file).write_text(str(value))
                yield f"echo $$ >{group}/cgroup.procs"
                return
        finally:
            group.rmdir()
    raise unittest.SkipTest(f"no control group with {file} can be made here")


class SmallMachines(unittest.TestCase):
    def assert_streams(self, program):
        with Server(DEMO, program=program) as server:
            for camera in server.get("/api/cameras").json["cameras"]:
                self.assertEqual(server.get(f"/camera/{camera['id']}/snapshot").status, 200)
            with server.stream("/feed?cameras=front-door,garden&width=320") as stream:
                stream.frame()

    def assert_refused(self, command, words, user=None):
        """The demo does not start, and says why at once."""
        started = time.monotonic()
        result = subprocess.run([*command, "--config", str(DEMO), "--listen", "127.0.0.1:0"], user=user,
                                capture_output=True, text=True, timeout=30)
        self.assertLess(time.monotonic() - started, 1 * TIME_SCALE)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(words, result.stderr)

    def test_idle_demo_takes_11_mb_and_45_threads(self):
        with Server(idle_demo()) as server:
            server.wait_for_state("front-door", "idle")
            self.assertLessEqual(server.threads(), 41 + 2 * os.cpu_count())  # workers and senders: one a core
            if not SANITIZED:
                self.assertLess(server.memory_kb(), 11 << 10)

    @unittest.skipIf(SANITIZED, "sanitizers take more")
    def test_demo_without_viewers_takes_16_mb(self):
        """Two of its cameras are recorded, and so they are open."""
        config = demo()
        recordings = Recordings(self)
        config["recording"]["path"] = str(recordings.path)
        with Server(config) as server:
            for camera in ("front-door", "hallway"):
                wait_until(lambda: len(recordings.parts(camera)) >= 5, 60, "frames on the disk")
            self.assertLess(server.memory_kb(), 16 << 10)

    @unittest.skipIf(SANITIZED, "sanitizers take more")
    def test_64_mb_of_memory_suffice(self):
        version_1, version_2 = "memory.limit_in_bytes", "memory.max"
        file = version_1 if (CONTROL_GROUPS / "memory" / version_1).exists() else version_2
        with control_group("memory", file, 64 << 20) as enter:
            self.assert_streams(limited(enter))

    @unittest.skipIf(SANITIZED, "sanitizers take more")
    def test_512_mb_of_addresses_suffice(self):
        self.assert_streams(limited("ulimit -v 524288"))

    @unittest.skipIf(SANITIZED, "sanitizers take more")
    def test_limit_of_the_address_space_is_named(self):
        """Below what suffices, and above what the program's libraries take, without which it cannot say anything."""
        config = {"server": {"request_threads": 256}, "cameras": [pattern("a")]}
        for limit in range(200_000, 20_000, -4_000):
            try:
                with Server(config, program=limited(f"ulimit -v {limit}")):
                    pass
            except AssertionError as error:
                words = f"the limit of {limit} KB of address space (ulimit -v, LimitAS=) is reached"
                self.assertIn(words, str(error))
                return
        self.fail("there is always enough")

    def test_limit_of_a_control_group_is_named(self):
        words = "the limit of 20 tasks of the control group (pids.max, TasksMax=) is reached"
        with control_group("pids", "pids.max", 20) as enter:
            self.assert_refused(limited(enter), words)

    @unittest.skipIf(os.geteuid() != 0, "needs root, to become a user without other processes")
    def test_limit_of_the_user_is_named(self):
        if subprocess.run(["test", "-x", PROGRAM, "-a", "-r", DEMO], user=NOBODY).returncode != 0:
            self.skipTest("the program is in a folder that other users cannot read")
        words = "the limit of 20 processes and threads of this user (ulimit -u, LimitNPROC=) is reached"
        self.assert_refused(limited("ulimit -u 20"), words, NOBODY)


if __name__ == "__main__":
    main()
