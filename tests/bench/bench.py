"""What the benchmarks share: the machine's name, pictures of our own making, and programs to measure."""
import os
import pathlib
import platform
import re
import statistics
import subprocess
import tempfile


def machine():
    """The machine in one line, to compare figures by."""
    model = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "cpu": model.group(1) if model else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
    }


def machine_busy_s():
    """Seconds that all cores together have worked for anybody since the machine started."""
    user, nice, system, _idle, _iowait, *interrupts = map(
        int, pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def cpu_s(pid, thread_name=None):
    """Seconds that a process has worked, or those of its threads that are named so: schedstat counts nanoseconds, where
    stat would miss what many threads do between its ticks."""
    nanoseconds = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if thread_name in (None, (thread / "comm").read_text().rstrip()):
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def make_pictures(folder, count=8, size="1280x720", target_bytes=40_000):
    """Writes noisy test pictures whose mean size comes nearest to the target; returns their paths."""
    low, high = 2, 31  # ffmpeg's quality scale: more is smaller
    while low < high:
        quality = (low + high) // 2
        if _write_pictures(folder, count, size, quality) > target_bytes:
            low = quality + 1
        else:
            high = quality
    _write_pictures(folder, count, size, low)
    return sorted(folder.glob("*.jpg"))


def _write_pictures(folder, count, size, quality):
    source = f"testsrc2=size={size}:rate=30,noise=alls=10:allf=t"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", str(count),
         "-q:v", str(quality), folder / "%02d.jpg"],
        check=True)
    return statistics.mean(path.stat().st_size for path in folder.glob("*.jpg"))


class Program:
    """A server that prints its address on its first line; ended when the with block is left."""

    def __init__(self, *command):
        self._log = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.PIPE, stderr=self._log, text=True)
        ready = re.search(r"listening on http://[^:]+:(\d+)/", self._process.stdout.readline())
        if ready is None:
            self._process.wait()
            self._log.seek(0)
            raise SystemExit(f"{command[0]} did not start:\n{self._log.read()}")
        self.pid = self._process.pid
        self.port = int(ready.group(1))

    def resident_bytes(self):
        pages = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def cpu_s(self):
        return cpu_s(self.pid)

    def thread_count(self):
        return len(list(pathlib.Path(f"/proc/{self.pid}/task").iterdir()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
