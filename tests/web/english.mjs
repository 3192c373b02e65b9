// Every English text of the editor, as its code says it; with --write it becomes locales/en/main.json.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const WEB = new URL("../../web/", import.meta.url);
export const FILE = new URL("../../locales/en/main.json", import.meta.url);
const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const CALL = new RegExp(String.raw`\bt\(\s*(${STRING}|[A-Z]+)\s*[,)]`, "g");

/** @param {string} source @param {string} name of a constant that is made of texts */
function constant(source, name) {
  const [, sum] = new RegExp(String.raw`const ${name} =\s*((?:${STRING}\s*\+?\s*)+);`).exec(source) ?? [];
  return (sum.match(new RegExp(STRING, "g")) ?? []).map((text) => JSON.parse(text)).join("");
}

export function english() {
  const found = new Set();
  for (const name of readdirSync(WEB, { recursive: true }).filter((one) => one.endsWith("js")).sort()) {
    const source = readFileSync(new URL(name, WEB), "utf8");
    if (name.endsWith("words.mjs")) continue;
    for (const [, text] of source.matchAll(CALL)) found.add(text.startsWith('"') ? JSON.parse(text) : constant(source, text));
  }
  return [...found];
}

if (process.argv.includes("--write")) {
  const dragkit = Object.fromEntries(english().map((text) => [text, text]));
  writeFileSync(FILE, `${JSON.stringify({ dragkit }, null, 1)}\n`);
}
