"""The range test: loss against learning rate, and the rate that it suggests."""

from sightline.config.base import decided
from sightline.config.groups import BASES
from sightline.config.schema import Config
from sightline.machine.terminal import logger
from sightline.reporting import figures
from sightline.run.folder import Run
from sightline.stages.train import prepare
from sightline.training.extras.lr_range import RateTest, range_test
from sightline.training.fitting import LR, powers, rate_for

FILE = "lr_range.json"


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `lr_range.json` and its figure, and say which rate to try; the weights are thrown away."""
    training, _ = prepare(config, run)
    found = range_test(training)
    run.save_json(FILE, {**vars(found), "configured": training.rate})
    path = run.save_bytes(
        "figures/lr_range.png",
        figures.lr_range(found.rates, found.losses, found.smoothed, found.suggestion, training.rate),
    )
    for line in in_words(config, found):
        logger.info("lr_range: %s", line)
    logger.info("lr_range: %s", path)
    return {"lowest": found.lowest, **({} if found.suggestion is None else {"suggestion": found.suggestion})}


def in_words(config: Config, found: RateTest) -> list[str]:
    """What the test says, and the keys to type for it."""
    batch, rate = decided(config.training.batch_size), decided(config.optimizer.lr)
    tried = f"{len(found.rates)} steps of {batch} images, rates from {found.rates[0]:.2g} to {found.rates[-1]:.2g}"
    if found.suggestion is None:
        remedy = (
            "give the test a larger training.batch_size; debug=overfit_batch says whether the model can learn at all"
        )
        return [f"{tried}: the loss falls nowhere by more than its noise; {remedy}"]
    base = rate_for(found.suggestion, batch, -powers(config.optimizer)[LR])
    what = f"the loss falls steeply at {found.suggestion:g} and is least at {found.lowest:g}"
    return [
        f"{tried}: {what}; {rate:g} is configured",
        f"try optimizer.lr={found.suggestion:g} for batches of {batch}; {BASES[LR]}={base:g} would follow the batch",
    ]
