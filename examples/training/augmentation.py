"""Augmentation of a whole batch at once, with parameters of its own for every image.

    bash run.sh examples/training/augmentation.py

One photograph goes in 64 times and comes out as 64 different views, from one call. The PNG shows two photographs as the
first six epochs would see them.
"""

from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_sample_images

from sightline.cli import configure
from sightline.data.preprocessing import Preprocessing
from sightline.data.transforms.transform import TrainTransform
from sightline.reporting import figures

SIDE, MEAN, STD = 96, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

transform = TrainTransform(
    configure("transforms=aggressive", "transforms.horizontal_flip=0.5").transforms,
    image_size=SIDE,
    mean=MEAN,
    std=STD,
    interpolation="bilinear",
    seed=0,
    crop_fraction=1.0,
)
photographs = torch.from_numpy(np.stack(load_sample_images().images)).permute(0, 3, 1, 2)
sizes = torch.tensor([photographs.shape[2:]] * 64)

# What an image draws is counted by its place in the data: 64 places, 64 views.
views = transform(photographs[:1].expand(64, -1, -1, -1), sizes, epoch=0, counters=np.arange(64))
again = transform(photographs[:1].expand(64, -1, -1, -1), sizes, epoch=0, counters=np.arange(64))
print(f"views of one photograph:   {len(views)}, different ones: {len(torch.unique(views, dim=0))}")
print(f"the same call once more:   {'the same pixels' if torch.equal(views, again) else 'other pixels'}")

epochs = [transform(photographs, sizes[:2], epoch, counters=np.arange(2)) for epoch in range(6)]
shown = Preprocessing(SIDE, MEAN, STD, "bilinear", 1.0, class_names=("temple", "flower"))
plain = shown.transform()(photographs, sizes[:2])
picture = Path("runs/examples/augmentation.png")
picture.parent.mkdir(parents=True, exist_ok=True)
picture.write_bytes(figures.augmentation(shown.to_pixels(plain), [shown.to_pixels(views) for views in epochs]))
print(f"six epochs of both:        {picture}")
