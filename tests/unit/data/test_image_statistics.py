"""Statistics of pixels: what each says, and that an image's hang on that image alone."""

import numpy as np
import pytest

from sightline.data import image_statistics as module
from sightline.data.image_statistics import image_statistics
from sightline.metrics.drift.statistics import PIXELS


def named(images: np.ndarray) -> dict[str, np.ndarray]:
    """By name."""
    return dict(zip(PIXELS, image_statistics(images).T, strict=True))


def pictures(n: int, side: int = 16) -> np.ndarray:
    """(n, 3, side, side) at random."""
    return np.random.default_rng(0).integers(0, 256, (n, 3, side, side)).astype(np.uint8)


def test_an_image_has_the_same_numbers_in_any_company(monkeypatch: pytest.MonkeyPatch):
    images = pictures(9)
    together = image_statistics(images)
    alone = np.concatenate([image_statistics(image[None]) for image in images])
    monkeypatch.setattr(module, "PIXELS_AT_ONCE", 2 * images[0].size)
    assert together.tobytes() == alone.tobytes() == image_statistics(images).tobytes()


def test_numbers_are_those_of_plain_formulas():
    images = pictures(4)
    found, grey = named(images), np.tensordot([0.299, 0.587, 0.114], images.astype(float), axes=([0], [1]))
    across, down = np.abs(np.diff(grey, axis=2)), np.abs(np.diff(grey, axis=1))
    wanted = {
        "brightness": grey.mean(axis=(1, 2)),
        "contrast": grey.std(axis=(1, 2)),
        "green": images[:, 1].mean(axis=(1, 2)),
        "saturation": np.ptp(images, axis=1).mean(axis=(1, 2)),
        "edges": (across.mean(axis=(1, 2)) + down.mean(axis=(1, 2))) / 2,
        "clipped_dark": (images / 255 < 0.01).mean(axis=(1, 2, 3)),
        "clipped_bright": (images / 255 > 0.99).mean(axis=(1, 2, 3)),
    }
    for name, values in wanted.items():
        assert found[name] == pytest.approx(values, rel=1e-5), name


def test_blur_is_less_sharp_and_flat_images_have_no_edges():
    images = pictures(5)
    blurred = ((images[:, :, 1:].astype(int) + images[:, :, :-1]) // 2).astype(np.uint8)
    assert (named(blurred)["sharpness"] < named(images)["sharpness"]).all()
    flat = named(np.full((1, 3, 8, 8), 77, dtype=np.uint8))
    assert flat["edges"] == flat["sharpness"] == flat["contrast"] == flat["saturation"] == 0


@pytest.mark.parametrize("shape", [(0, 3, 8, 8), (2, 3, 1, 1), (1, 3, 1, 40)])
def test_no_images_and_strips_have_numbers_too(shape: tuple[int, ...]):
    found = image_statistics(np.ones(shape, dtype=np.uint8))
    assert found.shape == (shape[0], len(PIXELS))
    assert np.isfinite(found).all()
