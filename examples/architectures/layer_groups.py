"""The layer groups of a model, from its stem to its head: what freezing acts on.

    bash run.sh examples/architectures/layer_groups.py

Groups come from timm's own matcher, so every family has them without a list of names. `freezing.names` takes these
names, and `freezing.groups` counts them from the stem.
"""

import timm

from sightline.models.groups import layer_groups

for name in ("resnet18", "convnext_atto", "efficientnet_b0", "vit_tiny_patch16_224"):
    model = timm.create_model(name, num_classes=10)
    sizes = {key: parameter.numel() for key, parameter in model.named_parameters()}
    groups = layer_groups(model)
    print(f"{name}: {len(groups)} groups")
    for group in groups:
        parameters = sum(sizes[key] for key in group.parameter_names)
        print(f"  {group.name:<24} {parameters:>10,} parameters in {len(group.parameter_names):>3} tensors")
