"""Tables as people and their programs write them: all say the same, or the line that is wrong is named."""

from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.run.csv_table import read_csv

ROWS = ((2, ("Müller/1.jpg", "Bär", "1.5")), (3, ("b, c.jpg", "Öl", "-2")))
TEXT = 'Path;Art;Maß\nMüller/1.jpg;Bär;1,5\n"b, c.jpg";Öl;-2\n'


def written(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_every_dialect_says_the_same(tmp_path: Path, encoding: str, ending: str, delimiter: str):
    text = TEXT.replace(";", delimiter).replace("\n", ending)
    said = f"sep={delimiter}{ending}" if delimiter == "|" else ""
    table = read_csv(written(tmp_path, said + text, encoding), "it")
    assert table.head == ("Path", "Art", "Maß")
    numbers = [table.number(cells[2]) for _, cells in table.rows]
    assert numbers == [1.5, -2]
    assert [cells[:2] for _, cells in table.rows] == [cells[:2] for _, cells in ROWS]
    assert [line - bool(said) for line, _ in table.rows] == [line for line, _ in ROWS]


@pytest.mark.parametrize("text", ["sep=;\n" + TEXT, '"sep=;"\r\n' + TEXT, "\n \n" + TEXT, "SEP=;\n" + TEXT + ";;\n\n"])
def test_excels_own_line_and_blank_lines_are_left_out(tmp_path: Path, text: str):
    table = read_csv(written(tmp_path, text), "it")
    assert table.head == ("Path", "Art", "Maß")
    assert [cells[0] for _, cells in table.rows] == ["Müller/1.jpg", "b, c.jpg"]


def test_blanks_around_cells_and_blank_columns_at_the_end(tmp_path: Path):
    table = read_csv(written(tmp_path, ' id , label ,,\n a , "x, y",,\n b,z,,,\n'), "it")
    assert table.head == ("id", "label")
    assert [cells for _, cells in table.rows] == [("a", "x, y"), ("b", "z")]


def test_columns_by_name_in_any_case(tmp_path: Path):
    table = read_csv(written(tmp_path, "ID,Label,label,Ärzte,a,A\n"), "it")
    assert [table.column(name) for name in ("id", "label", "Label", "ärzte", "none")] == [0, 2, 1, 3, None]
    with pytest.raises(UsageError, match="it: 2 columns are called Label"):
        table.column("LABEL")


def test_a_comma_is_a_decimal_point_only_where_it_parts_no_cells(tmp_path: Path):
    german = read_csv(written(tmp_path, "a;b\n1;2\n"), "it")
    assert [german.number(cell) for cell in ("1,5", "-1,5E-05", "2,0", "1.5", "-inf")] == [
        1.5,
        -1.5e-5,
        2,
        1.5,
        -float("inf"),
    ]
    for cell in ("1.234,5", "1,234,5", "", "x"):
        with pytest.raises(ValueError, match="could not convert"):
            german.number(cell)
    with pytest.raises(ValueError, match="could not convert"):
        read_csv(written(tmp_path, "a,b\n1,2\n"), "it").number("1,5")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04 a workbook", "it is a workbook"),
        ("a,b\nü,1\n".encode("cp1252") + b"\x81", "no text in UTF-8, UTF-16 or Windows-1252"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00", "no text in UTF-8"),
        ("a,b\n1,2\n1\n", "line 3: 1 cells, the head line has 2"),
        ("sep=,\na,b\n\n1,2,3\n", "line 4: 3 cells, the head line has 2"),
        ('a,b\n1,"2\n', "it, line 2: unexpected end of data"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str | bytes, says: str):
    with pytest.raises(UsageError) as refusal:
        read_csv(written(tmp_path, content), "it")
    assert says in str(refusal.value)


def test_an_empty_file_has_no_columns(tmp_path: Path):
    assert read_csv(written(tmp_path, "\n \n"), "it").head == ()
