from sightline.machine.provenance import provenance


def test_an_image_knows_the_commit_it_was_built_from(monkeypatch):
    monkeypatch.setenv("SIGHTLINE_REVISION", "4f2c9d1")
    assert provenance([], "")["git"] == {"commit": "4f2c9d1", "dirty": False}
    monkeypatch.setenv("SIGHTLINE_REVISION", "4f2c9d1-dirty")
    assert provenance([], "")["git"] == {"commit": "4f2c9d1-dirty", "dirty": True}
