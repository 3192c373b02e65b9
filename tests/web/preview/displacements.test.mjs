import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { rasterise } from "../../../web/document/strokes.mjs";
import { Plates } from "../../../web/preview/clamped_plate.mjs";
import { MovedRegion } from "../../../web/preview/moved_region.mjs";
import { displacementAt } from "../../../web/preview/on_nodes.mjs";
import { findRegion } from "../../../web/preview/find_region.mjs";

const golden = JSON.parse(readFileSync(new URL("../../golden/motion_js.json", import.meta.url), "utf8"));

/** Sorted distances, in cells, from the displacements of the kernel over the cells that either of them moves. */
function errors({ choice, border, width, height, strokes, handles, targets, turns = null, every, cells, flow }) {
  const region = strokes ? rasterise(strokes, width, height) : findRegion(handles, targets, width, height, border);
  assert.equal(region.reduce((a, b) => a + b), cells);
  const whole = new MovedRegion(region, width, height);
  const { labels } = whole;
  const { moved, astray } = whole.displace(handles, targets, choice, border, turns);
  assert.deepEqual(astray, []);
  const found = [];
  for (let i = 0, y = 0; y < height; y += every) {
    for (let x = 0; x < width; x += every, i += 2) {
      const own = moved.find(({ number }) => number === labels[y * width + x]);
      const [u, v] = own ? displacementAt(own, x, y) : [0, 0];
      if (Math.hypot(u, v) + Math.hypot(flow[i], flow[i + 1]) > 0.05) found.push(Math.hypot(u - flow[i], v - flow[i + 1]));
    }
  }
  assert.ok(found.length > 3, `${found.length} cells`);
  return found.sort((a, b) => a - b);
}

for (const one of golden) {
  test(`golden displacement: ${one.choice} ${one.border}, ${one.name}`, () => {
    const sorted = errors(one);
    const at = (part) => sorted[Math.floor(part * (sorted.length - 1))];
    // a single handle only shifts: what the kernel turns by then is single precision
    const [half, most] = one.handles.length === 1 && one.border === "free" && !one.turns ? [0.2, 1.5] : [0.05, one.choice.startsWith("nearest") ? 1.2 : 0.25];
    assert.ok(at(0.5) < half && at(0.95) < most, `${at(0.5)}, ${at(0.95)}, ${at(1)}`);
  });
}

test("a drag that starts outside is named, a pin there is not, and the others move", () => {
  const region = rasterise([{ tool: "box", points: [[0, 0], [0.4, 0.4]] }], 200, 150);
  const handles = [[30, 30], [150, 100], [150, 120]];
  const found = new MovedRegion(region, 200, 150).displace(handles, [[35, 30], [150, 90], [150, 120]], "rigid", "held");
  assert.deepEqual(found.astray, [1]);
  assert.deepEqual(displacementAt(found.moved[0], 30, 30).map((value) => Math.round(10 * value)), [50, 0]);
});

test("a region that stays is solved once, whatever is pulled in it", () => {
  const region = rasterise([{ tool: "box", points: [[0.1, 0.1], [0.9, 0.9]] }], 120, 90);
  const plates = new Plates();
  const made = [];
  const plate = plates.plate.bind(plates);
  plates.plate = (...inside) => made[made.push(plate(...inside)) - 1];
  const moved = new MovedRegion(region, 120, 90, plates);
  const handles = [[40, 40], [70, 50]];
  for (let x = 0; x < 5; x++) moved.displace(handles, [[40 + x, 40], [70, 50]], "rigid", "held");
  moved.displace([[40, 40]], [[45, 40]], "rigid", "held");
  assert.ok(made.length === 2 && made[0] === made[1]);
});
