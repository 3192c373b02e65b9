"""The editor in a real browser, on the server of the fixture `comfy`: the fixtures `ui` and `editor`.

`ui` is ComfyUI's page in one mode after the other, classic nodes and Nodes 2.0: the mode is a setting on the server.
"""

import base64
import io
import json
import shutil
import time
import uuid

import numpy as np
import pytest
import requests
import torch
from PIL import Image

from ..templates import with_photograph
from .composed import COMPOSE, WATCH, decoded

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# a page that waits for servers of the internet takes half a minute where there are none
FLAGS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
NODES_2 = "Comfy.VueNodes.Enabled"
SEEN = "Comfy.OnboardingCoachmarks.Seen"  # tours that ComfyUI offers no more
FIRST_NODES_2 = (1, 28)  # earlier frontends do not show widgets of other packs in Nodes 2.0
SECONDS = 15
# border around the picture, in pixels of an editor that is not zoomed
MARGIN = 10
PICTURE = "scene.png"
PICTURE_SIZE = (256, 192)

SCRIPT = """
window.nodeOf = (id) => (app.canvas.graph ?? app.graph).getNodeById(id);
window.widgetOf = (id) => nodeOf(id).widgets.find(({ name }) => name === "points");
window.rootOf = (id) => widgetOf(id).element;
window.ticks = (n = 2) => new Promise((done) => {
  const next = () => (n-- ? requestAnimationFrame(next) : done());
  next();
});
window.trackerOf = () => app.extensionManager.workflow.activeWorkflow.changeTracker;
window.capture = () => (trackerOf().captureCanvasState ?? trackerOf().checkState).call(trackerOf());
"""


class Ui:
    """A page with ComfyUI's frontend. errors holds what the pack's own code reported to the browser's console."""

    def __init__(self, context, comfy, nodes_2):
        self.comfy, self.nodes_2, self.errors = comfy, nodes_2, []
        self.page = context.new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.on("pageerror", lambda error: self._report(str(error), error.stack or ""))
        self.page.on("console", lambda m: m.type == "error" and self._report(m.text, json.dumps(m.location)))
        self.page.add_init_script(SCRIPT)
        self.open()
        self.version = self.js("() => window.__COMFYUI_FRONTEND_VERSION__")
        self.shows_nodes_2 = tuple(map(int, self.version.split(".")[:2])) >= FIRST_NODES_2

    def _report(self, text, where):
        # ComfyUI has errors of its own; a missing picture is in the browser's log, whoever asked for it
        if "dragkit" in (text + where).lower() and not text.startswith("Failed to load resource"):
            self.errors.append(f"{text} {where}")

    def open(self):
        self.page.goto(self.comfy.url)
        self.wait_until_ready()

    def wait_until_ready(self):
        self.page.wait_for_function(
            "() => window.app?.extensionManager?.workflow?.activeWorkflow && app.canvas && app.graph?._nodes?.length"
            " && LiteGraph.registered_node_types.DragKitDragPoints",
            timeout=60_000,
        )
        self.js("() => ticks()")

    def js(self, script, argument=None):
        return self.page.evaluate(script, argument)

    def wait(self, script, argument=None):
        """Until a script's result counts as true."""
        self.page.wait_for_function(script, arg=argument)

    def eventually(self, read, expected):
        """Until read() is expected, or expected(read()) if that is a function; returns the last result."""
        deadline = time.monotonic() + SECONDS
        while True:
            found = read()
            if expected(found) if callable(expected) else found == expected:
                return found
            assert time.monotonic() < deadline, f"{found!r} is not what is expected: {expected!r}"
            self.page.wait_for_timeout(20)

    def clear(self):
        """A new workflow without nodes, unzoomed, in which nothing can be undone."""
        self.load({"id": str(uuid.uuid4()), "nodes": [], "links": [], "version": 0.4})
        self.js(
            """() => {
              app.canvas.ds.scale = 1;
              app.canvas.ds.offset = [0, 0];
              document.activeElement?.blur();
              const { sidebarTab } = app.extensionManager;
              if (sidebarTab.activeSidebarTabId) sidebarTab.toggleSidebarTab(sidebarTab.activeSidebarTabId);
              capture();
              trackerOf().undoQueue.length = trackerOf().redoQueue.length = 0;
            }"""
        )

    def node(self, kind, at, **widgets):
        """Id of a new node."""
        return str(
            self.js(
                """([kind, at, widgets]) => {
                  const node = LiteGraph.createNode(kind);
                  node.pos = at;
                  (app.canvas.graph ?? app.graph).add(node);
                  for (const [name, value] of Object.entries(widgets))
                    node.widgets.find((widget) => widget.name === name).value = value;
                  return node.id;
                }""",
                [kind, at, widgets],
            )
        )

    def connect(self, source, output, target, name):
        self.js(
            """([source, output, target, name]) =>
              nodeOf(source).connect(output, nodeOf(target), name === null ? 0 : nodeOf(target).findInputSlot(name))""",
            [source, output, target, name],
        )

    def load(self, workflow):
        """Loads a workflow as if its file were opened, in the place of the one that is there."""
        self.js("(data) => app.loadGraphData(data, true, true, app.extensionManager.workflow.activeWorkflow)", workflow)
        self.js("() => ticks()")

    def undo(self):
        self.js("async () => { await trackerOf().undo(); await ticks(); }")

    def queue(self):
        """Has the graph run as the button does; id of the run."""
        with self.page.expect_response(lambda r: r.url.endswith("/prompt") and r.request.method == "POST") as answer:
            self.js("() => app.queuePrompt(0, 1)")
        body = answer.value.json()
        assert "prompt_id" in body, body
        return body["prompt_id"]

    def run(self):
        """History entry of a run that succeeded."""
        entry = self.comfy.wait(self.queue())
        assert entry["status"]["status_str"] == "success", entry["status"]
        return entry

    def zoom(self, scale, offset):
        self.js(
            """async ([scale, offset]) => {
              app.canvas.ds.scale = scale;
              app.canvas.ds.offset = offset;
              app.canvas.setDirty(true, true);
              await ticks(3);
            }""",
            [scale, offset],
        )

    def find_colour(self, colour):
        """Middle of everything in the window that has this colour, to 8 of 255."""
        shown = np.array(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")).astype(int)
        rows, columns = np.nonzero((abs(shown - colour) < 8).all(axis=2))
        assert len(rows), f"nothing in the window has the colour {colour}"
        return columns.mean() + 0.5, rows.mean() + 0.5


class Editor:
    """Hands and eyes for the editor of one Drag Points node; positions are fractions of the picture."""

    def __init__(self, ui, node, size=PICTURE_SIZE):
        self.ui, self.node, self.size = ui, node, size

    @property
    def root(self):
        return self.ui.page.evaluate_handle("(id) => rootOf(id)", self.node).as_element()

    def load(self, name):
        """Chooses another file in the node Load Image."""
        script = """(file) => {
          const [load] = app.graph._nodes.filter(({ type }) => type === "LoadImage");
          load.widgets.find(({ name }) => name === "image").value = file;
        }"""
        self.ui.js(script, name)
        self.wait_until_shown(name)

    def wait_until_shown(self, label=PICTURE):
        """Until the editor is on the screen with the picture of this name."""
        self.ui.wait("(id) => widgetOf(id) && rootOf(id).querySelector('canvas')?.clientWidth > 0", self.node)
        self.ui.eventually(lambda: self.status, lambda text: text.startswith(label))
        self.ui.js("() => ticks()")

    @property
    def value(self):
        return self.ui.js("(id) => widgetOf(id).value", self.node)

    @property
    def document(self):
        return json.loads(self.value)

    @property
    def pairs(self):
        """[handle x, y, target x, y] of every pair, None for a missing target."""
        return [[*pair["handle"], *(pair["target"] or [None])] for pair in self.document["points"]]

    @property
    def status(self):
        return self._text(".dragkit-status")

    @property
    def notice(self):
        return self._text(".dragkit-notice")

    def _text(self, selector):
        return self.ui.js("([id, selector]) => rootOf(id).querySelector(selector).textContent", [self.node, selector])

    def at(self, point, root=None):
        """Where a point of the picture is in the window."""
        left, top, width, height, inner_width, inner_height = (root or self.root).eval_on_selector(
            ".dragkit-stage canvas",
            """(canvas) => {
              const { left, top, width, height } = canvas.getBoundingClientRect();
              return [left, top, width, height, canvas.clientWidth, canvas.clientHeight];
            }""",
        )
        scale = min((inner_width - 2 * MARGIN) / self.size[0], (inner_height - 2 * MARGIN) / self.size[1])
        x = inner_width / 2 + (point[0] - 0.5) * self.size[0] * scale
        y = inner_height / 2 + (point[1] - 0.5) * self.size[1] * scale
        return left + x * width / inner_width, top + y * height / inner_height

    def pull(self, *points, hold=None, root=None):
        """Presses at the first point, moves over the others and lets go, with the key `hold` held down."""
        mouse, keyboard = self.ui.page.mouse, self.ui.page.keyboard
        if hold:
            keyboard.down(hold)
        mouse.move(*self.at(points[0], root))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(point, root), steps=3)
        mouse.up()
        if hold:
            keyboard.up(hold)

    def click(self, point, hold=None, button="left"):
        self.ui.page.mouse.click(*self.at(point), button=button) if not hold else self.pull(point, hold=hold)

    def press(self, *keys):
        for key in keys:
            self.ui.page.keyboard.press(key)

    @property
    def hint(self):
        """What is said over the picture, None for nothing."""
        script = "(hint) => (hint.hidden ? null : hint.querySelector('span').textContent)"
        return self.root.eval_on_selector(".dragkit-empty", script)

    def command(self, name):
        """Presses a button."""
        self.root.eval_on_selector(f'[data-command="{name}"]', "(button) => button.click()")

    def button(self, name):
        """(whether a button can be pressed, whether it is on)."""
        script = "(button) => [!button.disabled, button.getAttribute('aria-pressed') === 'true']"
        return tuple(self.root.eval_on_selector(f'[data-command="{name}"]', script))

    def focus(self):
        self.root.eval_on_selector(".dragkit-keys", "(keys) => keys.focus()")

    def has_focus(self):
        return self.ui.js("(id) => rootOf(id).contains(document.activeElement)", self.node)

    def pixels(self, root=None):
        """What the canvas shows, [H, W, 4]."""
        self.ui.js("() => ticks(3)")
        url = (root or self.root).eval_on_selector(".dragkit-stage canvas", "(canvas) => canvas.toDataURL()")
        return np.array(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))

    def previewed(self):
        """The picture as the editor shows it, without its arrows, [H, W, 3] in 0..255, at its own size."""
        ui = self.ui
        ui.js(WATCH)
        try:
            # the canvas is drawn anew for the pointer
            ui.page.mouse.move(*self.at((0.9, 0.05)))
            ui.wait("() => drawn.length")
            ui.js("async () => { await ticks(3); drawn.length = 0; }")
            ui.page.mouse.move(*self.at((0.92, 0.06)))
            ui.wait("() => drawn.length")
            return decoded(ui.js(COMPOSE, self.size))
        finally:
            ui.js("() => unwatch()")

    def dump(self):
        """Connects what receives the three outputs."""
        for i, name in enumerate(("points", "region", "picture")):
            self.ui.connect(self.node, i, self.ui.node("TestDump", [700, 40 + 160 * i], name=name), "any")

    def received(self):
        """What the nodes behind get from this one in a run: points.handles, points.targets, region, picture."""
        return self.ui.comfy.tensors(self.ui.run())


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="the editor not tested: Playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"the editor not tested: none of the browsers {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


def set_settings(comfy, **settings):
    requests.post(f"{comfy.url}/settings", json=settings, timeout=60).raise_for_status()


@pytest.fixture(scope="session", params=["classic", "nodes-2"])
def page(request, browser, comfy):
    nodes_2 = request.param == "nodes-2"
    set_settings(comfy, **{"Comfy.TutorialCompleted": True, SEEN: ["appMode", "firstRun"], NODES_2: nodes_2})
    with_photograph(comfy, {})
    random = torch.Generator().manual_seed(0)
    # the large one is larger than the preview
    for name, size in {PICTURE: PICTURE_SIZE, "other.png": (300, 300), "large.png": (1024, 768)}.items():
        coarse = torch.rand(1, 3, 12, 16, generator=random)
        picture = torch.nn.functional.interpolate(coarse, size[::-1], mode="bilinear")[0].movedim(0, -1)
        grain = 0.2 * torch.rand(picture.shape, generator=random)
        Image.fromarray(((0.8 * picture + grain) * 255).byte().numpy()).save(comfy.folder / "input" / name)
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    ui = Ui(context, comfy, nodes_2)
    if nodes_2 and not ui.shows_nodes_2:
        version = ui.version
        context.close()
        pytest.skip(f"the editor not tested in Nodes 2.0: frontend {version} cannot show it there")
    yield ui
    context.close()


def pytest_runtest_teardown(item, nextitem):
    # ComfyUI's page draws without end, at the cost of every test after the editor's
    page = item.funcargs.get("page")
    if page and (nextitem is None or "page" not in nextitem.fixturenames):
        page.page.goto("about:blank")


@pytest.fixture
def ui(page):
    """An empty graph in ComfyUI's page; fails if the pack's code reported an error meanwhile."""
    page.errors.clear()
    page.clear()
    yield page
    page.page.mouse.up()
    assert page.errors == []


@pytest.fixture
def editor(ui):
    """The editor of a node that has its picture from Load Image, and whose outputs are received."""
    loader = ui.node("LoadImage", [-400, 40], image=PICTURE)
    editor = Editor(ui, ui.node("DragKitDragPoints", [260, 40]))
    ui.connect(loader, 0, editor.node, "image")
    editor.dump()
    ui.js("() => capture()")
    editor.wait_until_shown()
    return editor
