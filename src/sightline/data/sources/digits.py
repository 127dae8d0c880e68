"""The 1,797 handwritten digits inside scikit-learn: data that is always there."""

import numpy as np

from sightline.data.sources.source import Source

DARKEST = 16


def find_digits() -> Source:
    """The digits as 8 x 8 images of three equal channels; their values 0 to 16 become 0 to 255."""
    from sklearn.datasets import load_digits  # a second of imports that no other source needs

    digits = load_digits()
    grey = np.rint(digits.images * (255 / DARKEST)).astype(np.uint8)
    return Source.of_classes(
        ids=tuple(f"{number:04d}" for number in range(len(grey))),
        labels=digits.target.astype(np.int64),
        class_names=tuple(str(name) for name in digits.target_names),
        roles=(None,) * len(grey),
        pixels=np.repeat(grey[..., None], 3, axis=-1),
    )
