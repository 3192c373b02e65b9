import assert from "node:assert/strict";
import test from "node:test";
import { EMPTY, MAX_PAIRS, activePairs, addPair, addStroke, changePair, inPicture, moveParts, removePairs, toggle } from "../../../web/document/state.mjs";
import { frozen } from "../stand_in.mjs";

const two = frozen(addPair(addPair(EMPTY, [0.1, 0.2], [0.3, 0.4]), [0.5, 0.6], [0.9, 0.8]));
const both = (...indices) => new Map(indices.map((index) => [index, "both"]));

test("points are kept inside the picture, to a millionth of it", () => {
  assert.deepEqual(inPicture([-3, 1.5]), [0, 1]);
  assert.deepEqual(inPicture([1 / 3, 2 / 3]), [0.333333, 0.666667]);
});

test("actions give a new document and leave the old one alone", () => {
  const grown = addPair(two, [0.5, 0.5]);
  assert.equal(two.pairs.length, 2);
  assert.deepEqual(grown.pairs[2], { handle: [0.5, 0.5], target: null, enabled: true, locked: false });
  assert.equal(removePairs(two, both(0)).pairs[0], two.pairs[1]);
  assert.deepEqual(changePair(two, 1, { target: [0, 0] }).pairs[1].target, [0, 0]);
  assert.deepEqual(addStroke(two, { tool: "box", points: [[-1, 0], [0.123456789, 2]] }).strokes, [
    { tool: "box", points: [[0, 0], [0.12346, 1]] },
  ]);
});

test("there are no more pairs than the edit takes", () => {
  let document = EMPTY;
  for (let i = 0; i < MAX_PAIRS + 3; i++) document = addPair(document, [0, 0], [1, 1]);
  assert.equal(document.pairs.length, MAX_PAIRS);
});

test("what is moved keeps its shape at the border", () => {
  const moved = moveParts(two, new Map([[0, "handle"], [1, "both"]]), 0.5, -0.5);
  // 0.1 is left to the right of 0.9, 0.2 above 0.2
  assert.deepEqual(moved.pairs.map(({ handle, target }) => [handle, target]), [
    [[0.2, 0], [0.3, 0.4]],
    [[0.6, 0.4], [1, 0.6]],
  ]);
});

test("locked pairs neither move nor hold the others back, and are not removed", () => {
  const locked = frozen(toggle(two, both(1), "locked"));
  const moved = moveParts(locked, both(0, 1), 0.6, 0);
  assert.deepEqual(moved.pairs[0].handle, [0.7, 0.2]);
  assert.equal(moved.pairs[1], locked.pairs[1]);
  assert.equal(removePairs(locked, both(1)), locked);
  assert.deepEqual(removePairs(locked, both(0, 1)).pairs, [locked.pairs[1]]);
});

test("a pair without a target moves by its handle", () => {
  const open = addPair(EMPTY, [0.5, 0.5]);
  assert.deepEqual(moveParts(open, both(0), 0.1, 0).pairs[0], { ...open.pairs[0], handle: [0.6, 0.5] });
});

test("a flag is set for all that are selected, and cleared only where all have it", () => {
  const one = toggle(two, both(0), "enabled");
  assert.deepEqual(one.pairs.map(({ enabled }) => enabled), [false, true]);
  assert.deepEqual(toggle(one, both(0, 1), "enabled").pairs.map(({ enabled }) => enabled), [true, true]);
});

test("an edit uses pairs that are on and have a target", () => {
  const document = addPair(toggle(two, both(0), "enabled"), [0, 0]);
  assert.deepEqual(activePairs(document), [{ handle: [0.5, 0.6], target: [0.9, 0.8] }]);
});

test("inverting twice is nothing", () => {
  const inverted = addStroke(EMPTY, { tool: "invert" });
  assert.equal(inverted.strokes.length, 1);
  assert.deepEqual(addStroke(inverted, { tool: "invert" }).strokes, []);
  const painted = ["box", "brush", "invert"].reduce((d, tool) => addStroke(d, { tool, points: [[0, 0], [1, 1]] }), EMPTY);
  assert.deepEqual(addStroke(painted, { tool: "invert" }).strokes.map(({ tool }) => tool), ["box", "brush"]);
});

test("a group that is moved against the border keeps the distances in it, in every direction", () => {
  for (const [dx, dy] of [[9, 0], [-9, 0], [0, 9], [0, -9], [0.35, -9], [-0.05, 0.15]]) {
    const moved = frozen(moveParts(two, both(0, 1), dx, dy));
    const shifts = two.pairs.flatMap(({ handle, target }, i) => [
      [moved.pairs[i].handle[0] - handle[0], moved.pairs[i].handle[1] - handle[1]],
      [moved.pairs[i].target[0] - target[0], moved.pairs[i].target[1] - target[1]],
    ]);
    for (const shift of shifts) shift.forEach((value, axis) => assert.ok(Math.abs(value - shifts[0][axis]) < 2e-6));
    // as far as it goes: 0.1 to the left and right, 0.2 up and down
    const expected = [Math.min(Math.max(dx, -0.1), 0.1), Math.min(Math.max(dy, -0.2), 0.2)];
    shifts[0].forEach((value, axis) => assert.ok(Math.abs(value - expected[axis]) < 1e-9));
  }
});
