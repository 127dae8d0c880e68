"""The data gate: decode every image once, look for what spoils results, and write who is in which split."""

from collections.abc import Sequence

import numpy as np

from sightline.config.schema import Config
from sightline.data.dataset import decode_images, decode_masks, list_images, white_of
from sightline.data.formats import FULL_WHITE
from sightline.data.gate.findings import Finding, of_listing
from sightline.data.gate.image_checks import check_images
from sightline.data.gate.name_checks import check_class_names
from sightline.data.gate.range_checks import check_range
from sightline.data.gate.size_checks import check_sizes
from sightline.data.gate.split_checks import check_split
from sightline.data.gate.summary import summary
from sightline.data.sources.source import ROLES
from sightline.data.splits.assignment import make_split
from sightline.data.splits.split import Split
from sightline.data.targets import LABEL, ClassTarget
from sightline.errors import GateRefusedError, UsageError
from sightline.inference.model import input_spec
from sightline.machine.terminal import logger
from sightline.models.build import ensure_weights
from sightline.reporting import figures
from sightline.run.folder import Run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `validation.json` and `split.json`; a resumed run keeps the split it has.

    Raises:
        GateRefusedError: a finding whose policy is `refuse`.
        UsageError: the model's weights cannot be had; nothing is left to train on, or to choose the epoch by.
    """
    if run.has("split.json"):
        return {}
    ensure_weights(config.model)
    source = list_images(config)
    for remark in source.remarks:  # before decoding, which may take a while
        (logger.info if remark.outcome == "pass" else logger.warning)("data: %s", remark.message)
    side = input_spec(config, source).stored_side
    white = white_of(source, side, config)
    if white != FULL_WHITE:
        logger.info("data: in grey images of more than 8 bits %s is white", f"{white:,}")
    store = decode_images(source, side, config, white)
    masks = decode_masks(source, store, config)

    findings, keep = check_images(source, store.facts, config.data.validation)
    findings = [check_class_names(source, config.data.validation), *findings, check_range(source, store.index, white)]
    usable = source.take(keep)
    split = None
    if not _refusals(findings):
        hashes = [store.facts.hashes[row] for row in np.flatnonzero(keep)]
        split = make_split(usable, hashes, config.data, () if masks is None else masks.hashes(np.flatnonzero(keep)))
        more, keep = check_split(split, config.data.validation)
        split = split.take(keep)
        sizes = check_sizes(split, config.data.validation, min(config.calibration.alphas))
        findings = [*findings, *more, *sizes]

    run.save_json("validation.json", summary(usable, store.facts, [*of_listing(source.remarks), *findings]))
    for finding in findings:
        if finding.outcome in {"warn", "drop"}:
            logger.warning("data: %s", finding.message)
    if split is None or _refusals(findings):
        raise GateRefusedError(_refusals(findings)[0].message)
    return _write_split(split, run)


def _refusals(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.outcome == "refuse"]


def _write_split(split: Split, run: Run) -> dict[str, float]:
    """Write down the split, draw it and say how large its parts are."""
    sizes = {role: len(split.positions(role)) for role in ROLES}
    for role, key in (("train", "limit"), ("val", "data.val_fraction")):
        if not sizes[role]:
            raise UsageError(f"no image is left for the {role} split; raise {key}, or give more data")
    run.save_json("split.json", split.to_json())
    label = split.targets.get(LABEL)
    if isinstance(label, ClassTarget):
        counts = {role: label.counts(split.positions(role)).tolist() for role in ROLES}
        run.save_bytes("figures/class_balance.png", figures.class_balance(counts, label.class_names))
    classes = "" if label is None else f" of {len(label.class_names)} classes"
    parts = ", ".join(f"{size} {role}" for role, size in sizes.items())
    logger.info("data: %d images%s: %s", len(split.ids), classes, parts)
    return {role: float(size) for role, size in sizes.items()}
