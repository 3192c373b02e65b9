import assert from "node:assert/strict";
import test from "node:test";
import { NodeValue } from "../../../web/comfy/node_value.mjs";
import {
  addRegion, centre, changeRegion, hitRegion, knobs, outlineRegion, turned,
} from "../../../web/editor/regions.mjs";
import { read, write } from "../../../web/document/serialise.mjs";
import { EMPTY, addPair } from "../../../web/document/state.mjs";
import { DEFAULT, howOf } from "../../../web/preview/how.mjs";
import { selected, status } from "../../../web/editor/status.mjs";
import { editor, frozen, two } from "../stand_in.mjs";

const VIEW = { x: 0, y: 0, width: 1000, height: 1000 };
const square = (x, y, side = 0.2) => [[x, y], [x + side, y], [x + side, y + side], [x, y + side]].map((p) => p.map((v) => Math.round(v * 1e6) / 1e6));
const region = (from, to) => ({ handle: square(...from), target: square(...to) });
const one = frozen({ ...EMPTY, regions: [region([0.1, 0.1], [0.6, 0.1])] });
const selection = (key, part = "target") => new Map([[key, part]]);
const close = (a, b, tolerance = 2e-6) =>
  a.flat().forEach((value, i) => assert.ok(Math.abs(value - b.flat()[i]) <= tolerance, `${JSON.stringify(a)} ${JSON.stringify(b)}`));

function opened(document = EMPTY) {
  const made = editor(document);
  made.ui.tool = "region";
  return { ...made, regions: () => made.store.document.regions };
}

test("a pulled outline is a region whose target lies on its handle, in one step, and can be pulled away", () => {
  const { pull, regions, store } = opened();
  pull([[100, 100], [300, 100], [300, 300], [100, 300]]);
  assert.deepEqual(regions(), [region([0.1, 0.1], [0.1, 0.1])]);
  assert.deepEqual([...store.selection], [[~0, "target"]]);
  assert.deepEqual(store.document.strokes, []);
  pull([[200, 200], [300, 250], [700, 200]]);
  assert.deepEqual(regions(), [region([0.1, 0.1], [0.6, 0.1])]);
  store.undo();
  store.undo();
  assert.deepEqual(regions(), []);
  assert.equal(store.canUndo, false);
});

test("an outline can be clicked corner by corner, and ends where it began, by Enter or a double click", () => {
  for (const finish of ["first corner", "Enter", "double click"]) {
    const { pull, regions, gestures, key, store } = opened();
    for (const at of [[100, 100], [300, 100], [300, 300], [100, 300]]) pull([at]);
    assert.equal(gestures.current.outline.length, 4);
    assert.equal(gestures.current.stroke, undefined);
    if (finish === "first corner") pull([[101, 99]]);
    else if (finish === "Enter") assert.ok(key("Enter"));
    else gestures.finish();
    assert.deepEqual(regions(), [region([0.1, 0.1], [0.1, 0.1])], finish);
    store.undo();
    assert.equal(store.canUndo, false);
  }
});

test("what has no area, or is cancelled, is no region", () => {
  const { pull, regions, gestures, press, store, key } = opened();
  pull([[100, 100], [500, 100], [900, 100]]);
  pull([[100, 100], [103, 100], [103, 110]]);
  gestures.down(press([100, 100]));
  for (const at of [[300, 100], [300, 300]]) gestures.move(press(at));
  assert.ok(key("Escape"));
  gestures.up(press([300, 300]));
  assert.deepEqual(regions(), []);
  assert.equal(store.canUndo, false);
});

test("outlines of hands lose corners, and stay where they were drawn", () => {
  const circle = Array.from({ length: 2000 }, (_, i) => {
    const [turn, noise] = [(i * Math.PI) / 1000, ((i * 7919) % 13) / 5000];
    return [0.5 + (0.3 + noise) * Math.cos(turn), 0.5 + (0.3 + noise) * Math.sin(turn)];
  });
  const [{ handle, target }] = outlineRegion(EMPTY, circle).regions;
  assert.ok(handle.length > 12 && handle.length <= 64, `${handle.length}`);
  assert.deepEqual(handle, target);
  for (const [x, y] of handle) assert.ok(Math.abs(Math.hypot(x - 0.5, y - 0.5) - 0.301) < 0.004);
  assert.ok(outlineRegion(EMPTY, [[-1, -1], [2, -1], [2, 2]]).regions[0].handle.flat().every((v) => v >= 0 && v <= 1));
});

test("there are no more regions, and no more corners, than Python takes", () => {
  let document = EMPTY;
  for (let i = 0; i < 70; i++) document = outlineRegion(document, square(0.1, 0.1));
  assert.equal(document.regions.length, 64);
  assert.equal(read(write(document), null).problem, null);
  const many = Array.from({ length: 4000 }, (_, i) => [i / 4000, 0]);
  const large = addRegion(EMPTY, { handle: many, target: many });
  assert.equal(addRegion(large, large.regions[0]), large);
  const full = opened(large);
  full.pull([[500, 0], [600, 100]], { alt: true });
  assert.equal(full.regions().length, 1);
});

test("targets before handles before arrows, and what is selected before what was drawn last", () => {
  const regions = [...one.regions, region([0.5, 0.5], [0.65, 0.15])];
  const at = (position, selected = new Map()) => hitRegion(regions, selected, VIEW, position, 9);
  assert.deepEqual(at([610, 110]), { index: ~0, part: "target" });
  assert.deepEqual(at([594, 150]), { index: ~0, part: "target" });
  assert.equal(at([580, 100]), null);
  assert.deepEqual(at([150, 150]), { index: ~0, part: "handle" });
  assert.deepEqual(at([400, 205]), { index: ~0, part: "both" });
  assert.deepEqual(at([700, 200]), { index: ~1, part: "target" });
  assert.deepEqual(at([700, 200], selection(~0)), { index: ~0, part: "target" });
  assert.equal(at([900, 900]), null);
  const bent = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.8, 0.9], [0.8, 0.2], [0.1, 0.2]];
  assert.equal(hitRegion([{ handle: bent, target: bent }], new Map(), VIEW, [400, 600], 9), null);
});

test("either end and the arrow can be pulled, with what else is selected, and no corner leaves the picture", () => {
  for (const [from, expected] of [
    [[700, 200], region([0.1, 0.1], [0.7, 0.2])],
    [[200, 200], region([0.2, 0.2], [0.6, 0.1])],
    [[450, 200], region([0.2, 0.2], [0.7, 0.2])],
  ]) {
    const { pull, regions, store } = opened(one);
    pull([from, [from[0] + 50, from[1]], [from[0] + 100, from[1] + 100]]);
    close(regions()[0].handle, expected.handle);
    close(regions()[0].target, expected.target);
    store.undo();
    assert.equal(store.canUndo, false);
  }
  const { pull, regions } = opened({ ...one, regions: [...one.regions, region([0.1, 0.7], [0.5, 0.7])] });
  pull([[700, 200], [3000, -500]]);
  close(regions()[0].target, square(0.8, 0));
  pull([[200, 800]], { shift: true });
  pull([[900, 100], [950, 600], [1000, 600]]);
  close(regions()[0].target, square(0.8, 0.1));
  close(regions()[1].handle, square(0.1, 0.8));
  close(regions()[1].target, square(0.5, 0.7));
});

test("a click selects, a click beside lets go, and only the next one places a corner", () => {
  const { pull, store, gestures } = opened(one);
  pull([[200, 200]]);
  assert.deepEqual([...store.selection], [[~0, "handle"]]);
  // two of its knobs
  for (const at of [[102, 101], [85, 88]]) pull([at, [at[0] + 1, at[1]]]);
  assert.deepEqual([...store.selection], [[~0, "handle"]]);
  assert.equal(store.document, one);
  pull([[900, 900]]);
  assert.equal(store.selection.size, 0);
  assert.equal(gestures.current, null);
  pull([[900, 900]]);
  assert.notEqual(gestures.current, null);
  assert.equal(store.document, one);
});

test("Alt and a pull copies a region, with its motion, in one step", () => {
  const { pull, regions, store } = opened(one);
  pull([[700, 200]], { alt: true });
  assert.equal(store.document, one);
  pull([[700, 200], [700, 400], [750, 500]], { alt: true });
  assert.deepEqual(regions()[0], one.regions[0]);
  close(regions()[1].handle, square(0.15, 0.4));
  close(regions()[1].target, square(0.65, 0.4));
  assert.deepEqual([...store.selection], [[~1, "both"]]);
  store.undo();
  assert.equal(store.canUndo, false);
});

test("regions are deleted by Delete and by a right click, and the rest stays selected", () => {
  const three = frozen({ ...two, regions: [one.regions[0], region([0.1, 0.5], [0.4, 0.5]), region([0.1, 0.8], [0.5, 0.8])] });
  const { gestures, press, key, store, regions } = opened(three);
  store.select(new Map([[~2, "target"], [1, "both"]]));
  gestures.remove(press([150, 550]));
  assert.deepEqual(regions(), [three.regions[0], three.regions[2]]);
  assert.deepEqual([...store.selection], [[~1, "target"], [1, "both"]]);
  key("Delete");
  assert.deepEqual(regions(), [three.regions[0]]);
  assert.deepEqual(store.document.pairs, [two.pairs[0]]);
  // what is gone selects nothing else
  store.select(selection(~0));
  key("Delete");
  assert.equal(store.selection.size, 0);
  key("z", { ctrlKey: true });
  assert.deepEqual(regions(), [three.regions[0]]);
  assert.equal(store.selection.size, 0);
  const arrows = editor(three);
  arrows.gestures.remove(arrows.press([750, 200]));
  assert.equal(arrows.store.document, three);
});

test("keys: the next one, its ends, by a pixel, all, a new one, switches without a use", () => {
  const { key, store, regions, known } = opened({ ...two, regions: one.regions });
  store.select(new Map([[1, "handle"]]));
  key(".");
  assert.deepEqual([...store.selection], [[~0, "target"]]);
  assert.deepEqual([known.enabled.enabled(), known.locked.pressed(), known.remove.enabled()], [false, false, true]);
  const before = store.document;
  key("o");
  key("k");
  assert.equal(store.document, before);
  key("ArrowRight");
  key("ArrowDown", { shiftKey: true });
  close(regions()[0].target, square(0.601, 0.11));
  assert.deepEqual(regions()[0].handle, square(0.1, 0.1));
  key("x");
  assert.deepEqual([...store.selection], [[~0, "both"]]);
  key("ArrowLeft", { shiftKey: true });
  close(regions()[0].handle, square(0.09, 0.1));
  assert.deepEqual(store.document.pairs, two.pairs);
  key("z", { ctrlKey: true });
  key("z", { ctrlKey: true });
  assert.deepEqual(regions(), one.regions);
  key("n");
  assert.deepEqual(regions()[1], region([0.4, 0.4], [0.4, 0.4]));
  assert.deepEqual([...store.selection], [[~1, "target"]]);
  key(".");
  assert.deepEqual([...store.selection.keys()], [~0]);
  key("a", { ctrlKey: true });
  assert.deepEqual([...store.selection], [[~0, "both"], [~1, "both"]]);
  key("v");
  key("a", { ctrlKey: true });
  assert.deepEqual([...store.selection], [[0, "both"], [1, "both"]]);
});

test("G paints around regions too", () => {
  const { key, store } = editor(one);
  key("g");
  const xs = store.document.strokes[0].points.map(([x]) => x);
  assert.ok(Math.min(...xs) < 0.1 && Math.max(...xs) > 0.8);
});

test("knobs belong to the one end that is selected: its corners if these are few, and four around it", () => {
  const at = (selected, document = one, view = VIEW) => knobs(document, selected, view);
  assert.deepEqual(at(selection(~0)).map((knob) => knob.at), [
    [600, 100], [800, 100], [800, 300], [600, 300], [586, 86], [814, 86], [814, 314], [586, 314],
  ]);
  assert.deepEqual(at(selection(~0)).map(({ corner }) => corner), [0, 1, 2, 3, null, null, null, null]);
  assert.deepEqual(at(selection(~0, "handle")).map(({ end }) => end), Array(8).fill("handle"));
  for (const none of [new Map(), selection(~0, "both"), new Map([[~0, "target"], [1, "both"]])]) assert.deepEqual(at(none), []);
  assert.deepEqual(at(selection(0), addPair(one, [0.5, 0.5], [0.6, 0.6])), []);
  const five = [...square(0, 0), [0, 0.1]];
  const border = at(selection(~0), { ...EMPTY, regions: [{ handle: five, target: five }] }, { x: 10, y: 20, width: 100, height: 50 });
  assert.deepEqual(border.map((knob) => knob.at), [[10, 20], [44, 20], [44, 44], [10, 44]]);
});

test("a corner is pulled alone, a knob turns and scales, in one step", () => {
  const corner = opened(one);
  corner.pull([[700, 200]]);
  corner.pull([[800, 300], [850, 320], [900, 1400]]);
  assert.deepEqual(corner.regions()[0].target, [[0.6, 0.1], [0.8, 0.1], [0.9, 1], [0.6, 0.3]]);
  corner.store.undo();
  assert.equal(corner.store.canUndo, false);
  // around (700, 200): the knob at (814, 314) goes to the opposite corner at half the distance
  const knob = opened(one);
  knob.pull([[700, 200]]);
  knob.pull([[814, 314], [700, 314], [643, 143]]);
  close(knob.regions()[0].target, [[0.75, 0.25], [0.65, 0.25], [0.65, 0.15], [0.75, 0.15]]);
  assert.deepEqual(knob.regions()[0].handle, one.regions[0].handle);
  assert.deepEqual([...knob.store.selection], [[~0, "target"]]);
  for (const [keys, expected] of [
    [{ shift: true }, [[0.8, 0.3], [0.6, 0.3], [0.6, 0.1], [0.8, 0.1]]],
    [{ alt: true }, square(0.65, 0.15, 0.1)],
  ]) {
    const held = opened(one);
    held.pull([[700, 200]]);
    held.pull([[814, 314], [700, 314], [643, 143]], keys);
    close(held.regions()[0].target, expected);
  }
});

test("turning is a similarity on the picture's pixels that keeps the centre and stays inside", () => {
  const view = { x: -30, y: 12, width: 900, height: 400 };
  const polygon = [[0.5, 0.4], [0.62, 0.42], [0.6, 0.7], [0.55, 0.6], [0.45, 0.71]];
  const pixels = (corners) => corners.map(([x, y]) => [x * view.width, y * view.height]);
  const middle = centre(pixels(polygon)).map((value, axis) => value + [view.x, view.y][axis]);
  const how = { turns: true, scales: true };
  let seed = 3;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const distances = (corners) => corners.map(([x, y], i) => Math.hypot(x - corners[(i + 2) % 5][0], y - corners[(i + 2) % 5][1]));
  let limited = 0;
  for (let i = 0; i < 200; i++) {
    const from = [middle[0] + 50, middle[1] + 20];
    const to = [middle[0] + (random() - 0.5) * 300, middle[1] + (random() - 0.5) * 300];
    const made = turned(polygon, view, from, to, how);
    assert.ok(made.flat().every((value) => value >= 0 && value <= 1));
    close([centre(made)], [centre(polygon)], 5e-6);
    const [before, after] = [polygon, made].map((corners) => distances(pixels(corners)));
    const scale = after[0] / before[0];
    after.forEach((length, k) => assert.ok(Math.abs(length / before[k] - scale) < 1e-3 * Math.max(scale, 1)));
    const wanted = Math.hypot(to[0] - middle[0], to[1] - middle[1]) / Math.hypot(50, 20);
    if (scale < 0.99 * wanted) limited++;
    else assert.ok(Math.abs(scale / Math.max(wanted, 0.05) - 1) < 1e-2);
  }
  assert.ok(limited > 20 && limited < 180, `${limited}`);
  assert.equal(turned(polygon, view, middle, [0, 0], how), polygon);
  assert.equal(turned(polygon, view, [0, 0], middle, how), polygon);
  close(turned(polygon, view, [middle[0] + 9, middle[1]], [middle[0], middle[1] + 9], { turns: false, scales: false }), polygon);
});

test("a gesture on a region that is cancelled leaves nothing, and what was selected is selected", () => {
  for (const [from, keys] of [[[700, 200], {}], [[814, 314], {}], [[800, 300], {}], [[200, 200], { alt: true }], [[900, 900], {}]]) {
    const { gestures, press, store } = opened(one);
    store.select(selection(~0));
    gestures.down(press(from, keys));
    gestures.move(press([from[0] + 60, from[1] + 60], keys));
    assert.ok(gestures.cancel());
    gestures.up(press([from[0] + 60, from[1] + 60], keys));
    assert.deepEqual(store.document, one);
    assert.deepEqual([...store.selection], [[~0, "target"]]);
    assert.equal(store.canUndo, false);
  }
});

test("other tools leave regions alone, and the tool of regions arrows", () => {
  for (const tool of ["drag", "brush", "erase", "polygon", "box"]) {
    const { pull, ui, store } = opened(one);
    ui.tool = tool;
    pull([[700, 200], [750, 250], [720, 300]]);
    assert.deepEqual(store.document.regions, one.regions);
    assert.equal(store.document.pairs.length + store.document.strokes.length, 1, tool);
  }
  const { pull, store, ui, key, gestures, press } = opened(two);
  ui.maskShown = false;
  key("d");
  assert.equal(ui.maskShown, false);
  pull([[100, 100], [300, 100], [300, 300]]);
  assert.deepEqual(store.document.pairs, two.pairs);
  assert.equal(store.document.regions.length, 1);
  // the preview follows arrows alone
  for (const [name, at, pulls] of [["d", [250, 150], false], ["v", [100, 100], true]]) {
    key(name);
    gestures.down(press(at));
    assert.equal(gestures.current.pulls, pulls);
    gestures.cancel();
  }
});

test("what is said about regions", () => {
  const { store, ui, session } = opened({ ...one, image: [1000, 1000] });
  store.select(selection(~0));
  const said = { store, ui, showing: "preview", regionUse: null, standing: null, resultAge: "", picture: null, result: null, region: null, size: session.size, how: DEFAULT, astray: [] };
  assert.match(status(said), /0 drags · 1 region pair · no mask/);
  assert.equal(selected(said), "region 1 (target): 200, 200 → 700, 200");
  store.select(new Map([[~0, "both"]]));
  assert.equal(selected(said), "region 1 (handle and target): 200, 200 → 700, 200");
  assert.doesNotMatch(status({ ...said, store: opened(two).store }), /region pair/);
  const painted = { ...said, region: new Uint8Array(1) };
  assert.match(status(painted), /only the painted region may change$/);
  assert.match(status({ ...painted, regionUse: "changes" }), /only the painted region may change$/);
  assert.match(status({ ...painted, regionUse: "moves" }), /the painted region is what moves$/);
  assert.match(status({ ...painted, regionUse: "unused" }), /the painted region is not connected$/);
  assert.match(status({ ...said, how: howOf({ displacement: "rigid", border: "held" }, { mask: "none" }) }), /no region: what is around the points moves$/);
  assert.match(status({ ...said, how: howOf({ displacement: "rigid", border: "held" }, { finds: false, mask: "none" }) }), /everything may change$/);
});

test("a region that is moved is another drag, which may run by itself; a painted region is none", () => {
  const { store, pull, ui } = opened();
  const value = new NodeValue({ store, problem: null });
  value.value = write(one);
  pull([[700, 200], [700, 300]]);
  assert.equal(value.keep(), true);
  close(read(value.value, null).document.regions[0].target, square(0.6, 0.2));
  ui.tool = "box";
  pull([[100, 100], [300, 300]]);
  assert.equal(value.keep(), false);
});

test("a changed region is another one in another document", () => {
  const changed = changeRegion(one, 0, { target: square(0, 0) });
  assert.deepEqual(changed.regions, [{ handle: one.regions[0].handle, target: square(0, 0) }]);
  assert.deepEqual(one.regions[0].target, square(0.6, 0.1));
});
