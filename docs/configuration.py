"""Writes docs/configuration.md from conf/ and the schema: `bash run.sh docs/configuration.py`."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.append(str(Path(__file__).parent))

from schema_in_words import code, in_words, schema_of

from sightline.config.groups import CHANGEABLE, FIXED_BY_TRAINING, RESULT_NEUTRAL, STUDY_KEYS

CONF = Path(__file__).parents[1] / "conf"
PAGE = Path(__file__).with_suffix(".md")
LEFT_TO_THE_MODEL = ("fit", "sweep.metric")  # the command line knows auto, which no configuration holds
LONGEST = 60  # characters of a default; a longer one is read in its file
HEAD = """# Configuration

Any key is typed as `key=value`, and any choice of a group as `group=choice`, behind the words of a command:

```
bash run.sh 8 cnn data=digits optimizer=sgd optimizer.lr=0.05 training.patience=3
bash run.sh 8 cnn data=digits optimizer=sgd --cfg job     # prints all that this composes to, and trains nothing
```

A list is typed `[a,b]`, nothing is `null`; an argument that holds quotes or spaces goes into single quotes. The first
choice of a group is its default; where choices differ, a value stands behind those that it belongs to. The page
is written by `bash run.sh docs/configuration.py`, from [conf/](../conf) and the schema."""


@dataclass(frozen=True)
class Key:
    """A line of a YAML file: the value as the command line takes it (none above further keys), and the comment."""

    default: str | None
    meaning: str


@dataclass(frozen=True)
class Choice:
    """A file of a group: what its head comment says, its keys by dotted name, and what it sets in other groups."""

    name: str
    command: str
    about: str
    keys: Mapping[str, Key]
    sets: Sequence[str]


@dataclass(frozen=True)
class Group:
    """A folder of conf/, its default first; without a name, the keys that belong to no group."""

    name: str
    about: str
    choices: Sequence[Choice]


def groups() -> Iterator[Group]:
    """What belongs to no group, then the groups in the order of conf/config.yaml."""
    yield Group("", "", [read_choice("", CONF / "config.yaml")])
    text = (CONF / "config.yaml").read_text()
    for entry in next(value for key, value in yaml.compose(text).value if key.value == "defaults").value:
        ((key, default),) = entry.value if isinstance(entry, yaml.MappingNode) else [(entry, entry)]
        name = key.value.removeprefix("optional ")
        if not (CONF / name).is_dir():  # `_self_`, or a key that takes another group's choices
            continue
        files = sorted((CONF / name).glob("[!_]*.yaml"), key=lambda file: (file.stem != default.value, file.stem))
        choices = [read_choice(name, file) for file in files]
        about = comment(text, default.end_mark) or choices[0].about
        yield Group(name, f"{about[:1].upper()}{about[1:].removesuffix('.')}.", choices)


def read_choice(group: str, file: Path) -> Choice:
    """Read a file of a group, and the files that its defaults put beneath it."""
    text = file.read_text()
    head = [escaped(line[1:]) for line in text.splitlines() if line.startswith("#")]
    package = next((line.split()[1] for line in head if line.startswith("@package")), group)
    content = dict(keys_in(yaml.compose(text), text, "" if package in {"", "_global_"} else f"{package}."))
    defaults = "".join(content.pop(name).default or "" for name in list(content) if name.endswith("defaults"))
    others = [read_choice(group, file.with_name(f"{name}.yaml")) for name in re.findall(r"\b_(?!self_)\w+", defaults)]
    keys = {name: key for other in others for name, key in other.keys.items()}
    keys |= {name: key for name, key in content.items() if name.split(".")[0] == group or not group}
    sets = [f"{name}={choice}" for name, choice in re.findall(r"override /(\w+): (\w+)", defaults)]
    sets += [f"{name}={key.default}" for name, key in content.items() if name not in keys and key.default is not None]
    command = next((re.split(r"   | \(and", line)[0] for line in head if line.startswith("bash run.sh")), "")
    about = " ".join(line for line in head if not line.startswith(("bash run.sh", "@package")))
    return Choice(file.stem, command, about, keys, sets)


def keys_in(node: Any, text: str, prefix: str) -> Iterator[tuple[str, Key]]:
    """Every key of a mapping by its dotted name, with those beneath it as far as the schema names them."""
    for name, value in node.value:
        dotted = prefix + name.value
        on_more_lines = isinstance(value, yaml.CollectionNode) and not value.flow_style
        meaning = comment(text, name.end_mark if on_more_lines else value.end_mark)
        if isinstance(value, yaml.MappingNode) and not schema_of(dotted).get("additionalProperties"):
            yield dotted, Key(None, meaning)
            yield from keys_in(value, text, f"{dotted}.")
        else:
            yield dotted, Key(as_typed(value), meaning)


def as_typed(node: yaml.Node) -> str:
    """A value as the command line takes it."""
    if isinstance(node, yaml.SequenceNode):
        return "[" + ",".join(f'"{one.value}"' if "=" in one.value else as_typed(one) for one in node.value) + "]"
    if isinstance(node, yaml.MappingNode):
        return f"{{{', '.join(f'{as_typed(key)}: {as_typed(value)}' for key, value in node.value)}}}"
    return str(node.value)


def comment(text: str, mark: yaml.Mark) -> str:
    """The comment behind a place in a file, with the lines beneath that go on with it."""
    found = re.match(r"[^#\n]*#(.*(?:\n +#.*)*)", text[mark.index :])
    return escaped(re.sub(r"\s*\n +#\s*", " ", found[1])) if found else ""


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return text.strip().replace("<", "&lt;").replace("|", "\\|")


def page() -> str:
    """The whole page."""
    top, *found = groups()
    index = [(f"[{one.name}](#{one.name})", one.about, code(each.name for each in one.choices)) for one in found]
    return "\n\n".join([HEAD, table(("group", "", "choices"), index), *map(section, (top, *found))]) + "\n"


def section(group: Group) -> str:
    """What stands about one group."""
    parts = [f"## {group.name or 'Top level'}", f"{group.about} {with_run(group)}".strip()]
    if len(group.choices) > 1:
        parts.append(table(("choice", "", "command"), [about_choice(group.name, one) for one in group.choices]))
    elif group.name:
        parts.append(f"`{group.choices[0].command}`")
    keys = rows(group)
    return "\n\n".join([*parts, table(("key", "default", "type", "meaning"), keys)] if keys else parts)


def with_run(group: Group) -> str:
    """What a later command may change of a group in a finished run."""
    if not group.name:
        fixed, several = (
            code(key for key in keys if key in group.choices[0].keys) for keys in (FIXED_BY_TRAINING, STUDY_KEYS)
        )
        return f"Training fixes {fixed}; {several} ask for several trainings; the others are about one command."
    some = code(key for key in RESULT_NEUTRAL if key.startswith(f"{group.name}."))
    if group.name in FIXED_BY_TRAINING:
        return f"Training fixes it{f', but for {some}' if some else ''}."
    return "Free to change with `run=`." if group.name in CHANGEABLE else ""


def about_choice(group: str, one: Choice) -> tuple[str, str, str]:
    """A choice with its file; what it is and sets elsewhere; its command."""
    sets = f"<br>Sets {code(one.sets)}." if one.sets else ""
    return f"[{group}={one.name}](../conf/{group}/{one.name}.yaml)", one.about + sets, code([one.command])


def rows(group: Group) -> list[tuple[str, str, str, str]]:
    """Key, default, type and meaning of every key, and the meaning of what stands above keys."""
    found = []
    for name in dict.fromkeys(name for one in group.choices for name in one.keys):
        keys = {one.name: one.keys[name] for one in group.choices if name in one.keys}
        first = next((key.meaning for key in keys.values() if key.meaning), "")
        meaning = by_choice({choice: key.meaning or first for choice, key in keys.items()}, len(keys))
        values = {choice: key.default for choice, key in keys.items() if key.default}
        auto = " or `auto`" if name in LEFT_TO_THE_MODEL else ""
        types = by_choice({choice: in_words(schema_of(name, choice)) + auto for choice in values}, len(values))
        defaults = {one: code([text]) if len(text) <= LONGEST else "see its file" for one, text in values.items()}
        is_known = name == f"{group.name}.name" and all(one == choice for choice, one in values.items())
        if not is_known and (values or meaning):  # a name that repeats its choice says nothing
            found.append((code([name]), by_choice(defaults, len(group.choices)), types, meaning))
    return found


def by_choice(values: Mapping[str, str], total: int) -> str:
    """The first text alone where all choices have one; every other behind the choices that it belongs to."""
    choices: dict[str, list[str]] = {}
    for name, text in values.items():
        choices.setdefault(text, []).append(f"*{name}*")
    alone = next(iter(choices), "") if len(values) == total else ""
    return "<br>".join(text if text == alone else f"{', '.join(names)}: {text}" for text, names in choices.items())


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *lines))


if __name__ == "__main__":
    PAGE.write_text(page())
