import json

import numpy as np
import pytest
import timm.data
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_sample_images
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import affine

from sightline.cli import compose_config, conf_dir
from sightline.config.transforms import TransformsConfig
from sightline.data.randomness import uniform
from sightline.data.transforms import transform as transform_file
from sightline.data.transforms.evaluation import EvalTransform
from sightline.data.transforms.transform import TrainTransform, stored_side

STRATEGIES = ("none", "standard", "aggressive", "randaugment", "trivialaugment", "autoaugment", "augmix")
RANDOM = STRATEGIES[1:]
MEAN, STD = (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)


def strategy(name, **changes):
    content = compose_config([f"transforms={name}"])["transforms"]
    content |= {"horizontal_flip": 0.0 if name == "none" else 0.5} | changes
    return TransformsConfig.model_validate_json(json.dumps(content))


def training(config, side=16, crop_fraction=1.0, seed=0, fit="crop"):
    config = strategy(config) if isinstance(config, str) else config
    facts = {"image_size": side, "mean": MEAN, "std": STD, "interpolation": "bilinear", "crop_fraction": crop_fraction}
    return TrainTransform(config, seed=seed, fit=fit, **facts)


def evaluation(side=16, crop_fraction=1.0, interpolation="bilinear", fit="crop"):
    facts = {"image_size": side, "mean": MEAN, "std": STD, "crop_fraction": crop_fraction}
    return EvalTransform(interpolation=interpolation, fit=fit, **facts)


def batch(n=12, height=16, width=16):
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(n, 3, 5, 5, generator=generator)
    images = (F.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1) * 255).to(torch.uint8)
    return images, torch.tensor([[height, width]], dtype=torch.int32).expand(n, 2)


def ragged(filler):
    """Images of five sizes, the same whatever surrounds them in the padded batch."""
    shapes = [(16, 16), (23, 17), (16, 30), (11, 14), (40, 25)]
    images = torch.full((5, 3, 40 + filler % 7, 30 + filler % 5), filler, dtype=torch.uint8)
    for row, (height, width) in enumerate(shapes):
        images[row, :, :height, :width] = batch(5, height, width)[0][row]
    return images, torch.tensor(shapes, dtype=torch.int32)


@pytest.fixture(scope="module")
def photographs():
    return load_sample_images().images


@pytest.mark.parametrize("name", STRATEGIES)
def test_an_image_comes_out_the_same_in_any_batch_of_an_epoch(name):
    transform = training(name)
    images, sizes = batch(40)
    together = transform(images, sizes, 3, np.arange(40))
    order = np.random.default_rng(0).permutation(40)
    for start, stop in [(0, 1), (1, 4), (4, 21), (21, 40)]:
        part = order[start:stop]
        assert torch.equal(transform(images[part], sizes[part], 3, part), together[part])


@pytest.mark.parametrize("fit", ["crop", "letterbox", "squash"])
@pytest.mark.parametrize("name", STRATEGIES)
def test_an_image_comes_out_the_same_whatever_pads_it(name, fit):
    transform = training(name, fit=fit)
    one = transform(*ragged(0), 0, np.arange(5))
    other = transform(*ragged(255), 0, np.arange(5))
    assert torch.equal(one, other)
    images, sizes = ragged(255)
    for row in range(5):
        height, width = sizes[row].tolist()
        alone = transform(images[row : row + 1, :, :height, :width], sizes[row : row + 1], 0, np.array([row]))
        assert torch.equal(alone[0], one[row])


@pytest.mark.parametrize("name", RANDOM)
def test_thread_count_changes_no_pixel(name):
    images, sizes = batch(64, 24, 24)
    outputs, before = [], torch.get_num_threads()
    for threads in (1, 3):
        torch.set_num_threads(threads)
        outputs.append(training(name)(images, sizes, 0, np.arange(64)))
    torch.set_num_threads(before)
    assert torch.equal(*outputs)


@pytest.mark.parametrize("name", RANDOM)
def test_cutting_a_batch_for_the_cache_changes_no_pixel(name, monkeypatch):
    images, sizes = batch(10)
    whole = training(name)(images, sizes, 0, np.arange(10))
    monkeypatch.setattr(transform_file, "PIXELS_AT_ONCE", 3 * 16 * 16)
    assert torch.equal(training(name)(images, sizes, 0, np.arange(10)), whole)


@pytest.mark.parametrize("name", RANDOM)
def test_images_epochs_and_seeds_each_get_their_own_parameters(name):
    images, sizes = batch(1, 32, 32)
    images, sizes = images.expand(48, -1, -1, -1), sizes.expand(48, -1)
    outputs = [
        training(name, 32, seed=seed)(images, sizes, epoch, np.arange(48)) for seed, epoch in [(0, 0), (0, 1), (1, 0)]
    ]
    distinct = len({image.numpy().tobytes() for image in outputs[0]})
    assert distinct >= 40  # 162 shifts and flips are to be had by `standard`
    for other in outputs[1:]:
        assert (outputs[0] != other).flatten(1).any(1).float().mean() > 0.9


def test_all_images_of_a_batch_of_identical_images_differ():
    images, sizes = batch(1, 32, 32)
    output = training("aggressive", 32)(images.expand(64, -1, -1, -1), sizes.expand(64, -1), 0, np.arange(64))
    assert len({image.numpy().tobytes() for image in output}) == 64


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("shape", [(16, 16), (40, 25), (9, 12)])
def test_output_has_the_models_size_and_is_sound(name, shape):
    output = training(name)(*batch(8, *shape), 0, np.arange(8))
    assert output.shape == (8, 3, 16, 16)
    assert output.dtype == torch.float32
    assert output.isfinite().all()
    pixels = output * torch.tensor(STD)[:, None, None] + torch.tensor(MEAN)[:, None, None]
    assert pixels.min() > -1e-5
    assert pixels.max() < 1 + 1e-5


def test_what_came_is_not_written_to():
    images, sizes = batch(12)
    before = images.clone()
    for name in STRATEGIES:
        training(name)(images, sizes, 0, np.arange(12))
    assert torch.equal(images, before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", STRATEGIES)
def test_an_accelerator_gives_the_same_pixels_up_to_rounding(name):
    images, sizes = ragged(0)
    expected = training(name)(images, sizes, 0, np.arange(5))
    output = training(name)(images.cuda(), sizes, 0, np.arange(5))
    assert output.device.type == "cuda"
    # A level more or less can tip a threshold of `solarize` or `equalize`: rare, but then large.
    close = (output.cpu() - expected).abs() * 255 * torch.tensor(STD)[:, None, None] < 2.5
    assert close.float().mean() > 0.99


@pytest.mark.parametrize("fit", ["crop", "letterbox", "squash"])
@pytest.mark.parametrize(("shape", "crop_fraction"), [((16, 16), 1.0), ((40, 25), 0.8), ((9, 12), 0.8)])
def test_none_is_the_evaluation_view(shape, crop_fraction, fit):
    images, sizes = batch(6, *shape)
    trained = training("none", crop_fraction=crop_fraction, fit=fit)(images, sizes, 5, np.arange(6))
    assert torch.equal(trained, evaluation(crop_fraction=crop_fraction, fit=fit)(images, sizes))


@pytest.mark.parametrize("fit", ["letterbox", "squash"])
def test_a_crop_of_a_whole_image_is_drawn_from_all_of_it(fit):
    """Enough draws of a wide image see its left and its right end; squares of `crop` see neither."""
    images, sizes = torch.full((64, 3, 16, 80), 125, dtype=torch.uint8), torch.tensor([[16, 80]]).expand(64, 2)
    images[:, 0, :, :6] = 255
    images[:, 1, :, -6:] = 255
    config = strategy("none", crop={"name": "resized", "padding": 0.0, "scale": [0.35, 1.0], "ratio": [0.75, 1.3333]})
    seen = training(config, fit=fit)(images, sizes, 0, np.arange(64))
    plain = evaluation(fit=fit)(images, sizes)
    for channel in (0, 1):
        assert (seen[:, channel].amax(dim=(1, 2)) > 1.5).float().mean() > 0.3
        assert plain[0, channel].max() > 1.5
        assert evaluation()(images, sizes)[0, channel].max() < 1


def test_standard_only_moves_pixels():
    images, sizes = batch(30, 32, 32)
    output = training("standard", 32)(images, sizes, 0, np.arange(30))
    evaluated = evaluation(32)(images, sizes)
    for augmented, plain in zip(output, evaluated, strict=True):
        assert set(augmented[0].flatten().tolist()) <= set(plain[0].flatten().tolist())


def test_alternating_flips_show_each_side_in_every_other_epoch():
    config = strategy("none", horizontal_flip=0.5, flip_alternates=True)
    images, sizes = batch(200)
    first, second, third = (training(config)(images, sizes, epoch, np.arange(200)) for epoch in range(3))
    assert torch.equal(first, third)
    assert torch.equal(second, first.flip(3))
    straight = (first == evaluation()(images, sizes)).flatten(1).all(1)
    assert 0.35 < straight.float().mean() < 0.65


def test_alternating_flips_leave_alone_what_may_not_be_mirrored():
    config = strategy("none", horizontal_flip=0.0, flip_alternates=True)
    images, sizes = batch(20)
    for epoch in range(2):
        assert torch.equal(training(config)(images, sizes, epoch, np.arange(20)), evaluation()(images, sizes))


def test_aggressive_uses_every_part_it_names():
    images, sizes = batch(16, 32, 32)
    whole = training("aggressive", 32)(images, sizes, 0, np.arange(16))
    loaded = json.loads(strategy("aggressive").model_dump_json())
    off = json.loads(strategy("none").model_dump_json())
    for part in ("crop", "horizontal_flip", "affine", "colour", "erasing"):
        without = training(strategy("aggressive", **{part: off[part]}), 32)(images, sizes, 0, np.arange(16))
        assert loaded[part] != off[part]
        assert not torch.equal(whole, without)


@pytest.mark.parametrize("name", ["randaugment", "trivialaugment"])
def test_policies_warp_as_well_and_lay_the_mean_colour_bare(name):
    white = torch.full((200, 3, 32, 32), 255, dtype=torch.uint8)
    output = training(name, 32)(white, torch.full((200, 2), 32), 0, np.arange(200))
    bare = (output.abs() < 0.02).all(1).flatten(1).any(1)
    assert 0.2 < bare.float().mean() < 0.7


def test_the_affine_path_is_torchvisions_on_single_images():
    limits = {"rotation": 25.0, "translate": 0.15, "scale": [0.8, 1.3], "shear": 12.0}
    transform = training(strategy("none", affine=limits), 32, seed=5)
    images, sizes = batch(30, 32, 32)
    output = transform(images, sizes, 4, np.arange(30)) * torch.tensor(STD)[:, None, None]
    output = 255 * (output + torch.tensor(MEAN)[:, None, None])
    draws = uniform(5, 4, np.arange(30), 5, "affine").astype(float)
    for image, got, (turn, across, down, zoom, lean) in zip(images, output, draws, strict=True):
        drawn = {
            "angle": 25 * (2 * turn - 1),
            "translate": [32 * 0.15 * (2 * across - 1), 32 * 0.15 * (2 * down - 1)],
            "scale": 0.8 + 0.5 * zoom,
            "shear": [12 * (2 * lean - 1), 0.0],
            "interpolation": InterpolationMode.BILINEAR,
        }
        expected = affine(image.float(), **drawn)
        # At the edge of the image they blend with what is beyond it, we do not.
        inside = affine(torch.ones(1, 32, 32), **drawn)[0] > 0.999
        assert inside.float().mean() > 0.4
        assert (got - expected)[:, inside].abs().max() < 1.01


def test_two_passes_of_evaluation_agree_to_the_bit():
    images, sizes = ragged(7)
    transform = evaluation(crop_fraction=0.9)
    assert torch.equal(transform(images, sizes), transform(images, sizes))


def test_between_the_square_and_the_normalisation_there_are_whole_numbers():
    images, sizes = ragged(7)
    transform = evaluation(crop_fraction=0.9)
    squares = transform.square(images, sizes)
    assert (squares.dtype, squares.shape) == (torch.uint8, (5, 3, 16, 16))
    kept = squares.clone()
    assert torch.equal(transform.normalise(squares), transform(images, sizes))
    assert torch.equal(squares, kept)


def test_evaluation_of_images_of_the_right_size_is_a_cut_and_no_resize():
    images, sizes = batch(4, 20, 26)
    expected = images[:, :, 2:18, 5:21].float() / 255
    expected = (expected - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    assert torch.allclose(evaluation(16, 0.8)(images, sizes), expected, atol=1e-5)


def test_evaluation_of_a_ragged_batch_is_that_of_each_image():
    images, sizes = ragged(255)
    together = evaluation(crop_fraction=0.9)(images, sizes)
    for row, (height, width) in enumerate(sizes.tolist()):
        alone = evaluation(crop_fraction=0.9)(images[row : row + 1, :, :height, :width], sizes[row : row + 1])
        assert torch.equal(alone[0], together[row])


@pytest.mark.parametrize(
    ("image_size", "crop_fraction"), [(224, 0.875), (224, 0.9), (224, 1.0), (240, 0.95), (32, 1.0), (288, 0.96)]
)
def test_the_stored_side_is_that_of_timm(image_size, crop_fraction):
    transform = timm.data.create_transform(image_size, crop_pct=crop_fraction)
    assert stored_side(image_size, crop_fraction) == transform.transforms[0].size


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("side", "crop_fraction"), [(224, 0.875), (160, 0.95), (64, 1.0), (480, 1.0)])
def test_evaluation_is_timms_on_photographs(photographs, side, crop_fraction, interpolation):
    reference = timm.data.create_transform(
        side, interpolation=interpolation, mean=MEAN, std=STD, crop_pct=crop_fraction
    )
    for photograph in photographs:
        upright = photograph[:, :300] if side == 64 else photograph
        images = torch.from_numpy(upright.copy()).permute(2, 0, 1)[None]
        got = evaluation(side, crop_fraction, interpolation)(images, torch.tensor([images.shape[2:]]))[0]
        expected = reference(Image.fromarray(upright))
        levels = (got - expected).abs() * 255 * torch.tensor(STD)[:, None, None]
        # The same filter in whole numbers: a level or two of 255, in a pixel out of a hundred.
        assert levels.max() <= 2.01
        assert levels.mean() < 0.01


def test_a_photograph_stored_at_the_right_side_still_evaluates_as_timm_does(photographs):
    reference = timm.data.create_transform(64, interpolation="bicubic", mean=MEAN, std=STD, crop_pct=0.875)
    side = stored_side(64, 0.875)
    for photograph in photographs:
        height, width = photograph.shape[:2]
        stored = Image.fromarray(photograph).resize((side * width // height, side), Image.Resampling.BICUBIC)
        images = torch.from_numpy(np.array(stored)).permute(2, 0, 1)[None]
        got = evaluation(64, 0.875, "bicubic")(images, torch.tensor([images.shape[2:]]))[0]
        assert torch.allclose(got, reference(Image.fromarray(photograph)), atol=1e-5)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategys_file_spells_out_every_key_and_bears_its_own_name_and_command(name):
    assert strategy(name).name == name
    command = (conf_dir() / "transforms" / f"{name}.yaml").read_text().splitlines()[0]
    assert command.startswith("# bash run.sh ")
    assert command.endswith(f"transforms={name}")
