"""A search from Python: the space in YAML, trials asked for one by one, their values told.

    bash run.sh examples/sweeps/ask_and_tell.py

The objective is yours: here a short training and its best accuracy on val. Each optimiser has a range of rates of its
own. Call the script again, and it goes on with the same study: with nothing left to ask, it shows what was found.
"""

from pathlib import Path

from sightline.cli import configure
from sightline.commands.train import train
from sightline.config.overrides import as_overrides
from sightline.sweep.results import completed_trials
from sightline.sweep.search import Search
from sightline.sweep.storage import StudyLocation
from sightline.sweep.trials import Outcome

SPACE = """
space:
  optimizer: {categorical: [adamw, sgd]}
  optimizer.lr:
    - {log_uniform: [3.0e-4, 3.0e-2], when: {optimizer: adamw}}
    - {log_uniform: [1.0e-2, 1.0], when: {optimizer: sgd}}
  training.label_smoothing: {uniform: [0.0, 0.2], step: 0.05}
trials: 5
sampler: {name: random}
"""

folder = Path("runs/examples/search")
alone = ["mode=demo", "mode.name=trial", "mode.stages=[validate,train]", "tracking=none"]  # and no pictures
small = ["limit=600", "model.width=16", "training.epochs=2", "training.batch_size=32", f"runs_dir={folder}"]
folder.mkdir(parents=True, exist_ok=True)
(folder / "space.yaml").write_text(SPACE)
config = configure(*alone, *small, f"sweep={folder / 'space.yaml'}")

search = Search(config.sweep, StudyLocation.parse(f"journal:///{folder / 'journal.log'}", folder, "small"), seed=0)
search.begin(about={}, first=None)
while (trial := search.claim()) is not None:
    run = train(configure(*alone, *small, *as_overrides(trial.values)))
    value = max(row["val_accuracy"] for row in run.rows("metrics.jsonl") if row["kind"] == "epoch")
    search.end(trial, Outcome("complete", value))

print("trial  accuracy  values")
for found in completed_trials(search):
    values = " ".join(as_overrides(search.space.values(found.params)))
    print(f"{found.number:>5}  {found.value:>8.1%}  {values}")
