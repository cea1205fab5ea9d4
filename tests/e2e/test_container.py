#!/usr/bin/env python3
"""As the first process of a container: what programs leave behind is reaped, signals arrive, the status is passed on."""
import os
import pathlib
import signal
import subprocess
import unittest

from harness import PROGRAM, Server, eventually, main, wait_until

CONTAINER = ("unshare", *(() if os.geteuid() == 0 else ("--map-root-user",)), "--pid", "--fork", "--mount-proc",
             "--kill-child")


def require_containers():
    if subprocess.run([*CONTAINER, "true"], capture_output=True).returncode != 0:
        raise unittest.SkipTest("no name spaces may be made here")


def children(pid):
    """Number and state of each."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                found.append((int(child), pathlib.Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]))
            except OSError:
                pass
    return found


class ContainerServer(Server):
    """Signals go to the first process."""

    def __init__(self, config):
        super().__init__(config, program=(*CONTAINER, PROGRAM))
        ((self.init, _),) = children(self.process.pid)

    def signal(self, number=signal.SIGTERM, seconds=2):
        self.told_to_end = True
        os.kill(self.init, number)
        assert self.process.wait(seconds) == 0, f"exit status {self.process.returncode}"


class FirstProcess(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require_containers()

    def test_what_programs_leave_behind_is_reaped(self):
        leave = "for i in 1 2 3 4 5; do setsid sleep 0.2 & done; exit 1"
        camera = {"id": "a", "on_demand": False, "source": {"type": "exec", "command": ["sh", "-c", leave]}}
        hook = {"command": ["sh", "-c", leave], "after_s": 0, "states": ["offline"], "retries": 0}
        with ContainerServer({"cameras": [camera], "hooks": {"on_state_change": hook}}) as server:
            server.wait_for_camera("a", lambda camera: camera["restarts"] >= 2, 15, "two restarts")
            wait_until(lambda: len(children(server.init)) > 1, 10, "children that were left behind")
            wait_until(lambda: all(state != "Z" for _, state in children(server.init)), 10, "them to be reaped")

    def test_signals_are_passed_on(self):
        with ContainerServer({"cameras": [{"id": "a", "source": {"type": "pattern"}}]}) as server:
            server.configure({"cameras": [{"id": "b", "source": {"type": "pattern"}}]})
            os.kill(server.init, signal.SIGHUP)
            eventually(lambda: [camera["id"] for camera in server.status()["cameras"]], ["b"], "the reload")
            server.signal(signal.SIGINT)

    def test_the_status_is_the_servers(self):
        for arguments, status in (("--version", 0), ("--no-such-option", 2)):
            result = subprocess.run([*CONTAINER, PROGRAM, arguments], capture_output=True)
            self.assertEqual(result.returncode, status)


if __name__ == "__main__":
    main()
