"""Paths as people have them, and what becomes of them on the way from the command line into the configuration."""

import subprocess
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from sightline.cli import compose_config
from sightline.config.flatten import flatten
from sightline.config.text_keys import text_keys
from sightline.config.typed_text import as_typed
from sightline.errors import UsageError
from tests.conftest import ROOT, Command

AS_TYPED = (
    "pics", "./pics", "../pics", "pics/", "pics//", ".", "..", "/", "~", "~/pics", "~/my pics", "~anna/pics", "~x",
    "my pics", "my  pics", " pics", "pics ", "data (1)", "data(1)", "(1)", "[1] data", "data [1]", "{a}", "a{b}c",
    "müller", "猫", "Ünï cødé", "фото", "صور", "🐜 und 🐝", "a=b", "=a", "a==b", "x#y", "#1", "it's", "'tis", "a'b'c",
    'say "cheese"', '"a" and "b"', "'a' b'", "a,b", "a, b", ",a", "a:b", "C:/pics", r"C:\pics", r"C:\pics (x86)\new",
    "\\\\host\\share", "back\\", "1e3", "1_000", "007", "2024", "-5", "3.14", "inf", "nan", "true", "False", "off",
    "$x", "$HOME", "a$", "100%", "a&b", "a;b", "a|b", "a*b?", "a!b", "a^b", "a<b>c", "a@b", "a+b", "~a=b~", "`a`",
    "tab\there", "new\nline", "???", "None", "choice(a,b)", "range(1,3)", "str(1)", "a${", "file:///home/anna/pics",
    "s3://bucket/key?x=1&y=2", "x" * 300,
)  # fmt: skip
"""Each means itself."""
OTHERWISE = {
    "'quoted'": "quoted",
    '"quoted (1)"': "quoted (1)",
    '"1e3"': "1e3",
    "'null'": "null",
    r"'it\'s'": "it's",
    r'"a\"b"': 'a"b',
    "'~/pics'": "~/pics",
    r"data\ \(1\)": "data (1)",
    r"a\=b": "a=b",
    "null": None,
    "NULL": None,
    '"\\${x}"': "${x}",
    "${model.name}": "cnn",
    "'by ${model.name}'": "by cnn",
}
"""What quotes, backslashes, `null` and references to keys meant before, they mean still."""
LISTS = {
    "[]": [],
    "[a,b]": ["a", "b"],
    "[ a , b c ]": ["a", "b c"],
    "[a (1).jpg,it's,猫,1e3,a=b]": ["a (1).jpg", "it's", "猫", "1e3", "a=b"],
    "[\"b, c\",'d']": ["b, c", "d"],
    "[a(1,2).jpg,{x,y}]": ["a(1,2).jpg", "{x,y}"],
    "[a(1,b]": ["a(1", "b"],
    "[[1],2]": ["[1]", "2"],
    "['a','b' c]": ["a", "'b' c"],
    "[~/a,null]": ["~/a", "null"],
}


def read(override: str) -> object:
    """What Hydra and OmegaConf make of an override."""
    value = OverridesParser.create().parse_override(as_typed(override)).value()
    config = OmegaConf.create({"value": value, "model": {"name": "cnn"}})
    return OmegaConf.to_container(config, resolve=True)["value"]


@pytest.mark.parametrize("typed", [text for text in AS_TYPED if "${" not in text])
def test_a_path_means_what_was_typed(typed: str):
    assert read(f"data.root={typed}") == typed


@pytest.mark.parametrize(("typed", "meant"), OTHERWISE.items())
def test_quotes_references_and_null_mean_what_they_did(typed: str, meant: str | None):
    assert read(f"report.title={typed}") == meant


@pytest.mark.parametrize(("typed", "meant"), LISTS.items())
def test_each_element_of_a_list_is_text_of_its_own(typed: str, meant: list[str]):
    assert read(f"input={typed}") == meant
    assert read(f"evaluation.slices={typed}") == meant
    assert read(f"data.root={typed}") == typed, "this key takes no list"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20) | st.text("\\'\"[]{}()$,=~ #:a1", max_size=12))
def test_any_text_means_itself_in_quotes_or_without(text: str):
    element = f"{text.replace(',', '')} x".strip()
    for typed, override in ((text, f"data.root={text}"), (element, f"input=[{element},y]")):
        is_special = typed.lower() in {"", "null"} or "${" in typed or typed[0] in {"'", '"'} or "\\" in typed
        if not (is_special or "\0" in typed):
            assert read(override) == (typed if override.startswith("data") else [typed, "y"])


def test_a_whole_configuration_holds_them():
    there = flatten(compose_config(["data=csv", "evaluation.ood=csv"]))
    keys = [key for key, kind in text_keys().items() if kind != "list" and key in there]
    texts = dict(zip(keys, [text for text in AS_TYPED if "${" not in text][::3], strict=False))
    content = compose_config(["data=csv", "evaluation.ood=csv", *(f"{key}={text}" for key, text in texts.items())])
    assert {key: flatten(content)[key] for key in texts} == texts


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("input=[a,]", "empty element; a list is written [a,b]"),
        ("data.root=a${", """written '"\\${…}"'"""),
        ("data.root=/a/${x}", """written '"\\${…}"'"""),
        ("report.title=(${model.name})", """text is written 'report.title="(${model.name})"'"""),
        ("optimizer.lr=[", "a list is written [a,b]"),
        ("evaluation.slices=a,b", "a list is written [a,b]"),
        ("data.rot=~/pics", "unknown key data.rot"),
    ],
)
def test_what_cannot_be_text_is_told_in_plain_words(override: str, says: str):
    with pytest.raises(UsageError) as refused:
        compose_config(["data=folder", override])
    assert says in str(refused.value)


def test_a_number_that_is_none_is_told_by_what_its_key_takes(sightline: Command):
    assert 'training.epochs="~5": it must be a valid integer' in sightline("demo", "training.epochs=~5").err


def test_run_sh_takes_them(tmp_path: Path):
    given_texts = {
        "data.root": "~/data (1)", "report.title": "it's müller's 猫", "tracking.experiment": "1e3",
        "model.weights": "a=b", "tracking.uri": "x#y", "runs_dir": "[b]", "output": "$x {a}",
    }  # fmt: skip
    words = [f"{key}={text}" for key, text in given_texts.items()]
    shown = subprocess.run(
        ["bash", ROOT / "run.sh", "--cfg", "job", "data=folder", *words, "input=[data (1)/, b'c]"],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    content = yaml.safe_load(shown.stdout)
    assert {key: flatten(content)[key] for key in given_texts} == given_texts
    assert content["input"] == ["data (1)/", "b'c"]


def test_variants_need_no_quotes_of_their_own():
    typed = as_typed("variants=[model=cnn,model=resnet optimizer.lr=1e-3]")
    assert compose_config(["data=digits", typed])["variants"] == ["model=cnn", "model=resnet optimizer.lr=1e-3"]
