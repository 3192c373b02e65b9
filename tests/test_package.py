"""The package as a whole: which room may import which, what is installed, and what importing it costs in modules."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# per door, what it may not import from outside
FOREIGN = {
    "kernels": {"comfy", "comfy_api", "folder_paths", "diffusers", "transformers", "numpy", "PIL", "tqdm"},
    "nodes": {"diffusers", "transformers", "skimage", "tqdm"},
    "standalone": {"comfy", "comfy_api", "folder_paths"},
}
METHODS = ("fastdrag", "dynadrag", "instantdrag", "lightningdrag")
SUBJECTS = {
    "drawing": set(),
    "diffusion": set(),
    "points": {"drawing"},
    "warp": {"points", "drawing"},
    "motion": {"warp", "points", "drawing"},
}
# what a room of a door may import of the same door, beside itself; "" is what lies beside the rooms
ROOMS = {
    "kernels": SUBJECTS | dict.fromkeys(("dynadrag", "instantdrag", "lightningdrag"), set(SUBJECTS)),
    "nodes": {"": {""}}
    | dict.fromkeys(("points", "motion", "warp"), {""})
    | dict.fromkeys(METHODS, {"", "points", "motion", "warp"}),
    "standalone": {
        "": {"", "models", "methods", "scenes", "train", "batch", "bench", "check"},
        "models": {""},
        "methods": {"", "models"},
        "scenes": {""},
        "train": {"", "models", "methods", "scenes"},
        "batch": {""},
        "bench": {"", "models", "methods", "scenes", "train", "batch"},
        "check": {"", "models", "methods", "bench"},
    },
    "web": {
        "document": set(),
        "preview": {"document"},
        "editor": {"document", "preview"},
        "comfy": {"document", "preview", "editor"},
        "": {"comfy"},
    },
}
# a pack for ComfyUI, which the command line has in its own process as little as the nodes
PROBES = ROOT / "standalone/check/probes"
# what a door may import of the rest of the pack
DOORS = {"kernels": set(), "weights": set(), "nodes": {"kernels", "weights"}, "standalone": {"kernels", "weights"}}
# it lists the rooms' nodes
REGISTRY = "nodes/__init__.py"


def imports(path):
    """(module, names) of each import of a file, a relative one as its path from the root of the pack: kernels.warp."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            # the first name of a relative import says that it is the pack's own
            own = ("dragkit", *package) if node.level else ()
            yield ".".join((*own, *filter(None, (node.module,)))), [alias.name for alias in node.names]


def own(path):
    """(door, room) of each of the pack's own files that a Python file imports."""
    for module, names in imports(path):
        top, *parts = module.split(".")
        if top == "dragkit":
            for name in names:
                found = (*parts, name)
                file = ROOT.joinpath(*found).with_suffix(".py")
                file = file if file.is_file() else ROOT.joinpath(*parts).with_suffix(".py")
                yield room(file if file.is_file() else ROOT.joinpath(*parts, "__init__.py"))


def room(path):
    """(door, room) of a file; ("kernels", "") lies beside the rooms."""
    door, *parts = path.relative_to(ROOT).parts
    return door, parts[0] if len(parts) > 1 else ""


def sources(door, pattern="*.py"):
    found = sorted((ROOT / door).rglob(pattern))
    assert found
    return found


@pytest.mark.parametrize("door", DOORS)
def test_a_door_imports_the_kernels_and_never_the_other_door(door):
    for path in sources(door):
        assert {one for one, _ in own(path)} - {door} <= DOORS[door], path
        foreign = {module.split(".")[0] for module, _ in imports(path)}
        assert not foreign & FOREIGN.get("nodes" if path.parent == PROBES else door, set()), path


@pytest.mark.parametrize("door", ["kernels", "nodes", "standalone"])
def test_rooms_import_along_the_arrows(door):
    found = set()
    for path in sources(door):
        of = room(path)[1]
        found.add(of)
        if str(path.relative_to(ROOT)) != REGISTRY:
            others = {other for where, other in own(path) if where == door} - {of}
            assert others <= ROOMS[door].get(of, set()), path
    assert found - {""} == set(ROOMS[door]) - {""}


def test_no_room_of_the_editor_imports_against_the_arrows():
    found = set()
    for path in [*sources("web", "*.mjs"), *sources("web", "*.js")]:
        of = room(path)[1]
        found.add(of)
        ends = re.findall(r'^(?:import|export|\}).*?"(\.[^"]+\.mjs)";$', path.read_text(), re.MULTILINE)
        others = {room((path.parent / end).resolve())[1] for end in ends}
        assert others - {of} <= ROOMS["web"][of], path
        # what is named in types alone may not be imported either, but by the editor's own parts
        assert all((path.parent / end).resolve().is_file() for end in ends), path
    assert found == set(ROOMS["web"])


def test_no_two_files_import_each_other():
    # a circle of files that import each other while they are imported
    edges = {}
    for door in DOORS:
        for path in sources(door):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ImportFrom) and node.level:
                    package = ROOT.joinpath(*path.relative_to(ROOT).parts[: -node.level])
                    module = package.joinpath(*node.module.split(".")) if node.module else package
                    names = [module / alias.name for alias in node.names] + [module]
                    edges.setdefault(path, set()).update(n.with_suffix(".py") for n in names)
    state = {}

    def visit(path, way):
        assert state.get(path) != "open", f"{[str(one.relative_to(ROOT)) for one in way]} import each other"
        if path in edges and path not in state:
            state[path] = "open"
            for other in edges[path]:
                visit(other, [*way, other])
            state[path] = "done"

    for path in edges:
        visit(path, [path])


def test_kernels_take_scipy_in_one_place():
    users = {path.name for path in sources("kernels") if any(m.split(".")[0] == "scipy" for m, _ in imports(path))}
    assert users == {"connected_parts.py"}


def test_every_room_says_what_it_is_for():
    for door in DOORS:
        for folder in {path.parent for path in sources(door)}:
            sentence = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
            assert sentence and sentence.endswith("."), folder
            assert folder.name not in {path.stem for path in folder.glob("*.py")}, folder


def test_what_pip_installs_is_all_there_is():
    tomllib = pytest.importorskip("tomllib", reason="pyproject.toml is not read before Python 3.11")
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT) for door in ("kernels", "standalone", "weights") for path in sources(door)}
    assert sorted(listed) == sorted(["dragkit", *(".".join(("dragkit", *folder.parts)) for folder in folders)])


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
