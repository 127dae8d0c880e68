"""Which network, and which weights it starts from."""

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from sightline.config.base import Count, Fraction, Frozen

CNN = "cnn"
"""Sightline's own small network, as a model and as a backbone."""
RESIDUAL = "residual"
"""Sightline's own residual network; as a backbone followed by its depth."""
OWN_BACKBONES = (CNN, *(f"{RESIDUAL}{depth}" for depth in (18, 34, 50, 101, 152)))


class CnnModel(Frozen):
    """Sightline's own small convolutional network.

    Attributes:
        task: what it is trained for, as in `tasks.table.TASKS`; a fact of the network, not a key.
        targets: names of what it learns of each image, of those that data may have; likewise.
    """

    task: ClassVar[str] = "classification"
    targets: ClassVar[tuple[str, ...]] = ("label",)
    name: Literal["cnn"]
    width: Annotated[int, Field(ge=8, multiple_of=8)]
    drop_rate: Fraction
    stem: Literal["conv", "whitened"]
    norm_scale: bool
    residual: bool
    cbam: bool
    weights: str | None
    weights_key: str | None

    @property
    def has_learned_weights(self) -> bool:
        """Whether training starts from weights that were learned before."""
        return self.weights is not None


class ResidualModel(Frozen):
    """Sightline's own residual network.

    Attributes:
        task: what it is trained for, as in `tasks.table.TASKS`; a fact of the network, not a key.
        targets: names of what it learns of each image, of those that data may have; likewise.
        widths: channels of the convolutions in the four stages.
    """

    task: ClassVar[str] = "classification"
    targets: ClassVar[tuple[str, ...]] = ("label",)
    name: Literal["residual"]
    depth: Literal[18, 34, 50, 101, 152]
    widths: tuple[Count, Count, Count, Count]
    drop_rate: Fraction
    cbam: bool
    weights: str | None
    weights_key: str | None

    @property
    def has_learned_weights(self) -> bool:
        """Whether training starts from weights that were learned before."""
        return self.weights is not None


class TimmModel(Frozen):
    """Any model of timm's, by its name there.

    Attributes:
        task: what it is trained for, as in `tasks.table.TASKS`; a fact of the network, not a key.
        targets: names of what it learns of each image, of those that data may have; likewise.
    """

    task: ClassVar[str] = "classification"
    targets: ClassVar[tuple[str, ...]] = ("label",)
    name: str
    pretrained: bool
    weights: str | None
    weights_key: str | None
    drop_rate: Fraction
    drop_path_rate: Fraction
    cbam: bool

    @property
    def has_learned_weights(self) -> bool:
        """Whether training starts from weights that were learned before."""
        return self.pretrained or self.weights is not None


class PyramidModel(Frozen):
    """A decoder over the feature pyramid of a backbone.

    Attributes:
        backbone: one of `OWN_BACKBONES`, or any of timm's.
        width: channels of the first stage of our own backbones.
        decoder_channels: at the strides 16, 8, 4, 2 and 1.
        atrous_rates: of the context on the coarsest maps; none leaves it out.
    """

    name: str
    backbone: str
    width: Annotated[int, Field(ge=8, multiple_of=8)]
    pretrained: bool
    weights: str | None
    weights_key: str | None
    decoder_channels: tuple[Count, Count, Count, Count, Count]
    upsampling: Literal["bilinear", "nearest", "learned"]
    atrous_rates: tuple[Count, ...]
    drop_rate: Fraction
    drop_path_rate: Fraction
    cbam: bool

    @property
    def has_learned_weights(self) -> bool:
        """Whether training starts from weights that were learned before."""
        return self.pretrained or self.weights is not None


class UnetModel(PyramidModel):
    """A U-Net: a class for every pixel.

    Attributes:
        task: what it is trained for, as in `tasks.table.TASKS`; a fact of the network, not a key.
        targets: names of what it learns of each image, of those that data may have; likewise.
    """

    task: ClassVar[str] = "segmentation"
    targets: ClassVar[tuple[str, ...]] = ("mask",)
    name: Literal["unet"]


def some_unet() -> UnetModel:
    """What stands in a configuration for the unknown network that made another tool's masks."""
    return UnetModel(
        name="unet",
        backbone=CNN,
        width=8,
        pretrained=False,
        weights=None,
        weights_key=None,
        decoder_channels=(8, 8, 8, 8, 8),
        upsampling="bilinear",
        atrous_rates=(),
        drop_rate=0.0,
        drop_path_rate=0.0,
        cbam=False,
    )


class MultitaskModel(PyramidModel):
    """A U-Net whose backbone gives a label too.

    Attributes:
        task: what it is trained for, as in `tasks.table.TASKS`; a fact of the network, not a key.
        targets: names of what it learns of each image, of those that data may have; likewise.
    """

    task: ClassVar[str] = "multitask"
    targets: ClassVar[tuple[str, ...]] = ("label", "mask")
    name: Literal["multitask"]


OWN = frozenset({CNN, RESIDUAL, "unet", "multitask"})
"""Names of networks that are not timm's."""


def learns_masks(model: object) -> bool:
    """Whether a model, as its configuration or as the plain values of one, learns a class for every pixel."""
    return "mask" in kind_of(model).targets


def kind_of(model: object) -> type[CnnModel | TimmModel | UnetModel | MultitaskModel]:
    """The kind of a model, as its configuration or as the plain values of one."""
    kinds: dict[str, type[CnnModel | TimmModel | UnetModel | MultitaskModel]]
    kinds = {CNN: CnnModel, "unet": UnetModel, "multitask": MultitaskModel}
    return kinds.get(_model_kind(model), TimmModel)


def _model_kind(value: object) -> str:
    name = value.get("name") if isinstance(value, dict) else getattr(value, "name", None)
    return name if isinstance(name, str) and name in OWN else "timm"


ModelConfig = Annotated[
    Annotated[CnnModel, Tag("cnn")]
    | Annotated[ResidualModel, Tag(RESIDUAL)]
    | Annotated[UnetModel, Tag("unet")]
    | Annotated[MultitaskModel, Tag("multitask")]
    | Annotated[TimmModel, Tag("timm")],
    Discriminator(_model_kind),
]
