"""A freezing plan, epoch by epoch: which layer groups train, under each policy.

    bash run.sh examples/fine_tuning/freezing_plan.py

A plan is a pure function of the epoch. `#` trains, `.` is frozen to the bit: parameters, gradients and running
statistics.
"""

from sightline.cli import configure
from sightline.inference.model import without_weights
from sightline.models.build import build_model
from sightline.models.freezing import FreezingPlan
from sightline.models.groups import layer_groups

POLICIES = (
    ["freezing=backbone"],
    ["freezing=partial", "freezing.names=[stem,layer1]"],
    ["freezing=layerwise", "freezing.every=2"],
    ["freezing=progressive", "freezing.unfreeze_at=[3,6]"],
)

for policy in POLICIES:
    config = configure("model=timm", "model.name=resnet18", "training.epochs=10", *policy)
    groups = layer_groups(build_model(without_weights(config.model), heads={"label": 10}, image_size=64))
    plan = FreezingPlan.from_config(config.freezing, groups)
    epochs = [plan.trainable(epoch) for epoch in range(config.training.epochs)]
    print(" ".join(policy))
    for index, group in enumerate(groups):
        print(f"  {group.name:<8} {''.join('#' if trains[index] else '.' for trains in epochs)}")
