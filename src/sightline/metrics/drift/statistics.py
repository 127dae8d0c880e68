"""The statistics of an image that drift is told by, and how a difference in each is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class Statistic:
    """One number of an image.

    Attributes:
        axis: what it is, as figures say it.
        more: what more of it is called.
        less: what less of it is called.
        scale: `level`: of 255, differences count; `share`: from 0 to 1; `ratio`: quotients count.
    """

    axis: str
    more: str
    less: str
    scale: Literal["level", "share", "ratio"]


PIXELS: Final[Mapping[str, Statistic]] = {
    "brightness": Statistic("mean brightness, of 255", "brighter", "darker", "level"),
    "contrast": Statistic("spread of brightness, of 255", "more contrast", "less contrast", "level"),
    "red": Statistic("mean red, of 255", "more red", "less red", "level"),
    "green": Statistic("mean green, of 255", "more green", "less green", "level"),
    "blue": Statistic("mean blue, of 255", "more blue", "less blue", "level"),
    "saturation": Statistic("largest minus smallest channel, of 255", "more colourful", "less colourful", "level"),
    "edges": Statistic("difference of neighbouring pixels, of 255", "more edges", "fewer edges", "ratio"),
    "sharpness": Statistic("second differences over first", "sharper", "less sharp", "ratio"),
    "clipped_dark": Statistic("share of values below .01", "more black", "less black", "share"),
    "clipped_bright": Statistic("share of values above .99", "more white", "less white", "share"),
}
"""Of the pixels that a model sees, in the order of the columns of `data.image_statistics`."""

CHANNELS: Final = ("red", "green", "blue")
"""What is brightness once more where no image has colours."""
CONFIDENCE: Final = "confidence"
CLASSES: Final = "classes"
FEATURES: Final = "features"
OF_MODEL: Final[Mapping[str, Statistic]] = {
    CONFIDENCE: Statistic("largest probability", "surer", "less sure", "share"),
}
"""Of what a model says of an image, one number each."""
STATISTICS: Final[Mapping[str, Statistic]] = {**PIXELS, **OF_MODEL}
