import assert from "node:assert/strict";
import test from "node:test";
import { EMPTY, addPair, addStroke } from "../../../web/document/state.mjs";
import { Store } from "../../../web/document/store.mjs";
import { editor, two } from "../stand_in.mjs";

test("the ring turns around its handle and scales outwards, in one step; a double press takes both back", () => {
  const { pull, press, gestures, store } = editor(two);
  store.select(new Map([[0, "target"]]));
  // from above the handle to its right, then as far again and a half
  pull([[100, 66], [124, 76], [134, 100]]);
  assert.deepEqual([store.document.pairs[0].turn, store.document.pairs[0].scale], [90, undefined]);
  pull([[134, 100], [140, 100], [168, 100]]);
  assert.deepEqual([store.document.pairs[0].turn, store.document.pairs[0].scale], [90, 4]);
  assert.equal(store.document.pairs.length, 2);
  gestures.doublePress(press([168, 100]));
  assert.deepEqual(store.document.pairs, two.pairs);
  store.undo();
  store.undo();
  assert.equal(store.document.pairs[0].turn, 90);
  store.undo();
  assert.equal(store.canUndo, false);
});

test("without a selected arrow, or on a locked one, there is no ring", () => {
  const { pull, store } = editor(two);
  pull([[100, 66], [124, 76], [134, 100]]);
  assert.equal(store.document.pairs.length, 3);
});

test("T, S and U turn, scale and pin", () => {
  const { key, store } = editor(two);
  store.select(new Map([[1, "both"]]));
  key("t");
  key("T", { shiftKey: true });
  key("T", { shiftKey: true });
  key("s");
  assert.deepEqual([store.document.pairs[1].turn, store.document.pairs[1].scale], [-5, 1.05]);
  key("u");
  assert.deepEqual(store.document.pairs[1], { ...two.pairs[1], target: [0.5, 0.5] });
});

test("starting over is one step", () => {
  const { known, store } = editor(addStroke({ ...two, picture: "a.png" }, { tool: "box", points: [[0, 0], [1, 1]] }));
  const before = store.document;
  known.restart.run();
  assert.deepEqual(store.document, EMPTY);
  store.undo();
  assert.equal(store.document, before);
});

test("a region that would vanish stays, and that is said", () => {
  const { known, store, session } = editor(addStroke(EMPTY, { tool: "brush", points: [[0.5, 0.5]], size: 0.01 }));
  const before = store.document;
  known.shrink.run();
  assert.equal(store.document, before);
  assert.match(session.notice, /nothing of it would be left/);
  known.grow.run();
  known.grow.run();
  assert.deepEqual(store.document.strokes.at(-1), { tool: "grow", size: 0.02 });
});

test("a history goes on where the same document stands in it", () => {
  const first = new Store();
  const steps = [EMPTY, addPair(EMPTY, [0.1, 0.1], [0.2, 0.2]), two];
  for (const step of steps.slice(1)) {
    first.show(step);
    first.commit();
  }
  const second = new Store();
  second.load(structuredClone(steps[1]));
  second.inherit(first);
  second.redo();
  assert.deepEqual(second.document.pairs, two.pairs);
  second.undo();
  second.undo();
  assert.deepEqual(second.document.pairs, []);
  assert.equal(second.canUndo, false);
});

test("click by click, a second arrow takes its first click", () => {
  const { pull, places } = editor();
  for (const at of [[200, 300], [600, 700], [300, 200], [700, 600]]) pull([at]);
  assert.deepEqual(places(), [[[0.2, 0.3], [0.6, 0.7]], [[0.3, 0.2], [0.7, 0.6]]]);
});

test("another arrow may begin on the ring, beside its knob", () => {
  const { pull, store } = editor(two);
  store.select(new Map([[0, "target"]]));
  pull([[76, 76], [60, 60], [40, 30]]);
  assert.equal(store.document.pairs.length, 3);
  assert.equal(store.document.pairs[0].turn, undefined);
});
