#!/usr/bin/env python3
"""The log on standard error: its forms, how little a failing camera fills it, and that nobody waits for its reader."""
import contextlib
import json
import os
import re
import tempfile
import unittest

from harness import Server, emulated, eventually, main, pattern, wait_until

FORGED = "/gone.jpg\n2026-01-01T00:00:00.000Z error forged\x1b[2J\"}"
TEXT_LINE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z (error|warning|info) .+")


def missing(file="/gone.jpg"):
    return {"cameras": [emulated("a", [file], on_demand=False)]}


def wait_for_failures(server, count):
    """A first failure, and so many more."""
    server.wait_for_camera("a", lambda camera: camera["restarts"] >= count, 30, f"{count} more failures")


class Forms(unittest.TestCase):
    def log_of(self, *arguments, journal=False):
        with tempfile.NamedTemporaryFile("w+") as file:
            status = os.stat(file.name)
            environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino if journal else 1}"}
            with Server(missing(FORGED), *arguments, environment=environment, stderr=file) as server:
                wait_for_failures(server, 1)
                server.signal()
                with open(file.name) as written:
                    return written.read().splitlines()

    def test_text_has_a_line_an_event_that_nothing_from_outside_can_forge(self):
        lines = self.log_of()
        self.assertEqual(len(lines), 2, lines)
        for line in lines:
            self.assertRegex(line, TEXT_LINE)
        self.assertIn(r"warning a: offline: ", lines[0])
        self.assertIn(r"/gone.jpg\x0a2026-01-01T00:00:00.000Z error forged\x1b[2J", lines[0])
        self.assertTrue(lines[1].endswith(" info stopping: SIGTERM"), lines[1])

    def test_json_has_an_object_a_line(self):
        first, last = map(json.loads, self.log_of("--log-format", "json"))
        self.assertEqual(list(first), ["time", "level", "camera", "message"])
        self.assertEqual((first["level"], first["camera"]), ("warning", "a"))
        self.assertIn(FORGED, first["message"])
        self.assertEqual((last["level"], last["camera"], last["message"]), ("info", None, "stopping: SIGTERM"))

    def test_the_journal_gets_priorities_and_no_time(self):
        lines = self.log_of(journal=True)
        self.assertEqual([line[:13] for line in lines], ["<4>a: offline", "<6>stopping: "])

    def test_the_journal_gets_json_with_priorities(self):
        lines = self.log_of("--log-format=json", journal=True)
        self.assertEqual([line[:3] for line in lines], ["<4>", "<6>"])
        self.assertEqual(json.loads(lines[0][3:])["camera"], "a")


class Amount(unittest.TestCase):
    def test_camera_that_keeps_failing_is_told_of_once(self):
        with Server(missing()) as server:
            wait_for_failures(server, 4)
            self.assertEqual(server.log().count("offline: "), 1, server.log())

    def test_device_that_is_no_camera_is_told_of_once(self):
        camera = {"id": "a", "on_demand": False, "source": {"type": "v4l2", "device": "/dev/null"}}
        with Server({"cameras": [camera]}) as server:
            wait_for_failures(server, 2)
            self.assertEqual(len(server.log().splitlines()), 1, server.log())

    def test_recovery_is_told_at_once(self):
        faults = [{"kind": "fail_open", "at_s": 0, "for_s": 1}]
        with Server({"cameras": [pattern("a", faults=faults, on_demand=False)]}) as server:
            server.wait_for_state("a", "live")
            wait_until(lambda: "info a: frames come again" in server.log(), 5, "the line of the recovery")
            self.assertEqual(server.log().count("offline: "), 1, server.log())


    def test_stale_camera_is_told_of_once_and_so_is_its_recovery(self):
        faults = [{"kind": "freeze", "at_s": 1, "for_s": 1}, {"kind": "freeze", "at_s": 3, "for_s": 600}]
        camera = pattern("a", faults=faults, on_demand=False, stale_after_ms=300)
        with Server({"cameras": [camera]}) as server:
            wait_until(lambda: "info a: frames come again" in server.log(), 10, "the line of the recovery")
            self.assertIn("warning a: stale: no frame for 0.3 s", server.log())
            server.wait_for_state("a", "stale")
            self.assertEqual(server.log().count("stale: "), 1, server.log())


class Readers(unittest.TestCase):
    def assert_serves(self, server):
        wait_for_failures(server, 2)
        self.assertEqual(server.camera("a")["state"], "offline")

    def test_server_goes_on_when_nothing_can_be_written(self):
        with open("/dev/full", "w") as full, Server(missing(), stderr=full) as server:
            self.assert_serves(server)

    def test_nobody_waits_for_a_reader_and_he_hears_what_he_has_missed(self):
        read_end, write_end = os.pipe()
        with contextlib.ExitStack() as stack:
            reader, writer = stack.enter_context(open(read_end, "rb")), stack.enter_context(open(write_end, "wb"))
            os.set_blocking(write_end, False)
            filling = 0
            with contextlib.suppress(BlockingIOError):
                while True:
                    filling += os.write(write_end, b"\n" * 4096)
            os.set_blocking(write_end, True)
            with Server(missing(), stderr=writer) as server:
                self.assert_serves(server)
                eventually(lambda: "framebroker_log_lines_lost_total 1\n" in server.get("/metrics").text, True,
                           "the lost line to be counted")
                reader.read(filling)
                server.signal()
            log = reader.read().decode()
        self.assertRegex(log, r"info stopping: SIGTERM\n.* warning lines of the log that were lost, .*: 1\n$")


if __name__ == "__main__":
    main()
