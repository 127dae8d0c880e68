"""The ONNX file itself: free sizes, metadata, nothing of this machine, and a planted difference in any step."""

import re

import numpy as np
import onnx
import pytest
from onnx import helper
from torch import nn

from sightline.errors import GateRefusedError, UsageError
from sightline.inference.export import onnx_file
from sightline.inference.export.gate import judge
from sightline.inference.export.graph import ExportedClassifier, program_of
from sightline.inference.export.onnx_file import VALUES, OnnxModel, onnx_content
from sightline.inference.export.photos import Batch
from sightline.inference.export.reference import Reference
from tests.unit.inference.export.conftest import SEEN, TEMPERATURE


@pytest.fixture(scope="module")
def content(network: nn.Module) -> bytes:
    return onnx_content(program_of(ExportedClassifier(network, SEEN, TEMPERATURE)), {"classes": '["a", "b", "c"]'})


def with_node(content: bytes, step: str, operator: str, *constants: np.ndarray) -> bytes:
    """The file with an operator more after the value of a step."""
    model, value = onnx.load_from_string(content), next(name for name in VALUES if step in name)
    (producer,) = (node for node in model.graph.node if value in node.output)
    producer.output[list(producer.output).index(value)] = "before"
    names = [f"planted_{place}" for place in range(len(constants))]
    model.graph.initializer.extend(map(onnx.numpy_helper.from_array, constants, names))
    place = list(model.graph.node).index(producer) + 1
    model.graph.node.insert(place, helper.make_node(operator, ["before", *names], [value]))
    return model.SerializeToString()


@pytest.mark.slow
def test_the_file_passes_and_says_what_it_is(content: bytes, reference: Reference, found: list[Batch]):
    parity = judge({"file": OnnxModel(content)}, found, reference, 1e-4)["file"].content(len(content))
    assert parity["largest"] < 1e-5
    assert parity["steps"]["bytes"] == parity["steps"]["resize"] == 0
    model = onnx.load_from_string(content)
    (images,), (probabilities,) = model.graph.input, model.graph.output
    sizes = [
        [one.dim_param or one.dim_value for one in value.type.tensor_type.shape.dim]
        for value in (images, probabilities)
    ]
    assert sizes == [["n", "height", "width", 3], ["n", 3]]
    assert images.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert {one.key: one.value for one in model.metadata_props} == {"classes": '["a", "b", "c"]'}
    assert not re.search(rb"\.py|site-packages|/home", content), "lines of code and paths stay here"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "operator", "constants"),
    [
        ("bytes", "Gather", [np.int64([2, 1, 0])]),  # BGR
        ("resize", "Add", [np.float64(1)]),
        ("normalise", "Mul", [np.float32(1.02)]),
        ("network", "Add", [np.float32([0.01, 0, 0])]),
        ("probabilities", "Pow", [np.float32(1.1)]),
    ],
)
def test_a_planted_difference_in_the_file_is_named(
    content: bytes, reference: Reference, found: list[Batch], step: str, operator: str, constants: list[np.ndarray]
):
    planted = with_node(content, step, operator, *constants)
    if operator == "Gather":
        model = onnx.load_from_string(planted)
        (gather,) = (node for node in model.graph.node if "planted_0" in node.input)
        gather.attribute.append(helper.make_attribute("axis", 1))
        planted = model.SerializeToString()
    named = "temperature" if step == "probabilities" else step
    with pytest.raises(GateRefusedError, match=f"the first step that differs is {named},"):
        judge({"file": OnnxModel(planted)}, found, reference, 1e-4)


def test_without_the_extra_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if name == "onnxscript" else name)
    with pytest.raises(UsageError, match=r"takes onnxscript, .*pip install 'sightline\[export\]'"):
        onnx_file.check_installed()
