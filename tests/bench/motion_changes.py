"""What changes in a picture without being of interest, and a little that is: light, weather, what a camera does. Each is
a function of a picture and the time in seconds, which draws onto the picture or returns another; None: no change.
"""
import math

import cv2
import numpy

FPS = 10


def light(picture, gain, offset=0.0):
    return numpy.clip(picture * gain + offset, 0, 255).astype(numpy.uint8)


def lamp(begin, end, gain):
    return lambda picture, time: light(picture, gain, 25) if begin <= time < end else None


def pool_of_light(begin, end, x, y, radius, gain):
    def change(picture, time):
        if not begin <= time < end:
            return None
        height, width = picture.shape[:2]
        ys, xs = numpy.mgrid[:height, :width]
        distance = ((xs / width - x) ** 2 + (ys / height - y) ** 2) / radius ** 2
        return light(picture, (1 + (gain - 1) * numpy.exp(-distance * 2))[..., None])
    return change


def infrared(begin, seconds):
    """The filter moves: colours go, and the lamp of the camera lights what is in the middle."""
    def change(picture, time):
        share = min(1, max(0, (time - begin) / seconds))
        if share == 0:
            return None
        height, width = picture.shape[:2]
        ys, xs = numpy.mgrid[:height, :width]
        spot = 1.5 - 1.2 * ((xs / width - 0.5) ** 2 + (ys / height - 0.5) ** 2) * 2
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) * 0.6 + picture[..., 2] * 0.4
        return (picture * (1 - share) + (numpy.clip(grey * spot, 0, 255))[..., None] * share).astype(numpy.uint8)
    return change


def clouds(period_s, depth):
    return lambda picture, time: light(picture, 1 - depth * (1 - math.cos(2 * math.pi * time / period_s)) / 2)


def cloud_shadow(begin, seconds, depth):
    """A shadow with a soft edge passes from left to right."""
    def change(picture, time):
        width = picture.shape[1]
        edge = (time - begin) / seconds * 1.6 - 0.3
        xs = numpy.arange(width) / width
        return light(picture, (1 - depth / (1 + numpy.exp((xs - edge) * 12)))[None, :, None])
    return change


def exposure(steps):
    """The camera regulates: a step every two seconds."""
    return lambda picture, time: light(picture, steps[int(time / 2) % len(steps)])


def rain(seed, count, begin=0.0):
    def change(picture, time):
        random = numpy.random.default_rng(seed + round(time * FPS))
        height, width = picture.shape[:2]
        streaks = picture.copy()
        for x, y, length in zip(random.integers(0, width, count), random.integers(0, height, count),
                                random.integers(height // 40, height // 14, count)):
            cv2.line(streaks, (int(x), int(y)), (int(x) + 3, int(y + length)), (205, 205, 205), 1, cv2.LINE_AA)
        return cv2.addWeighted(streaks, 0.6, picture, 0.4, 0) if time >= begin else None
    return change


TREE = [[0.6, 0.0], [1.0, 0.0], [1.0, 0.62], [0.6, 0.62]]


def tree(seed):
    """A tree that sways, all of it within TREE."""
    random = numpy.random.default_rng(seed)
    leaves = [(random.uniform(0.66, 0.94), random.uniform(0.08, 0.5), random.uniform(0.02, 0.05),
               random.uniform(0, 6.28), int(random.integers(30, 110))) for _ in range(60)]

    def change(picture, time):
        height, width = picture.shape[:2]
        cv2.rectangle(picture, (int(width * 0.79), int(height * 0.3)), (int(width * 0.81), int(height * 0.6)), (40, 50, 60), -1)
        for x, y, radius, phase, green in leaves:
            shift = 0.012 * math.sin(2.2 * time + phase) + 0.008 * math.sin(5.1 * time + 2 * phase)
            cv2.circle(picture, (int((x + shift) * width), int((y + shift / 3) * height)), int(radius * height),
                       (30, green, 40), -1)
    return change


def clock(picture, time):
    """A burnt-in clock in the corner, with seconds."""
    height = picture.shape[0]
    text = f"2026-01-01 12:{int(time / 60):02d}:{int(time % 60):02d}"
    for colour, thick in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(picture, text, (10, int(height * 0.06)), cv2.FONT_HERSHEY_SIMPLEX, height / 720, colour, thick, cv2.LINE_AA)


def shake(seed, size_px, begin, end):
    def change(picture, time):
        if not begin <= time < end:
            return None
        x, y = numpy.random.default_rng(seed + round(time * FPS)).uniform(-size_px, size_px, 2)
        return cv2.warpAffine(picture, numpy.float32([[1, 0, x], [0, 1, y]]), picture.shape[1::-1],
                              borderMode=cv2.BORDER_REPLICATE)
    return change


def placeholder(begin, end):
    def change(picture, time):
        if begin <= time < end:
            card = numpy.full_like(picture, (40, 36, 32))
            cv2.putText(card, "Camera 1: offline", (40, picture.shape[0] // 2), cv2.FONT_HERSHEY_SIMPLEX, 1.2,
                        (230, 230, 230), 2, cv2.LINE_AA)
            return card
        return None
    return change


def car(begin, seconds, size, y, stop_x):
    """A car comes from the left, brakes, and stays."""
    def change(picture, time):
        height, width = picture.shape[:2]
        part = min(1, max(0, (time - begin) / seconds))
        if time < begin:
            return
        x = (-size + (stop_x + size) * (1 - (1 - part) ** 2)) * width
        w, h = int(size * width), int(size * width * 0.42)
        left, top = int(x), int(y * height) - h
        cv2.rectangle(picture, (left, top + h // 3), (left + w, top + h), (160, 60, 40), -1)
        cv2.rectangle(picture, (left + w // 5, top), (left + w * 4 // 5, top + h // 2), (190, 180, 170), -1)
        for wheel in (0.22, 0.78):
            cv2.circle(picture, (left + int(w * wheel), top + h), h // 5, (25, 25, 25), -1)
    return change


def insects(seed, count, begin, end):
    """Insects close to the lens of a camera that lights the night: bright, blurred, on curves."""
    random = numpy.random.default_rng(seed)
    flights = [{"begin": random.uniform(begin, end), "seconds": random.uniform(0.25, 1.6), "size": random.uniform(0.015, 0.05),
                "bright": random.uniform(70, 170), "points": random.uniform(-0.1, 1.1, (3, 2))} for _ in range(count)]

    def place(flight, time):
        part = (time - flight["begin"]) / flight["seconds"]
        a, b, c = flight["points"]
        return a * (1 - part) ** 2 + 2 * b * part * (1 - part) + c * part ** 2 + 0.01 * math.sin(40 * time)

    def change(picture, time):
        height, width = picture.shape[:2]
        glow = numpy.zeros((height // 4, width // 4), numpy.float32)
        for flight in flights:
            for exposed in (0, 0.015, 0.03):  # it moves while the shutter is open
                if flight["begin"] <= time + exposed < flight["begin"] + flight["seconds"]:
                    x, y = place(flight, time + exposed)
                    cv2.circle(glow, (int(x * width / 4), int(y * height / 4)), max(1, int(flight["size"] * height / 4)),
                               flight["bright"], -1)
        if not glow.any():
            return None
        glow = cv2.resize(cv2.GaussianBlur(glow, (0, 0), height / 300), (width, height))
        return numpy.clip(picture + glow[..., None], 0, 255).astype(numpy.uint8)
    return change


def headlights(passes, y):
    """The lights of cars sweep over what is there: (begin, seconds, from x, to x) of each."""
    def change(picture, time):
        height, width = picture.shape[:2]
        xs, ys = numpy.arange(width) / width, numpy.arange(height) / height
        shine = numpy.zeros((height, width))
        for begin, seconds, start, stop in passes:
            part = (time - begin) / seconds
            if 0 <= part < 1:
                middle, near = start + (stop - start) * part, 0.6 + 0.4 * part
                for lamp_x in (middle - 0.05 * near, middle + 0.05 * near):
                    shine += near * numpy.outer(numpy.exp(-((ys - y) / 0.16) ** 2), numpy.exp(-((xs - lamp_x) / 0.08) ** 2))
        return light(picture, (1 + 1.2 * shine)[..., None], (25 * shine)[..., None]) if shine.any() else None
    return change


def without_colours(picture):
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def infrared_night(picture):
    return light(infrared(-1, 0.5)(picture, 0), 0.55)
