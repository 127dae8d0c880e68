"""Published weights: the cache first, then a download, and no waiting for a network that is not there."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from safetensors.torch import save_file

from sightline.config.model import TimmModel
from sightline.errors import UsageError
from sightline.models import hub
from sightline.models.build import build_model, input_facts
from sightline.models.timm_models import published_facts


def pretrained(name: str) -> TimmModel:
    return TimmModel(
        name=name, pretrained=True, weights=None, weights_key=None, drop_rate=0.0, drop_path_rate=0.0, cbam=False
    )


@pytest.fixture
def published(tmp_path: Path) -> tuple[Path, torch.nn.Module]:
    model = timm.create_model("test_vit")
    save_file({key: tensor.contiguous() for key, tensor in model.state_dict().items()}, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors", model


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda *_, **__: None)
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def test_a_cached_file_needs_no_network(
    monkeypatch: pytest.MonkeyPatch, published: tuple[Path, torch.nn.Module]
) -> None:
    path, model = published
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda _, file, **__: str(path.parent / file))
    monkeypatch.setattr(hub, "reachable", lambda *_: pytest.fail("the network was asked"))
    built = build_model(pretrained("test_vit"), {"label": 4}, 160)
    assert torch.equal(built.blocks[0].attn.qkv.weight, model.blocks[0].attn.qkv.weight)
    assert build_model(pretrained("test_vit"), {"label": 4}, 32).pos_embed.shape[1] == 65


def test_a_reachable_hub_is_asked_for_the_file(
    monkeypatch: pytest.MonkeyPatch, published: tuple[Path, torch.nn.Module]
) -> None:
    path, model = published
    asked: list[tuple[Any, ...]] = []

    def download(repository: str, file: str, revision: str | None) -> str:
        asked.append((repository, file, revision))
        return str(path)

    monkeypatch.setattr(hub, "reachable", lambda *_: True)
    monkeypatch.setattr(hub, "hf_hub_download", download)
    built = build_model(pretrained("test_vit"), {"label": 4}, 160)
    assert asked == [("timm/test_vit.r160_in1k", "model.safetensors", None)]
    assert torch.equal(built.cls_token, model.cls_token)


def test_a_repository_without_safetensors_gives_its_other_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(_: str, file: str, **__: object) -> str:
        if file.endswith(".safetensors"):
            raise EntryNotFoundError("404")
        return file

    monkeypatch.setattr(hub, "reachable", lambda *_: True)
    monkeypatch.setattr(hub, "hf_hub_download", download)
    assert hub.fetch("test_vit", published_facts("test_vit")) == Path("pytorch_model.bin")


@pytest.mark.parametrize("name", ["test_vit", "resnet18.tv_in1k"])
def test_without_a_network_the_error_says_what_to_fetch_and_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(hub.constants, "ENDPOINT", "https://no-such-host.invalid")
    started = time.monotonic()
    with pytest.raises(UsageError) as caught:
        build_model(pretrained(name), {"label": 4}, 32)
    assert time.monotonic() - started < 8
    message = str(caught.value)
    repository = published_facts(name).hf_hub_id
    assert f"the weights of {name} " in message
    assert f"fetch model.safetensors of {repository} " in message
    assert "model.weights=FILE" in message
    assert message.count("\n") == 1


def test_a_network_that_breaks_is_the_same_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: object, **__: object) -> str:
        raise LocalEntryNotFoundError("the line went dead")

    monkeypatch.setattr(hub, "reachable", lambda *_: True)
    monkeypatch.setattr(hub, "hf_hub_download", download)
    with pytest.raises(UsageError, match=r"the line went dead[\s\S]*model\.weights=FILE"):
        build_model(pretrained("test_vit"), {"label": 4}, 32)


def test_offline_by_wish_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="HF_HUB_OFFLINE is set"):
        build_model(pretrained("test_vit"), {"label": 4}, 32)


def test_weights_outside_the_hub_are_fetched_by_address(monkeypatch: pytest.MonkeyPatch) -> None:
    published = published_facts("gcvit_xxtiny")
    monkeypatch.setattr(hub, "reachable", lambda *_: False)
    with pytest.raises(UsageError, match=r"fetch https://.*gcvit_xxtiny.*\.pth"):
        hub.fetch("gcvit_xxtiny", published)
    monkeypatch.setattr(hub, "reachable", lambda *_: True)
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda _, path, **__: Path(path).write_bytes(b"weights"))
    path = hub.fetch("gcvit_xxtiny", published)
    assert path.read_bytes() == b"weights"
    monkeypatch.setattr(hub, "reachable", lambda *_: pytest.fail("the network was asked"))
    assert hub.fetch("gcvit_xxtiny", published) == path


def test_a_model_without_published_weights_is_refused() -> None:
    name = sorted(set(timm.list_models()) - {one.partition(".")[0] for one in timm.list_models(pretrained=True)})[0]
    with pytest.raises(UsageError, match=f"publishes no weights of {name}"):
        hub.fetch(name, published_facts(name))


def test_a_damaged_cached_file_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_text("no weights")
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda *_, **__: str(tmp_path / "model.safetensors"))
    with pytest.raises(UsageError, match=r"model\.safetensors cannot be loaded as weights of test_vit.*delete it"):
        build_model(pretrained("test_vit"), {"label": 4}, 160)


def test_facts_of_the_input_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "reachable", lambda *_: pytest.fail("the network was asked"))
    assert input_facts(pretrained("vit_base_patch16_224")).mean == (0.5, 0.5, 0.5)


# ---------------------------------------------------------------- the probe


@pytest.fixture
def silent_server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_answers_anything_is_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert hub.reachable(f"http://127.0.0.1:{server.getsockname()[1]}", 3.0)


def test_a_server_that_keeps_silent_is_not(silent_server: str) -> None:
    started = time.monotonic()
    assert not hub.reachable(silent_server, 0.3)
    assert time.monotonic() - started < 2


def test_a_slow_name_service_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        time.sleep(1.0)
        raise OSError

    monkeypatch.setattr(hub.urllib.request, "urlopen", slow)
    started = time.monotonic()
    assert not hub.reachable("http://127.0.0.1", 0.2)
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "https://no-such-host.invalid", "nonsense"])
def test_nobody_there_is_not_reachable(address: str) -> None:
    assert not hub.reachable(address, 3.0)
