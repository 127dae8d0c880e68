"""What overrides are about."""

import pytest

from sightline.config.overrides import key_of, keys_of, root_of, without_keys


@pytest.mark.parametrize(
    ("override", "key", "root"),
    [
        ("optimizer.lr=0.1", "optimizer.lr", "optimizer"),
        ("++optimizer.lr=1=2", "optimizer.lr", "optimizer"),
        ("~model", "model", "model"),
        ("data@evaluation.ood=folder", "data@evaluation.ood", "data"),
        ("seed=3", "seed", "seed"),
    ],
)
def test_an_override_is_about_a_key(override: str, key: str, root: str):
    assert (key_of(override), root_of(override)) == (key, root)


def test_overrides_of_some_keys_are_left_out():
    given = ["seed=1", "+data.x=2", "data.y=3"]
    assert keys_of(given) == {"seed", "data.x", "data.y"}
    assert without_keys(given, {"data.x"}) == ["seed=1", "data.y=3"]
