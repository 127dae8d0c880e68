"""One network for a label and a mask: a backbone that both heads share."""

from torch import Tensor, nn

from sightline.models.networks.unet import Unet, sides, undecayed_within

LABEL, MASK = "label", "mask"


class Multitask(nn.Module):
    """A U-Net, and a classifier of its backbone's last map.

    Args:
        unet: of the mask, with the shared backbone in it.
        num_classes: of the label.
        drop_rate: dropout before the classifier.

    Attributes:
        backbone: name of the network within this one that layer groups follow; all else is their last group.
    """

    backbone = f"unet.{Unet.backbone}"

    def __init__(self, unet: Unet, num_classes: int, *, drop_rate: float = 0.0) -> None:
        super().__init__()
        self.unet = unet
        self.label_drop = nn.Dropout(drop_rate)
        self.label_head = nn.Linear(unet.pyramid.context.channels, num_classes)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Images (n, 3, h, w), normalised, to logits {label: (n, num_classes), mask: (n, classes, h, w)}."""
        fitted = self.unet.pyramid.fit.apply(images)
        natives = self.unet.pyramid.natives(fitted)
        pooled = self.unet.pyramid.pooled(natives, sides(images))
        label = self.label_head(self.label_drop(pooled))
        return {LABEL: label, MASK: self.unet.mask_of(natives, sides(fitted), sides(images))}

    def get_classifier(self) -> dict[str, nn.Module]:
        """The layers that make the logits, by head."""
        return {LABEL: self.label_head, MASK: self.unet.head}

    @property
    def explained_layer(self) -> str:
        """The module whose maps explain what either head says: the last of the backbone."""
        return f"unet.{self.unet.explained_layer}"

    def no_weight_decay(self) -> set[str]:
        """What the backbone asks to be left alone by weight decay."""
        return undecayed_within(self, self.backbone)
