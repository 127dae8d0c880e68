import shlex
from pathlib import Path

from sightline.reporting.contents import Contents
from sightline.reporting.files import PROVENANCE
from sightline.reporting.sections.blocks import Verbatim
from sightline.reporting.sections.provenance import blocks, machine_facts
from sightline.run.folder import Run


def test_machine_facts_bear_what_is_unknown(contents: Contents):
    provenance = contents.read(PROVENANCE)
    assert provenance is not None
    facts = dict(machine_facts(contents, provenance).pairs)
    assert facts["Code"].endswith("with uncommitted changes")
    assert "gpu" not in facts["Machine"]
    facts = dict(machine_facts(contents, {"git": None}).pairs)
    assert facts["Code"] == "not under version control"
    assert facts["Machine"] == facts["Begun"] == "–"


def test_the_data_are_named_as_the_configuration_names_them(contents: Contents, tmp_path: Path):
    provenance = contents.read(PROVENANCE)
    assert provenance is not None
    run = Run(tmp_path)
    run.save_text("config.yaml", "data:\n  name: csv\n  root: null\n  manifest: my birds.csv\n")
    assert dict(machine_facts(Contents(run), provenance).pairs)["Data"] == "csv, manifest my birds.csv"
    run.save_text("config.yaml", "data: {name: digits}\n")
    assert dict(machine_facts(Contents(run), provenance).pairs)["Data"] == "digits"
    run.save_text("config.yaml", "{}\n")
    assert dict(machine_facts(Contents(run), provenance).pairs)["Data"] == "–"


def test_the_command_is_what_a_shell_takes(contents: Contents):
    [command] = [block.text for block in blocks(contents) if isinstance(block, Verbatim)]
    assert shlex.split(command)[3:] == ["mode=train", "data.root=my data", "training.epochs=20"]
