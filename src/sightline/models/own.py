"""What Sightline's own networks share once they are made: weights from a file, and CBAM behind their stages."""

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor, nn

from sightline.machine.paths import path_of
from sightline.models.attention import add_cbam, holds_cbam
from sightline.models.weights import load_matching, mismatch_error, mismatches, read_state
from sightline.models.wrapped import unwrapped

SKETCHED = 64
"""Pixels a side at which the maps of our own networks are looked at: they run at any size."""


def completed(
    make: Callable[[], nn.Module], name: str, image_size: int, *, weights: str | None, key: str | None, cbam: bool
) -> nn.Module:
    """One of our own networks with what is asked of it; CBAM starts open where the other weights were learned alone.

    Args:
        make: the network with random weights.
        name: for what is said.
        image_size: likewise.
        weights: a file of learned weights.
        key: its entry that holds them.
        cbam: whether to put CBAM behind the stages.

    Raises:
        UsageError: the file cannot be read or belongs to another network.
    """
    network = make()
    state = None if weights is None else read_state(path_of(weights), key)
    is_later = state is not None and not holds_cbam(state)
    if cbam and not is_later:
        add_cbam(network, make, SKETCHED, name, is_open=False)
    if state is not None:
        _fill(network, state, path_of(str(weights)), name, image_size)
    if cbam and is_later:
        add_cbam(network, make, SKETCHED, name, is_open=True)
    return network


def _fill(network: nn.Module, state: Mapping[str, Tensor], path: Path, name: str, image_size: int) -> None:
    state = unwrapped(network, state, path)
    if phrases := mismatches(network, state):
        raise mismatch_error(path, name, image_size, phrases)
    load_matching(network, state)
