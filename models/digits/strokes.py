"""Digits drawn by program, as a mouse or a finger would: polylines of our own with a round pen. They are
the sample images (so those carry nobody else's licence) and a check that training never sees: does the
network read what people draw on a page, and not MNIST's scans only?"""
import math
import struct
import zlib

import numpy as np

# Pen paths in a box of 1 x 1, y downwards; an entry is one way of writing the digit, one list of points a
# stroke.
# An arc is ("arc", centre x, centre y, radius x, radius y, from, to) in degrees, clockwise from the right.
SHAPES = {
    0: [[[("arc", .5, .5, .36, .5, -90, 270)]], [[("arc", .5, .5, .3, .5, -60, 310)]]],
    1: [[[(.5, 0), (.5, 1)]], [[(.25, .25), (.55, 0), (.55, 1)]],
        [[(.3, .2), (.5, 0), (.5, 1)], [(.25, 1), (.75, 1)]]],
    2: [[[("arc", .5, .28, .36, .28, 180, 390), (.12, 1), (.9, 1)]],
        [[("arc", .48, .3, .36, .3, 190, 400), (.1, 1), (.85, .96)]]],
    3: [[[("arc", .45, .25, .33, .25, 200, 450), ("arc", .45, .75, .38, .25, -90, 160)]],
        [[(.15, 0), (.8, 0), (.45, .4), ("arc", .42, .7, .38, .3, -80, 150)]]],
    4: [[[(.3, 0), (.12, .55), (.9, .55)], [(.68, .1), (.68, 1)]],
        [[(.66, 1), (.66, 0), (.08, .68), (.95, .68)]]],
    5: [[[(.85, 0), (.25, 0), (.2, .42), ("arc", .45, .68, .38, .32, -120, 150)]],
        [[(.25, 0), (.2, .42), ("arc", .45, .68, .36, .32, -120, 150)], [(.25, 0), (.85, .02)]]],
    6: [[[(.7, 0), (.35, .3), ("arc", .5, .7, .34, .3, 180, 540)]], [[("arc", .8, .6, .62, .6, 265, 180),
                                                                    ("arc", .5, .7, .32, .3, 180, 540)]]],
    7: [[[(.1, 0), (.9, 0), (.4, 1)]], [[(.1, .05), (.85, 0), (.45, 1)], [(.35, .5), (.8, .5)]]],
    8: [[[("arc", .5, .25, .3, .25, 90, 450), ("arc", .5, .75, .38, .25, -90, 270)]],
        [[("arc", .5, .24, .28, .24, 90, -270), ("arc", .5, .74, .34, .26, -90, 270)]]],
    9: [[[("arc", .48, .28, .32, .28, 0, 360), (.78, .45), (.7, 1)]],
        [[("arc", .48, .3, .3, .3, 0, 360), ("arc", .4, .6, .39, .4, 0, 110)]]],
}


def _points(stroke):
    """A stroke's corners and arcs as one [n,2] polyline."""
    points = []
    for part in stroke:
        if part[0] != "arc":
            points.append(part)
            continue
        _, x, y, wide, high, start, end = part
        for angle in np.radians(np.linspace(start, end, 25)):
            points.append((x + wide * math.cos(angle), y + high * math.sin(angle)))
    return np.array(points)


def draw(digit, way=0, side=28, height=18.0, pen=2.4, tilt=0.0, stretch=1.0, shift=(0.0, 0.0)):
    """[side,side] float32 in 0..1, white on black. height, pen (its diameter) and shift count pixels, tilt
    is in radians; the digit stands centred before the shift."""
    strokes = [_points(s) for s in SHAPES[digit][way]]
    every = np.concatenate(strokes)
    middle = (every.min(0) + every.max(0)) / 2
    turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    rows, columns = np.mgrid[0:side, 0:side] + 0.5
    places = np.stack([columns, rows], -1).reshape(-1, 2)
    nearest = np.full(len(places), np.inf)
    for stroke in strokes:
        pen_path = ((stroke - middle) * [0.75 * stretch, 1]) @ turn * height + side / 2 + np.array(shift)
        for a, b in zip(pen_path[:-1], pen_path[1:]):
            along = b - a
            t = np.clip((places - a) @ along / max(along @ along, 1e-9), 0, 1)
            nearest = np.minimum(nearest, np.linalg.norm(places - a - t[:, None] * along, axis=1))
    return np.clip(pen / 2 + 0.5 - nearest, 0, 1).reshape(side, side).astype(np.float32)


def varied(count, seed=7):
    """count drawn digits: ([count,1,28,28] float32, labels [count]), each of its own size (12 to 23 pixels
    high), pen (1.5 to 4 pixels), tilt, breadth and place."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    images = []
    for digit in labels:
        height = rng.uniform(12, 23)
        room = (26 - height) / 2
        images.append(draw(digit, way=rng.integers(len(SHAPES[digit])), height=height,
                           pen=rng.uniform(1.5, 4), tilt=rng.uniform(-.2, .2),
                           stretch=rng.uniform(.8, 1.25), shift=rng.uniform(-room, room, 2)))
    return np.stack(images)[:, None], labels


def write_png(path, picture):
    """An 8-bit grey-scale PNG of [h,w] values in 0..1."""
    grey = np.rint(picture * 255).astype(np.uint8)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def write_samples(folder):
    """sample-7.png and sample-7.npy (the same pixels, [1,1,28,28]), and sample-3.png, a ten times larger
    canvas. Returns the seven."""
    seven = np.rint(draw(7) * 255).astype(np.float32) / np.float32(255)
    write_png(folder / "sample-7.png", seven)
    np.save(folder / "sample-7.npy", seven[None, None])
    write_png(folder / "sample-3.png", draw(3, side=280, height=180, pen=24))
    return seven[None, None]
