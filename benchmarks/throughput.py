"""Images a second in training: Sightline's real loop beside timm's, torchvision's and Lightning's, and the bare limit.

    python -m benchmarks.throughput --root FOLDER [--device cuda] [--precisions bf16 fp32] [--rounds 5] [--quick]
    python -m benchmarks.throughput --digits …

FOLDER holds CIFAR-10 as files: `train/<class>/…` and `test/<class>/…`; with --digits, files are made of scikit-learn's
digits. Every contestant runs in a process of its own, one after the other, round after round; what counts is the median
over rounds. `benchmarks/README.md` says what is compared with what.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.digits import write_digits
from benchmarks.environment import peer_python
from benchmarks.processes import machine_facts
from sightline.machine.container import usable_cores

HERE = Path(__file__).parent
SECONDS, SECONDS_ALTERNATED, BATCH = 12.0, 30.0, 256
PEERS = ("timm", "torchvision", "lightning")
"""As they come. timm with --channels-last is set apart: somebody thought about it."""
TUNED = "timm --channels-last"
AIMS = {"real over bare": 0.97, "real over bare, randaugment": 0.9, "peer": 1.4, "tuned": 1.0, "peak": 0.5}
"""Set for CPUs."""


class Contestant(NamedTuple):
    """A loop, the flags it is called with, and the precisions in which it runs."""

    name: str
    loop: str
    flags: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ("bf16", "fp32")


CONTESTANTS = (
    Contestant("sightline", "sightline"),
    Contestant("bare", "bare"),
    Contestant("timm", "timm_style"),
    Contestant(TUNED, "timm_style", ("--channels-last",), ("bf16",)),
    Contestant("torchvision", "torchvision_style"),
    Contestant("lightning", "lightning_style"),
    Contestant("peak", "peak"),
)


class Setting(NamedTuple):
    """What all processes of one benchmark have in common."""

    python: Path
    words: tuple[str, ...]

    def ask(self, loop: str, precision: str, *flags: str) -> dict[str, Any]:
        """Run a loop in a process of its own and return what it answers."""
        command = [str(self.python), "-m", f"benchmarks.loops.{loop}", *self.words, "--precision", precision, *flags]
        paths = os.pathsep.join([str(HERE.parent), str(HERE.parent / "src")])
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=HERE.parent, env=os.environ | {"PYTHONPATH": paths}
        )
        if done.returncode:
            raise SystemExit(f"{loop} failed\n{done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


def main() -> None:
    """Measure, write the results and show them."""
    arguments = _arguments()
    seconds = arguments.seconds or (1.0 if arguments.quick else SECONDS)
    batch = arguments.batch or (32 if arguments.quick else BATCH)
    rounds = 1 if arguments.quick else arguments.rounds
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as runs:
        root = write_digits(Path(runs) / "digits") if arguments.digits else arguments.root.resolve()
        facts = {"root": root, "runs": runs, "device": arguments.device, "batch": batch}
        facts["workers"] = usable_cores()
        words = tuple(str(word) for key, value in facts.items() for word in (f"--{key}", value))
        setting = Setting(peer_python("lightning"), words)
        answers = [_round(setting, arguments.precisions, seconds) for _ in range(rounds)]
        in_turn = 1.0 if arguments.quick else min(SECONDS_ALTERNATED, 5 * seconds)
        alternated = _alternated(setting, arguments.precisions, in_turn)
    data = "digits" if arguments.digits else "folder"
    result = {
        "what": {"device": arguments.device, "data": data, "batch": batch, "seconds": seconds, "rounds": rounds},
        "where": machine_facts(),
        "gflop_an_image": round(_gflop(), 3),
        **_summary(answers, alternated),
    }
    name = "throughput_digits.json" if arguments.digits else "throughput.json"
    output = arguments.output or (None if arguments.quick else HERE / "results" / name)
    if output:
        output.parent.mkdir(exist_ok=True)
        output.write_text(json.dumps(result, indent=1) + "\n")
    _show(result)
    print(f"{(time.perf_counter() - start) / 60:.0f} minutes")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument("--root", type=Path, metavar="FOLDER")
    data.add_argument("--digits", action="store_true", help="files made of scikit-learn's digits: nothing to fetch")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precisions", nargs="+", choices=["bf16", "fp32"], default=["bf16", "fp32"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, help=f"of timed steps a process, at least; {SECONDS:g}")
    parser.add_argument("--batch", type=int, help=f"images a step; {BATCH}")
    parser.add_argument("--output", type=Path, help="a file in results/ beside this one; with --quick none")
    parser.add_argument("--quick", action="store_true", help="one short round: does the benchmark itself work?")
    return parser.parse_args()


# ---------------------------------------------------------------- measuring

Round = Mapping[str, Mapping[str, dict[str, Any]]]
"""Answers by precision and contestant."""


def _round(setting: Setting, precisions: list[str], seconds: float) -> Round:
    answers: dict[str, dict[str, dict[str, Any]]] = {precision: {} for precision in precisions}
    for precision in precisions:
        for name, loop, flags, runs_in in CONTESTANTS:
            if precision in runs_in:
                answer = setting.ask(loop, precision, "--seconds", str(seconds), *flags)
                answers[precision][name] = answer
                rate = answer.get("images_per_second") or answer["gflops"]
                print(f"{precision} {name}: {rate:.1f}", file=sys.stderr, flush=True)
    return answers


def _alternated(setting: Setting, precisions: list[str], seconds: float) -> list[dict[str, Any]]:
    return [
        setting.ask("alternated", precision, "--seconds", str(seconds), "--transforms", transforms)
        for precision in precisions
        for transforms in ("standard", "randaugment")
    ]


def _gflop() -> float:
    """Of training on one image, as torch counts the operations of the network itself."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from benchmarks.loops.protocol import SIDE, small_resnet18

    model, images = small_resnet18(), torch.zeros(2, 3, SIDE, SIDE)
    with FlopCounterMode(display=False) as counter:
        model(images).sum().backward()
    return float(counter.get_total_flops()) / len(images) / 1e9


# ---------------------------------------------------------------- what is told


def _summary(rounds: list[Round], alternated: list[dict[str, Any]]) -> dict[str, Any]:
    answers = [answer for one in rounds for by in one.values() for answer in by.values()]
    trained = {answer["weights"] for answer in answers if "weights" in answer}
    if len(trained) != 1:
        raise SystemExit(f"the contestants trained networks of different size: {trained}")
    found: dict[str, Any] = {"images_per_second": {}, "peak_gflops": {}, "ratios": {}, "alternated": alternated}
    gflop = _gflop()
    for precision in rounds[0]:
        names = [name for name in rounds[0][precision] if name != "peak"]
        rates = {name: [one[precision][name]["images_per_second"] for one in rounds] for name in names}
        peaks = [one[precision]["peak"]["gflops"] for one in rounds]
        ours = rates["sightline"]
        ratios = {f"over {name}": _ratio(ours, rates[name]) for name in names if name != "sightline"}
        fastest = [max(others) for others in zip(*(rates[name] for name in PEERS), strict=True)]
        ratios["over the fastest peer as it comes"] = _ratio(ours, fastest)
        ratios["share of the convolution peak"] = _ratio([gflop * rate for rate in ours], peaks)
        found["images_per_second"][precision] = {name: _median(all_) for name, all_ in rates.items()}
        found["peak_gflops"][precision] = _median(peaks)
        found["ratios"][precision] = ratios
    return found


def _median(values: list[float]) -> dict[str, Any]:
    return {"median": round(median(values), 2), "all": [round(value, 2) for value in values]}


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over rounds of what was measured within one round."""
    return round(median(one / other for one, other in zip(ours, theirs, strict=True)), 3)


def _show(result: Mapping[str, Any]) -> None:
    what = result["what"]
    print(f"resnet18 at 32 px, batches of {what['batch']}, {what['device']}; medians of {what['rounds']} rounds")
    for precision, rates in result["images_per_second"].items():
        print(f"{precision}: the convolution peak is {result['peak_gflops'][precision]['median']:,.0f} GFLOP/s")
        for name, rate in rates.items():
            print(f"  {name:24} {rate['median']:8.1f} images/s")
        ratios = result["ratios"][precision]
        aims = {
            "over the fastest peer as it comes": AIMS["peer"],
            f"over {TUNED}": AIMS["tuned"],
            "share of the convolution peak": AIMS["peak"],
        }
        for name, ratio in ratios.items():
            print(f"  {name:36} {ratio:6.2f}" + (f"   aim {aims[name]:.2f}" if name in aims else ""))
    for pair in result["alternated"]:
        aim = AIMS["real over bare" if pair["transforms"] == "standard" else "real over bare, randaugment"]
        name = f"{pair['precision']}, {pair['transforms']}: real over bare, in turn"
        print(f"{name:46} {pair['real_over_bare']:.3f}   aim {aim:.2f}   {pair['pairs']} pairs")


if __name__ == "__main__":
    main()
