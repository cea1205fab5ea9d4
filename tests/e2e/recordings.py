"""What tests of recordings share: a folder that is marked for them, and what is in it."""
import datetime
import json
import pathlib
import re
import subprocess
import tempfile
import time

from harness import PROGRAM, Server, wait_until

PART = re.compile(rb"X-Timestamp: ([0-9.]+)\r\nX-Sequence: ([0-9]+)\r\n")


def assert_none_lost(test, sequences, camera):
    """All frames that were published, in order; of those that it should have made, a busy camera leaves out some."""
    test.assertEqual(camera["recording"]["lost_frames"], 0)
    test.assertEqual(sequences, sorted(set(sequences)))
    missing = sequences[-1] - sequences[0] + 1 - len(sequences)
    test.assertLessEqual(missing, camera["frames"]["dropped"])


class Recordings:
    """A folder for recordings, and servers that record into it."""

    def __init__(self, test, path=None, marked=True):
        if path is None:
            folder = tempfile.TemporaryDirectory(prefix="framebroker-")
            test.addCleanup(folder.cleanup)
            path = pathlib.Path(folder.name, "recordings")
        self.path = pathlib.Path(path)
        self.environment = {}
        if marked:
            self.path.mkdir(exist_ok=True)
            self.run("--init")

    def config(self, *cameras, **settings):
        settings = {"path": str(self.path), "min_free": 0, "segment_s": 1, **settings}
        return {"recording": settings, "cameras": list(cameras)}

    def server(self, *cameras, environment=None, **settings):
        return Server(self.config(*cameras, **settings), environment={**self.environment, **(environment or {})})

    def run(self, *arguments, code=0):
        """The output of framebroker --recordings."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(self.config({"id": "a", "source": {"type": "pattern"}}), file)
            file.flush()
            result = subprocess.run([PROGRAM, "--config", file.name, "--recordings", *arguments],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert result.returncode == code, f"{result.returncode}: {result.stdout}{result.stderr}"
        return result.stdout + result.stderr

    def files(self, camera="a"):
        return sorted((self.path / camera).rglob("*.mjpeg"))

    def parts(self, camera="a"):
        """Time and sequence of each recorded frame, file by file in the order of their first frames' times."""
        files = [[(float(time), int(sequence)) for time, sequence in PART.findall(file.read_bytes())]
                 for file in self.files(camera)]
        return [part for file in sorted(files) for part in file]

    def bytes(self):
        def size(file):
            try:
                return file.stat().st_size
            except FileNotFoundError:  # it has just been deleted
                return 0
        return sum(map(size, self.path.rglob("*.mjpeg")))

    def missing(self, until, camera="a"):
        """Sequences from the first recorded one to `until` that are not recorded."""
        sequences = [sequence for _, sequence in self.parts(camera)]
        assert len(set(sequences)) == len(sequences), "a frame is recorded twice"
        return len(set(range(min(sequences), until + 1)).difference(sequences))

    def verify(self):
        return self.run("--verify")


def frames_so_far(server, camera="a"):
    """The sequence of the newest frame, and how many before it were dropped: a busy camera leaves out frames itself."""
    shown = server.camera(camera)
    return shown["last_frame"]["sequence"], shown["frames"]["dropped"]


def noise(path, size):
    """Makes a JPEG file that is large for its size: 320x240 take some 150 KB."""
    subprocess.run(["convert", "-size", size, "xc:gray", "-seed", "1", "+noise", "Random", "-quality", "95", str(path)],
                   check=True)
    return path


def state_of(server):
    return server.status()["recording"]["state"]


def wait_for(server, state, seconds=10):
    """Waits for a state of recording, and returns what status says of it."""
    def check():
        recording = server.status()["recording"]
        return recording if recording["state"] == state else None
    return wait_until(check, seconds, f"recording to be {state}")


def wait_for_frames(server, recordings, more, camera="a", seconds=20):
    """Waits until so many more frames are in the catalogue."""
    path = f'framebroker_camera_recording_frames_total{{camera="{camera}"}} '
    def frames():
        text = server.get("/metrics").text
        return int(text.split(path, 1)[1].split("\n", 1)[0]) if path in text else 0
    first = frames()
    wait_until(lambda: frames() >= first + more, seconds, f"{more} more recorded frames")


def seconds_of(text):
    """RFC 3339 as seconds since the epoch."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
