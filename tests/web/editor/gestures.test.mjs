import assert from "node:assert/strict";
import test from "node:test";
import { EMPTY, MAX_PAIRS, addPair, toggle } from "../../../web/document/state.mjs";
import { editor, two } from "../stand_in.mjs";

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
    pull([[5, 5], [5, 5]]);
    pull([[300, 100], [300, 300]]);
    pull([[100, 300], [300, 300]]);
    assert.deepEqual(
      store.document.strokes.slice(1).map(({ points }) => points),
      [[[0.005, 0.005]], [[0.005, 0.005]], [[0.3, 0.1], [0.3, 0.3]], [[0.1, 0.3], [0.3, 0.3]]],
    );
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

test("two corners are no lasso that could be closed with the first one", () => {
  const { pull, store, ui, gestures } = editor();
  ui.tool = "polygon";
  for (const at of [[100, 100], [500, 100], [101, 101]]) pull([at]);
  assert.notEqual(gestures.current, null);
  for (const at of [[300, 600], [100, 100]]) pull([at]);
  assert.equal(gestures.current, null);
  assert.equal(store.document.strokes.length, 1);
});

test("a box needs a pull", () => {
  const { pull, store, ui } = editor();
  ui.tool = "box";
  pull([[100, 100]]);
  assert.deepEqual(store.document.strokes, []);
  pull([[300, 400], [100, 200]]);
  assert.deepEqual(store.document.strokes, [{ tool: "box", points: [[0.3, 0.4], [0.1, 0.2]] }]);
});


test("a pull makes an arrow of its own while a handle waits for its target", () => {
  const { pull, places } = editor();
  pull([[200, 300]]);
  pull([[500, 500], [600, 600]]);
  assert.deepEqual(places(), [[[0.2, 0.3], null], [[0.5, 0.5], [0.6, 0.6]]]);
  pull([[800, 800]]);
  assert.deepEqual(places()[0], [[0.2, 0.3], [0.8, 0.8]]);
});

test("a handle that is locked does not get a target", () => {
  const { pull, places, store } = editor(toggle(addPair(EMPTY, [0.1, 0.1]), new Map([[0, "both"]]), "locked"));
  pull([[800, 800]]);
  assert.deepEqual(places(), [[[0.1, 0.1], null], [[0.8, 0.8], null]]);
  store.undo();
  assert.equal(store.canUndo, false);
});

test("a handle that waits for its target can be moved", () => {
  const { pull, places } = editor(addPair(EMPTY, [0.2, 0.3]));
  pull([[200, 300], [260, 340]]);
  assert.deepEqual(places(), [[[0.26, 0.34], null]]);
});

test("a pull that comes back to where it began is still a pull", () => {
  const { pull, places } = editor();
  pull([[200, 300], [400, 300], [200, 300]]);
  assert.deepEqual(places(), [[[0.2, 0.3], [0.2, 0.3]]]);
});

test("how far is a pull depends on the reach, which grows as the graph is made smaller", () => {
  const { gestures, press, places } = editor();
  for (const [reach, targets] of [[90, [null]], [9, [null, [0.62, 0.6]]]]) {
    const from = reach === 90 ? 200 : 600;
    gestures.down(press([from, from], { reach }));
    gestures.move(press([from + 20, from], { reach }));
    gestures.up(press([from + 20, from], { reach }));
    assert.deepEqual(places().map(([, target]) => target), targets);
  }
});

test("Alt on a target or between the ends copies nothing", () => {
  for (const from of [[300, 100], [200, 100]]) {
    const { pull, places } = editor(two);
    pull([from, [from[0] + 50, from[1]]], { alt: true });
    assert.equal(places().length, 2);
  }
});

test("a copy is one step, free where the first one is locked, and what is selected then", () => {
  const { pull, places, store } = editor(toggle(two, new Map([[0, "both"]]), "locked"));
  pull([[100, 100], [130, 100], [200, 300]], { alt: true });
  assert.deepEqual(places(), [[[0.1, 0.1], [0.3, 0.1]], [[0.5, 0.5], [0.7, 0.5]], [[0.2, 0.3], [0.4, 0.3]]]);
  assert.deepEqual([...store.selection], [[2, "both"]]);
  store.undo();
  assert.equal(places().length, 2);
  assert.equal(store.canUndo, false);
});

test("arrows that are selected whole move together, whatever is taken hold of", () => {
  for (const from of [[100, 100], [200, 100], [300, 100]]) {
    const { pull, places, store } = editor(addPair(two, [0.2, 0.2]));
    pull([[50, 50], [800, 800]], { shift: true });
    pull([from, [from[0] + 20, from[1] + 30], [from[0] + 50, from[1] + 40]]);
    assert.deepEqual(places(), [[[0.15, 0.14], [0.35, 0.14]], [[0.55, 0.54], [0.75, 0.54]], [[0.25, 0.24], null]]);
    assert.equal(store.selection.size, 3);
    store.undo();
    assert.equal(store.canUndo, false);
  }
});

test("an end of the only arrow that is selected moves alone", () => {
  const { pull, places } = editor(two);
  pull([[200, 100]]);
  pull([[300, 100], [350, 100]]);
  assert.deepEqual(places()[0], [[0.1, 0.1], [0.35, 0.1]]);
});

test("a click on one of several that are selected selects it alone", () => {
  const { pull, store } = editor(two);
  store.select(new Map([[0, "both"], [1, "both"]]));
  pull([[500, 500]]);
  assert.deepEqual([...store.selection], [[1, "handle"]]);
});

test("a group with a locked arrow in it moves without that one", () => {
  const { pull, places, store } = editor(toggle(two, new Map([[0, "both"]]), "locked"));
  store.select(new Map([[0, "both"], [1, "both"]]));
  pull([[600, 500], [700, 600]]);
  assert.deepEqual(places(), [[[0.1, 0.1], [0.3, 0.1]], [[0.6, 0.6], [0.8, 0.6]]]);
});

test("Shift adds what is in the box to what is selected, and a click with it changes nothing else", () => {
  const { pull, store } = editor(two);
  store.select(new Map([[1, "target"]]));
  pull([[50, 50], [400, 200]], { shift: true });
  assert.deepEqual([...store.selection], [[1, "target"], [0, "both"]]);
  pull([[900, 900]], { shift: true });
  assert.equal(store.selection.size, 2);
  assert.equal(store.document, store.committed);
  assert.equal(store.canUndo, false);
});

test("what was selected before a gesture is selected after it was cancelled", () => {
  for (const [from, keys] of [[[800, 800], {}], [[500, 500], {}], [[500, 500], { alt: true }], [[20, 20], { shift: true }]]) {
    const { gestures, press, store } = editor(two);
    store.select(new Map([[0, "target"]]));
    gestures.down(press(from, keys));
    gestures.move(press([from[0] + 150, from[1] + 150], keys));
    gestures.cancel();
    assert.deepEqual([...store.selection], [[0, "target"]]);
  }
});

test("nothing that follows a cancelled gesture brings it back", () => {
  const { gestures, press, store } = editor(two);
  gestures.down(press([800, 800]));
  gestures.move(press([850, 850]));
  gestures.cancel();
  gestures.move(press([900, 900]));
  gestures.up(press([900, 900]));
  assert.deepEqual(store.document, two);
  assert.equal(gestures.cancel(), false);
});

test("a lasso that is clicked can be cancelled between two corners", () => {
  const { gestures, pull, press, store, ui } = editor(two);
  ui.tool = "polygon";
  pull([[600, 600]]);
  pull([[700, 600]]);
  gestures.move(press([700, 700]));
  assert.ok(gestures.cancel());
  gestures.move(press([750, 700]));
  assert.equal(gestures.current, null);
  assert.equal(store.document, two);
});

test("a right click ends a lasso, on an arrow or beside it, and removes nothing then", () => {
  for (const at of [[200, 100], [900, 900]]) {
    const { gestures, pull, press, places, ui } = editor(two);
    ui.tool = "polygon";
    pull([[600, 600]]);
    gestures.remove(press(at));
    assert.equal(gestures.current, null);
    assert.equal(places().length, 2);
  }
});

test("the arrow that a right click leaves selected is the same one", () => {
  const { gestures, press, store } = editor(two);
  store.select(new Map([[1, "target"]]));
  gestures.remove(press([200, 100]));
  assert.deepEqual([...store.selection], [[0, "target"]]);
});

test("a double click ends a lasso with its last corner; of two corners nothing is left", () => {
  const { gestures, pull, store, ui } = editor();
  ui.tool = "polygon";
  for (const at of [[100, 100], [500, 100], [500, 500], [502, 501]]) pull([at]);
  gestures.finish();
  assert.deepEqual(store.document.strokes, [{ tool: "polygon", points: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]] }]);
  for (const at of [[100, 100], [500, 100], [501, 101]]) pull([at]);
  gestures.finish();
  assert.equal(store.document.strokes.length, 1);
  assert.equal(gestures.current, null);
});

test("a lasso that is pulled is thinned, and one without an area is none", () => {
  const { pull, store, ui } = editor();
  ui.tool = "polygon";
  const side = (from, to) => Array.from({ length: 20 }, (_, i) => from.map((value, axis) => value + ((to[axis] - value) * i) / 20));
  pull([...side([100, 100], [500, 100]), ...side([500, 100], [500, 500]), [500, 500]]);
  assert.deepEqual(store.document.strokes[0].points, [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]);
});

test("strokes stay inside the picture, and a stroke is one step", () => {
  for (const tool of ["brush", "erase", "polygon", "box"]) {
    const { pull, store, ui, gestures } = editor();
    ui.tool = tool;
    pull([[-200, 500], [500, -300], [1400, 700], [600, 1700]]);
    assert.equal(gestures.current, null);
    const [{ points }] = store.document.strokes;
    assert.ok(points.flat().every((value) => value >= 0 && value <= 1));
    store.undo();
    assert.deepEqual(store.document.strokes, []);
    assert.equal(store.canUndo, false);
  }
});

test("a box without an area is no stroke", () => {
  const { pull, store, ui } = editor();
  ui.tool = "box";
  pull([[100, 100], [300, 300], [300, 100]]);
  pull([[-50, 100], [-10, 300]]);
  assert.deepEqual(store.document.strokes, []);
  assert.equal(store.canUndo, false);
});

test("the tools of the region do not touch arrows", () => {
  for (const tool of ["brush", "erase", "polygon", "box"]) {
    const { pull, store, ui } = editor(two);
    ui.tool = tool;
    pull([[100, 100], [300, 100], [300, 300]]);
    assert.equal(store.document.pairs, two.pairs);
    assert.equal(store.document.strokes.length, 1);
  }
});

test("where no more arrows fit, nothing is made and nothing else is selected", () => {
  let full = EMPTY;
  for (let i = 0; i < MAX_PAIRS; i++) full = addPair(full, [0.1, 0.1], [0.2, 0.1]);
  const { pull, store } = editor(full);
  for (const path of [[[800, 800], [900, 900]], [[800, 800]]]) {
    pull(path);
    assert.equal(store.document, full);
    assert.equal(store.selection.size, 0);
  }
  pull([[100, 100], [100, 300]], { alt: true });
  assert.equal(store.document.pairs.length, MAX_PAIRS);
  assert.deepEqual(store.document.pairs[0].handle, [0.1, 0.3]);
});

test("a document that comes in the middle of a gesture stays as it is", () => {
  for (const [tool, keys, from] of [
    ["drag", {}, [800, 800]], ["drag", {}, [100, 100]], ["drag", { alt: true }, [100, 100]], ["drag", { shift: true }, [20, 20]],
    ["brush", {}, [10, 10]], ["polygon", {}, [10, 10]], ["box", {}, [10, 10]],
  ]) {
    for (const goOn of ["move", "up", "cancel", "finish"]) {
      const { gestures, press, store, ui } = editor(two);
      ui.tool = tool;
      store.select(new Map([[0, "target"]]));
      gestures.down(press(from, keys));
      for (const [x, y] of [[60, 60], [90, 10], [200, 90]]) gestures.move(press([from[0] + x, from[1] + y], keys));
      const other = addPair(EMPTY, [0.4, 0.9], [0.9, 0.9]);
      store.load(other);
      gestures[goOn](press([from[0] + 90, from[1] + 30], keys));
      gestures.up(press([from[0] + 90, from[1] + 30], keys));
      assert.equal(store.document, other, `${tool} ${goOn}`);
      assert.equal(store.selection.size, 0, `${tool} ${goOn}`);
      assert.equal(store.canUndo, false);
    }
  }
});

test("after a document came in the middle of a lasso, the next press begins something new", () => {
  const { gestures, press, pull, store, places, ui } = editor();
  ui.tool = "polygon";
  for (const at of [[100, 100], [500, 100], [500, 500]]) pull([at]);
  store.load(two);
  ui.tool = "drag";
  gestures.down(press([800, 800]));
  gestures.move(press([900, 900]));
  gestures.up(press([900, 900]));
  assert.deepEqual(places()[2], [[0.8, 0.8], [0.9, 0.9]]);
});

test("who draws the editor hears of every step of a gesture, and whether an arrow is being pulled", () => {
  for (const [tool, pulls] of [["drag", true], ["brush", undefined], ["box", undefined], ["polygon", undefined]]) {
    for (const from of tool === "drag" ? [[800, 800], [100, 100]] : [[800, 800]]) {
      const { gestures, press, store, ui } = editor(two);
      ui.tool = tool;
      let heard = 0;
      store.subscribe(() => heard++);
      const hears = (action) => {
        heard = 0;
        action();
        assert.ok(heard > 0);
      };
      assert.equal(gestures.pulling, false);
      hears(() => gestures.down(press(from)));
      assert.equal(gestures.current.pulls, pulls);
      assert.equal(gestures.pulling, false);
      hears(() => gestures.move(press([from[0] + 1, from[1]])));
      assert.equal(gestures.pulling, false);
      hears(() => gestures.move(press([from[0] + 50, from[1] + 50])));
      assert.equal(gestures.pulling, true);
      hears(() => gestures.up(press([from[0] + 50, from[1] + 50])));
      assert.equal(gestures.pulling, false);
      gestures.down(press(from));
      gestures.move(press([from[0] + 50, from[1]]));
      hears(() => gestures.cancel());
      assert.equal(gestures.pulling, false);
      gestures.down(press(from, { shift: true }));
      hears(() => gestures.up(press(from, { shift: true })));
    }
  }
});
