"""Where the weights that timm publishes lie: in the cache, else on the hub, else nowhere to be had within seconds."""

import os
import ssl
import threading
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

from sightline.errors import UsageError
from sightline.models.weights import first_line

if TYPE_CHECKING:
    from timm.models import PretrainedCfg

PROBE_SECONDS = 3.0
FILES = ("model.safetensors", "pytorch_model.bin")
FAILURES: tuple[type[BaseException], ...] = (OSError, EntryNotFoundError, *HfHubHTTPError.__bases__)
"""What a download raises; the hub's client changes its HTTP library, so that one is named through its own error."""


def fetch(name: str, published: "PretrainedCfg") -> Path:
    """The file of a model's published weights: the cached one, or a download.

    Args:
        name: of the model, for the error.
        published: timm's record of its weights.

    Raises:
        UsageError: timm publishes none, or they are neither cached nor to be had.
    """
    if published.hf_hub_id:
        return _from_hub(name, published.hf_hub_id, published.hf_hub_filename)
    if isinstance(published.url, str) and published.url:
        return _from_url(name, published.url)
    raise UsageError(
        f"model.pretrained=true: timm publishes no weights of {name}; "
        "take model.pretrained=false or give model.weights=FILE"
    )


def reachable(address: str, seconds: float = PROBE_SECONDS) -> bool:
    """Whether a server answers at all; whatever its answer, and however long the name service takes."""
    results: list[bool] = []
    probe = threading.Thread(target=lambda: results.append(_responds(address, seconds)), daemon=True)
    probe.start()
    probe.join(seconds)
    return results == [True]


def _responds(address: str, seconds: float) -> bool:
    try:
        request = urllib.request.Request(address, method="HEAD")  # noqa: S310 - the hub's or timm's own address
        urllib.request.urlopen(request, timeout=seconds).close()  # noqa: S310
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        # A certificate that is not trusted here may be trusted by the client that downloads.
        return isinstance(error.reason, ssl.SSLError)
    except (OSError, HTTPException, ValueError):
        return False
    return True


def _from_hub(name: str, repository: str, filename: str | None) -> Path:
    repository, _, revision = repository.partition("@")
    files = (filename,) if filename else FILES
    for file in files:
        cached = try_to_load_from_cache(repository, file, revision=revision or None)
        if isinstance(cached, str):
            return Path(cached)
    remedy = f"fetch {files[0]} of {repository} on the Hugging Face hub"
    if constants.HF_HUB_OFFLINE:
        raise _not_to_be_had(name, "HF_HUB_OFFLINE is set", remedy)
    if not reachable(constants.ENDPOINT):
        raise _not_to_be_had(name, "the hub cannot be reached", remedy)
    problem = "there is no such file"
    for file in files:
        try:
            return Path(hf_hub_download(repository, file, revision=revision or None))
        except FAILURES as error:
            problem = first_line(error)
            if not isinstance(error, EntryNotFoundError) or isinstance(error, LocalEntryNotFoundError):
                break
    raise _not_to_be_had(name, problem, remedy)


def _from_url(name: str, url: str) -> Path:
    """A file outside the hub, kept where torch keeps such files."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / os.path.basename(url)  # noqa: PTH119 - of a URL
    if path.is_file():
        return path
    remedy = f"fetch {url}"
    if not reachable(url):
        raise _not_to_be_had(name, "its server cannot be reached", remedy)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), progress=False)
    except (OSError, HTTPException, RuntimeError) as error:
        raise _not_to_be_had(name, first_line(error), remedy) from error
    return path


def _not_to_be_had(name: str, problem: str, remedy: str) -> UsageError:
    return UsageError(
        f"model.pretrained=true: the weights of {name} are not in the cache and cannot be downloaded ({problem})\n"
        f"{remedy} where there is a network and give model.weights=FILE, or take model.pretrained=false"
    )
