"""The checkpoints of a run: written and read whole, and the best one built anew from others where it is damaged."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO, Final, cast

import torch
from torch import Tensor

from sightline.errors import RunFailedError, UsageError
from sightline.machine.terminal import logger
from sightline.models.weights import DAMAGE, first_line, load_plain
from sightline.run.folder import Run
from sightline.run.seal import SealingStream

LAST, PREVIOUS, BEST = "checkpoints/last.pt", "checkpoints/previous.pt", "checkpoints/best.pt"
SOUP: Final = "soup.json"
CLOCKS: Final = ("seconds", "images_per_second")
"""Numbers of an epoch that its weights do not hang on."""
STATE: Final = frozenset({"model", "ema", "lookahead", "optimizer", "scaler", "progress", "tally"})
"""What `last.pt` holds beside what says which training it is of."""
NO_EPOCH: Final = "{} has no checkpoints/best.pt: its training has not closed an epoch yet"

Checkpoint = dict[str, Any]


def save_checkpoint(run: Run, name: str, content: Mapping[str, object]) -> None:
    """Write tensors and plain values, atomically and sealed; opens with `torch.load(weights_only=True)`.

    Raises:
        OSError: the disk is full, or refuses otherwise.
    """

    def write(stream: BinaryIO) -> None:
        sealing = SealingStream(stream, "blake2b" if name == BEST else "crc32")
        keeping = _ErrorKeepingStream(cast("BinaryIO", sealing))
        try:
            torch.save(dict(content), cast("BinaryIO", keeping))
        except RuntimeError as error:
            raise keeping.error or error from None
        sealing.seal()

    run.save_with(name, write)


def best_checkpoint(
    identity: Mapping[str, object], model: Mapping[str, Tensor], row: Mapping[str, float]
) -> Checkpoint:
    """What `best.pt` holds: equal weights give equal bytes, whatever the clock says.

    Args:
        identity: which training it is of.
        model: the weights.
        row: of their epoch.
    """
    return {**identity, "model": model, "row": {key: value for key, value in row.items() if key not in CLOCKS}}


class _ErrorKeepingStream:
    """A stream that remembers why it could not be written: torch replaces the reason by one of its own."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            return self._stream.write(content)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._stream.flush()


def load_checkpoint(run: Run, name: str, device: torch.device) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        RunFailedError: it is missing or damaged.
    """
    path = run.path / name
    if not path.is_file():
        raise RunFailedError(f"{path} is missing")
    try:
        content = load_plain(path, device)
    except (OSError, *DAMAGE) as error:
        raise RunFailedError(f"{path} is damaged: {first_line(error)}") from error
    if not isinstance(content, dict):
        raise RunFailedError(f"{path} is damaged: it holds no checkpoint")
    return content


def load_best(run: Run, device: torch.device) -> Checkpoint:
    """Read `best.pt`; where it is missing or damaged, build it anew from a checkpoint that holds the best epoch.

    Raises:
        RunFailedError: there is none.
        UsageError: no epoch has ended yet.
    """
    if not (run.has(BEST) or run.has(LAST)):
        raise UsageError(NO_EPOCH.format(run.path))
    try:
        return load_checkpoint(run, BEST, device)
    except RunFailedError as error:
        found = _rebuilt(run, device)
        if found is None:
            remedy = "no other checkpoint holds the best epoch; train the run anew"
            raise RunFailedError(f"{error}; {remedy}") from error
        source, content = found
        logger.warning("%s; it is built anew from %s", error, source)
    with suppress(OSError):  # a run that may only be read
        save_checkpoint(run, BEST, content)
    return content


def _rebuilt(run: Run, device: torch.device) -> tuple[str, Checkpoint] | None:
    """The best epoch's checkpoint out of another one, and which; None where none holds it."""
    try:
        last = load_checkpoint(run, LAST, device)
        history, best = last["progress"]["history"], last["progress"]["best"]
        if best is None and not run.has(BEST):
            raise UsageError(NO_EPOCH.format(run.path))
        if best is None or (run.has(SOUP) and run.load_json(SOUP)["taken"]):
            return None
        identity, row = {key: value for key, value in last.items() if key not in STATE}, history[best]
        for name in (LAST, PREVIOUS):
            state = last if name == LAST else _loaded(run, name, device)
            if state is not None and _ended(state["progress"], best):
                return name, best_checkpoint(identity, state["ema"] or state["model"], row)
        member = _loaded(run, soup_member(best), device)
        return None if member is None else (soup_member(best), best_checkpoint(identity, member["model"], row))
    except (RunFailedError, LookupError, TypeError):  # damaged as well, or of a shape that nothing can be told from
        return None


def _loaded(run: Run, name: str, device: torch.device) -> Checkpoint | None:
    try:
        return load_checkpoint(run, name, device)
    except RunFailedError:
        return None


def _ended(progress: Mapping[str, Any], epoch: int) -> bool:
    """Whether a state is that at the very end of an epoch, by its row in the history."""
    history = progress["history"]
    return len(history) == epoch + 1 and bool(history[epoch]["step"] == progress["step"])


def soup_member(index: int) -> str:
    """The checkpoint of an epoch that a soup may be made of, by its row in the history."""
    return f"checkpoints/soup/{index:04}.pt"
