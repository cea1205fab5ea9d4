"""Starts the built program and speaks to it as its users do.

    with Server({"cameras": [{"id": "a", "source": {"type": "pattern", ...}}]}) as server:
        server.get("/healthz").status
        with server.stream("/camera/a/video_feed") as stream:
            part = stream.part()

Leaving the block stops the server and checks that it ended well. What it wrote to standard error is shown when a test
fails. Nothing but Python's standard library is needed here; pictures are made and decoded by Debian's tools."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE_DIR = pathlib.Path(os.environ.get("SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
PROGRAM = os.environ.get("FRAMEBROKER", str(SOURCE_DIR / "build/release/framebroker"))
# What is allowed to take a second may take so many where tests share the cores, or the build has sanitizers.
TIME_SCALE = float(os.environ.get("TIME_SCALE", "1"))
# Whether it has: its memory cannot be measured then, as sanitizers keep for a while what is freed.
SANITIZED = os.environ.get("SANITIZED", "0") != "0"
# For what is certain to happen, but at no promised time: even on a loaded machine only a failing test waits that long.
PATIENCE_S = 30

READY = re.compile(r"listening on http://([0-9.]+|\[[0-9a-f:]+\]):([0-9]+)/\n")


def pattern(id, width=320, height=240, fps=30, faults=None, **camera):
    """The configuration of a camera that draws its pictures."""
    source = {"type": "pattern", "width": width, "height": height, "fps": fps}
    if faults:
        source["faults"] = faults
    return {"id": id, "source": source, **camera}


def emulated(id, files, fps=10, faults=None, **camera):
    """The configuration of a camera that plays files."""
    source = {"type": "emulated", "files": [str(file) for file in files], "fps": fps}
    if faults:
        source["faults"] = faults
    return {"id": id, "source": source, **camera}


def require_url_cameras():
    """Skips the tests where the program was built without FFmpeg's libraries."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write('{"cameras": [{"source": {"type": "url", "url": "rtsp://host/"}}]}')
        file.flush()
        result = subprocess.run([PROGRAM, "--check", "--config", file.name], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)
    if '"ffmpeg" is missing' in result.stderr:
        raise unittest.SkipTest("the program was built without FFmpeg's libraries")


def plain_picture(path, colour, size="320x240"):
    """Makes a JPEG file of one colour."""
    subprocess.run(["convert", "-size", size, f"xc:{colour}", "-quality", "90", str(path)], check=True)
    return path


def size_of(jpeg):
    """Width and height as the first start of frame has them."""
    at = 2
    while True:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2:at + 4], "big")
        if 0xC0 <= marker <= 0xC2:
            return int.from_bytes(jpeg[at + 7:at + 9], "big"), int.from_bytes(jpeg[at + 5:at + 7], "big")
        at += 2 + length


def decode_fault(jpeg):
    """What libjpeg has to say against a picture: "" if nothing."""
    result = subprocess.run(["djpeg", "-outfile", "/dev/null"], input=jpeg, stderr=subprocess.PIPE)
    message = result.stderr.decode(errors="replace")
    return message or ("" if result.returncode == 0 else f"djpeg exits with {result.returncode}")


def wait_until(condition, seconds, what):
    """Polls until the condition gives something true, and returns that. Fails after so many seconds."""
    deadline = time.monotonic() + seconds * TIME_SCALE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * TIME_SCALE:.0f} s for {what}")
        time.sleep(0.02)


def eventually(read, expected, what):
    """Polls until what is read equals what is expected. Two counters of the server, or its counter and what a client has
    seen, change at different moments: comparing them once is a matter of luck."""
    seen = []

    def check():
        seen[:] = [read()]
        return seen[0] == expected
    try:
        wait_until(check, PATIENCE_S, what)
    except AssertionError as error:
        raise AssertionError(f"{error}: {seen[0]!r}, not {expected!r}") from None


def assert_rate(test, parts, fps, tolerance=0.2):
    """The parts were captured at this rate. A busy machine leaves frames out, and adds none."""
    rate = (len(parts) - 1) / (parts[-1].timestamp - parts[0].timestamp)
    test.assertLess(rate, fps * (1 + tolerance))
    test.assertGreater(rate, fps * (1 - tolerance) / TIME_SCALE)


class Response:
    """An answer, read to its end."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error_code(self):
        return self.json["error"]["code"]


class Part:
    """One part of a multipart stream."""

    def __init__(self, headers, body):
        self.headers, self.body = headers, body
        self.received_at = time.time()
        self.timestamp = float(headers["x-timestamp"])
        self.sequence = int(headers["x-sequence"])
        self.state = headers.get("x-camera-state", "live")


class Stream:
    """A multipart/x-mixed-replace answer over a bare socket. Anything that a browser might stumble over is an error."""

    def __init__(self, port, path, receive_buffer=None, user_agent="harness", headers=None, timeout=10):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout * TIME_SCALE)
        self.buffer = b""
        self.started = False
        self.newest = None
        try:
            self.socket.connect(("127.0.0.1", port))
            lines = {"Host": "localhost", "User-Agent": user_agent, **(headers or {})}
            head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            self.socket.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
            self._read_head()
        except BaseException:
            self.socket.close()
            raise

    def _read_head(self):
        head = self._until(b"\r\n\r\n", 8192).decode()
        status_line, *lines = head.split("\r\n")
        self.status = int(status_line.split(" ")[1])
        self.headers = self._headers(lines)
        if self.status != 200:
            return
        content_type = self.headers["content-type"]
        match = re.fullmatch(r"multipart/x-mixed-replace; ?boundary=([A-Za-z0-9_-]{1,70})", content_type)
        assert match, f"not what every browser takes: {content_type}"
        self.delimiter = b"--" + match[1].encode() + b"\r\n"
        assert "transfer-encoding" not in self.headers, "VLC does not take a chunked stream"

    @staticmethod
    def _headers(lines):
        headers = {}
        for line in lines:
            name, separator, value = line.partition(": ")
            assert separator and re.fullmatch(r"[A-Za-z0-9-]+", name), f"not a header: {line!r}"
            assert name.lower() not in headers, f"header given twice: {name}"
            headers[name.lower()] = value
        return headers

    def _more(self):
        received = self.socket.recv(65536)
        if not received:
            raise EOFError("the server has closed the stream")
        self.buffer += received

    def _exactly(self, count):
        while len(self.buffer) < count:
            self._more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def _until(self, end, most):
        while end not in self.buffer:
            assert len(self.buffer) <= most, f"no {end!r} within {most} bytes: {self.buffer[:200]!r}"
            self._more()
        taken, self.buffer = self.buffer.split(end, 1)
        return taken

    def part(self):
        """The next part. Returns as soon as the delimiter behind it is there, as browsers paint it then."""
        assert self.status == 200, f"no stream, but status {self.status}"
        if not self.started:
            first = self._exactly(len(self.delimiter))
            assert first == self.delimiter, f"the stream begins with {first!r}"
            self.started = True
        headers = self._headers(self._until(b"\r\n\r\n", 2048).decode().split("\r\n"))
        assert headers["content-type"] == "image/jpeg", headers
        assert re.fullmatch(r"[0-9]+\.[0-9]{6}", headers["x-timestamp"]), headers
        assert re.fullmatch(r"[0-9]+", headers["x-sequence"]), headers
        body = self._exactly(int(headers["content-length"]))
        assert body[:2] == b"\xff\xd8" and body[-2:] == b"\xff\xd9", "a part is one whole JPEG"
        behind = self._exactly(2 + len(self.delimiter))
        assert behind == b"\r\n" + self.delimiter, f"behind a part stands {behind!r}"
        return Part(headers, body)

    def frame(self):
        """The next part that does not repeat the one before."""
        while True:
            part = self.part()
            identity = (part.sequence, part.timestamp, part.state)
            if identity != self.newest:
                self.newest = identity
                return part

    def frame_where(self, condition, seconds, what):
        """The first new frame for which the condition holds."""
        deadline = time.monotonic() + seconds * TIME_SCALE
        seen = []
        while time.monotonic() < deadline:
            part = self.frame()
            if condition(part):
                return part
            seen.append(part.state)
        raise AssertionError(f"waited {seconds * TIME_SCALE:.0f} s for {what}; the stream was {seen[-10:]}")

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_until_shared(streams, count):
    """Reads streams of one camera until so many live frames have come by each; for each stream, its parts by sequence."""
    seen = [{} for _ in streams]

    def read():
        for stream, parts in zip(streams, seen):
            part = stream.frame()
            if part.state == "live":
                parts[part.sequence] = part
        return len(set.intersection(*map(set, seen))) >= count
    wait_until(read, PATIENCE_S, f"{count} frames that all streams share")
    return seen


class Server:
    """The program, running with a configuration (a dictionary, the path of a file, or None: its usual one) on a free
    port. `program` is the command that runs it."""
    host = "127.0.0.1"

    def __init__(self, config, *arguments, environment=None, listen="127.0.0.1:0", stderr=None, program=(PROGRAM,),
                 host=host):
        """listen: None leaves it to the configuration. stderr: a file that the program is to have as its standard
        error; log() then knows nothing. host: where it is spoken to."""
        self.host = host
        self.directory = tempfile.TemporaryDirectory(prefix="framebroker-")
        path = pathlib.Path(self.directory.name, "config.json") if isinstance(config, dict) else config
        self.config_path = path
        if isinstance(config, dict):
            self.configure(config)
        self.log_path = pathlib.Path(self.directory.name, "stderr")
        self.stderr = stderr or open(self.log_path, "w+")
        self.process = subprocess.Popen(
            [*program, *(["--config", str(path)] if path else []), *(["--listen", listen] if listen else []), *arguments],
            stdout=subprocess.PIPE, stderr=self.stderr, text=True, env={**os.environ, **(environment or {})})
        line = self.process.stdout.readline()
        match = READY.fullmatch(line)
        if not match:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"not ready: {line!r}; standard error:\n{self.log()}")
        self.port = int(match[2])
        self.told_to_end = False

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        """What the program has written to standard error."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def get(self, path, method="GET", headers=None, timeout=10, body=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout * TIME_SCALE)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_accept_encoding=True, skip_host="Host" in (headers or {}))
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            with contextlib.suppress(BrokenPipeError):  # it may answer, and close, before it has read all
                connection.endheaders(body)
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read())

    def raw(self, request, timeout=10):
        """Sends bytes as they are and returns everything that comes back until the server closes."""
        with socket.create_connection((self.host, self.port), timeout * TIME_SCALE) as connection:
            connection.sendall(request)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while received := connection.recv(65536):
                    answer += received
            return answer

    def configure(self, config):
        """Replaces the file by another one (a dictionary, or a text), as editors do: renamed over the old one."""
        text = config if isinstance(config, str) else json.dumps(config, indent=2)
        new = self.config_path.with_name("config.json.new")
        new.write_text(text)
        new.rename(self.config_path)

    def reload(self, config=None, headers=None):
        """Asks the server to read its file again, after replacing that where another one is given."""
        if config is not None:
            self.configure(config)
        return self.get("/api/reload", "POST", headers)

    def stream(self, path, **options):
        return Stream(self.port, path, **options)

    def admitted_stream(self, path, **options):
        """A stream, as soon as there is a place for it: a client that has just left may still have its own."""
        def ask():
            stream = self.stream(path, **options)
            if stream.status == 200:
                return stream
            stream.close()
            assert stream.status == 503, f"no stream, but status {stream.status}"
            return None
        return wait_until(ask, PATIENCE_S, "a place for a stream")

    def status(self):
        return self.get("/api/status").json

    def active_streams(self):
        """How many there are; one whose client has left counts until the server has noticed."""
        return self.status()["streams"]["active"]

    def camera(self, id):
        """One camera of status."""
        return next(camera for camera in self.status()["cameras"] if camera["id"] == id)

    def wait_for_camera(self, id, condition, seconds, what):
        """Polls status until the condition holds for a camera, and returns that camera."""
        def check():
            camera = self.camera(id)
            return camera if condition(camera) else None
        try:
            return wait_until(check, seconds, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the camera is {self.camera(id)}") from None

    def wait_for_state(self, id, state, seconds=10):
        return self.wait_for_camera(id, lambda camera: camera["state"] == state, seconds, f"{id} to be {state}")

    def libraries(self):
        """The names of the files that it has mapped."""
        maps = pathlib.Path(f"/proc/{self.pid}/maps").read_text()
        return {pathlib.Path(line.split()[-1]).name for line in maps.splitlines() if "/" in line}

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def await_descriptors(self, most):
        """Waits until no more are open: a connection that is just being closed still has its own."""
        seen = []

        def check():
            seen[:] = [self.descriptors()]
            return seen[0] <= most
        try:
            wait_until(check, PATIENCE_S, f"{most} open descriptors")
        except AssertionError as error:
            raise AssertionError(f"{error}; {seen[0]} are open") from None

    def _proc_status(self, key):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{key}:\s+([0-9]+)", text, re.MULTILINE)[1])

    def threads(self):
        return self._proc_status("Threads")

    def thread_ids(self, name):
        """Of the threads of that name: a camera's is called by its id."""
        tasks = pathlib.Path(f"/proc/{self.pid}/task")
        return sorted(int(task.name) for task in tasks.iterdir() if (task / "comm").read_text() == f"{name}\n")

    def cpu_seconds(self):
        """That the program has used, in itself and for it in the kernel."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kb(self):
        return self._proc_status("VmRSS")

    def signal(self, number=signal.SIGTERM, seconds=2):
        """Sends a signal that ends the program, and checks that it ends in time and well. Returns the seconds."""
        self.told_to_end = True
        started = time.monotonic()
        self.process.send_signal(number)
        try:
            code = self.process.wait(timeout=seconds * TIME_SCALE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running {seconds * TIME_SCALE:.0f} s after signal {number}") from None
        assert code == 0, f"exit status {code}"
        return time.monotonic() - started

    def kill(self):
        """Ends it without a chance to do anything more."""
        self.told_to_end = True
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.told_to_end:
            return
        code = self.process.poll()
        assert code is None, f"the server ended by itself with {code}"
        self.signal()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
        except AssertionError:
            kind = kind or AssertionError
            raise
        finally:
            if kind and kind is not unittest.SkipTest:
                sys.stderr.write(f"--- the server's standard error ---\n{self.log()[-8000:]}\n---\n")
            self.process.stdout.close()
            self.stderr.close()
            self.directory.cleanup()


def main(module="__main__"):
    """Runs the tests of a file, or of a module: exit 1 on failure, 77 if every one was skipped. Skips are printed for the tally."""
    result = unittest.main(module=module, exit=False, verbosity=2).result
    for test, reason in result.skipped:
        print(f"SKIP {test.id().split('.', 1)[-1]}: {reason}")
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.skipped and len(result.skipped) >= result.testsRun else 0)
