import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import { speak, t } from "../../../web/document/words.mjs";
import { FILE, english } from "../english.mjs";

const read = (file) => JSON.parse(readFileSync(file, "utf8")).dragkit;
const blanks = (text) => (text.match(/\{\w+\}/g) ?? []).sort();

test("without another language the texts are English, blanks filled in", () => {
  assert.equal(t("{count} drags", { count: 3 }), "3 drags");
  assert.equal(t("{count} of {none}", { count: 3 }), "3 of {none}");
});

test("another language is spoken as far as it is known, and what is no text is not", () => {
  speak({ "{count} drags": "{count} Züge", Undo: 5, Redo: "", Box: null });
  assert.equal(t("{count} drags", { count: 3 }), "3 Züge");
  for (const text of ["Undo", "Redo", "Box", "constructor"]) assert.equal(t(text), text);
  for (const nothing of [null, undefined, "text", 3, []]) {
    speak(nothing);
    assert.equal(t("{count} drags", { count: 3 }), "3 drags");
  }
});

test("the English texts are listed for whoever translates them: node tests/web/english.mjs --write", () => {
  const texts = english();
  assert.ok(texts.length > 80);
  assert.deepEqual(Object.entries(read(FILE)).sort(), texts.map((text) => [text, text]).sort());
});

test("every text is translated, and none that there is not, with the same blanks", () => {
  const known = english().sort();
  for (const language of readdirSync(new URL("../", FILE.href.replace(/main\.json$/, "")))) {
    const file = new URL(`../${language}/main.json`, FILE.href.replace(/main\.json$/, ""));
    if (!existsSync(file)) continue;
    assert.deepEqual(Object.keys(read(file)).sort(), known, language);
    for (const [text, translation] of Object.entries(read(file))) {
      assert.deepEqual(blanks(translation), blanks(text), `${language}: ${text}`);
    }
  }
});
