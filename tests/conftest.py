"""Loads the repository root as the package `dragkit`, as ComfyUI's own loader does, whatever its folder is called."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

if "dragkit" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "dragkit", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["dragkit"] = module
    spec.loader.exec_module(module)
