"""Every way from a file that somebody hands in into the program: it is read, or refused by name."""

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from PIL import Image

from sightline.cli import compose_config, configure
from sightline.config import parse
from sightline.config.data import CsvData
from sightline.config.user_files import expand_recipe, merge_sweep, take_sweep_file
from sightline.data.image_file import size_of
from sightline.data.reduction import Reduction
from sightline.data.sources.table import columns_of, find_table
from sightline.data.store.entries import MaskFile, read_entries
from sightline.data.store.index import FILE, Index
from sightline.data.targets import MaskCodes
from sightline.errors import SightlineError
from sightline.inference.reference import load_reference
from sightline.metrics.drift.measure import Policy, measure_drift
from sightline.metrics.predictions import Predictions
from sightline.models.weights import load_matching, mismatch_error, mismatches, read_state
from sightline.run.external.folder import class_names, read_folder
from sightline.run.folder import Run
from sightline.sweep.space import Space
from sightline.training.state import load_checkpoint
from tests.invariants.fuzzing import corpus
from tests.invariants.fuzzing import mutations as m


class RefusedError(Exception):
    """The file was named, with what is wrong with it."""


@dataclass(frozen=True)
class Reader:
    """A way in.

    Attributes:
        name: of the file that it reads, in a folder of its own.
        corpus: whole files.
        read: the folder; raises `RefusedError` or a `SightlineError` for a file that it does not take.
        special: mutations that know the format.
        share: of the inputs of a session.
    """

    name: str
    corpus: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    special: tuple[m.Mutation, ...] = ()
    share: float = 1.0


def _image(file: Path) -> None:
    size_of(str(file))
    (entry,), pixels = read_entries([str(file)], Reduction(24))
    _judge(entry.error, len(pixels))


COLOURS = MaskCodes((0, 0xFF0000), (0, 1), are_colours=True)
NUMBERS = MaskCodes(tuple(range(256)), tuple(range(256)), are_colours=False)


def _mask(file: Path) -> None:
    for codes in (COLOURS, NUMBERS):
        (entry,), pixels = read_entries([MaskFile(str(file), 40, 30, 15, 20, codes)], Reduction())
        assert bool(entry.error) != bool(len(pixels)), "either pixels or a reason"
    _judge(entry.error, len(pixels))


def _judge(error: str | None, pixels: int) -> None:
    assert bool(error) != bool(pixels), "either pixels or a reason"
    if error:
        raise RefusedError(error)


def _manifest(file: Path) -> None:
    for name in ("a.png", "ä.png", "c, d.png"):
        (file.parent / name).touch()
    config = _table_config().model_copy(update={"manifest": str(file)})
    source = find_table(config)
    columns_of(config, source.ids, ["split"])


@cache
def _table_config() -> CsvData:
    found = configure("data=csv", "data.split_column=split", "data.group_column=group").data
    assert isinstance(found, CsvData)
    return found


def _predictions(file: Path) -> None:
    class_names(read_folder(file.parent))


def _recipe(file: Path) -> None:
    configure(f"recipe={file}")


def _recipe_alone(file: Path) -> None:
    expand_recipe([f"recipe={file}", "seed=1"])


@cache
def _composed() -> dict[str, object]:
    return compose_config(["mode=sweep", "data=digits"])


def _sweep(file: Path) -> None:
    _, given = take_sweep_file([f"sweep={file}"])
    composed = copy.deepcopy(_composed())
    merge_sweep(composed["sweep"], given, [])  # type: ignore[arg-type]
    Space(parse.parse(composed).sweep).described()


def _configuration(file: Path) -> None:
    parse.read(file, _composed())
    parse.read_model(file)


def _weights(file: Path) -> None:
    state = read_state(file)
    network = corpus.network()
    if phrases := mismatches(network, state):
        raise mismatch_error(file, "cnn", 32, phrases)
    load_matching(network, state)


def _checkpoint(file: Path) -> None:
    load_checkpoint(Run(file.parent), file.name, torch.device("cpu"))


def _stored_arrays(file: Path) -> None:
    Predictions.from_arrays(Run(file.parent).load_arrays(file.name))


def _reference(file: Path) -> None:
    for held in corpus.GOLDEN.iterdir():
        (file.parent / held.name).symlink_to(held)
    found = load_reference(Run(file.parent))
    measure_drift(found.sample, found.sample, found.class_names, Policy(0.05, 0.05, "warn", 99))


def _stored_json(file: Path) -> None:
    Run(file.parent).load_json(file.name)


def _stored_rows(file: Path) -> None:
    Run(file.parent).rows(file.name)


def _index(file: Path) -> None:
    if Index.load(file.parent, 2) is None:
        raise RefusedError("decoded anew")


TEXT = (m.other_encoding, m.long_cell, m.wrong_lines)
YAML = (m.wrong_yaml, m.wrong_yaml, m.wrong_yaml, m.aliases, m.other_encoding)

READERS: Mapping[str, Reader] = {
    "images": Reader("a.img", corpus.images, _image, (m.png_chunks,), share=6),
    "masks": Reader("a.png", corpus.masks, _mask, (m.png_chunks,)),
    "manifests": Reader("table.csv", corpus.manifests, _manifest, TEXT, share=2),
    "predictions.csv": Reader("test.csv", corpus.prediction_tables, _predictions, TEXT, share=2),
    "predictions.npz": Reader("test.npz", corpus.prediction_arrays, _predictions, (m.member,), share=3),
    "recipes": Reader("recipe.yaml", corpus.recipes, _recipe_alone, YAML),
    "recipes, composed": Reader("recipe.yaml", corpus.recipes, _recipe, YAML, share=0.5),
    "sweeps": Reader("sweep.yaml", corpus.sweeps, _sweep, YAML, share=1.5),
    "configurations": Reader("config.yaml", corpus.configurations, _configuration, YAML),
    "weights.safetensors": Reader("w.safetensors", corpus.safetensors, _weights, (m.safetensors_head,)),
    "weights.pt": Reader("w.pt", corpus.checkpoints, _weights, (m.member, m.member, m.member), share=2),
    "checkpoints": Reader("last.pt", corpus.checkpoints, _checkpoint, (m.member, m.member, m.member)),
    "stored arrays": Reader("test.npz", corpus.stored_arrays, _stored_arrays, (m.member,)),
    "references": Reader("reference.npz", corpus.references, _reference, (m.member, m.member), share=0.5),
    "stored objects": Reader("evaluation.json", corpus.stored_json, _stored_json, (m.wrong_json,), share=0.5),
    "stored rows": Reader("metrics.jsonl", corpus.stored_rows, _stored_rows, (m.wrong_lines,), share=0.5),
    "indices": Reader(FILE, corpus.indices, _index, (m.member,), share=0.5),
}


def attempt(reader: Reader, folder: Path, content: bytes) -> str:
    """Hand a file in; what became of it. Anything but a refusal by name is raised, warnings too."""
    file = folder / reader.name
    file.write_bytes(content)
    pillows = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            reader.read(file)
        except RefusedError as refusal:
            message = str(refusal)
        except SightlineError as error:
            message = str(error)
        else:
            message = ""
    assert pillows == Image.MAX_IMAGE_PIXELS
    assert len(message.splitlines()) <= 2, "more than two lines: " + message[:500]
    assert len(message) < 5000, "a message of many pages: " + message[:500]
    return "refused" if message else "read"
