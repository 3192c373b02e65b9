import assert from "node:assert/strict";
import test from "node:test";
import { downstream, executionId, fileReference, loadedFile, origin } from "../../web/sources.mjs";

/** A graph as ComfyUI's frontend holds it: links [from id, from slot, to id, to slot]. */
function graph(nodes, links, { ends = {}, asMap = true } = {}) {
  const made = { nodes, inputs: [], outputs: [], ...ends };
  const all = links.map(([origin_id, origin_slot, target_id, target_slot], i) => ({
    id: i + 1, origin_id, origin_slot, target_id, target_slot,
  }));
  made.links = asMap ? new Map(all.map((link) => [link.id, link])) : Object.fromEntries(all.map((link) => [link.id, link]));
  made.getNodeById = (id) => nodes.find((node) => String(node.id) === String(id)) ?? null;
  for (const node of nodes) {
    node.graph = made;
    node.inputs ??= [];
    node.outputs ??= [];
  }
  for (const link of all) {
    const target = made.getNodeById(link.target_id);
    if (target) (target.inputs[link.target_slot] ??= { name: `in${link.target_slot}` }).link = link.id;
    else (made.outputs[link.target_slot] ??= { linkIds: [] }).linkIds.push(link.id);
    const source = made.getNodeById(link.origin_id);
    if (source) ((source.outputs[link.origin_slot] ??= {}).links ??= []).push(link.id);
    else (made.inputs[link.origin_slot] ??= { linkIds: [] }).linkIds.push(link.id);
  }
  return made;
}

const load = (id, image = "cat.png") => ({ id, type: "LoadImage", widgets: [{ name: "image", value: image }] });
const reroute = (id) => ({ id, type: "Reroute", inputs: [{ name: "" }], outputs: [{}] });
const image = { type: "IMAGE" };

for (const asMap of [true, false]) {
  test(`through reroutes to the node that makes the picture, links as ${asMap ? "a map" : "an object"}`, () => {
    const points = { id: 9 };
    const root = graph([load(1), reroute(2), reroute(3), points], [[1, 0, 2, 0], [2, 0, 3, 0], [3, 0, 9, 0]], { asMap });
    assert.deepEqual(origin(root, points, 0), { node: root.nodes[0], slot: 0 });
    assert.equal(origin(root, points, 1), null);
  });
}

test("a bypassed node passes on the input of the same type, a muted one nothing", () => {
  const scale = { id: 2, type: "ImageScale", mode: 4, inputs: [{ name: "mask", type: "MASK" }, { name: "image", ...image }], outputs: [{ ...image }] };
  const points = { id: 9 };
  const root = graph([load(1), scale, points], [[1, 0, 2, 1], [2, 0, 9, 0]]);
  assert.equal(origin(root, points, 0)?.node.id, 1);
  scale.mode = 0;
  assert.equal(origin(root, points, 0)?.node.id, 2);
  scale.mode = 2;
  assert.equal(origin(root, points, 0), null);
});

for (const [input, output] of [[-10, -20], ["-10", "-20"]]) {
  test(`through the borders of subgraphs, ids as ${typeof input}`, () => {
    const points = { id: 5 };
    const inner = graph([reroute(6), points], [[input, 0, 6, 0], [6, 0, 5, 0]]);
    const host = { id: 2, subgraph: inner };
    const root = graph([load(1), host], [[1, 0, 2, 0]]);
    assert.equal(origin(root, points, 0)?.node.id, 1);
    assert.equal(executionId(root, inner, 5), "2:5");

    const outside = { id: 4 };
    const source = graph([load(7)], [[7, 0, output, 0]]);
    const around = graph([{ id: 3, subgraph: source }, outside], [[3, 0, 4, 0]]);
    assert.equal(origin(around, outside, 0)?.node.id, 7);
  });
}

test("a subgraph that is used twice is left where it was entered", () => {
  const through = graph([reroute(8)], [[-10, 0, 8, 0], [8, 0, -20, 0]]);
  const points = { id: 9 };
  const root = graph(
    [load(1, "a.png"), load(2, "b.png"), { id: 3, subgraph: through }, { id: 4, subgraph: through }, points],
    [[1, 0, 3, 0], [2, 0, 4, 0], [4, 0, 9, 0]],
  );
  assert.equal(origin(root, points, 0)?.node.id, 2);
});

test("nested subgraphs have ids of all their hosts", () => {
  const innermost = graph([{ id: 1 }], []);
  const middle = graph([{ id: 2, subgraph: innermost }], []);
  const root = graph([{ id: 3, subgraph: middle }], []);
  assert.equal(executionId(root, innermost, 1), "3:2:1");
  assert.equal(executionId(root, root, 3), "3");
});

test("a loop of reroutes ends", () => {
  const points = { id: 9 };
  const root = graph([reroute(1), reroute(2), points], [[1, 0, 2, 0], [2, 0, 1, 0], [2, 0, 9, 0]]);
  assert.equal(origin(root, points, 0), null);
});

test("everything after a node is found once, through the borders of subgraphs", () => {
  const start = { id: 1 };
  const inner = graph([{ id: 5 }, { id: 6 }], [[-10, 0, 5, 0], [5, 0, 6, 0], [5, 0, -20, 0]]);
  const root = graph(
    [start, { id: 2, subgraph: inner }, { id: 3 }, { id: 4 }, { id: 7 }],
    [[1, 0, 2, 0], [2, 0, 3, 0], [1, 1, 3, 1], [3, 0, 1, 0], [7, 0, 4, 0]],
  );
  assert.deepEqual([...downstream(root, start).keys()].sort(), ["1", "2:5", "2:6", "3"]);
  assert.deepEqual([...downstream(root, inner.nodes[0]).keys()].sort(), ["1", "2:5", "2:6", "3"].sort());
});

test("the file that a node loads", () => {
  const loaded = (node) => loadedFile(graph([node], []), node);
  assert.deepEqual(loaded(load(1, "sub/dir/a b.JPG")), { filename: "a b.JPG", subfolder: "sub/dir", type: "input" });
  assert.deepEqual(fileReference("x.webp [output]"), { filename: "x.webp", subfolder: "", type: "output" });
  assert.equal(fileReference("model.safetensors"), null);
  assert.equal(loaded({ id: 1, widgets: [{ name: "image", value: 3 }] }), null);
  assert.equal(loaded({ id: 1 }), null);
});

test("the file of a loader whose name is given from outside", () => {
  const given = () => ({ ...load(2), inputs: [{ name: "image" }] });
  const linked = graph([load(1), given()], [[1, 0, 2, 0]]);
  assert.equal(loadedFile(linked, linked.nodes[1]), null);

  const inner = graph([given()], [[-10, 0, 2, 0]]);
  const host = { id: 3, subgraph: inner, inputs: [{ name: "photo" }], widgets: [{ name: "photo", value: "dog.png" }] };
  const root = graph([host], []);
  assert.equal(loadedFile(root, inner.nodes[0])?.filename, "dog.png");
  const outside = graph([load(1), { ...host, inputs: [{ name: "photo" }] }], [[1, 0, 3, 0]]);
  assert.equal(loadedFile(outside, inner.nodes[0]), null);
});
