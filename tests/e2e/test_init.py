#!/usr/bin/env python3
"""--init: a configuration for the cameras that are there. ONVIF cameras answer in a network of this test's own."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from harness import PROGRAM, SOURCE_DIR, TIME_SCALE, main, require_url_cameras
from onvif_device import Device, envelope

ADDRESS6, INTERFACE = "fd00:db8::1", "camnet"
ADDRESSES = 30
LOGIN = {"ONVIF_USER": "admin", "ONVIF_PASSWORD": "pässword & <1>"}
TEST_PICTURE = [{"id": "test-picture", "name": "Test picture", "source": {"type": "pattern"}}]


def address(number):
    return f"192.0.2.{number}"


def init(*arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ONVIF_")}
    return subprocess.run([PROGRAM, "--init", *arguments], capture_output=True, text=True, timeout=60 * TIME_SCALE,
                          env={**clean, **environment})


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)

    def cameras_of(self, result, **environment):
        """What was printed passes --check, with the variables that it names."""
        self.assertEqual(result.returncode, 0, result.stderr)
        path = self.directory / "config.json"
        path.write_text(result.stdout)
        check = subprocess.run([PROGRAM, "--check", "--config", path], capture_output=True, text=True,
                               env={**os.environ, **environment})
        cameras = json.loads(result.stdout)["cameras"]
        count = f"{len(cameras)} camera{'s' if len(cameras) != 1 else ''}"
        self.assertEqual((check.stdout, check.stderr), (f"{path}: {count}, no faults\n", ""))
        return cameras


class ThisMachine(Case):
    def with_program(self, name, script):
        program = self.directory / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return {"PATH": f"{self.directory}:{os.environ['PATH']}"}

    def test_without_cameras_it_is_a_test_picture(self):
        result = init(PATH="/nonexistent")
        if pathlib.Path("/dev/video0").exists():
            self.skipTest("this machine has cameras")
        self.assertEqual(self.cameras_of(result), TEST_PICTURE)
        self.assertIn("no camera was found on this machine", result.stderr)

    def test_cameras_of_a_raspberry_pi(self):
        """What rpicam-vid prints, by its documentation; the one on USB is V4L2's."""
        path = self.with_program("rpicam-vid", """[ "$*" = --list-cameras ] || exit 1
cat >&2 <<END
[0:12:01.321] [1234]  INFO Camera camera_manager.cpp:327 libcamera v0.5.0
Available cameras
-----------------
0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
                             4608x2592 [14.35 fps - (0, 0)/4608x2592 crop]

1 : HD Pro Webcam C920 [1920x1080] (/base/axi/pcie@120000/rp1/usb@200000-1:1.0-046d:08e5)
    Modes: 'MJPEG' : 1920x1080 [30.00 fps - (0, 0)/0x0 crop]

2 : imx219 [3280x2464 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@80000/imx219@10)
END""")
        cameras = self.cameras_of(init(**path))
        self.assertEqual([camera["id"] for camera in cameras][:2], ["imx708", "imx219"])
        self.assertEqual(cameras[1]["source"], {"type": "exec", "command": [
            "rpicam-vid", "-t", "0", "-n", "--codec", "mjpeg", "--width", "1280", "--height", "720", "--framerate",
            "30", "--camera", "2", "-o", "-"]})

    def test_the_older_name_of_that_program(self):
        path = self.with_program("libcamera-vid", 'echo "0 : ov5647 [2592x1944] (/base/soc/i2c0mux/i2c@1/ov5647@36)"')
        if shutil.which("rpicam-vid"):
            self.skipTest("this machine has rpicam-vid")
        self.assertEqual(self.cameras_of(init(**path))[0]["source"]["command"][0], "libcamera-vid")

    def test_a_program_that_hangs_or_floods_costs_five_seconds_at_most(self):
        for script in ("sleep 60", "yes"):
            started = time.monotonic()
            self.cameras_of(init(**self.with_program("rpicam-vid", script)))
            self.assertLess(time.monotonic() - started, 8 * TIME_SCALE)

    def test_demo_shows_them_too(self):
        """What scripts/run starts."""
        path = self.with_program("rpicam-vid", 'echo "0 : ov5647 [2592x1944] (/base/soc/i2c0mux/i2c@1/ov5647@36)"')
        script = SOURCE_DIR / "scripts/demo-configuration"
        for environment, ids in (({"PATH": "/usr/bin:/bin"}, []), (path, ["ov5647"])):
            file = subprocess.run([script, PROGRAM, self.directory], capture_output=True, text=True, check=True,
                                  env={**os.environ, **environment}).stdout.strip()
            cameras = json.loads(pathlib.Path(file).read_text())["cameras"]
            self.assertEqual([camera["id"] for camera in cameras][8:], ids)
            check = subprocess.run([PROGRAM, "--check", "--config", file], capture_output=True, text=True)
            self.assertEqual(check.stdout, f"{file}: {8 + len(ids)} cameras, no faults\n")

    def test_onvif_needs_init(self):
        result = subprocess.run([PROGRAM, "--onvif"], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (2, "framebroker: --onvif needs --init\n"))


class OnvifCase(Case):
    @classmethod
    def setUpClass(cls):
        require_url_cameras()
        if INTERFACE not in (name for _, name in socket.if_nameindex()):
            raise unittest.SkipTest("no network of its own can be made (unshare, ip link add type veth)")

    def device(self, number, **options):
        """One at the address with that number."""
        device = Device(options.pop("address", address(number)), INTERFACE, **{"name": f"Camera {number}", **options})
        self.addCleanup(device.close)
        return device

    def find(self, *devices, environment=None, check=None):
        """The cameras by their addresses, and what was said. The devices had no fault to find with the requests."""
        environment = LOGIN if environment is None else environment
        result = init("--onvif", PATH="/nonexistent", **environment)
        for device in devices:
            self.assertEqual(device.faults, [])
            self.assertNotIn(device.login[1] if device.login else "\0", result.stdout + result.stderr)
        return self.cameras_of(result, **(check or environment)), result.stderr

    def source(self, number, path="/stream1", host=None, variables=("ONVIF_USER", "ONVIF_PASSWORD")):
        return {"type": "url", "url": f"rtsp://{host or address(number)}:8554{path}",
                **({"username": f"${{{variables[0]}}}", "password": f"${{{variables[1]}}}"} if variables else {})}


class Onvif(OnvifCase):
    def test_cameras_of_many_kinds(self):
        """A wrong clock; IPv6 alone; another idea of its own address; Media2 alone; no GetServices; HTTP Digest."""
        clock = self.device(1, clock_offset_s=-5000, name="Front Door")
        ipv6 = self.device(0, address=ADDRESS6, families=("6",), name="Six")
        recorder = self.device(2, sources=3, stream_host="admin:secret@10.0.0.7", name="Recorder")
        media2 = self.device(3, media2_only=True, sources=2)
        old = self.device(4, has_services=False)
        digest = self.device(5, http_digest=True)
        # What a camera says can neither read the environment nor break the file.
        evil = self.device(6, name='a"${ONVIF_PASSWORD}\n\x1b[2J', stream_path="/${{ONVIF_PASSWORD}}\"%0a{}")
        cameras, said = self.find(clock, ipv6, recorder, media2, old, digest, evil)
        self.assertEqual(said, "")
        self.assertEqual([(each["id"], each["source"]) for each in cameras], [
            ("front-door", self.source(1)), ("recorder", self.source(2)), ("recorder-2", self.source(2, "/stream2")),
            ("recorder-3", self.source(2, "/stream3")), ("camera-3", self.source(3)),
            ("camera-3-2", self.source(3, "/stream2")), ("camera-4", self.source(4)), ("camera-5", self.source(5)),
            ("a-onvif-password-2j", self.source(6, "/%24{ONVIF_PASSWORD}%22%0a1")),
            ("six", self.source(0, host=f"[{ADDRESS6}]"))])
        self.assertEqual((cameras[0]["name"], cameras[8]["name"]), ("Front Door", 'a"{ONVIF_PASSWORD}??[2J'))
        self.assertEqual(clock.requests, ["GetSystemDateAndTime", "GetServices", "GetProfiles", "GetStreamUri"])

    def test_a_login_is_asked_for_only_where_it_is_needed(self):
        """Without one, the placeholder has variables of its own; with those set, the address is found."""
        needs = self.device(1, name="Front Door")
        free = self.device(2, login=None, name="")
        own = {"FRONT_DOOR_USER": "admin", "FRONT_DOOR_PASSWORD": LOGIN["ONVIF_PASSWORD"]}
        placeholder = {"type": "url", "url": "rtsp://192.0.2.1/", "username": "${FRONT_DOOR_USER}",
                       "password": "${FRONT_DOOR_PASSWORD}"}
        for wrong in ({}, {**LOGIN, "ONVIF_PASSWORD": "other"}):
            cameras, said = self.find(needs, free, environment=wrong, check={**wrong, **own})
            self.assertEqual(cameras[0]["source"], placeholder)
            self.assertEqual(said, "front-door (192.0.2.1) needs a login: set FRONT_DOOR_USER and FRONT_DOOR_PASSWORD, "
                                   "or ONVIF_USER and ONVIF_PASSWORD for all cameras, and run this again for the "
                                   "address of its stream\n")
            self.assertEqual((cameras[1]["id"], cameras[1]["name"]), ("camera-192-0-2-2", "Camera 192.0.2.2"))
            self.assertEqual(cameras[1]["source"], self.source(2, variables=("ONVIF_USER", "ONVIF_PASSWORD")
                                                               if wrong else None))
        cameras, said = self.find(needs, free, environment=own)
        self.assertEqual((cameras[0]["source"], said), (self.source(1, variables=tuple(own)), ""))


class Hostile(OnvifCase):
    def test_answers_to_requests(self):
        bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
            f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9)) + "]><x>&j;</x>"
        file = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + envelope("<x>&f;</x>")[38:]
        expected = {}
        for answer, words in (
                (bomb, "document type declaration"), (file, "document type declaration"),
                ("<a>" * 100_000, "nested too deep"), (envelope("<x>" + "y" * 20_000 + "</x>"), "a text is too long"),
                (envelope("<x/>" * 400_000), "the answer is too large"), ("", "not SOAP"), ("<html/>", "not SOAP"),
                (b"\xff\xfe\0\0" * 50, "not SOAP"), (envelope("<trt:GetProfilesResponse/>"), "no profile"),
                ((302, {"Location": "http://127.0.0.1:9/"}, ""), "redirect"), ((500, {}, "<x>"), "not SOAP")):
            self.device(len(expected) + 1, login=None, answers={"GetProfiles": answer})
            expected[f"camera-{len(expected) + 1}"] = words
        for url, words in (("file:///etc/passwd", "no RTSP address"), ("http://127.0.0.1/admin", "no RTSP address"),
                           ("rtsp://", "malformed"), ("rtsp://a/" + "x" * 600, "malformed")):
            self.device(len(expected) + 1, login=None, answers={"GetStreamUri": envelope(
                f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{url}</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>")})
            expected[f"camera-{len(expected) + 1}"] = words
        self.device(len(expected) + 1, login=None, answers={"GetSystemDateAndTime": None})
        expected[f"camera-{len(expected) + 1}"] = "imeout"
        started = time.monotonic()
        cameras, said = self.find()
        self.assertLess(time.monotonic() - started, 20 * TIME_SCALE)
        self.assertEqual({each["id"]: each["source"]["url"] for each in cameras},
                         {id: f"rtsp://192.0.2.{id.partition('-')[2]}/" for id in expected})
        for id, words in expected.items():
            [line] = [line for line in said.splitlines() if line.startswith(f"{id} (")]
            self.assertIn(words, line)

    def test_answers_to_probes(self):
        """The login goes to no host but those that answer for themselves, and one host is not many cameras."""
        def answers(message_id, device):
            other = device.match(message_id, "http://192.0.2.99/ http://127.0.0.1/ http://localhost/ ftp://192.0.2.1/ "
                                             "http://admin@192.0.2.1/ http://192.0.2.1.example.org/ http://[::1]/")
            return [b"", b"\0" * 100, "<a>" * 2000, other, device.match("urn:uuid:0"), device.match(message_id)[:-20],
                    device.match(message_id).replace("<s:Envelope", "<!DOCTYPE x><s:Envelope", 1)]

        def many(message_id, device):
            return [device.match(message_id, f"http://192.0.2.2:{port}/") for port in range(1, 300)]
        first = self.device(1, probe_answer=answers)
        self.device(2, probe_answer=many, families=("4",), name="Many")
        ids = ["camera-1", "many", "many-2", "many-3", "many-4"]
        cameras, said = self.find(first, check={
            **LOGIN, **{f"{id.upper().replace('-', '_')}_{kind}": "x" for id in ids for kind in ("USER", "PASSWORD")}})
        self.assertIn("the ONVIF answer of 192.0.2.1 names another host and was ignored\n", said)
        self.assertEqual([each["id"] for each in cameras], ids)


def enter_own_network():
    """Starts this test again in a network namespace with a pair of interfaces, where that can be made."""
    commands = [f"ip link set lo up && ip link add {INTERFACE} type veth peer name {INTERFACE}-far",
                f"echo 0 > /proc/sys/net/ipv6/conf/{INTERFACE}/accept_dad", f"ip link set {INTERFACE}-far up",
                f"ip link set {INTERFACE} up", *(f"ip addr add {address(number)}/24 dev {INTERFACE}" for number in range(1, ADDRESSES)),
                f"ip addr add {ADDRESS6}/64 dev {INTERFACE} nodad"]
    prefix = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c"]
    script = "(" + " && ".join(commands) + ') 2>/dev/null; exec "$@"'
    if subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL).returncode == 0:
        os.execvp(prefix[0], [*prefix, script, "sh", sys.executable, "-B", __file__, "inside", *sys.argv[1:]])


if __name__ == "__main__":
    if "inside" in sys.argv:
        sys.argv.remove("inside")
    else:
        enter_own_network()
    main()
