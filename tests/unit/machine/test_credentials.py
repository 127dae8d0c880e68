"""What is a password in a text and what is none; that nothing of it is shown; that no text takes long."""

import time

import pytest

from sightline.machine.credentials import has_credential, hidden, without_credential

HUSH = "hunter" + "2-hush"
HELD = {
    "http://me:{}@host": "http://host",
    "https://{}@host/x": "https://host/x",
    "http://:{}@h": "http://h",
    "HTTP://ME:{}@H": "HTTP://H",
    "http://u:{}/x@host": "http://host",
    "http://u:@{}@host/x": "http://host/x",
    "http://u:my {}@host": "http://host",
    "http://u%3A{}@h": "http://h",
    "git+https://{}@h": "git+https://h",
    "s3://me:{}@bucket/x": "s3://bucket/x",
    "postgresql://me:{}@h/db": "postgresql://me@h/db",
    "postgresql+psycopg://me:12/{}@h": "postgresql+psycopg://me@h",
    "postgresql://h/db?user=a&password={}": "postgresql://h/db?user=a",
    "https://h/x?token={}": "https://h/x",
    "https://h/x?a=1&access_token={}": "https://h/x?a=1",
    "https://h/x?X-Amz-Signature={}": "https://h/x",
    "https://h/x#access_token={}": "https://h/x",
    "http://[::1]:80/?key={}": "http://[::1]:80/",
    "optimizer.lr=1 tracking.uri=http://u:{}@host limit=2": "optimizer.lr=1 tracking.uri=http://host limit=2",
}
CLEAN = (
    "http://host:80/a@b", "http://host/x", "sqlite:////tmp/a@b.db", "postgresql://me@host/db", "journal:///x@y:z",
    "postgresql://me@h:5432/db", "/data/a@b:c", "x: y@z", "abfss://box@account.example", "https://host:8080",
    "by a@b http://host:80 x@y", "http://h/?author=me", "http://[::1]:8080/x@y", "file:///a:b/c@d", "postgresql://me:@h",
    "training.epochs=3", "http://h/?page=2&tokenizer", "postgresql://h:5432/db", "the token is lost", "",
)  # fmt: skip


@pytest.mark.parametrize("form", HELD)
def test_a_password_or_token_is_found_hidden_and_left_out(form: str):
    text = form.format(HUSH)
    assert has_credential(text)
    assert HUSH not in hidden(f"{text}: refused")
    assert "***" in hidden(text)
    assert without_credential(text) == HELD[form]
    assert not has_credential(HELD[form])


@pytest.mark.parametrize("text", CLEAN)
def test_other_text_stays_as_it_is(text: str):
    assert not has_credential(text)
    assert hidden(text) == without_credential(text) == text


@pytest.mark.parametrize(
    "form", ["PGPASSWORD={}", "host=h password={} user=u", "Authorization: Bearer {}", "at me:{}@host"]
)
def test_what_libraries_quote_is_hidden(form: str):
    assert HUSH not in hidden(form.format(HUSH))


def test_within_a_query_it_may_be_encoded():
    text = f"mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3D{HUSH}%3B"
    assert has_credential(text)
    assert HUSH not in hidden(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_TRACKING_PASSWORD", HUSH),
        ("GITLAB_TOKEN", HUSH),
        ("https_proxy", f"http://me:{HUSH}@proxy:1"),
        ("https_proxy", f"http://me:{HUSH.replace('-', '%2D')}@proxy:1"),
    ],
)
def test_what_variables_hold_is_hidden_wherever_it_stands(name: str, value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, value)
    assert hidden(f"no route for '{HUSH}'") == "no route for '***'"


def test_variables_that_name_a_place_or_say_little_hide_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGPASSWORD", "test")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/keys/mine.json")
    assert hidden("the test split, /keys/mine.json") == "the test split, /keys/mine.json"


@pytest.mark.parametrize("piece", ["a", "://", "a://b:", "?token", "a.b-", "token", "@", "a://b:c@", "%3BPWD"])
def test_no_text_takes_long(piece: str):
    began = time.process_time()
    hidden(piece * (300_000 // len(piece)))
    assert time.process_time() - began < 10
