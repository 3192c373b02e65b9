import assert from "node:assert/strict";
import test from "node:test";
import { MARGIN, fit, hit, hull, inBox, inside, segmentDistance, toCanvas, toPicture, zoomAt } from "../../../web/editor/geometry.mjs";

const near = (a, b, tolerance = 1e-9) => a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < tolerance, `${a} ${b}`));
const pair = (handle, target, flags = {}) => ({ handle, target, enabled: true, locked: false, ...flags });

test("the picture fills the canvas up to the margin, keeps its proportions and lies in the middle", () => {
  for (const [picture, canvas] of [[[512, 256], [300, 400]], [[10, 4000], [300, 400]], [[3, 3], [1000, 60]]]) {
    const view = fit(picture, canvas);
    near([view.width / view.height], [picture[0] / picture[1]]);
    near([view.x + view.width / 2, view.y + view.height / 2], [canvas[0] / 2, canvas[1] / 2]);
    near([Math.max(view.width / (canvas[0] - 2 * MARGIN), view.height / (canvas[1] - 2 * MARGIN))], [1]);
  }
});

test("canvas and picture are each other's inverse at every zoom", () => {
  for (const zoom of [1, 2.5, 32]) {
    const view = fit([640, 480], [350, 300], zoom, [0.3, 0.8]);
    for (const point of [[0, 0], [0.25, 0.9], [1, 1]]) near(toPicture(view, toCanvas(view, point)), point);
    near(toPicture(view, [175, 150]), [0.3, 0.8]);
  }
});

test("what is under the pointer stays there when it zooms", () => {
  const [picture, canvas, position] = [[640, 480], [350, 300], [200, 120]];
  let [zoom, centre] = [1, [0.5, 0.5]];
  const before = toPicture(fit(picture, canvas, zoom, centre), position);
  for (const factor of [1.5, 2, 0.7, 3]) {
    ({ zoom, centre } = zoomAt(picture, canvas, zoom, centre, position, factor));
    near(toPicture(fit(picture, canvas, zoom, centre), position), before);
  }
  assert.deepEqual(zoomAt(picture, canvas, 1.2, [0.9, 0.9], position, 0.1), { zoom: 1, centre: [0.5, 0.5] });
});

test("distances to a segment", () => {
  assert.equal(segmentDistance([5, 3], [0, 0], [10, 0]), 3);
  assert.equal(segmentDistance([13, 4], [0, 0], [10, 0]), 5);
  assert.equal(segmentDistance([3, 4], [0, 0], [0, 0]), 5);
  near([segmentDistance([4, 0], [0, 0], [4, 4]), segmentDistance([1, 7], [0, 0], [3, 4])], [2 * Math.SQRT2, Math.sqrt(13)]);
});

test("ends are hit within reach at every zoom, before the line between them", () => {
  const pairs = [pair([0.2, 0.5], [0.8, 0.5])];
  for (const zoom of [1, 3, 20]) {
    const view = fit([500, 500], [400, 400], zoom);
    for (const reach of [4, 9, 30]) {
      for (const [part, point] of [["handle", [0.2, 0.5]], ["target", [0.8, 0.5]]]) {
        const [x, y] = toCanvas(view, point);
        assert.deepEqual(hit(pairs, view, [x, y + reach - 0.01], reach), { index: 0, part });
        assert.equal(hit(pairs, view, [x, y + reach + 0.01], reach), null);
      }
      const [x, y] = toCanvas(view, [0.5, 0.5]);
      assert.deepEqual(hit(pairs, view, [x, y - reach + 0.01], reach), { index: 0, part: "both" });
    }
  }
});

test("of what lies on top of each other, the nearer one; enabled before disabled, free before locked", () => {
  const view = fit([100, 100], [120, 120]);
  const at = toCanvas(view, [0.5, 0.5]);
  const here = (flags) => pair([0.5, 0.5], [0.9, 0.9], flags);
  assert.equal(hit([here({ locked: true }), here({ enabled: false }), here()], view, at, 9)?.index, 2);
  assert.equal(hit([here({ locked: true }), here({ enabled: false })], view, at, 9)?.index, 1);
  assert.equal(hit([here({ locked: true })], view, at, 9)?.index, 0);
  // what can be moved comes before what cannot, what is used before what is not, even by its line and farther away
  const line = (flags) => pair([0.1, 0.56], [0.9, 0.56], flags);
  assert.deepEqual(hit([here({ enabled: false }), line()], view, at, 9), { index: 1, part: "both" });
  assert.deepEqual(hit([here({ locked: true }), line({ enabled: false })], view, at, 9), { index: 1, part: "both" });
  assert.equal(hit([pair([0.52, 0.5], null), pair([0.51, 0.5], null)], view, at, 9)?.index, 1);
  assert.equal(hit([pair([0.51, 0.5], null, { locked: true }), pair([0.1, 0.5], [0.9, 0.5])], view, at, 9)?.index, 1);
});

test("a box takes the ends that lie in it", () => {
  const view = { x: 0, y: 0, width: 100, height: 100 };
  const pairs = [pair([0.1, 0.1], [0.2, 0.2]), pair([0.3, 0.3], [0.9, 0.9]), pair([0.9, 0.1], [0.2, 0.3]), pair([0.4, 0.4], null)];
  const found = inBox(pairs, view, [50, 50], [5, 5]);
  assert.deepEqual([...found], [[0, "both"], [1, "handle"], [2, "target"], [3, "both"]]);
  assert.equal(inBox(pairs, view, [95, 95], [96, 96]).size, 0);
  assert.deepEqual([...inBox(pairs, view, [10.1, 0], [100, 10.5])], [[2, "handle"]]);
  assert.deepEqual([...inBox(pairs, view, [0, 20.1], [20.5, 40])], [[2, "target"]]);
});

test("a hull is convex, holds all points with their margin and stays in the picture", () => {
  const points = [[0.1, 0.5], [0.4, 0.9], [0.7, 0.2], [0.5, 0.5]];
  const outline = hull(points, [800, 400], 0.1);
  const side = (a, b, p) => (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
  outline.forEach((a, i) => {
    const b = outline[(i + 1) % outline.length];
    for (const p of [...points, ...outline]) assert.ok(side(a, b, p) >= -1e-12);
    assert.ok(a.every((value) => value >= 0 && value <= 1));
  });
  // the margin is 40 pixels: less across than down in fractions
  near([Math.min(...outline.map(([x]) => x)), Math.min(...outline.map(([, y]) => y))], [0.05, 0.1]);
  assert.ok(hull([[0.5, 0.5]], [10, 10], 0.1).length >= 8);
});

test("a hull holds a circle of the margin around every point, a little less of it at the picture's border", () => {
  for (const [points, part] of [
    // sixteen corners on the circle come within cos(pi / 16) of it
    [[[0.2, 0.3], [0.7, 0.2], [0.5, 0.8], [0.51, 0.5]], Math.cos(Math.PI / 16)],
    [[[0.02, 0.03], [0.9, 0.1], [0.5, 0.97], [0.51, 0.5]], 0.8],
  ]) {
    for (const [width, height] of [[600, 600], [1600, 200], [50, 900]]) {
      const corners = hull(points, [width, height], 0.06).map(([x, y]) => [x * width, y * height]);
      const radius = 0.06 * Math.min(width, height) * part - 1e-9;
      corners.forEach((a, i) => {
        const b = corners[(i + 1) % corners.length];
        const onBorder = [width, height].some((side, axis) => a[axis] === b[axis] && (a[axis] === 0 || a[axis] === side));
        for (const [x, y] of points) if (!onBorder) assert.ok(segmentDistance([x * width, y * height], a, b) >= radius);
      });
    }
  }
});

test("a hull has no corner twice nor one on a straight line, at the picture's border too", () => {
  for (const points of [[[0, 0], [1, 1]], [[0.5, 0], [0.01, 0.5], [1, 0.5]], [[0.99, 0.02], [0.98, 0.99], [0.98, 0.5], [0.3, 0.3]], [[1, 0]]]) {
    for (const ordered of [points, points.toReversed()]) {
      const outline = hull(ordered, [300, 200], 0.1);
      outline.forEach((b, i) => {
        const [a, c] = [outline.at(i - 1), outline[(i + 1) % outline.length]];
        assert.ok((b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) > 0);
      });
    }
  }
});

test("the zoom has its limits, and the picture stays in sight", () => {
  assert.deepEqual([inside([-0.5, 1.5]), inside([1.5, -0.5]), inside([0.2, 0.7])], [[0, 1], [1, 0], [0.2, 0.7]]);
  const [picture, canvas] = [[640, 480], [350, 300]];
  assert.equal(zoomAt(picture, canvas, 30, [0.5, 0.5], [100, 100], 5).zoom, 32);
  const { centre } = zoomAt(picture, canvas, 1, [0.5, 0.5], [0, 0], 1.01);
  assert.ok(centre.every((value) => value >= 0 && value <= 1));
});

test("what is half finished has only a handle; of an arrow without length the target is taken", () => {
  const view = { x: 0, y: 0, width: 100, height: 100 };
  assert.deepEqual(hit([pair([0.5, 0.5], null)], view, [53, 50], 9), { index: 0, part: "handle" });
  assert.equal(hit([pair([0.5, 0.5], null)], view, [60, 50], 9), null);
  assert.deepEqual(hit([pair([0.5, 0.5], [0.5, 0.5])], view, [53, 50], 9), { index: 0, part: "target" });
  assert.equal(hit([], view, [53, 50], 9), null);
});

test("an end is hit before the line of another arrow, however near that is", () => {
  const view = { x: 0, y: 0, width: 100, height: 100 };
  const pairs = [pair([0.1, 0.5], [0.9, 0.5]), pair([0.5, 0.58], [0.5, 0.9])];
  assert.deepEqual(hit(pairs, view, [50, 50], 9), { index: 1, part: "handle" });
  assert.deepEqual(hit(pairs, view, [50, 48], 9), { index: 0, part: "both" });
});
