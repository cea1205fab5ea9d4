"""The packages, and clean Debian systems to install it in: folders for chroot, and machines that systemd has booted.

    with Tree() as tree:
        tree.check("dpkg", "-i", tree.add(package()))
    with Machine() as machine:
        machine.check("systemctl", "start", "framebroker")

Each is a layer over a base that debootstrap makes once and build/debian keeps. A machine is a handful of namespaces on
this kernel: nothing is emulated, and nothing of it reaches the system that runs the tests."""
import ctypes
import fcntl
import functools
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import PROGRAM, SOURCE_DIR, wait_until  # noqa: E402

BUILD = pathlib.Path(PROGRAM).resolve().parent
CACHE = SOURCE_DIR / "build/debian"
SUITE = platform.freedesktop_os_release()["VERSION_CODENAME"]
BOOT_SECONDS = 60

# <linux/sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000


def check_output(*command, **options):
    """What a command wrote that must succeed."""
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL, text=True, **options)
    assert result.returncode == 0, f"{' '.join(map(str, command))} ended with {result.returncode}: {result.stdout}"
    return result.stdout


def skip_unless_possible(*programs):
    """Skips the test unless this is root with everything that it takes."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root, for chroot")
    missing = [program for program in ("debootstrap", "cpack", "dpkg-shlibdeps", *programs) if not shutil.which(program)]
    if missing:
        raise unittest.SkipTest(f"not installed: {', '.join(missing)}")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise unittest.SkipTest("this system does not let root make namespaces")


def call_libc(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


@functools.cache
def keep_mounts_to_ourselves():
    """What this process mounts from now on, nobody else sees, and it ends with us."""
    call_libc("unshare", CLONE_NEWNS)
    check_output("mount", "--make-rprivate", "/")


@functools.cache
def packages():
    """The packages of this build by their names, made anew."""
    directory = BUILD / "package"
    shutil.rmtree(directory, ignore_errors=True)
    check_output("cpack", "-G", "DEB", "--config", BUILD / "CPackConfig.cmake", "-B", directory, cwd=BUILD)
    return {file.name.split("_")[0]: file for file in directory.glob("*.deb")}


def package(name="framebroker"):
    return packages()[name]


def package_field(field, name="framebroker"):
    return check_output("dpkg-deb", "--field", package(name), field).strip()


def dependencies():
    """The names of what the packages depend on, but for each other."""
    fields = ", ".join(package_field("Depends", name) for name in packages())
    return set(re.findall(r"(?:^|, )([a-z0-9.+-]+)", fields)) - set(packages())


def repack(directory, version, change):
    """The package as another version, after change(folder of its contents)."""
    contents = pathlib.Path(directory, "contents")
    check_output("dpkg-deb", "--raw-extract", package(), contents)
    control = contents / "DEBIAN/control"
    control.write_text(re.sub("^Version: .*$", f"Version: {version}", control.read_text(), flags=re.MULTILINE))
    change(contents)
    file = pathlib.Path(directory, f"framebroker_{version}.deb")
    check_output("dpkg-deb", "--root-owner-group", "--build", contents, file)
    return file


def base():
    """A minimal Debian with systemd and what the packages depend on."""
    wanted = sorted({"systemd", "systemd-sysv"} | dependencies())
    key = hashlib.sha256(" ".join([SUITE, *wanted]).encode()).hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    tree = CACHE / key
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            for old in CACHE.glob("*/"):
                shutil.rmtree(old)
            growing = CACHE / "growing"
            check_output("debootstrap", "--variant=minbase", f"--include={','.join(wanted)}", SUITE, growing)
            growing.rename(tree)
    return tree


class Tree:
    """A Debian system in a folder. No service starts in it."""

    def __init__(self):
        keep_mounts_to_ourselves()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="framebroker-"))
        check_output("mount", "-t", "tmpfs", "tmpfs", self.directory)
        upper, work, self.root = (self.directory / name for name in ("upper", "work", "root"))
        for folder in (upper, work, self.root):
            folder.mkdir()
        check_output("mount", "-t", "overlay", "-o", f"lowerdir={base()},upperdir={upper},workdir={work}", "overlay",
                     self.root)
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def add(self, file):
        """Copies a file in. Returns its path there."""
        shutil.copy(file, self.root / "root")
        return f"/root/{pathlib.Path(file).name}"

    def add_program(self, name):
        """Copies a program of this system in, with those of its libraries that are missing there."""
        program = pathlib.Path(shutil.which(name)).resolve()
        libraries = re.findall(r"(/\S+) \(0x", check_output("ldd", program))
        for file in (program, *map(pathlib.Path, libraries)):
            place = self.root / str(file).lstrip("/")
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place)

    def command(self, *command):
        """The command that runs a command in there, as a child of ours."""
        return ["unshare", "--mount", "--mount-proc", f"--root={self.root}", "--wd=/",
                "env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive",
                *command]

    def check(self, *command):
        return check_output(*self.command(*command))

    def files(self):
        """Every path in it, but for what dpkg writes down for itself."""
        own = re.compile(r"root/|var/(cache|lib/dpkg|log)/|usr/sbin/policy-rc.d")
        paths = (str(path.relative_to(self.root)) for path in self.root.rglob("*"))
        return {path for path in paths if not own.match(path)}

    def stop(self):
        check_output("umount", self.root)
        check_output("umount", self.directory)
        self.directory.rmdir()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Machine(Tree):
    """A Debian system that systemd has booted, with a network of its own, of which this process becomes a part."""

    def __init__(self):
        super().__init__()
        (self.root / "usr/sbin/policy-rc.d").unlink()
        self.cgroup = self._make_cgroup()
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", HERE / "boot", self.root, self.cgroup], stdin=subprocess.DEVNULL)
        try:
            wait_until(self._is_up, BOOT_SECONDS, "the machine to boot")
            self._enter_network()
        except BaseException:
            self.stop()
            raise

    def _make_cgroup(self):
        mounts = (line.split(" ") for line in pathlib.Path("/proc/self/mounts").read_text().splitlines())
        places = [mount[1] for mount in mounts if mount[2] == "cgroup2"]
        if not places:
            raise unittest.SkipTest("no hierarchy of control groups, version 2, is mounted")
        try:
            return pathlib.Path(tempfile.mkdtemp(prefix="framebroker-", dir=places[0]))
        except OSError as error:
            raise unittest.SkipTest(f"no control group can be made: {error}") from None

    def _init(self):
        """The machine's first process, as it is called outside; None before it is there."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return children[0] if children else None

    def _is_up(self):
        assert self.process.poll() is None, f"the machine ended with {self.process.returncode}"
        init = self._init()
        return init and pathlib.Path(f"/proc/{init}/comm").read_text() == "systemd\n" and self.run(
            "systemctl", "is-system-running").stdout in ("running\n", "degraded\n")

    def _enter_network(self):
        with open(f"/proc/{self._init()}/ns/net") as network:
            call_libc("setns", network.fileno(), CLONE_NEWNET)

    def command(self, *command):
        return ["nsenter", "--target", self._init(), "--all", "--root", "--wdns=/", "env", "--ignore-environment",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *command]

    def run(self, *command):
        return subprocess.run(self.command(*command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True)

    def stop(self):
        self.process.kill()
        self.process.wait()
        wait_until(self._is_empty, 20, "the machine's processes to end")
        for group in sorted(self.cgroup.rglob("*/"), reverse=True):
            group.rmdir()
        self.cgroup.rmdir()
        super().stop()

    def _is_empty(self):
        return "populated 0" in (self.cgroup / "cgroup.events").read_text()
