#!/usr/bin/python3
"""Scenes for the motion detector, whose truth is known because they are drawn: what moves, from when to when, and what
only looks as if. People are cut out of vtest.avi (of Debian's opencv-doc) or drawn, and put before its median picture, an
empty scene, or before drawn ones. The same seed draws the same scene, to the byte.

Each kind has two scenes, which differ in seed, place, size or background: the first is for tuning, the second is kept for
the verdict.

As a program, `motion_scenes.py FOLDER QUIET_S NAME...` writes drawn ones there, in which nothing happens for so long at
first, and prints what is true of them.
"""
import dataclasses
import functools
import json
import math
import pathlib
import subprocess
import sys

import cv2
import numpy

from motion_changes import (FPS, TREE, car, clock, cloud_shadow, clouds, exposure, headlights, infrared,
                            infrared_night, insects, lamp, light, placeholder, pool_of_light, rain, shake, tree,
                            without_colours)

QUIET_S = 10  # before anything happens: both detectors have learnt the picture by then
SHIFT_PX = 200  # one field of noise is used again and again, shifted by up to this


@dataclasses.dataclass
class Scene:
    """A video and what is true of it."""
    name: str
    is_for_tuning: bool
    moves: list  # [begin, end] of each movement, in seconds
    settings: dict  # of motion, for this camera
    fps: float
    seconds: float
    draw: object  # a function of the time in seconds: the picture, without noise
    noise: float = 2.0
    quality: int = 70
    seed: int = 0
    frozen: tuple = (0, 0)  # from when to when the camera repeats its last picture, to the byte
    person: float = 0  # height as a share of the picture's; 0: nobody

    def frames(self):
        """The pictures as JPEG."""
        random = numpy.random.default_rng(self.seed)
        height, width = self.draw(0).shape[:2]
        field = random.normal(0, self.noise, (height + SHIFT_PX, width + SHIFT_PX, 1)).astype(numpy.int16)
        field = numpy.repeat(field, 3, axis=2)
        jpeg = None
        for number in range(round(self.seconds * self.fps)):
            if self.frozen[0] <= number / self.fps < self.frozen[1]:
                yield jpeg
                continue
            picture = self.draw(number / self.fps)
            x, y = random.integers(0, SHIFT_PX, 2)
            noisy = cv2.add(picture, field[y:y + height, x:x + width], dtype=cv2.CV_8U)
            jpeg = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, self.quality])[1].tobytes()
            yield jpeg

    def write(self, folder):
        """Writes NAME.avi, MJPEG; returns its path."""
        path = pathlib.Path(folder) / f"{self.name}.avi"
        command = ["ffmpeg", "-v", "error", "-y", "-f", "mjpeg", "-framerate", str(self.fps), "-i", "-", "-c", "copy", path]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
            for jpeg in self.frames():
                ffmpeg.stdin.write(jpeg)
            ffmpeg.stdin.close()
            if ffmpeg.wait() != 0:
                raise SystemExit(f"ffmpeg could not write {path}")
        return path


# ---- What is real ----

class Footage:
    """vtest.avi: its pictures, its empty scene, and somebody who crosses the grass."""

    def __init__(self, path):
        self.path = path

    @functools.cached_property
    def pictures(self):
        video, pictures = cv2.VideoCapture(str(self.path)), []
        while True:
            came, picture = video.read()
            if not came:
                return numpy.stack(pictures)
            pictures.append(picture)

    @functools.cached_property
    def empty(self):
        return numpy.median(self.pictures[::4], axis=0).astype(numpy.uint8)

    @functools.cached_property
    def person(self):
        """Cut-outs of one person who walks, frame by frame: (colours, coverage)."""
        cuts = []
        for picture in self.pictures[612:700]:
            difference = cv2.absdiff(picture, self.empty).max(2)
            difference[:300], difference[:, 420:] = 0, 0
            mask = cv2.morphologyEx((difference > 28).astype(numpy.uint8), cv2.MORPH_CLOSE, numpy.ones((7, 7)))
            count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
            if count < 2:
                continue
            label = 1 + int(numpy.argmax(stats[1:, cv2.CC_STAT_AREA]))
            left, top, width, height = stats[label, :4]
            if height > 1.6 * width and height > 60:
                box = numpy.s_[top:top + height, left:left + width]
                cuts.append((picture[box], (labels[box] == label).astype(numpy.float32)))
        return cuts


class Drawing:
    """The same without footage, and smaller: everything is drawn."""

    @functools.cached_property
    def empty(self):
        return yard(7, 640, 360)

    @functools.cached_property
    def person(self):
        return [drawn_person(120, step / 9, ((60, 40, 30), (70, 60, 60))) for step in range(9)]


# ---- Backgrounds ----

def yard(seed, width=1280, height=720):
    """A drawn yard: sky, a wall with windows, rough ground, some posts."""
    random = numpy.random.default_rng(seed)
    picture = numpy.zeros((height, width, 3), numpy.uint8)
    for y in range(height):
        picture[y] = (210 - y // 8, 190 - y // 8, 170 - y // 10) if y < height // 4 else (96, 104, 110)
    cv2.rectangle(picture, (0, height // 4), (width, height // 2), (98, 112, 138), -1)
    for i in range(6):
        x = int(width * (0.05 + i * 0.16))
        cv2.rectangle(picture, (x, int(height * 0.3)), (x + width // 16, int(height * 0.42)), (60, 56, 50), -1)
    for _ in range(12):
        x, y = random.integers(0, width), random.integers(height // 2, height)
        cv2.rectangle(picture, (int(x), int(y) - height // 12), (int(x) + 6, int(y)), (40, 60, 70), -1)
    rough = cv2.GaussianBlur(random.normal(0, 60, (height, width)).astype(numpy.float32), (0, 0), 3)
    return numpy.clip(picture + rough[..., None], 0, 255).astype(numpy.uint8)


def room(seed, width=640, height=480):
    """A drawn room: walls, a door, a table, a carpet."""
    random = numpy.random.default_rng(seed)
    picture = numpy.full((height, width, 3), (150, 160, 165), numpy.uint8)
    cv2.rectangle(picture, (0, int(height * 0.6)), (width, height), (90, 100, 120), -1)
    cv2.rectangle(picture, (int(width * 0.7), int(height * 0.2)), (int(width * 0.85), int(height * 0.62)), (70, 90, 130), -1)
    cv2.rectangle(picture, (int(width * 0.1), int(height * 0.55)), (int(width * 0.4), int(height * 0.75)), (50, 60, 80), -1)
    rough = cv2.GaussianBlur(random.normal(0, 30, (height, width)).astype(numpy.float32), (0, 0), 2)
    return numpy.clip(picture + rough[..., None], 0, 255).astype(numpy.uint8)


# ---- What is put before them ----

def drawn_person(height, phase, colours):
    """A person of that height in pixels: (colours, coverage). phase: of the step, in turns."""
    scale = max(1, math.ceil(60 / height))
    size = height * scale
    width = size // 2
    picture, mask = numpy.zeros((size, width, 3), numpy.uint8), numpy.zeros((size, width), numpy.uint8)
    middle, swing = width // 2, int(size * 0.12 * math.sin(2 * math.pi * phase))
    hip, thick = (middle, int(size * 0.52)), max(2, size // 10)
    for side in (-1, 1):
        for canvas, colour in ((picture, colours[1]), (mask, 255)):
            cv2.line(canvas, hip, (middle + side * swing, size - 1), colour, thick)
            cv2.line(canvas, (middle, int(size * 0.25)), (middle - side * swing, int(size * 0.5)), colours[0] if
                     canvas is picture else 255, max(1, thick // 2))
    for canvas, body, head in ((picture, colours[0], (140, 160, 200)), (mask, 255, 255)):
        cv2.ellipse(canvas, (middle, int(size * 0.35)), (size // 9, int(size * 0.2)), 0, 0, 360, body, -1)
        cv2.circle(canvas, (middle, int(size * 0.08)), max(1, int(size * 0.075)), head, -1)
    small = (max(1, width // scale), height)
    return (cv2.resize(picture, small, interpolation=cv2.INTER_AREA),
            cv2.resize(mask, small, interpolation=cv2.INTER_AREA).astype(numpy.float32) / 255)


def cut_person(footage, height, number):
    """The same of a cut-out."""
    colours, mask = footage.person[number % len(footage.person)]
    size = (max(1, round(colours.shape[1] * height / colours.shape[0])), height)
    return (cv2.resize(colours, size, interpolation=cv2.INTER_AREA),
            cv2.resize(mask, size, interpolation=cv2.INTER_AREA))


def paste(picture, cut, x, y):
    """Puts a cut-out's bottom centre at x, y; what lies outside is left out."""
    colours, mask = cut
    height, width = mask.shape
    left, top = round(x - width / 2), round(y - height)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(picture.shape[1], left + width), min(picture.shape[0], top + height)
    if x0 < x1 and y0 < y1:
        part = numpy.s_[y0 - top:y1 - top, x0 - left:x1 - left]
        share = mask[part][..., None]
        picture[y0:y1, x0:x1] = (picture[y0:y1, x0:x1] * (1 - share) + colours[part] * share).astype(numpy.uint8)


class Maker:
    """Makes the scenes. Times in them count from the begin; `at` is when something happens."""

    def __init__(self, footage, seed):
        self.footage, self.seed = footage, seed
        self.random = numpy.random.default_rng(seed)
        self.is_cut = seed % 2 == 0

    def background(self, kind):
        return {"real": lambda: self.footage.empty, "yard": lambda: yard(self.seed),
                "room": lambda: room(self.seed)}[kind]()

    def person(self, height, time):
        if self.is_cut:
            return cut_person(self.footage, height, int(time * FPS))
        colours = ((60, 40, 30), (70, 60, 60)) if self.seed % 3 else ((190, 190, 200), (60, 50, 45))
        return drawn_person(height, time * 1.8, colours)

    def walk(self, background, share, seconds=5, path=((-0.05, 0.8), (1.05, 0.8)), grow=1.0):
        """Somebody who walks along a path in fractions of the picture, in that many seconds. Returns the function and
        the interval in which at least a third of the width is in the picture."""
        height, width = background.shape[:2]
        (x0, y0), (x1, y1) = path
        begin = QUIET_S

        def place(time):
            part = (time - begin) / seconds
            size = max(4, round(height * share * (1 + (grow - 1) * part)))
            return size, (x0 + (x1 - x0) * part) * width, (y0 + (y1 - y0) * part) * height

        def draw(picture, time):
            if begin <= time <= begin + seconds:
                size, x, y = place(time)
                paste(picture, self.person(size, time), x, y)

        steps = [begin + i / FPS for i in range(int(seconds * FPS) + 1)]
        seen = [time for time in steps if -place(time)[0] * 0.05 < place(time)[1] < width + place(time)[0] * 0.05]
        return draw, [seen[0], seen[-1]]


def over(background, *parts):
    """A scene's drawing: the background, and parts that draw onto it or give another picture."""
    def draw(time):
        picture = background.copy()
        for part in parts:
            changed = part(picture, time)
            picture = changed if changed is not None else picture
        return picture
    return draw


# ---- All scenes ----

def make_scenes(footage):
    """Two of each kind."""
    scenes = []

    def add(kind, variant, draw, moves=(), settings=None, fps=FPS, seconds=None, **more):
        last = max((end for _, end in moves), default=QUIET_S + 14)
        scenes.append(Scene(name=f"{kind}-{variant + 1}", is_for_tuning=variant == 0, moves=[list(move) for move in moves],
                            settings=settings or {}, fps=fps, seconds=seconds or last + 4, draw=draw,
                            seed=1000 * len(scenes) + variant, **more))

    for variant in (0, 1):
        seed = 10 + variant
        maker = Maker(footage, seed)
        real, drawn, indoors = (maker.background(kind) for kind in ("real", "yard", "room"))
        first, second = (real, drawn) if variant == 0 else (drawn, real)
        away = ((-0.05, 0.8), (1.05, 0.8)) if variant == 0 else ((1.05, 0.7), (-0.05, 0.9))

        def walker(kind, background, share, *others, before=(), noise=2.0, quality=70, fps=FPS, settings=None,
                   settled=True, **path):
            draw, seen = maker.walk(background, share, **path)
            add(kind, variant, over(background, *before, draw, *others), [seen], settings, fps, noise=noise,
                quality=quality, person=share)

        # Somebody comes.
        walker("person-20", first, 0.2, seconds=6, path=away)
        walker("person-8", second, 0.08, seconds=8, path=((-0.02, 0.55), (0.6, 0.6)))
        walker("person-5", first, 0.05, seconds=8, path=((0.1, 0.5), (0.5, 0.52)))
        walker("person-3", second, 0.03, seconds=8, path=((0.2, 0.5), (0.45, 0.5)))
        walker("half-the-picture", indoors if variant == 0 else real, 1.3, seconds=3, path=((-0.3, 1.3), (1.3, 1.3)))
        walker("comes-nearer", first, 0.1, seconds=6, path=((0.5, 0.5), (0.55, 0.95)), grow=5)
        walker("runs", second, 0.16, seconds=2, path=away)
        walker("slow-at-2-fps", first, 0.12, seconds=12, path=((0.3, 0.7), (0.6, 0.7)), fps=2)
        walker("out-of-a-door", indoors if variant == 0 else drawn, 0.4, seconds=5, path=((0.77, 0.62), (0.3, 0.9)))
        dark = light(first, 0.25, 6)
        walker("at-night", dark, 0.2, seconds=6, path=away, noise=10, quality=30,
               before=(), )
        pale = cv2.GaussianBlur(light(second, 0.5, 70), (0, 0), 2)
        walker("pale", pale, 0.15, seconds=6, path=away, noise=3)
        walker("in-the-rain", first, 0.18, rain(seed, 60), seconds=6, path=away)
        walker("under-clouds", second, 0.15, clouds(12, 0.35), seconds=6, path=away)
        walker("after-the-lamp", indoors, 0.5, lamp(QUIET_S - 3, 99, 1.4), seconds=5, path=((0.77, 0.7), (0.2, 0.95)))
        walker("beside-the-tree", first, 0.2, before=(tree(seed),), seconds=4, path=((-0.05, 0.9), (0.5, 0.9)),
               settings={"masks": [TREE]})
        walker("with-a-clock", second, 0.12, clock, seconds=6, path=away)
        brake = (QUIET_S, 4)
        add("car-parks", variant, over(first, car(*brake, 0.25, 0.75, 0.5)), [[QUIET_S + 0.1, QUIET_S + 3.8]],
            seconds=QUIET_S + 24, person=0.15)

        # Nobody comes.
        add("empty", variant, over(first))
        add("night-noise", variant, over(light(second, 0.2, 5)), noise=12, quality=30)
        add("lamp", variant, over(indoors, lamp(QUIET_S, QUIET_S + 5, 1.5), lamp(QUIET_S + 9, 99, 1.5)))
        add("pool-of-light", variant, over(drawn if variant == 0 else indoors,
                                           pool_of_light(QUIET_S, QUIET_S + 6, 0.3, 0.5, 0.2 + 0.1 * variant, 1.8)))
        add("infrared", variant, over(first, infrared(QUIET_S, 1.0)))
        add("clouds", variant, over(real if variant == 0 else drawn, clouds(10 + 4 * variant, 0.4)))
        add("cloud-shadow", variant, over(second, cloud_shadow(QUIET_S, 6 + 3 * variant, 0.35)))
        add("exposure", variant, over(first, exposure([1.0, 1.06, 0.97, 1.1, 0.9, 1.0])))
        add("rain", variant, over(second, rain(seed, 120 + 60 * variant)))
        add("tree-in-a-mask", variant, over(first, tree(seed + 5)), settings={"masks": [TREE]})
        add("clock", variant, over(second, clock))
        add("shake", variant, over(first, shake(seed, 3 + variant, QUIET_S, QUIET_S + 3)))
        add("frozen", variant, over(second), noise=3, frozen=(QUIET_S, QUIET_S + 8))
        add("placeholder", variant, over(real if variant == 0 else indoors, placeholder(QUIET_S, QUIET_S + 5)))

    for variant in (0, 1):
        seed = 30 + variant
        maker = Maker(footage, seed)
        yard_or_real = maker.background("yard" if variant == 0 else "real")
        night, dark = infrared_night(yard_or_real), light(maker.background("real" if variant == 0 else "yard"), 0.3, 6)
        walk, seen = maker.walk(yard_or_real, 0.2, seconds=5, path=((-0.05, 0.9), (0.55, 0.9)))
        add("beside-a-free-tree", variant, over(yard_or_real, tree(seed), walk), [seen], person=0.2)
        walk, seen = maker.walk(night, 0.25, seconds=6, path=((1.05, 0.85), (-0.05, 0.85)))
        flies = insects(seed, 12, QUIET_S, QUIET_S + 8)
        add("among-insects", variant, over(night, walk, lambda picture, _: without_colours(picture), flies), [seen], noise=6, person=0.25)
        add("tree", variant, over(yard_or_real, tree(seed + 5)))
        add("insects", variant, over(night, insects(seed + 5, 20, QUIET_S, QUIET_S + 12)), noise=6)
        sweeps = [(QUIET_S, 2.5, -0.2, 1.2), (QUIET_S + 6, 1.5 + 2 * variant, 1.2, -0.2)]
        add("headlights", variant, over(dark, headlights(sweeps, 0.45 + 0.15 * variant)), noise=5)
    return scenes


def main():
    global QUIET_S
    folder, QUIET_S, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    scenes = {scene.name: scene for scene in make_scenes(Drawing())}
    for name in names:
        scenes[name].write(folder)
    print(json.dumps({name: {"moves": scenes[name].moves, "settings": scenes[name].settings} for name in names}))


if __name__ == "__main__":
    main()
