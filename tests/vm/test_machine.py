#!/usr/bin/env python3
"""The virtual machine itself: its cameras, and the way into it."""
from vm import MachineTest, main, pattern


class TheMachine(MachineTest):
    def test_commands_give_their_output_and_status(self):
        self.assertEqual(self.machine.run("echo one; echo two >&2; exit 3"), (3, "one\ntwo\n"))

    def test_there_are_three_webcams_and_an_hdmi_input(self):
        devices = self.machine.check("ls /dev/video*").split()
        self.assertEqual(devices, [f"/dev/video{number}" for number in range(4)])
        inputs = [self.machine.check(f"v4l2-ctl -d {device} --get-input") for device in devices]
        self.assertEqual([text.split("(")[1][:4] for text in inputs], ["Webc", "Webc", "Webc", "HDMI"])

    def test_cameras_deliver_frames(self):
        self.machine.check("v4l2-ctl -d /dev/video0 --set-fmt-video=width=320,height=180,pixelformat=YUYV -p 10 "
                           "--stream-mmap --stream-count=10 --stream-to=/tmp/frames")
        self.assertEqual(int(self.machine.check("stat -c %s /tmp/frames")), 10 * 320 * 180 * 2)

    def test_cameras_can_be_unplugged(self):
        self.addCleanup(self.machine.plug_cameras_in)
        self.machine.unplug_cameras()
        self.assertNotEqual(self.machine.run("ls /dev/video*")[0], 0)
        self.machine.plug_cameras_in()
        self.machine.check("v4l2-ctl -d /dev/video3 --get-input")

    def test_program_in_the_machine_streams_to_the_host(self):
        with self.serve(pattern("a", 320, 180, 10)) as server, server.stream("/camera/a/video_feed") as stream:
            parts = [stream.frame_where(lambda part: part.state == "live", 10, "a live frame") for _ in range(20)]
            self.assertAlmostEqual(19 / (parts[-1].timestamp - parts[0].timestamp), 10, delta=2)
            self.assertGreater(server.descriptors(), 3)
            self.assertEqual((server.open_devices(), server.mapped_buffers()), ([], 0))


if __name__ == "__main__":
    main()
