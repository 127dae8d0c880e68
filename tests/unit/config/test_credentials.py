"""No key takes a password; what earlier versions stored is read without it."""

import logging
from pathlib import Path

import pytest
import yaml

from sightline.cli import compose_config, configure
from sightline.config import parse
from sightline.config.credentials import refuse_credentials
from sightline.errors import UsageError

HUSH = "hunter" + "2-hush"
ADDRESS = f"http://me:{HUSH}@host"


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ([f"tracking.uri={ADDRESS}"], "tracking.uri"),
        ([f"tracking.uri={ADDRESS}", "tracking.uri=null"], "tracking.uri"),
        ([f"tracking.uri=https://{HUSH}@host"], "tracking.uri"),
        ([f"'tracking.uri=https://host?token={HUSH}'"], "tracking.uri"),
        ([f"sweep.storage=postgresql://me:{HUSH}@host/x"], "sweep.storage"),
        ([f"'sweep.storage=postgresql://host/x?password={HUSH}'"], "sweep.storage"),
        ([f"runs_dir={ADDRESS}"], "runs_dir"),
        ([f"report.title=see {ADDRESS}"], "report.title"),
        ([f'variants=["tracking.uri={ADDRESS}",model.width=8]'], "variants"),
        ([f"evaluation.slices=[{ADDRESS}]"], "evaluation.slices"),
        ([f'sweep.space={{model.name:{{categorical:["{ADDRESS}",b]}}}}'], "sweep.space"),
    ],
)
def test_any_key_refuses_it_without_repeating_it(overrides: list[str], key: str):
    overrides = [override.strip("'") for override in overrides]
    with pytest.raises(UsageError, match=f"^{key}.* holds a password or token") as refused:
        configure(*overrides)
    assert HUSH not in str(refused.value)


def test_a_file_of_a_search_is_no_way_around(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text(f"storage: postgresql://me:{HUSH}@host/x\n")
    with pytest.raises(UsageError, match="PGPASSWORD"):
        configure(f"sweep={tmp_path / 'mine.yaml'}")


def test_the_remedy_is_named():
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"):
        refuse_credentials({"tracking": {"uri": ADDRESS}})


def test_a_stored_one_opens_without_it(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    content = compose_config(["mode=evaluate"])
    old = {**content, "tracking": {**content["tracking"], "uri": f"postgresql://me:{HUSH}@host/x"}}  # type: ignore[dict-item]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(old))
    logger = logging.getLogger("sightline")
    logger.addHandler(caplog.handler)
    config = parse.read(tmp_path / "config.yaml", content)
    logger.removeHandler(caplog.handler)
    assert config.tracking.uri == "postgresql://me@host/x"
    assert "holds a password or token in tracking.uri" in caplog.text
    assert HUSH not in caplog.text
