"""Drawn shapes: images with a class and a mask each, of any size and number, from nothing but a seed."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.config.data import ShapesData
from sightline.data.sources.source import Source
from sightline.data.targets import LABEL, MASK, MISSING, ClassTarget, MaskTarget
from sightline.errors import UsageError
from sightline.machine.free_space import format_bytes, free_memory

Plane = NDArray[np.float64]
"""(h, w) numbers, one a pixel."""

Pixels = NDArray[np.bool_]
"""(h, w) whether a pixel is meant."""

IGNORE: Final = 255
COPIES: Final = 2
"""Of the pixels, as drawn and as stored."""

BACKGROUND: Final = "background"
SIZES: Final = (0.22, 0.40)
"""The least and the largest radius of a shape, as a share of the image's shorter side."""

GROUND: Final = (0.05, 0.45)
SHAPE: Final = (0.55, 0.95)
"""The least and the most of red, green and blue: of the ground and of what lies on it, of 1."""

WAVES, LINES, NOISE, WAVE_HEIGHT = 3, 3, 0.12, 0.10


def _polygon(corners: int) -> Callable[[Plane, Plane], Pixels]:
    """Whether points lie in the regular polygon of corners at a distance of 1."""
    half = np.pi / corners

    def inside(x: Plane, y: Plane) -> Pixels:
        angle = np.mod(np.arctan2(y, x), 2 * half) - half
        within: Pixels = np.hypot(x, y) * np.cos(angle) <= np.cos(half)
        return within

    return inside


def _star(x: Plane, y: Plane, inner: float = 0.42) -> Pixels:
    """Whether points lie in a star of five points at a distance of 1, its hollows at `inner`."""
    turn = np.pi / 5
    angle = np.abs(np.mod(np.arctan2(y, x) + turn, 2 * turn) - turn)
    across, up = np.hypot(x, y) * np.cos(angle), np.hypot(x, y) * np.sin(angle)
    hollow = inner * np.cos(turn), inner * np.sin(turn)
    within: Pixels = (across - 1) * hollow[1] - up * (hollow[0] - 1) <= 0
    return within


SHAPES: Final[Mapping[str, Callable[[Plane, Plane], Pixels]]] = {
    "circle": lambda x, y: np.hypot(x, y) <= 1,
    "square": _polygon(4),
    "triangle": _polygon(3),
    "star": _star,
    "cross": lambda x, y: (np.maximum(abs(x), abs(y)) <= 1) & (np.minimum(abs(x), abs(y)) <= 1 / 3),
    "half": lambda x, y: (np.hypot(x, y) <= 1) & (y >= 0),
}
"""Whether points of the plane lie in a shape that fills the circle of radius 1; the first so many are drawn."""


class Drawing(NamedTuple):
    """One image.

    Attributes:
        pixels: (h, w, 3) uint8.
        mask: (h, w) uint8, 0 for the background, else 1 and the shape's position among the class names.
        label: that position.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    label: int


def find_shapes(config: ShapesData) -> Source:
    """Images of one shape each: its kind is the label, and the class of its pixels.

    Labels are missing of the images with the lowest of a number drawn for each, masks of those with the highest: as
    long as both shares together stay at 1, every image has one of them.

    Raises:
        UsageError: they do not fit into memory.
    """
    height, width = _range(config.height), _range(config.width)
    need, free = config.images * sum(height) * sum(width), free_memory()  # a byte a channel and one of the mask
    if need > free / COPIES:
        raise UsageError(
            f"data.images={config.images}: drawn, they take {format_bytes(need)}, and the {format_bytes(free)} of "
            "memory that are free are to hold them twice; draw fewer or smaller ones"
        )
    return _drawn(
        config.images,
        height,
        width,
        config.kinds,
        config.seed,
        (config.labels_missing, config.masks_missing),
    )


def draw(index: int, seed: int, names: tuple[str, ...], height: tuple[int, int], width: tuple[int, int]) -> Drawing:
    """The image of this number, a pure function of the arguments.

    Args:
        index: from 0.
        seed: of the whole set.
        names: of the shapes, out of `SHAPES`.
        height: the least and the largest, in pixels.
        width: likewise.
    """
    rng = np.random.default_rng([seed, index])
    rows, columns = (low + int(rng.random() * (high - low + 1)) for low, high in (height, width))
    label = int(rng.random() * len(names))
    y, x = np.mgrid[0:rows, 0:columns] + 0.5
    inside = SHAPES[names[label]](*_placed(x, y, rows, columns, rng))
    pixels = _textured(_colour(GROUND, rng), x, y, rng)
    for _ in range(LINES):
        pixels[_line(x, y, rows, columns, rng)] = _colour((0, SHAPE[0]), rng)
    pixels[inside] = _textured(_colour(SHAPE, rng), x, y, rng)[inside]
    pixels += NOISE * (2 * rng.random(pixels.shape) - 1)
    eight_bits = np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8)
    return Drawing(eight_bits, np.where(inside, label + 1, 0).astype(np.uint8), label)


@lru_cache(maxsize=1)
def _drawn(
    count: int, height: tuple[int, int], width: tuple[int, int], kinds: int, seed: int, missing: tuple[float, float]
) -> Source:
    """All images; a command asks for the same ones several times."""
    names = tuple(sorted(list(SHAPES)[:kinds]))
    drawings = [draw(index, seed, names, height, width) for index in range(count)]
    chance = np.array([np.random.default_rng([seed, index, 1]).random() for index in range(count)])
    no_label, no_mask = chance < missing[0], chance >= 1 - missing[1]
    labels = np.where(no_label, MISSING, np.array([drawing.label for drawing in drawings], dtype=np.int64))
    masks = tuple(None if no_mask[number] else drawing.mask for number, drawing in enumerate(drawings))
    return Source(
        ids=tuple(f"{number:05d}" for number in range(count)),
        targets={LABEL: ClassTarget(labels, names), MASK: MaskTarget(masks, (BACKGROUND, *names), IGNORE)},
        strata=np.where(no_label, len(names), labels),
        roles=(None,) * count,
        pixels=tuple(drawing.pixels for drawing in drawings),
    )


def _range(side: int | tuple[int, int]) -> tuple[int, int]:
    return (side, side) if isinstance(side, int) else side


def _placed(x: Plane, y: Plane, rows: int, columns: int, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Pixels in the coordinates of a shape that lies wholly in the image, somewhere, turned and stretched a little."""
    radius = min(rows, columns) * (SIZES[0] + rng.random() * (SIZES[1] - SIZES[0]))
    angle, stretch = 2 * np.pi * rng.random(), 0.75 + 0.25 * rng.random()
    left, top = (radius + rng.random() * (side - 2 * radius) for side in (columns, rows))
    across, down = (x - left) / radius, (y - top) / radius
    turned = across * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - across * np.sin(angle)
    return turned[0], turned[1] / stretch


def _textured(colour: Plane, x: Plane, y: Plane, rng: np.random.Generator) -> Plane:
    """(h, w, 3) of a colour, with waves of several directions and lengths."""
    waves = np.zeros(x.shape)
    for _ in range(WAVES):
        angle, length, phase = rng.random(3) * (np.pi, 1, 2 * np.pi)
        waves += np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / (4 + 20 * length) + phase)
    textured: Plane = colour + WAVE_HEIGHT * waves[..., None] / np.sqrt(WAVES) * (0.5 + rng.random(3))
    return textured


def _line(x: Plane, y: Plane, rows: int, columns: int, rng: np.random.Generator) -> Pixels:
    """The pixels of a line across the image: what is coloured need not be a shape."""
    angle, left, top = rng.random(3) * (np.pi, columns, rows)
    near: Pixels = np.abs((x - left) * np.sin(angle) - (y - top) * np.cos(angle)) <= 1
    return near


def _colour(within: tuple[float, float], rng: np.random.Generator) -> Plane:
    """A colour whose channels lie within limits."""
    low, high = within
    colour: Plane = low + (high - low) * rng.random(3)
    return colour
