"""The editor and its node in another of ComfyUI's languages; its page offers no German."""

import json
from pathlib import Path

from .conftest import Ui, set_settings

LOCALES = Path(__file__).parents[3] / "locales"


def test_the_editor_speaks_the_language_of_comfyui(ui, browser):
    words = json.loads((LOCALES / "ja/main.json").read_text(encoding="utf-8"))["dragkit"]
    names = json.loads((LOCALES / "ja/nodeDefs.json").read_text(encoding="utf-8"))["DragKitDragPoints"]
    context = browser.new_context()
    set_settings(ui.comfy, **{"Comfy.Locale": "ja"})
    try:
        other = Ui(context, ui.comfy, ui.nodes_2)
        other.js("() => app.graph.clear()")
        node = other.node("DragKitDragPoints", [60, 60])
        other.wait("(id) => rootOf(id)?.querySelector('.dragkit-status')?.textContent", node)
        root = other.page.query_selector(".dragkit")
        assert root.eval_on_selector('[data-command="undo"]', "(one) => one.title").startswith(words["Undo"])
        assert words["no picture"] in root.eval_on_selector(".dragkit-status", "(one) => one.textContent")
        assert other.js("(id) => nodeOf(id).title", node) == names["display_name"]
        assert other.errors == []
    finally:
        set_settings(ui.comfy, **{"Comfy.Locale": "en"})
        context.close()
