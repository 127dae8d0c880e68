"""`recipe=unet_camvid` beside segmentation_models_pytorch's Unet with the same encoder, images, steps and batch.

    python -m benchmarks.camvid --root FOLDER [--seeds 0] [--device cuda] [--quick]

FOLDER holds CamVid as `train/images` and `train/masks`, likewise `val` and `test`. First single steps of both are timed
in turn in one process, then both train to their end with every seed, one after the other, each in a process of its own.
The masks that the other one gives for the test images are evaluated and compared by `evaluate predictions=`
and by `compare`: paired differences of the same images.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.environment import peer_python
from benchmarks.processes import machine_facts, printed, tell

HERE = Path(__file__).parent
PEER = "segmentation-models-pytorch"
METRICS = ("mean_iou", "micro_iou", "image_iou", "mean_dice", "pixel_accuracy")


def main() -> None:
    """Measure, write the results and show them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--runs", type=Path, help="where runs are kept; by default nowhere")
    parser.add_argument("--output", type=Path, help="results/camvid_DEVICE.json beside this file")
    parser.add_argument("--quick", action="store_true", help="one epoch, nothing written: does the benchmark work?")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = arguments.runs or Path(folder)
        python = str(peer_python(PEER))
        words = ["-m", "benchmarks.loops.unet", *_shared(arguments), "--runs", folder]
        steps = json.loads(printed(*words, python=python).splitlines()[-1])
        tell("steps", steps)
        seeds = arguments.seeds[:1] if arguments.quick else arguments.seeds
        trained = [_both(arguments, seed, runs / f"seed_{seed}", python) for seed in seeds]
    result = {
        "where": machine_facts(),
        "device": arguments.device,
        "steps": steps,
        "trained": trained,
    }
    if not arguments.quick:
        output = arguments.output or HERE / f"results/camvid_{arguments.device}.json"
        output.parent.mkdir(exist_ok=True)
        output.write_text(json.dumps(result, indent=1) + "\n")
    _show(result)


def _both(arguments: argparse.Namespace, seed: int, folder: Path, python: str) -> dict[str, Any]:
    """Ours as the whole command, then the other one's masks through `evaluate`, then both compared."""
    runs, other, out = folder / "runs", folder / "predictions", folder / "other"
    epochs = ["training.epochs=1"] if arguments.quick else []
    words = ["train", "recipe=unet_camvid", f"data.root={arguments.root.resolve()}", f"seed={seed}", *epochs]
    stages = "mode.stages=[validate,train,calibrate,evaluate,report]"
    printed("-m", "sightline", *words, stages, f"runs_dir={runs}", f"device={arguments.device}", "tracking=none")
    run = (runs / "latest").resolve()
    rows = [json.loads(row) for row in (run / "metrics.jsonl").read_text().splitlines()]
    ended = [row for row in rows if row["kind"] == "epoch"]
    ours = {"steps": ended[-1]["step"], "seconds": sum(row["seconds"] for row in ended), **_scores(run)}
    tell("recipe", ours)
    words = [*_shared(arguments), "--run", str(run), "--output", str(other), "--seed", str(seed)]
    theirs = json.loads(printed("-m", "benchmarks.loops.smp_unet", *words, python=python).splitlines()[-1])
    printed("-m", "sightline", "evaluate", f"predictions={other}", f"output={out}", "tracking=none")
    theirs |= _scores(out)
    tell("segmentation_models_pytorch", theirs)
    compared = folder / "compared"
    words = [f"run=[{other},{run}]", f"output={compared}", "compare.metric=mean_iou", "tracking=none"]
    printed("-m", "sightline", "compare", *words)
    (pair,) = json.loads((compared / "comparison.json").read_text())["pairs"]
    return {"seed": seed, "recipe": ours, "segmentation_models_pytorch": theirs, "pair": pair}


def _scores(folder: Path) -> dict[str, Any]:
    metrics = json.loads((folder / "evaluation.json").read_text())["metrics"]
    return {name: metrics[name] for name in METRICS}


def _shared(arguments: argparse.Namespace) -> list[str]:
    quick = ["--quick"] if arguments.quick else []
    return ["--root", str(arguments.root.resolve()), "--device", arguments.device, *quick]


def _show(result: dict[str, Any]) -> None:
    steps = result["steps"]
    print(f"seconds a step in turn: recipe {steps['real']:.3f}, other {steps['other']:.3f}, {steps['pairs']} pairs")
    print(f"recipe over other, steps x seconds: {steps['steps_x_seconds_over_other']:.3f}")
    for one in result["trained"]:
        for name in ("recipe", "segmentation_models_pytorch"):
            value, low, high = (one[name]["mean_iou"][part] for part in ("value", "low", "high"))
            print(f"seed {one['seed']}, {name}: mean IoU {value:.3f} [{low:.3f}, {high:.3f}]")
        print(f"  paired: {json.dumps(one['pair'])}")


if __name__ == "__main__":
    main()
