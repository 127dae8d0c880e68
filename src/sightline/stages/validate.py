"""The data gate: decode every image once, look for what spoils results, and write who is in which split."""

from collections.abc import Sequence

import numpy as np

from sightline.config.schema import Config
from sightline.data.dataset import decode_images, decode_masks, list_images, white_of
from sightline.data.formats import FULL_WHITE
from sightline.data.gate.duplicates.find import NO_NEAR_COPIES, near_copies
from sightline.data.gate.findings import Finding, of_listing
from sightline.data.gate.image_checks import check_images
from sightline.data.gate.mask_checks import MaskPixels, check_mask_pixels, check_masks
from sightline.data.gate.name_checks import check_class_names
from sightline.data.gate.near_checks import copies_table
from sightline.data.gate.range_checks import check_range
from sightline.data.gate.size_checks import check_sizes
from sightline.data.gate.split_checks import check_split
from sightline.data.gate.summary import summary
from sightline.data.sources.source import ROLES, Source
from sightline.data.splits.assignment import make_split
from sightline.data.splits.split import Split
from sightline.data.store.image_store import ImageStore
from sightline.data.store.mask_store import MaskStore
from sightline.data.targets import LABEL, ClassTarget
from sightline.errors import GateRefusedError, UsageError
from sightline.inference.model import input_spec
from sightline.machine.terminal import logger
from sightline.models.build import ensure_weights
from sightline.reporting import figures
from sightline.run.folder import Run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `validation.json`, `duplicates.csv` and `split.json`; a resumed run keeps the split it has.

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
    reduction = input_spec(config, source).reduction
    white = white_of(source, reduction, config)
    if white != FULL_WHITE:
        logger.info("data: in grey images of more than 8 bits %s is white", f"{white:,}")
    store = decode_images(source, reduction, config, white)
    masks = decode_masks(source, store, config)

    findings, usable, split, pixels = _judged(source, store, masks, white, config, run)
    run.save_json("validation.json", summary(usable, store.facts, [*of_listing(source.remarks), *findings], pixels))
    for finding in findings:
        if finding.outcome in {"warn", "drop"}:
            logger.warning("data: %s", finding.message)
    if split is None or _refusals(findings):
        raise GateRefusedError(_refusals(findings)[0].message)
    return _write_split(split, run)


def _judged(
    source: Source, store: ImageStore, masks: MaskStore | None, white: int, config: Config, run: Run
) -> tuple[list[Finding], Source, Split | None, dict[str, dict[str, int]] | None]:
    """Every check: the findings, the usable items, their split unless one refuses, and the pixels of masks."""
    policy = config.data.validation
    findings, keep = check_images(source, store.facts, policy)
    findings = [check_class_names(source, policy), *findings, check_range(source, store.index, white)]
    if masks is not None:
        of_masks, with_mask = check_masks(source, masks, policy)
        findings, keep = [*findings, of_masks], keep & with_mask
    usable = source.take(keep)
    split, pixels = None, None
    if not _refusals(findings):
        rows = np.flatnonzero(keep)
        hashes = [store.facts.hashes[row] for row in rows]
        near = NO_NEAR_COPIES if policy.near_duplicates == "off" else near_copies(store, rows)
        together = [pair[:2] for pair in near.pairs] if config.data.duplicates == "keep_together" else []
        split = make_split(usable, hashes, config.data, () if masks is None else masks.hashes(rows), together)
        run.save_text("duplicates.csv", copies_table(split, near))
        more, keep = check_split(split, policy, near)
        split = split.take(keep)
        given = {role for role in source.roles if role is not None}
        findings = [*findings, *more, *check_sizes(split, policy, min(config.calibration.alphas), given, config.limit)]
        if masks is not None and source.masks is not None:
            counted = MaskPixels.of(source.masks, masks).take(rows[keep])
            findings += check_mask_pixels(split, counted, masks.rows[rows[keep]] >= 0)
            pixels = counted.by_role(split)
            logger.info("data: %s", findings[-1].message)
    return findings, usable, split, pixels


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
    named = label or next(iter(split.targets.values()), None)
    classes = "" if named is None else f" of {len(named.class_names)} classes"
    parts = ", ".join(f"{size} {role}" for role, size in sizes.items())
    logger.info("data: %d images%s: %s", len(split.ids), classes, parts)
    return {role: float(size) for role, size in sizes.items()}
