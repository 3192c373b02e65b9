"""DynaDrag while it runs, as the page shows it."""

import base64
import io
import json

from dragkit.standalone.pictures import to_tensor
from dragkit.standalone.scenes.photographs import photograph
from PIL import Image

PREVIEW = """(id) => {
  const shown = nodeOf(id).imgs?.at(-1) ?? document.querySelector(`[data-node-id="${id}"] img`);
  if (!shown?.naturalWidth) return null;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 256;
  canvas.getContext("2d").drawImage(shown, 0, 0, 256, 256);
  return canvas.toDataURL();
}"""


def test_each_round_appears_on_the_node_and_cancel_ends_the_run(ui):
    path = ui.comfy.folder / "custom_nodes/dragkit/example_workflows/DynaDrag (demo, no download).json"
    workflow = json.loads(path.read_text())
    nodes = {node["type"]: node for node in workflow["nodes"]}
    # far to go in steps that are quickly done
    nodes["DragKitDragPoints"]["widgets_values"] = ["10,10 -> 250,250"]
    nodes["DragKitDynaDrag"]["widgets_values"][3] = 1
    ui.load(workflow)
    run = ui.queue()
    number = str(nodes["DragKitDynaDrag"]["id"])

    def preview():
        return ui.js(PREVIEW, number)

    seen = set()
    for count in (1, 2, 3):
        ui.eventually(preview, lambda url, count=count: url is not None and len(seen | {url}) >= count)
        seen.add(preview())
    for url in seen:
        picture = to_tensor(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))
        assert (picture - photograph("chelsea")).abs().mean() < 0.1
    ui.js("() => app.extensionManager.command.execute('Comfy.Interrupt')")
    entry = ui.comfy.wait(run)
    stops = [data for event, data in entry["status"]["messages"] if event == "execution_interrupted"]
    assert [stop["node_type"] for stop in stops] == ["DragKitDynaDrag"]
