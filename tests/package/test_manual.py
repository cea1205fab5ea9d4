#!/usr/bin/env python3
"""The manual pages say all that the program and its schema do, and the shell completes it."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import PROGRAM, SOURCE_DIR, main  # noqa: E402

DEPLOY = SOURCE_DIR / "config/deploy"
PROGRAM_PAGE, FILE_PAGE = DEPLOY / "framebroker.1", DEPLOY / "framebroker.json.5"
COMPLETION = DEPLOY / "framebroker.bash"
# Longer lists of choices are told by examples.
ENUM_TOLD_WHOLE = 4
BASH_COMPLETION = pathlib.Path("/usr/share/bash-completion/bash_completion")


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


def options_of_help():
    text = subprocess.run([PROGRAM, "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"--[a-z][a-z-]*", text))


def entries(page):
    """{section: {key: what stands in brackets behind it}} of a page, sections in lower case."""
    sections = {}
    for line in page.read_text().splitlines():
        if heading := re.match(r"\.S[hs] (.*)", line):
            section = sections.setdefault(heading[1].lower(), {})
        elif entry := re.match(r"\.It Cm (\S+)(?: Pq (.*))?", line):
            section[entry[1]] = entry[2] or ""
    return sections


def resolve(schema, node):
    """A part of the schema with what it refers to; its own words go before."""
    reference = node.get("$ref")
    return {**schema["$defs"][reference.rsplit("/", 1)[1]], **node} if reference else node


def facts(property):
    """What the page has to say of a key, in its own words."""
    if "maximum" in property:
        yield f"{property['minimum']} to {property['maximum']}"
    if "maxItems" in property:
        yield f"{property['maxItems']} "
    if property.get("default", "") != "":
        yield "default " + json.dumps(property["default"]).strip('"')
    if len(property.get("enum", [])) <= ENUM_TOLD_WHOLE:
        yield from map(str, property.get("enum", []))


class Manual(unittest.TestCase):
    def test_every_option_of_help_is_described(self):
        text = PROGRAM_PAGE.read_text()
        entries = "".join(re.findall(r"^\.It Fl .*\n", text, re.MULTILINE))
        described = {f"-{option}" for option in re.findall(r"Fl (-[a-z-]+)", entries)}
        self.assertEqual(described, options_of_help())

    def test_every_key_of_the_schema_is_described_with_its_range_and_default(self):
        schema = json.loads((SOURCE_DIR / "config/framebroker.schema.json").read_text())
        objects = {name: part["properties"] for name, part in schema["$defs"].items() if "properties" in part}
        objects["description"] = schema["properties"]
        described = entries(FILE_PAGE)
        wrong = []
        for name, properties in objects.items():
            section = next((keys for title, keys in described.items() if {name, f"{name}s"} & set(title.split())), {})
            for key, value in properties.items():
                if key not in section:
                    wrong.append(f"{name}.{key} is not there")
                else:
                    wrong += [f"{name}.{key} lacks {fact!r}" for fact in facts(resolve(schema, value))
                              if fact not in section[key]]
        keys = {key for properties in objects.values() for key in properties}
        wrong += [f"there is no {key}" for section in described.values() for key in section if key not in keys]
        self.maxDiff = None
        self.assertEqual(wrong, [], f"to be corrected in {FILE_PAGE.name}")

    @needs("man")
    def test_man_shows_the_pages_without_a_warning(self):
        for page in (PROGRAM_PAGE, FILE_PAGE):
            shown = subprocess.run(["man", "--warnings", "--local-file", page], check=True, capture_output=True,
                                   text=True)
            self.assertEqual(shown.stderr, "")
            self.assertIn("framebroker", shown.stdout)

    @needs("mandoc")
    def test_mandoc_finds_no_fault(self):
        for page in (PROGRAM_PAGE, FILE_PAGE):
            result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
            self.assertEqual(result.stdout, "")


@unittest.skipUnless(BASH_COMPLETION.exists(), "bash-completion is not installed")
class Completion(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="framebroker-")
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)

    def complete(self, typed):
        """What bash offers at the end of what was typed behind the program's name."""
        words = [PROGRAM, *filter(None, re.split(r" |(=)", typed.lstrip()))]
        if typed.endswith(" "):
            words.append("")
        script = (f"source {BASH_COMPLETION}; source {COMPLETION}; COMP_LINE=$1; COMP_POINT=${{#1}}; shift; "
                  "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _framebroker \"$1\"; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        result = subprocess.run(["bash", "-c", script, "bash", f"{PROGRAM} {typed}", *words], cwd=self.directory,
                                check=True, capture_output=True, text=True)
        return sorted(result.stdout.split())

    def test_options_are_those_of_help(self):
        self.assertEqual(self.complete("--"), sorted(options_of_help()))
        self.assertEqual(self.complete("--ch"), ["--check"])

    def test_config_takes_json_files_and_directories(self):
        for name in ("one.json", "other.txt"):
            (self.directory / name).touch()
        (self.directory / "cameras").mkdir()
        self.assertEqual(self.complete("--config "), ["cameras", "one.json"])
        self.assertEqual(self.complete("--config=o"), ["one.json"])

    def test_listen_takes_addresses(self):
        self.assertEqual(self.complete("--verbose --listen 127"), ["127.0.0.1"])


if __name__ == "__main__":
    main()
