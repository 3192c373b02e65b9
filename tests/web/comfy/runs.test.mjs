import assert from "node:assert/strict";
import test from "node:test";
import { recipeOf } from "../../../web/comfy/followed_picture.mjs";
import { candidates } from "../../../web/comfy/results.mjs";
import { Runs, unchanged } from "../../../web/comfy/runs.mjs";
import { regionUse, standing } from "../../../web/comfy/downstream_region.mjs";
import { placeOf } from "../../../web/comfy/sources.mjs";
import { graph } from "./graph.mjs";

const image = { name: "image", type: "IMAGE" };
const widgets = (values) => Object.entries(values).map(([name, value]) => ({ name, value }));
const load = (id, file = "cat.png") => ({ id, type: "LoadImage", widgets: widgets({ image: file }), outputs: [{ type: "IMAGE" }] });
const scale = (id, width = 64) => ({
  id, type: "ImageScale", inputs: [{ ...image }, { name: "width" }], outputs: [{ type: "IMAGE" }],
  widgets: widgets({ upscale_method: "area", width, height: 32, crop: "disabled" }),
});
const points = (id) => ({
  id, type: "DragKitDragPoints", inputs: [{ ...image }, { name: "mask", type: "MASK" }],
  outputs: [{ type: "DRAGKIT_POINTS" }, { type: "MASK" }, { type: "IMAGE" }],
});

test("a picture is followed through the nodes that scale it, with the values they get", () => {
  const [scaled, drag] = [scale(2), points(3)];
  const root = graph([load(1), scaled, drag, { id: 4, type: "PrimitiveInt", widgets: widgets({ value: 99 }), outputs: [{}] }], [[1, 0, 2, 0], [2, 0, 3, 0], [4, 0, 2, 1]]);
  const file = { filename: "cat.png", subfolder: "", type: "input" };
  const values = { upscale_method: "area", width: 99, height: 32, crop: "disabled" };
  assert.deepEqual(recipeOf(root, drag, 0), { type: "ImageScale", values, image: { file } });
  scaled.mode = 4;
  assert.deepEqual(recipeOf(root, drag, 0), { file });
  scaled.mode = 0;
  root.getNodeById(4).type = "SomethingElse";
  assert.equal(recipeOf(root, drag, 0), null);
});

test("a side of another picture is a value", () => {
  const measure = { id: 5, type: "GetImageSize", inputs: [{ ...image }], outputs: [{}, {}, {}] };
  const [scaled, drag] = [scale(2), points(3)];
  const root = graph([load(1), scaled, drag, load(4, "dog.png"), measure], [[1, 0, 2, 0], [2, 0, 3, 0], [5, 1, 2, 1], [4, 0, 5, 0]]);
  assert.deepEqual(recipeOf(root, drag, 0).values.width, { side: 1, of: { file: { filename: "dog.png", subfolder: "", type: "input" } } });
});

test("a loop of scaling nodes ends", () => {
  const drag = points(3);
  const root = graph([scale(1), scale(2), drag], [[1, 0, 2, 0], [2, 0, 1, 0], [2, 0, 3, 0]]);
  assert.equal(recipeOf(root, drag, 0), null);
});

const sampler = (id, seed = 1) => ({ id, type: "Sampler", inputs: [{ ...image }], outputs: [{ type: "IMAGE" }], widgets: widgets({ seed, control_after_generate: "fixed" }) });
const ran = {
  1: { class_type: "LoadImage", inputs: { image: "cat.png" } },
  2: { class_type: "Sampler", inputs: { image: ["1", 0], seed: 1 } },
  3: { class_type: "DragKitDragPoints", inputs: { points: "", image: ["2", 0] } },
};
const live = (links = [[1, 0, 2, 0], [2, 0, 3, 0]]) => graph([load(1), sampler(2), points(3), load(4)], links);
const same = (root, names = ["image", "mask"]) => {
  const node = root.getNodeById(3);
  return unchanged(ran, root, node, placeOf(root, node), names);
};

test("a run is still that of the graph until a value, a link or a node before it changes", () => {
  assert.equal(same(live()), true);
  const value = live();
  value.getNodeById(2).widgets[0].value = 2;
  assert.equal(same(value), false);
  const file = live();
  file.getNodeById(1).widgets[0].value = "dog.png";
  assert.equal(same(file), false);
  assert.equal(same(live([[4, 0, 2, 0], [2, 0, 3, 0]])), false);
  assert.equal(same(live([[2, 0, 3, 0]])), false);
  assert.equal(same(live([[1, 0, 2, 0]])), false);
  assert.equal(same(live([[1, 0, 2, 0], [2, 0, 3, 0], [4, 0, 3, 1]])), false);
  const bypassed = live();
  bypassed.getNodeById(2).mode = 4;
  assert.equal(same(bypassed), false);
});

test("a prompt with choices in braces is sent with one of them", () => {
  const root = live();
  const [seed] = root.getNodeById(2).widgets;
  Object.assign(seed, { value: "a {red|blue} cat", serializeValue: () => {} });
  assert.equal(same(root), true);
  seed.value = "a red cat";
  assert.equal(same(root), false);
});

test("the prompt of a run is found in the queue, then in the history, and asked for once", async () => {
  const asked = [];
  const api = {
    fetchApi: async (path) => {
      asked.push(path);
      const answers = { "/queue": { queue_running: [[0, "a", ran]], queue_pending: [] }, "/history/b": { b: { prompt: [1, "b", { x: 1 }] } } };
      return { json: async () => answers[path] ?? {} };
    },
  };
  const runs = new Runs(api);
  assert.equal(await runs.prompt("a"), ran);
  assert.equal(await runs.prompt("a"), ran);
  assert.deepEqual(await runs.prompt("b"), { x: 1 });
  assert.equal(await runs.prompt("c"), null);
  assert.equal(asked.length, 1 + 2 + 2);
  assert.equal(await new Runs({ fetchApi: async () => { throw new Error("no server"); } }).prompt("a"), null);
});

const shows = (id, type, title) => ({ id, type, title, inputs: [{ name: "images", type: "IMAGE" }], outputs: [] });

test("the result is what the graph ends in, no mask and nothing that only shows the motion", () => {
  const start = points(1);
  const nodes = [start, sampler(2), sampler(3), shows(4, "PreviewImage"), shows(5, "SaveImage", "Save Image"), shows(6, "SaveImage"),
    { id: 7, type: "MaskPreview", inputs: [{ name: "mask", type: "MASK" }] }, { id: 8, type: "MaskToImage", inputs: [{ name: "mask", type: "MASK" }], outputs: [{ type: "IMAGE" }] },
    shows(9, "PreviewImage"), shows(10, "Other"), { ...shows(11, "SaveImage"), mode: 2 }];
  const root = graph(nodes, [[1, 2, 2, 0], [2, 0, 3, 0], [2, 0, 4, 0], [3, 0, 5, 0], [1, 2, 6, 0], [1, 1, 7, 0], [1, 1, 8, 0], [8, 0, 9, 0], [3, 0, 10, 0], [3, 0, 11, 0]]);
  const found = (reported = () => false) => candidates(root, start, reported).map(({ id }) => id);
  assert.deepEqual(found(), ["5", "4", "6"]);
  assert.deepEqual(found((id) => id === "10"), ["5", "10", "4", "6"]);
  assert.deepEqual(candidates(root, start, () => false).map(({ name }) => name), ["Save Image #5", "PreviewImage #4", "SaveImage #6"]);
});

test("a longer way counts, also through a subgraph, and a loop ends", () => {
  const start = points(1);
  const inner = graph([sampler(5)], [["-10", 0, 5, 0], [5, 0, "-20", 0]]);
  const host = { id: 2, subgraph: inner, inputs: [{ ...image }], outputs: [{ type: "IMAGE" }] };
  const root = graph([start, host, sampler(3), shows(4, "PreviewImage"), shows(6, "SaveImage")], [[1, 2, 2, 0], [2, 0, 3, 0], [3, 0, 4, 0], [1, 2, 6, 0]]);
  assert.deepEqual(candidates(root, start, () => false).map(({ id }) => id), ["4", "6"]);
  const loop = graph([points(1), sampler(2), sampler(3), shows(4, "SaveImage")], [[1, 2, 4, 0], [2, 0, 3, 0], [3, 0, 2, 0]]);
  assert.deepEqual(candidates(loop, loop.nodes[0], () => false).map(({ id }) => id), ["4"]);
});

test("what the painted region is to the node that takes it", () => {
  const use = (type, values = {}, slots = { points: 0, region: 1 }) => {
    const start = points(1);
    const mover = { id: 2, type, inputs: [{ name: "drag_points" }, { name: "mask", type: "MASK" }, { name: "flow" }], widgets: widgets(values) };
    const links = Object.entries({ points: [1, 0, 2, 0], region: [1, 1, 2, 1], flow: [3, 0, 2, 2] }).flatMap(([name, link]) => (name in slots ? [link] : []));
    return regionUse({ graph: graph([start, mover, sampler(3)], links) }, start);
  };
  assert.equal(use("DragKitDragWarp", { displacement: "rigid", border: "held" }), "changes");
  assert.equal(use("DragKitDragWarp", { displacement: "rigid", border: "free" }), "moves");
  assert.equal(use("DragKitDragWarp", { displacement: "stretch", border: "held" }), "moves");
  assert.equal(use("DragKitLatentWarpage", { displacement: "rigid", border: "free" }), "moves");
  assert.equal(use("DragKitDragWarp", { displacement: "rigid", border: "held" }, { points: 0, region: 1, flow: 2 }), "moves");
  assert.equal(use("DragKitApplyLightningDrag"), "changes");
  assert.equal(use("DragKitDragWarp", { border: "free" }, { points: 0 }), "unused");
  assert.equal(use("DragKitDragPointsPreview", {}, { points: 0 }), null);
});

test("a node that is bypassed, muted, or behind which there is nothing", () => {
  const [start, after] = [points(1), sampler(2)];
  const root = graph([start, after], [[1, 2, 2, 0]]);
  assert.equal(standing({ graph: root }, start), null);
  start.mode = 4;
  assert.equal(standing({ graph: root }, start), "bypassed");
  start.mode = 2;
  assert.equal(standing({ graph: root }, start), "muted");
  const alone = points(1);
  assert.equal(standing({ graph: graph([alone], []) }, alone), "ends");
});
