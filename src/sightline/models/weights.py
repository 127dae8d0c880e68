"""Learned weights from a file: read safely, compared name by name, said plainly where they do not fit."""

import pickle
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from sightline.errors import UsageError
from sightline.machine.terminal import logger
from sightline.models.bombs import refuse_bomb
from sightline.models.groups import classifier_names
from sightline.models.left_out import leaving_out
from sightline.run.seal import damage

State = dict[str, Tensor]

WRAPPERS = ("state_dict", "model")
"""Keys under which training programs, Sightline among them, keep the weights of a checkpoint."""
AVERAGES = ("state_dict_ema", "model_ema")
"""Entries in which timm and torchvision keep the moving average of the weights."""
AVERAGED_COUNT = "n_averaged"
"""What torch's AveragedModel counts beside the weights."""
PREFIXES = ("_orig_mod.", "module.", "_orig_mod.")
"""What torch.compile and DistributedDataParallel put before names, in either order."""
DAMAGE = (
    SafetensorError,
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    MemoryError,
    struct.error,
)
"""What the readers of torch and safetensors raise on a damaged or hostile file."""
LISTED = 4


def read_state(path: Path, key: str | None = None) -> State:
    """Names and tensors of a `.safetensors` file, a plain state dict or a checkpoint that holds one, on the CPU.

    No code of the file is ever run (`weights_only`).

    Args:
        path: of the file.
        key: the entry of a checkpoint that holds them; None takes `state_dict` or `model`.

    Raises:
        UsageError: the file is missing, has no such entry, damaged, or or holds anything but tensors by name.
    """
    if not path.is_file():
        raise UsageError(f"model.weights={path} is no file; give the path of a .safetensors or .pth file of weights")
    try:
        with leaving_out():
            content: object = load_file(path) if path.suffix == ".safetensors" else load_plain(path)
    except pickle.UnpicklingError as error:
        raise UsageError(
            f"model.weights={path} is damaged or holds Python objects besides tensors, which are never loaded; "
            "save the state dict alone, best as .safetensors"
        ) from error
    except (OSError, *DAMAGE) as error:
        raise UsageError(
            f"model.weights={path} cannot be read as weights: {first_line(error)}; is it whole?"
        ) from error
    return _tensors(path, _entry(path, content, key))


def mismatches(model: nn.Module, state: Mapping[str, Tensor]) -> list[str]:
    """What keeps a state dict from filling a model, one phrase a tensor; the classifier is allowed to differ."""
    head = classifier_names(model)
    wanted = model.state_dict()
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    found = [f"{name} is missing" for name in wanted if name not in state and name not in head | counters]
    found += [f"{name} is unknown" for name in state if name not in wanted]
    return found + [
        f"{name} is {_shape(state[name])}, not {_shape(tensor)}"
        for name, tensor in wanted.items()
        if name in state and name not in head and state[name].shape != tensor.shape
    ]


def load_matching(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load a state dict without `mismatches`; a classifier for another number of classes stays as it was made."""
    head = classifier_names(model)
    wanted = model.state_dict()
    other = any(name not in state or state[name].shape != wanted[name].shape for name in head)
    model.load_state_dict({**wanted, **{name: state[name] for name in state if not (other and name in head)}})


def mismatch_error(path: Path, name: str, image_size: int, phrases: list[str]) -> UsageError:
    """The error for a file that does not fit."""
    listed = "; ".join(phrases[:LISTED]) + (f"; and {len(phrases) - LISTED} more" if len(phrases) > LISTED else "")
    return UsageError(
        f"model.weights={path} does not fit model.name={name} at image_size={image_size}: {listed}. "
        "Give the name of the architecture that these weights belong to"
    )


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its kind."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def load_plain(path: Path, device: torch.device | str = "cpu") -> object:
    """What a file of torch's holds, tensors and plain values only; raises `OSError` or what `DAMAGE` lists.

    The checksums in it are asked first: torch does not.
    """
    refuse_bomb(path)
    if reason := damage(path):
        raise ValueError(reason)
    with warnings.catch_warnings():
        # Of strange files torch warns, with a line of its own source; what is wrong with them is said without.
        warnings.simplefilter("ignore")
        content: object = torch.load(path, map_location=device, weights_only=True)
    return content


def _entry(path: Path, content: object, key: str | None) -> object:
    """The part of a checkpoint that holds the weights; where it holds averages too, that is said.

    Raises:
        UsageError: there is no such entry, or several and none is chosen.
    """
    if not isinstance(content, dict):
        return content
    entries = [name for name, value in content.items() if isinstance(name, str) and _holds_tensors(value)]
    if key is not None:
        if key not in entries:
            has = f"it has {', '.join(entries)}" if entries else "it is no checkpoint with entries"
            raise UsageError(f"model.weights_key={key}: {path} has no such weights; {has}")
        return content[key]
    taken = next((name for name in WRAPPERS if isinstance(content.get(name), dict)), None)
    if taken is None:
        if len(entries) > 1:
            named = f"model.weights={path} holds weights in {', '.join(entries)}"
            raise UsageError(f"{named}; choose one: model.weights_key={entries[0]}")
        return content[entries[0]] if entries else content
    if others := [name for name in entries if name in AVERAGES]:
        logger.info("model.weights=%s: %s is taken; model.weights_key=%s takes the average", path, taken, others[0])
    return content[taken]


def _holds_tensors(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(one, Tensor) for one in value.values())


def _tensors(path: Path, content: object) -> State:
    if not isinstance(content, dict) or not content:
        raise UsageError(f"model.weights={path} holds no state dict, but {type(content).__name__}")
    state: State = {}
    for name, value in content.items():
        if name == AVERAGED_COUNT:
            continue
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise UsageError(f"model.weights={path} holds no plain state dict: {name!r} is {type(value).__name__}")
        for prefix in PREFIXES:
            name = name.removeprefix(prefix)
        state[name] = value
    return state


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"
