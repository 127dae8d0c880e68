"""What checkpoints hold beside tensors: read as empty stand-ins, so that nothing of a file is ever called.

timm's and torchvision's training programs keep their arguments (`argparse.Namespace`) and a metric (a number of
NumPy's) beside the weights, Lightning its hyper-parameters. `torch.load(weights_only=True)` refuses a file with any
class that it does not know, so these names stand for a class of ours that holds nothing.
"""

from contextlib import AbstractContextManager
from typing import Final

from torch.serialization import safe_globals


class LeftOut:
    """Takes any arguments and any state, and keeps none."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        """Keep nothing."""


STAND_INS: Final = (
    "argparse.Namespace",
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    *(f"{module}.{kind}" for module in ("pathlib", "pathlib._local") for kind in ("PosixPath", "PurePosixPath")),
)
"""What is left out, by the name that a pickle gives it."""
DICTS: Final = (
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
)
"""What is read as the dict that it is."""


def leaving_out() -> AbstractContextManager[None]:
    """While this is open, `torch.load(weights_only=True)` reads such a file, without what is named here."""
    return safe_globals([*((LeftOut, name) for name in STAND_INS), *((dict, name) for name in DICTS)])
