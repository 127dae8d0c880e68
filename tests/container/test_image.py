import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.service
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_image_is_built_and_used_as_people_do():
    """Its packages come from this environment here; `bash tests/container/check.sh` puts them in."""
    done = subprocess.run(
        ["bash", str(HERE / "check.sh"), "light"], capture_output=True, text=True, timeout=1100, check=False
    )
    if done.returncode == 77:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("all passed\n")
