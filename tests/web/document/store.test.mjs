import assert from "node:assert/strict";
import test from "node:test";
import { EMPTY, addPair, addStroke, changePair, moveParts, removePairs, toggle } from "../../../web/document/state.mjs";
import { Store } from "../../../web/document/store.mjs";
import { frozen } from "../stand_in.mjs";

const two = frozen(addPair(addPair(EMPTY, [0.1, 0.2], [0.3, 0.4]), [0.5, 0.6], [0.9, 0.8]));
const both = (...indices) => new Map(indices.map((index) => [index, "both"]));

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
