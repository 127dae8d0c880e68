"""Grey images of more than 8 bits that use a small part of their range, and so turn nearly black at 8, or too much."""

import numpy as np

from sightline.data.formats import white_for
from sightline.data.gate.findings import SHOWN_EXAMPLES, Finding, Wording, finding, how_many
from sightline.data.sources.source import Source
from sightline.data.store.index import ImageFacts

ENOUGH = 1 / 2
"""The share of the range up to white that the brightest image of a data set should reach."""


def check_range(source: Source, facts: ImageFacts, white: int) -> Finding:
    """Hold the values of grey images of more than 8 bits against what is taken for white."""
    brightest = facts.brightest
    deep = np.flatnonzero(brightest)
    most = int(brightest.max(initial=0))
    cut = np.flatnonzero(brightest > white)
    share = f"{most / white:.0%} of the range up to white, {white:,}"
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
    fine = f"grey images of more than 8 bits use {share}" if len(deep) else "no grey image has more than 8 bits"
    shown = [f"{source.ids[i]}: {brightest[i]:,}" for i in odd[:SHOWN_EXAMPLES]]
    return finding("range", "warn", [source.ids[i] for i in odd], Wording(fine, found, remedy), shown)
