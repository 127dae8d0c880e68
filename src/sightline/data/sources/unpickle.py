"""Read CIFAR's pickled batches without running anything that a pickle may name.

A pickle can call whatever it can import. This reader lets it name four things, which are what numpy writes for an
array, and gives it inert stand-ins for all four: an array becomes a record of its shape, type and bytes.
"""

import io
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

BYTE_TYPES = frozenset({"u1", "|u1", "uint8"})


class BatchError(ValueError):
    """The file is no batch of this kind."""


class _Type:
    """Stands for `numpy.dtype`: remembers its name."""

    def __init__(self, name: object = None, *_: object) -> None:
        self.name = name

    def __setstate__(self, state: object) -> None:
        """Byte order and alignment mean nothing for single bytes."""


class _Array:
    """Stands for `numpy.ndarray`: remembers what numpy would have been told."""

    state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def bytes(self) -> NDArray[np.uint8]:
        """The array, if it is one of plain bytes in row order.

        Raises:
            BatchError: it is not.
        """
        if len(self.state) != 5:
            raise BatchError("an array without contents")
        _, shape, kind, is_fortran, raw = self.state
        # Written by Python 2, read as latin-1: one character a byte.
        data = raw.encode("latin-1") if isinstance(raw, str) else raw
        if not isinstance(kind, _Type) or kind.name not in BYTE_TYPES or is_fortran or not isinstance(data, bytes):
            raise BatchError("an array of something else than bytes in row order")
        return np.frombuffer(data, dtype=np.uint8).reshape(shape)


def _new_array(*_: object) -> _Array:
    return _Array()


def _latin1(text: str, _: str) -> bytes:
    return text.encode("latin-1")


STAND_INS: dict[tuple[str, str], object] = {
    ("numpy.core.multiarray", "_reconstruct"): _new_array,
    ("numpy._core.multiarray", "_reconstruct"): _new_array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _latin1,
}


class _Reader(pickle.Unpickler):
    """An unpickler that imports nothing."""

    def find_class(self, module: str, name: str, /) -> object:
        """The stand-in for one of the few allowed names.

        Raises:
            pickle.UnpicklingError: any other name.
        """
        try:
            return STAND_INS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None

    def persistent_load(self, pid: object, /) -> object:
        """Refuse references to the outside."""
        raise pickle.UnpicklingError(f"it refers to {pid!r}")


def read_batch(content: bytes, *, values: int, classes: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(n, values) uint8 and (n,) int64 labels below `classes`.

    Raises:
        BatchError: the pickle is damaged, asks for code, or holds something else.
    """
    batch = _read(content)
    data, labels = batch.get("data"), batch.get("labels")
    if not isinstance(data, _Array) or not isinstance(labels, list):
        raise BatchError("no data or no labels in it")
    try:
        pixels = data.bytes().reshape(-1, values)
    except (ValueError, TypeError) as error:
        raise BatchError(str(error)) from error
    if not all(isinstance(label, int) and 0 <= label < classes for label in labels) or len(labels) != len(pixels):
        raise BatchError(f"{len(pixels)} images need as many labels from 0 to {classes - 1}")
    return pixels, np.array(labels, dtype=np.int64)


def read_names(content: bytes) -> tuple[str, ...]:
    """The class names.

    Raises:
        BatchError: the pickle is damaged, asks for code, or holds no names.
    """
    names = _read(content).get("label_names")
    if not isinstance(names, list) or not names:
        raise BatchError("no label_names in it")
    return tuple(_text(name) for name in names)


def _read(content: bytes) -> dict[str, object]:
    """The dictionary in a pickle, with text keys."""
    try:
        found = _Reader(io.BytesIO(content), encoding="latin-1").load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, LookupError, MemoryError) as error:
        raise BatchError(str(error) or type(error).__name__) from error
    if not isinstance(found, dict):
        raise BatchError("no dictionary")
    return {_text(key): value for key, value in found.items()}


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
