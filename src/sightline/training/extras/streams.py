"""The batches of a training, with everything that its extras add to them."""

from sightline.training.extras.distillation import TaughtStream
from sightline.training.extras.features import feature_stream
from sightline.training.setup import Training
from sightline.training.stream import BatchStream, ImageStream


def open_stream(training: Training) -> BatchStream:
    """Images, or features where a backbone does not change at first; and what a teacher says of them."""
    stream = feature_stream(training) or ImageStream(training)
    return TaughtStream(stream, training.teacher) if training.teacher else stream
