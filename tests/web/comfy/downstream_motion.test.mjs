import assert from "node:assert/strict";
import test from "node:test";
import { downstreamMotion } from "../../../web/comfy/downstream_motion.mjs";
import { graph } from "./graph.mjs";
import { DEFAULT, DEFAULT_REGIONS, said } from "../../../web/preview/how.mjs";

const POINTS = { type: "DRAGKIT_POINTS" };

const outputs = [{ ...POINTS }, { type: "MASK" }, { type: "IMAGE" }, { type: "DRAGKIT_REGIONS" }];
const points = () => ({ id: 1, type: "DragKitDragPoints", outputs: structuredClone(outputs) });
const mover = (id, type, displacement, border, widgets) => ({
  id,
  type,
  inputs: [{ name: "drag_points", ...POINTS }, { name: "mask", type: "MASK" }, { name: "flow", type: "FLOW" }],
  outputs: [{ type: "IMAGE" }],
  widgets: [{ name: "displacement", value: displacement }, { name: "border", value: border }, ...widgets],
});
const warp = (id, displacement = "rigid", border = "free", front = "longest") =>
  mover(id, "DragKitDragWarp", displacement, border, [{ name: "front", value: front }]);
const latent = (id, displacement = "affine", border = "held", mode = "inverse") =>
  mover(id, "DragKitLatentWarpage", displacement, border, [{ name: "mode", value: mode }]);
const pairs = (id) => ({
  id,
  type: "DragKitRegionDrag",
  inputs: [{ name: "image" }, { name: "handle_mask" }, { name: "target_mask" }, { name: "regions" }],
  outputs: [{ type: "FLOW" }, { type: "MASK" }, { type: "MASK" }, { ...POINTS }],
});
const both = (root, start) => downstreamMotion({ graph: root }, start);
const motion = (root, start) => both(root, start).drags;

test("nothing downstream, or only what shows points, is the default of a new Drag Warp", () => {
  const start = points();
  const other = { id: 2, type: "DragKitDragPointsPreview", outputs: [] };
  assert.equal(motion(graph([start, other], [[1, 0, 2, 0]]), start), DEFAULT);
  assert.deepEqual([DEFAULT.displacement, DEFAULT.border, DEFAULT.finds], ["similarity", "held", true]);
});

test("the widgets of the node that gets the points say how, its mask whether the region counts", () => {
  const [start, node] = [points(), warp(2, "rigid", "free", "shortest")];
  const root = graph([start, node], [[1, 0, 2, 0]]);
  const told = { displacement: "rigid", border: "free", front: "shortest", mask: "none", finds: true, latent: null, known: true, moves: "drags" };
  assert.deepEqual(motion(root, start), told);
  const masked = graph([start, latent(2, "arap", "held", "fastdrag")], [[1, 0, 2, 0], [1, 1, 2, 1]]);
  const cells = { displacement: "arap", border: "held", front: "longest", mask: "own", finds: false, latent: "fastdrag" };
  assert.deepEqual(motion(masked, start), { ...told, ...cells });
  const grown = { id: 3, type: "GrowMask", inputs: [{ name: "mask", type: "MASK" }, { name: "expand" }], outputs: [{ type: "MASK" }] };
  const other = graph([start, warp(2), grown], [[1, 0, 2, 0], [1, 1, 3, 0], [3, 0, 2, 1]]);
  assert.equal(motion(other, start).mask, "other");
});

test("region pairs go by Region Drag to what takes its flow, whose mask is its own or another", () => {
  const start = points();
  const nodes = () => [start, pairs(2), warp(3, "rigid", "held", "last")];
  const links = [[1, 3, 2, 3], [2, 0, 3, 2], [2, 3, 3, 0]];
  const told = { ...DEFAULT_REGIONS, front: "last", mask: "none", known: true };
  assert.deepEqual(both(graph(nodes(), links), start), { drags: DEFAULT, regions: told });
  assert.equal(both(graph(nodes(), [...links, [2, 1, 3, 1]]), start).regions.mask, "own");
  assert.equal(both(graph(nodes(), [...links, [1, 1, 3, 1]]), start).regions.mask, "other");
  const cells = both(graph([start, pairs(2), latent(3)], [...links, [2, 2, 3, 1]]), start).regions;
  assert.deepEqual([cells.latent, cells.mask, cells.moves], ["inverse", "own", "regions"]);
  // pairs of masks are moved, too, and not known here
  const painted = { id: 4, type: "LoadImageMask", outputs: [{ type: "MASK" }] };
  assert.equal(both(graph([...nodes(), painted], [...links, [4, 0, 2, 1]]), start).regions, DEFAULT_REGIONS);
});

test("through reroutes, bypassed nodes and subgraphs, past a muted node and one that does not take points", () => {
  const start = points();
  const reroute = { id: 3, type: "Reroute", inputs: [{ name: "" }], outputs: [{}] };
  const passes = { id: 4, type: "Other", mode: 4, inputs: [{ name: "x", ...POINTS }], outputs: [{ ...POINTS }] };
  const inner = graph([warp(5, "nearest-4", "held")], [["-10", 0, 5, 0]]);
  const muted = { ...warp(7, "affine"), mode: 2 };
  const bypassed = { ...warp(8, "affine"), mode: 4 };
  const nodes = [start, reroute, passes, { id: 6, subgraph: inner }, muted, bypassed];
  const root = graph(nodes, [[1, 0, 7, 0], [1, 0, 8, 0], [1, 0, 3, 0], [3, 0, 4, 0], [4, 0, 6, 0]]);
  assert.equal(motion(root, start).displacement, "nearest-4");
});

test("out of a subgraph, and the nearest of several", () => {
  const start = points();
  const inner = graph([start], [[1, 0, "-20", 0]]);
  const reroute = { id: 4, type: "Reroute", inputs: [{ name: "" }], outputs: [{}] };
  const root = graph([{ id: 2, subgraph: inner }, reroute, warp(5, "affine"), warp(6, "nearest")], [[2, 0, 4, 0], [4, 0, 5, 0], [2, 0, 6, 0]]);
  assert.equal(motion(root, start).displacement, "nearest");
});

test("a connected widget or flow is not known before a run", () => {
  for (const name of ["displacement", "border", "front", "flow"]) {
    const [start, node] = [points(), warp(2)];
    if (name !== "flow") node.inputs.push({ name });
    const slot = node.inputs.findIndex((input) => input.name === name);
    const root = graph([start, node, { id: 3, type: "Primitive" }], [[1, 0, 2, 0], [3, 0, 2, slot]]);
    assert.equal(motion(root, start), DEFAULT, name);
  }
});

test("a few words for what is shown", () => {
  const start = points();
  const shown = (node, ...links) => said(motion(graph([start, node, { id: 3, outputs: [{ type: "MASK" }] }], [[1, 0, 2, 0], ...links]), start));
  assert.equal(shown(warp(2, "rigid", "held")), "preview: rigid, held");
  assert.equal(shown(warp(2, "stretch", "held")), "preview: stretch");
  assert.equal(shown(warp(2, "arap", "free", "first")), "preview: arap, free, first in front");
  assert.equal(shown(latent(2, "rigid", "held")), "preview: rigid, held, latent cells");
  assert.equal(shown(latent(2, "rigid", "held", "fastdrag")), "preview: rigid, held, whole latent cells");
  assert.equal(shown(warp(2, "rigid", "held"), [3, 0, 2, 1]), "preview: rigid, held, without the mask that another node makes");
  assert.equal(shown(warp(2, "anything", "held")), said(DEFAULT));
  assert.equal(said(DEFAULT_REGIONS), "preview: region pairs");
});
