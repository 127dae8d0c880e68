"""Greedy soup: the average of a run's best epochs, as far as the val split gains by it (Wortsman et al. 2022)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

from sightline.machine.terminal import logger
from sightline.metrics.catalogue import monitored
from sightline.training.parts import Training
from sightline.training.state import BEST, better, load_checkpoint, save_checkpoint, weights

State = Mapping[str, Tensor]
Rows = Sequence[Mapping[str, float]]


def best_epochs(history: Rows, monitor: str, count: int) -> list[int]:
    """Places in `history` of the best epochs, the best first; ties go to the earlier one."""
    sign = monitored(monitor).sign
    return sorted(range(len(history)), key=lambda place: (sign * history[place][monitor], place))[:count]


def keep_for_soup(training: Training, history: Rows) -> None:
    """Keep the weights of the newest epoch while it is among the best ones; let go of those that no longer are."""
    run = training.run
    newest, kept = len(history) - 1, best_epochs(history, training.config.monitor, training.config.soup or 0)
    if newest in kept:
        save_checkpoint(run, _name(newest), {**training.identity, "model": weights(training.judged)})
    for place in set(range(newest)) - set(kept):
        run.remove(_name(place))


def cook(training: Training, history: Rows, evaluate: Callable[[], dict[str, float]]) -> dict[str, Any] | None:
    """Average the kept epochs, the best first, each only if val does not get worse; write it where val gains.

    Writes `soup.json`, and `checkpoints/best.pt` where the soup beats the best epoch; the model ends with the soup's
    weights, or with those of the best epoch.

    Args:
        training: with the model whose weights are tried.
        history: the epoch rows.
        evaluate: measures the model on val.

    Returns:
        The row of `best.pt` where the soup was taken, else None.
    """
    run, monitor, device = training.run, training.config.monitor, training.train.device
    places = best_epochs(history, monitor, training.config.soup or 0)
    members = (load_checkpoint(run, _name(place), device)["model"] for place in places)

    def judge(state: State) -> dict[str, float]:
        training.judged.load_state_dict(state)
        return {f"val_{name}": value for name, value in evaluate().items()}

    soup, taken, found = greedy_soup(
        members, judge, lambda now, before: not better(before[monitor], now[monitor], monitor)
    )
    best = history[places[0]]
    wins = len(taken) > 1 and better(found[monitor], best[monitor], monitor)
    epochs = [int(history[places[number]]["epoch"]) for number in taken]
    run.save_json("soup.json", {"epochs": epochs, "taken": wins, "soup": found, "best": dict(best)})
    if not wins:
        training.judged.load_state_dict(load_checkpoint(run, _name(places[0]), device)["model"])
        logger.info("soup: no average of epochs is better than the best one by %s", monitor)
        return None
    training.judged.load_state_dict(soup)
    row = {**best, **found}
    save_checkpoint(run, BEST, {**training.identity, "model": soup, "row": row})
    shown = " + ".join(str(epoch + 1) for epoch in epochs)
    logger.info("soup of epochs %s: %s %.4f, the best of them %.4f", shown, monitor, found[monitor], best[monitor])
    return row


def greedy_soup(
    members: Iterable[State],
    judge: Callable[[State], dict[str, float]],
    no_worse: Callable[[dict[str, float], dict[str, float]], bool],
) -> tuple[dict[str, Tensor], list[int], dict[str, float]]:
    """Average states one by one, leaving out each that makes the average worse.

    Args:
        members: states, the best first; they are read once, one after the other.
        judge: measures a state.
        no_worse: whether the first measurement is at least as good as the second.

    Returns:
        The soup, the numbers of its members, and its measurement.
    """
    soup: dict[str, Tensor] = {}
    taken: list[int] = []
    found: dict[str, float] = {}
    for number, member in enumerate(members):
        tried = _averaged(soup, member, len(taken)) if taken else dict(member)
        measured = judge(tried)
        if not taken or no_worse(measured, found):
            soup, found = tried, measured
            taken.append(number)
    return soup, taken, found


def _averaged(soup: State, member: State, count: int) -> dict[str, Tensor]:
    """The mean of `count` states, whose mean is `soup`, and one more; what is not floating point is the soup's."""
    return {
        name: value + (member[name] - value) / (count + 1) if value.is_floating_point() else value
        for name, value in soup.items()
    }


def _name(place: int) -> str:
    return f"checkpoints/soup/{place:04}.pt"
