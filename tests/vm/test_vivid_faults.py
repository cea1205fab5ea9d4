#!/usr/bin/env python3
"""What cameras do wrong, done by the kernel's virtual ones: the state and the words for it, and the way back."""
import contextlib
import re
import time

from vm import HDMI, WEBCAMS, MachineTest, decode_fault, is_live, main, v4l2

CAMERA = WEBCAMS[0]


class Faults(MachineTest):
    @contextlib.contextmanager
    def watched(self, device=CAMERA, **source):
        """The server with one camera, and a stream of it that is live."""
        with self.serve(v4l2("a", device, source)) as server, server.stream("/camera/a/video_feed") as stream:
            stream.frame_where(is_live, 20, "a live frame")
            yield server, stream

    def assert_told(self, server, words):
        """Checks that the log says why the camera went offline, in words that fit."""
        reasons = re.findall(r"offline: (.+)", server.log())
        self.assertTrue(reasons, server.log())
        self.assertRegex(reasons[-1].lower(), words)

    def assert_steady(self, server, stream, restarts=0):
        """Checks that the camera is live and stays so."""
        for _ in range(10):
            part = stream.frame()
            self.assertEqual((part.state, decode_fault(part.body)), ("live", ""))
        camera = server.camera("a")
        self.assertEqual((camera["state"], camera["error"], camera["restarts"]), ("live", None, restarts))

    def check_interruption(self, button, words):
        """Sees the camera offline at once, and live again, in the same stream."""
        with self.watched() as (server, stream):
            newest = stream.frame()
            self.press(CAMERA, button)
            while newest.state == "live":
                last_live, newest = newest, stream.frame()
            self.assertEqual((newest.state, decode_fault(newest.body)), ("offline", ""))
            self.assertLess(newest.timestamp - last_live.timestamp, 1)
            stream.frame_where(is_live, 20, "a live frame")
            self.assert_told(server, words)
            self.assert_steady(server, stream, restarts=1)

    def test_disconnected_camera_is_offline_at_once_and_found_again(self):
        self.check_interruption("disconnect", "unplug|gone|disconnect|vanish|no longer")

    def test_fatal_streaming_error_is_offline_at_once_and_survived(self):
        self.check_interruption("inject_fatal_streaming_error", "fail|error|stopped|unplug|gone")

    def test_camera_that_cannot_be_started_is_offline_until_it_can(self):
        for button, words in (("inject_vidioc_reqbufs_error", "buffer"), ("inject_vidioc_qbuf_error", "buffer"),
                              ("inject_vidioc_streamon_error", "start|stream")):
            with self.subTest(fault=button), self.serve(v4l2("a", CAMERA)) as server:
                self.assertEqual(server.camera("a")["state"], "idle")
                self.press(CAMERA, button)
                with server.stream("/camera/a/video_feed") as stream:
                    part = stream.frame_where(lambda part: part.state == "offline", 10, "a frame that is offline")
                    self.assertEqual(decode_fault(part.body), "")
                    stream.frame_where(is_live, 20, "a live frame")
                    self.assert_told(server, words)
                    self.assert_steady(server, stream, restarts=1)

    def test_buffer_that_cannot_be_queued_again_is_survived(self):
        with self.watched() as (server, stream):
            buffers = server.mapped_buffers()
            self.press(CAMERA, "inject_vidioc_qbuf_error")
            # It may cost a restart, but never a buffer for good.
            for _ in range(20):
                stream.frame()
            server.wait_for_state("a", "live")
            self.assert_steady(server, stream, restarts=server.camera("a")["restarts"])
            self.assertEqual(server.mapped_buffers(), buffers)

    def test_flagged_buffers_are_left_out_and_counted(self):
        def lost(camera):
            return camera["frames"]["dropped"] + camera["frames"]["invalid"]
        with self.watched() as (server, stream):
            for _ in range(3):
                before = lost(server.camera("a"))
                self.press(CAMERA, "inject_v4l2_buf_flag_error")
                server.wait_for_camera("a", lambda camera: lost(camera) > before, 10, "the frame to be counted")
            self.assert_steady(server, stream)

    def test_gaps_of_the_driver_are_counted(self):
        def add_up(camera):
            """A gap is counted a moment before the frame behind it is published."""
            counted = camera["frames"]["dropped"] + camera["frames"]["published"]
            return camera["frames"]["dropped"] >= 20 and abs(counted - camera["last_frame"]["sequence"]) <= 3
        self.set_controls(CAMERA, percentage_of_dropped_buffers=50)
        with self.watched(fps=15) as (server, stream):
            camera = server.wait_for_camera("a", add_up, 20, "20 gaps that add up with the frames")
            frames = camera["frames"]
            share = frames["dropped"] / (frames["dropped"] + frames["published"])
            self.assertTrue(0.25 < share < 0.75, frames)
            self.assertEqual((camera["state"], camera["restarts"]), ("live", 0))

    def test_sequence_numbers_that_wrap_are_no_gap(self):
        self.set_controls(CAMERA, wrap_sequence_number=1)  # it begins 128 frames before
        with self.watched(fps=30) as (server, stream):
            camera = server.wait_for_camera("a", lambda camera: camera["last_frame"]["sequence"] > 160, 30,
                                            "the number to wrap")
            self.assertLess(camera["frames"]["dropped"], 80)
            self.assert_steady(server, stream)

    def test_timestamps_that_wrap_do_not_reach_viewers(self):
        for place, kind in ((1, "64 bits"), (2, "32 bits")):
            self.set_controls(CAMERA, wrap_timestamp=place)
            with self.subTest(kind=kind), self.watched() as (server, stream):
                newest = stream.frame()
                for _ in range(20):
                    last, newest = newest, stream.frame()
                    self.assertTrue(0 < newest.timestamp - last.timestamp < 2)
                now = float(self.machine.check("date +%s"))
                self.assertAlmostEqual(newest.timestamp, now, delta=3)

    def test_device_that_others_use_is_offline_until_it_is_free(self):
        process = self.machine.check(f"v4l2-ctl -d {CAMERA} --stream-mmap >/dev/null 2>&1 & echo $!").strip()
        with self.serve(v4l2("a", CAMERA)) as server, server.stream("/camera/a/video_feed") as stream:
            stream.frame_where(lambda part: part.state == "offline", 10, "a frame that is offline")
            camera = server.wait_for_state("a", "offline")
            self.assertRegex(camera["error"].lower(), "busy|in use|another|used")
            self.machine.check(f"kill {process}")
            stream.frame_where(is_live, 20, "a live frame")

    def test_unplugged_camera_says_so_and_is_found_soon_after_its_return(self):
        self.addCleanup(self.machine.plug_cameras_in)
        with self.watched() as (server, stream):
            self.machine.unplug_cameras()
            unplugged = time.monotonic()
            stream.frame_where(lambda part: part.state == "offline", 3, "a frame that is offline")
            self.assertLess(time.monotonic() - unplugged, 1)
            # By now it would wait for seconds, if it did not notice the return.
            camera = server.wait_for_camera("a", lambda camera: camera["restarts"] >= 4, 30, "some attempts")
            self.assertEqual(camera["state"], "offline")
            self.assertRegex(camera["error"].lower(), "no such|not found|not there|gone|unplug|vanish|missing")
            self.assertEqual((server.open_devices(), server.mapped_buffers()), ([], 0))
            self.machine.plug_cameras_in()
            returned = time.monotonic()
            stream.frame_where(is_live, 10, "a live frame")
            self.assertLess(time.monotonic() - returned, 2)

    def test_failures_leak_neither_descriptors_nor_buffers(self):
        with self.watched() as (server, stream):
            before = server.descriptors(), server.open_devices(), server.mapped_buffers()
            for cycle in range(5):
                self.press(CAMERA, "inject_fatal_streaming_error" if cycle % 2 else "disconnect")
                server.wait_for_camera("a", lambda camera: camera["restarts"] > cycle and camera["state"] == "live", 20,
                                       "the camera to be live again")
            self.assertEqual((server.descriptors(), server.open_devices(), server.mapped_buffers()), before)

    def test_lost_hdmi_signal_is_told_and_found_again(self):
        self.set_controls(HDMI, dv_timings_signal_mode=4, dv_timings=0)
        for place, kind in ((1, "no signal"), (2, "no lock"), (3, "out of range")):
            with self.subTest(kind=kind), self.watched(HDMI, fps=5) as (server, stream):
                self.machine.set_controls(HDMI, dv_timings_signal_mode=place)
                part = stream.frame_where(lambda part: part.state != "live", 10, "a frame that is not live")
                self.assertIn(part.state, ("offline", "stale"))
                camera = server.wait_for_camera("a", lambda camera: camera["state"] in ("offline", "stale"), 5,
                                                "the loss to be told")
                self.assertRegex(camera["error"].lower(), "signal")
                self.machine.set_controls(HDMI, dv_timings_signal_mode=4)
                stream.frame_where(is_live, 20, "a live frame")
                self.assertIsNone(server.wait_for_state("a", "live")["error"])

    def test_new_hdmi_source_is_followed(self):
        self.set_controls(HDMI, dv_timings_signal_mode=4, dv_timings=0)
        with self.watched(HDMI, fps=5) as (server, stream):
            self.assertEqual(server.camera("a")["width"], 640)
            self.machine.set_controls(HDMI, dv_timings=2)
            server.wait_for_camera("a", lambda camera: (camera["state"], camera["width"], camera["height"]) ==
                                   ("live", 720, 480), 20, "the new size")
            part = stream.frame_where(is_live, 10, "a live frame")
            self.assertEqual(decode_fault(part.body), "")


class Controls(MachineTest):
    def read(self, name):
        return int(self.machine.check(f"v4l2-ctl -d {CAMERA} --get-ctrl {name}").split(":")[1])

    def test_controls_are_set_at_each_opening(self):
        self.addCleanup(self.machine.set_controls, CAMERA, brightness=128, gain_automatic=1)
        camera = v4l2("a", CAMERA, {"controls": {"brightness": 77, "gain_automatic": 0}})
        with self.serve(camera) as server, server.stream("/camera/a/video_feed") as stream:
            stream.frame_where(is_live, 20, "a live frame")
            self.assertEqual((self.read("brightness"), self.read("gain_automatic")), (77, 0))
            self.machine.set_controls(CAMERA, brightness=10)
            self.press(CAMERA, "disconnect")
            server.wait_for_camera("a", lambda camera: camera["restarts"] >= 1 and camera["state"] == "live", 20,
                                   "the camera to be live again")
            self.assertEqual(self.read("brightness"), 77)


if __name__ == "__main__":
    main()
