import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { MAX_JSON, rasterise } from "../../../web/document/strokes.mjs";
import { read, write } from "../../../web/document/serialise.mjs";
import { EMPTY, activePairs } from "../../../web/document/state.mjs";

const HEAD = { format: "dragkit.points", version: 1 };
const object = (fields) => JSON.stringify({ ...HEAD, points: [], ...fields });
const pair = (fields) => ({ handle: [0.25, 0.5], target: [0.5, 0.75], enabled: true, locked: false, ...fields });

const golden = JSON.parse(readFileSync(new URL("../../golden/points_json.json", import.meta.url), "utf8"));
for (const { name, text, pieces, size, verdict, reason, notice = null, ...expected } of golden) {
  test(`golden text: ${name}`, () => {
    const value = pieces ? pieces.map(([piece, count]) => piece.repeat(count)).join("") : text;
    const { document, problem, waiting, notice: said } = read(value, size);
    assert.equal(problem === null ? (waiting ? "waiting" : "read") : "refused", verdict, problem);
    if (reason) assert.equal(problem, reason);
    if (verdict !== "read") {
      assert.equal(document, EMPTY);
      assert.ok(problem === null || (/^[^\n]{10,200}$/.test(problem) && !/undefined|object Object/.test(problem)), problem);
      return;
    }
    assert.equal(said, notice);
    const pairs = document.pairs.filter((p) => p.enabled && p.target).map((p) => [...p.handle, ...p.target]);
    const { turns = null, ...rest } = expected;
    assert.deepEqual({ ...document, pairs }, { regions: [], ...rest });
    const used = activePairs(document).map(({ turn = 0, scale = 1 }) => [turn, scale]);
    assert.deepEqual(used.some(([turn, scale]) => turn || scale !== 1) ? used : null, turns);
    const again = read(write(document), null);
    assert.equal(again.problem, null);
    assert.equal(write(again.document), write(document));
    assert.equal(again.document.pairs.length, document.pairs.length);
  });
}

test("no value makes it throw", () => {
  const strange = [undefined, null, NaN, 0, -1n, Symbol("x"), () => 0, {}, [], new Map(), new Date(), { toString: null }];
  for (const value of strange) {
    const { document, problem, waiting } = read(value, null);
    assert.equal(document, EMPTY);
    assert.match(problem ?? "", /^the points are .*; they must be text$/);
    assert.equal(waiting, false);
  }
});

test("random changes of texts never throw", () => {
  let seed = 1;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const texts = golden.flatMap(({ text }) => (typeof text === "string" && text.length < 2000 ? [text] : []));
  for (let i = 0; i < 20_000; i++) {
    const text = texts[random(texts.length)];
    const at = random(text.length + 1);
    const mixed = text.slice(0, at) + texts[random(texts.length)].slice(random(50), 50 + random(100)) + text.slice(at + random(5));
    const { document, problem } = read(mixed, random(2) ? [400, 200] : null);
    for (const { handle, target } of document.pairs) {
      assert.ok([...handle, ...(target ?? [])].every((value) => value >= 0 && value <= 1), mixed);
    }
    assert.ok(problem === null || document === EMPTY);
  }
});

test("half-finished and disabled pairs are kept, unless their place makes no sense", () => {
  const entries = [
    { handle: [0.1, 0.2] },
    { handle: [0.1, 0.2], target: null, locked: true },
    { handle: [0, 0], target: [1, 1], enabled: false },
    { handle: [0, 0], enabled: false },
    pair(),
    { handle: [2, 0] },
    { target: [1, 1], enabled: false },
    { handle: [0, 0], target: [0, 2], enabled: false },
    { handle: [0, 0], target: "x", enabled: false },
    { handle: ["0", 0], target: null },
    {},
  ];
  const { document, problem } = read(object({ points: entries }), null);
  assert.equal(problem, null);
  assert.deepEqual(document.pairs, [
    pair({ handle: [0.1, 0.2], target: null }),
    pair({ handle: [0.1, 0.2], target: null, locked: true }),
    pair({ handle: [0, 0], target: [1, 1], enabled: false }),
    pair({ handle: [0, 0], target: null, enabled: false }),
    pair(),
  ]);
  assert.equal(activePairs(document).length, 1);
});

test("the text is compact and says what is not the default", () => {
  assert.equal(write(EMPTY), '{"format":"dragkit.points","version":1,"points":[]}');
  const document = {
    image: [400, 200],
    picture: "dragkit/a.png",
    pairs: [pair(), pair({ target: null, locked: true }), pair({ enabled: false })],
    strokes: [{ tool: "brush", points: [[0, 0.5]], size: 0.1 }, { tool: "invert" }],
    regions: [{ handle: [[0, 0], [0.5, 0], [0, 0.5]], target: [[0.5, 0.5], [1, 0.5], [0.5, 1]] }],
  };
  assert.equal(
    write(document),
    '{"format":"dragkit.points","version":1,"image":[400,200],"picture":"dragkit/a.png","points":[' +
      '{"handle":[0.25,0.5],"target":[0.5,0.75]},{"handle":[0.25,0.5],"target":null,"locked":true},' +
      '{"handle":[0.25,0.5],"target":[0.5,0.75],"enabled":false}],' +
      '"regions":[{"handle":[[0,0],[0.5,0],[0,0.5]],"target":[[0.5,0.5],[1,0.5],[0.5,1]]}],' +
      '"strokes":[{"tool":"brush","points":[[0,0.5]],"size":0.1},{"tool":"invert"}]}',
  );
  assert.deepEqual(read(write(document), null).document, document);
});

test("strokes are simplified where the text would be too long, and only there", () => {
  const stroke = (n) => ({ tool: "brush", points: Array.from({ length: n }, (_, i) => [i / n, (i % 7) / 7]), size: 0.01 });
  const pairs = Array.from({ length: 400 }, (_, i) => pair({ handle: [i / 401, i / 403] }));
  const short = { ...EMPTY, strokes: [stroke(300)] };
  assert.deepEqual(read(write(short), null).document, short);
  for (const document of [{ ...EMPTY, strokes: [stroke(5000)] }, { ...EMPTY, pairs, strokes: [stroke(700)] }]) {
    assert.ok(JSON.stringify(document).length > MAX_JSON);
    const text = write(document);
    assert.ok(text.length <= MAX_JSON, `${text.length}`);
    const again = read(text, null);
    assert.equal(again.problem, null);
    assert.deepEqual(again.document.pairs, document.pairs);
    assert.ok(rasterise(again.document.strokes, 100, 100).includes(1));
  }
  // so many points that nothing is left for strokes: these still get 10,000 characters
  const many = Array.from({ length: 512 }, (_, i) => pair({ handle: [i / 1009, i / 1013], target: [i / 1019, i / 1021] }));
  const crowded = read(write({ ...EMPTY, pairs: many, strokes: [stroke(5000)] }), null).document;
  assert.ok(JSON.stringify(crowded.strokes).length <= 10_000 && rasterise(crowded.strokes, 100, 100).includes(1));
  assert.equal(crowded.pairs.length, 512);
});
