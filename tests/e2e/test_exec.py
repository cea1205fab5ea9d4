#!/usr/bin/env python3
"""Cameras that are programs: real ones with each kind of output, and those that fail, flood, fork or do not listen."""
import os
import pathlib
import re
import shutil
import signal
import tempfile
import time
import unittest

from harness import (Server, decode_fault, eventually, main, plain_picture, require_url_cameras, size_of,
                     wait_until)

SIZE = (160, 120)
TEST_PICTURES = ["-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=20"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]


def camera(id, command, idle_timeout_s=0.2, on_demand=True, **source):
    return {"id": id, "idle_timeout_s": idle_timeout_s, "on_demand": on_demand,
            "source": {"type": "exec", "command": [str(word) for word in command], **source}}


def ffmpeg(id, *output, **source):
    return camera(id, ["ffmpeg", *TEST_PICTURES, *output, "-"], **source)


def processes(word):
    """Those with the word in their arguments."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if word.encode() in arguments and state != "Z" and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)
        self.picture = plain_picture(self.directory / "1.jpg", "red", "160x120")
        self.mark = f"mark-{os.getpid()}-{self.id()}"

    def shell(self, id, script, **source):
        """A shell that writes a picture twenty times a second with `pictures`; its arguments have the mark."""
        pictures = f"pictures() {{ while cat '{self.picture}'; do sleep 0.05; done; }}; "
        return camera(id, ["sh", "-c", pictures + script, self.mark], **source)

    def wait_for_processes(self, count, seconds=10):
        wait_until(lambda: len(processes(self.mark)) == count, seconds, f"{count} processes")

    def wait_for_error(self, server, id, text):
        return server.wait_for_camera(id, lambda camera: text in (camera["error"] or ""), 10, f"{text!r} as the error")


class RealPrograms(Case):
    def watch(self, *cameras, format):
        with Server({"cameras": list(cameras)}) as server:
            for camera in cameras:
                with self.subTest(camera["id"]), server.stream(f"/camera/{camera['id']}/video_feed") as stream:
                    parts = [stream.frame_where(lambda part: part.state == "live", 10, "frames") for _ in range(10)]
                    self.assertEqual([size_of(part.body) for part in parts], [SIZE] * 10)
                    self.assertEqual(decode_fault(parts[-1].body), "")
                    self.assertEqual(server.camera(camera["id"])["format"], format)
                    self.assertEqual(server.camera(camera["id"])["frames"]["invalid"], 0)

    def test_ffmpeg_with_jpegs_and_with_multipart(self):
        self.watch(ffmpeg("jpegs", "-f", "mjpeg"), ffmpeg("parts", "-f", "mpjpeg"), format="MJPEG")

    def test_ffmpeg_with_video(self):
        require_url_cameras()
        self.watch(ffmpeg("h264", *H264, "-f", "h264"), ffmpeg("mpegts", *H264, "-f", "mpegts"),
                   ffmpeg("matroska", *H264, "-g", "10", "-flush_packets", "1", "-cluster_time_limit", "1", "-f",
                          "matroska"), format="h264")

    def test_gstreamer_with_jpegs_and_with_multipart(self):
        if not shutil.which("gst-launch-1.0"):
            self.skipTest("gst-launch-1.0 is missing (Debian: gstreamer1.0-tools)")
        test_pictures = ["gst-launch-1.0", "-q", "videotestsrc", "is-live=true", "!",
                         "video/x-raw,width=160,height=120,framerate=20/1", "!", "jpegenc", "!"]
        self.watch(camera("jpegs", [*test_pictures, "fdsink"]),
                   camera("parts", [*test_pictures, "multipartmux", "!", "fdsink"]), format="MJPEG")

    def test_gphoto2_without_a_camera(self):
        program = shutil.which("gphoto2")
        if program is None:  # its words
            program = self.directory / "gphoto2"
            program.write_text("#!/bin/sh\necho '*** Error: No camera found. ***' >&2\nexit 1\n")
            program.chmod(0o755)
        with Server({"cameras": [camera("a", [program, "--stdout", "--capture-movie"], on_demand=False)]}) as server:
            failed = self.wait_for_error(server, "a", "the program ended with status 1: ")
            self.assertEqual(failed["state"], "offline")


class Demand(Case):
    def test_it_runs_while_there_are_viewers(self):
        with Server({"cameras": [self.shell("a", "pictures")]}) as server:
            self.assertEqual(processes(self.mark), [])
            with server.stream("/camera/a/video_feed") as stream:
                stream.frame_where(lambda part: part.state == "live", 10, "frames")
                self.wait_for_processes(1)
            self.wait_for_processes(0)
            eventually(lambda: server.camera("a")["state"], "idle", "the camera to be idle")
            with server.stream("/camera/a/video_feed") as stream:
                stream.frame_where(lambda part: part.state == "live", 10, "frames again")

    def test_it_has_no_more_of_the_environment_than_it_needs(self):
        script = f"env > '{self.directory}/env'; pictures"
        config = {"cameras": [self.shell("a", script, environment={"OWN": "${CAMERA_TOKEN}", "TZ": "Asia/Tokyo"}),
                              self.shell("b", "pictures")]}
        environment = {"CAMERA_TOKEN": "t0ken", "CAMERA_PASSWORD": "s3cret"}
        with Server(config, environment=environment) as server:
            server.get("/camera/b/snapshot")
            server.get("/camera/a/snapshot")
            variables = dict(line.split("=", 1) for line in (self.directory / "env").read_text().splitlines())
            self.assertEqual((variables["OWN"], variables["TZ"]), ("t0ken", "Asia/Tokyo"))
            self.assertNotIn("CAMERA_PASSWORD", variables)
            self.assertLessEqual(set(variables), {"OWN", "TZ", "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PWD", "_",
                                                  "SHLVL", "OLDPWD"})

    def test_descriptors_and_processes_do_not_accumulate(self):
        with Server({"cameras": [self.shell("a", "exit 1", on_demand=False)]}) as server:
            server.wait_for_camera("a", lambda camera: camera["restarts"] >= 1, 10, "a restart")
            before = server.descriptors()
            server.wait_for_camera("a", lambda camera: camera["restarts"] >= 3, 20, "more restarts")
            server.await_descriptors(before)
            children = pathlib.Path(f"/proc/{server.pid}/task")
            self.assertLessEqual(sum(len((task / "children").read_text().split()) for task in children.iterdir()), 1)


class End(Case):
    def test_the_signal_reaches_the_program_and_its_children(self):
        signals = self.directory / "signals"
        child = f"sh -c 'trap \"echo child >> {signals}; exit\" USR1; while :; do sleep 0.1; done' {self.mark}"
        script = f"{child} & trap 'echo program >> {signals}; wait $!; exit' USR1; pictures"
        with Server({"cameras": [self.shell("a", script, stop_signal="SIGUSR1")]}) as server:
            server.get("/camera/a/snapshot")
            self.wait_for_processes(0)
        self.assertEqual(sorted(signals.read_text().split()), ["child", "program"])

    def test_sigint_is_the_signal_and_output_is_read_to_the_end(self):
        """As rpicam-vid and gphoto2, which put their cameras in order first."""
        script = (f"trap 'head -c 300000 /dev/zero && echo done > {self.directory}/done; exit' INT; "
                  "while :; do cat '%s'; sleep 0.05; done" % self.picture)
        with Server({"cameras": [self.shell("a", script)]}) as server:
            server.get("/camera/a/snapshot")
            wait_until((self.directory / "done").exists, 10, "the program to have put things in order")
            self.wait_for_processes(0)

    def test_what_ignores_the_signal_is_killed_after_two_seconds_with_its_children(self):
        script = "trap '' INT TERM; (while :; do sleep 0.1; done) & pictures"
        with Server({"cameras": [self.shell("a", script)]}) as server:
            with server.stream("/camera/a/video_feed") as stream:
                stream.frame_where(lambda part: part.state == "live", 10, "frames")
                self.wait_for_processes(2)
            started = time.monotonic()
            self.wait_for_processes(0)
            self.assertGreater(time.monotonic() - started, 1.5)

    def test_the_server_ends_in_time_whatever_its_programs_do(self):
        scripts = ["trap '' INT; pictures", "trap '' INT; (trap '' INT; sleep 1000) & pictures", "trap '' INT; sleep 1000",
                   "yes >&2", "cat /dev/zero", "pictures"]
        cameras = [self.shell(f"c{number}", script, on_demand=False) for number, script in enumerate(scripts)]
        with Server({"cameras": cameras}) as server:
            for id in ("c0", "c1", "c5"):
                server.wait_for_state(id, "live")
            server.signal()
        self.wait_for_processes(0)

    def test_a_change_of_the_command_starts_the_new_one(self):
        with Server({"cameras": [self.shell("a", "pictures", on_demand=False)]}) as server:
            server.wait_for_state("a", "live")
            before = processes(self.mark)
            self.assertEqual(server.reload({"cameras": [self.shell("a", "pictures #", on_demand=False)]}).status, 200)
            wait_until(lambda: processes(self.mark) not in ([], before), 10, "another process")
            self.wait_for_processes(1)
            server.wait_for_state("a", "live")


class Failure(Case):
    def test_how_it_ended_is_the_cameras_error(self):
        cameras = [self.shell("status", "echo 'no camera' >&2; echo 'rtsp://u:s3cret@h/ is busy' >&2; exit 7"),
                   self.shell("signal", "kill -SEGV $$"),
                   self.shell("done", "exit 0"),
                   self.shell("later", "cat '%s'; echo lost >&2; exit 1" % self.picture),
                   self.shell("closed", "exec >&-; sleep 1000"),
                   camera("missing", ["no-such-program"]),
                   camera("denied", ["/etc/passwd"])]
        for entry in cameras:
            entry["on_demand"] = False
        with Server({"cameras": cameras}) as server:
            self.wait_for_error(server, "status", "the program ended with status 7: rtsp://h/ is busy")
            self.wait_for_error(server, "signal", "the program was ended by signal 11 (SIGSEGV)")
            self.wait_for_error(server, "done", "the program ended with status 0")
            self.wait_for_error(server, "later", "the program ended with status 1: lost")
            self.wait_for_error(server, "closed", "the program closed its standard output")
            self.wait_for_error(server, "missing", '"no-such-program" is not installed, or not on PATH')
            self.wait_for_error(server, "denied", '"/etc/passwd" cannot be started: Permission denied')
            self.assertIn("info status: the program: no camera", server.log())
            self.assertNotIn("s3cret", server.log())

    def test_what_is_no_picture_is_said(self):
        require_url_cameras()
        with Server({"cameras": [self.shell("a", "yes", on_demand=False)]}) as server:
            self.wait_for_error(server, "a", "not a video stream that FFmpeg knows (the output of sh)")

    def test_a_program_that_is_killed_comes_back(self):
        with Server({"cameras": [self.shell("a", "pictures")]}) as server, \
                server.stream("/camera/a/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "live", 10, "frames")
            (process,) = processes(self.mark)
            os.kill(process, signal.SIGKILL)
            stream.frame_where(lambda part: part.state == "offline", 10, "its end")
            stream.frame_where(lambda part: part.state == "live", 10, "frames again")
            self.assertNotEqual(processes(self.mark), [process])

    def test_a_program_that_hangs_is_stale_and_started_again(self):
        script = f"cat '{self.picture}' '{self.picture}'; sleep 1000"
        entry = {**self.shell("a", script, on_demand=False), "stale_after_ms": 300}
        with Server({"cameras": [entry]}) as server:
            server.wait_for_state("a", "stale")
            server.wait_for_camera("a", lambda camera: camera["restarts"] >= 1, 15, "a restart")

    def test_a_flood_on_standard_error_is_ten_lines_a_minute(self):
        with Server({"cameras": [self.shell("a", "yes flood >&2 & pictures")]}) as server:
            with server.stream("/camera/a/video_feed") as stream:
                for _ in range(20):
                    stream.frame_where(lambda part: part.state == "live", 10, "frames")
            self.assertEqual(len(re.findall("info a: the program: flood", server.log())), 10)


if __name__ == "__main__":
    main()
