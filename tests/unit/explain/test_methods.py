"""Every method that can be configured is there, and explains whatever the score of a target is."""

from typing import get_args

import torch
from torch import Tensor, nn

from sightline.config.later_stages import ExplanationName
from sightline.explain.methods import METHODS
from sightline.explain.targets import class_logit
from sightline.models.networks.cnn import Cnn
from sightline.models.outputs import Outputs, by_head
from tests.unit.explain.test_methods_in_common import maps


class TwoHeads(nn.Module):
    """Two classifiers on the same features."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Cnn(3, width=8)
        self.other = nn.Linear(self.backbone.num_features, 2)

    def forward_features(self, images: Tensor) -> Tensor:
        return self.backbone.forward_features(images)

    def forward_head(self, maps: Tensor) -> dict[str, Tensor]:
        pooled = self.backbone.forward_head(maps, pre_logits=True)
        return {"kind": self.backbone.head(pooled), "state": self.other(pooled)}

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return self.forward_head(self.forward_features(images))


def kind_logit(outputs: Outputs, targets: Tensor) -> Tensor:
    return class_logit(by_head(outputs)["kind"], targets)


def test_the_table_holds_what_can_be_configured():
    assert set(METHODS) == set(get_args(ExplanationName))


def test_one_of_several_heads_is_explained_as_if_it_were_alone():
    torch.manual_seed(0)
    network, images, targets = TwoHeads().eval(), torch.randn(3, 3, 16, 16), torch.tensor([0, 1, 2])
    for name in (name for name, method in METHODS.items() if method.looks != "attention"):
        alone = maps(name, network.backbone, images, targets)
        torch.testing.assert_close(maps(name, network, images, targets, score=kind_logit), alone)
