"""The content of `cost.json`."""

from typing import TypedDict


class Cost(TypedDict):
    """Size and speed of a model, and where and on what they were measured."""

    parameters: int
    trained_parameters: int
    flops: int
    latency_ms: float
    images_per_second: float
    batch: int
    image_size: int
    device: str
    threads: int
