"""From bytes to outputs: what every caller gets for the same image."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.config.later_stages import PredictConfig
from sightline.data.image_file import size_of
from sightline.data.preprocessing import Preprocessing
from sightline.data.reduction import Reduction
from sightline.inference import predictor as predictor_file
from sightline.inference.images import picture_of
from sightline.inference.predictor import Predictor
from sightline.models.networks.cnn import Cnn

LIMITS = PredictConfig(top_k=1, alpha=None, risk=None, max_megabytes=1.0, max_megapixels=1.0)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.manual_seed(0)
    preprocessing = Preprocessing(16, (0.4, 0.5, 0.3), (0.2, 0.25, 0.3), "bilinear", 0.9, tuple("abcd"))
    return Predictor(Cnn(4, width=8).eval(), preprocessing, torch.device("cpu"))


def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in [(16, 20), (30, 18), (17, 17)]]


def test_a_picture_gets_the_same_outputs_alone_and_among_others(predictor: Predictor):
    together = predictor.square(pictures())
    assert (together.dtype, together.shape) == (torch.uint8, (3, 3, 16, 16))
    for row, picture in enumerate(pictures()):
        assert torch.equal(predictor.square([picture])[0], together[row])
    torch.testing.assert_close(predictor.outputs(together[:1]), predictor.outputs(together)[:1])


def test_what_stands_between_square_and_network_sees_and_gives_whole_numbers(predictor: Predictor):
    squares = predictor.square(pictures())
    darker = predictor.outputs(squares // 2)
    assert darker.shape == (3, 4)
    assert not torch.equal(darker, predictor.outputs(squares))
    transform = predictor.preprocessing.transform()
    assert torch.equal(darker, predictor.network(transform.normalise(squares // 2)))


def test_files_are_answered_in_chunks_and_broken_ones_named(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(predictor_file, "CHUNK", 2)
    paths = []
    for number, picture in enumerate(pictures()):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(picture).save(paths[-1])
    broken, large = tmp_path / "broken.png", tmp_path / "large.png"
    broken.write_bytes(b"no image")
    large.write_bytes(bytes(2_000_000))
    named = [paths[0], broken, paths[1], paths[1], paths[2], large]
    chunks = list(predictor.predict_images(named, LIMITS))
    assert [path for chunk in chunks for path in chunk.images] == named
    assert [len(chunk) for chunk in chunks] == [2, 2, 2]
    assert [list(chunk.errors) for chunk in chunks] == [[1], [], [1]]
    assert chunks[0].errors[1].startswith("no image of a known format")
    assert chunks[2].errors[1] == "2 MB are more than predict.max_megabytes=1"
    side = predictor.preprocessing.stored_side
    alone = predictor.outputs(predictor.square([picture_of(path, Reduction(side), LIMITS).pixels for path in paths]))
    assert all(chunk.outputs is not None for chunk in chunks)
    answers = torch.cat([chunk.outputs for chunk in chunks])
    torch.testing.assert_close(answers, alone[[0, 1, 1, 2]])


@pytest.mark.timeout(20)
def test_only_regular_files_are_read(predictor: Predictor, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "round.png").symlink_to("round.png")
    paths = [tmp_path / "pipe.png", tmp_path / "round.png", Path("/dev/zero"), tmp_path / "none.png"]
    (files,) = predictor.predict_images(paths, LIMITS)
    reasons = ["a named pipe and", "Too many levels", "a device and", "No such file"]
    assert files.outputs is None
    assert list(files.errors) == [0, 1, 2, 3]
    assert all(word in reason for word, reason in zip(reasons, files.errors.values(), strict=True))


def test_the_limit_of_pixels_is_the_one_that_is_asked_for(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Not Pillow's, which warns from one half of it on: a warning is an error here."""
    Image.fromarray(np.zeros((60, 40, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    for pillows in (1300, 50):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pillows)
        (files,) = predictor.predict_images([tmp_path / "a.png"], LIMITS)
        assert (files.images, files.errors) == ([tmp_path / "a.png"], {})
        assert size_of(str(tmp_path / "a.png")) == (40, 60)
        assert pillows == Image.MAX_IMAGE_PIXELS
