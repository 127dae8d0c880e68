"""Time to accuracy: `recipe=fast_cifar10` beside a bare port of airbench94, on the same images.

    python -m benchmarks.time_to_accuracy --root FOLDER [--seeds 0 1 2] [--device cuda] [--quick]

FOLDER holds CIFAR-10 as files: `train/<class>/…` and `test/<class>/…`. First single steps of both are timed in turn in
one process, then both train to their end with every seed, one after the other, each in a process of its own. The port
trains on all training images; the recipe keeps a part of them for choosing and calibrating. Neither is compiled.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.processes import machine_facts, printed, tell

HERE = Path(__file__).parent


def main() -> None:
    """Measure, write the results and show them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--output", type=Path, help="results/time_to_accuracy_DEVICE.json beside this file")
    parser.add_argument("--quick", action="store_true", help="one epoch, nothing written: does the benchmark work?")
    arguments = parser.parse_args()
    shared = ["--root", str(arguments.root.resolve()), "--device", arguments.device]
    with tempfile.TemporaryDirectory() as runs:
        seconds = "5" if arguments.quick else "60"
        steps = _answer("-m", "benchmarks.loops.recipe", *shared, "--runs", runs, "--seconds", seconds)
        tell("steps", steps)
        seeds = arguments.seeds[:1] if arguments.quick else arguments.seeds
        trained: dict[str, list[dict[str, Any]]] = {"recipe": [], "port": []}
        for seed in seeds:
            epochs = ["--epochs", "1"] if arguments.quick else []
            trained["recipe"].append(_recipe(arguments, seed, runs))
            tell("recipe", trained["recipe"][-1])
            trained["port"].append(_answer("-m", "benchmarks.loops.airbench", *shared, "--seed", str(seed), *epochs))
            tell("port", trained["port"][-1])
    result = {
        "where": machine_facts(),
        "device": arguments.device,
        "steps": steps,
        "mean_accuracy": {
            name: {key: mean(one[key] for one in all_) for key in ("accuracy", "accuracy_with_views")}
            for name, all_ in trained.items()
        },
        "trained": trained,
    }
    if not arguments.quick:
        output = arguments.output or HERE / f"results/time_to_accuracy_{arguments.device}.json"
        output.parent.mkdir(exist_ok=True)
        output.write_text(json.dumps(result, indent=1) + "\n")
    _show(result)


def _recipe(arguments: argparse.Namespace, seed: int, runs: str) -> dict[str, Any]:
    """The whole command, to a finished evaluation."""
    words = ["train", "recipe=fast_cifar10", "data=folder", f"data.root={arguments.root.resolve()}", f"seed={seed}"]
    words += [f"runs_dir={runs}", "tracking=none", "mode.stages=[validate,train,evaluate]", "evaluation.tta=flip_shift"]
    words += [f"device={arguments.device}", *(["training.epochs=1"] if arguments.quick else [])]
    printed("-m", "sightline", *words)
    run = Path(runs, "latest")
    rows = [json.loads(row) for row in (run / "metrics.jsonl").read_text().splitlines()]
    epochs = [row for row in rows if row["kind"] == "epoch"]
    evaluation = json.loads((run / "evaluation.json").read_text())
    return {
        "accuracy": evaluation["metrics"]["accuracy"]["value"],
        "accuracy_with_views": evaluation["tta"]["metrics"]["accuracy"]["value"],
        "seed": seed,
        "steps": epochs[-1]["step"],
        "seconds": sum(row["seconds"] for row in epochs),
    }


def _answer(*words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(printed(*words).splitlines()[-1])
    return answer


def _show(result: dict[str, Any]) -> None:
    steps = result["steps"]
    print(f"recipe: {steps['real_steps']} steps of {steps['real_seconds_a_step']:.3f} s", end="; ")
    print(f"port: {steps['port_steps']} steps of {steps['port_seconds_a_step']:.3f} s", end="; ")
    print(f"steps x seconds, recipe over port: {steps['steps_x_seconds_over_port']:.3f}")
    for name, found in result["mean_accuracy"].items():
        count = len(result["trained"][name])
        print(f"{name}: {found['accuracy']:.4f}, with views {found['accuracy_with_views']:.4f}; mean of {count} seeds")


if __name__ == "__main__":
    main()
