from collections.abc import Callable
from pathlib import Path
from typing import Any

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Text
from sightline.reporting.sections.comparison.cost import blocks, cost_table
from sightline.run.folder import Run

Compared = Callable[..., dict[str, Any]]


def test_systems_of_another_tool_cost_nothing_that_is_known(compared: Compared):
    found = compared(bad=0.6, good=0.95)
    del found["systems"][0]["training_seconds"]
    costs = ["good", "1.23 M", "650", "0.123 G", "1 min 01 s", "–", "2.2 ms", "5,432/s"]
    assert cost_table(found).rows == [costs]


def test_the_shared_target_is_named_where_there_is_one(tmp_path: Path, compared: Compared):
    run = Run(tmp_path)
    for target, said in ((0.875, True), (None, False)):
        run.save_json("comparison.json", compared(one=0.9, other=0.8) | {"target_val_accuracy": target})
        text = next(iter(blocks(Contents(run))))
        assert isinstance(text, Text)
        assert ("until 87.5 % of the validation images were right" in str(text.text)) == said
