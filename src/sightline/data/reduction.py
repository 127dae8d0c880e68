"""How images are reduced before they are stored; nothing of torch, so that worker processes start quickly."""

from dataclasses import dataclass

from PIL import Image

LONGEST = 2
"""How many times its shorter side an image may be long where a model sees a square out of its middle."""


@dataclass(frozen=True)
class Reduction:
    """What is kept of an image; nothing is ever enlarged.

    Attributes:
        side: the shorter side to which larger images are brought; None: they keep their size.
        longest: how many times its shorter side an image may be long, of longer ones the centre is kept; None: all of
            every image is kept.
    """

    side: int | None = None
    longest: int | None = LONGEST

    def cut(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the part that is kept, in the pixels of the image."""
        if self.longest is None:
            return width, height
        longest = self.longest * min(width, height)
        return min(width, longest), min(height, longest)

    def stored(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in which an image is stored."""
        across, down = self.cut(width, height)
        shorter = min(across, down)
        if self.side is None or shorter <= self.side:
            return across, down
        return round(across * self.side / shorter), round(down * self.side / shorter)

    def apply(self, image: Image.Image) -> Image.Image:
        """The image as it is stored (bicubic, antialiased)."""
        width, height = image.size
        seen, size = central(image, self.cut(width, height)), self.stored(width, height)
        return seen if seen.size == size else seen.resize(size, Image.Resampling.BICUBIC)


def central(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of an image, of a width and height that are no larger than its own."""
    if image.size == size:
        return image
    left, top = ((whole - part) // 2 for whole, part in zip(image.size, size, strict=True))
    return image.crop((left, top, left + size[0], top + size[1]))
