"""Passwords that earlier versions stored do not go to the server."""

from pathlib import Path

import pytest

from sightline.tracking.presentable import presentable

HUSH = "hunter" + "2-hush"


@pytest.mark.parametrize("name", ["config.yaml", "report.html"])
def test_a_copy_without_it_is_sent(tmp_path: Path, name: str):
    (tmp_path / "config.yaml").write_text(f"tracking:\n  uri: http://me:{HUSH}@host\n")
    (tmp_path / "report.html").write_text(f"<pre>http://me:{HUSH}@host</pre>")
    before = (tmp_path / name).read_bytes()
    with presentable(tmp_path / name, name) as shown:
        assert shown.name == name
        assert "@host" in shown.read_text()
        assert HUSH not in shown.read_text()
    assert (tmp_path / name).read_bytes() == before, "the person's own file stays"
    assert not shown.exists()


def test_any_other_file_goes_as_it_is(tmp_path: Path):
    (tmp_path / "config.yaml").write_text("tracking: {uri: null}\n")
    with presentable(tmp_path / "config.yaml", "config.yaml") as shown:
        assert shown == tmp_path / "config.yaml"
