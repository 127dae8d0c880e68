"""Writes docs/explanations.md, what methods of explanation cost and take: `bash run.sh docs/explanations.py`.

Networks have random weights and are asked about noise: whether a method is defined shows, nothing is downloaded.
"""

import sys
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import timm
import torch
from torch import nn

sys.path.append(str(Path(__file__).parent))

from backbones import FAMILIES

from sightline.errors import RunFailedError
from sightline.explain.methods import METHODS, Maps

PAGE = Path(__file__).with_suffix(".md")
CHEAP: Mapping[str, Mapping[str, object]] = {
    "smoothgrad": {"samples": 1},
    "integrated_gradients": {"steps": 1, "most": 1},
    "occlusion": {"window": (512, 512)},
    "rise": {"masks": 1},
}
"""Enough of a method to see whether it is defined."""
HEAD = """# Methods of explanation

`explain.methods=[gradcam,integrated_gradients]` takes any of these by its name, the first for the galleries of
`evaluate`. Passes are of one image through the network; a gradient costs about as much as two passes, one at a layer
nearly nothing, for it ends where the layer is. Working memory is bounded: 32 images at once, whatever the method.

"""
FAMILY_HEAD = """
## Which networks

One model of each of {families} families of timm's, asked for maps without being told a layer or a grid.
`yes`: each method of the column gave one; the layer is `forward_features` where nothing else is named. What a method is
not defined for is said in one line, with what to take in its place, and the other methods go on.

Layer: Grad-CAM, Grad-CAM++, Layer-CAM and Eigen-CAM. Pixels: saliency, SmoothGrad, integrated gradients, occlusion and
RISE. Attention is the last one between places of the whole image: `no: its last attention is 4 x 22 x 22` has windows,
channels or parts of the image in its place (heads x queries x keys). Rollout is defined where every attention of a
network is between the same tokens: `no: 196 x 196, 49 x 49` has several kinds, or windows. The page is written by
`bash run.sh docs/explanations.py`.

| model | layer | pixels | attention | rollout |
| --- | --- | --- | --- | --- |
"""


def cheap(name: str) -> Maps:
    """A method with the least that shows whether it is defined."""
    return partial(METHODS[name].maps, **CHEAP.get(name, {}))


def build(name: str) -> tuple[nn.Module, int]:
    """A network of a family, and the side of its images."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = timm.create_model(name, num_classes=5)
    return network, network.pretrained_cfg["input_size"][1]


def refusal(network: nn.Module, side: int, name: str) -> str:
    """Why a method is not defined for a network; empty where it gave a map."""
    count = 2 if METHODS[name].looks == "attention" else 1  # windows are folded into the batch, which shows from two on
    images = torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(0))
    try:
        found = cheap(name)(network, images, torch.arange(count))
    except RunFailedError as error:
        return str(error)
    assert found.shape == (count, side, side), name
    assert torch.isfinite(found).all(), name
    return ""


def answers(name: str) -> dict[str, str]:
    """For each method why it is not defined for a model, empty where it is; and the layer."""
    network, side = build(name)
    found = {method: refusal(network, side, method) for method in METHODS}
    try:
        found["layer"] = METHODS["gradcam"].place(network).name
    except RunFailedError:
        found["layer"] = ""
    return found


def said(reason: str) -> str:
    """A cell: `yes`, or why not, in short."""
    if not reason:
        return "yes"
    return "no attention" if "has no attention" in reason else f"no: {reason.partition('(')[2].partition(')')[0]}"


def row(name: str) -> str:
    """A line of the table of families."""
    found = answers(name)
    cells = []
    for looks in ("layer", "pixels"):
        of_kind = [method for method in METHODS if METHODS[method].looks == looks]
        refused = next((found[method] for method in of_kind if found[method]), "")
        where = f", at `{found['layer']}`" if looks == "layer" and found["layer"] != "forward_features" else ""
        cells.append(refused or f"yes{where}")
    cells += [said(found[method]) for method in ("attention", "rollout")]
    return f"| `{name}` | {' | '.join(cells)} |"


def methods() -> Iterator[str]:
    """The table of methods."""
    yield "| name | method | looks at | of a class | passes | gradients |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, method in METHODS.items():
        of_class = "yes" if method.of_target else "no"
        called = f"{method.label} ({method.source})"
        yield f"| `{name}` | {called} | {method.looks} | {of_class} | {method.forward} | {method.backward} |"


def head() -> str:
    """All above the rows of families."""
    table = "\n".join(methods())
    return f"{HEAD}{table}\n{FAMILY_HEAD.format(families=len(FAMILIES))}"


if __name__ == "__main__":
    PAGE.write_text(head() + "".join(f"{row(name)}\n" for name in FAMILIES))
