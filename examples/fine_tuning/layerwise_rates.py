"""Layer-wise learning rates: lower towards the stem, and no weight decay for norms and biases.

    bash run.sh examples/fine_tuning/layerwise_rates.py

These dictionaries go to any torch optimiser. `optimizer.layer_decay=0.75` gives each group three quarters of the rate
of the next one up; every parameter is in exactly one group.
"""

import timm
import torch

from sightline.models.groups import layer_groups
from sightline.models.parameter_groups import parameter_groups

RATE = 1e-3

model = timm.create_model("vit_tiny_patch16_224", num_classes=10)
groups = layer_groups(model)
rated = parameter_groups(model, groups, weight_decay=0.05, layer_decay=0.75)
for one in rated:
    one["lr"] = RATE * one["lr_scale"]
optimizer = torch.optim.AdamW(rated)

print(f"{'group':<16} {'rate':>9} {'parameters that decay':>22} {'that do not':>12}")
for index, group in enumerate(groups):
    own = [one for one in optimizer.param_groups if one["group"] == index]
    decaying, other = (
        sum(parameter.numel() for one in own if bool(one["weight_decay"]) is decays for parameter in one["params"])
        for decays in (True, False)
    )
    print(f"{group.name:<16} {own[0]['lr']:>9.1e} {decaying:>22,} {other:>12,}")
