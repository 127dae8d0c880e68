"""What a person is told stays short, whatever a message quotes."""

from sightline.errors import MOST_LETTERS, UsageError


def test_a_message_that_quotes_pages_keeps_its_beginning_and_its_end():
    assert str(UsageError("table.csv, line 3: wrong")) == "table.csv, line 3: wrong"
    text = str(UsageError(f"table.csv, line 3: {'x' * 10**6} is no number; write one"))
    assert len(text) <= MOST_LETTERS + 3
    assert text.startswith("table.csv, line 3: xxx")
    assert text.endswith("xxx is no number; write one")
