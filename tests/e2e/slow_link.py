"""Two networks of the test's own, and a slow link between them: a rate, a delay, a queue that overflows. It is made of
two TUN devices and a program between them, since many kernels lack netem.

    enter_own_network()          # at the start: the near network is the test's
    with SlowLink() as link, Server(..., program=link.far_program(PROGRAM)) as far:
        with link.far():
            stream = far.stream(...)   # past the link: sockets that are made here are of the far network
"""
import collections
import contextlib
import ctypes
import fcntl
import os
import pathlib
import select
import struct
import subprocess
import sys
import time
import unittest

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
NEAR, FAR = "198.51.100.1", "198.51.100.2"
PACKET_BYTES = 1500
WITH_US = ("setpriv", "--pdeathsig", "KILL")
HOLD = "ip link set lo up; echo; exec sleep infinity"


def call_libc(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def require_slow_link():
    if os.environ.get("OWN_NETWORK") != "1" or not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise unittest.SkipTest("no networks of its own can be made (unshare --net as root, /dev/net/tun)")


def enter_own_network():
    """Starts this program again in a network of its own, where that can be made."""
    if "OWN_NETWORK" in os.environ:
        return
    prefix = ["unshare", "--net", "sh", "-c", 'ip link set lo up && OWN_NETWORK=1 exec "$@"', "sh"]
    if os.geteuid() == 0 and subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL).returncode == 0:
        os.execvp(prefix[0], [*prefix, sys.executable, "-B", *sys.argv])


@contextlib.contextmanager
def inside(network):
    """What this thread opens meanwhile is in that network; it stays there."""
    with open("/proc/thread-self/ns/net") as own, open(network) as other:
        call_libc("setns", other.fileno(), CLONE_NEWNET)
        try:
            yield
        finally:
            call_libc("setns", own.fileno(), CLONE_NEWNET)


def open_tun(name, address):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "addr", "add", f"{address}/30", "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "mtu", str(PACKET_BYTES), "up"], check=True)
    with contextlib.suppress(OSError):  # as on Debian, where this machine permits it
        pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").write_text("cubic")
    return tun


class SlowLink:
    """rate in bits a second, delay of each direction and length of its queue in seconds."""

    def __init__(self, rate=40e6, delay_s=0.02, queue_s=0.2):
        self.arguments = (rate, delay_s, queue_s)

    def __enter__(self):
        # They end with us, however we end.
        self.holder = subprocess.Popen([*WITH_US, "unshare", "--net", "sh", "-c", HOLD], stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.network = f"/proc/{self.holder.pid}/ns/net"
        program = [sys.executable, "-B", __file__, self.network, *map(str, self.arguments)]
        self.forwarder = subprocess.Popen([*WITH_US, *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.forwarder.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_):
        for process in (self.forwarder, self.holder):
            process.kill()
            process.wait()
            process.stdout.close()
        self.forwarder.stdin.close()

    def cut(self):
        """From now on nothing arrives on either side, and nobody is told."""
        self._say(b"cut\n")

    def heal(self):
        self._say(b"heal\n")

    def _say(self, word):
        self.forwarder.stdin.write(word)
        self.forwarder.stdin.flush()
        self.forwarder.stdout.readline()

    def far_program(self, program):
        return ("nsenter", f"--net={self.network}", program)

    def far(self):
        return inside(self.network)


class Direction:
    def __init__(self, source, target, rate, delay_s, queue_s):
        self.source, self.target = source, target
        self.byte_s, self.delay_s, self.queue_s = 8 / rate, delay_s, queue_s
        self.free_at = 0.0
        self.packets = collections.deque()

    def take(self, is_cut):
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = os.read(self.source, PACKET_BYTES)
                now = time.monotonic()
                begins = max(now, self.free_at)
                if not is_cut and begins - now < self.queue_s:
                    self.free_at = begins + len(packet) * self.byte_s
                    self.packets.append((self.free_at + self.delay_s, packet))

    def give(self):
        """Hands on what is due; returns when the next will be."""
        while self.packets:
            due, packet = self.packets[0]
            if due > time.monotonic():
                return due
            self.packets.popleft()
            with contextlib.suppress(OSError):
                os.write(self.target, packet)
        return float("inf")


def forward(network, rate, delay_s, queue_s):
    near = open_tun("near", NEAR)
    with inside(network):
        far = open_tun("far", FAR)
    directions = [Direction(*ends, rate, delay_s, queue_s) for ends in ((near, far), (far, near))]
    print("ready", flush=True)
    is_cut = False
    while True:
        due = min(direction.give() for direction in directions)
        left = None if due == float("inf") else max(0, due - time.monotonic())
        readable = select.select([0, near, far], [], [], left)[0]
        if 0 in readable:
            word = os.read(0, 16)
            if not word:
                return
            is_cut = word == b"cut\n"
            for direction in directions:
                direction.packets.clear()
            print("done", flush=True)
        for direction in directions:
            direction.take(is_cut)


if __name__ == "__main__":
    forward(sys.argv[1], *map(float, sys.argv[2:]))
