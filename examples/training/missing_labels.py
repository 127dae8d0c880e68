"""A label and a mask from one network, where images lack either: each loss is a mean over the images that have it.

    bash run.sh examples/training/missing_labels.py

Of four images two have a label and three a mask: the numbers behind the losses.
"""

import torch

from sightline.models.networks.multitask import Multitask
from sightline.models.networks.unet import Unet
from sightline.models.pyramids import build_pyramid
from sightline.tasks.classification.objective import ClassificationObjective
from sightline.tasks.multitask.balance import FixedWeights
from sightline.tasks.multitask.objective import MultitaskObjective
from sightline.tasks.segmentation.losses.dice import Dice
from sightline.tasks.segmentation.objective import SegmentationObjective

torch.manual_seed(0)
model = Multitask(Unet(build_pyramid("cnn", image_size=32), num_classes=3), num_classes=2)
label = ClassificationObjective(2, torch.nn.CrossEntropyLoss(ignore_index=-1), is_partial=True)
both = MultitaskObjective(
    {"label": label, "mask": SegmentationObjective(3, 255, Dice(255, smooth=1.0))},
    FixedWeights({"label": 1.0, "mask": 2.0}),
)
targets = {"label": torch.tensor([0, 1, -1, -1]), "mask": torch.randint(0, 3, (4, 32, 32))}
targets["mask"][1] = 255  # the second image has no mask, the last two have no label
losses = both.train_losses(model(torch.rand(4, 3, 32, 32)), targets)
for name, loss in losses.items():
    print(f"{name}: {loss.mean.item():.3f}, of {loss.items} images")
