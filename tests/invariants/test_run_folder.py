"""Any sequence of stages, kills, damage, other data, another configuration: never a wrong number or a lost file.

Not among them: text that is changed and stays well formed, as another digit in a JSON file. That is somebody's hand,
and `test_interruptions.py` says which of it is noticed.
"""

import random
from collections.abc import Iterator
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.invariants.faults.client import server
from tests.invariants.faults.scenarios import STAGES
from tests.invariants.faults.world import BINARY, DAMAGES, KEPT, NOWHERE, World
from tests.invariants.test_crashes import can_watch

COMMANDS = ("train", *STAGES)
MOST_DAMAGES = 2
"""In one sequence: of a folder in ruins every command says the same."""
MOST_REMEDIES = 6


class RunFolder(RuleBasedStateMachine):
    """A run folder, and all that may befall it."""

    world: ClassVar[World]

    @initialize(start=st.sampled_from(["empty", "halfway", "trained"]))
    def begin(self, start: str) -> None:
        self.world.begin(getattr(self.world, start))
        self.is_other_data = False
        self.kept: set[str] = set()
        self.ledger: set[str] = set()

    def there(self) -> bool:
        return self.world.run != NOWHERE

    @rule(name=st.sampled_from(COMMANDS))
    def stage(self, name: str) -> None:
        wrong = self.world.wrong(name, self.world.command(name))
        assert not wrong, f"{name}: {wrong}"

    @rule(name=st.sampled_from(COMMANDS), share=st.floats(0, 1))
    def killed_stage(self, name: str, share: float) -> None:
        points = self.world.points if name == "train" else 100 if name == "evaluate" else 30
        outcome = self.world.command(name, kill_at=round(share * points))
        if outcome.status >= 0:  # it had ended before
            wrong = self.world.wrong(name, outcome)
            assert not wrong, f"{name}: {wrong}"

    @precondition(lambda self: self.world.files() and len(self.world.damaged) < MOST_DAMAGES)
    @rule(how=st.sampled_from(sorted(DAMAGES)), rng=st.randoms(use_true_random=False))
    def damage(self, how: str, rng: random.Random) -> None:
        files = [path for path in self.world.files() if how != "flipped" or path.suffix in BINARY]
        files = [path for path in files if path.stat().st_size]
        if not files:
            return
        path = rng.choice(files)
        self.world.damage(path, how, rng)
        self.kept.discard(path.name)
        self.ledger = self.world.ledger()

    @precondition(lambda self: (self.world.run / "checkpoints/best.pt").is_file())
    @rule(how=st.sampled_from(["gone", "other pixels", "one more"]), rng=st.randoms(use_true_random=False))
    def change_data(self, how: str, rng: random.Random) -> None:
        pictures = sorted(self.world.pictures.rglob("*.png"))
        one, other = rng.sample(pictures, 2)
        if how == "gone":
            one.unlink()
        else:
            (one if how == "other pixels" else one.with_name("more.png")).write_bytes(other.read_bytes() + b"\0")
        self.is_other_data = True

    @precondition(lambda self: self.is_other_data)
    @rule()
    def restore_data(self) -> None:
        self.world.restore_pictures()
        self.is_other_data = False

    @precondition(lambda self: (self.world.run / "config.yaml").is_file())
    @rule()
    def change_configuration(self) -> None:
        outcome = self.world.command("train", "optimizer.lr=0.5")
        assert outcome.status in ({2} if not self.world.damaged else {1, 2}), (outcome.status, outcome.err)
        assert self.world.damaged or "optimizer.lr" in outcome.err
        assert not self.world.wrong("train", outcome)

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "kept"):
            return
        there = {path.name for path in self.world.files()}
        assert self.kept <= there, f"lost: {self.kept - there}"
        self.kept = {name.rpartition("/")[2] for name in KEPT} & there
        assert self.ledger <= self.world.ledger(), "lost: a use of the test labels"
        self.ledger = self.world.ledger()

    def teardown(self) -> None:
        """With the data as they were, every command given again, and each remedy followed, comes to the true end."""
        if not hasattr(self, "kept"):
            return
        self.world.restore_pictures()
        for name in ("train", "calibrate", "evaluate", "report"):
            for _ in range(MOST_REMEDIES):
                outcome = self.world.command(name)
                wrong = self.world.wrong(name, outcome)
                assert not wrong, f"at the end, {name}: {wrong}; damaged: {self.world.damaged}"
                if not outcome.status or not self.world.follow_remedy(outcome):
                    break
            if outcome.status:  # what nothing can be made from anew
                assert self.world.damaged, f"at the end, {name}: {outcome.err}"
                return
        assert self.world.weights() == self.world.final


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[RunFolder]]:
    if not can_watch():
        pytest.skip("this kernel, or container, hands no system calls over (seccomp user notification)")
    place = tmp_path_factory.mktemp("sequences")
    with server(place) as one:
        yield type("Machine", (RunFolder,), {"world": World(one, place)})


def run_sequences(machine: type[RunFolder], examples: int, steps: int) -> None:
    """Always the same sequences: what fails once fails again. Hypothesis shortens none, which would take minutes."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck), print_blob=False, phases=[Phase.generate],
        ),
    )  # fmt: skip


@pytest.mark.slow
def test_a_few_sequences(machine: type[RunFolder]):
    run_sequences(machine, examples=2, steps=5)


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
def test_many_sequences(machine: type[RunFolder]):
    run_sequences(machine, examples=40, steps=9)
