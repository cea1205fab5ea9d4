"""A server of another project, run for a test."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from harness import PATIENCE_S, wait_until


class PeerServer:
    """Starts with the `with` block; its folder, and so its configuration, stays when it is started again."""

    def __init__(self, name):
        self.name = name
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"framebroker-{name}-"))
        self.process = None

    def command(self):
        raise NotImplementedError

    def answers(self):
        """Whether it can be spoken to."""
        raise NotImplementedError

    def start(self, environment=None):
        with open(self.directory / "log", "a") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log,
                                            env={**os.environ, **(environment or {})})
        wait_until(self._answers, PATIENCE_S, self.name)

    def _answers(self):
        assert self.process.poll() is None, f"{self.name} has ended: {self.log()}"
        return self.answers()

    def log(self):
        return (self.directory / "log").read_text()

    def end(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(timeout=PATIENCE_S)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()
        shutil.rmtree(self.directory)
