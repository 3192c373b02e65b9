import assert from "node:assert/strict";
import test from "node:test";
import { EMPTY, MAX_PAIRS, addPair, addStroke } from "../../../web/document/state.mjs";
import { MAX_STEPS } from "../../../web/document/strokes.mjs";
import { editor, two } from "../stand_in.mjs";

test("arrow keys move what is selected by a pixel, with Shift by ten, in one step of the history", () => {
  const { key, places, store } = editor(two);
  assert.ok(key("ArrowRight"));
  assert.equal(store.document, two);
  store.select(new Map([[1, "target"]]));
  key("ArrowRight");
  key("ArrowDown", { shiftKey: true });
  assert.deepEqual(places()[1], [[0.5, 0.5], [0.701, 0.51]]);
  key("z", { ctrlKey: true });
  assert.deepEqual(places(), [[[0.1, 0.1], [0.3, 0.1]], [[0.5, 0.5], [0.7, 0.5]]]);
  key("Z", { ctrlKey: true, shiftKey: true });
  assert.deepEqual(places()[1][1], [0.701, 0.51]);
  key("z", { metaKey: true });
  key("y", { ctrlKey: true });
  assert.deepEqual(places()[1][1], [0.701, 0.51]);
});

test("keys for all that buttons do", () => {
  const { key, store, ui, session, gestures } = editor(two);
  for (const [name, tool] of [["b", "brush"], ["E", "erase"], ["l", "polygon"], ["r", "box"], ["v", "drag"]]) {
    assert.ok(key(name));
    assert.equal(ui.tool, tool);
  }
  key("]");
  assert.ok(ui.size > 0.1);
  for (let i = 0; i < 50; i++) key("[");
  assert.equal(ui.size, 0.005);
  key(".");
  key(".");
  assert.deepEqual([...store.selection], [[1, "both"]]);
  key(",");
  assert.deepEqual([...store.selection], [[0, "both"]]);
  key("x");
  assert.deepEqual([...store.selection], [[0, "handle"]]);
  key("o");
  assert.deepEqual(store.document.pairs.map(({ enabled }) => enabled), [false, true]);
  key("k");
  key("Delete");
  assert.equal(store.document.pairs.length, 2);
  key("k");
  key("Backspace");
  assert.equal(store.document.pairs.length, 1);
  key("n");
  assert.deepEqual(store.document.pairs[1].handle, [0.5, 0.5]);
  assert.deepEqual([...store.selection], [[1, "target"]]);
  key("g");
  assert.equal(store.document.strokes.at(-1).tool, "polygon");
  key("i");
  assert.equal(store.document.strokes.at(-1).tool, "invert");
  key("h");
  assert.equal(ui.maskShown, false);
  key("p");
  assert.equal(ui.showing, "original");
  key("p");
  key("p");
  assert.equal(ui.showing, "original");
  session.result = {};
  key("p");
  key("p");
  assert.equal(ui.showing, "result");
  key("a", { ctrlKey: true });
  assert.equal(store.selection.size, 2);
  assert.ok(key("Escape"));
  assert.equal(store.selection.size, 0);
  assert.equal(gestures.current, null);
});

test("keys that mean nothing here are left to others", () => {
  const { key } = editor(two);
  for (const name of ["w", "q", "m", "F5", "Enter", "Escape"]) assert.equal(key(name), false, name);
  for (const name of ["s", "Enter", "c", "v"]) assert.equal(key(name, { ctrlKey: true }), false, name);
  assert.equal(key("b", { altKey: true }), false);
});

test("buttons that cannot do anything are off", () => {
  const { known, store } = editor();
  const off = () => Object.keys(known).filter((name) => known[name].enabled?.() === false);
  assert.deepEqual(off(), [
    "hull", "clear", "undo", "redo", "enabled", "locked", "pin", "grow", "shrink", "smooth", "fill", "restart", "remove", "result",
  ]);
  store.load(two);
  store.select(new Map([[0, "both"]]));
  known.invert.run();
  assert.deepEqual(off(), ["redo", "result"]);
  known.clear.run();
  assert.deepEqual(store.document.strokes, []);
});

test("the key of an arrow is one step with the ones before it, until the pointer or another key does something", () => {
  const { key, store, places, pull } = editor(two);
  store.select(new Map([[0, "handle"]]));
  for (let i = 0; i < 5; i++) key("ArrowLeft");
  pull([[500, 500], [520, 520]]);
  store.select(new Map([[0, "handle"]]));
  key("ArrowUp");
  key("o");
  key("ArrowUp");
  assert.deepEqual(places()[0][0], [0.095, 0.098]);
  const ys = [];
  while (store.canUndo) {
    key("z", { ctrlKey: true });
    ys.push(places()[0][0]);
  }
  assert.deepEqual(ys, [[0.095, 0.099], [0.095, 0.099], [0.095, 0.1], [0.095, 0.1], [0.1, 0.1]]);
});

test("arrow keys go in all four directions and stop at the border", () => {
  const { key, store, places } = editor(addPair(EMPTY, [0.5, 0.5], [0.994, 0.5]));
  key("a", { ctrlKey: true });
  for (const name of ["ArrowLeft", "ArrowUp", "ArrowUp", "ArrowDown"]) key(name, { shiftKey: true });
  assert.deepEqual(places(), [[[0.49, 0.49], [0.984, 0.49]]]);
  for (let i = 0; i < 3; i++) key("ArrowRight", { shiftKey: true });
  assert.deepEqual(places(), [[[0.506, 0.49], [1, 0.49]]]);
  store.select(new Map());
  key("ArrowRight");
  assert.deepEqual(places()[0][0], [0.506, 0.49]);
  const wide = editor(addPair(EMPTY, [0.5, 0.5]));
  wide.session.size = [500, 100];
  wide.key(".");
  wide.key("ArrowLeft");
  wide.key("ArrowUp");
  assert.deepEqual(wide.places()[0][0], [0.498, 0.49]);
});

test("a key in the middle of a pull ends it first, so that nothing of it is left in the step", () => {
  const arrow = { handle: [0.5, 0.5], target: [0.5, 0.5], enabled: true, locked: false };
  const changes = { i: { strokes: [{ tool: "invert" }] }, ArrowRight: {}, Delete: {}, o: {}, k: {}, n: { pairs: [arrow] }, b: {} };
  for (const [name, expected] of Object.entries(changes)) {
    const { key, gestures, press, store } = editor();
    gestures.down(press([800, 800]));
    gestures.move(press([900, 900]));
    key(name);
    assert.equal(gestures.current, null, name);
    gestures.move(press([950, 950]));
    gestures.up(press([950, 950]));
    assert.deepEqual(store.document, { ...EMPTY, ...expected }, name);
  }
});

test("undo and redo in the middle of a pull take back the pull alone", () => {
  for (const [name, keys] of [["z", { ctrlKey: true }], ["y", { ctrlKey: true }], ["Z", { metaKey: true, shiftKey: true }]]) {
    const { key, pull, gestures, press, places, store } = editor(two);
    pull([[200, 800], [300, 800]]);
    pull([[200, 900], [300, 900]]);
    key("z", { ctrlKey: true });
    gestures.down(press([800, 800]));
    gestures.move(press([900, 900]));
    assert.equal(places().length, 4);
    assert.ok(key(name, keys));
    gestures.up(press([900, 900]));
    assert.equal(places().length, 3);
    assert.ok(store.canUndo && store.canRedo);
  }
});

test("what keys select between two corners of a lasso is what the next key is about", () => {
  const { key, pull, places, gestures } = editor(two);
  key("l");
  pull([[600, 600]]);
  key(",");
  key("Delete");
  assert.equal(gestures.current, null);
  assert.deepEqual(places(), [[[0.1, 0.1], [0.3, 0.1]]]);
});

test("a tool that is chosen ends what another one began, and shows the region", () => {
  const { key, pull, gestures, ui, store } = editor();
  key("l");
  pull([[100, 100]]);
  ui.maskShown = false;
  key("v");
  assert.equal(gestures.current, null);
  assert.equal(ui.maskShown, false);
  key("e");
  assert.equal(ui.maskShown, true);
  assert.equal(store.canUndo, false);
});

test("the size of the brush has its limits, and brackets are reached with AltGr too", () => {
  const { key, ui, store } = editor();
  for (const keys of [{}, { altKey: true }, { altKey: true, ctrlKey: true }]) {
    ui.size = 0.1;
    assert.ok(key("]", keys));
    assert.equal(ui.size, 0.125);
    assert.ok(key("[", keys));
    assert.equal(ui.size, 0.1);
  }
  let heard = 0;
  store.subscribe(() => heard++);
  for (let i = 0; i < 50; i++) key("]");
  assert.ok(heard >= 50);
  assert.equal(ui.size, 0.6);
  assert.equal(key("[", { metaKey: true }), false);
  assert.equal(key("[", { ctrlKey: true }), false);
  assert.equal(ui.size, 0.6);
});

test("comma and full stop go round through all arrows and keep the part that is selected", () => {
  const { key, store } = editor(two);
  const after = (name) => {
    key(name);
    return [...store.selection];
  };
  assert.deepEqual(after(","), [[1, "both"]]);
  key("x");
  assert.deepEqual(after("."), [[0, "handle"]]);
  assert.deepEqual(after(","), [[1, "handle"]]);
  key("x");
  assert.deepEqual([...store.selection], [[1, "target"]]);
  key("x");
  assert.deepEqual([...store.selection], [[1, "both"]]);
  const three = editor(addPair(two, [0.9, 0.9]));
  const seen = [".", ".", ".", ".", ","].map((name) => {
    three.key(name);
    return [...three.store.selection.keys()][0];
  });
  assert.deepEqual(seen, [0, 1, 2, 0, 2]);
  const none = editor();
  assert.ok(none.key("."));
  assert.equal(none.store.selection.size, 0);
});

test("Delete leaves locked arrows, and they stay selected", () => {
  const { key, store, places } = editor(two);
  store.select(new Map([[1, "both"]]));
  key("k");
  key("a", { ctrlKey: true });
  key("Delete");
  assert.deepEqual(places(), [[[0.5, 0.5], [0.7, 0.5]]]);
  assert.deepEqual([...store.selection], [[0, "both"]]);
  key("Delete");
  assert.equal(places().length, 1);
});

test("the region around the points holds every end, of half finished arrows too", () => {
  const { key, store } = editor(addPair(two, [0.2, 0.9]));
  key("g");
  const [{ tool, points }] = store.document.strokes;
  assert.equal(tool, "polygon");
  const range = (axis) => [Math.min(...points.map((p) => p[axis])), Math.max(...points.map((p) => p[axis]))];
  assert.deepEqual([range(0), range(1)], [[0, 0.8], [0, 1]]);
  const one = editor(addPair(EMPTY, [0.2, 0.9]));
  one.key("g");
  assert.equal(one.store.document.strokes.length, 1);
  const none = editor();
  assert.ok(none.key("g"));
  none.gestures.down(none.press([800, 800]));
  none.gestures.move(none.press([900, 900]));
  assert.ok(none.key("g"));
  assert.deepEqual(none.store.document.strokes, []);
});

test("inverting twice is nothing, though each is a step", () => {
  const { key, store } = editor(two);
  key("i");
  key("I");
  assert.deepEqual(store.document, { ...two, image: null });
  key("z", { ctrlKey: true });
  assert.deepEqual(store.document.strokes, [{ tool: "invert" }]);
});

test("a step of the region that does nothing says so and is no step of the history", () => {
  const { known, session, store } = editor(addStroke(two, { tool: "box", points: [[0.2, 0.2], [0.6, 0.6]] }));
  known.fill.run();
  const filled = store.document;
  assert.equal(filled.strokes.at(-1).tool, "fill");
  assert.equal(session.notice, "");
  known.fill.run();
  assert.equal(session.notice, "The holes of the region are filled already.");
  assert.equal(store.document, filled);
  for (let i = 1; i < MAX_STEPS; i++) known[i % 2 ? "grow" : "fill"].run();
  const full = store.document;
  assert.equal(full.strokes.length, 1 + MAX_STEPS);
  known[MAX_STEPS % 2 ? "grow" : "fill"].run();
  assert.match(session.notice, new RegExp(`at most ${MAX_STEPS} steps may grow`));
  assert.equal(store.document, full);
  const small = editor(addStroke(two, { tool: "box", points: [[0.5, 0.5], [0.505, 0.505]] }));
  small.known.shrink.run();
  assert.match(small.session.notice, /nothing of it would be left/);
  assert.equal(small.store.canUndo, false);
});

test("Escape ends a gesture first, then lets go of what is selected, then is left to others", () => {
  const { key, gestures, press, store } = editor(two);
  store.select(new Map([[1, "both"]]));
  gestures.down(press([800, 800]));
  gestures.move(press([900, 900]));
  assert.ok(key("Escape"));
  assert.equal(store.document.pairs.length, 2);
  assert.equal(store.selection.size, 1);
  assert.ok(key("Escape"));
  assert.equal(store.selection.size, 0);
  assert.equal(key("Escape"), false);
});

test("where no more arrows fit, N makes none and selects no other", () => {
  let full = EMPTY;
  for (let i = 0; i < MAX_PAIRS; i++) full = addPair(full, [0.1, 0.1], [0.2, 0.1]);
  const { key, store } = editor(full);
  assert.ok(key("n"));
  assert.equal(store.document, full);
  assert.equal(store.selection.size, 0);
});

test("every key that a button names does what the button does", () => {
  const plain = { v: "drag", d: "region", b: "brush", e: "erase", l: "polygon", r: "box", g: "hull", i: "invert", h: "mask", o: "enabled", k: "locked",
    u: "pin", 1: "original", 2: "preview", 3: "result", "+": "grow", "-": "shrink" };
  const drawn = { ...two, strokes: [{ tool: "box", points: [[0.1, 0.1], [0.9, 0.9]] }] };
  const { known } = editor();
  const named = Object.entries(known).filter(([, { key }]) => key?.length === 1);
  assert.deepEqual(Object.fromEntries(named.map(([name, { key }]) => [key.toLowerCase(), name])), plain);
  for (const [key, name] of Object.entries(plain)) {
    const seen = [key, "button"].map((way) => {
      const made = editor(drawn);
      made.session.result = {};
      made.store.select(new Map([[1, "both"]]));
      if (way === "button") made.known[name].run();
      else assert.ok(made.key(key));
      return JSON.stringify([made.store.document, made.ui]);
    });
    assert.equal(seen[0], seen[1], name);
    const { store, ui } = editor(drawn);
    if (name !== "drag" && name !== "preview") assert.notEqual(seen[0], JSON.stringify([store.document, ui]), name);
  }
});

test("P goes round through the pictures that are there", () => {
  const { key, ui, session } = editor();
  const after = () => {
    key("p");
    return ui.showing;
  };
  assert.deepEqual([after(), after(), after()], ["original", "preview", "original"]);
  session.result = {};
  assert.deepEqual([after(), after(), after()], ["preview", "result", "original"]);
});

test("running on release is switched by its button", () => {
  const { known, ui } = editor();
  known.release.run();
  assert.equal(ui.runOnRelease, true);
  assert.equal(known.release.pressed(), true);
  known.release.run();
  assert.equal(ui.runOnRelease, false);
});

test("an arrow made with N is a step", () => {
  const { key, store, places } = editor(two);
  key("n");
  key("ArrowRight");
  assert.deepEqual(places()[2], [[0.5, 0.5], [0.501, 0.5]]);
  store.undo();
  assert.deepEqual(places()[2], [[0.5, 0.5], [0.5, 0.5]]);
  store.undo();
  assert.equal(places().length, 2);
});

test("buttons show what is on, and who draws them hears of every change", () => {
  const { known, store, session } = editor(two);
  const on = () => Object.keys(known).filter((name) => known[name].pressed?.());
  assert.deepEqual(on(), ["drag", "mask", "preview"]);
  store.select(new Map([[0, "both"], [1, "both"]]));
  assert.deepEqual(on(), ["drag", "mask", "enabled", "preview"]);
  session.result = {};
  for (const name of Object.keys(known)) {
    let heard = 0;
    const unsubscribe = store.subscribe(() => heard++);
    if (known[name].enabled?.() ?? true) {
      known[name].run();
      assert.ok(heard > 0, name);
    }
    unsubscribe();
  }
  const states = editor(two);
  states.store.select(new Map([[1, "both"]]));
  for (const name of ["brush", "original", "locked", "release", "enabled"]) states.known[name].run();
  const pressed = Object.keys(states.known).filter((name) => states.known[name].pressed?.());
  assert.deepEqual(pressed, ["brush", "mask", "locked", "result", "release"]);
  assert.deepEqual(["original", "result"].map((name) => known[name].label), ["Show the original", "Show the last result"]);
});
