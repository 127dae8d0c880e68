"""Against the only living port of ImageNet-C, in distribution: it draws its own random numbers."""

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.config.robustness import CORRUPTIONS, CorruptionName
from sightline.robustness.corruptions.corrupt import corrupt

OTHERWISE = {"elastic_transform": "has no affine map there", "frost": "draws a sixth photograph there"}
"""What that package does in another way than the published code."""
IMAGES = 12


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """(12, 224, 224, 3) from two photographs."""
    datasets = pytest.importorskip("sklearn.datasets")
    rng, found = np.random.default_rng(0), []
    for number in range(IMAGES):
        photo = datasets.load_sample_images().images[number % 2]
        side = int(rng.integers(224, 400))
        top, left = (int(rng.integers(0, length - side + 1)) for length in photo.shape[:2])
        cut = Image.fromarray(photo[top : top + side, left : left + side])
        found.append(np.asarray(cut.resize((224, 224), Image.Resampling.BICUBIC)))
    return np.stack(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name not in OTHERWISE])
def test_pixels_err_as_much_as_the_oracles(name: CorruptionName, crops: np.ndarray):
    oracle = pytest.importorskip("imagecorruptions", reason="the oracle, imagecorruptions-imaug, is not installed")
    np.random.seed(0)  # noqa: NPY002 - the oracle's only one
    images, ids = torch.from_numpy(crops.transpose(0, 3, 1, 2).copy()), [str(number) for number in range(IMAGES)]
    for severity in (1, 3, 5):
        ours = corrupt(images, ids, name, severity, seed=0, constants="imagenet").permute(0, 2, 3, 1).numpy()
        theirs = np.stack([oracle.corrupt(crop, severity=severity, corruption_name=name) for crop in crops])
        errors = [np.sqrt(((one.astype(float) - crops) ** 2).mean(axis=(1, 2, 3))) for one in (ours, theirs)]
        noise = float((errors[0] - errors[1]).std() / IMAGES**0.5)
        assert abs(errors[0].mean() - errors[1].mean()) < 0.05 * errors[1].mean() + 2.5 * noise, severity
