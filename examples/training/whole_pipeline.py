"""The whole pipeline from Python, and the run folder that it leaves.

    bash run.sh examples/training/whole_pipeline.py

Every later number comes from the files of the run, so a script reads them back as easily as the report does. Open the
page that the last line names.
"""

from sightline.cli import configure
from sightline.commands.train import train

overrides = ["mode=demo", "training.epochs=4", "training.batch_size=32", "model.width=16", "tracking=none"]
run = train(configure(*overrides))

print("epoch  training loss  accuracy on val")
for row in run.rows("metrics.jsonl"):
    if row["kind"] == "epoch":
        print(f"{row['epoch'] + 1:>5}  {row['train_loss']:>13.3f}  {row['val_accuracy']:>15.1%}")

evaluation, calibration = run.load_json("evaluation.json"), run.load_json("calibration.json")
print(f"\n{evaluation['n']} test images")
for name in ("accuracy", "f1_macro", "roc_auc_ovr", "log_loss"):
    metric = evaluation["metrics"][name]
    print(f"  {name:<12} {metric['value']:.3f}  [{metric['low']:.3f}, {metric['high']:.3f}]  {metric['method']}")

print(f"\ntemperature {calibration['temperature']:.2f}, fitted on {calibration['n_temperature']} other images")
print(f"test labels were read {len(run.rows('test_ledger.jsonl'))} time(s)")
print(f"report: {run.path / 'report.html'}")
