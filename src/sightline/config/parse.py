"""From a composed mapping to a `Config`, with errors a person can use.

The same parse reads a new command and a run's stored `config.yaml`.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from sightline.config import later_keys
from sightline.config.base import AUTO
from sightline.config.credentials import refuse_credentials, without_credentials
from sightline.config.flatten import dotted_items, flatten, texts
from sightline.config.groups import BASES, CHANGEABLE, FIXED_BY_TRAINING, RESULT_NEUTRAL, TAKES_AUTO
from sightline.config.model import ModelConfig
from sightline.config.schema import Config
from sightline.config.suggestions import did_you_mean, did_you_mean_key
from sightline.config.yaml_files import read_yaml
from sightline.errors import UsageError
from sightline.machine.text import is_text

logger = logging.getLogger(__name__)

UNIONS = frozenset({"data", "model", "freezing", "optimizer", "scheduler"})
"""Groups whose model is picked by `name`; pydantic puts the pick into an error's location, a person never typed it."""


WIDEST = 2**63
"""What whole numbers of 64 bits stay below."""


def parse(content: Mapping[str, object], origin: str = "the configuration") -> Config:
    """Check a whole configuration and freeze it.

    Args:
        content: plain dicts, lists and scalars, as composed or as stored.
        origin: what an error without a key is about.

    Raises:
        UsageError: the first thing that is wrong, named by its dotted key, and how many more there are.
    """
    refuse_credentials(content)
    for key, text in texts(content):
        if "\0" in text:
            raise UsageError(f"{key} holds a zero byte, which no path or name may")
        if not is_text(text):
            raise UsageError(f"{key}={text} is no text in UTF-8; rename it, or give a link or the folder above")
    _refuse_huge(content)
    try:
        return Config.model_validate_json(json.dumps(content))
    except ValidationError as error:
        problems = list(_once(error.errors(include_url=False)))
        # An unknown key explains a missing one, so it goes first.
        problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UsageError(_message(problems[0], content, origin) + more) from error
    except TypeError as error:  # YAML knows dates and sets
        raise UsageError(f"{origin} holds what is no number, text, list or mapping: {error}") from error


def read(path: Path, today: Mapping[str, object]) -> Config:
    """Read a stored configuration.

    Args:
        path: the file.
        today: a configuration of this version. Keys of changeable groups that came after the file was written, and
            change nothing of what was trained, are taken from it. Passwords and tokens, which earlier versions took,
            are left out.

    Raises:
        UsageError: it is missing, no YAML, or not a configuration that this version can take on.
    """
    content, held = without_credentials(load(path))
    if held:
        logger.warning("%s holds a password or token in %s, which is left out", path, " and ".join(dict.fromkeys(held)))
    later_keys.rename(content)
    for group in CHANGEABLE:
        stored = content.setdefault(group, {})
        new = today[group]
        if isinstance(stored, dict) and isinstance(new, Mapping):
            content[group] = {**new, **stored}
    later_keys.fill(content)
    return parse(content, origin=str(path))


def read_model(path: Path) -> ModelConfig:
    """The model of a stored configuration.

    Raises:
        UsageError: the file is missing, no YAML, or knows no model of this version.
    """
    content = load(path)
    later_keys.fill(content)
    try:
        found: ModelConfig = TypeAdapter(ModelConfig).validate_json(json.dumps(content.get("model")))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(["model", *map(str, problem["loc"])])
        raise UsageError(f"{path}: {place}: {problem['msg']}") from error
    return found


def load(path: Path) -> dict[str, object]:
    """Read a file of YAML.

    Raises:
        UsageError: it cannot be read, is no YAML in UTF-8, or no mapping.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UsageError(f"{path} holds no configuration")
    return content


def to_yaml(config: Config) -> str:
    """The configuration as YAML that `read` takes back."""
    return dump(config.model_dump(mode="json"))


def dump(content: Mapping[str, object]) -> str:
    """Plain values as YAML."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def trained_part(config: Config) -> dict[str, object]:
    """What training fixes, as plain values; keys that came later only where they say something new."""
    content: dict[str, object] = config.model_dump(mode="json", include=set(FIXED_BY_TRAINING))
    later_keys.leave_out(content)
    return content


def config_hash(config: Config) -> str:
    """Eight hexadecimal digits of what training fixes, the seed left out: runs of one configuration share it."""
    content = trained_part(config)
    del content["seed"]
    silent = {*RESULT_NEUTRAL, *(base for rate, base in BASES.items() if flatten(content).get(rate) != AUTO)}
    for group, values in content.items():
        if isinstance(values, dict):
            content[group] = {key: value for key, value in values.items() if f"{group}.{key}" not in silent}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]


def keys(content: Mapping[str, object]) -> list[str]:
    """All dotted keys of a configuration, groups included."""
    return [key for key, _ in dotted_items(content)]


def _refuse_huge(content: Mapping[str, object]) -> None:
    """Refuse whole numbers beyond 64 bits, which neither arrays nor random generators take.

    Raises:
        UsageError: there is one.
    """
    for key, value in dotted_items(content):
        for number in value if isinstance(value, list | tuple) else [value]:
            if isinstance(number, int) and not -WIDEST <= number < WIDEST:
                raise UsageError(f"{key}={number} is beyond 64 bits; it takes whole numbers below 2^63")


def _once(problems: Iterable[ErrorDetails]) -> Iterator[ErrorDetails]:
    """The problems, of values missing at the end of a list the last alone, which says how many there should be."""
    short: dict[tuple[int | str, ...], ErrorDetails] = {}
    for problem in problems:
        if problem["type"] == "missing" and isinstance(problem["loc"][-1], int):
            short[problem["loc"][:-1]] = problem
        else:
            yield problem
    yield from short.values()


def _message(problem: ErrorDetails, content: Mapping[str, object], origin: str) -> str:
    place = [str(part) for part in problem["loc"]]
    if len(place) > 1 and place[0] in UNIONS:
        del place[1]
    if place[:2] == ["sweep", "space"]:
        del place[3:4]  # which of the shapes of a dimension it has
    key = ".".join(place)
    got = json.dumps(problem["input"], default=str)
    match problem["type"]:
        case "extra_forbidden":
            return f"unknown key {key}{did_you_mean_key(key, keys(content))}"
        case "missing" if isinstance(last := problem["loc"][-1], int):
            return f"{'.'.join(place[:-1])}={got} holds {len(problem['input'])} values, and it takes {last + 1}"
        case "missing":
            return f"{key} is missing in {origin}"
        case "union_tag_invalid" | "union_tag_not_found":
            tags = problem.get("ctx", {}).get("expected_tags", "a name")
            return f"{key}.name={_name(problem['input'])} names no {key}; it takes {tags}"
        case "literal_error":
            expected = problem["ctx"]["expected"]
            return f"{key}={got} must be {expected}{did_you_mean(str(problem['input']), _words(expected))}"
        case "string_pattern_mismatch":
            return f"{key}={got} must be a plain name: letters a to z, digits, ., _ and -, 100 at most, no sign first"
        case "too_short":
            least = int(problem["ctx"]["min_length"])
            return f"{key}={got} holds {len(problem['input'])} values, and it takes {least} or more"
        case "value_error":
            reason = str(problem["ctx"]["error"])
            return f"{key}: {reason}" if key else reason
        case _:
            rule = ", or auto" if key in TAKES_AUTO else ""
            return f"{key}={got}: {problem['msg'].replace('Input should be', 'it must be')}{rule}"


def _name(value: object) -> object:
    return value.get("name") if isinstance(value, Mapping) else value


def _words(expected: str) -> list[str]:
    return [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
