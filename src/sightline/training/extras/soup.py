"""Greedy soup: the average of a run's best epochs, as far as the val split gains by it (Wortsman et al. 2022)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from sightline.machine.terminal import logger
from sightline.metrics.catalogue import monitored
from sightline.models.checkpoints import BEST, SOUP, best_checkpoint, load_checkpoint, save_checkpoint, soup_member
from sightline.training.setup import Training
from sightline.training.state import better, weights

State = Mapping[str, Tensor]
Row = Mapping[str, float]


class Soup(NamedTuple):
    """An average of states.

    Attributes:
        state: the average.
        members: the numbers of those it is of.
        metrics: its measurement.
    """

    state: State
    members: list[int]
    metrics: dict[str, float]


def best_epochs(history: Sequence[Row], monitor: str, count: int) -> list[int]:
    """Row indices in `history` of the best epochs, the best first; ties go to the earlier one."""
    sign = monitored(monitor).sign
    return sorted(range(len(history)), key=lambda index: (sign * history[index][monitor], index))[:count]


def save_soup_member(training: Training, history: Sequence[Row]) -> None:
    """Save the weights of the newest epoch while it is among the best ones; remove those that no longer are."""
    run = training.run
    newest = len(history) - 1
    best = best_epochs(history, training.config.monitor, training.config.soup or 0)
    if newest in best:
        save_checkpoint(run, soup_member(newest), {**training.identity, "model": weights(training.eval_model)})
    for index in set(range(newest)) - set(best):
        run.remove(soup_member(index))


def average_best_epochs(
    training: Training, history: Sequence[Row], evaluate: Callable[[], dict[str, float]]
) -> dict[str, float] | None:
    """Average the saved epochs, the best first, each only if val does not get worse; write it where val gains.

    Writes `soup.json`, and `checkpoints/best.pt` where the soup beats the best epoch; the model ends with the soup's
    weights, or with those of the best epoch.

    Args:
        training: with the model whose weights are tried.
        history: the epoch rows.
        evaluate: measures the model on val.

    Returns:
        The row of `best.pt` where the soup was taken, else None.
    """
    monitor = training.config.monitor
    indices = best_epochs(history, monitor, training.config.soup or 0)

    def measure(state: State) -> dict[str, float]:
        training.eval_model.load_state_dict(state)
        return {f"val_{name}": value for name, value in evaluate().items()}

    soup = greedy_soup((_load(training, index) for index in indices), measure, monitor)
    best = history[indices[0]]
    taken = len(soup.members) > 1 and better(soup.metrics[monitor], best[monitor], monitor)
    epochs = [int(history[indices[number]]["epoch"]) for number in soup.members]
    training.run.save_json(SOUP, {"epochs": epochs, "taken": taken, "soup": soup.metrics, "best": dict(best)})
    training.eval_model.load_state_dict(soup.state if taken else _load(training, indices[0]))
    if not taken:
        logger.info("soup: no average of epochs is better than the best one by %s", monitor)
        return None
    row = {**best, **soup.metrics}
    save_checkpoint(training.run, BEST, best_checkpoint(training.identity, soup.state, row))
    logger.info(
        "soup of epochs %s: %s %.4f, the best of them %.4f",
        " + ".join(str(epoch + 1) for epoch in epochs), monitor, soup.metrics[monitor], best[monitor],
    )  # fmt: skip
    return row


def greedy_soup(members: Iterable[State], measure: Callable[[State], dict[str, float]], monitor: str) -> Soup:
    """Average states one by one, leaving out each that makes the average worse.

    Args:
        members: states, the best first, at least one; they are read once, one after the other.
        measure: of a state.
        monitor: the metric that must not get worse.
    """
    soup = Soup({}, [], {})
    for number, member in enumerate(members):
        state = _averaged(soup.state, member, len(soup.members)) if soup.members else dict(member)
        metrics = measure(state)
        if not soup.members or not better(soup.metrics[monitor], metrics[monitor], monitor):
            soup = Soup(state, [*soup.members, number], metrics)
    return soup


def _averaged(soup: State, member: State, count: int) -> dict[str, Tensor]:
    """The mean of `count` states, whose mean is `soup`, and one more; what is not floating point is the soup's."""
    return {
        name: value + (member[name] - value) / (count + 1) if value.is_floating_point() else value
        for name, value in soup.items()
    }


def _load(training: Training, index: int) -> dict[str, Tensor]:
    state: dict[str, Tensor] = load_checkpoint(training.run, soup_member(index), training.train.device)["model"]
    return state
