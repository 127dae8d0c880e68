"""Runs every command of README.md in this checkout, one after the other, on 100 small pictures: an hour, by hand.

    .venv/bin/python tests/walk_readme.py [PART OF A COMMAND ...]

Capital letters (DIR, FILE, RUN, …) are replaced by pictures, tables and runs made here; where CIFAR-10 cannot be had
the command must say so at once, and runs with the pictures instead. Published weights are replaced by random ones in a
hub cache of our own. Everything it makes lies in `runs/`. Prints a line for each command; status 1 if one fails.
"""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import timm
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_digits

ROOT = Path(__file__).parents[1]
MADE = Path("runs/readme")
PICTURES, CLASSES = 100, 4
MODELS = ("resnet50", "efficientnet_b0", "vit_base_patch16_224", "convnext_tiny")
WITHOUT_CIFAR10 = ("data=folder", f"data.root={MADE}/pictures")
LONGEST = 1800


def commands() -> list[str]:
    """Every line of the README's blocks that is a command, without its comment."""
    blocks = re.findall(r"^```\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    starts = ("bash run.sh", ".venv/bin/")
    return [line for line in lines if line.startswith(starts) and not line.startswith("bash run.sh test")]


def main(wanted: list[str]) -> int:
    """Make what the commands need, run them, and say how each ended."""
    make_pictures()
    os.environ["HF_HOME"] = str(make_hub().resolve())
    run(f"bash run.sh 3 cnn data=csv data.manifest={MADE}/table.csv data.root={MADE}")
    table_run = latest()
    run(f"bash run.sh 3 cnn {' '.join(WITHOUT_CIFAR10)} seed=1")
    other_run = latest()
    run(f"bash run.sh 3 cnn {' '.join(WITHOUT_CIFAR10)}")
    first_run = latest()
    failed = 0
    for command in commands():
        if wanted and not any(part in command for part in wanted):
            continue
        outcome, seconds, said = walk(filled(command, first_run, other_run, table_run))
        failed += outcome == "FAILED"
        print(f"{outcome:9} {seconds:6.0f} s  {command}" + (f"\n{'':19}{said}" if said else ""), flush=True)
    return int(failed > 0)


def walk(command: str) -> tuple[str, float, str]:
    """Run a command, with the pictures where CIFAR-10 cannot be had; how it ended, seconds, what it said."""
    if " server " in command:
        return serve(command)
    if command == "bash run.sh 8 cnn run=latest":
        stop(" ".join(["bash run.sh 8 cnn", *WITHOUT_CIFAR10]))
        command = " ".join([command, *WITHOUT_CIFAR10])
    status, seconds, said = run(command)
    if status == 0:
        return "done", seconds, ""
    if "CIFAR-10" in said and seconds < 30:
        status, seconds, told = run(" ".join([command, *WITHOUT_CIFAR10]))
        return ("pictures" if status == 0 else "FAILED"), seconds, said if status == 0 else told
    return "FAILED", seconds, said


def run(command: str) -> tuple[int, float, str]:
    """Status, seconds, and the end of what stands on stderr."""
    began = time.perf_counter()
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, timeout=LONGEST, check=False
    )
    return done.returncode, time.perf_counter() - began, " ".join(done.stderr.split())[-400:]


def stop(command: str) -> None:
    """Start a training and stop it as Ctrl-C does, once it has saved something."""
    before = latest()
    training = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=ROOT, stderr=subprocess.DEVNULL)
    while training.poll() is None and (latest() == before or not (ROOT / latest() / "checkpoints/last.pt").exists()):
        time.sleep(0.05)
    training.send_signal(signal.SIGINT)
    assert training.wait() == 130, f"{command}: status {training.returncode} after SIGINT"


def serve(command: str) -> tuple[str, float, str]:
    """Start a server, ask whether it answers, and stop it."""
    began = time.perf_counter()
    server = subprocess.Popen(["bash", "-c", f"exec {command} --port 5055"], cwd=ROOT, start_new_session=True)
    try:
        while time.perf_counter() - began < 120 and server.poll() is None:
            try:
                with urllib.request.urlopen("http://127.0.0.1:5055/health", timeout=1) as answer:
                    return "done", time.perf_counter() - began, answer.read().decode()
            except OSError:
                time.sleep(0.5)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    return "FAILED", time.perf_counter() - began, "it never answered"


def filled(command: str, first_run: str, other_run: str, table_run: str) -> str:
    """The command with everything in capital letters replaced."""
    for pattern, value in (
        (r"run=\[A,B\]", f"run=[{first_run},{other_run}]"),
        (r"\bphoto\.jpg\b", f"{MADE}/pictures/0/000.png"),
        (r"manifest=FILE", f"manifest={MADE}/table.csv data.root={MADE}"),
        (r"weights=FILE", f"weights={MADE}/resnet50.safetensors"),
        (r"predictions=DIR", f"predictions={first_run}/predictions"),
        (r"output=(OUT|DIR)", f"output={MADE}/output"),
        (r"\bDIR\b", f"{MADE}/pictures"),
        (r"=RUN\b", f"={table_run if 'slices' in command else first_run}"),
        (r"\bOTHER\b", other_run),
        (r"--nproc-per-node 4", "--nproc-per-node 2"),
    ):
        command = re.sub(pattern, value, command)
    return command


def latest() -> str:
    """The run just made, under the folder of runs."""
    return str((ROOT / "runs/latest").resolve().relative_to(ROOT))


def make_pictures() -> None:
    """Handwritten digits as pictures of 32 px, and a table of them with a column `site`."""
    digits = load_digits(n_class=CLASSES)
    rows = ["path,label,site"]
    for number in range(PICTURES):
        label = str(digits.target[number])
        place = ROOT / MADE / "pictures" / label / f"{number:03}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = (digits.images[number] * 15.9).astype(np.uint8)
        Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC).convert("RGB").save(place)
        rows.append(f"pictures/{label}/{place.name},{label},{'north' if number % 3 else 'south'}")
    (ROOT / MADE / "table.csv").write_text("\n".join(rows) + "\n")


def make_hub() -> Path:
    """A cache of the hub with random weights under the names of the published ones."""
    home = ROOT / MADE / "hub"
    for name in MODELS:
        model = timm.create_model(name, pretrained=False)
        repository = home / "hub" / f"models--{model.pretrained_cfg['hf_hub_id'].replace('/', '--')}"
        snapshot = repository / "snapshots" / ("0" * 40)
        snapshot.mkdir(parents=True, exist_ok=True)
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs/main").write_text("0" * 40)
        weights = {key: value.contiguous() for key, value in model.state_dict().items()}
        save_file(weights, snapshot / "model.safetensors")
        if name == "resnet50":
            save_file(weights, ROOT / MADE / "resnet50.safetensors")
    return home


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
