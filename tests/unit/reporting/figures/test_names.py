"""Names in figures: any script, short, told apart."""

import io
import json
import unicodedata
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from sightline.reporting import figures
from sightline.reporting.contents import ROMANISED
from sightline.reporting.figures import fonts, names
from sightline.reporting.figures.names import in_legend, legible, lettering, lines_of, shorten, shortened, width


@pytest.fixture
def no_other_fonts(monkeypatch: pytest.MonkeyPatch):
    """A machine with the font of matplotlib and no other."""
    monkeypatch.setattr(names, "font_for", lambda _: None)


@pytest.mark.usefixtures("no_other_fonts")
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("猫", "Mao"),
        ("さくら", "sakura"),
        ("고양이", "GoYangI"),
        ("🐶 dog", ":dog: dog"),
        ("猫 (cat)", "Mao (cat)"),
        ("café Жук", "café Жук"),
        ("\U000e0fff", "U+E0FFF"),
        ("a\n b", "a b"),
    ],
)
def test_what_no_font_can_write_is_written_in_latin_letters(name: str, written: str):
    assert legible(name) == written


def test_arabic_stays_as_it_is_and_numbers_stay_behind_it():
    assert legible("قطة").strip("\u200e") == "قطة"
    assert [unicodedata.bidirectional(legible("قطة")[place]) for place in (0, -1)] == ["L", "L"]


@pytest.mark.usefixtures("no_other_fonts")
def test_a_figure_says_what_it_writes_in_latin_letters():
    def said(*class_names: str) -> str | None:
        content = figures.confusion([[1, 2], [3, 4]], class_names, normalised=False)
        return Image.open(io.BytesIO(content)).info.get(ROMANISED)

    assert json.loads(said("猫", "_x") or "") == {"猫": "Mao"}
    assert said("cat", "café") is None


def test_a_font_that_has_a_character_is_taken_and_all_texts_fall_back_to_it(
    monkeypatch: pytest.MonkeyPatch, undrawn: Callable[..., Figure]
):
    monkeypatch.setattr(names, "font_for", lambda character: "STIXGeneral" if character == "ℵ" else None)
    monkeypatch.setattr(names, "base_has", lambda character: character.isascii())
    figure = undrawn(figures.confusion, [[1, 2], [3, 4]], ["ℵ one", "two"], normalised=False)
    families = {tuple(text.get_fontfamily()) for text in figure.axes[0].get_yticklabels()}
    assert families == {("DejaVu Sans", "STIXGeneral")}
    with lettering() as used:
        assert legible("ℵ") == "ℵ"
    assert list(used.families) == ["STIXGeneral"]
    assert not used.romanised


def test_fonts_of_packages_count_and_files_that_are_none_do_not(tmp_path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "mplfonts"
    (package / "fonts").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('nobody imports it')")
    (package / "fonts" / "broken.ttf").write_bytes(b"no font")
    monkeypatch.syspath_prepend(tmp_path)
    assert [path.rsplit("/", 1)[1] for path in fonts._of_packages()] == ["broken.ttf"]
    fonts._add(str(package / "fonts" / "broken.ttf"))
    assert fonts._characters("a family that is not installed") == frozenset()


def test_names_are_cut_in_the_middle_and_where_they_differ():
    assert shorten("Canis lupus familiaris", 12) == "Canis l…aris"
    young, old = shortened(["Canis lupus familiaris (young ones)", "Canis lupus familiaris (adult ones)"], 16)
    assert ("you" in young, "adu" in old) == (True, True), (young, old)
    many = shortened([f"subspecies number {i} of the list" for i in range(1000)], 18)
    assert len(set(many)) == 1000
    assert max(map(width, many)) <= 18
    same = "x" * 40
    assert len(set(shortened([f"{same}a{same}", f"{same}b{same}", f"{same}b{same}"], 20)[:2])) == 2
    assert shortened(["short", "names"], 18) == ["short", "names"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text(alphabet="ab猫é ", min_size=1, max_size=30), unique_by=lambda t: " ".join(t.split()), max_size=20)
)
def test_shortened_names_fit_and_differ_as_the_names_do(found: list[str]):
    short = shortened(found, 12)
    assert all(width(name) <= 12 for name in short)
    assert len(set(short)) == len(found)


def test_a_legend_shows_names_that_begin_with_an_underscore(undrawn: Callable[..., Figure]):
    points = np.random.default_rng(0).normal(size=(40, 2))
    figure = undrawn(figures.embedding, points, np.arange(40) % 2, ["_x", "y"])
    assert [text.get_text().strip("\u200b") for text in figure.legends[0].get_texts()] == ["_x", "y"]
    probabilities = np.full((40, 3), 1 / 3)
    legend = undrawn(figures.roc_curves, probabilities, np.arange(40) % 3, ["_x", "_y", "z"]).axes[0].get_legend()
    assert legend is not None
    assert sum("_" in text.get_text() for text in legend.get_texts()) == 2
    assert in_legend("plain") == "plain"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("cat", ["cat"]),
        ("airplane turned by", ["airplane", "turned by"]),
        ("a cat upside down", ["a cat", "upside down"]),
        ("abcdefghijklmnop", ["abcdefghijkl", "mnop"]),
        ("abcdefghijklmn o", ["abcdefghijkl", "mn o"]),
        ("\u732b" * 8, ["\u732b" * 6, "\u732b" * 2]),
    ],
)
def test_long_names_take_two_lines(name: str, lines: list[str]):
    assert lines_of(name, 12) == lines
