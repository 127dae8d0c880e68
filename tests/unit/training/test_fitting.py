import pytest

from sightline.cli import compose_config
from sightline.config import parse
from sightline.config.fitted import left_open
from sightline.config.schema import Config
from sightline.training.fitting import LARGEST, SMALLEST, STEPS, batch_for, fit, rate_for

ANIMALS = ("ants", "bees")


def configured(*overrides: str) -> Config:
    return parse.parse(compose_config(["transforms=none", *overrides]))


@pytest.mark.parametrize(
    ("images", "processes", "batch"),
    [
        (1, 1, 8), (159, 1, 8), (240, 1, 8), (320, 1, 16), (639, 1, 16), (640, 1, 32), (5_119, 1, 128), (5_120, 1, 256),
        (45_000, 1, 256), (10**9, 1, 256), (240, 2, 16), (240, 3, 32), (45_000, 4, 256), (240, 64, 256),
    ],
)  # fmt: skip
def test_the_batch_leaves_steps_to_learn_by(images: int, processes: int, batch: int):
    assert batch_for(images, processes) == batch


def test_an_epoch_has_the_steps_it_should_wherever_the_smallest_batch_allows():
    for images in range(SMALLEST * STEPS, 9_000, 7):
        batch = batch_for(images)
        assert images // batch >= STEPS
        assert batch == LARGEST or images // (2 * batch) < STEPS, "and is no smaller than it must be"
        assert batch & (batch - 1) == 0


@pytest.mark.parametrize(
    ("overrides", "rates"),
    [
        ([], {"lr": 6e-3 / 16**0.5}),
        (["model=resnet"], {"lr": 5e-4 / 16**0.5}),
        (["optimizer=sgd"], {"lr": 0.1 / 16}),
        (["optimizer=muon"], {"lr": 0.1 / 16, "matrix_lr": 0.05 / 16**0.5}),
        (["optimizer=timm"], {"lr": 1e-3 / 16**0.5}),
        (["optimizer=timm", "optimizer.opt=sgdw"], {"lr": 1e-3 / 16}),
        (["optimizer.lr_base=0.01"], {"lr": 0.01 / 16**0.5}),
        (["optimizer.lr=0.01"], {"lr": 0.01}),
        (["optimizer=muon", "optimizer.lr=0.3"], {"lr": 0.3, "matrix_lr": 0.05 / 16**0.5}),
    ],
)
def test_rates_follow_the_batch_as_their_optimiser_needs(overrides: list[str], rates: dict[str, float]):
    config, lines = fit(configured(*overrides), 400, ANIMALS)
    assert (config.training.batch_size, left_open(config)) == (16, [])
    for key, rate in rates.items():
        assert getattr(config.optimizer, key) == pytest.approx(rate, rel=5e-3)
    assert len(lines) == 1 + len(rates)
    assert lines[0] == "training.batch_size=16: 400 training images, 25 steps an epoch"


def test_many_images_get_what_they_always_got():
    config, _ = fit(configured(), 45_000, ANIMALS)
    assert (config.training.batch_size, config.optimizer.lr) == (256, 6e-3)


def test_a_given_batch_stays_and_the_rate_follows_it():
    config, lines = fit(configured("training.batch_size=64"), 400, ANIMALS)
    assert (config.training.batch_size, config.optimizer.lr) == (64, rate_for(6e-3, 64, 0.5)) == (64, 3e-3)
    assert lines == ["optimizer.lr=0.003: 0.006 for batches of 256, by the square root"]


def test_what_is_given_is_left_alone_and_said():
    given = configured("training.batch_size=64", "optimizer.lr=0.01")
    assert fit(given, 400, ANIMALS) == (given, [])
    _, lines = fit(configured("optimizer.lr=0.01"), 100, ANIMALS)
    assert lines == [
        "training.batch_size=8: 100 training images, 13 steps an epoch; fewer than 20, so give more epochs or images",
        "optimizer.lr=0.01: as given, whatever the batch; optimizer.lr=auto follows it",
    ]


MIRRORING = ("standard", "aggressive", "randaugment", "trivialaugment", "autoaugment", "augmix")


@pytest.mark.parametrize("strategy", MIRRORING)
def test_whether_images_are_mirrored_belongs_to_the_data(strategy: str):
    mirrored, lines = fit(configured(f"transforms={strategy}"), 400, ANIMALS)
    assert mirrored.transforms.horizontal_flip == 0.5
    assert lines[-1].startswith("transforms.horizontal_flip=0.5: ")
    digits, lines = fit(configured(f"transforms={strategy}"), 400, tuple("0123456789"))
    assert digits.transforms.horizontal_flip == 0
    assert lines[-1].startswith("transforms.horizontal_flip=0: classes that are numbers or single letters (0, 1, 2, …)")
    given = fit(configured(f"transforms={strategy}", "transforms.horizontal_flip=0.3"), 400, tuple("0123456789"))[0]
    assert given.transforms.horizontal_flip == 0.3
