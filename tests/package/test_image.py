#!/usr/bin/env python3
"""The image that config/deploy/Containerfile describes: built from this build's packages, and run as it recommends."""
import base64
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from tree import (CACHE, CLONE_NEWNET, base, call_libc, check_output, keep_mounts_to_ourselves, packages,
                  skip_unless_possible)
from harness import PROGRAM, SOURCE_DIR, Server, main, wait_until

DEPLOY = SOURCE_DIR / "config/deploy"
DEBIAN, IMAGE = "framebroker-debian", "framebroker"
# podman asks for more than may be had where root has no right to raise limits.
LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")
CONFINED = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--memory", "64m", "--pids-limit",
            "400")
PASSWORD = "correct-horse"

store = None


def podman(*arguments, **options):
    return check_output("podman", "--root", store / "root", "--runroot", store / "run", *arguments, **options)


def setUpModule():
    global store
    skip_unless_possible("podman")
    keep_mounts_to_ourselves()
    # crun refuses a machine with both versions of control groups.
    with contextlib.suppress(AssertionError):
        check_output("umount", "/sys/fs/cgroup/unified")
    directory = base()
    store = pathlib.Path(tempfile.mkdtemp(prefix="podman-", dir=CACHE.parent))
    unittest.addModuleCleanup(shutil.rmtree, store)
    unittest.addModuleCleanup(podman, "system", "reset", "--force")
    import_debian(directory)
    require_containers()
    build_image()
    # From here on nothing needs the network, and no port is taken.
    call_libc("unshare", CLONE_NEWNET)
    check_output("ip", "link", "set", "lo", "up")


def import_debian(directory):
    """The tree of the other tests as the image to build on: no registry is asked."""
    tar = subprocess.Popen(["tar", "-C", directory, "-c", "."], stdout=subprocess.PIPE)
    subprocess.run(["podman", "--root", store / "root", "--runroot", store / "run", "import", "--quiet", "-", DEBIAN],
                   stdin=tar.stdout, check=True, stdout=subprocess.DEVNULL)
    assert tar.wait() == 0


def require_containers():
    try:
        podman("run", "--rm", "--network", "host", *LIMITS, DEBIAN, "true")
    except AssertionError as error:
        raise unittest.SkipTest(f"podman runs no containers here: {error}") from None


def build_image():
    """The packages stand in for the stage that would build them."""
    with tempfile.TemporaryDirectory() as directory:
        context, stage = pathlib.Path(directory, "context"), pathlib.Path(directory, "stage")
        (context / "config/deploy").mkdir(parents=True)
        shutil.copy(DEPLOY / "container.json", context / "config/deploy")
        (stage / "packages").mkdir(parents=True)
        for file in packages().values():
            shutil.copy(file, stage / "packages")
        podman("build", "--format", "docker", "--network", "host", *LIMITS, "--build-arg", f"DEBIAN=localhost/{DEBIAN}",
               "--build-context", f"build={stage}", "--file", DEPLOY / "Containerfile", "--tag", IMAGE, context)


class Container(Server):
    """A container of the image, as the harness speaks to a server."""

    def __init__(self, *options):
        self.port = 8080
        output = podman("run", "--detach", "--network", "host", *LIMITS, *CONFINED, *options, IMAGE)
        self.name = output.split()[-1]  # behind complaints, where there is no systemd that would do the health checks
        wait_until(lambda: "listening on" in podman("logs", self.name), 10, "the container to be ready")

    def run(self, *command):
        return podman("exec", self.name, *command)

    def stop(self):
        podman("stop", "--time", "5", self.name)
        status = podman("inspect", "--format", "{{.State.ExitCode}}", self.name).strip()
        podman("rm", self.name)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        podman("rm", "--force", self.name)


class Image(unittest.TestCase):
    def secrets(self):
        password_hash = subprocess.run([PROGRAM, "--hash-password"], input=f"{PASSWORD}\n", stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True, check=True).stdout
        return ("--env", f"ADMIN_PASSWORD_HASH={password_hash.strip()}", "--env", f"FRAMEBROKER_SECRET={os.urandom(20).hex()}")

    def login(self):
        return {"Authorization": f"Basic {base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()}"}

    def test_it_serves_without_any_right_and_ends_at_once(self):
        with Container(*self.secrets()) as container:
            self.assertEqual(container.get("/api/cameras").status, 401)
            self.assertEqual(container.get("/camera/test-picture/snapshot", headers=self.login()).status, 200)
            status = container.run("cat", "/proc/1/status")
            for right in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Uid:\t10001\t10001"):
                self.assertIn(right, status)
            self.assertIn("44(video)", container.run("id"))
            self.assertIn("Read-only", podman_fails("exec", container.name, "touch", "/usr/bin/x"))
            podman("healthcheck", "run", container.name)
            self.assertEqual(container.stop(), "0")

    def test_secrets_that_are_missing_are_named(self):
        words = podman_fails("run", "--rm", "--network", "host", *LIMITS, *CONFINED, IMAGE)
        self.assertIn("FRAMEBROKER_SECRET", words)
        self.assertIn("ADMIN_PASSWORD_HASH", words)

    def test_configuration_and_recordings_are_volumes(self):
        with tempfile.TemporaryDirectory() as directory:
            configuration = pathlib.Path(directory, "framebroker.json")
            configuration.write_text(json.dumps({
                "server": {"listen": "0.0.0.0:8080", "allow_anonymous": True},
                "cameras": [{"id": "mine", "source": {"type": "pattern", "width": 320, "height": 240, "fps": 10}}]}))
            configuration.chmod(0o644)
            volumes = ("--volume", f"{configuration}:/etc/framebroker/framebroker.json:ro",
                       "--volume", "recordings:/var/lib/framebroker")
            with Container(*volumes) as container:
                self.assertEqual(container.get("/camera/mine/snapshot").status, 200)
                container.run("sh", "-c", "echo kept >/var/lib/framebroker/file")
            with Container(*volumes) as container:
                self.assertEqual(container.run("cat", "/var/lib/framebroker/file"), "kept\n")


def podman_fails(*arguments):
    result = subprocess.run(["podman", "--root", store / "root", "--runroot", store / "run", *arguments],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode != 0, result.stdout
    return result.stdout


if __name__ == "__main__":
    main()
