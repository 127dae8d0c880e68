"""A model as MLflow keeps it: a `torch.export` program, and all that makes answers of image files from it.

`mlflow.pytorch.load_model` gives the program, which needs no code of Sightline's. `mlflow.pyfunc.load_model` gives what
answers for paths and bytes of image files; the code for it lies with the model, and an installed Sightline goes first.
"""

import json
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sightline

if TYPE_CHECKING:
    import numpy as np
    from mlflow.models import Model, ModelSignature
    from numpy.typing import NDArray
    from torch import nn

ANSWERS: Final = "answers.json"
CODE, LOADER, ARCHIVE = "code", "sightline_logged_model", "sightline.zip"
"""Of the folder of a logged model: where its code lies, the module that MLflow imports, Sightline's own."""
REQUIREMENTS: Final = ("torch", "numpy", "pillow", "scipy", "pydantic")
"""What a logged model imports, beside MLflow itself."""
LOADER_TEXT: Final = f'''"""Loads a model that Sightline logged: by an installed Sightline, else by the one here."""

import sys
from pathlib import Path

import mlflow.pytorch


def _load_pyfunc(path, model_config=None):
    try:
        from sightline.tasks import logged
    except ModuleNotFoundError:
        sys.path.append(str(Path(__file__).with_name("{ARCHIVE}")))
        from sightline.tasks import logged
    return logged.load(path, mlflow.pytorch.load_model(path))
'''


def save_model(
    path: str,
    mlflow_model: "Model",
    model: "nn.Module",
    example: "NDArray[np.float32]",
    signature: "ModelSignature",
    answers: Mapping[str, object] | None,
) -> None:
    """Write the folder of a model, as the flavours of MLflow do.

    Args:
        path: of the folder.
        mlflow_model: what `MLmodel` will hold.
        model: images in 0…1 to outputs, on the CPU.
        example: (n, 3, side, side) float32, n at least 2.
        signature: of the program.
        answers: of `answers.json`; None: whoever loads the model gets the program alone.
    """
    import mlflow.pytorch

    names = REQUIREMENTS if answers is not None else ("torch", "numpy")
    mlflow.pytorch.save_model(
        model,
        path,
        mlflow_model=mlflow_model,
        signature=signature,
        input_example=example[:2],
        serialization_format="pt2",
        pip_requirements=[f"{name}=={metadata.version(name).split('+')[0]}" for name in names],
    )
    if answers is not None:
        folder = Path(path)
        (folder / ANSWERS).write_text(json.dumps(answers, indent=2, allow_nan=False) + "\n")
        _add_code(folder / CODE)
        _take_files(folder, mlflow_model)
        mlflow_model.save(str(folder / "MLmodel"))


def _add_code(folder: Path) -> None:
    """Sightline itself in one file, and what imports it."""
    folder.mkdir()
    (folder / f"{LOADER}.py").write_text(LOADER_TEXT)
    root = Path(sightline.__file__).parent
    with zipfile.ZipFile(folder / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(root.rglob("*.py")):
            archive.write(file, file.relative_to(root.parent).as_posix())


def _take_files(folder: Path, mlflow_model: "Model") -> None:
    """Have `pyfunc` take image files: its loader, its signature, and no example of numbers."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType

    flavour: dict[str, Any] = mlflow_model.flavors["python_function"]
    flavour |= {"loader_module": LOADER, "code": CODE}
    del flavour["data"]  # the loader wants the whole folder
    anything = AnyType()  # type: ignore[no-untyped-call]
    mlflow_model.signature = ModelSignature(Schema([ColSpec(DataType.binary)]), Schema([ColSpec(anything)]))
    mlflow_model.saved_input_example_info = None  # type: ignore[assignment]  # as it begins
    for name in ("input_example.json", "serving_input_example.json"):
        (folder / name).unlink(missing_ok=True)
