#!/usr/bin/env python3
"""Capturing from the kernel's virtual cameras: every kind of raw format, odd sizes, the asked rate, the right colours,
and devices by their names."""
import contextlib
import json
import subprocess

from vm import HDMI, WEBCAMS, MachineTest, decode_fault, is_live, main, v4l2, wait_until

# What vivid calls "100% Colorbar", from left to right.
BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0))
# The luma that vivid gives to them in GREY, which has the full range and the weights of Rec. 709.
GREY_BARS = tuple((luma, luma, luma) for luma in (254, 235, 200, 181, 72, 54, 18, 0))


def decode(jpeg):
    """Width, height, and a function that gives the colour at a place."""
    ppm = subprocess.run(["ffmpeg", "-v", "error", "-f", "mjpeg", "-i", "-", "-f", "image2pipe", "-c", "ppm", "-"],
                         input=jpeg, stdout=subprocess.PIPE, check=True).stdout
    head, size, _, pixels = ppm.split(b"\n", 3)
    assert head == b"P6", ppm[:20]
    width, height = map(int, size.split())

    def colour(x, y):
        return tuple(pixels[3 * (y * width + x):][:3])
    return width, height, colour


class Capturing(MachineTest):
    def first_live(self, stream):
        return stream.frame_where(is_live, 20, "a live frame")

    def assert_rate(self, stream, fps):
        """Checks the rate of capture, by the driver's numbers, and that most frames arrive. The first second is that
        of a machine which is still busy with opening."""
        parts = [self.first_live(stream)]
        while parts[-1].timestamp < parts[0].timestamp + 4:
            parts.append(stream.frame())
        self.assertEqual({part.state for part in parts}, {"live"})
        steady = [part for part in parts if part.timestamp > parts[0].timestamp + 1]
        seconds = steady[-1].timestamp - steady[0].timestamp
        self.assertAlmostEqual((steady[-1].sequence - steady[0].sequence) / seconds, fps, delta=fps / 10)
        self.assertGreater((len(steady) - 1) / seconds, 0.7 * fps)
        return parts[-1]

    def assert_bars(self, jpeg, bars):
        self.assertEqual(decode_fault(jpeg), "")
        width, height, colour = decode(jpeg)
        for place, expected in enumerate(bars):
            x = (2 * place + 1) * width // 16
            for y in (1, height // 2, height - 2):
                for seen, wanted in zip(colour(x, y), expected):
                    self.assertAlmostEqual(seen, wanted, delta=14, msg=f"bar {place}, line {y}: {colour(x, y)}")

    def check_format(self, name, bars=BARS, **source):
        """A stream of colour bars that are captured in a format."""
        camera = v4l2("a", WEBCAMS[0], {"format": name, **source})
        with self.serve(camera) as server, server.stream("/camera/a/video_feed") as stream:
            newest = self.assert_rate(stream, 10)
            self.assert_bars(newest.body, bars)
            status = server.camera("a")
            self.assertEqual((status["state"], status["error"], status["restarts"]), ("live", None, 0))
            self.assertEqual((status["format"], status["width"], status["height"]), (name, 320, 180))
            self.assertEqual(status["frames"]["invalid"], 0)

    def show_bars(self, device, **controls):
        self.set_controls(device, test_pattern=1, osd_text_mode=2, **controls)

    def test_limited_range_yuv_is_shown_in_its_colours(self):
        self.show_bars(WEBCAMS[0])
        for name in ("YUYV", "YVYU", "UYVY", "NV12", "YU12"):
            with self.subTest(format=name):
                self.check_format(name, range="limited")

    def test_full_range_yuv_is_shown_in_its_colours(self):
        self.show_bars(WEBCAMS[0], quantization=1)
        for name in ("YUYV", "YVYU", "UYVY", "NV12", "YU12"):
            with self.subTest(format=name):
                self.check_format(name, range="full")

    def test_422_keeps_its_colours(self):
        self.show_bars(WEBCAMS[0])
        self.check_format("YUYV", range="limited", subsampling="4:2:2")

    def test_grey_is_shown_in_its_shades(self):
        self.show_bars(WEBCAMS[0])
        self.check_format("GREY", GREY_BARS)

    def test_what_libv4l2_converts_is_shown_in_its_colours(self):
        self.show_bars(WEBCAMS[0])
        for name in ("RGB3", "BA81"):
            with self.subTest(format=name):
                self.check_format(name)

    def test_auto_takes_a_format_that_costs_little(self):
        with self.serve(v4l2("a", WEBCAMS[0], {"format": "auto"})) as server, \
                server.stream("/camera/a/video_feed") as stream:
            self.first_live(stream)
            self.assertIn(server.camera("a")["format"], ("YUYV", "YVYU", "UYVY", "NV12", "YU12"))

    def test_each_rate_is_the_asked_one(self):
        for fps in (1, 5, 15):
            with self.subTest(fps=fps), self.serve(v4l2("a", WEBCAMS[0], {"fps": fps})) as server, \
                    server.stream("/camera/a/video_feed") as stream:
                self.assert_rate(stream, fps)
                self.assertAlmostEqual(server.camera("a")["fps"]["captured"], fps, delta=0.3 * fps)

    def test_size_that_the_driver_chooses_is_adopted(self):
        # 180 and 360 are no multiples of 16.
        for asked, given in (((331, 211), (320, 180)), ((640, 360), (640, 360)), ((640, 480), (640, 480))):
            camera = v4l2("a", WEBCAMS[0], {"width": asked[0], "height": asked[1]})
            with self.subTest(size=asked), self.serve(camera) as server, \
                    server.stream("/camera/a/video_feed") as stream:
                self.assertEqual(decode(self.first_live(stream).body)[:2], given)
                status = server.camera("a")
                self.assertEqual((status["width"], status["height"]), given)

    def test_hdmi_input_has_the_size_of_its_signal(self):
        camera = v4l2("a", HDMI, {"fps": 5})
        # Places in the menu of that control; 350 and 1366 are no multiples of 16.
        for place, size in ((0, (640, 480)), (17, (640, 350)), (56, (1366, 768))):
            self.set_controls(HDMI, dv_timings_signal_mode=4, dv_timings=place)
            with self.subTest(size=size), self.serve(camera) as server, \
                    server.stream("/camera/a/video_feed") as stream:
                part = self.first_live(stream)
                self.assertEqual(decode_fault(part.body), "")
                self.assertEqual(decode(part.body)[:2], size)
                status = server.camera("a")
                self.assertEqual((status["width"], status["height"]), size)

    def test_rate_that_the_driver_does_not_offer_is_reached_by_leaving_frames_out(self):
        self.set_controls(HDMI, dv_timings_signal_mode=4, dv_timings=0)  # 640x480 at 60 fps
        with self.serve(v4l2("a", HDMI, {"fps": 5})) as server, server.stream("/camera/a/video_feed") as stream:
            parts = [self.first_live(stream) for _ in range(20)]
            self.assertAlmostEqual(19 / (parts[-1].timestamp - parts[0].timestamp), 5, delta=1)

    def test_four_cameras_at_once(self):
        self.set_controls(HDMI, dv_timings_signal_mode=4, dv_timings=0)
        cameras = [v4l2(f"c{place}", device, {"fps": 5}) for place, device in enumerate((*WEBCAMS, HDMI))]
        with self.serve(*cameras) as server, contextlib.ExitStack() as stack:
            streams = [stack.enter_context(server.stream(f"/camera/c{place}/video_feed")) for place in range(4)]
            for stream in streams:
                self.first_live(stream)
            starts = [stream.frame() for stream in streams]
            ends = [[stream.frame() for _ in range(20)][-1] for stream in streams]
            for start, end in zip(starts, ends):
                self.assertEqual(end.state, "live")
                self.assertEqual(decode_fault(end.body), "")
                self.assertAlmostEqual(20 / (end.timestamp - start.timestamp), 5, delta=1.5)
            self.assertEqual(server.open_devices(), [*WEBCAMS, HDMI])
            self.assertEqual({camera["restarts"] for camera in server.status()["cameras"]}, {0})


class AnotherServer(MachineTest):
    """ustreamer has the device, and we show its stream."""

    def start_ustreamer(self):
        self.machine.check(f"ustreamer --device {WEBCAMS[1]} --format YUYV --resolution 320x180 --desired-fps 10 "
                           "--host 127.0.0.1 --port 8081 >/tmp/ustreamer 2>&1 & echo $! >/tmp/ustreamer.pid")
        self.addCleanup(self.stop_ustreamer)

    def stop_ustreamer(self):
        self.machine.run("kill $(cat /tmp/ustreamer.pid)")
        wait_until(lambda: self.machine.run("kill -0 $(cat /tmp/ustreamer.pid)")[0] != 0, 10, "the end of ustreamer")

    def test_its_stream_is_shown_and_found_again(self):
        self.start_ustreamer()
        camera = {"id": "a", "source": {"type": "url", "url": "http://127.0.0.1:8081/stream"}}
        with self.serve(camera) as server, server.stream("/camera/a/video_feed") as stream:
            part = stream.frame_where(is_live, 20, "a frame of ustreamer")
            self.assertEqual(decode_fault(part.body), "")
            status = server.camera("a")
            self.assertEqual((status["format"], status["width"], status["height"]), ("MJPEG", 320, 180))
            self.stop_ustreamer()
            server.wait_for_state("a", "offline", 20)
            self.assertIn("127.0.0.1:8081", server.camera("a")["error"])
            self.start_ustreamer()
            stream.frame_where(is_live, 30, "a frame after ustreamer's return")


class Devices(MachineTest):
    def test_devices_are_listed_for_people(self):
        text = self.machine.check("framebroker --list-devices")
        for fact in ("/dev/video0", "/dev/video3", "vivid", "YUYV", "NV12", "320x180", "1280x720"):
            self.assertIn(fact, text)

    def test_devices_are_listed_for_machines(self):
        text = self.machine.check("framebroker --list-devices --json")
        json.loads(text)
        for device in (*WEBCAMS, HDMI):
            self.assertIn(f'"{device}"', text)

    def test_init_configures_what_streams(self):
        config = json.loads(self.machine.check("framebroker --init"))
        self.assertEqual([camera["source"]["device"] for camera in config["cameras"]], [*WEBCAMS, HDMI])
        self.assertEqual({camera["source"]["type"] for camera in config["cameras"]}, {"v4l2"})
        webcam = config["cameras"][0]
        self.assertEqual((webcam["id"], webcam["name"]), ("vivid", "vivid"))
        # Larger ones are slow.
        self.assertEqual((webcam["source"]["width"], webcam["source"]["height"]), (640, 480))
        self.assertEqual(self.machine.check("framebroker --init 2>/dev/null >/tmp/init.json && "
                                            "framebroker --check --config /tmp/init.json"),
                         "/tmp/init.json: 4 cameras, no faults\n")
        with self.serve(webcam) as server, contextlib.ExitStack() as stack:
            self.watch(server, stack, "vivid")

    def watch(self, server, stack, *ids):
        for id in ids:
            stream = stack.enter_context(server.stream(f"/camera/{id}/video_feed"))
            stream.frame_where(is_live, 20, f"a live frame of {id}")

    def test_auto_takes_the_first_device_that_nobody_names(self):
        cameras = [v4l2("any", "auto"), v4l2("named", WEBCAMS[0]), v4l2("other", "auto")]
        with self.serve(*cameras) as server, contextlib.ExitStack() as stack:
            self.watch(server, stack, "any", "named", "other")
            self.assertEqual(server.open_devices(), list(WEBCAMS))

    def test_link_is_followed_again_at_each_opening(self):
        link = "/dev/v4l/by-id/usb-camera"
        self.addCleanup(self.machine.check, "rm -r /dev/v4l")
        self.machine.check(f"mkdir -p /dev/v4l/by-id; ln -s {WEBCAMS[1]} {link}")
        with self.serve(v4l2("a", link)) as server, contextlib.ExitStack() as stack:
            self.watch(server, stack, "a")
            self.assertEqual(server.open_devices(), [WEBCAMS[1]])
            self.machine.check(f"ln -sf {WEBCAMS[2]} {link}")
            self.press(WEBCAMS[1], "inject_fatal_streaming_error")
            server.wait_for_camera("a", lambda camera: camera["restarts"] >= 1 and camera["state"] == "live", 20,
                                   "the camera to be live again")
            self.assertEqual(server.open_devices(), [WEBCAMS[2]])


if __name__ == "__main__":
    main()
