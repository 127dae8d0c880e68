"""Passwords and tokens in a configuration, which every run stores: refused in a new one, left out of a stored one."""

from collections.abc import Mapping, Sequence

from sightline.config.flatten import texts
from sightline.config.overrides import key_of
from sightline.errors import UsageError
from sightline.machine.credentials import has_credential, without_credential

REMEDIES: Mapping[str, str] = {
    "tracking.uri": (
        "put it in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or in MLFLOW_TRACKING_TOKEN; "
        "that of a database in PGPASSWORD or ~/.pgpass"
    ),
    "sweep.storage": "put it in PGPASSWORD or ~/.pgpass",
}
"""Where the credentials of a key go instead."""
ELSEWHERE = "leave it out, and put it where the server's own client looks for it"


def refuse_credentials(content: Mapping[str, object]) -> None:
    """Refuse addresses with a password or a token, in any key; the message does not repeat them.

    Raises:
        UsageError: there is one.
    """
    for key, text in texts(content):
        if has_credential(text):
            raise UsageError(f"{key} holds a password or token, which runs would keep; {REMEDIES.get(key, ELSEWHERE)}")


def refuse_credentials_in_overrides(overrides: Sequence[str]) -> None:
    """Refuse them as typed, also where a later override takes the place of this one: runs keep the command.

    Raises:
        UsageError: there is one.
    """
    for override in overrides:
        refuse_credentials({key_of(override): override.partition("=")[2] or override})


def without_credentials(content: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """A stored configuration without passwords and tokens, which earlier versions took, and the keys they stood in."""
    found = [key for key, text in texts(content) if has_credential(text)]
    return ({key: _stripped(value) for key, value in content.items()} if found else dict(content)), found


def _stripped(value: object) -> object:
    if isinstance(value, str):
        return without_credential(value) if has_credential(value) else value
    if isinstance(value, Mapping):
        return {key: _stripped(inner) for key, inner in value.items()}
    return [_stripped(inner) for inner in value] if isinstance(value, list | tuple) else value
