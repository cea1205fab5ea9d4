#!/usr/bin/env python3
"""The Debian package: sound, installed, run from, upgraded and purged in a clean Debian."""
import json
import pathlib
import platform
import subprocess
import tempfile
import unittest

from tree import Tree, check_output, package, package_field, packages, repack, skip_unless_possible
from harness import PROGRAM, SOURCE_DIR, Server, main, pattern


def setUpModule():
    skip_unless_possible("lintian", "ffmpeg")


class Package(unittest.TestCase):
    def test_lintian_has_nothing_to_say(self):
        result = subprocess.run(["lintian", "--fail-on", "error,warning", *packages().values()],
                                capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_version_names_the_release_that_its_libraries_are_of(self):
        release = platform.freedesktop_os_release()
        for name in packages():
            self.assertRegex(package_field("Version", name), f"-1~{release['ID']}{release['VERSION_ID']}$")

    def test_ffmpegs_libraries_come_with_their_own_package_alone(self):
        self.assertNotIn("libav", package_field("Depends"))
        self.assertIn("libavformat", package_field("Depends", "framebroker-ffmpeg"))
        self.assertIn(f"framebroker (= {package_field('Version')})", package_field("Depends", "framebroker-ffmpeg"))

    def test_version_is_the_programs(self):
        version = package_field("Version").split("-")[0]
        self.assertEqual(check_output(PROGRAM, "--version"), f"framebroker {version}\n")

    def test_paths_of_the_build_are_not_in_the_program(self):
        with tempfile.TemporaryDirectory(prefix="framebroker-") as directory:
            for file in packages().values():
                check_output("dpkg-deb", "--extract", file, directory)
            (module,) = pathlib.Path(directory, "usr/lib").glob("*/framebroker/*/ffmpeg.so")
            for program in (module, pathlib.Path(directory, "usr/bin/framebroker")):
                self.assertFalse(str(SOURCE_DIR).encode() in program.read_bytes(), program)


class Installed(unittest.TestCase):
    def setUp(self):
        self.tree = self.enterContext(Tree())
        self.directory = self.enterContext(tempfile.TemporaryDirectory(prefix="framebroker-"))
        self.configuration = self.tree.root / "etc/framebroker/framebroker.json"

    def install(self, file, *options):
        self.tree.check("dpkg", *options, "--install", self.tree.add(file))

    def serve(self):
        return Server(None, program=self.tree.command("framebroker"))

    def cameras_served(self):
        with self.serve() as server:
            return [camera["id"] for camera in server.get("/api/cameras").json["cameras"]]

    def edit(self):
        self.configuration.write_text(json.dumps({"cameras": [pattern("mine")]}))

    def test_program_runs_with_the_files_of_the_package(self):
        self.install(package())
        with self.serve() as server:
            self.assertEqual(server.get("/camera/test-picture/snapshot").headers["Content-Type"], "image/jpeg")
            self.assertEqual(server.get("/readyz").status, 200)
            self.assertLess(server.signal(), 2)
        self.tree.check("framebroker", "--check")
        self.configuration.rename(self.configuration.with_suffix(".aside"))
        self.assertIn("front-door", self.cameras_served())
        self.tree.check("framebroker", "--check", "--config", "/usr/share/framebroker/demo.json")

    def test_video_takes_the_package_framebroker_ffmpeg(self):
        video = self.tree.root / "root/video.mkv"
        check_output("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=2", video)
        self.install(package())
        self.configuration.write_text(json.dumps(
            {"cameras": [{"id": "video", "source": {"type": "url", "url": "/root/video.mkv", "loop": True}}]}))
        with self.serve() as server:
            with server.stream("/camera/video/video_feed") as stream:
                camera = server.wait_for_state("video", "offline")
                self.assertIn("install the package framebroker-ffmpeg", camera["error"])
                self.install(package("framebroker-ffmpeg"))
                stream.frame_where(lambda part: part.state == "live", 20, "a live frame, without a restart")

    def test_configuration_is_for_root_and_the_services_group(self):
        def show():
            return self.tree.check("stat", "--format=%U:%G:%a", "/etc/framebroker/framebroker.json").strip()
        self.install(package())
        self.assertEqual(show(), "root:framebroker-config:640")
        self.configuration.chmod(0o600)
        self.install(repack(self.directory, "1.0.1-1", lambda contents: None))
        self.assertEqual(show(), "root:framebroker-config:600")

    def test_edited_configuration_survives_an_upgrade(self):
        self.install(package())
        self.edit()
        self.install(repack(self.directory, "1.0.1-1", lambda contents: None))
        self.assertIn("1.0.1-1", self.tree.check("dpkg-query", "--show", "framebroker"))
        self.assertEqual(self.cameras_served(), ["mine"])

    def test_new_default_configuration_stays_beside_an_edited_one(self):
        def change(contents):
            (contents / "etc/framebroker/framebroker.json").write_text('{ "cameras": [] }')
        self.install(package())
        self.edit()
        self.install(repack(self.directory, "1.0.1-1", change), "--force-confdef", "--force-confold")
        self.assertEqual(self.cameras_served(), ["mine"])
        self.assertTrue(self.configuration.with_suffix(".json.dpkg-dist").exists())

    def test_removal_keeps_the_configuration_and_purging_leaves_nothing(self):
        before = self.tree.files()
        self.install(package())
        self.edit()
        self.tree.check("dpkg", "--remove", "framebroker")
        self.assertTrue(self.configuration.exists())
        self.assertFalse((self.tree.root / "usr/bin/framebroker").exists())
        self.tree.check("dpkg", "--purge", "framebroker")
        self.assertEqual(self.tree.files() - before, set())
        self.assertEqual(before - self.tree.files(), set())


if __name__ == "__main__":
    main()
