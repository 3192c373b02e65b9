"""What the nodes say in English, in the form of ComfyUI's locales folder; writes locales/en/nodeDefs.json.

Run from the repository: python -m tests.comfy.english (COMFYUI_PATH as for the tests), and translate what has changed.
"""

import json
import os
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "locales"
FILE = "nodeDefs.json"


def _named(name, tooltip):
    return {"name": name} | ({"tooltip": tooltip} if tooltip else {})


def english(info):
    """{node: names and tooltips} of the pack's nodes in ComfyUI's object_info."""
    found = {}
    for node, about in info.items():
        if not node.startswith("DragKit"):
            continue
        inputs = about["input"].get("required", {}) | about["input"].get("optional", {})
        options = {name: given[1] if len(given) > 1 else {} for name, given in inputs.items()}
        outputs = zip(about["output_name"], about["output_tooltips"], strict=True)
        found[node] = {
            "display_name": about["display_name"],
            "description": about["description"],
            "inputs": {name: _named(name, one.get("tooltip")) for name, one in options.items()},
            "outputs": {str(i): _named(*one) for i, one in enumerate(outputs)},
        }
    return found


def main():
    from dragkit.standalone.check.comfy_server import comfyui
    from dragkit.standalone.check.comfyui import interpreter

    path, python = interpreter(os.environ.get("COMFYUI_PATH", "~/comfy/ComfyUI"), os.environ.get("COMFYUI_PYTHON"))
    with comfyui(path, python, ["--cpu"]) as server:
        info = json.load(urllib.request.urlopen(f"{server.url}/object_info"))
    text = json.dumps(english(info), indent=1, ensure_ascii=False) + "\n"
    (LOCALES / "en" / FILE).write_text(text, encoding="utf-8")
    print(LOCALES / "en" / FILE, file=sys.stderr)


if __name__ == "__main__":
    main()
