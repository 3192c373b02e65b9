import assert from "node:assert/strict";
import test from "node:test";
import { downstreamMotion } from "../../../web/comfy/downstream_motion.mjs";
import { graph } from "./graph.mjs";
import { DEFAULT, said } from "../../../web/preview/how.mjs";

const POINTS = { type: "DRAGKIT_POINTS" };

const points = () => ({ id: 1, type: "DragKitDragPoints", outputs: [{ ...POINTS }, { type: "MASK" }] });
const mover = (id, type, displacement, border) => ({
  id,
  type,
  inputs: [{ name: "drag_points", ...POINTS }, { name: "mask", type: "MASK" }, { name: "flow", type: "FLOW" }],
  outputs: [{ type: "IMAGE" }],
  widgets: [{ name: "displacement", value: displacement }, { name: "border", value: border }],
});
const warp = (id, displacement = "rigid", border = "free") => mover(id, "DragKitDragWarp", displacement, border);
const latent = (id, displacement = "affine", border = "held") => mover(id, "DragKitLatentWarpage", displacement, border);
const motion = (root, start) => downstreamMotion({ graph: root }, start);

test("nothing downstream, or only what shows points, is the default of a new Drag Warp", () => {
  const start = points();
  const other = { id: 2, type: "DragKitDragPointsPreview", outputs: [] };
  assert.equal(motion(graph([start, other], [[1, 0, 2, 0]]), start), DEFAULT);
  assert.deepEqual([DEFAULT.displacement, DEFAULT.border, DEFAULT.finds], ["similarity", "held", true]);
});

test("the widgets of the node that gets the points say how, its mask whether the region counts", () => {
  const [start, node] = [points(), warp(2)];
  const root = graph([start, node], [[1, 0, 2, 0]]);
  assert.deepEqual(motion(root, start), { displacement: "rigid", border: "free", finds: true, masked: false, chosen: "rigid" });
  const masked = graph([start, latent(2)], [[1, 0, 2, 0], [1, 1, 2, 1]]);
  assert.deepEqual(motion(masked, start), { displacement: "affine", border: "held", finds: false, masked: true, chosen: "affine" });
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
  assert.equal(motion(root, start).chosen, "nearest-4");
});

test("out of a subgraph, and the nearest of several", () => {
  const start = points();
  const inner = graph([start], [[1, 0, "-20", 0]]);
  const reroute = { id: 4, type: "Reroute", inputs: [{ name: "" }], outputs: [{}] };
  const root = graph([{ id: 2, subgraph: inner }, reroute, warp(5, "affine"), warp(6, "nearest")], [[2, 0, 4, 0], [4, 0, 5, 0], [2, 0, 6, 0]]);
  assert.equal(motion(root, start).chosen, "nearest");
});

test("a connected widget or flow is not known before a run", () => {
  for (const name of ["displacement", "border", "flow"]) {
    const [start, node] = [points(), warp(2)];
    if (name !== "flow") node.inputs.push({ name });
    const slot = node.inputs.findIndex((input) => input.name === name);
    const root = graph([start, node, { id: 3, type: "Primitive" }], [[1, 0, 2, 0], [3, 0, 2, slot]]);
    assert.equal(motion(root, start), DEFAULT, name);
  }
});

test("a few words for what is shown; arap by what is close to it", () => {
  const start = points();
  const shown = (...widgets) => said(motion(graph([start, warp(2, ...widgets)], [[1, 0, 2, 0]]), start));
  assert.equal(shown("rigid", "held"), "preview: rigid, held");
  assert.equal(shown("stretch", "held"), "preview: stretch");
  assert.equal(shown("arap", "free"), "preview: rigid, free (close to arap)");
  assert.equal(shown("anything", "held"), said(DEFAULT));
});
