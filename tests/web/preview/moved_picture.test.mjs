import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { rasterise } from "../../../web/document/strokes.mjs";
import { howOf } from "../../../web/preview/how.mjs";
import { CELL, LatentCells } from "../../../web/preview/latent_cells.mjs";
import { Preview } from "../../../web/preview/warped_picture.mjs";

const golden = JSON.parse(readFileSync(new URL("../../golden/moved_picture_js.json", import.meta.url), "utf8"));
const { width, height, every } = golden;

const chart = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => {
  const [x, y] = [(i >> 2) % width, Math.floor((i >> 2) / width)];
  const waves = [Math.sin(x / 23) + Math.cos(y / 31), Math.cos(x / 37) - Math.sin(y / 19)];
  return i % 4 < 2 ? Math.floor(127.5 + 60 * waves[i % 4]) : 255;
});

for (const { name, how, strokes, drawn, marks, colours } of golden.cases) {
  const { displacement, border, front } = how;
  test(`golden picture: ${[displacement, border, front].filter(Boolean).join(" ")}, ${name}`, () => {
    const preview = new Preview(chart, width, height);
    const region = displacement ? rasterise(strokes, width, height) : null;
    const pixels = preview.update(drawn, region, howOf(how, displacement ? { finds: false } : { moves: "regions" }));
    const seen = { m: 0, o: 0, ".": 0 };
    let [others, unlike] = [0, 0];
    const errors = [];
    for (let i = 0, y = 0; y < height; y += every) {
      for (let x = 0; x < width; x += every, i += 2) {
        const mark = marks[y / every][x / every];
        const at = y * width + x;
        seen[mark]++;
        if ((mark === "o") !== (preview.opened[at] === 1)) others++;
        else if (mark === "o") assert.ok(preview.shown[at]);
        else {
          const error = Math.max(Math.abs(pixels[4 * at] - colours[i]), Math.abs(pixels[4 * at + 1] - colours[i + 1]));
          if (mark === "m") errors.push(error);
          if (mark === "m" && !preview.shown[at]) unlike++;
          // what is shown outside the region has moved there
          if (mark === "." && preview.shown[at] && region && !region[at]) unlike++;
        }
      }
    }
    assert.ok(seen.m > 50 && (border !== "held" || displacement === "stretch" || seen.o === 0), JSON.stringify(seen));
    errors.sort((a, b) => a - b);
    const at = (part) => errors[Math.floor(part * (errors.length - 1))];
    // between handles that pull apart, nodes cannot show where nearest jumps
    const most = displacement === "nearest" && border === "held" ? 20 : 3;
    assert.ok(at(0.5) <= 1 && at(0.9) <= most, `${at(0.5)}, ${at(0.9)}, ${at(1)}`);
    assert.ok(others + unlike <= 0.02 * (seen.m + seen.o), `${others} opened otherwise, ${unlike} shown otherwise of ${JSON.stringify(seen)}`);
  });
}

for (const { name, how, strokes, drawn, from, holes } of golden.latents) {
  const cells = new LatentCells(width, height, CELL);
  const region = rasterise(strokes, width, height);
  const middle = (i) => {
    const [x, y] = [cells.left + (i % cells.columns) * CELL + CELL / 2, cells.top + Math.floor(i / cells.columns) * CELL + CELL / 2];
    return y * width + x;
  };
  const shown = (mode) => {
    const preview = new Preview(chart, width, height);
    preview.update(drawn, region, howOf({ ...how, mode }, { finds: false }), CELL);
    return preview;
  };

  test(`golden cells: ${how.displacement} ${how.border}, ${name}`, () => {
    const inside = cells.covered(region);
    const whole = shown("fastdrag");
    let unlike = 0;
    from.forEach((source, i) => {
      const at = middle(i);
      if ((source < 0 && inside[i] === 1) !== (whole.opened[at] === 1)) unlike++;
      const own = 4 * (source < 0 || (source === i && !inside[i]) ? at : middle(source));
      if (!whole.opened[at] && whole.pixels.slice(4 * at, 4 * at + 4).some((value, k) => value !== chart[own + k])) unlike++;
    });
    assert.ok(from.filter((source, i) => source >= 0 && source !== i).length > 20);
    assert.ok(unlike <= 0.01 * from.length, `${unlike} cells unlike`);

    const fractions = shown("inverse");
    const others = holes.filter((hole, i) => hole !== fractions.opened[middle(i)]).length;
    // at the border of what moved rounding decides
    assert.ok(others <= 0.05 * inside.filter(Boolean).length, `${others} holes unlike`);
    fractions.shown.forEach((seen, at) => assert.ok(!seen || inside[cells.rowOf[Math.floor(at / width)] * cells.columns + cells.columnOf[at % width]]));
  });
}
