// @ts-check
// The JSON values that a text holds, read as Python's json module reads them, and checks of them as in
// kernels/points/json_values.py. JSON.parse tells neither 1 from 1.0 nor several values in a row.

/** @typedef {string|number|bigint|boolean|null|readonly any[]|ReadonlyMap<string, any>} Value an integer is a bigint */

/** Why a text cannot be read, in one sentence. */
export class Problem extends Error {}

/** What Python's strip and split take for blanks, for use in a class of a pattern. */
export const BLANKS = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
// Python's own limit depends on its version and on who calls; what people write is nested five deep
const MAX_DEPTH = 500;
const MAX_INTEGER_DIGITS = 4300;
const MAX_PATH = 300;

const BLANK = new RegExp(`[${BLANKS}]`);
const BETWEEN_VALUES = new RegExp(`[${BLANKS};,]*`, "y");
const JSON_BLANKS = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const CONSTANT = /-?Infinity|NaN/y;
const WORD = /true|false|null/y;

/** @param {string} text without blanks at its ends */
export function strip(text) {
  let [start, end] = [0, text.length];
  while (start < end && BLANK.test(text[start])) start++;
  while (end > start && BLANK.test(text[end - 1])) end--;
  return text.slice(start, end);
}

class Scanner {
  at = 0;

  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  /** @returns {never} */
  fail() {
    const lines = this.text.slice(0, this.at).split("\n");
    const column = lines[lines.length - 1].length + 1;
    throw new Problem(`the text is no valid JSON at line ${lines.length}, column ${column}`);
  }

  /** @param {RegExp} pattern sticky; what it matches here, which is then behind */
  take(pattern) {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match) this.at += match[0].length;
    return match;
  }

  /** @param {string} character and the blanks before and after it, if it comes next */
  takes(character) {
    this.take(JSON_BLANKS);
    if (this.text[this.at] !== character) return false;
    this.at++;
    this.take(JSON_BLANKS);
    return true;
  }

  string() {
    const start = this.at++;
    while (this.at < this.text.length && this.text[this.at] !== '"') this.at += this.text[this.at] === "\\" ? 2 : 1;
    try {
      return /** @type {string} */ (JSON.parse(this.text.slice(start, ++this.at)));
    } catch {
      this.at = start;
      return this.fail();
    }
  }

  number() {
    const constant = this.take(CONSTANT);
    if (constant) throw new Problem(`the text has ${constant[0]} as a coordinate; coordinates are finite numbers`);
    const match = this.take(NUMBER);
    if (!match) return this.fail();
    const [token, fraction, exponent] = match;
    if (fraction || exponent) return Number(token);
    if (token.replace("-", "").length > MAX_INTEGER_DIGITS) {
      throw new Problem("the text has a number with thousands of digits");
    }
    return BigInt(token);
  }

  /** The items between the bracket here and its partner. @param {string} close @param {() => void} item */
  items(close, item) {
    this.at++;
    if (this.takes(close)) return;
    do item();
    while (this.takes(","));
    this.take(JSON_BLANKS);
    if (this.text[this.at++] !== close) {
      this.at--;
      this.fail();
    }
  }

  /** @param {number} depth @returns {Value} */
  value(depth) {
    const first = this.text[this.at];
    if (first === '"') return this.string();
    const word = this.take(WORD);
    if (word) return JSON.parse(word[0]);
    if (first !== "[" && first !== "{") return this.number();
    if (depth > MAX_DEPTH) throw new Problem("the lists of the text are nested too deep");
    if (first === "[") {
      /** @type {Value[]} */
      const list = [];
      this.items("]", () => void list.push(this.value(depth + 1)));
      return list;
    }
    /** @type {Map<string, Value>} */
    const object = new Map();
    this.items("}", () => {
      if (this.text[this.at] !== '"') this.fail();
      const key = this.string();
      if (!this.takes(":")) this.fail();
      object.set(key, this.value(depth + 1));
    });
    return object;
  }
}

/** The JSON values of text, one after the other, separated by blanks, commas or semicolons.
 * @param {string} text @returns {Value[]} */
export function jsonValues(text) {
  const scanner = new Scanner(text);
  const values = [];
  while (scanner.at < text.length) {
    values.push(scanner.value(0));
    scanner.take(BETWEEN_VALUES);
  }
  return values;
}

/** A value in few words. @param {unknown} value */
export function shown(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number" || typeof value === "bigint") {
    return Math.abs(Number(value)) > 1e15 ? "a number beyond 1e15" : String(Number(Number(value).toPrecision(6)));
  }
  if (typeof value === "string") return "a text";
  return Array.isArray(value) ? "a list" : "an object";
}

/** @param {unknown} value @returns {value is number|bigint} */
export const isNumber = (value) => typeof value === "number" || typeof value === "bigint";

/** The two numbers of value. @param {unknown} value @param {string} owner @param {string} name whose they are, for the
 * Problem @returns {[number, number]} */
export function xy(value, owner, name) {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new Problem(`${owner} has ${name} = ${shown(value)}; it must be [x, y]`);
  }
  const wrong = value.findIndex((number) => !isNumber(number));
  if (wrong >= 0) throw new Problem(`${owner} has ${name} ${"xy"[wrong]} = ${shown(value[wrong])}; coordinates are numbers`);
  return [Number(value[0]), Number(value[1])];
}

export const FRACTIONS = "coordinates are fractions between 0 and 1";

/** @param {readonly number[]} point @param {readonly number[]} high @param {string} owner @param {string} rule */
export function checkInside(point, high, owner, rule) {
  const wrong = point.findIndex((value, i) => !(value >= 0 && value <= high[i]));
  if (wrong >= 0) throw new Problem(`${owner} ${"xy"[wrong]} = ${shown(point[wrong])}; ${rule}`);
}

/** The two numbers of value, which must be fractions. @param {unknown} value @param {string} owner @param {string} name
 * @returns {[number, number]} */
export function fractions(value, owner, name) {
  const point = xy(value, owner, name);
  checkInside(point, [1, 1], `${owner} has ${name}`, FRACTIONS);
  return point;
}

/** value if it is a path, parts divided by /, that stays in its folder. @param {unknown} value @param {string} name
 * @returns {string} */
export function innerPath(value, name) {
  const inner =
    typeof value === "string" && value !== "" && value.length <= 2 * MAX_PATH && [...value].length <= MAX_PATH &&
    !/^\/|^[A-Za-z]:|\\|[\p{Cc}\p{Cs}]/u.test(value) && !value.split("/").includes("..");
  if (inner) return value;
  throw new Problem(
    `${name} must be a file in ComfyUI's input folder as dragkit/photo.png, in at most ${MAX_PATH} characters`,
  );
}
