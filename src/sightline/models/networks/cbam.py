"""CBAM (Woo et al. 2018): which channels of a map matter, then which places, after the stages of a network."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

NAME: Final = "cbam"
"""Where a network keeps those of its stages."""
REDUCTION = 16
FEWEST = 4
KERNEL = 7
OPEN = 5.0
"""A gate's logit at which it lets 99.3 % pass."""


class Cbam(nn.Module):
    """F' = M_c(F) F, then F'' = M_s(F') F'.

    M_c = sigmoid(MLP(mean over places) + MLP(max over places)), one value a channel; M_s = sigmoid(7x7 convolution of
    mean and max over channels), one value a place.

    Args:
        channels: of the map.
        is_open: whether both gates let 99.3 % of everything pass at first, so that layers with learned weights see
            nearly the maps that they know. Otherwise they start as drawn, near a half.
    """

    def __init__(self, channels: int, *, is_open: bool) -> None:
        super().__init__()
        hidden = max(FEWEST, channels // REDUCTION)
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.excite = nn.Conv2d(hidden, channels, 1)
        self.place = nn.Conv2d(2, 1, KERNEL, padding=KERNEL // 2)
        if is_open:
            # The MLP answers twice, for means and for maxima.
            for layer, logit in ((self.excite, OPEN / 2), (self.place, OPEN)):
                nn.init.zeros_(layer.weight)
                nn.init.constant_(layer.bias, logit)  # type: ignore[arg-type]

    def forward(self, maps: Tensor) -> Tensor:
        """(n, c, h, w) to the same."""
        pooled = [maps.mean(dim=(2, 3), keepdim=True), maps.amax(dim=(2, 3), keepdim=True)]
        mean, most = (self.excite(self.squeeze(one).relu()) for one in pooled)
        maps = maps * torch.sigmoid(mean + most)
        over_channels = torch.cat([maps.mean(dim=1, keepdim=True), maps.amax(dim=1, keepdim=True)], dim=1)
        return maps * torch.sigmoid(self.place(over_channels))

    def after(self, _stage: nn.Module, _inputs: object, maps: Tensor) -> Tensor:
        """A forward hook of a stage: what comes out of it is weighted. A copy of a network calls its own copy."""
        weighted: Tensor = self(maps)
        return weighted


def key_of(stage: str) -> str:
    """The name of a stage's CBAM: names of modules hold no dots."""
    return stage.replace(".", "-")


def stage_of(parameter: str) -> str:
    """The stage behind which a CBAM stands, from the name of one of its parameters."""
    return parameter.split(".")[1].replace("-", ".")


def insert_cbam(network: nn.Module, stages: Mapping[str, int], *, is_open: bool) -> None:
    """Put a CBAM behind stages of a network, in place; it keeps them as `cbam`.

    Args:
        network: to be changed.
        stages: names of modules that give maps, and the channels of these.
        is_open: see `Cbam`.
    """
    found = {key_of(name): Cbam(channels, is_open=is_open) for name, channels in stages.items()}
    network.add_module(NAME, nn.ModuleDict(found))
    for name in stages:
        network.get_submodule(name).register_forward_hook(found[key_of(name)].after)


def convolutional_stages(sketch: nn.Module, side: int) -> dict[str, int]:
    """The stages of one of timm's networks that give maps (n, channels, h, w): their names and channels.

    Stages of tokens, or of maps with their channels last, are none; nor is a stem.

    Args:
        sketch: on the meta device, in evaluation mode.
        side: pixels of a square image that it takes.
    """
    listed = getattr(sketch, "feature_info", None) or []
    known = {entry["module"]: int(entry["num_chs"]) for entry in getattr(listed, "info", listed)}
    modules = dict(sketch.named_modules())
    calls: dict[str, list[tuple[int, ...]]] = {name: [] for name in known if name and name in modules}
    for name, shapes in calls.items():
        modules[name].register_forward_hook(lambda _, __, output, shapes=shapes: shapes.append(_shape(output)))
    with torch.no_grad():
        sketch(torch.empty(2, 3, side, side, device="meta"))
    return {
        name: known[name]
        for place, (name, shapes) in enumerate(calls.items())
        if [len(shape) == 4 and shape[1] == known[name] for shape in shapes] == [True]
        and not (place == 0 and is_stem(name, modules[name]))
    }


def is_stem(name: str, module: nn.Module) -> bool:
    """Whether the first module that gives a map is what comes before the stages."""
    return "stem" in name or sum(isinstance(one, nn.Conv2d) for one in module.modules()) < 2


def _shape(output: object) -> tuple[int, ...]:
    return tuple(output.shape) if isinstance(output, Tensor) else ()
