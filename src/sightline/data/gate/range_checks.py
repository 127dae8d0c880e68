"""Images that are nearly black since they use a small part of the range of their values, or use more than white."""

import numpy as np

from sightline.data.formats import white_for
from sightline.data.gate.findings import SHOWN_EXAMPLES, Finding, Wording, finding, how_many
from sightline.data.sources.source import Source
from sightline.data.store.index import Index

ENOUGH = 1 / 2
"""The share of the range up to white that the brightest grey image of more than 8 bits should reach."""

DARK = 16 / 255
"""A root mean square of all pixels below this share of white is nearly black: 12 bits in colours of 16 stay below."""


def check_range(source: Source, index: Index, white: int) -> Finding:
    """Hold the values of images against what is taken for white, grey of more than 8 bits apart from all others."""
    if index.facts.brightest.any():
        return _deep(source, index, white)
    count = int(index.lengths.sum())
    level = float(np.sqrt(index.sums[:, 1].sum() / count)) / 255 if count else 1.0
    wording = Wording(
        fine=f"the root mean square of all pixels is {100 * level:.0f} % of white",
        found=f"images are nearly black: the root mean square of all pixels is {100 * level:.1f} % of white",
        remedy="where their values use part of the range alone, save them with all of it",
    )
    dark = np.flatnonzero(index.lengths) if level < DARK else np.zeros(0, dtype=np.int64)
    return finding("range", "warn", [source.ids[i] for i in dark], wording)


def _deep(source: Source, index: Index, white: int) -> Finding:
    """The same of grey of more than 8 bits, whose brightest values are known."""
    brightest = index.facts.brightest
    deep, cut = np.flatnonzero(brightest), np.flatnonzero(brightest > white)
    most = int(brightest.max())
    share = f"{100 * most / white:.0f} % of the range up to white, {white:,}"
    if len(cut):
        found = (
            f"{how_many(len(cut), 'image', 'images', ('has', 'have'))} values above data.white={white}, which are cut"
        )
        remedy, odd = f"take data.white=auto or data.white={white_for(most)}", cut
    else:
        used = "uses" if len(deep) == 1 else "use"
        found = f"{how_many(len(deep), 'grey image', 'grey images', ('', ''))}of more than 8 bits {used} {share}: dark"
        fitting = white_for(most) if white_for(most) < white else most
        remedy, odd = f"set data.white={fitting}, or take data.white=auto", deep if most < ENOUGH * white else deep[:0]
    shown = [f"{source.ids[i]}: {brightest[i]:,}" for i in odd[:SHOWN_EXAMPLES]]
    wording = Wording(f"grey images of more than 8 bits use {share}", found, remedy)
    return finding("range", "warn", [source.ids[i] for i in odd], wording, shown)
