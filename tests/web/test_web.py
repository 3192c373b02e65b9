"""The editor's modules, tested by Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("node") is None, reason="web/*.mjs not tested: node is not installed")
def test_the_editor_in_node():
    tests = sorted(map(str, (ROOT / "tests/web").rglob("*.test.mjs")))
    run = subprocess.run(["node", "--test", *tests], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
