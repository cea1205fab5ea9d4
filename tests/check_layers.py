#!/usr/bin/env python3
"""Checks the rules of the house that includes can break:

- dependencies run one way: main -> config -> {web, cameras} -> broker;
- each library from outside is known to as few files as possible;
- every header compiles alone.

Prints each breach as FILE:LINE: message and exits with 1 if there was any."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What the files of each folder may include.
LAYERS = {
    "broker": {"broker"},
    "cameras": {"cameras", "broker"},
    "web": {"web", "broker"},
    "config": {"config", "cameras", "web", "broker"},
    ".": {"config", "cameras", "web", "broker"},
}

# Header: where it may be included, and in how many files at most.
OUTSIDERS = {
    "jansson.h": (r"config/.*|web/(status|event_json)\.c|web/json_values\.[ch]", None),
    "civetweb.h": (r"web/[^/]*\.c", 2),
    "curl/curl.h": (r"web/hook_post\.c", 1),
    "crypt.h": (r"web/password\.c", 1),
    "sodium.h": (r"web/[^/]*\.c", None),
    "jpeglib.h": (r"cameras/.*", None),
    "ft2build.h": (r"cameras/.*", 1),
    "linux/videodev2.h": (r"cameras/v4l2_[a-z]*\.c", None),
    "libv4l2.h": (r"cameras/v4l2_node\.c", 1),
    "systemd/sd-daemon.h": (r"config/service\.c", 1),
    "libv4lconvert.h": (r"cameras/v4l2_convert\.c", 1),
    "libavformat/avformat.h": (r"cameras/url[^/]*\.c", None),
    "libavcodec/avcodec.h": (r"cameras/url[^/]*\.c", None),
    "libswscale/swscale.h": (r"cameras/url[^/]*\.c", None),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMPILE = [os.environ.get("CC", "cc"), "-std=c17", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic",
           "-Werror", "-fsyntax-only", "-I", str(ROOT), "-x", "c", "-"]


def source_files():
    for folder in LAYERS:
        yield from sorted(path for path in (ROOT / folder).glob("*.[ch]"))


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1] == '"', match[2]


def check_includes():
    users = {}
    for path in source_files():
        name = path.relative_to(ROOT)
        folder = str(name.parent)
        for number, ours, header in includes(path):
            if ours:
                target = header.split("/")[0]
                if target not in LAYERS[folder]:
                    yield f"{name}:{number}: {folder}/ must not include {target}/"
                elif not (ROOT / header).is_file():
                    yield f"{name}:{number}: {header} is not a path from the root of the source tree"
            elif header in OUTSIDERS:
                users.setdefault(header, {})[str(name)] = number
    for header, files in users.items():
        allowed, most = OUTSIDERS[header]
        for name, number in files.items():
            if not re.fullmatch(allowed, name):
                yield f"{name}:{number}: {header} must not be included here"
        if most is not None and len(files) > most:
            yield f"{header}: included by {', '.join(files)}, which is more than {most}"


def check_headers_compile_alone():
    for path in source_files():
        if path.suffix == ".h":
            name = path.relative_to(ROOT)
            result = subprocess.run(COMPILE, input=f'#include "{name}"\n#include "{name}"\n', text=True,
                                    stderr=subprocess.PIPE)
            if result.returncode != 0:
                yield f"{name}: does not compile alone:\n{result.stderr}"


def main():
    breaches = [*check_includes(), *check_headers_compile_alone()]
    print("\n".join(breaches) or "the layers hold")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
