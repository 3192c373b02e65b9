"""Measures the editor in headless Chromium, on a ComfyUI that runs with the pack: frame times of the live preview while
an arrow is dragged on a 512 x 512 picture, what the preview differs by from the picture that Drag Warp makes, and the
length of the value. Writes docs/results/editor.json.

python tests/comfy/measure_editor.py http://127.0.0.1:8188
"""

import argparse
import io
import json
import math
import random
import shutil
import time

import numpy as np
import requests
from dragkit.kernels.motion.displacements import DISPLACEMENTS
from dragkit.standalone.bench import results
from dragkit.standalone.bench.tables import all_tables
from editor.composed import COMPOSE, WATCH, decoded
from PIL import Image
from playwright.sync_api import sync_playwright

SIZE = 512
SECONDS = 5
FLAGS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]

# adds up the time of what the editor's stage does for each frame: its pointer listener and its drawing
TIMERS = """
window.frames = []; window.work = 0;
const ours = () => new Error().stack.includes("stage.mjs");
const timed = (run) => function (...values) {
  const start = performance.now();
  try { return run.apply(this, values); } finally { window.work += performance.now() - start; }
};
const next = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (run) => next(ours() ? timed(run) : run);
const listen = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (name, run, options) {
  return listen.call(this, name, name === "pointermove" && ours() ? timed(run) : run, options);
};
window.record = (last = null) => next((now) => {
  if (last !== null) frames.push([now - last, work]);
  window.work = 0;
  if (window.recording) record(now);
});
"""
SETUP = """
async (file) => {
  app.graph.clear();
  await new Promise((done) => setTimeout(done, 200));
  const load = LiteGraph.createNode("LoadImage");
  load.pos = [-400, 40];
  app.graph.add(load);
  load.widgets.find(({ name }) => name === "image").value = file;
  const node = LiteGraph.createNode("DragKitDragPoints");
  node.pos = [260, 40];
  app.graph.add(node);
  node.setSize([620, 720]);
  load.connect(0, node, node.findInputSlot("image"));
  Object.assign(app.canvas.ds, { scale: 1, offset: [0, 0] });
  app.canvas.setDirty(true, true);
  window.widget = node.widgets.find(({ name }) => name === "points");
}
"""
WARP = """
([displacement, border]) => {
  window.node ??= app.graph._nodes.find(({ type }) => type === "DragKitDragPoints");
  if (!window.warp) {
    window.warp = LiteGraph.createNode("DragKitDragWarp");
    const save = LiteGraph.createNode("SaveImage");
    [warp, save].forEach((made, i) => { made.pos = [1000 + 300 * i, 40]; app.graph.add(made); });
    save.widgets[0].value = "dragkit_measure";
    ["drag_points", "mask", "image"].forEach((name, i) => node.connect(i, warp, warp.findInputSlot(name)));
    warp.connect(0, save, 0);
  }
  for (const widget of warp.widgets) widget.value = { displacement, border }[widget.name] ?? widget.value;
}
"""
PLACE = """
() => {
  const canvas = widget.element.querySelector("canvas");
  const { left, top } = canvas.getBoundingClientRect();
  return [left, top, canvas.clientWidth, canvas.clientHeight];
}
"""


def upload(url):
    coarse = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(coarse).resize((SIZE, SIZE)).save(data, "PNG")
    files = {"image": ("dragkit_measure.png", data.getvalue(), "image/png")}
    answer = requests.post(f"{url}/upload/image", files=files, data={"overwrite": "true"}, timeout=60)
    return answer.json()["name"]


def open_page(browser, url):
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.add_init_script(TIMERS)
    page.goto(url)
    ready = "() => window.app?.extensionManager?.workflow?.activeWorkflow && app.graph?._nodes?.length"
    ready += " && LiteGraph.registered_node_types.DragKitDragPoints"
    page.wait_for_function(ready, timeout=60_000)
    page.evaluate(SETUP, upload(url))
    page.wait_for_function("() => widget.element.textContent.includes('dragkit_measure')")
    return page


def at(page, x, y):
    """Where a point of the picture is in the window."""
    left, top, width, height = page.evaluate(PLACE)
    side = min(width, height) - 20
    return left + width / 2 + (x - 0.5) * side, top + height / 2 + (y - 0.5) * side


# of the picture, where a region is painted
PAINTED = [{"tool": "brush", "points": [[0.5, 0.5]], "size": 0.94}]


def value(count, strokes=()):
    points = []
    for i in range(count):
        handle = [0.2 + 0.6 * (i % 5) / 4, 0.2 + 0.6 * (i // 5) / 4]
        points.append({"handle": handle, "target": [handle[0] + 0.06, handle[1] + 0.04]})
    document = {"format": "dragkit.points", "version": 1, "image": [SIZE, SIZE], "points": points}
    return json.dumps(document | ({"strokes": strokes} if strokes else {}))


def drag(page, count, strokes):
    """Intervals between frames and the editor's work in each, in ms, while a target goes round in circles."""
    page.evaluate("(text) => { widget.value = text; }", value(count, strokes))
    x, y = at(page, 0.26, 0.24)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=5)
    page.evaluate("() => { window.frames = []; window.recording = true; record(); }")
    start = time.monotonic()
    while (passed := time.monotonic() - start) < SECONDS:
        page.mouse.move(x + 60 * math.cos(4 * passed), y + 60 * math.sin(4 * passed))
    frames = page.evaluate("() => { window.recording = false; return frames; }")
    page.mouse.up()
    return np.array(frames).T


def shown(page):
    """The picture with what the preview draws over it, [H, W, 3] in 0..255."""
    page.evaluate(WATCH)
    for x in (0.9, 0.92):
        page.evaluate("() => { drawn.length = 0; }")
        page.mouse.move(*at(page, x, 0.05))
        page.wait_for_function("() => drawn.length")
        page.wait_for_timeout(100)
    found = decoded(page.evaluate(COMPOSE, [SIZE, SIZE]))
    page.evaluate("() => unwatch()")
    return found


def run(page, url):
    """The picture that the graph saves."""
    known = requests.get(f"{url}/history", timeout=60).json().keys()
    page.evaluate("() => app.queuePrompt(0, 1)")
    while not (new := requests.get(f"{url}/history", timeout=60).json().keys() - known):
        time.sleep(0.1)
    outputs = requests.get(f"{url}/history", timeout=60).json()[new.pop()]["outputs"].values()
    (saved,) = (image for made in outputs for image in made.get("images", []) if image["type"] == "output")
    data = requests.get(f"{url}/view", params=saved, timeout=60).content
    return np.array(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def errors(page, url):
    """Rows: what the preview differs by from Drag Warp's picture where content has moved, in 1/255."""
    page.evaluate("(text) => { widget.value = text; }", value(8, PAINTED))
    for command in ("mask", "original"):
        page.evaluate("(name) => widget.element.querySelector(`[data-command=${name}]`).click()", command)
    original = shown(page)
    page.evaluate("() => widget.element.querySelector('[data-command=preview]').click()")
    for displacement in DISPLACEMENTS:
        for border in ("held", "free"):
            page.evaluate(WARP, [displacement, border])
            says = displacement if displacement == "stretch" else f"{displacement}, {border}"
            page.wait_for_function("(text) => widget.element.textContent.includes(text)", arg=f"preview: {says} ·")
            preview, made = shown(page), run(page, url)
            moved = (original != made).any(2)
            median, high = np.percentile(abs(preview - made).max(2)[moved], [50, 95]).tolist()
            yield {
                "measurement": "preview error", "displacement": displacement, "border": border,
                "pixels": int(moved.sum()), "median": median, "p95": high,
            }  # fmt: skip


def paint(page):
    """The value of 8 pairs and 20 brush strokes of a hand."""
    hand = random.Random(0)
    page.evaluate("(text) => { widget.value = text; }", value(8))
    page.evaluate("() => widget.element.querySelector('[data-command=brush]').click()")
    for _ in range(20):
        x, y, turn = hand.uniform(0.2, 0.8), hand.uniform(0.2, 0.8), hand.uniform(0, 6)
        page.mouse.move(*at(page, x, y))
        page.mouse.down()
        for _ in range(40):
            turn += hand.uniform(-0.4, 0.4)
            x, y = x + 0.012 * math.cos(turn), y + 0.012 * math.sin(turn)
            page.mouse.move(*at(page, x, y))
        page.mouse.up()
    return page.evaluate("() => widget.value")


def measure(page, url):
    """Rows: frame times for some numbers of arrows, what the preview is off by, and the bytes of a drawing."""
    rows = []
    for region, strokes in (("none", ()), ("painted", PAINTED)):
        for count in (1, 8, 20):
            intervals, work = drag(page, count, strokes)
            for name, times in {"frame interval": intervals, "the editor's work": work[work > 0]}.items():
                median, high = np.percentile(times, [50, 95]).tolist()
                rows.append({
                    "region": region, "pairs": count, "measurement": name, "median_ms": median, "p95_ms": high,
                    "frames": len(times),
                })  # fmt: skip
    rows += errors(page, url)
    text = paint(page)
    drawing = json.loads(text)
    found = {"pairs": len(drawing["points"]), "strokes": len(drawing["strokes"]), "bytes": len(text.encode())}
    return [*rows, {"measurement": "value", **found}]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--json", metavar="FILE", help="in place of docs/results/editor.json")
    arguments = parser.parse_args()
    document = results.about("editor", results.COMMANDS["editor"].split(), seed=0, device="headless Chromium")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=browser, args=FLAGS) as opened:
        page = open_page(opened, arguments.url)
        document["versions"] |= {
            "ComfyUI": requests.get(f"{arguments.url}/system_stats", timeout=60).json()["system"]["comfyui_version"],
            "frontend": page.evaluate("() => window.__COMFYUI_FRONTEND_VERSION__"),
            "Chromium": opened.version,
        }
        rows = measure(page, arguments.url)
    print(all_tables("editor", rows))
    path = arguments.json or results.place(document)
    results.write(document | {"rows": rows}, path)
    print(f"Result: {path}")


if __name__ == "__main__":
    main()
