import assert from "node:assert/strict";
import test from "node:test";
import { downstream, executionId, fileReference, loadedFile, origin, promotedNode, shownFile } from "../../../web/comfy/sources.mjs";
import { graph } from "./graph.mjs";

const load = (id, image = "cat.png") => ({ id, type: "LoadImage", widgets: [{ name: "image", value: image }] });
const reroute = (id) => ({ id, type: "Reroute", inputs: [{ name: "" }], outputs: [{}] });
const image = { type: "IMAGE" };

for (const asMap of [true, false]) {
  test(`through reroutes to the node that makes the picture, links as ${asMap ? "a map" : "an object"}`, () => {
    const points = { id: 9 };
    const root = graph([load(1), reroute(2), reroute(3), points], [[1, 0, 2, 0], [2, 0, 3, 0], [3, 0, 9, 0]], { asMap });
    const { node, slot } = origin(root, points, 0);
    assert.deepEqual([node.id, slot], [1, 0]);
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
  assert.deepEqual(fileReference("clipspace/a [1].png [temp]"), { filename: "a [1].png", subfolder: "clipspace", type: "temp" });
  assert.equal(fileReference("x.png [elsewhere]"), null);
  assert.equal(loaded({ id: 1, widgets: [{ name: "image", value: 3 }] }), null);
  assert.equal(loaded({ id: 1 }), null);
  const other = { ...load(2), inputs: [{ name: "image", link: null }] };
  const root = graph([load(1), other], [[1, 0, 2, 1]]);
  assert.equal(loadedFile(root, other)?.filename, "cat.png");
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

test("a loader in a subgraph that is used twice loads what is given to the one that was entered", () => {
  const inner = graph([{ ...load(2), inputs: [{ name: "image" }] }], [[-10, 0, 2, 0], [2, 0, -20, 0]]);
  const host = (id, value) => ({ id, subgraph: inner, inputs: [{ name: "photo" }], widgets: [{ name: "photo", value }] });
  const points = { id: 9 };
  for (const [entered, file] of [[3, "dog.png"], [4, "bird.png"]]) {
    const root = graph([host(3, "dog.png"), host(4, "bird.png"), points], [[entered, 0, 9, 0]]);
    const { node, place } = origin(root, points, 0);
    assert.equal(loadedFile(root, node, place)?.filename, file);
  }
});

test("a bypassed node passes on what ComfyUI passes on: the same place, the same type, then any type; else nothing", () => {
  const points = { id: 9 };
  const from = (inputs, links, output = 0) => {
    const outputs = [{ ...image }, { ...image }];
    const node = { id: 3, type: "Any", mode: 4, inputs: inputs.map((type, i) => ({ name: `in${i}`, type })), outputs };
    const root = graph([load(1), load(2), node, points], [...links.map(([id, slot]) => [id, 0, 3, slot]), [3, output, 9, 0]]);
    return origin(root, points, 0)?.node.id ?? null;
  };
  assert.equal(from(["IMAGE", "IMAGE"], [[1, 0], [2, 1]], 1), 2);
  assert.equal(from(["MASK", "IMAGE"], [[1, 0], [2, 1]], 0), 2);
  assert.equal(from(["MASK", "*"], [[1, 0], [2, 1]], 0), 2);
  assert.equal(from(["*", "IMAGE"], [[1, 0], [2, 1]], 0), 1);
  assert.equal(from(["MASK"], [[1, 0]]), null);
  assert.equal(from([], []), null);
  assert.equal(from(["IMAGE"], []), null);
});

test("only a reroute passes on its input, not another node with one input and one output", () => {
  const points = { id: 9 };
  const invert = { id: 2, type: "ImageInvert", inputs: [{ name: "image" }], outputs: [{}] };
  const root = graph([load(1), invert, points], [[1, 0, 2, 0], [2, 0, 9, 0]]);
  assert.equal(origin(root, points, 0)?.node.id, 2);
});

test("the output that was taken is known", () => {
  const points = { id: 9 };
  const root = graph([load(1), reroute(2), points], [[1, 1, 2, 0], [2, 0, 9, 0]]);
  const { node, slot } = origin(root, points, 0);
  assert.deepEqual([node.id, slot], [1, 1]);
});

test("a subgraph that is bypassed passes on, one that is muted does not, nor a muted node before a reroute", () => {
  const points = { id: 9 };
  const inner = graph([load(7, "inner.png")], [[7, 0, -20, 0]]);
  const host = { id: 3, subgraph: inner, inputs: [{ name: "image", ...image }], outputs: [{ ...image }] };
  const root = graph([load(1), host, reroute(4), points], [[1, 0, 3, 0], [3, 0, 4, 0], [4, 0, 9, 0]]);
  assert.equal(origin(root, points, 0)?.node.id, 7);
  host.mode = 4;
  assert.equal(origin(root, points, 0)?.node.id, 1);
  root.nodes[0].mode = 2;
  assert.equal(origin(root, points, 0), null);
  host.mode = 2;
  root.nodes[0].mode = 0;
  assert.equal(origin(root, points, 0), null);
});

test("out of two subgraphs around a node, by the input that is meant, and into one inside another", () => {
  const points = { id: 5 };
  const inner = graph([points], [[-10, 1, 5, 0]]);
  const middle = graph([{ id: 4, subgraph: inner }], [[-10, 0, 4, 1]]);
  const root = graph([load(1), load(2), { id: 3, subgraph: middle }], [[2, 0, 3, 0]]);
  assert.equal(origin(root, points, 0)?.node.id, 2);

  const outside = { id: 9 };
  const deep = graph([load(7, "a.png"), load(8, "b.png")], [[7, 0, -20, 0], [8, 0, -20, 1]]);
  const around = graph([{ id: 4, subgraph: deep }], [[4, 1, -20, 0]]);
  assert.equal(origin(graph([{ id: 3, subgraph: around }, outside], [[3, 0, 9, 0]]), outside, 0)?.node.id, 8);
});

test("an input of a subgraph to which nothing is connected shows nothing", () => {
  const points = { id: 5 };
  const inner = graph([points], [[-10, 0, 5, 0]]);
  assert.equal(origin(graph([{ id: 2, subgraph: inner }], []), points, 0), null);
  const empty = graph([], []);
  const outside = { id: 9 };
  assert.equal(origin(graph([{ id: 3, subgraph: empty }, outside], [[3, 0, 9, 0]]), outside, 0), null);
});

test("a subgraph that is used twice is found after a node at both places, and what comes after both", () => {
  const start = { id: 1 };
  const inner = graph([{ id: 5 }, { id: 6 }], [[-10, 0, 5, 0], [5, 0, -20, 0]]);
  const hosts = [{ id: 2, subgraph: inner }, { id: 3, subgraph: inner }];
  const root = graph([start, ...hosts, { id: 7 }, { id: 8 }], [[1, 0, 2, 0], [1, 0, 3, 0], [2, 0, 7, 0], [3, 0, 8, 0]]);
  assert.deepEqual([...downstream(root, start).keys()].sort(), ["2:5", "3:5", "7", "8"]);
  assert.deepEqual([...downstream(root, inner.nodes[0]).keys()].sort(), ["7", "8"]);
});

test("what comes after one of two uses of a subgraph does not come after the other", () => {
  const inner = graph([{ id: 5 }], [[-10, 0, 5, 0], [5, 0, -20, 0]]);
  const start = { id: 1 };
  const root = graph(
    [start, { id: 2, subgraph: inner }, { id: 3, subgraph: inner }, { id: 7 }, { id: 8 }, { id: 4 }],
    [[1, 0, 2, 0], [4, 0, 3, 0], [2, 0, 7, 0], [3, 0, 8, 0]],
  );
  assert.deepEqual([...downstream(root, start).keys()].sort(), ["2:5", "7"]);
});

test("links that lead nowhere are passed over", () => {
  const start = { id: 1, outputs: [{ links: [77] }, { links: null }, {}] };
  const root = graph([start, { id: 2 }], [[1, 3, 99, 0]]);
  assert.equal(downstream(root, start).size, 0);
  const points = { id: 9, inputs: [{ name: "image", link: 55 }] };
  assert.equal(origin(graph([points], []), points, 0), null);
  assert.equal(origin(graph([points], [[66, 0, 9, 0]]), points, 0), null);
});

test("the photograph of a Demo Model is a file of the pack, its other outputs are none", () => {
  const demo = { id: 1, type: "DragKitDemoModel", widgets: [{ name: "photograph", value: "rocket" }] };
  const points = { id: 2 };
  const shown = (slot) => {
    const root = graph([demo, points], [[1, slot, 2, 0]]);
    return shownFile(root, origin(root, points, 0));
  };
  assert.deepEqual(shown(3), { filename: "rocket.jpg", subfolder: "", type: "dragkit" });
  assert.equal(shown(0), null);
  const root = graph([load(1), points], [[1, 1, 2, 0]]);
  assert.equal(shownFile(root, origin(root, points, 0)), null);
});

test("a node inside a subgraph is found by the input that is promoted to it, through subgraphs and past other nodes", () => {
  const points = { id: 5, type: "Points" };
  const inner = graph([{ id: 6, type: "Other" }, points], [[-10, 0, 6, 0], [-10, 0, 5, 0]]);
  const around = graph([{ id: 4, subgraph: inner }], [[-10, 1, 4, 0]]);
  const host = { id: 3, subgraph: around, inputs: [{ name: "image" }, { name: "points" }] };
  const root = graph([host], []);
  const { node, place } = promotedNode(root, host, "points", "Points");
  assert.equal(node.id, 5);
  assert.equal(executionId(root, inner, 5, place), "3:4:5");
  assert.equal(promotedNode(root, host, "image", "Points"), null);
  assert.equal(promotedNode(root, host, "points", "Others"), null);
});

test("what comes after a node at one place of its subgraph alone", () => {
  const start = { id: 5 };
  const inner = graph([start], [[5, 0, -20, 0]]);
  const hosts = [{ id: 2, subgraph: inner, inputs: [{ name: "points" }] }, { id: 3, subgraph: inner }];
  inner.inputs.push({ linkIds: [] });
  const root = graph([...hosts, { id: 7 }, { id: 8 }], [[2, 0, 7, 0], [3, 0, 8, 0]]);
  const place = { graph: inner, host: hosts[1], outer: { graph: root, host: null, outer: null } };
  assert.deepEqual([...downstream(root, start, place).keys()], ["8"]);
  assert.deepEqual([...downstream(root, start).keys()].sort(), ["7", "8"]);
});
