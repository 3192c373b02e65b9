"""Loads the repository root as the package `dragkit`, as ComfyUI's own loader does, whatever its folder is called."""

import importlib.util
import os
import sys
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:
    # processes, and the servers they start, that each take every core wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent

if "dragkit" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "dragkit", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["dragkit"] = module
    spec.loader.exec_module(module)
