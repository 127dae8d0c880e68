"""Did it get worse since the last release? Compares what rounds of one benchmark say; ratios and bytes, never seconds.

    python -m benchmarks.regression NEW [--old FILE] [--margin 0.05] [--level 0.99]

NEW is a file of throughput.py or of memory.py --digits. Without --old it is held against the file of the same benchmark
at the last release, and before the first release against the committed one. A loss counts when even the favourable end
of its interval (one-sided, Welch, on logarithms) lies beyond the margin: the interval holds what rounds vary, the
margin what two sessions on one machine do. Exit status 0: nothing got worse; 1: something did; 3: the files cannot be
compared, or their rounds vary too much for that.
"""

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, variance
from typing import Any, Final, NamedTuple

ROOT = Path(__file__).parents[1]
PEERS: Final = ("timm", "torchvision", "lightning")
SETTING: Final = {"device": None, "data": "folder", "batch": None}
"""Of `what`, with what a file means that does not say."""
MACHINE: Final = ("cpu", "cores", "gpu")
WORSE, INCOMPARABLE = 1, 3
BLIND: Final = 0.2
"""A comparison in which even this loss would be noticed in no figure says nothing."""

Result = Mapping[str, Any]


class IncomparableError(Exception):
    """Two files say nothing about each other; the message says why."""


class Reading(NamedTuple):
    """What rounds say of one figure: the mean of its logarithm, the variance of that mean, and degrees of freedom."""

    log: float
    error: float
    freedom: float


class Change(NamedTuple):
    """One figure then and now.

    Attributes:
        name: of the figure.
        old: then.
        new: now.
        gain: by which share it got better, as a logarithm; a loss is negative.
        half_width: from the gain to the favourable end of its interval.
        margin: the loss that is let pass in any case, as a positive logarithm.
    """

    name: str
    old: float
    new: float
    gain: float
    half_width: float
    margin: float

    @property
    def worse(self) -> bool:
        """Whether even the favourable end of the interval is a loss beyond the margin."""
        return self.gain + self.half_width < -self.margin

    @property
    def told(self) -> float:
        """The smallest loss that would have been called one here, as a share."""
        return 1 - math.exp(-self.half_width - self.margin)


def main() -> int:
    """Compare, show the table and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("new", type=Path)
    parser.add_argument("--old", type=Path)
    parser.add_argument("--margin", type=float, default=0.05)
    parser.add_argument("--level", type=float, default=0.99)
    arguments = parser.parse_args()
    new = json.loads(arguments.new.read_text())
    try:
        old, whence = (json.loads(arguments.old.read_text()), str(arguments.old)) if arguments.old else committed(new)
        print(f"{arguments.new} beside {whence}")
        check_comparable(old, new)
        changes = compare(old, new, arguments.margin, arguments.level)
    except IncomparableError as problem:
        print(f"not compared: {problem}", file=sys.stderr)
        return INCOMPARABLE
    print("\n".join(table(changes)))
    if any(change.worse for change in changes):
        return WORSE
    if all(change.told > BLIND for change in changes):
        print(f"not compared: rounds vary so much that a loss of {BLIND:.0%} would not be noticed", file=sys.stderr)
        return INCOMPARABLE
    return 0


# ---------------------------------------------------------------- what is compared with what


def committed(new: Result) -> tuple[Result, str]:
    """The results of the same benchmark at the last release before this commit, or, without one, as committed."""
    kind = "memory" if "peak_gb" in new else "throughput"
    name = f"benchmarks/results/{kind}{'_digits' if new['what'].get('data') == 'digits' else ''}.json"
    release = _git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^")
    found = _git("show", f"{release or 'HEAD'}:{name}")
    if found is None:
        raise IncomparableError(f"{release or 'this commit'} holds no {name}")
    whence = f"release {release}" if release else "what is committed, as there is no release yet"
    result: Result = json.loads(found)
    return result, f"{name} of {whence}"


def _git(*words: str) -> str | None:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
    return None if done.returncode else done.stdout.strip()


def check_comparable(old: Result, new: Result) -> None:
    """Refuse files of another setting; and ratios of another machine, where the fastest way may be another one.

    Raises:
        IncomparableError: naming what differs.
    """
    pairs = [(key, *(one["what"].get(key, unsaid) for one in (old, new))) for key, unsaid in SETTING.items()]
    if "peak_gb" not in new:
        pairs += [(key, *(one["where"]["machine"].get(key) for one in (old, new))) for key in MACHINE]
    differing = [f"{key} {before} then, {now} now" for key, before, now in pairs if before != now]
    if differing:
        raise IncomparableError("; ".join(differing))


# ---------------------------------------------------------------- figures


def figures(result: Result) -> dict[str, Reading]:
    """Every figure of a file that a machine's speed cancels from.

    Raises:
        IncomparableError: there were fewer than two rounds, which say nothing of what rounds vary.
    """
    if "peak_gb" in result:
        return {f"peak memory, {name}": reading(one["all"]) for name, one in result["peak_gb"].items()}
    found = {}
    for precision, rates in result["images_per_second"].items():
        ours = rates["sightline"]["all"]
        for name, theirs in _rivals(rates):
            found[f"{precision} over {name}"] = reading([a / b for a, b in zip(ours, theirs, strict=True)])
        peaks = result["peak_gflops"][precision]["all"]
        found[f"{precision} share of the convolution peak"] = reading(
            [result["gflop_an_image"] * a / b for a, b in zip(ours, peaks, strict=True)]
        )
    for pair in result["alternated"]:
        found[f"{pair['precision']} real over bare in turn, {pair['transforms']}"] = _from_quartiles(pair)
    return found


def _rivals(rates: Mapping[str, Any]) -> Iterator[tuple[str, list[float]]]:
    yield from ((name, rate["all"]) for name, rate in rates.items() if name != "sightline")
    fastest = [max(others) for others in zip(*(rates[name]["all"] for name in PEERS), strict=True)]
    yield "the fastest peer as it comes", fastest


def reading(rounds: Sequence[float]) -> Reading:
    """What rounds say, each measured within itself."""
    if len(rounds) < 2:
        raise IncomparableError("a single round does not show what rounds vary")
    logs = [math.log(value) for value in rounds]
    return Reading(mean(logs), variance(logs) / len(logs), len(logs) - 1)


def _from_quartiles(pair: Mapping[str, Any]) -> Reading:
    """What pairs of steps say whose quartiles alone were kept; the error is that of a normal sample's median."""
    low, middle, high = (math.log(value) for value in pair["quartiles_of_pairs"])
    if pair["pairs"] < 2:
        raise IncomparableError("a single pair of steps does not show what pairs vary")
    return Reading(middle, math.pi / 2 * ((high - low) / 1.349) ** 2 / pair["pairs"], pair["pairs"] - 1)


# ---------------------------------------------------------------- the judgement


def compare(old: Result, new: Result, margin: float, level: float) -> list[Change]:
    """Every figure that both files hold, then and now.

    Args:
        old: the earlier file.
        new: the later file.
        margin: a share, as 0.05.
        level: one-sided, of each figure's interval.

    Raises:
        IncomparableError: they hold no figure in common, or too few rounds.
    """
    before, after = figures(old), figures(new)
    names = [name for name in after if name in before]
    if not names:
        raise IncomparableError("the files hold no figure in common")
    return [_change(name, before[name], after[name], margin, level) for name in names]


def _change(name: str, old: Reading, new: Reading, margin: float, level: float) -> Change:
    from scipy.stats import t  # half a second of imports that --help does not need

    more_is_better = not name.startswith("peak memory")
    gain = (new.log - old.log) * (1 if more_is_better else -1)
    spread = old.error + new.error
    half_width = 0.0
    if spread:
        # Welch and Satterthwaite: the two sessions need not vary alike.
        freedom = spread**2 / (old.error**2 / old.freedom + new.error**2 / new.freedom)
        half_width = float(t.ppf(level, freedom)) * math.sqrt(spread)
    return Change(name, math.exp(old.log), math.exp(new.log), gain, half_width, -math.log1p(-margin))


def table(changes: Sequence[Change]) -> Iterator[str]:
    """A line for each figure: then, now, the change for the better, and from which loss on it would be called worse."""
    width = max(len(change.name) for change in changes)
    yield f"{'':{width}}    then     now    gain  told from"
    for change in changes:
        verdict = "  WORSE" if change.worse else ""
        gain, told = 100 * math.expm1(change.gain), -100 * change.told
        yield f"{change.name:{width}}  {change.old:6.3f}  {change.new:6.3f}  {gain:+5.1f}%     {told:5.1f}%{verdict}"


if __name__ == "__main__":
    sys.exit(main())
