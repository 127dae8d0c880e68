"""Size and speed of the model, as measured by `evaluate`."""

from collections.abc import Iterator
from typing import Final

from sightline.machine.text import significant
from sightline.metrics.documents.cost import Cost
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.sections.blocks import Block, Facts
from sightline.reporting.sections.section import Section

COST: Final = JsonFile[Cost]("cost.json")


def blocks(contents: Contents) -> Iterator[Block]:
    """Parameters, arithmetic, one image, many images."""
    if not (cost := contents.read(COST)):
        return
    where = (
        f"{cost['threads']} thread{'s' * (cost['threads'] != 1)} of the CPU"
        if cost["device"] == "cpu"
        else cost["device"]
    )
    trained = "all" if cost["trained_parameters"] == cost["parameters"] else f"{cost['trained_parameters']:,}"
    operations = significant(cost["flops"] / 1e9, 3)
    yield Facts([
        ("Parameters", f"{cost['parameters']:,}, {trained} of them trained in the last epoch"),
        ("Arithmetic", f"{operations} billion operations an image of {cost['image_size']} pixels"),
        ("One image", f"{significant(cost['latency_ms'], 3)} ms, float32, {where}"),
        ("In batches", f"{cost['images_per_second']:,.0f} images/s, {cost['batch']} at a time"),
    ])  # fmt: skip


SECTION: Final = Section(title="Size and speed", blocks=blocks, sources=(COST.name,))
