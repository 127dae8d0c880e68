"""The content of `examples/examples.json`: single answers, each with the image it was given for."""

from typing import TypedDict


class Example(TypedDict):
    """One answer; probabilities are calibrated as far as the run is.

    `file` is where the image lies, empty where it lies in no file of its own.
    """

    id: str
    file: str
    label: str
    predicted: str
    confidence: float
    label_probability: float


class Examples(TypedDict):
    """The wrong answers, the surest first and at most so many as the page lists, and some right ones."""

    split: str
    n: int
    wrong: int
    mistakes: list[Example]
    right: list[Example]
