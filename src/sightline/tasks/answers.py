"""A trained model that answers for images of any kind: one way for the command, for Python and for the logged model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sightline.config.later_stages import PredictConfig
from sightline.errors import UsageError
from sightline.inference.images import ImageInput, Images, as_list
from sightline.inference.predictor import PredictedImages, Predictor
from sightline.machine.text import storable
from sightline.tasks.results import PredictionRows

Answer = dict[str, object]
"""What is said of one image; a row of `predictions.json`."""


@dataclass(frozen=True, repr=False)
class Model:
    """A trained model, as `sightline.load` gives it.

    Attributes:
        predictor: from images to the network's outputs.
        writer: from outputs to answers.
        limits: of the size of files and images, and how many classes an answer lists.
        run: as `run=` takes it.
        classes: by target; empty where the preprocessing tells them.
    """

    predictor: Predictor
    writer: PredictionRows
    limits: PredictConfig
    run: str = ""
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Which run it is of, what it tells apart and what it sees: `<Model of cats-cnn/1: 2 classes, 64 pixels>`."""
        seen = self.predictor.preprocessing
        names = self.class_names
        counts = {"": names} if isinstance(names, tuple) else names
        classes = ", ".join(f"{target} {len(one)} classes".strip() for target, one in counts.items())
        return f"<Model of {self.run or 'a run'}: {classes}, {seen.image_size} pixels>"

    @property
    def class_names(self) -> tuple[str, ...] | Mapping[str, tuple[str, ...]]:
        """The classes that it tells apart, in the order of its outputs; of several targets those of each."""
        return self.classes if len(self.classes) > 1 else self.predictor.preprocessing.class_names

    @property
    def head(self) -> Sequence[str]:
        """What the answers are worth, a line each: the first lines of the command."""
        return self.writer.head

    def predict(self, images: Images) -> Answer | list[Answer]:
        """What `predict` says of the same images: the rows of its `predictions.json`.

        Args:
            images: a path, the bytes of an image file, an array (h, w) or (h, w, 3 or 4), or an image of Pillow's; a
                folder, several of these, or an array (n, h, w, 3 or 4).

        Returns:
            An answer for one image, else a list of them, in order. One of several that cannot be read has an `error`.

        Raises:
            UsageError: not one of them can be read, or something is no image.
        """
        found, is_one = as_list(images)
        answers = [answer for chunk in self.answers(found) for answer in chunk]
        check_any(answers)
        return answers[0] if is_one else answers

    def answers(
        self, images: Sequence[ImageInput], watch: Callable[[PredictedImages], None] | None = None
    ) -> Iterator[list[Answer]]:
        """An answer for every image in order, some at a time; `path` is None of one that has none.

        Args:
            images: to be answered.
            watch: is shown what the model saw and said, before it is written as answers.
        """
        for part in self.predictor.predict_images(images, self.limits):
            if watch is not None:
                watch(part)
            rows = iter(() if part.outputs is None else self.writer.rows(part.outputs, part.sizes))
            yield [
                {"path": _path(image), "error": storable(part.errors[place])}
                if place in part.errors
                else {"path": _path(image), **next(rows)}
                for place, image in enumerate(part.images)
            ]


def check_any(answers: Sequence[Answer]) -> None:
    """Refuse where there are images and not one was answered.

    Raises:
        UsageError: the first of them, and what is wrong with it.
    """
    if answers and all("error" in answer for answer in answers):
        first = answers[0]
        name = "the first" if first["path"] is None else first["path"]
        raise UsageError(f"input: none of {len(answers)} images could be read; {name}: {first['error']}")


def _path(image: ImageInput) -> str | None:
    """The path of a file as JSON can hold it; None of what has none."""
    return None if not isinstance(image, str | Path) else storable(str(image))
