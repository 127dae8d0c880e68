from sightline.machine import provenance as module
from sightline.machine.provenance import provenance


def test_an_image_knows_the_commit_it_was_built_from(monkeypatch):
    monkeypatch.setenv("SIGHTLINE_REVISION", "4f2c9d1")
    assert provenance([], "")["git"] == {"commit": "4f2c9d1", "dirty": False}
    monkeypatch.setenv("SIGHTLINE_REVISION", "4f2c9d1-dirty")
    assert provenance([], "")["git"] == {"commit": "4f2c9d1-dirty", "dirty": True}


def test_a_package_that_is_not_there_is_named_and_costs_nothing(monkeypatch):
    monkeypatch.setattr(module, "PACKAGES", ("numpy", "no-such-package"))
    packages = provenance([], "")["packages"]
    assert list(packages) == ["numpy", "no-such-package"]
    assert packages["numpy"][0].isdigit()
    assert packages["no-such-package"] == "not installed"
