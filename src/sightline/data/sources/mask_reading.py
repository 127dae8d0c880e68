"""What stands for each class in the files of masks: decided once for all of them, by a look at some."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
from PIL import Image

from sightline.data.image_file import MAX_PIXELS, DecodeError, no_warnings, open_image
from sightline.data.mask_values import values_of
from sightline.data.sources.class_table import ClassTable
from sightline.data.sources.remarks import Remark, listed
from sightline.data.targets import MaskCodes
from sightline.errors import UsageError
from sightline.machine.reading import read_regular

Reading = Literal["auto", "numbers", "colours", "instances"]

SAMPLED: Final = 32
"""Masks that are looked at, evenly spread."""

IGNORED: Final = 255
"""What does not count, where the number that the files have for it is the id of a class."""

WHITE: Final = 255
"""What two classes are often told apart by, beside 0."""


@dataclass
class Seen:
    """What some masks hold.

    Attributes:
        numbers: grey values and indices.
        colours: of all pixels, palettes looked up.
        modes: Pillow's.
        coloured: a mask that holds colours and no numbers, if any does.
        palette: the colours of each index in the masks that have a palette.
    """

    numbers: set[int] = field(default_factory=set)
    colours: set[int] = field(default_factory=set)
    modes: set[str] = field(default_factory=set)
    coloured: str = ""
    palette: dict[int, set[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Classes:
    """The classes of masks, and how their files say them.

    Attributes:
        names: by class id.
        ignore_index: the class id of what does not count.
        coded: what stands for each class in the files; None where they hold class ids.
        remarks: how the masks were understood.
        colours: what each class is drawn in, 65536 red + 256 green + blue; None where neither table nor palette say.
    """

    names: tuple[str, ...]
    ignore_index: int
    coded: MaskCodes | None
    remarks: tuple[Remark, ...]
    colours: tuple[int, ...] | None


def look_at(masks: Sequence[Path]) -> Seen:
    """What up to `SAMPLED` masks hold; those that do not read are left to the data gate."""
    seen = Seen()
    with no_warnings():
        for path in masks[:: max(1, len(masks) // SAMPLED)]:
            with suppress(OSError, DecodeError), open_image(read_regular(path), MAX_PIXELS) as image:
                _note(seen, image, path.name)
    return seen


def _note(seen: Seen, image: Image.Image, name: str) -> None:
    """Take in what an opened mask holds.

    Raises:
        DecodeError: it cannot be used in any way.
    """
    if image.mode in {"1", "L", "P", "LA", "PA", "RGB", "RGBA"}:
        seen.colours |= set(np.unique(values_of(image, are_colours=True)).tolist())
    seen.modes.add(image.mode)
    if image.mode == "P":
        for index, (red, green, blue) in enumerate(np.reshape(image.getpalette("RGB") or [], (-1, 3)).tolist()):
            seen.palette.setdefault(index, set()).add(red << 16 | green << 8 | blue)
    try:
        seen.numbers |= set(np.unique(values_of(image, are_colours=False)).tolist())
    except DecodeError:
        if image.mode not in {"RGB", "RGBA"}:
            raise
        seen.coloured = seen.coloured or name


def read_classes(table: ClassTable, seen: Seen, reading: Reading, ignore_index: int) -> Classes:
    """The class id of whatever masks hold.

    Args:
        table: of the classes.
        seen: what some masks hold.
        reading: what stands for classes; `auto` decides by what was seen.
        ignore_index: the number of what does not count, as the table or the masks have it.

    Raises:
        UsageError: masks hold colours of which no table is given, or number objects.
    """
    if reading == "instances":
        raise UsageError(
            "data.masks=instances: numbers of objects are not learned, classes are; write the class id of each object "
            "in its place, and take data.masks=numbers"
        )
    kept = [place for place, number in enumerate(table.numbers) if number != ignore_index]
    names = tuple(table.names[place] for place in kept)
    if len(names) < 2:
        raise UsageError(f"{table.origin} names one class beside data.ignore_index={ignore_index}; two are needed")
    ignored = ignore_index if ignore_index >= len(names) else IGNORED
    remarks = [*_of_ignored(table, ignore_index)]
    colours = _colours(table, kept, seen)
    if _by_colour(table, seen, reading, ignore_index):
        ids = {place: number for number, place in enumerate(kept)}
        codes = MaskCodes(
            table.colours or (), tuple(ids.get(place, ignored) for place in range(len(table.names))), are_colours=True
        )
        remarks.append(Remark("mask_classes", "pass", len(names), f"masks hold the colours of {table.origin}"))
        return Classes(names, ignored, codes, tuple(remarks), colours)
    numbers = tuple(table.numbers[place] for place in kept)
    if numbers == (0, 1) and ignore_index == WHITE and seen.numbers == {0, WHITE}:
        message = f"masks hold 0 and 255 alone: 255 is {names[1]}, and every pixel counts"
        remarks.append(Remark("mask_classes", "pass", len(names), message))
        return Classes(names, ignored, MaskCodes((0, WHITE), (0, 1), are_colours=False), tuple(remarks), colours)
    message = f"masks hold numbers, {numbers[0]} is {names[0]}, {numbers[-1]} is {names[-1]}"
    remarks.append(Remark("mask_classes", "pass", len(names), message))
    codes = MaskCodes((*numbers, ignore_index), (*range(len(names)), ignored), are_colours=False)
    return Classes(names, ignored, None if codes.values == codes.ids else codes, tuple(remarks), colours)


def _colours(table: ClassTable, kept: Sequence[int], seen: Seen) -> tuple[int, ...] | None:
    """What the kept classes are drawn in: as the table says, else as the palettes of masks do, where all agree.

    A palette that is a ramp of greys, or has one colour for two classes, says nothing.
    """
    if table.colours is not None:
        return tuple(table.colours[place] for place in kept)
    numbers = [table.numbers[place] for place in kept]
    found = [next(iter(seen.palette[n])) for n in numbers if len(seen.palette.get(n, ())) == 1]
    grey = all(colour == 0x010101 * number for colour, number in zip(found, numbers, strict=False))
    return None if grey or len(set(found)) < len(numbers) else tuple(found)


def no_classes(seen: Seen, root: Path) -> UsageError:
    """What is said where nothing names the classes."""
    held = (
        f"its masks hold the numbers {listed([str(number) for number in sorted(seen.numbers)], 8)}"
        if seen.numbers and not seen.coloured
        else "its masks hold colours"
    )
    form = "name,r,g,b" if seen.coloured else "a name a line, in the order of their numbers"
    file = "classes.csv" if seen.coloured else "classes.txt"
    return UsageError(
        f"data.root={root} does not say what the classes of its masks are ({held}): write them into {root / file} "
        f"({form}), or give data.classes=[background,…]"
    )


def _of_ignored(table: ClassTable, ignore_index: int) -> Iterator[Remark]:
    if ignore_index in table.numbers:
        name = table.names[table.numbers.index(ignore_index)]
        yield Remark("ignored_class", "pass", 1, f"pixels of {name}, {ignore_index}, do not count (data.ignore_index)")


def _by_colour(table: ClassTable, seen: Seen, reading: Reading, ignore_index: int) -> bool:
    """Whether colours stand for classes.

    Raises:
        UsageError: they do, and no table is given.
    """
    if reading == "numbers":
        return False
    if table.colours is None:
        if reading == "colours" or seen.coloured:
            example = f" ({seen.coloured})" if seen.coloured else ""
            raise UsageError(
                f"masks hold colours{example}, and {table.origin} says none: name them in classes.csv with the columns "
                "name,r,g,b"
            )
        return False
    if reading == "colours" or seen.coloured:
        return True
    fits = seen.colours <= set(table.colours)
    are_numbers = seen.numbers <= {*table.numbers, ignore_index}
    return bool(seen.colours) and fits and (not seen.modes <= {"1", "L"} or not are_numbers)
