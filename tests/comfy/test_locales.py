"""The names and tooltips of the nodes in other languages, as ComfyUI's page reads them."""

import json
import re

import pytest
import requests

from .english import FILE, LOCALES, english

LANGUAGES = ("de", "ja", "zh")
# what no language translates, beside the values of choices
KEPT = re.compile(r"SD1\.5|SDXL|LoRA|IP-Adapter|ComfyUI/models/\w+|`[^`]+`|Dual CFG Guider|latent_image|[0-9]{2,}")


def read(language):
    return json.loads((LOCALES / language / FILE).read_text(encoding="utf-8"))


def texts(value, path=()):
    """(path, text) of all texts in a file."""
    if isinstance(value, str):
        yield path, value
    else:
        for key, one in value.items():
            yield from texts(one, (*path, key))


@pytest.fixture(scope="module")
def info(comfy):
    return comfy.object_info()


def choices(info, node):
    """The values that a node offers."""
    for kind, *about in (info[node]["input"].get("required", {}) | info[node]["input"].get("optional", {})).values():
        options = kind if isinstance(kind, list) else about[0].get("options", []) if about else []
        yield from (one for one in options if isinstance(one, str))


def test_english_is_what_the_nodes_say(info):
    nodes = dict(texts(english(info)))
    there = {path[0] for path in nodes}
    # nodes that this ComfyUI has not are translated all the same
    found = {path: text for path, text in texts(read("en")) if path[0] in there}
    assert found == nodes, "run python -m tests.comfy.english, and translate what has changed"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_in_every_language_and_none_beside(language, info):
    english, found = dict(texts(read("en"))), dict(texts(read(language)))
    assert found.keys() == english.keys()
    # proper names and words of the field
    same = sorted(text for path, text in found.items() if text == english[path])
    assert len(same) < 0.08 * len(found), same
    for path, text in found.items():
        assert text and text.strip() == text
        # what the page reads as the syntax of its translations
        assert not set("{}|@") & set(text), text
        if path[-1] in ("tooltip", "description") and path[0] in info:
            values = {one for one in choices(info, path[0]) if f"{one}: " in english[path]}
            missing = [one for one in {*KEPT.findall(english[path]), *values} if one not in text]
            assert not missing, (missing, text)


def test_comfyui_serves_them(comfy):
    served = requests.get(f"{comfy.url}/i18n", timeout=60).json()
    for language in LANGUAGES:
        assert served[language]["nodeDefs"]["DragKitDragWarp"] == read(language)["DragKitDragWarp"]
    assert served["zh"]["nodeDefs"]["DragKitDragWarp"]["display_name"] == "拖动变形"
