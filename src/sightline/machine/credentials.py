"""Passwords and tokens in text: found, so that they are not taken; hidden, so that they are not shown or kept."""

import os
import re
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "***"
_DATABASE: Final = r"(?:postgres\w*|mysql|mariadb|mssql|oracle|cockroachdb)(?:\+\w+)?"
_NAMES_A_USER: Final = rf"{_DATABASE}|ssh|sftp|scp|ftp|hdfs|abfss?|wasbs?"
"""Schemes in which what stands alone before the @ is a name, not a token."""
_SCHEME: Final = r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}"
_USER: Final = r"[^\s/?#:@\[]{0,200}"
_TO_AT: Final = r"@?[^@\n]{1,300}@(?:[^\s@/?#]{0,300}@)*"
"""Up to the last @: nothing says that a password was written with its own @ and / encoded. Lengths are bounded, so that
no text takes long."""
_PORT: Final = r"\d{0,5}(?:[/?#\s,;'\")\]]|$)"
_WORDS: Final = (
    r"(?:token|passwd|password|passphrase|pwd|secret|credential|signature|auth(?!or)"
    r"|(?:api|access|private)[_-]?key)"
)
_ADDRESSES: Final = (
    re.compile(rf"(?P<kept>(?<![A-Za-z0-9+.-]){_DATABASE}://{_USER}:){_TO_AT}", re.IGNORECASE),
    re.compile(rf"(?P<kept>{_SCHEME}://{_USER}:)(?!{_PORT}){_TO_AT}"),
    re.compile(
        rf"(?P<kept>(?<![A-Za-z0-9+.-])(?!(?:{_NAMES_A_USER})://){_SCHEME}://)[^\s/?#@]{{1,300}}@", re.IGNORECASE
    ),
)
_QUERY: Final = re.compile(
    rf"(?P<kept>[?&;#](?:[^=&;#?\s]{{0,40}}{_WORDS}[^=&;#?\s]{{0,40}}|key|pass|sig)=)[^&;#\s]+", re.IGNORECASE
)
_ENCODED: Final = re.compile(
    rf"(?P<kept>%(?:3B|3F|26)[\w-]{{0,40}}?{_WORDS}[\w-]{{0,40}}%3D)(?:(?!%(?:3B|26))[^&\s])+", re.IGNORECASE
)
"""A query within a query, as ODBC has them."""
_ASSIGNED: Final = re.compile(rf"(?P<kept>(?<![\w.?&;#-])[\w.-]{{0,40}}{_WORDS}[\w-]{{0,40}}=)[^\s,;&]+", re.IGNORECASE)
_BARE: Final = re.compile(r"(?P<kept>(?<![\w/:.@-])[\w.+-]{1,64}:)[^\s@:/]{1,300}@(?=[\w\[])")
"""An address whose scheme was forgotten; a path or a text may look the same, so it is hidden but not refused."""
_HEADER: Final = re.compile(r"(?P<kept>\b(?:basic|bearer) +)[\w.~+/=-]{8,}", re.IGNORECASE)
_SECRET_NAME: Final = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|(?:^|_)(?:TOKEN|PWD|CREDENTIALS?|(?:API_?|ACCESS_?|PRIVATE_?)KEY)(?:_|$)"
)
_NO_SECRETS: Final = frozenset({"PWD", "OLDPWD"})
_SHORTEST: Final = 6
"""A shorter value of a variable may stand in any text by chance."""


def has_credential(text: str) -> bool:
    """Whether an address in a text holds a password or a token, before its @ or in its query."""
    return any(pattern.search(form) for form in (text, unquote(text)) for pattern in (*_ADDRESSES, _QUERY))


def hidden(text: str) -> str:
    """A text with `***` in place of passwords and tokens.

    Those in addresses, queries, assignments and headers, and those that variables of this process hold wherever they
    stand.
    """
    for secret in _secrets_of_environment():
        text = text.replace(secret, HIDDEN)
    for pattern in (*_ADDRESSES, _QUERY, _ENCODED, _ASSIGNED, _BARE, _HEADER):
        text = pattern.sub(_masked, text)
    return text


def without_credential(address: str) -> str:
    """An address without its password, its token and what its query says in secret; a user's name stays."""
    for pattern in _ADDRESSES:
        address = pattern.sub(_bare, address)
    return _QUERY.sub(lambda found: found["kept"][0], address).rstrip("?&;#") if _QUERY.search(address) else address


def _masked(found: re.Match[str]) -> str:
    at = "@" if found[0].endswith("@") else ""
    return f"{found['kept']}{HIDDEN}{at}"


def _bare(found: re.Match[str]) -> str:
    """What stands before the host: the scheme, and the name of a user if there is one."""
    user = found["kept"].rpartition("/")[2].removesuffix(":")
    return found["kept"].removesuffix(":") + ("@" if user else "")


def _secrets_of_environment() -> list[str]:
    """What the variables of this process hold in secret, the longest first, written plain and percent-encoded."""
    found: set[str] = set()
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name.upper()) and name not in _NO_SECRETS and not value.startswith("/"):
            found.add(value)
        elif "://" in value:
            found.update(secret for pattern in _ADDRESSES for secret in _passwords(pattern, value))
    found |= {unquote(secret) for secret in found}
    return sorted((secret for secret in found if len(secret) >= _SHORTEST), key=len, reverse=True)


def _passwords(pattern: re.Pattern[str], address: str) -> list[str]:
    return [found[0].removeprefix(found["kept"]).removesuffix("@") for found in pattern.finditer(address)]
