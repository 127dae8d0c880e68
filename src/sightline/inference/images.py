"""Images as a program has them: paths, the bytes of files, arrays, Pillow's images; each becomes the same pixels."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from sightline.config.later_stages import PredictConfig
from sightline.data.formats import FULL_WHITE
from sightline.data.image_file import DecodeError, Picture
from sightline.data.reduction import Reduction
from sightline.data.store.decode import decode, decode_opened, decode_whole
from sightline.errors import UsageError
from sightline.machine.reading import is_folder, read_regular

Array = NDArray[Any]
ImageInput = str | Path | bytes | Array | Image.Image
"""One image: the path of its file, the file's bytes, (h, w) or (h, w, channels) in whole numbers, or Pillow's."""
Images = ImageInput | Iterable[ImageInput]
"""One image, a folder of them, several, or an array (n, h, w, channels)."""

TAKES = "it takes paths, bytes of image files, NumPy arrays and Pillow images, one or several"


def as_list(images: Images) -> tuple[list[ImageInput], bool]:
    """The images one by one, a folder's as `predict` lists them, and whether a single one was given.

    Raises:
        UsageError: something is none of the kinds of an image.
    """
    if isinstance(images, np.ndarray) and images.ndim == 4:
        return list(images), False
    if isinstance(images, str | Path) and is_folder(images):
        return list(_listed(images)), False
    if isinstance(images, str | Path | bytes | bytearray | memoryview | np.ndarray | Image.Image):
        return [_checked(images)], True
    if not isinstance(images, Iterable) or hasattr(images, "read"):
        raise _no_image(images)
    found: list[ImageInput] = []
    for image in images:
        if isinstance(image, str | Path) and is_folder(image):
            found += _listed(image)
        else:
            found.append(_checked(image))
    return found, False


def picture_of(image: ImageInput, reduction: Reduction, limits: PredictConfig, white: int = FULL_WHITE) -> Picture:
    """The pixels (h, w, 3) of an image, as training kept images.

    Args:
        image: whatever holds it. Arrays are grey in uint8 or uint16, or RGB or RGBA in uint8.
        reduction: what training kept of them.
        limits: of the size of a file and of an image.
        white: what becomes 255 in grey of more than 8 bits.

    Raises:
        OSError: its file cannot be read; `strerror` says why.
        DecodeError: it is no image, or one beyond the limits.
    """
    most_pixels = int(limits.max_megapixels * 1e6)
    most_bytes = f"predict.max_megabytes={limits.max_megabytes:g}"
    if isinstance(image, str | Path):
        return decode(read_regular(image, int(limits.max_megabytes * 1e6), most_bytes), reduction, most_pixels, white)
    if isinstance(image, bytes):
        if len(image) > limits.max_megabytes * 1e6:
            raise DecodeError(
                f"{len(image) / 1e6:,.0f} MB are more than predict.max_megabytes={limits.max_megabytes:g}"
            )
        return decode(image, reduction, most_pixels, white)
    if isinstance(image, Image.Image):
        content = _unread_jpeg(image)
        return (
            decode_opened(image, reduction, most_pixels, white)
            if content is None
            else decode(content, reduction, most_pixels, white)
        )
    return decode_opened(_of_array(image), reduction, most_pixels, white)


def photo_at(path: Path, limits: PredictConfig, white: int = FULL_WHITE) -> NDArray[np.uint8]:
    """All pixels (h, w, 3) of an image file, upright and at its own size.

    Raises:
        OSError: it cannot be read.
        DecodeError: it is no image, or one beyond the limits.
    """
    return decode_whole(read_regular(path), int(limits.max_megapixels * 1e6), white)


def _listed(folder: str | Path) -> list[Path]:
    """The images of a folder, as `predict` lists them."""
    from sightline.inference.inputs import list_inputs  # it writes to the terminal, which a logged model lacks

    return list_inputs(str(folder))


def _checked(image: object) -> ImageInput:
    if isinstance(image, bytearray | memoryview):
        return bytes(image)
    if isinstance(image, str | Path | bytes | np.ndarray | Image.Image):
        return image
    raise _no_image(image)


def _no_image(given: object) -> UsageError:
    remedy = "; give what its read() gives" if hasattr(given, "read") else ""
    return UsageError(f"{type(given).__name__} is no image: {TAKES}{remedy}")


def _of_array(array: Array) -> Image.Image:
    """An array as Pillow's image.

    Raises:
        DecodeError: its shape or type is not that of an image.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    wide = array.dtype.kind == "u" and array.dtype.itemsize == 2
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in {3, 4} and not wide)):
        raise DecodeError(
            f"an array of shape {array.shape} and {array.dtype} is no image: (height, width) in uint8 or uint16, "
            "or (height, width, 3 or 4) in uint8"
        )
    if not wide and array.dtype not in (np.uint8, np.bool_):
        raise DecodeError(
            f"an array of {array.dtype} has no agreed white: give uint8 from 0 to 255, or uint16 for grey"
        )
    if not array.size:
        raise DecodeError("it holds no pixel")
    return Image.fromarray(np.ascontiguousarray(array, dtype=np.uint16 if wide else None))


def _unread_jpeg(image: Image.Image) -> bytes | None:
    """The bytes of a JPEG that was opened and not yet read: large ones are read at a part of their size, as files are.

    None of all others, whose pixels are the same either way.
    """
    stream = getattr(image, "fp", None)
    is_unread = isinstance(image, ImageFile.ImageFile) and image.format in {"JPEG", "MPO"} and bool(image.tile)
    if not is_unread or stream is None or image.tell():
        return None
    place = stream.tell()
    stream.seek(0)
    content: bytes = stream.read()
    stream.seek(place)
    return content
