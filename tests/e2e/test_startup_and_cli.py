#!/usr/bin/env python3
"""The command line: how the program starts, checks a configuration, and ends."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import PROGRAM, READY, SOURCE_DIR, TIME_SCALE, Server, main, pattern, plain_picture

ONE_CAMERA = {"cameras": [pattern("a")]}

# Ten faults: each line that has one ends with the words that its message must hold.
TEN_FAULTS = """{
  "server": { "listen": "127.0.0.1:99999", "max_streams": 0 }, # server.listen; server.max_streams
  "defaults": { "idle_timeout_s": "ten" }, # defaults.idle_timeout_s
  "cameras": [
    { "id": "Front Door", # cameras[0].id
      "source": { "type": "pattern", "width": 640, "height": 480, "fps": 0 } }, # cameras[0].source.fps
    { "id": "twice", "source": { "type": "pattern", "width": 640, "height": 480, "fps": 5 } },
    { "id": "twice", # cameras[2].id
      "source": { "type": "emulated", "file": ["a.jpg"], "fps": 1 } }, # did you mean "files"?
    { "id": "unknown",
      "source": { "type": "patern" } }, # cameras[3].source.type
    { "id": "unset", "name": "${FRAMEBROKER_TEST_UNSET}", # FRAMEBROKER_TEST_UNSET
      "source": { "type": "pattern", "width": 99999, "height": 480, "fps": 5 } } # cameras[4].source.width
  ]
}
"""


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20 * TIME_SCALE)


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)

    def write(self, text, name="config.json"):
        path = self.directory / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return str(path)


class Starting(Scratch):
    def test_ready_line_names_the_address_that_answers(self):
        with Server(ONE_CAMERA) as server:
            self.assertGreater(server.port, 0)
            self.assertEqual(server.get("/healthz").status, 200)

    def test_listen_of_the_file_is_overridden(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            with Server({"server": {"listen": listen}, **ONE_CAMERA}) as server:
                self.assertNotEqual(server.port, taken.getsockname()[1])

    def test_port_in_use_is_said_and_exits_with_1(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            result = run("--config", self.write(ONE_CAMERA), "--listen", f"127.0.0.1:{port}")
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(port), result.stderr)
        self.assertIn("in use", result.stderr)
        self.assertNotIn("listening", result.stdout)

    def test_address_of_another_machine_is_said_and_exits_with_1(self):
        config = {"server": {"allow_anonymous": True}, **ONE_CAMERA}
        result = run("--config", self.write(config), "--listen", "192.0.2.1:8080")  # of RFC 5737, nobody's
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"192\.0\.2\.1:8080: .*no such address")

    def test_relative_files_are_found_beside_the_configuration(self):
        plain_picture(self.directory / "red.jpg", "red")
        config = {"cameras": [{"source": {"type": "emulated", "files": ["red.jpg"], "fps": 5}}]}
        with Server(self.write(config)) as server:
            self.assertEqual(server.get("/camera/1/snapshot").status, 200)

    def test_demo_configuration_has_eight_cameras_that_come_live(self):
        with Server(str(SOURCE_DIR / "config/demo.json")) as server:
            cameras = server.status()["cameras"]
            self.assertEqual(len(cameras), 8)
            for camera in cameras:
                self.assertEqual(server.get(f"/camera/{camera['id']}/snapshot").status, 200, camera["id"])


class Ending(Scratch):
    def test_sigterm_ends_it_with_0(self):
        with Server(ONE_CAMERA) as server:
            server.signal(signal.SIGTERM)

    def test_sigint_ends_it_with_0(self):
        with Server(ONE_CAMERA) as server:
            server.signal(signal.SIGINT)

    def test_sigterm_ends_it_while_a_stream_is_open(self):
        with Server(ONE_CAMERA) as server, server.stream("/camera/a/video_feed") as stream:
            stream.part()
            server.signal()


class Arguments(Scratch):
    def test_version(self):
        result = run("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"\b[0-9]+\.[0-9]+\.[0-9]+\b")

    def test_help_names_every_option(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        parser = (SOURCE_DIR / "config/app/options.c").read_text()
        options = set(re.findall(r'"(--[a-z-]+)"', parser))
        self.assertGreaterEqual(len(options), 10)
        self.assertEqual(set(re.findall(r"--[a-z-]+", result.stdout)), options)

    def test_unknown_option_exits_with_2(self):
        result = run("--frobnicate")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--frobnicate", result.stderr)

    def test_stray_argument_exits_with_2(self):
        self.assertEqual(run("stray").returncode, 2)

    def test_option_without_its_value_exits_with_2(self):
        self.assertEqual(run("--config").returncode, 2)

    def test_bad_listen_address_exits_with_2(self):
        path = self.write(ONE_CAMERA)
        for listen in ("127.0.0.1:65536", "127.0.0.1:-1", "nowhere:http", "", "127.0.0.1:80s"):
            with self.subTest(listen=listen):
                result = run("--config", path, "--listen", listen)
                self.assertEqual(result.returncode, 2)
                self.assertNotEqual(result.stderr, "")

    def test_listening_beyond_this_machine_needs_leave(self):
        here = self.write(ONE_CAMERA)
        beyond = self.write({"server": {"listen": "0.0.0.0:0"}, **ONE_CAMERA}, "beyond.json")
        for arguments in (("--config", here, "--listen", "0.0.0.0:0"), ("--config", beyond),
                          ("--check", "--config", beyond)):
            with self.subTest(arguments=arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 2)
                self.assertRegex(result.stderr, r"listen: .*everyone who can reach this address .*allow_anonymous")
        allowed = {"server": {"allow_anonymous": True}, **ONE_CAMERA}
        with Server(self.write(allowed), "--listen", "0.0.0.0:0") as server:
            self.assertEqual(server.get("/healthz").status, 200)


class Checking(Scratch):
    def test_good_file_passes_and_says_so(self):
        for config, count in ((ONE_CAMERA, "1 camera"), ({"cameras": [pattern("a"), pattern("b")]}, "2 cameras")):
            path = self.write(config)
            result = run("--check", "--config", path)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, f"{path}: {count}, no faults\n", ""))

    def test_demo_passes(self):
        self.assertEqual(run("--check", "--config", str(SOURCE_DIR / "config/demo.json")).returncode, 0)

    def faults_of(self, text):
        path = self.write(text)
        result = run("--check", "--config", path)
        self.assertEqual(result.returncode, 2)
        return path, (result.stdout + result.stderr).splitlines()

    def test_ten_faults_are_all_named_with_their_lines(self):
        expected, lines = [], []
        for number, line in enumerate(TEN_FAULTS.splitlines(), 1):
            json_text, _, faults = line.partition(" # ")
            lines.append(json_text)
            expected += [(number, words) for words in faults.split("; ") if words]
        self.assertEqual(len(expected), 10)
        path, faults = self.faults_of("\n".join(lines))
        for number, words in expected:
            found = [fault for fault in faults if fault.startswith(f"{path}:{number}: ") and words in fault]
            self.assertTrue(found, f"line {number}: {words}: not among\n" + "\n".join(faults))

    def test_message_has_the_documented_form(self):
        path, faults = self.faults_of(
            '{"cameras": [\n{"source": {"type": "pattern", "width": 64, "height": 64,\n"fps": 0}}]}')
        self.assertEqual(faults[0], f"{path}:3: cameras[0].source.fps: must be between 0.1 and 240 (got 0)")

    def test_comments_are_not_json(self):
        path, faults = self.faults_of('{\n// no\n"cameras": []}')
        self.assertTrue(faults[0].startswith(f"{path}:2: "), faults)

    def test_control_characters_in_a_name_are_a_fault(self):
        _, faults = self.faults_of({"cameras": [pattern("a", name="x\n2026-01-01T00:00:00.000Z error forged")]})
        self.assertIn("cameras[0].name: ", faults[0])
        self.assertFalse([fault for fault in faults if fault.startswith("2026")])

    def test_missing_picture_is_a_fault(self):
        _, faults = self.faults_of({"cameras": [{"source": {"type": "emulated", "files": ["absent.jpg"]}}]})
        self.assertIn("cameras[0].source.files[0]: ", faults[0])
        self.assertIn("absent.jpg", faults[0])

    def test_missing_picture_is_told_along_with_all_other_faults(self):
        path, faults = self.faults_of(
            '{"cameras": [\n{"id": "A",\n"source": {"type": "emulated", "files": ["absent.jpg"],\n"fps": 0}}]}')
        self.assertEqual([fault.rpartition(": cameras")[0] for fault in faults], [f"{path}:{n}" for n in (2, 3, 4)])
        self.assertIn("absent.jpg", faults[1])

    def test_empty_file_is_a_fault(self):
        self.assertTrue(self.faults_of("")[1])

    def test_pipe_or_device_is_refused_at_once(self):
        pipe = str(self.directory / "pipe")
        os.mkfifo(pipe)
        for path in (pipe, "/dev/zero"):
            result = run("--check", "--config", path)
            self.assertEqual((result.returncode, result.stderr),
                             (2, f"{path}: must be a regular file, not a pipe, socket or device\n"))

    def test_missing_file_is_named(self):
        path = str(self.directory / "absent.json")
        result = run("--check", "--config", path)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(path, result.stdout + result.stderr)

    def test_secret_of_the_environment_is_not_shown(self):
        path = self.write({"cameras": [{"id": "${CAMERA_SECRET}", "source": {"type": "pattern", "fps": 5}}]})
        result = subprocess.run([PROGRAM, "--check", "--config", path], capture_output=True, text=True,
                                env={"CAMERA_SECRET": "Not An Id 4711"})
        self.assertEqual(result.returncode, 2)
        self.assertNotIn("4711", result.stdout + result.stderr)

    def test_server_refuses_a_faulty_file(self):
        result = run("--config", self.write('{"cameras": 7}'), "--listen", "127.0.0.1:0")
        self.assertEqual(result.returncode, 2)
        self.assertIsNone(READY.search(result.stdout))
        self.assertTrue(re.search(r":1: cameras: ", result.stderr), result.stderr)


class BadPictures(Scratch):
    """A file that cannot be played costs only its own camera."""

    def serve_with(self, path):
        return Server({"cameras": [pattern("good"), {"id": "bad", "source": {
            "type": "emulated", "files": [str(path)], "fps": 5}}]})

    def assert_only_bad_is_offline(self, path, *words):
        with self.serve_with(path) as server, server.stream("/camera/bad/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "offline", 10, "the bad camera to be offline")
            error = server.wait_for_state("bad", "offline")["error"]
            for word in (str(path), *words):
                self.assertIn(word, error)
            self.assertEqual(server.get("/camera/good/snapshot").status, 200)

    def test_missing_file(self):
        self.assert_only_bad_is_offline(self.directory / "absent.jpg")

    def test_empty_file(self):
        self.assert_only_bad_is_offline(pathlib.Path(self.write("", "empty.jpg")))

    def test_directory(self):
        self.assert_only_bad_is_offline(self.directory)

    def test_text_file(self):
        self.assert_only_bad_is_offline(pathlib.Path(self.write("not a picture\n" * 100, "text.jpg")))

    def test_truncated_file(self):
        whole = plain_picture(self.directory / "whole.jpg", "blue").read_bytes()
        path = self.directory / "half.jpg"
        path.write_bytes(whole[:len(whole) // 2])
        self.assert_only_bad_is_offline(path)

    def test_huge_file(self):
        path = self.directory / "huge.jpg"
        with open(path, "wb") as file:
            file.truncate(2 << 30)
        self.assert_only_bad_is_offline(path)


if __name__ == "__main__":
    main()
