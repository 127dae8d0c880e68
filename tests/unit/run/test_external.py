"""Predictions of other tools: read as they are, or refused with the place that is wrong."""

from pathlib import Path

import numpy as np
import pytest

from sightline.errors import UsageError
from sightline.run.external import holds_predictions, read_predictions

IDS, LABELS = np.array(["a", "b", "c"]), np.array([0, 1, 1])
LOGITS = np.array([[1.5, -2.0], [0.0, 1e-3], [3.0, 2.0]])


def test_npz_and_csv_say_the_same(tmp_path: Path):
    assert not holds_predictions(tmp_path)
    np.savez(tmp_path / "val.npz", ids=IDS, logits=LOGITS, labels=LABELS)
    lines = [f"{i},{y},{x[0]},{x[1]}" for i, y, x in zip(IDS, LABELS, LOGITS, strict=True)]
    (tmp_path / "test.csv").write_text("\n".join(["\ufeffid,label,cat,dog", *lines]) + "\n")
    assert holds_predictions(tmp_path)
    for split in ("val", "test"):
        found = read_predictions(tmp_path, split)  # type: ignore[arg-type]
        assert found.ids.tolist() == IDS.tolist()
        assert found.labels.tolist() == LABELS.tolist()
        assert (found.logits == LOGITS.astype(np.float32)).all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "its head line must be id,label"),
        ("id,label,a\n", "its head line must be id,label"),
        ("label,id,a,b\nx,0,1,2\n", "its head line must be id,label"),
        ("id,label,a,b\nx,0,1\n", "line 2: it takes 2 finite logits"),
        ("id,label,a,b\nx,0,1,2\ny,cat,1,2\n", "line 3: 'y,cat,1,2' is no row of numbers"),
        ("id,label,a,b\nx,0,1,inf\n", "line 2: it takes 2 finite logits"),
        ("id,label,a,b\n\n", "line 2: '' is no row of numbers"),
        ("id,label,a,b\nx,0,1,2\nx,0,1,2\n", "an id stands there twice"),
    ],
)
def test_a_wrong_csv_is_refused_by_line(tmp_path: Path, text: str, says: str):
    (tmp_path / "test.csv").write_text(text)
    with pytest.raises(UsageError, match=r"test\.csv") as refusal:
        read_predictions(tmp_path, "test")
    assert says in str(refusal.value)


def test_a_wrong_npz_is_refused(tmp_path: Path):
    path = tmp_path / "test.npz"
    for arrays, says in (
        ({"ids": IDS, "logits": LOGITS}, "lacks labels"),
        ({"ids": IDS, "logits": LOGITS[:2], "labels": LABELS}, "do not fit together"),
        ({"ids": IDS, "logits": LOGITS, "labels": LABELS * 1.0}, "labels float64"),
        ({"ids": IDS.astype(object), "logits": LOGITS, "labels": LABELS}, "no npz file of plain arrays"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(UsageError, match=r"test\.npz") as refusal:
            read_predictions(tmp_path, "test")
        assert says in str(refusal.value)
    path.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(UsageError, match="no npz file"):
        read_predictions(tmp_path, "test")
    with pytest.raises(UsageError, match=r"neither val\.npz nor val\.csv"):
        read_predictions(tmp_path, "val")
