"""ONNX: a model as one file, and that file as onnxruntime answers by it."""

import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.export import ExportedProgram

from sightline.errors import UsageError
from sightline.inference.export.graph import SIZES, STEPS
from sightline.machine.container import usable_cores

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession

PACKAGES: Final = ("onnx", "onnxscript", "onnxruntime")
INPUT, OUTPUT = "images", "probabilities"
VALUES: Final = (*(f"step_{name}" for name in STEPS[:-1]), OUTPUT)
"""What the graph calls the values of `STEPS`; all but the last are no outputs of the file."""


def check_installed() -> None:
    """Refuse where what writes or runs such files is missing.

    Raises:
        UsageError: the extra is not installed.
    """
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise UsageError(
            f"export.formats=[onnx] takes {', '.join(missing)}, which the extra `export` brings: "
            "pip install 'sightline[export]'"
        )


def onnx_content(program: ExportedProgram, metadata: Mapping[str, str]) -> bytes:
    """The bytes of a file: its own weights, one input, one output, and metadata by key."""
    import onnx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the exporter's own libraries will do one day
        written = torch.onnx.export(
            program, (), dynamo=True, verbose=False, input_names=[INPUT], output_names=list(VALUES)
        )
    assert written is not None
    model: ModelProto = written.model_proto
    del model.graph.output[: len(VALUES) - 1]
    _without_traces(model)
    _name_sizes(model)
    onnx.helper.set_model_props(model, dict(metadata))
    return bytes(model.SerializeToString())


class OnnxModel:
    """A file's bytes with onnxruntime, on as many cores as the container leaves.

    Args:
        content: of the file.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._session = _session(content)
        self._in_steps: InferenceSession | None = None

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, classes) of (n, h, w, 3)."""
        found: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: images})[0]
        return found

    def steps(self, images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """What each of `STEPS` gives: the same file, asked for the values within it."""
        self._in_steps = self._in_steps or _session(_with_all_outputs(self._content))
        return dict(zip(STEPS, self._in_steps.run(list(VALUES), {INPUT: images}), strict=True))


def _session(content: bytes) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Left alone it takes the cores of the host, whatever the container leaves.
    options.intra_op_num_threads, options.inter_op_num_threads = usable_cores(), 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _with_all_outputs(content: bytes) -> bytes:
    import onnx

    model = onnx.load_from_string(content)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in VALUES[:-1])
    return bytes(model.SerializeToString())


def _without_traces(model: "ModelProto") -> None:
    """Take out what the exporter notes of the Python code: lines, and paths of this machine."""
    del model.graph.value_info[:]
    for part in (model, model.graph, *model.graph.node, *model.graph.initializer, *model.graph.input, *model.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for function in model.functions:
        for node in function.node:
            node.ClearField("metadata_props")
            node.ClearField("doc_string")


def _name_sizes(model: "ModelProto") -> None:
    """Give the free sizes their names, which the exporter numbers."""
    dimensions = model.graph.input[0].type.tensor_type.shape.dim
    names = {dimensions[place].dim_param: str(size.__name__) for place, size in SIZES.items()}
    for value in (*model.graph.input, *model.graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param in names:
                dimension.dim_param = names[dimension.dim_param]
