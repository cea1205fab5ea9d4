#!/usr/bin/env python3
"""What can be said of config/deploy/framebroker.service without starting it."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import PROGRAM, SOURCE_DIR, main  # noqa: E402

SERVICE = SOURCE_DIR / "config/deploy/framebroker.service"
# Of 100; what systemd calls 2.0.
EXPOSURE_MAX = 20


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class ServiceFile(unittest.TestCase):
    def test_little_is_exposed(self):
        result = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}",
                                 "--no-pager", SERVICE], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"Overall exposure level for framebroker\.service: [01]\.[0-9]")

    def test_systemd_understands_all_of_it(self):
        with tempfile.TemporaryDirectory(prefix="framebroker-") as directory:
            unit = pathlib.Path(directory, SERVICE.name)
            text = SERVICE.read_text().replace("/usr/bin/framebroker", str(pathlib.Path(PROGRAM).resolve()))
            unit.write_text(re.sub("^Documentation=.*\n", "", text, flags=re.MULTILINE))  # the pages are not installed
            result = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


if __name__ == "__main__":
    main()
