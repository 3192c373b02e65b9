import assert from "node:assert/strict";
import test from "node:test";
import { commands, pressKey } from "../../web/commands.mjs";
import { Gestures } from "../../web/gestures.mjs";
import { EMPTY, Store, addPair, toggle } from "../../web/state.mjs";

const VIEW = { x: 0, y: 0, width: 1000, height: 1000 };

/** An editor without elements, on a picture of 1000 x 1000 pixels that is shown at its size. */
function editor(document = EMPTY) {
  const store = new Store();
  store.load(document);
  const ui = { tool: "drag", size: 0.1, showing: "preview", maskShown: true, runOnRelease: false };
  const session = { store, ui, size: [1000, 1000], result: null };
  const gestures = new Gestures(store, ui);
  const known = commands(session, gestures);
  const press = ([x, y], keys) => ({
    position: [x, y], point: [x / 1000, y / 1000], view: VIEW, reach: 9, shift: false, alt: false, ...keys,
  });
  const pull = (path, keys) => {
    gestures.down(press(path[0], keys));
    for (const at of path.slice(1)) gestures.move(press(at, keys));
    gestures.up(press(path.at(-1), keys));
  };
  const key = (name, keys) =>
    pressKey(session, gestures, known, { key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...keys });
  const places = () => store.document.pairs.map(({ handle, target }) => [handle, target]);
  return { store, ui, session, gestures, known, press, pull, key, places };
}

const two = addPair(addPair(EMPTY, [0.1, 0.1], [0.3, 0.1]), [0.5, 0.5], [0.7, 0.5]);

test("a pull on the picture makes a pair in one step, inside the picture", () => {
  const { pull, places, store } = editor();
  pull([[200, 300], [400, 310], [1500, 320]]);
  assert.deepEqual(places(), [[[0.2, 0.3], [1, 0.32]]]);
  assert.deepEqual([...store.selection], [[0, "target"]]);
  store.undo();
  assert.equal(store.canUndo, false);
  assert.deepEqual(places(), []);
});

test("a click makes a handle, the next one its target", () => {
  const { pull, places } = editor();
  pull([[200, 300]]);
  assert.deepEqual(places(), [[[0.2, 0.3], null]]);
  pull([[600, 700], [601, 701]]);
  assert.deepEqual(places(), [[[0.2, 0.3], [0.601, 0.701]]]);
});

test("a click beside selected arrows only lets them go", () => {
  const { pull, store } = editor(two);
  store.select(new Map([[0, "both"]]));
  pull([[900, 900]]);
  assert.equal(store.selection.size, 0);
  assert.equal(store.document, two);
});

test("either end and the middle can be pulled", () => {
  for (const [from, expected] of [
    [[100, 100], [[0.15, 0.12], [0.3, 0.1]]],
    [[300, 100], [[0.1, 0.1], [0.35, 0.12]]],
    [[200, 100], [[0.15, 0.12], [0.35, 0.12]]],
  ]) {
    const { pull, places, store } = editor(two);
    pull([from, [from[0] + 30, from[1]], [from[0] + 50, from[1] + 20]]);
    assert.deepEqual(places()[0], expected);
    store.undo();
    assert.equal(store.canUndo, false);
  }
});

test("a click on an end selects it and changes nothing", () => {
  const { pull, store } = editor(two);
  pull([[101, 101], [102, 101]]);
  assert.deepEqual([...store.selection], [[0, "handle"]]);
  assert.equal(store.document, two);
});

test("Alt and a pull on a handle copies the arrow; without a pull nothing is left", () => {
  const { pull, places, store } = editor(two);
  pull([[100, 100]], { alt: true });
  assert.equal(store.document, two);
  assert.equal(store.canUndo, false);
  pull([[100, 100], [130, 100], [200, 300]], { alt: true });
  assert.deepEqual(places()[0], [[0.1, 0.1], [0.3, 0.1]]);
  assert.deepEqual(places()[2], [[0.2, 0.3], [0.4, 0.3]]);
});

test("Shift selects several, which then move together", () => {
  const { pull, places, store } = editor(two);
  pull([[300, 100]]);
  pull([[500, 500]], { shift: true });
  assert.deepEqual([...store.selection], [[0, "target"], [1, "handle"]]);
  pull([[300, 100], [300, 140], [310, 150]]);
  assert.deepEqual(places(), [[[0.1, 0.1], [0.31, 0.15]], [[0.51, 0.55], [0.7, 0.5]]]);
  pull([[510, 550]], { shift: true });
  assert.deepEqual([...store.selection], [[0, "target"]]);
});

test("Shift and a pull selects what lies in the box", () => {
  const { pull, store, gestures, press } = editor(two);
  gestures.down(press([50, 50], { shift: true }));
  gestures.move(press([600, 600], { shift: true }));
  assert.deepEqual(gestures.current.box, [[50, 50], [600, 600]]);
  gestures.up(press([600, 600], { shift: true }));
  assert.deepEqual([...store.selection], [[0, "both"], [1, "handle"]]);
  assert.equal(store.document, two);
});

test("locked arrows are selected but do not move", () => {
  const { pull, store } = editor(toggle(two, new Map([[0, "both"]]), "locked"));
  const before = store.document;
  pull([[100, 100], [150, 150]]);
  assert.deepEqual([...store.selection.keys()], [0]);
  assert.deepEqual(store.document.pairs, before.pairs);
});

test("a right click removes the arrow below it, unless it is locked", () => {
  const { gestures, press, places, store } = editor(toggle(two, new Map([[1, "both"]]), "locked"));
  gestures.remove(press([600, 500]));
  gestures.remove(press([200, 100]));
  gestures.remove(press([900, 900]));
  assert.deepEqual(places(), [[[0.5, 0.5], [0.7, 0.5]]]);
  store.undo();
  assert.equal(places().length, 2);
});

test("a gesture that is cancelled leaves nothing", () => {
  for (const [tool, keys, start] of [
    ["drag", {}, [800, 800]], ["drag", {}, [100, 100]], ["drag", { alt: true }, [100, 100]], ["drag", { shift: true }, [800, 800]],
    ["brush", {}, [10, 10]], ["erase", {}, [10, 10]], ["polygon", {}, [10, 10]], ["box", {}, [10, 10]],
  ]) {
    const { gestures, press, store, ui } = editor(two);
    ui.tool = tool;
    gestures.down(press(start, keys));
    gestures.move(press([start[0] + 60, start[1] + 60], keys));
    assert.ok(gestures.cancel());
    gestures.up(press([start[0] + 60, start[1] + 60], keys));
    assert.deepEqual(store.document, two, tool);
    assert.equal(store.canUndo, false, tool);
    assert.equal(gestures.current, null);
  }
});

test("brush and eraser give thinned strokes of the current size", () => {
  for (const tool of ["brush", "erase"]) {
    const { pull, store, ui } = editor();
    Object.assign(ui, { tool, size: 0.2 });
    pull(Array.from({ length: 50 }, (_, i) => [100 + 10 * i, 200]));
    assert.deepEqual(store.document.strokes, [{ tool, points: [[0.1, 0.2], [0.59, 0.2]], size: 0.2 }]);
    pull([[5, 5]]);
    assert.deepEqual(store.document.strokes[1].points, [[0.005, 0.005]]);
  }
});

test("a lasso is pulled, or clicked corner by corner until its first one", () => {
  const { pull, store, ui, gestures, press, key } = editor();
  ui.tool = "polygon";
  pull([[100, 100], [500, 100], [500, 500], [100, 500]]);
  assert.deepEqual(store.document.strokes[0].points, [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]);
  for (const at of [[600, 600], [900, 600], [900, 900]]) {
    pull([at]);
    gestures.move(press([at[0] + 40, at[1] + 40]));
  }
  assert.equal(store.document.strokes.length, 1);
  pull([[602, 601]]);
  assert.deepEqual(store.document.strokes[1].points, [[0.6, 0.6], [0.9, 0.6], [0.9, 0.9]]);
  for (const at of [[10, 10], [50, 10], [50, 50]]) pull([at]);
  assert.ok(key("Enter"));
  assert.equal(store.document.strokes.length, 3);
  pull([[10, 10]]);
  assert.ok(key("Enter"));
  assert.equal(store.document.strokes.length, 3);
  assert.equal(gestures.current, null);
});

test("a box needs a pull", () => {
  const { pull, store, ui } = editor();
  ui.tool = "box";
  pull([[100, 100]]);
  assert.deepEqual(store.document.strokes, []);
  pull([[300, 400], [100, 200]]);
  assert.deepEqual(store.document.strokes, [{ tool: "box", points: [[0.3, 0.4], [0.1, 0.2]] }]);
});

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
  assert.deepEqual(off(), ["hull", "clear", "undo", "redo", "enabled", "locked", "remove", "result"]);
  store.load(two);
  store.select(new Map([[0, "both"]]));
  known.invert.run();
  assert.deepEqual(off(), ["redo", "result"]);
  known.clear.run();
  assert.deepEqual(store.document.strokes, []);
});
