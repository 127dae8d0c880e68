"""Labels that the model contradicts, and what such a contradiction is worth."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sightline.metrics.classification.suspects import TOO_WEAK, worth_naming
from sightline.metrics.documents.evaluation import SuspectLabel, SuspectLabels
from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION
from sightline.reporting.formatting import number
from sightline.reporting.sections.blocks import Block, Code, Gallery, Photo, Table, Text
from sightline.reporting.sections.galleries import address_of
from sightline.reporting.sections.section import Section
from sightline.run.photos import Photos

HEADER: Final = ("Image", "Labelled", "Rather", "Probability of the label", "Of the other")
MOST_PHOTOS: Final = 12


def suspect_table(suspects: SuspectLabels, most: int = 10) -> Table:
    """The labels most worth a second look, one a row."""
    rows = [
        [
            item["id"],
            item["label"],
            item["rather"],
            number("ece", item["label_probability"]),
            number("ece", item["rather_probability"]),
        ]
        for item in suspects["items"][:most]
    ]
    return Table(HEADER, rows)


def blocks(contents: Contents) -> Iterator[Block]:
    """The gravest, and what they are worth; of a weak model none."""
    evaluation = contents.read(EVALUATION)
    suspects = evaluation.get("suspects") if evaluation else None
    if not evaluation or not suspects or not (suspects["items"] or "reason" in suspects):
        return
    if not worth_naming(evaluation):  # files of earlier versions name them all the same
        yield Text(TOO_WEAK["reason"], on="page")
        return
    yield Text(WORTH, soft=True, on="page")
    if shown := list(_photos(suspects["items"][:MOST_PHOTOS], contents.photos)):
        yield Gallery(shown, on="page")
    yield replace(
        suspect_table(suspects),
        caption=f"The gravest of {suspects['count']:,}: the model is as sure of another class as it usually is "
        "where that class is the label.",
    )
    listed = f"{len(suspects['items'])} of them, with the paths of their files: "
    yield Text((listed, Code("examples/second_look.csv"), "."), on="page")


def _photos(items: list[SuspectLabel], photos: Photos) -> Iterator[Photo]:
    for item in items:
        if item["id"] in photos.photos:
            file = photos.folder and photos.folder + item["id"]
            sure = number("accuracy", item["rather_probability"])
            yield Photo(item["id"], address_of(file), item["label"], item["rather"], sure, photos.photos[item["id"]])


WORTH: Final = (
    "Found by confident learning (Northcutt, Jiang and Chuang 2021): the model is as sure of another class as it "
    "usually is of that class. They are candidates. Of 244 that this named among CIFAR-10's 10,000 test images, from a "
    "model that is right about 92.9 % of them, 48 were wrong in the eyes of three of five people: one in five. "
    "Other images have other shares, and a weaker model names more of its own mistakes."
)
"""The same method as cleanlab has it, from its published probabilities; only suspected images were judged by people."""


SECTION: Final = Section(
    title="Labels worth a second look", blocks=blocks, sources=(EVALUATION.name,), task="classification"
)
