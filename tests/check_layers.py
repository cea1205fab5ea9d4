#!/usr/bin/env python3
"""Checks the rules of the house that includes and calls can break:

- dependencies run one way, in the order of layers.txt, which has a place for every file;
- cameras/ and web/ never include each other;
- no circle of includes or calls between modules (a module is a .c file with its header);
- each library from outside is known to as few files as possible;
- every header compiles alone.

Prints each breach as FILE:LINE: message and exits with 1 if there was any. With --table, prints what each place may
include and what it does include."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("broker", "cameras", "web", "config")
APART = ("cameras", "web")

# Header: where it may be included, and in how many files at most.
OUTSIDERS = {
    "jansson.h": (r"config/json/.*|web/views/status\.c|web/views/json/.*", None),
    "civetweb.h": (r"web/http/[^/]*\.c", 3),
    "curl/curl.h": (r"broker/base/curl/curl_functions\.h", 1),
    "expat.h": (r"cameras/onvif/soap_reader\.c", 1),
    "openssl/evp.h": (r"cameras/onvif/soap_security\.c", 1),
    "mosquitto.h": (r"web/mqtt/mqtt_link\.c", 1),
    "nats/nats.h": (r"broker/cluster/nats/nats_functions\.h", 1),
    "crypt.h": (r"web/access/password\.c", 1),
    "sodium.h": (r"web/.*\.c", None),
    "jpeglib.h": (r"cameras/(picture|filter)/.*", None),
    "ft2build.h": (r"cameras/picture/.*", 1),
    "linux/videodev2.h": (r"cameras/v4l2/.*\.c", None),
    "libv4l2.h": (r"cameras/v4l2/v4l2_node\.c", 1),
    "systemd/sd-daemon.h": (r"config/app/service\.c", 1),
    "libv4lconvert.h": (r"cameras/v4l2/v4l2_convert\.c", 1),
    "sqlite3.h": (r"broker/recording/catalogue/catalogue[^/]*[.][ch]", 4),
    "dlfcn.h": (r"broker/base/module\.c", 1),
    "libavformat/avformat.h": (r"(broker|cameras)/.*/ffmpeg/.*\.[ch]", None),
    "libavcodec/avcodec.h": (r"(broker|cameras)/.*/ffmpeg/.*\.[ch]", None),
    "libswscale/swscale.h": (r"(broker|cameras)/.*/ffmpeg/.*\.[ch]", None),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# A function that is not static: its type at the start of a line, then its name, its parameters, and a brace.
DEFINITION = re.compile(r"^(?!static\b|typedef\b|extern\b)[a-z][\w \t*]*?\b(\w+)\([^;{}]*\)[^;{}()]*\{", re.MULTILINE)
# A name that may be a function; a member of a struct is none.
CALL = re.compile(r"(?<![\w.>])\w+")
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
COMPILE = [os.environ.get("CC", "cc"), "-std=c17", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic",
           "-Werror", "-fsyntax-only", "-I", str(ROOT), "-x", "c", "-"]


def read_order():
    """The number of each place's line; a higher one may include a lower one."""
    order = {}
    for number, line in enumerate((ROOT / "tests/layers.txt").read_text().splitlines()):
        if ":" not in line:
            for place in line.split("#")[0].split():
                order[place] = number
    return order


def exceptions(word):
    """What layers.txt still allows: a set of names a line."""
    lines = (ROOT / "tests/layers.txt").read_text().splitlines()
    return [set(line.split()[1:]) for line in lines if line.startswith(word + ":")]


def source_files():
    yield from (path.relative_to(ROOT) for path in sorted(ROOT.glob("*.[ch]")))
    for folder in FOLDERS:
        yield from (path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob("*.[ch]")))


def module(path):
    return str(path.with_suffix(""))


def place(path, order):
    """The module where it has a line of its own, otherwise its folder. None: neither has."""
    return next((name for name in (module(path), str(path.parent)) if name in order), None)


def includes(path):
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1] == '"', match[2]


def check_order(order):
    for path in source_files():
        own = place(path, order)
        if own is None:
            yield f"{path}: has no place in tests/layers.txt"
            continue
        for number, ours, header in includes(path):
            if not ours:
                continue
            target = pathlib.PurePath(header)
            other = place(target, order)
            if not (ROOT / header).is_file():
                yield f"{path}:{number}: {header} is not a path from the root of the source tree"
            elif other is None:
                yield f"{path}:{number}: {header} has no place in tests/layers.txt"
            elif own != other and order[own] <= order[other] and {own, other} not in exceptions("allow"):
                yield f"{path}:{number}: {own} must not include {other}"
            elif {path.parts[0], target.parts[0]} == set(APART):
                yield f"{path}:{number}: {' and '.join(APART)} must not include each other"


def check_outsiders():
    users = {}
    for path in source_files():
        for number, ours, header in includes(path):
            if not ours and header in OUTSIDERS:
                users.setdefault(header, {})[str(path)] = number
    for header, files in users.items():
        allowed, limit = OUTSIDERS[header]
        for name, number in files.items():
            if not re.fullmatch(allowed, name):
                yield f"{name}:{number}: {header} must not be included here"
        if limit is not None and len(files) > limit:
            yield f"{header}: included by {', '.join(files)}, which is more than {limit}"


def dependencies():
    """For each module the others that it includes, or of which it calls a function."""
    code = {path: COMMENT_OR_TEXT.sub(" ", (ROOT / path).read_text()) for path in source_files()}
    home = {name: module(path) for path in code if path.suffix == ".c" for name in DEFINITION.findall(code[path])}
    graph = {module(path): set() for path in code}
    for path, text in code.items():
        own = module(path)
        graph[own] |= {module(pathlib.PurePath(header)) for _, ours, header in includes(path) if ours}
        if path.suffix == ".c":
            graph[own] |= {home[word] for word in set(CALL.findall(text)) if word in home}
        graph[own].discard(own)
    return graph


def circles(graph):
    """The sets of modules that reach each other (Tarjan's strongly connected components)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            members = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(members) > 1:
                found.append(sorted(members))

    sys.setrecursionlimit(10000)
    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def check_circles():
    for members in circles(dependencies()):
        if any(set(members) <= known for known in exceptions("circle")):
            continue
        yield f"circle of includes or calls: {', '.join(members)}"


def check_headers_compile_alone():
    for path in source_files():
        if path.suffix == ".h":
            result = subprocess.run(COMPILE, input=f'#include "{path}"\n#include "{path}"\n', text=True,
                                    stderr=subprocess.PIPE)
            if result.returncode != 0:
                yield f"{path}: does not compile alone:\n{result.stderr}"


def print_table(order):
    used = {name: set() for name in order}
    for path in source_files():
        own = place(path, order)
        used[own] |= {place(pathlib.PurePath(header), order) for _, ours, header in includes(path) if ours} - {own}
    for name, others in used.items():
        print(f"{name:24} {' '.join(sorted(others, key=order.get))}")


def main():
    order = read_order()
    if sys.argv[1:] == ["--table"]:
        print_table(order)
        return 0
    breaches = [*check_order(order), *check_outsiders(), *check_circles(), *check_headers_compile_alone()]
    print("\n".join(breaches) or "the layers hold")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
