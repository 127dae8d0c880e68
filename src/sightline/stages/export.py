"""Export: the model with all that stands around it as one file, which answers as the run does or is not kept."""

import json
from typing import TYPE_CHECKING, Final

import sightline
from sightline.config.schema import Config
from sightline.errors import GateRefusedError, UsageError
from sightline.inference.export.gate import judge
from sightline.inference.export.graph import ExportedClassifier, program_of
from sightline.inference.export.onnx_file import PACKAGES, OnnxModel, check_installed, onnx_content
from sightline.inference.export.photos import batches, real_images
from sightline.inference.export.reference import Reference
from sightline.inference.model import CALIBRATION, load_preprocessing, load_split
from sightline.machine.container import usable_cores
from sightline.machine.provenance import version_of
from sightline.machine.terminal import logger
from sightline.reporting.sections.parity import parity_table
from sightline.reporting.terminal import show
from sightline.run.folder import Run
from sightline.run.origin import SOURCES, Origin, origin_of, save_derived
from sightline.tasks.answers import Model
from sightline.tasks.classification.prediction_rows import ClassRows
from sightline.tasks.table import model_of_run

if TYPE_CHECKING:
    from sightline.metrics.documents.parity import Parity

FILES: Final = {"onnx": "export/model.onnx"}
"""By what `export.formats` takes."""
PARITY: Final = "export/parity.json"


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `export/model.*` and `export/parity.json`.

    Raises:
        UsageError: the model cannot be exported, the extra lacks, or the images to judge it by are gone.
        GateRefusedError: a file does not answer as the run does; then none is left.
    """
    check_exportable(config, run)
    check_installed()
    images, split = real_images(config, run, config.export.items)
    model = model_of_run(config.model_copy(update={"device": "cpu"}), run)
    assert isinstance(model.writer, ClassRows)
    predictor, temperature = model.predictor, model.writer.decisions.temperature
    origin = origin_of(run, *SOURCES, CALIBRATION)
    logger.info("export: writing %s", ", ".join(FILES[name] for name in config.export.formats))
    program = program_of(ExportedClassifier(predictor.network, predictor.preprocessing, temperature))
    contents = {FILES["onnx"]: onnx_content(program, metadata_of(run, model, origin))}
    reference = Reference(predictor, temperature, config.predict)
    logger.info("export: %s images of %s are answered by both", f"{len(images):,}", split)
    exported = {name: OnnxModel(content) for name, content in contents.items()}
    try:
        found = judge(exported, batches(images, reference), reference, config.export.tolerance)
    except GateRefusedError:
        _discard(run)
        raise
    parity: Parity = {
        "split": split,
        "images": len(images),
        "tolerance": config.export.tolerance,
        "threads": usable_cores(),
        "versions": {name: version_of(name) for name in ("torch", *PACKAGES)},
        "files": {name: found[name].content(len(content)) for name, content in contents.items()},
    }
    run.remove(PARITY)  # of other files, should this end halfway
    for name, content in contents.items():
        run.save_bytes(name, content)
    save_derived(run, PARITY, parity, origin)
    for name, one in parity["files"].items():
        show(f"{name}: how far its probabilities lie from the run's, at most", parity_table(one))
        logger.info("export: %s, %.1f MB", run.path / name, one["bytes"] / 1e6)
    return {"answers": float(sum(one["answers"] for one in parity["files"].values()))}


def check_exportable(config: Config, run: Run) -> None:
    """Refuse what no file can hold yet.

    Raises:
        UsageError: the model predicts more than one class for each image, or its images are not cropped.
    """
    if config.model.task != "classification":
        raise UsageError(
            f"export: model={config.model.name} predicts {' and '.join(config.model.targets)}; so far a model is "
            "exported that predicts one class for each image and nothing else"
        )
    fit = load_preprocessing(run).fit
    if fit != "crop":
        raise UsageError(f"export: the run sees images by fit={fit}; so far fit=crop alone is exported")


def metadata_of(run: Run, model: Model, origin: Origin) -> dict[str, str]:
    """What a file says of itself, by key: JSON, but for the version."""
    seen = model.predictor.preprocessing.to_json()
    classes = seen.pop("class_names")
    said = {
        "task": "classification",
        "classes": classes,
        "image_size": seen["image_size"],
        "fit": seen["fit"],
        "preprocessing": seen,
        "answers": model.writer.to_json(),
        "data": load_split(run).fingerprint(),
        "made_from": origin,
        "takes": "uint8 (n, height, width, 3): RGB, upright, transparent parts over white, any size",
        "gives": "float32 (n, classes): calibrated probabilities, in the order of classes",
    }
    return {"sightline": sightline.__version__} | {key: json.dumps(value) for key, value in said.items()}


def _discard(run: Run) -> None:
    """Take away what an earlier export left: it is of a model that no longer passes."""
    for name in (*FILES.values(), PARITY):
        run.remove(name)
