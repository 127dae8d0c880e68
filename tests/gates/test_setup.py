"""The environment holds the project itself: Python, notebooks and launchers find it without run.sh."""

import os
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT

WHERE = "import sightline; print(sightline.__file__)"


def checkout(folder: Path) -> Path:
    """The project at another place; what it consists of is here."""
    folder.mkdir(parents=True)
    for name in ("run.sh", "requirements.lock"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("src", "conf"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "plain.py").write_text("import sightline\n")  # as quick as a call can be
    return folder


def environment(folder: Path, of: Path) -> Path:
    """An environment as a set-up leaves it before it knows the project: the packages are those of these tests."""
    venv.create(folder, symlinks=True)
    (site(folder) / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    lock = subprocess.run(["cksum"], input=(of / "requirements.lock").read_bytes(), capture_output=True, check=True)
    (folder / ".installed").write_bytes(lock.stdout.strip())
    return folder


def site(folder: Path) -> Path:
    return next(folder.glob("lib/python3.*/site-packages"))


def say(*words: str | Path, **variables: str) -> str:
    """What a command says, in a shell that knows nothing of the project."""
    clean = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "SIGHTLINE_VENV"}}
    done = subprocess.run(
        [str(word) for word in words],
        cwd="/",
        env=clean | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.strip()


def found_by(folder: Path) -> Path:
    """The checkout whose package the Python of an environment imports."""
    return Path(say(folder / "bin/python", "-c", WHERE)).parents[2]


def test_the_first_call_puts_the_project_into_its_environment(tmp_path: Path):
    here = checkout(tmp_path / "a b ü")
    python = environment(here / ".venv", here) / "bin/python"
    say("bash", here / "run.sh", here / "plain.py")
    assert say(python, "-m", "sightline", "--version") == "sightline 0.1.0"
    assert say(here / ".venv/bin/sightline", "--version") == "sightline 0.1.0"
    assert found_by(here / ".venv") == here


def test_the_two_are_moved_together_and_the_program_is_linked_to(tmp_path: Path):
    here = checkout(tmp_path / "before")
    environment(here / ".venv", here)
    say("bash", here / "run.sh", "setup")
    moved = here.rename(tmp_path / "after")
    assert found_by(moved / ".venv") == moved
    (tmp_path / "linked").symlink_to(moved / ".venv/bin/sightline")
    assert say(tmp_path / "linked", "--version") == "sightline 0.1.0"


def test_an_environment_elsewhere_belongs_to_the_checkout_that_set_it_up_last(tmp_path: Path):
    one, other, plain = checkout(tmp_path / "one"), checkout(tmp_path / "other"), tmp_path / "one/plain.py"
    shared = environment(tmp_path / "shared", one)
    for here, word, found in ((one, plain, one), (other, plain, one), (other, "setup", other)):
        say("bash", here / "run.sh", word, SIGHTLINE_VENV=str(shared))
        assert found_by(shared) == found
    shutil.rmtree(other)
    say("bash", one / "run.sh", plain, SIGHTLINE_VENV=str(shared))
    assert found_by(shared) == one


def test_the_environment_of_another_checkout_stays_its_own(tmp_path: Path):
    owner, guest = checkout(tmp_path / "owner"), checkout(tmp_path / "guest")
    environment(owner / ".venv", owner)
    say("bash", guest / "run.sh", "setup", SIGHTLINE_VENV=str(owner / ".venv"))
    assert found_by(owner / ".venv") == owner


def test_where_nothing_may_be_written_the_command_works_all_the_same(tmp_path: Path):
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root can write everywhere, and there is no setpriv to do without")
    here = checkout(tmp_path / "here")
    folders = [site(environment(here / ".venv", here)), here / ".venv/bin"]
    as_a_person = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"] if os.geteuid() == 0 else []
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert say(*as_a_person, "bash", here / "run.sh", here / "plain.py") == ""
        assert not (site(here / ".venv") / "sightline.pth").exists()
        for folder in folders:
            folder.chmod(0o755)
        say("bash", here / "run.sh", "setup")
        for folder in folders:
            folder.chmod(0o555)
        assert say(*as_a_person, "bash", here / "run.sh", "setup") == ""
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert found_by(here / ".venv") == here


def test_nothing_is_taken_from_a_folder_without_the_package(tmp_path: Path):
    """As in the first layer of an image, and in the trees of the gates' own tests."""
    here = checkout(tmp_path / "here")
    (here / "src").unlink()
    folder = environment(here / ".venv", here)
    assert say("bash", here / "run.sh", "setup") == ""
    assert sorted(path.name for path in site(folder).iterdir()) == ["packages.pth"]
