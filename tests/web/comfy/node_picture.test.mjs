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
  const shown = new NodePicture(session, node, app, {}, runs, () => {});
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
  const result = new NodeResult(session, node, app, {}, runs, async () => null, () => "");
  result.executed({ node: "1", output: null });
  result.executed({ node: "1" });
  result.executed({ node: "2", output: { images: [{ filename: "x.png", subfolder: "", type: "temp" }] } });
  result.cached({});
  assert.equal(runs.made.size, 0);
});
