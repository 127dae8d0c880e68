"""Both answers in one row, without a key that stands for two things."""

import numpy as np
import torch

from sightline.data.preprocessing import Preprocessing
from sightline.tasks.classification.decisions import Decisions
from sightline.tasks.classification.prediction_rows import ClassRows
from sightline.tasks.multitask.prediction_rows import LabelAndMaskRows
from sightline.tasks.segmentation.prediction_rows import MaskRows


def test_a_row_holds_the_label_and_the_mask():
    seen = Preprocessing(8, (0.5,) * 3, (0.2,) * 3, "bilinear", 1.0, (), fit="whole")
    label, mask = ClassRows(("cat", "dog"), Decisions(), 2), MaskRows(("off", "on"), 255, seen)
    both = LabelAndMaskRows(label, mask)
    assert not set(label.columns) & set(mask.columns)
    outputs = {"label": torch.tensor([[0.0, 2.0]]), "mask": torch.stack([torch.zeros(8, 8), torch.ones(8, 8)])[None]}
    (row,) = both.rows(outputs, [(16, 16)])
    assert set(both.columns) - {"overlay"} <= set(row)
    assert row["label"] == "dog"
    assert row["shares"] == {"on": 1.0}
    assert both.line(row) == f"{label.line(row)}  |  {mask.line(row)}"
    written, files = both.filed(row, "x", lambda: np.zeros((16, 16, 3), dtype=np.uint8))
    assert (written["label"], sorted(files)) == ("dog", ["masks/x.png", "overlays/x.png"])
    assert both.head == (*label.head, *mask.head)
