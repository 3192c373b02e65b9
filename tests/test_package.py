"""The package as a whole: layers, and what importing it costs in modules."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "kernels": {
        "comfy",
        "comfy_api",
        "nodes",
        "folder_paths",
        "diffusers",
        "transformers",
        "numpy",
        "PIL",
        "standalone",
    },
    "nodes": {"diffusers", "transformers", "skimage", "tqdm", "standalone"},
    "standalone": {"comfy", "comfy_api", "folder_paths", "nodes"},
}


def imported(path):
    """Top names that a file imports, for relative imports the part of the package."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_layers_hold(layer):
    files = sorted((ROOT / layer).rglob("*.py"))
    assert files
    for path in files:
        assert not set(imported(path)) & FORBIDDEN[layer], path


def test_the_entry_point_imports_nothing():
    code = (
        "import sys, importlib.util\n"
        "before = set(sys.modules)\n"
        f"spec = importlib.util.spec_from_file_location('pack', {str(ROOT / '__init__.py')!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "assert module.WEB_DIRECTORY == './web' and callable(module.comfy_entrypoint)\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
