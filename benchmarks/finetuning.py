"""What fine-tuning, imbalance options and distillation are worth on real images: three seeds, paired intervals.

    python -m benchmarks.finetuning transfer --root FOLDER [--model cnn|vit]
    python -m benchmarks.finetuning long_tail --root FOLDER
    python -m benchmarks.finetuning distillation --root FOLDER

FOLDER holds CIFAR-10 as files: `train/<class>/…` and `test/<class>/…`. Each is a study of Sightline's own: the same
data, epochs and seeds for all variants, compared on the test images.

- transfer: learns six classes, then four others from 100 images each, by every strategy of freezing and from scratch.
- long_tail: the rarest of ten classes has a hundredth of the images of the most frequent one; balanced accuracy counts.
- distillation: a small network alone, and taught by a larger one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.processes import machine_facts

HERE = Path(__file__).parent
LEARNED, OTHERS, FEW, VAL = 6, 4, 100, 50
RAREST, HEAD, BALANCED_VAL = 100, 4800, 200
VIT = ("model=timm", "model.name=test_vit3", "model.pretrained=false", "image_size=32", "optimizer.lr=1e-3")
"""Nine blocks of width 96, patches of 4 pixels."""
MODELS: Mapping[str, tuple[str, ...]] = {"cnn": ("model=cnn",), "vit": VIT}
EPOCHS = {"cnn": (10, 30), "vit": (8, 20)}
"""Of learning the six classes, and the other four."""
SHARED = ("data=folder", "tracking=none", "mode.stages=[validate,train,evaluate]", "data.calibration_fraction=0")


def main() -> None:
    """Run one study, write its results and show them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["transfer", "long_tail", "distillation"])
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--model", choices=sorted(MODELS), default="cnn", help="of transfer")
    parser.add_argument("--learned", type=Path, help="of transfer: a run of it that has learned the six classes")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--runs", type=Path, help="keep the runs here")
    parser.add_argument("--quick", action="store_true", help="one epoch, nothing written: does the benchmark work?")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        runs = arguments.runs or Path(scratch, "runs")
        seeds = arguments.seeds[:1] if arguments.quick else arguments.seeds
        command = Sightline(runs.resolve(), seeds, arguments.quick)
        root, data = arguments.root.resolve(), Path(scratch, "data")
        if arguments.what == "transfer":
            found = transfer(command, root, data, arguments.model, arguments.learned)
        elif arguments.what == "long_tail":
            found = long_tail(command, root, data)
        else:
            found = distillation(command, root)
    name = f"transfer_{arguments.model}" if arguments.what == "transfer" else arguments.what
    where = machine_facts()
    if not arguments.quick:
        (HERE / "results").mkdir(exist_ok=True)
        output = HERE / f"results/{name}.json"
        output.write_text(json.dumps({"where": where, **found}, indent=1) + "\n")
    show(found)


class Sightline:
    """The command, with its runs in one folder."""

    def __init__(self, runs: Path, seeds: Sequence[int], quick: bool) -> None:
        self.runs = runs
        self._more = ["seeds=[" + ",".join(map(str, seeds)) + "]"]
        self._quick = ["training.epochs=1", "evaluation.resamples=100"] if quick else []

    def train(self, *words: str) -> Path:
        """Train once; the run."""
        _run("train", *SHARED, *words, *self._quick, f"runs_dir={self.runs}")
        return (self.runs / "latest").resolve()

    def study(self, variants: Sequence[str], metric: str, *words: str) -> dict[str, Any]:
        """Train every variant with every seed; the comparison."""
        listed = "variants=[" + ",".join(f'"{variant}"' for variant in variants) + "]"
        more = (*self._quick, *self._more, listed, f"compare.metric={metric}", f"runs_dir={self.runs}")
        _run("train", *SHARED, *words, *more)
        newest = max(self.runs.glob("*-study/*/comparison.json"), key=lambda path: path.stat().st_mtime)
        found: dict[str, Any] = json.loads(newest.read_text())
        return found


def transfer(command: Sightline, root: Path, data: Path, name: str, learned: Path | None) -> dict[str, Any]:
    """Learn six classes, unless a run has, then four others from few images."""
    model, (first, then) = MODELS[name], EPOCHS[name]
    classes = sorted(folder.name for folder in (root / "train").iterdir())
    for kind in classes[:LEARNED]:
        for part in ("train", "test"):
            link(sorted((root / part / kind).iterdir()), data / "six" / part / kind)
    for kind in classes[LEARNED:]:
        files = sorted((root / "train" / kind).iterdir())
        link(files[:FEW], data / "four/train" / kind)
        link(files[FEW : FEW + VAL], data / "four/val" / kind)
        link(sorted((root / "test" / kind).iterdir()), data / "four/test" / kind)
    six = (f"data.root={data / 'six'}", f"training.epochs={first}", "data.val_fraction=0.05")
    learned = learned.resolve() if learned else command.train(*model, *six)
    variants = [
        "model.weights=null",
        "freezing=backbone",
        "freezing=partial freezing.groups=-1",
        "freezing=layerwise freezing.every=2",
        f"freezing=progressive freezing.unfreeze_at=[{then // 3},{2 * then // 3}]",
        "freezing=none",
        "freezing=none optimizer.layer_decay=0.7",
    ]
    weights = f"model.weights={learned / 'checkpoints/best.pt'}"
    few = (f"data.root={data / 'four'}", f"training.epochs={then}", "training.batch_size=64")
    return command.study(variants, "accuracy", *model, weights, *few)


def long_tail(command: Sightline, root: Path, data: Path) -> dict[str, Any]:
    """Classes of which each has fewer images than the one before it, down to a hundredth."""
    classes = sorted(folder.name for folder in (root / "train").iterdir())
    for place, name in enumerate(classes):
        files = sorted((root / "train" / name).iterdir())
        count = round(HEAD * RAREST ** (-place / (len(classes) - 1)))
        link(files[:count], data / "train" / name)
        link(files[HEAD : HEAD + BALANCED_VAL], data / "val" / name)
        link(sorted((root / "test" / name).iterdir()), data / "test" / name)
    variants = [
        f"imbalance={name}" for name in ("none", "inverse", "effective", "balanced", "focal", "logit_adjustment")
    ]
    words = ("model=cnn", "model.width=32", f"data.root={data}", "training.epochs=20", "training.batch_size=128")
    return command.study(variants, "balanced_accuracy", *words)


def distillation(command: Sightline, root: Path) -> dict[str, Any]:
    """A small network alone, and taught by a larger one; both trained on the same images."""
    held_out = ("data.val_fraction=0.02", f"data.root={root}")
    teacher = command.train("recipe=fast_cifar10", *held_out)
    variants = ["training.teacher=null", f"training.teacher={teacher}"]
    found = command.study(variants, "accuracy", "model=cnn", "model.width=24", "training.epochs=12", *held_out)
    named: dict[str, Any] = json.loads(json.dumps(found).replace(str(teacher), "RUN"))
    return named


def link(files: Sequence[Path], folder: Path) -> None:
    """Show some files in another folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.name).symlink_to(file)


def show(found: Mapping[str, Any]) -> None:
    """The systems, the best first."""
    own = {row["name"]: row for row in found["systems"]}
    for entry in found["ranking"]:
        row = own[entry["name"]]
        ends = f"[{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
        print(f"  {entry['rank']}  {entry['name']:<56}{100 * row['value']:6.1f} % {ends}")
    for pair in found["pairs"]:
        ends = f"[{100 * pair['low']:+.1f}, {100 * pair['high']:+.1f}]"
        print(f"  {pair['a']} - {pair['b']}: {100 * pair['difference']:+.1f} {ends}, p {pair['p_adjusted']:.4f}")


def _run(*words: str) -> None:
    paths = os.pathsep.join([str(HERE.parent), str(HERE.parent / "src")])
    command = [sys.executable, "-m", "sightline", *words]
    done = subprocess.run(command, cwd=HERE.parent, env=os.environ | {"PYTHONPATH": paths}, check=False)
    if done.returncode:
        raise SystemExit(f"sightline {' '.join(words)} ended with status {done.returncode}")


if __name__ == "__main__":
    main()
