import assert from "node:assert/strict";
import test from "node:test";
import { NodePicture } from "../../../web/comfy/node_picture.mjs";

/** A node without inputs, and what its session is told. */
function picture() {
  const told = [];
  const session = {
    inputMask: "mask", store: { document: { picture: null }, notify: () => {} }, tell: (notice) => told.push(notice), setPicture: () => {},
  };
  return { told, session, shown: new NodePicture(session, () => ({ node: { inputs: [] } }), {}, {}, () => {}) };
}

for (const [name, message] of [["null, as from the cache", null], ["undefined", undefined], ["empty", {}]]) {
  test(`a run that shows nothing takes the mask away: ${name}`, () => {
    const { told, session, shown } = picture();
    shown.executed(message);
    assert.equal(session.inputMask, null);
    assert.deepEqual(told, []);
  });
}

test("a run says for what its points were taken", () => {
  const { told, shown } = picture();
  shown.executed({ dragkit_notice: ["4 positions are one track"] });
  assert.deepEqual(told, ["The points: 4 positions are one track."]);
});

test("the result of a node that shows nothing changes nothing", () => {
  const { shown } = picture();
  shown.result({ node: "1", output: null });
  shown.result({ node: "1" });
});
