import assert from "node:assert/strict";
import test from "node:test";
import { NodePicture } from "../../../web/comfy/node_picture.mjs";
import { NodeResult } from "../../../web/comfy/node_result.mjs";
import { Remembered } from "../../../web/comfy/runs.mjs";
import { graph } from "./graph.mjs";

/** A node without inputs, and what its session is told. */
function picture() {
  const told = [];
  const session = {
    inputMask: "mask", store: { document: { picture: null }, notify: () => {} }, tell: (notice) => told.push(notice), setPicture: () => {},
  };
  const node = { id: 1, inputs: [], outputs: [] };
  const app = { graph: graph([node], []) };
  const runs = new Remembered();
  const shown = new NodePicture(session, () => ({ node }), app, {}, runs, () => {});
  return { told, session, shown, runs, node, app };
}

for (const [name, message] of [["null, as from the cache", null], ["undefined", undefined], ["empty", {}], ["null in it", { dragkit_picture: null }]]) {
  test(`a run that shows nothing takes the mask away: ${name}`, () => {
    const { told, session, shown } = picture();
    // twice, as a run that comes from the cache
    for (let i = 0; i < 2; i++) shown.executed(message);
    assert.equal(session.inputMask, null);
    assert.deepEqual(told, []);
  });
}

test("a run says for what its points were taken", () => {
  const { told, shown } = picture();
  shown.executed({ dragkit_notice: ["4 positions are one track"] });
  assert.deepEqual(told, ["The points: 4 positions are one track."]);
});

test("the result of a node that shows nothing, or is not behind this one, changes nothing", () => {
  const { session, runs, node, app } = picture();
  const result = new NodeResult(session, node, () => ({ node }), app, {}, runs, async () => null, () => "");
  result.executed({ node: "1", output: null });
  result.executed({ node: "1" });
  result.executed({ node: "2", output: { images: [{ filename: "x.png", subfolder: "", type: "temp" }] } });
  result.cached({});
  assert.equal(runs.made.size, 0);
});

test("a result is of the points as they are, of others, of another picture, or of another workflow", async () => {
  const file = { filename: "x.png", subfolder: "", type: "temp" };
  const start = { id: 1, type: "DragKitDragPoints", inputs: [{ name: "image", type: "IMAGE" }], outputs: [{}] };
  const end = { id: 2, type: "SaveImage", inputs: [{ name: "images", type: "IMAGE" }], outputs: [] };
  const source = { id: 3, type: "LoadImage", widgets: [{ name: "image", value: "cat.png" }], outputs: [{}] };
  const app = { graph: graph([start, end, source], [[1, 0, 2, 0], [3, 0, 1, 0]]) };
  const prompt = {
    1: { class_type: "DragKitDragPoints", inputs: { points: "0.1,0.1 -> 0.2,0.2", image: ["3", 0] } },
    3: { class_type: "LoadImage", inputs: { image: "cat.png" } },
  };
  const prompts = { a: prompt, b: { ...prompt, 1: { class_type: "KSampler", inputs: {} } } };
  const api = { fetchApi: async (path) => ({ json: async () => (path === "/queue" ? { queue_running: Object.entries(prompts).map(([id, one]) => [0, id, one]) } : {}) }) };
  let value = "0.1,0.1 -> 0.2,0.2";
  const ages = [];
  const session = { store: { size: [40, 30] }, setResults: (_, age) => ages.push(age), setResult: () => {} };
  const runs = new Remembered();
  const result = new NodeResult(session, start, () => ({ node: start }), app, api, runs, async () => null, () => value);
  const age = () => (result.refresh(), ages.at(-1));
  result.executed({ node: "2", prompt_id: "a", output: { images: [file] } });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(age(), "");
  // other words for the same drag
  value = "0.1, 0.1 -> 0.2, 0.2  # here";
  assert.equal(age(), "");
  value = "0.1,0.1 -> 0.3,0.2";
  assert.equal(age(), "points");
  source.widgets[0].value = "dog.png";
  assert.equal(age(), "picture");
  // what comes from the cache in a later run is its result, too
  prompts.c = { ...prompt, 1: { class_type: "DragKitDragPoints", inputs: { points: value, image: ["3", 0] } }, 3: { class_type: "LoadImage", inputs: { image: "dog.png" } } };
  result.cached({ nodes: ["2", "9"], prompt_id: "c" });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(age(), "");
  result.executed({ node: "2", prompt_id: "b", output: { images: [file] } });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(runs.made.size, 0);
});
