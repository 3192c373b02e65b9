import assert from "node:assert/strict";
import test from "node:test";
import {
  EMPTY, MAX_PAIRS, Store, activePairs, addPair, addStroke, changePair, inPicture, moveParts, removePairs, toggle,
} from "../../../web/document/state.mjs";
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

function opened(document = EMPTY) {
  const store = new Store();
  const events = [];
  store.load(document);
  store.subscribe((event) => events.push(event));
  return { store, events };
}

test("what is shown is one step of the history when it is committed", () => {
  const { store, events } = opened();
  for (const x of [0.2, 0.4, 0.6]) store.show(addPair(EMPTY, [0, 0], [x, 0]));
  store.commit();
  assert.equal(events.filter((event) => event === "commit").length, 1);
  assert.deepEqual(store.document.pairs[0].target, [0.6, 0]);
  store.undo();
  assert.deepEqual(store.document.pairs, []);
  assert.equal(store.canUndo, false);
  store.redo();
  assert.deepEqual(store.document.pairs[0].target, [0.6, 0]);
  assert.equal(store.canRedo, false);
});

test("what is taken back leaves nothing, and no change is no step", () => {
  const { store, events } = opened(two);
  store.show(addPair(two, [0, 0]), both(2));
  store.cancel();
  assert.equal(store.document, two);
  assert.equal(store.selection.size, 0);
  store.show(changePair(two, 0, { handle: [0.1, 0.2] }));
  store.commit();
  assert.equal(store.canUndo, false);
  assert.ok(!events.includes("commit"));
});

test("a change after undo ends what could be redone", () => {
  const { store } = opened(two);
  store.show(removePairs(two, both(0)));
  store.commit();
  store.undo();
  assert.ok(store.canRedo);
  store.show(removePairs(two, both(1)));
  store.commit();
  assert.equal(store.canRedo, false);
});

test("steps of one kind in a row are one, until something else is selected or undone", () => {
  const { store } = opened(two);
  const nudge = () => {
    store.show(moveParts(store.document, both(0), 0.01, 0));
    store.commit("nudge");
  };
  nudge();
  nudge();
  store.select(both(0));
  nudge();
  store.undo();
  assert.deepEqual(store.document.pairs[0].handle, [0.12, 0.2]);
  nudge();
  store.undo();
  assert.deepEqual(store.document.pairs[0].handle, [0.12, 0.2]);
  store.undo();
  assert.equal(store.document, two);
});

test("the history remembers two hundred steps", () => {
  const { store } = opened(two);
  for (let i = 0; i < 300; i++) {
    store.show(changePair(store.document, 0, { handle: [i / 300, 0] }));
    store.commit();
  }
  let steps = 0;
  while (store.canUndo) {
    store.undo();
    steps++;
  }
  assert.equal(steps, 200);
});

test("only pairs that are there stay selected", () => {
  const { store } = opened(two);
  store.select(both(0, 1));
  store.show(removePairs(two, both(0)));
  assert.deepEqual([...store.selection.keys()], [0]);
  store.load(EMPTY);
  assert.equal(store.selection.size, 0);
});

test("a commit notes the size of the picture that is shown, and keeps the fractions", () => {
  const { store } = opened({ ...two, image: [100, 100] });
  store.size = [640, 480];
  store.show(removePairs(store.document, both(0)));
  store.commit();
  assert.deepEqual(store.document.image, [640, 480]);
  assert.deepEqual(store.document.pairs[0], two.pairs[1]);
});

test("a document that is loaded has no history, nor continues a row of steps", () => {
  const { store } = opened(two);
  const nudge = () => {
    store.show(moveParts(store.document, both(0), 0.01, 0));
    store.commit("nudge");
  };
  nudge();
  nudge();
  store.undo();
  store.load(two);
  assert.equal(store.canUndo, false);
  assert.equal(store.canRedo, false);
  nudge();
  store.load(two);
  nudge();
  store.undo();
  assert.equal(store.document, two);
});

test("what is selected stays selected when pairs before it come or go", () => {
  const { store } = opened(two);
  store.show(removePairs(two, both(0)));
  store.commit();
  store.select(both(0));
  store.undo();
  assert.deepEqual([...store.selection], [[1, "both"]]);
  store.redo();
  assert.deepEqual([...store.selection], [[0, "both"]]);
  store.undo();
  store.select(new Map([[0, "handle"]]));
  store.redo();
  assert.equal(store.selection.size, 0);
});

test("moved pairs stay selected through undo and redo", () => {
  const { store } = opened(two);
  store.select(new Map([[1, "target"]]));
  store.show(moveParts(two, store.selection, 0, 0.1));
  store.commit();
  store.undo();
  assert.deepEqual([...store.selection], [[1, "target"]]);
  store.redo();
  assert.deepEqual([...store.selection], [[1, "target"]]);
});

test("listeners hear what happens until they unsubscribe", () => {
  const { store } = opened();
  const heard = [];
  const unsubscribe = store.subscribe((event) => heard.push(event));
  store.show(two);
  store.select(both(0));
  store.cancel();
  store.load(two);
  store.show(removePairs(two, both(0)));
  store.commit();
  store.undo();
  store.redo();
  store.redo();
  unsubscribe();
  store.notify();
  store.load(two);
  assert.deepEqual(heard, ["view", "view", "view", "load", "view", "commit", "step", "step"]);
});

test("whatever is done, undo goes back through all of it and redo forth again; no action changes what it was given", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const point = () => [random() * 1.4 - 0.2, random() * 1.4 - 0.2];
  const chosen = ({ pairs }) =>
    new Map(pairs.flatMap((_, i) => (random() < 0.4 ? [[i, ["handle", "target", "both"][Math.floor(random() * 3)]]] : [])));
  const actions = [
    (d) => addPair(d, point(), random() < 0.3 ? null : point()),
    (d) => addPair(d, point(), point()),
    (d) => moveParts(d, chosen(d), random() - 0.5, random() - 0.5),
    (d) => removePairs(d, new Map([...chosen(d)].slice(0, 1))),
    (d) => toggle(d, chosen(d), random() < 0.5 ? "enabled" : "locked"),
    (d) => addStroke(d, random() < 0.5 ? { tool: "invert" } : { tool: "brush", points: [point(), point()], size: 0.1 }),
  ];
  const { store } = opened(two);
  const made = [two];
  while (made.length < 150) {
    store.show(frozen(actions[Math.floor(random() * actions.length)](store.document)));
    store.commit();
    const { document } = store;
    frozen(document);
    if (document !== made.at(-1)) made.push(document);
    for (const { handle, target } of document.pairs) {
      for (const value of [...handle, ...(target ?? [])]) assert.ok(value >= 0 && value <= 1);
    }
  }
  for (const document of made.slice(0, -1).reverse()) {
    store.undo();
    assert.equal(store.document, document);
  }
  assert.equal(store.canUndo, false);
  for (const document of made.slice(1)) {
    store.redo();
    assert.equal(store.document, document);
  }
  assert.equal(store.canRedo, false);
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
