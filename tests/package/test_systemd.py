#!/usr/bin/env python3
"""The service under systemd: installed from the package, on a machine of its own."""
import base64
import http.client
import json
import re
import statistics
import time
import unittest

from tree import Machine, check_output, packages, skip_unless_possible
from harness import TIME_SCALE, Server, main, pattern, wait_until

CONFIGURATION = "etc/framebroker/framebroker.json"
ENVIRONMENT = "etc/default/framebroker"
DROP_IN = "run/systemd/system/framebroker.service.d/test.conf"
VIDEO_MAJOR = 81
KEY = "correct-horse"
PICTURE = "/usr/share/framebroker/demo/1.jpg"
FILM = "/srv/film.mp4"
HEARD = "/var/lib/framebroker/heard"
# Instead of giving an error that the program might live with. libnuma, which comes with FFmpeg, does: it tries one call
# when it is loaded.
REFUSED_CALLS_KILL = ("SystemCallErrorNumber=kill", "SystemCallFilter=set_mempolicy")

machine = None


def setUpModule():
    global machine
    skip_unless_possible("ffmpeg")
    machine = Machine()
    unittest.addModuleCleanup(machine.stop)
    install()


def install():
    machine.check("dpkg", "--install", *map(machine.add, packages().values()))


def systemctl(*words):
    return machine.run("systemctl", *words)


def log():
    return machine.check("journalctl", "--unit=framebroker", "--no-pager")


class Service(Server):
    """The service, as the harness speaks to a server."""

    def __init__(self):
        self.port = 8080

    def shown(self, name):
        return machine.check("systemctl", "show", "--value", f"--property={name}", "framebroker").strip()

    @property
    def pid(self):
        return int(self.shown("MainPID"))

    def answers(self):
        try:
            return self.get("/healthz", timeout=1).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def proc_file(self, name):
        """A file in /proc of its first process, which has another number in the machine than here."""
        return machine.check("cat", f"/proc/{self.pid}/{name}")


class ServiceTest(unittest.TestCase):
    """Every test begins with the service as it was installed, just started."""

    def setUp(self):
        self.service = Service()
        for path in (CONFIGURATION, ENVIRONMENT):
            file = machine.root / path
            self.addCleanup(file.write_text, file.read_text())
        systemctl("reset-failed", "framebroker")
        machine.check("systemctl", "restart", "framebroker")

    def configure(self, *cameras, **config):
        (machine.root / CONFIGURATION).write_text(json.dumps({"cameras": cameras, **config}))

    def amend(self, *lines):
        """Changes the service for this test, and restarts it."""
        def undo():
            machine.check("rm", f"/{DROP_IN}")
            machine.check("systemctl", "daemon-reload")
        machine.check("mkdir", "-p", f"/{DROP_IN.rsplit('/', 1)[0]}")
        machine.check("sh", "-c", 'printf "%s\\n" "$@" >"$0"', f"/{DROP_IN}", "[Service]", *lines)
        self.addCleanup(undo)
        machine.check("systemctl", "daemon-reload")
        machine.check("systemctl", "restart", "framebroker")

    def wait_for_another_process(self, old):
        wait_until(lambda: self.service.pid not in (0, old) and self.service.answers(), 20, "the service to come back")


class Life(ServiceTest):
    def test_installed_service_is_enabled_and_tells_how_it_fares(self):
        self.assertEqual(systemctl("is-enabled", "framebroker").stdout, "enabled\n")
        self.assertTrue(self.service.answers())
        self.assertRegex(self.service.shown("StatusText"), "^cameras: 1 .*, viewers: 0$")

    def test_killed_service_is_back_within_a_second(self):
        def seconds_away():
            old = self.service.pid
            machine.check("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "framebroker")
            started = time.monotonic()
            while not self.service.answers():
                self.assertLess(time.monotonic() - started, 20 * TIME_SCALE)
            away = time.monotonic() - started
            self.assertNotEqual(self.service.pid, old)
            return away
        self.assertLess(statistics.median(seconds_away() for _ in range(3)), 1)

    def test_service_that_hangs_is_replaced(self):
        self.amend("WatchdogSec=2s")
        old = self.service.pid
        machine.check("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "framebroker")
        self.wait_for_another_process(old)
        self.assertIn("Watchdog timeout", log())

    def test_stopping_takes_less_than_two_seconds_and_ends_well(self):
        started = time.monotonic()
        machine.check("systemctl", "stop", "framebroker")
        self.assertLess(time.monotonic() - started, 2 * TIME_SCALE)
        self.assertEqual((self.service.shown("Result"), self.service.shown("ExecMainStatus")), ("success", "0"))

    def test_purge_leaves_nothing(self):
        self.addCleanup(install)
        old = self.service.pid
        machine.check("dpkg", "--purge", "framebroker-ffmpeg", "framebroker")
        self.assertNotEqual(machine.run("test", "-e", f"/proc/{old}").returncode, 0)
        self.assertEqual(machine.check("find", "/etc", "/usr", "/var/lib", "/run", "-name", "*framebroker*", "-not",
                                       "-path", "/run/systemd/*"), "")


class Configuration(ServiceTest):
    def test_faulty_file_is_told_by_reload_and_changes_nothing(self):
        old = self.service.pid
        self.configure({"source": {"type": "patern"}})
        self.assertNotEqual(systemctl("reload", "framebroker").returncode, 0)
        self.assertIn('did you mean "pattern"?', log())
        self.assertEqual(self.service.pid, old)
        self.assertTrue(self.service.answers())

    def test_reload_takes_the_new_file_without_a_restart(self):
        old = self.service.pid
        self.configure(pattern("new"))
        machine.check("systemctl", "reload", "framebroker")
        wait_until(lambda: [camera["id"] for camera in self.service.status()["cameras"]] == ["new"], 10, "the camera")
        self.assertEqual(self.service.pid, old)

    def test_faulty_file_is_told_by_start_which_is_not_tried_again(self):
        self.configure()
        self.assertNotEqual(systemctl("restart", "framebroker").returncode, 0)
        self.assertEqual(systemctl("is-failed", "framebroker").stdout, "failed\n")
        self.assertEqual(self.service.shown("NRestarts"), "0")

    def test_environment_comes_from_a_file_that_only_root_can_read(self):
        self.assertEqual(machine.check("stat", "-c", "%U %a", f"/{ENVIRONMENT}"), "root 600\n")
        (machine.root / ENVIRONMENT).write_text("CAMERA_NAME=Hall way\n")
        self.configure(pattern("a", name="${CAMERA_NAME}"))
        machine.check("systemctl", "restart", "framebroker")
        self.assertEqual(self.service.camera("a")["name"], "Hall way")


class Confinement(ServiceTest):
    def test_process_has_no_privileges(self):
        status = dict(re.findall(r"^(\w+):\t(.*)$", self.service.proc_file("status"), re.MULTILINE))
        self.assertNotIn("0", status["Uid"].split())
        for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))

    def test_descriptors_suffice_for_all_streams_that_can_be_configured(self):
        limits = self.service.proc_file("limits")
        self.assertGreaterEqual(int(re.search(r"Max open files +([0-9]+)", limits)[1]), 10000 + 10000)

    def test_no_file_can_be_written_but_its_own(self):
        inside = ("nsenter", f"--target={self.service.pid}", "--mount", "sh", "-c")
        for place in ("/etc/framebroker", "/usr", "/root", "/var/lib/dpkg", "/sys"):
            self.assertNotEqual(machine.run(*inside, f"touch {place}/file").returncode, 0, place)
        machine.check(*inside, "touch /var/lib/framebroker/file && rm /var/lib/framebroker/file")

    def test_cameras_are_the_only_devices(self):
        # No driver is behind the numbers: who may open the device hears that, who may not hears of permissions.
        for path, number in (("/dev/video0", f"{VIDEO_MAJOR} 0"), ("/dev/other", "250 0")):
            machine.check("mknod", "--mode=0660", path, "c", *number.split())
            machine.check("chgrp", "video", path)
            self.addCleanup(machine.check, "rm", path)
        self.configure(*({"id": name, "source": {"type": "v4l2", "device": f"/dev/{name}"}, "on_demand": False}
                         for name in ("video0", "other")))
        machine.check("systemctl", "restart", "framebroker")
        allowed, denied = (self.service.wait_for_state(name, "offline")["error"] for name in ("video0", "other"))
        self.assertNotIn("ermission", allowed)
        self.assertIn("ermission", denied)

    def test_all_that_it_does_gets_by_with_its_system_calls(self):
        check_output("ffmpeg", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=2", "-pix_fmt", "yuv420p",
                     f"{machine.root}{FILM}")
        self.configure(pattern("drawn", on_demand=False), pattern("broken", faults=[{"kind": "vanish", "at_s": 1}]),
                       {"id": "played", "source": {"type": "emulated", "files": [PICTURE]}},
                       {"id": "absent", "source": {"type": "v4l2"}},
                       {"id": "fetched", "source": {"type": "url", "url": "http://127.0.0.1:8080/video_feed"}},
                       {"id": "decoded", "source": {"type": "url", "url": FILM, "loop": True}},
                       {"id": "pushed", "source": {"type": "push", "key": KEY}, "on_demand": False},
                       hooks={"on_state_change": [
                           {"command": ["/bin/sh", "-c", f"cat >>{HEARD}"], "after_s": 0},
                           {"url": "http://127.0.0.1:8080/nobody", "after_s": 0, "retries": 0}]})
        self.addCleanup(machine.run, "rm", "--force", HEARD)
        self.amend(*REFUSED_CALLS_KILL)
        old = self.service.pid
        check_output("curl", "--fail", "--silent", "--header", f"Authorization: Bearer {KEY}", "--data-binary",
                     f"@{machine.root}{PICTURE}", "http://127.0.0.1:8080/camera/pushed/frame")
        for camera in ("drawn", "played", "fetched", "decoded", "pushed"):
            with self.service.stream(f"/camera/{camera}/video_feed?width=160") as stream:
                stream.frame_where(lambda part: part.state == "live", 10, f"a live frame of {camera}")
        for camera in ("broken", "absent"):
            with self.service.stream(f"/camera/{camera}/video_feed") as stream:
                stream.frame_where(lambda part: part.state == "offline", 10, f"a placeholder of {camera}")
        for path in ("/", "/status", "/camera/drawn", "/api/status", "/api/cameras", "/readyz"):
            self.assertIn(self.service.get(path).status, (200, 503))
        wait_until(lambda: '"offline"' in machine.run("cat", HEARD).stdout, 10, "a hook to hear of a broken camera")
        machine.check("systemctl", "reload", "framebroker")
        self.assertTrue(self.service.answers())
        self.assertEqual((self.service.pid, self.service.shown("NRestarts")), (old, "0"))
        machine.check("systemctl", "stop", "framebroker")
        self.assertEqual(self.service.shown("Result"), "success")

    def test_program_is_a_camera(self):
        """ffmpeg, without privileges: started for a viewer, ended after it, replaced when it is killed."""
        machine.add_program("ffmpeg")
        self.configure({"id": "program", "idle_timeout_s": 0.2, "source": {"type": "exec", "command": [
            "ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10", "-f", "mjpeg", "-"]}})
        machine.check("systemctl", "restart", "framebroker")
        wait_until(self.service.answers, 20, "the service to answer")
        with self.service.stream("/camera/program/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "live", 20, "a live frame")
            machine.check("sh", "-c", "kill -KILL $(grep -lx ffmpeg /proc/[0-9]*/comm | cut -d/ -f3)")
            self.service.wait_for_camera("program", lambda camera: camera["restarts"] == 1, 10, "its end to be seen")
            stream.frame_where(lambda part: part.state == "live", 20, "a live frame of the next program")
        wait_until(lambda: machine.run("sh", "-c", "grep -lx ffmpeg /proc/[0-9]*/comm").stdout == "", 10,
                   "the program to end")

    def test_logins_get_by_with_their_system_calls(self):
        hash = machine.check("sh", "-c", "echo password | framebroker --hash-password").strip()
        self.configure(pattern("a"), users=[{"name": "anna", "password": hash}])
        self.amend(*REFUSED_CALLS_KILL)
        old = self.service.pid
        for password, expected in (("password", 200), ("wrong", 401)):
            pair = base64.b64encode(f"anna:{password}".encode()).decode()
            self.assertEqual(self.service.get("/api/cameras", headers={"Authorization": f"Basic {pair}"}).status, expected)
        self.assertEqual((self.service.pid, self.service.shown("NRestarts")), (old, "0"))


if __name__ == "__main__":
    main()
