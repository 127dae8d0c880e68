"""What is measured under corruptions, and mistakes in saying so."""

import pytest

from sightline.cli import configure
from sightline.config.robustness import CORRUPTIONS
from sightline.errors import UsageError


def test_by_default_all_at_every_severity_on_val():
    found = configure("mode=robustness").robustness
    assert found.corruptions == CORRUPTIONS
    assert found.severities == (1, 2, 3, 4, 5)
    assert (found.split, found.items, found.baseline) == ("val", None, None)
    quick = configure("mode=robustness", "robustness=quick").robustness
    assert (quick.corruptions, quick.severities, quick.items) == (CORRUPTIONS, (3,), 1000)
    assert (found.shifts, found.rotations) == ((1, 2, 4), (5, 15, 30))
    assert (quick.attacks, quick.shifts, quick.rotations, quick.backgrounds) == ((), (), (), False)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("robustness.corruptions=[fog,fog]", "each corruption goes in once; fog came more often"),
        ("robustness.corruptions=[frog]", r"robustness\.corruptions\.0=.*did you mean fr?og"),
        ("robustness.severities=[3,1]", r"numbers rise, and each goes in once: take \[1, 3\] for \[3, 1\]"),
        ("robustness.severities=[6]", r"robustness\.severities\.0=6"),
        ("robustness.severities=[]", r"robustness\.severities"),
        ("robustness.split=train", r"robustness\.split=.*must be 'val' or 'test'"),
        ("robustness.constants=tiny", r"robustness\.constants"),
        ("robustness.noise=[sign,sign]", "each kind of noise goes in once"),
        ("robustness.shifts=[2,1]", r"take \[1, 2\] for \[2, 1\]"),
        ("robustness.shifts=[0]", r"robustness\.shifts\.0=0"),
        ("robustness.rotations=[180]", r"robustness\.rotations\.0=180"),
        ("robustness.items=0", r"robustness\.items=0"),
        ("robustness.budget=256", r"robustness: budget=256 goes beyond white; .* up to 255"),
        ("training.adversarial.budget=1e4", r"training\.adversarial: budget=10000 goes beyond white; .* up to 255"),
    ],
)
def test_mistakes_name_the_key(words: str, message: str):
    with pytest.raises(UsageError, match=message):
        configure("mode=robustness", words)
