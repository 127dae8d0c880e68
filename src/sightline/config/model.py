"""Which network, and which weights it starts from."""

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from sightline.config.base import Fraction, Frozen


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

    @property
    def has_learned_weights(self) -> bool:
        """Whether training starts from weights that were learned before."""
        return self.pretrained or self.weights is not None


def _model_kind(value: object) -> str:
    name = value.get("name") if isinstance(value, dict) else getattr(value, "name", None)
    return "cnn" if name == "cnn" else "timm"


ModelConfig = Annotated[Annotated[CnnModel, Tag("cnn")] | Annotated[TimmModel, Tag("timm")], Discriminator(_model_kind)]
