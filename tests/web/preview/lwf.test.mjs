import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { circumscribedCircle, stretching } from "../../../web/preview/lwf.mjs";

const maskOf = (rows) => Uint8Array.from(rows.join(""), (c) => (c === "#" ? 1 : 0));

/** Displacements (x, y interleaved) on the cells of mask, 0 elsewhere. */
function lwf(handles, targets, mask, width, height) {
  const flow = new Float64Array(2 * width * height);
  const circle = circumscribedCircle(mask, width, height);
  if (!handles.length || !circle) return flow;
  const motion = stretching(handles, targets, circle);
  mask.forEach((inside, i) => inside && motion(i % width, Math.floor(i / width), flow, 2 * i));
  return flow;
}

const golden = JSON.parse(readFileSync(new URL("../../golden/lwf_js.json", import.meta.url), "utf8"));
for (const { name, width, height, handles, targets, mask, flow } of golden.lwf) {
  test(`golden displacement: ${name}`, () => {
    const found = lwf(handles, targets, maskOf(mask), width, height);
    assert.equal(found.length, flow.length);
    found.forEach((value, i) => assert.ok(Math.abs(value - flow[i]) < 1e-5, `${i}: ${value}, not ${flow[i]}`));
  });
}

test("a mask of one cell, whose circle is no wider than rounding, hardly moves for a handle elsewhere", () => {
  const random = ((state) => () => (state = (state * 16807) % 2147483647) / 2147483647)(5);
  const mask = new Uint8Array(3000);
  mask[2999] = 1;
  for (let k = 0; k < 400; k++) {
    const flow = lwf([[20 * random(), 3 * random()]], [[5, 5]], mask, 1000, 3);
    assert.ok(flow.every((value) => Math.abs(value) < 1e-3));
  }
});
