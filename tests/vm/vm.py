#!/usr/bin/env python3
"""A virtual machine with Debian's kernel and four virtual cameras, and the program running in it.

    with Machine() as machine:
        status, output = machine.run("v4l2-ctl --list-devices")
        with GuestServer(machine, {"cameras": [...]}) as server:
            server.get("/healthz").status

The machine is emulated, so this works wherever qemu does, and slowly: 640x480 at 15 fps is fine, 720p at 60 is not.
Its clock is up to a second off the host's.

As a program, runs the tests of all files beside it in one machine."""
import atexit
import json
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
from harness import (  # noqa: E402, F401
    PATIENCE_S, PROGRAM, READY, Server, decode_fault, eventually, pattern, wait_until)

CACHE = pathlib.Path(PROGRAM).resolve().parent / "vm"
BOOT_SECONDS = 120
AGENT_PORT, HTTP_PORT = 7000, 8080  # in the machine
WEBCAMS = ("/dev/video0", "/dev/video1", "/dev/video2")
HDMI = "/dev/video3"


def v4l2(id, device, source=None, **camera):
    """The configuration of a camera that captures from a device: small and slow unless its source says otherwise, but
    for the size of the HDMI input, which is that of its signal."""
    size = {} if device == HDMI else {"width": 320, "height": 180}
    usual = {"type": "v4l2", "device": device, "format": "YUYV", "fps": 10, **size}
    return {"id": id, "source": {**usual, **(source or {})}, **camera}


def is_live(part):
    return part.state == "live"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    def __init__(self):
        subprocess.run([HERE / "make_initramfs", PROGRAM, CACHE], check=True)
        self.directory = tempfile.TemporaryDirectory(prefix="framebroker-vm-")
        self.console_path = pathlib.Path(self.directory.name, "console")
        self.agent_port, self.http_port = free_port(), free_port()
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{outside}-:{inside}"
                           for outside, inside in ((self.agent_port, AGENT_PORT), (self.http_port, HTTP_PORT)))
        self.process = subprocess.Popen(
            # It ends with us, however we end.
            ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max",
             "-smp", "2", "-m", "1024", "-nodefaults", "-display", "none", "-no-reboot",
             "-serial", f"file:{self.console_path}",
             "-netdev", f"user,id=net,restrict=on{forwards}", "-device", "virtio-net-pci,netdev=net,romfile=",
             "-kernel", CACHE / "kernel/vmlinuz", "-initrd", CACHE / "initramfs",
             # no_timer_check: an emulated timer may be late, which is no reason to panic.
             "-append", "console=ttyS0 quiet panic=-1 no_timer_check"], stdin=subprocess.DEVNULL)
        try:
            wait_until(self._is_ready, BOOT_SECONDS, "the machine to boot")
        except BaseException:
            self.stop(show_console=True)
            raise

    def _is_ready(self):
        assert self.process.poll() is None, f"qemu ended with {self.process.returncode}"
        return "the machine is ready" in self.console()

    def console(self):
        return self.console_path.read_text(errors="replace") if self.console_path.exists() else ""

    def run(self, command, seconds=60):
        """Runs a shell command in the machine: its exit status, and what it wrote. What it leaves running must not
        keep its output."""
        with socket.create_connection(("127.0.0.1", self.agent_port), seconds) as connection:
            connection.settimeout(seconds)
            connection.sendall(f"{len(command.encode())}\n{command}".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        output, _, status = answer.decode(errors="replace").rpartition("\n")
        assert status.isdecimal(), f"the agent answered {command!r} with {answer!r}"
        return int(status), output

    def check(self, command, seconds=60):
        """What a command wrote that must succeed."""
        status, output = self.run(command, seconds)
        assert status == 0, f"{command!r} ended with {status}: {output}"
        return output

    def write_file(self, path, text):
        self.check(f"cat >{shlex.quote(path)} <<'END-OF-FILE'\n{text}\nEND-OF-FILE\n")

    def set_controls(self, device, **controls):
        """Sets controls of a camera by the names that v4l2-ctl lists."""
        settings = ",".join(f"{name}={value}" for name, value in controls.items())
        self.check(f"v4l2-ctl -d {device} --set-ctrl {settings}")

    def unplug_cameras(self):
        """All four vanish, also while they are open."""
        self.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind")

    def plug_cameras_in(self):
        """Brings back those that were unplugged, with all controls as they were at first."""
        self.check("test -e /dev/video0 || echo vivid.0 >/sys/bus/platform/drivers/vivid/bind")

    def stop(self, show_console=False):
        self.process.kill()
        self.process.wait()
        if show_console:
            sys.stderr.write(f"--- the machine's console ---\n{self.console()[-8000:]}\n---\n")
        self.directory.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop(show_console=kind is not None)


class GuestServer(Server):
    """The program, running in the machine. There is one at a time."""

    def __init__(self, machine, config):
        self.machine, self.port = machine, machine.http_port
        config = {**config, "server": {"allow_anonymous": True, **config.get("server", {})}}  # its network is the host
        machine.write_file("/tmp/config.json", json.dumps(config, indent=2))
        machine.run("killall -9 framebroker")  # if a failed test has left it running
        machine.check("cd /tmp && rm -f stdout stderr status && { "
                      f"(framebroker --config config.json --listen 0.0.0.0:{HTTP_PORT}; echo $? >status) "
                      ">stdout 2>stderr & }")
        try:
            wait_until(self._has_started, PATIENCE_S, "the server in the machine")
        except BaseException:
            self._show_log()
            raise
        self.guest_pid = int(machine.check("pidof framebroker"))

    def _has_started(self):
        assert self.machine.run("test -e /tmp/status")[0] != 0, "the server ended by itself"
        return READY.fullmatch(self.machine.check("cat /tmp/stdout"))

    @property
    def pid(self):
        return self.guest_pid

    def log(self):
        return self.machine.check("cat /tmp/stderr")

    def _show_log(self):
        sys.stderr.write(f"--- the server's standard error ---\n{self.log()[-8000:]}\n---\n")

    def descriptors(self):
        return int(self.machine.check(f"ls /proc/{self.pid}/fd | wc -l"))

    def open_devices(self):
        """The devices that the program has open, one for each descriptor."""
        links = self.machine.check(f"ls -l /proc/{self.pid}/fd")
        return sorted(re.findall(r"-> (/dev/video\S*)", links))

    def mapped_buffers(self):
        """How many buffers of cameras the program has mapped."""
        return self.machine.check(f"cat /proc/{self.pid}/maps").count("/dev/video")

    def stop(self):
        status = self.machine.run(f"kill {self.pid}")[0]
        assert status == 0, "the server ended by itself"
        eventually(lambda: self.machine.run("test -s /tmp/status")[0], 0, "the server to end")
        code = int(self.machine.check("cat /tmp/status"))
        assert code == 0, f"exit status {code}"

    def __exit__(self, kind, *_):
        try:
            self.stop()
        except AssertionError:
            kind = kind or AssertionError
            raise
        finally:
            if kind:
                self._show_log()


class MachineTest(unittest.TestCase):
    """Tests that share one machine: it takes long to boot."""
    machine = None

    @classmethod
    def setUpClass(cls):
        if MachineTest.machine is None:
            MachineTest.machine = Machine()
            atexit.register(MachineTest.machine.stop)

    def serve(self, *cameras, **config):
        return GuestServer(self.machine, {**config, "cameras": cameras})

    def set_controls(self, device, **controls):
        """Sets controls of a camera, and back to 0 when the test is over: the usual value of those used here."""
        self.addCleanup(self.machine.set_controls, device, **dict.fromkeys(reversed(controls), 0))
        self.machine.set_controls(device, **controls)

    def press(self, device, button):
        self.machine.set_controls(device, **{button: 1})


def main(module="__main__"):
    """As the harness does, once it is known that there can be a machine."""
    programs = ("qemu-system-x86_64", "busybox", "v4l2-ctl", "ustreamer", "ffmpeg")
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        print(f"SKIP the virtual machine: not installed: {', '.join(missing)}")
        sys.exit(77)
    harness.main(module)


def load_tests(loader, *_):
    return unittest.TestSuite(loader.loadTestsFromName(file.stem) for file in sorted(HERE.glob("test_*.py")))


if __name__ == "__main__":
    import vm
    main(vm)
