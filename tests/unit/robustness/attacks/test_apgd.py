"""APGD-CE is as strong as pyautoattack's, where that package is there."""

import contextlib
import io

import pytest

from sightline.robustness.attacks.apgd import apgd
from sightline.robustness.attacks.attack import Effort
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.pixel_model import fooled
from tests.unit.robustness.conftest import MEAN, STD, Trained


@pytest.mark.parametrize(("ball", "theirs"), [(Ball("linf", 16 / 255), "Linf"), (Ball("l2", 0.5), "L2")])
def test_as_many_items_fall_as_under_pyautoattacks(trained: Trained, ball: Ball, theirs: str):
    """Of 200 within two: each starts at random."""
    package = pytest.importorskip(
        "pyautoattack", reason="the oracle is no dependency: pip install --no-deps pyautoattack"
    )
    images, labels = trained.items.images, trained.items.labels
    peer = package.AutoAttack(
        lambda pixels: trained.network((pixels - MEAN) / STD),
        attacks=["apgd-ce"], device="cpu", eps=ball.radius, norm=theirs, seed=0, version="custom",
    )  # fmt: skip
    peer.apgd.n_restarts = 1
    with contextlib.redirect_stdout(io.StringIO()):
        found = peer.run_standard_evaluation(images, labels, batch_size=200)
    found = found[0] if isinstance(found, tuple) else found
    effort, draws = Effort(steps=peer.apgd.n_iter, restarts=1, queries=0), Draws.of(trained.items.ids, 0)
    ours = apgd(trained.model, images, labels, ball=ball, effort=effort, draws=draws)
    fallen, standard = (int(fooled(trained.model.logits(one), labels).sum()) for one in (ours.images, found))
    assert abs(fallen - standard) <= 2
    assert 20 < fallen < 180


@pytest.mark.parametrize("ball", [Ball("linf", 16 / 255), Ball("l2", 0.5)])
def test_steps_are_halved_where_they_do_not_pay(trained: Trained, ball: Ball):
    """The first step is twice the radius; those that follow still win, because they shrink."""
    items = trained.first(100)
    labels, draws = items.labels, Draws.of(items.ids, 0)

    def fallen(effort: Effort) -> int:
        found = apgd(trained.model, items.images, labels, ball=ball, effort=effort, draws=draws)
        return int(fooled(found.logits, labels).sum())

    assert fallen(Effort(1, 1, 0)) < fallen(Effort(30, 1, 0))
