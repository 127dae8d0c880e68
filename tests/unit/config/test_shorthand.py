"""What a person leaves out is spelled out, and said."""

from pathlib import Path

import pytest

from sightline.cli import choices, conf_dir
from sightline.config.shorthand import spelled_out
from sightline.config.user_files import data_of_recipe

CHOICES = choices()


def timm_names() -> list[str]:
    return ["resnet18"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["model=resnet18"], ["model=timm", "model.name=resnet18"]),
        (["model=resnet18.a1_in1k"], ["model=timm", "model.name=resnet18.a1_in1k"]),
        (["model=cnn"], ["model=cnn"]),
        (["model=nosuch"], ["model=nosuch"]),
        (["data=pics"], ["data=folder", "data.root=pics"]),
        (["data=~/gone"], ["data=folder", "data.root=~/gone"]),
        (["data=t.csv"], ["data=csv", "data.manifest=t.csv"]),
        (["data=pics", "model=unet"], ["data=segmentation_folder", "data.root=pics", "model=unet"]),
        (["data.root=pics", "model=unet"], ["data=segmentation_folder", "data.root=pics", "model=unet"]),
        (["data=nosuch"], ["data=nosuch"]),
        (["data=digits"], ["data=digits"]),
        (["data.root=pics"], ["data=folder", "data.root=pics"]),
        (["data.root=gone"], ["data=folder", "data.root=gone"]),
        (["data.root=cifar"], ["data.root=cifar"]),
        (["data.root=pics", "data.download=false"], ["data.root=pics", "data.download=false"]),
        (["data=cifar10", "data.root=pics"], ["data=cifar10", "data.root=pics"]),
        (["data.manifest=t", "data.root=pics"], ["data=csv", "data.manifest=t", "data.root=pics"]),
        (["data.val_fraction=0.2"], ["data.val_fraction=0.2"]),
        (["mode=demo", "data.root=pics"], ["data=folder", "mode=demo", "data.root=pics"]),
        (["mode=evaluate", "data.root=pics"], ["mode=evaluate", "data.root=pics"]),
        (["evaluation.ood=pics"], ["evaluation.ood=folder", "evaluation.ood.root=pics"]),
        (["evaluation.ood.root=x"], ["evaluation.ood=folder", "evaluation.ood.root=x"]),
        (["evaluation.ood=null"], ["evaluation.ood=null"]),
        (["explain.method=gradcam"], ["explain.methods=[gradcam]"]),
        (["explain.methods=[gradcam]"], ["explain.methods=[gradcam]"]),
        (["training.adversarial=pgd"], ["training.adversarial.name=pgd"]),
        (["training.adversarial={name: pgd}"], ["training.adversarial={name: pgd}"]),
    ],
)
def test_it_means(typed: list[str], meant: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pics", "cifar/cifar-10-batches-py", "digits"):
        (tmp_path / name).mkdir(parents=True)
    found, notes = spelled_out(typed, CHOICES, timm_names)
    assert found == meant
    assert bool(notes) == (found != typed and not typed[0].startswith(("model=", "training.adversarial=")))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("data.root=pics", ["data.root=pics"]),
        ("data=./pics", ["data=segmentation_folder", "data.root=./pics"]),
        ("data=digits", ["data=digits"]),
    ],
)
def test_a_folder_for_a_recipe_is_of_the_data_that_it_takes(typed: str, meant: list[str]):
    chosen = data_of_recipe(["recipe=unet_camvid"], conf_dir())
    assert chosen == "segmentation_folder"
    assert spelled_out([typed], CHOICES, timm_names, chosen)[0] == meant


def test_recipes_that_leave_the_data_alone_choose_none():
    for name in ("fast_cifar10", "nosuch", "../recipe/unet_camvid"):
        assert data_of_recipe([f"recipe={name}"], conf_dir()) is None


def test_what_was_read_is_said():
    assert spelled_out(["data=./my pics"], CHOICES, timm_names)[1] == [
        "data=./my pics is read as data=folder 'data.root=./my pics'"
    ]
    assert spelled_out(["data.root=x"], CHOICES, timm_names)[1] == ["data=folder is taken, for data.root=x was given"]
