import shlex

from sightline.reporting.contents import Contents
from sightline.reporting.files import PROVENANCE
from sightline.reporting.sections.blocks import Verbatim
from sightline.reporting.sections.provenance import blocks, machine_facts


def test_machine_facts_bear_what_is_unknown(contents: Contents):
    provenance = contents.read(PROVENANCE)
    assert provenance is not None
    facts = dict(machine_facts(contents, provenance).pairs)
    assert facts["Code"].endswith("with uncommitted changes")
    assert "gpu" not in facts["Machine"]
    facts = dict(machine_facts(contents, {"git": None}).pairs)
    assert facts["Code"] == "not under version control"
    assert facts["Machine"] == facts["Begun"] == "–"


def test_the_command_is_what_a_shell_takes(contents: Contents):
    [command] = [block.text for block in blocks(contents) if isinstance(block, Verbatim)]
    assert shlex.split(command)[3:] == ["mode=train", "data.root=my data", "training.epochs=20"]
