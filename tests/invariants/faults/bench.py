"""A command, what can befall it at its write points, and whether it ends well all the same."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.invariants.faults.client import Server
from tests.invariants.faults.plans import Job, Kind, Outcome, Point
from tests.invariants.faults.results import difference, results
from tests.invariants.faults.scenarios import STAGES, Scenario, scenarios
from tests.invariants.faults.states import States

NAMED = re.compile(r"\b[a-z_.]+=|\S\.(png|json|jsonl|npz|pt|yaml)\b")
"""A key, or a file."""
Fault = tuple[Kind, Point, str | None]
"""What befalls a command, and where; of a kill, the state that it leaves."""


@dataclass
class Verdict:
    """What came of the faults of a scenario.

    Attributes:
        points: how many write points it has.
        faults: how many befell it.
        states: how many states they left that differ.
        failures: what did not end well, a line each.
    """

    points: int
    faults: int = 0
    states: int = 0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.points} write points, {self.faults} faults, which leave {self.states} different states; "
            f"{len(self.failures)} did not end well"
        )


class Bench:
    """Puts a scenario through faults.

    Args:
        server: runs it.
        states: for what the folder holds.
        scenario: what.
        before: the state in which it begins.
        root: the folder whose changes are watched.
    """

    def __init__(self, server: Server, states: States, scenario: Scenario, before: str, root: Path) -> None:
        self._server, self._states, self._scenario, self._before, self._root = server, states, scenario, before, root
        self._known: dict[str, str | None] = {}
        states.put_back(before, root)
        whole = server.run(Job(scenario.words, root, states=states.place))
        assert whole.status == 0, whole.err
        self._expected = results(root)
        self.after = states.keep(root)
        self.points = whole.points
        self.kills = whole.kills

    def judge(self, faults: Iterable[Fault]) -> Verdict:
        """Have each fault befall the command, one at a time, and go on after it."""
        verdict = Verdict(len(self.points))
        for kind, point, state in faults:
            verdict.faults += 1
            if problem := self._judge_state(state) if state is not None else self._judge_error(kind, point):
                verdict.failures.append(f"{self._scenario.name}, {kind} at {point}: {problem}")
        verdict.states = len(self._known)
        return verdict

    def _judge_error(self, kind: Kind, point: Point) -> str | None:
        """Have a call fail, and go on; what is wrong, or None."""
        self._states.put_back(self._before, self._root)
        outcome = self._server.run(Job(self._scenario.words, self._root, fault=(kind, point)))
        if not outcome.hit:
            return "it was not reached"
        if problem := complaint(outcome, self._root):
            return problem
        if outcome.status:
            return self._judge_state(self._states.keep(self._root))
        wrong = difference(self._expected, results(self._root))
        return f"status 0, and yet {wrong}" if wrong else None

    def _judge_state(self, state: str) -> str | None:
        """Go on from a state, once for all that leave it; what is wrong, or None."""
        if state not in self._known:
            self._known[state] = self._go_on(state)
        return self._known[state]

    def _go_on(self, state: str) -> str | None:
        self._states.put_back(state, self._root)
        words = self._scenario.again()
        given = next((word for word in words if word.startswith("run=")), "the same command")
        outcome = self._server.run(Job(words, self._root))
        if problem := complaint(outcome, self._root):
            return f"then {given}: {problem}"
        if outcome.status:
            return f"then {given}: status {outcome.status}, {last_line(outcome.err)}"
        if wrong := difference(self._expected, results(self._root)):
            return f"then {given}: status 0, and yet {wrong}"
        if left := litter(self._root):
            return f"then {given}: it leaves {', '.join(left)}"
        return None


def benches(server: Server, folder: Path) -> Callable[[str], Bench]:
    """The bench of each scenario, by its name; stages begin where those before them ended."""
    root, states = folder / "root", States(folder / "states")
    root.mkdir()
    found = scenarios(folder, root / "runs")
    begun = {"": states.keep(root)}
    known: dict[str, Bench] = {}

    def bench(name: str) -> Bench:
        if name not in known:
            chain = ("train", *STAGES)
            before = bench(chain[chain.index(name) - 1]).after if name in STAGES else begun[""]
            known[name] = Bench(server, states, found[name], before, root)
        return known[name]

    return bench


def litter(root: Path) -> list[str]:
    """Temporary files; but those of a folder that was killed before it was a run: nothing finds it again."""
    found = []
    for path in root.rglob("*"):
        is_temporary = path.name.endswith((".partial", "-journal")) or path.name.startswith((".building-", ".latest-"))
        is_stillborn = path.parent.parent.parent.name == "runs" and not (path.parent / "config.yaml").is_file()
        if is_temporary and not is_stillborn:
            found.append(str(path.relative_to(root)))
    return found


def last_line(text: str) -> str:
    """The last line of a text that may be empty."""
    return (text.strip().splitlines() or [""])[-1]


def complaint(outcome: Outcome, root: Path) -> str | None:
    """What is wrong with how a command ended, whatever it did; None where nothing is."""
    said = outcome.out + outcome.err
    if outcome.status == 124:
        return "it hangs"
    if any(words in said for words in ("Traceback", "the traceback is in", "Exception ignored")):
        return f"a traceback: {last_line(said)}"
    if outcome.status not in {0, 1, 2, 3}:
        return f"status {outcome.status}: {last_line(said)}"
    if outcome.status and "sightline: " not in outcome.err:
        return "it ends without a word"
    if outcome.status and str(root) not in outcome.err and not NAMED.search(outcome.err):
        return f"it names neither file nor remedy: {last_line(outcome.err)}"
    return None
