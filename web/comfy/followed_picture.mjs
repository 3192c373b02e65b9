// @ts-check
// The picture that an input gets from a file through nodes that only scale, crop, pad or turn it, without a run.

import { isStep, stepOf } from "./picture_steps.mjs";
import { inputIndex, origin, shownFile, widgetValue } from "./sources.mjs";

/** @typedef {import("./sources.mjs").Graph} Graph */
/** @typedef {import("./sources.mjs").GraphNode} GraphNode */
/** @typedef {import("./sources.mjs").Place} Place */
/** @typedef {import("./sources.mjs").FileReference} FileReference */
/** @typedef {{readonly side: 0|1, readonly of: Recipe}} Side a width or a height of a picture */
/** @typedef {{readonly file: FileReference}
 *  | {readonly type: string, readonly values: Record<string, unknown>, readonly image: Recipe, readonly match?: Recipe}} Recipe
 *  how a picture is made: loaded, or by a node of this type from an image */
/** @typedef {{readonly image: CanvasImageSource, readonly width: number, readonly height: number}} Picture */

const MAX_STEPS = 20;
const PRIMITIVES = ["PrimitiveNode", "PrimitiveInt", "PrimitiveFloat", "PrimitiveString", "PrimitiveBoolean"];

/**
 * The value that a node gets at an input: of its widget, of a primitive node, or a side of a picture; undefined where it is
 * made by a run. @param {Graph} root @param {GraphNode} node @param {Place} place @param {string} name @param {number} [steps]
 * @returns {unknown}
 */
export function valueOf(root, node, place, name, steps = MAX_STEPS) {
  const value = widgetValue(place, node, name);
  if (value !== undefined) return value;
  const slot = inputIndex(node, name);
  const found = slot >= 0 ? origin(root, node, slot, place) : null;
  if (!found) return undefined;
  if (PRIMITIVES.includes(found.node.type ?? "")) return found.node.widgets?.[0]?.value;
  if (found.node.type !== "GetImageSize" || found.slot > 1) return undefined;
  const of = recipeOf(root, found.node, inputIndex(found.node, "image"), found.place, steps - 1);
  return of ? { side: found.slot, of } : undefined;
}

/**
 * How the picture at an input is made; null where a run has to tell. @param {Graph} root @param {GraphNode} node
 * @param {number} slot index of the input @param {Place} [at] place of the node @param {number} [steps] that may be followed
 * @returns {Recipe|null}
 */
export function recipeOf(root, node, slot, at, steps = MAX_STEPS) {
  const found = origin(root, node, slot, at);
  if (!found || steps <= 0) return null;
  const { node: source, place } = found;
  const type = source.type ?? "";
  if (!isStep(type)) {
    const file = shownFile(root, found);
    return file && { file };
  }
  if (found.slot !== 0) return null;
  const input = (/** @type {string} */ name) => {
    const index = inputIndex(source, name);
    return index < 0 ? null : recipeOf(root, source, index, place, steps - 1);
  };
  const image = input("image") ?? input("input");
  if (!image) return null;
  /** @type {Record<string, unknown>} */
  const values = {};
  for (const { name, value } of source.widgets ?? []) {
    // previews and buttons are widgets, too
    if (value === undefined || value === null) continue;
    const given = valueOf(root, source, place, name, steps);
    if (given === undefined) return null;
    values[name] = given;
  }
  const match = input("resize_type.match");
  return { type, values, image, ...(match ? { match } : {}) };
}

/** The file that a recipe begins with. @param {Recipe} recipe @returns {FileReference} */
export const fileOf = (recipe) => ("file" in recipe ? recipe.file : fileOf(recipe.image));

/** @param {import("./picture_steps.mjs").Step} step @param {CanvasImageSource} image @returns {CanvasImageSource} */
function applied({ size: [width, height], from, to, fill, turns = 0, flip, smooth = true }, image) {
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingEnabled = smooth;
  context.imageSmoothingQuality = "high";
  if (fill) {
    context.fillStyle = fill;
    context.fillRect(0, 0, width, height);
  }
  context.translate(width / 2, height / 2);
  if (flip) context.scale(flip === "x" ? -1 : 1, flip === "y" ? -1 : 1);
  context.rotate((turns * Math.PI) / 2);
  const [across, down] = turns % 2 ? [to[3], to[2]] : [to[2], to[3]];
  context.drawImage(image, ...from, (turns % 2 ? to[1] : to[0]) - (turns % 2 ? height : width) / 2, (turns % 2 ? to[0] : to[1]) - (turns % 2 ? width : height) / 2, across, down);
  return canvas;
}

/**
 * The picture of a recipe; null where a file cannot be loaded or a node would refuse its picture.
 * @param {Recipe} recipe @param {(file: FileReference) => Promise<HTMLImageElement|null>} load @returns {Promise<Picture|null>}
 */
export async function made(recipe, load) {
  if ("file" in recipe) {
    const image = await load(recipe.file);
    return image && { image, width: image.naturalWidth, height: image.naturalHeight };
  }
  const [picture, match] = await Promise.all([made(recipe.image, load), recipe.match ? made(recipe.match, load) : null]);
  if (!picture) return null;
  /** @type {Record<string, unknown>} */
  const values = {};
  for (const [name, value] of Object.entries(recipe.values)) {
    const { of, side } = /** @type {Partial<Side>} */ (value ?? {});
    const measured = of && (await made(of, load));
    values[name] = measured ? [measured.width, measured.height][side ?? 0] : value;
  }
  const size = match ? /** @type {const} */ ([match.width, match.height]) : undefined;
  const step = stepOf(recipe.type, [picture.width, picture.height], values, size);
  return step && { image: applied(step, picture.image), width: step.size[0], height: step.size[1] };
}
