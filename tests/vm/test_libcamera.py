#!/usr/bin/env python3
"""libcamera itself, through a program: the kernel's virtual media controller, with what a camera of a Raspberry Pi has."""
import pathlib
import unittest

from vm import MachineTest, decode_fault, is_live, main

SIZE = (480, 360)
PLUGIN = pathlib.Path("/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstlibcamera.so")
IPA = pathlib.Path("/usr/lib/x86_64-linux-gnu/libcamera/ipa_vimc.so")
CAMERA = {"id": "pi", "idle_timeout_s": 1, "source": {
    "type": "exec", "command": [
        "gst-launch-1.0", "-q", "libcamerasrc", "!", f"video/x-raw,width={SIZE[0]},height={SIZE[1]}", "!",
        "videoconvert", "!", "jpegenc", "!", "fdsink"],
    "environment": {"GST_PLUGIN_SYSTEM_PATH": str(PLUGIN.parent), "GST_REGISTRY_FORK": "no",
                    "GST_REGISTRY": "/tmp/registry"}}}


class Libcamera(MachineTest):
    @classmethod
    def setUpClass(cls):
        for file, package in ((PLUGIN, "gstreamer1.0-libcamera"), (IPA, "libcamera-ipa")):
            if not file.exists():
                raise unittest.SkipTest(f"{file} is missing (Debian: {package})")
        super().setUpClass()

    def setUp(self):
        if self.machine.run("test -e /modules/vimc.ko")[0] != 0:
            self.skipTest("the kernel module vimc could not be built")
        self.machine.check("insmod /modules/vimc.ko")
        self.addCleanup(self.machine.check, "rmmod vimc")
        # libcamera takes the devices that udev has initialised; here, nothing else would say so.
        self.machine.check("mkdir -p /run/udev/data && for device in /sys/class/video4linux/*/dev "
                           "/sys/bus/media/devices/*/dev; do echo I:1 >/run/udev/data/c$(cat $device); done")

    def test_it_streams_and_survives_being_killed(self):
        with self.serve(CAMERA) as server, server.stream("/camera/pi/video_feed", timeout=60) as stream:
            for _ in range(3):
                part = stream.frame_where(is_live, 60, "a live frame")
            self.assertEqual(decode_fault(part.body), "")
            camera = server.camera("pi")
            self.assertEqual((camera["width"], camera["height"], camera["format"]), (*SIZE, "MJPEG"))
            self.machine.check("killall -9 gst-launch-1.0")
            server.wait_for_camera("pi", lambda camera: camera["restarts"] >= 1, 20, "the end of the program to be seen")
            stream.frame_where(is_live, 60, "a live frame of the next program")
        self.assertNotEqual(self.machine.run("pidof gst-launch-1.0")[0], 0)


if __name__ == "__main__":
    main()
