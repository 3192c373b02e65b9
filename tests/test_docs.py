"""The README and the pages behind it: their examples run, their links lead somewhere, and they name what there is."""

import argparse
import importlib
import re
from pathlib import Path

import pytest
import torch
from dragkit.standalone.cli import parser
from dragkit.standalone.pictures import to_pil

from .standalone.models.test_checkpoints import small_pipeline

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
LINKING = [*PAGES, ROOT / "CHANGELOG.md", *sorted((ROOT / "web/docs").glob("*.md")), ROOT / "weights/README.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def name(page):
    return str(page.relative_to(ROOT))


def examples(page):
    return [code for language, code in BLOCK.findall(page.read_text()) if language == "python"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """{page: the variables after each of its examples}, run in a folder with the files that they name."""
    folder = tmp_path_factory.mktemp("docs")
    # 96 x 64; white in the mask is 32 x 26 around (40, 31)
    to_pil(torch.rand(3, 64, 96, generator=torch.Generator().manual_seed(0))).save(folder / "photo.png")
    mask = torch.zeros(3, 64, 96)
    mask[:, 18:44, 24:56] = 1
    to_pil(mask).save(folder / "mask.png")
    small_pipeline(folder / "stable-diffusion-v1-5")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for page in PAGES:
            variables, found[name(page)] = {}, []
            for code in examples(page):
                exec(compile(code, name(page), "exec"), variables)  # noqa: S102
                found[name(page)].append(dict(variables))
    return folder, found


def test_the_example_of_the_warp_moves_what_the_mask_says(ran):
    folder, found = ran
    after, *_ = found["docs/python.md"]
    image, warped = after["image"], after["warped"]
    # one drag, 20 to the right and 6 down
    torch.testing.assert_close(warped.image[..., 24:50, 44:76], image[..., 18:44, 24:56], atol=1e-4, rtol=0)
    kept = ~warped.moved.expand_as(image[:, 0])
    assert torch.equal(warped.image.movedim(1, -1)[kept], image.movedim(1, -1)[kept])
    assert after["Image"].open(folder / "warped.png").size == (96, 64)


def test_the_examples_of_fastdrag_agree_and_drag(ran):
    folder, found = ran
    _, loaded, own = found["docs/python.md"]
    torch.testing.assert_close(own["dragged"], loaded["dragged"], atol=1e-4, rtol=0)
    still = loaded["fastdrag"](loaded["model"], loaded["image"], loaded["parse_points"](""))
    assert (loaded["dragged"] - still).abs().mean() > 1e-3
    assert loaded["Image"].open(folder / "dragged.png").size == (96, 64)


def test_the_examples_use_public_names_and_these_are_there():
    page = ROOT / "docs/python.md"
    rows = re.findall(r"^\| `dragkit.+$", page.read_text(), re.MULTILINE)
    public = set(re.findall(r"`(dragkit(?:\.\w+)+)`", "\n".join(rows)))
    for found in public:
        module, _, attribute = found.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), found
    for page in PAGES:
        for module, names in re.findall(r"^from (dragkit\S*) import (.+)$", "\n".join(examples(page)), re.MULTILINE):
            assert {f"{module}.{one}" for one in names.split(", ")} <= public, name(page)


def anchors(page):
    """What GitHub calls the headings of a page."""
    text = BLOCK.sub("", page.read_text())
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKING, ids=name)
def test_links_lead_somewhere(page):
    for link in LINK.findall(BLOCK.sub("", page.read_text())):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists() and target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_is_short_and_has_the_two_commands():
    text = README.read_text()
    assert len(text.splitlines()) <= 130
    alone = [code.strip() for _, code in BLOCK.findall(text)]
    assert 'pip install -e ".[standalone]" && dragkit demo' in alone
    assert 'pip install -e ".[test]" && pytest' in alone


def test_every_page_is_linked_from_the_readme():
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in LINK.findall(README.read_text())}
    assert set(PAGES) - {README} <= linked


def options(command):
    return [action for action in command._actions if not isinstance(action, argparse._HelpAction)]


def commands():
    (found,) = options(parser())
    return found.choices


@pytest.mark.parametrize("command", commands())
def test_the_command_line_is_told_as_it_is(command):
    page = (ROOT / "docs/command-line.md").read_text()
    sections = dict(re.findall(r"^## dragkit (\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    section = sections[command]
    if command == "bench":  # the page leaves its options to the command itself
        assert "`dragkit bench --help`" in " ".join(section.split())
        assert all(f"`{what}`" in section or f"`dragkit bench {what}`" in section for what in known(command, "what"))
        return
    rows = {first: row for row, first in re.findall(r"^(\| (`.+?) \|.+)$", section, re.MULTILINE)}
    told = set()
    for action in options(commands()[command]):
        names = action.option_strings or [action.metavar or action.dest]
        (row,) = [row for first, row in rows.items() if f"`{names[-1]}`" in first]
        assert all(f"`{one}`" in row for one in names), names
        assert all(f"`{choice}`" in row for choice in action.choices or ()), names
        assert action.default in (None, False, "") or action.default == [] or f"| {action.default} |" in row, names
        told.add(row)
    assert set(rows.values()) == told


def known(command, dest):
    (action,) = [action for action in options(commands()[command]) if action.dest == dest]
    return action.choices
