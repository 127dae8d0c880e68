import numpy as np
import pytest
from PIL import Image

from sightline.cli import configure
from sightline.data.reduction import Reduction
from sightline.data.sources.find import find
from sightline.data.sources.pets import find_pets
from sightline.data.store.factory import open_masks, open_store
from sightline.data.targets import LABEL
from sightline.errors import UsageError

BREEDS = ("Abyssinian", "american_bulldog", "Bengal")
"""In the order of torchvision's numbers, which is not that of the alphabet."""


@pytest.fixture
def root(tmp_path):
    """Two images a breed and split, in the layout of the archives."""
    base = tmp_path / "oxford-iiit-pet"
    for folder in ("images", "annotations/trimaps"):
        (base / folder).mkdir(parents=True)
    for split, numbers in (("trainval", (1, 2)), ("test", (3, 4))):
        lines = []
        for label, breed in enumerate(BREEDS, start=1):
            for number in numbers:
                name = f"{breed}_{number}"
                lines.append(f"{name} {label} {1 + (breed[0].islower())} {label}")
                Image.fromarray(np.full((12, 10, 3), 40 * label, dtype=np.uint8)).save(base / f"images/{name}.jpg")
                trimap = np.full((12, 10), 2, dtype=np.uint8)
                trimap[3:9, 3:7], trimap[4:8, 4:6] = 3, 1
                Image.fromarray(trimap).save(base / f"annotations/trimaps/{name}.png")
        (base / f"annotations/{split}.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_breeds_and_trimaps_are_torchvisions(root, tmp_path):
    source = find(configure("data=pets", f"data.root={root}", "data.download=false").data)
    names = ("Abyssinian", "American Bulldog", "Bengal")
    label = source.targets[LABEL]
    assert label.class_names == names
    assert [names[value] for value in label.values[:6]] == [name for name in names for _ in range(2)]
    assert source.roles == ("train",) * 6 + ("test",) * 6
    assert source.ids[0] == "Abyssinian_1.jpg"
    assert source.masks.class_names == ("pet", "background", "border")
    images = open_store(source, Reduction(), tmp_path / "cache", 0)
    masks = open_masks(source, images, tmp_path / "cache", 0)
    assert not masks.errors
    batch = masks.batch(np.arange(2), 12, 10)
    assert batch[0, 5, 5] == 0
    assert batch[0, 3, 3] == 2
    assert batch[0, 0, 0] == 1


def test_the_border_may_not_count(root, tmp_path):
    source = find_pets(root, "ignore", download=False)
    assert source.masks.class_names == ("pet", "background")
    images = open_store(source, Reduction(), tmp_path / "cache", 0)
    assert open_masks(source, images, tmp_path / "cache", 0).batch(np.arange(1), 12, 10)[0, 3, 3] == 255


def test_where_it_is_not_there_it_says_what_it_takes(tmp_path, root):
    with pytest.raises(UsageError, match=r"holds no Oxford-IIIT Pet data set \(data.download=false\): it takes oxford"):
        find_pets(tmp_path / "empty", "class", download=False)
    (root / "oxford-iiit-pet/annotations/test.txt").write_text("a b\n")
    with pytest.raises(UsageError, match="holds no Oxford-IIIT Pet data set"):
        find_pets(root, "class", download=False)
