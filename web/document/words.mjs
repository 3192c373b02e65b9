// @ts-check
// The editor's texts in the language of ComfyUI: English is what the code says, and the key to the others, which
// locales/<language>/main.json holds under "dragkit".

/** @type {Readonly<Record<string, string>>} */
let words = {};

/** @param {unknown} translations of English texts; anything else is none */
export function speak(translations) {
  const given = typeof translations === "object" && translations !== null ? Object.entries(translations) : [];
  words = Object.fromEntries(given.filter(([, text]) => typeof text === "string" && text));
}

/** An English text in the language of ComfyUI. @param {string} text its blanks are names in braces
 * @param {Readonly<Record<string, string|number>>} [values] for the blanks */
export function t(text, values = {}) {
  const found = Object.hasOwn(words, text) ? words[text] : text;
  return found.replace(/\{(\w+)\}/g, (blank, name) => (Object.hasOwn(values, name) ? String(values[name]) : blank));
}
