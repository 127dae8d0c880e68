"""What it takes to do the run again: command, code, data, machine, configuration."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Final

from sightline.machine.credentials import hidden
from sightline.reporting.contents import Contents
from sightline.reporting.files import PROVENANCE, StoredProvenance
from sightline.reporting.formatting import MISSING
from sightline.reporting.sections.blocks import Block, Facts, Heading, Verbatim
from sightline.reporting.sections.section import Section


def machine_facts(contents: Contents, provenance: StoredProvenance) -> Facts:
    """Code, data, machine and seed of the run."""
    return Facts([
        ("Begun", str(provenance.get("time", MISSING))),
        ("Code", _commit(provenance)),
        ("Sightline", str(provenance.get("sightline", MISSING))),
        ("Python", str(provenance.get("python", MISSING))),
        ("Seed", str(contents.setting("seed", MISSING))),
        ("Configuration hash", str(provenance.get("config_hash", MISSING))),
        ("Data", _data(contents)),
        ("Machine", _listed(provenance.get("machine"))),
        ("Threads", str(provenance.get("threads", MISSING))),
    ])  # fmt: skip


def _data(contents: Contents) -> str:
    """What the configuration names: the kind of source, and where it lies."""
    known = [(key, contents.setting(f"data.{key}")) for key in ("name", "root", "manifest")]
    return (
        hidden(", ".join(str(value) if key == "name" else f"{key} {value}" for key, value in known if value)) or MISSING
    )


def _commit(provenance: StoredProvenance) -> str:
    git = provenance.get("git")
    if not git:
        return "not under version control"
    return f"{git['commit']}{', with uncommitted changes' if git['dirty'] else ''}"


def _listed(values: Mapping[str, object] | None) -> str:
    """Names and values that are known."""
    known = [f"{key.replace('_', ' ')} {value}" for key, value in (values or {}).items() if value is not None]
    return ", ".join(known) or MISSING


def blocks(contents: Contents) -> Iterator[Block]:
    """Command and facts."""
    if provenance := contents.read(PROVENANCE):
        yield Heading("The command", on="page")
        yield Verbatim(hidden(shlex.join(provenance["command"])))
        yield machine_facts(contents, provenance)
        yield Facts(list(provenance["packages"].items()), on="page", folded="Versions of packages")


def configuration(contents: Contents) -> Iterator[Block]:
    """The configuration, every key."""
    if text := contents.text("config.yaml"):
        yield Verbatim(hidden(text), folded="The whole configuration")


SECTION: Final = Section(
    blocks=blocks, card="Origin", sources=(PROVENANCE.name, "config.yaml"), missing="provenance"
)  # fmt: skip
CONFIGURATION: Final = Section(blocks=configuration, own=True)
