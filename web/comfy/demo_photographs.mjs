// @ts-check
// The photograph of a Demo Model, which the pack brings: known before any run.

/** @typedef {import("./sources.mjs").FileReference} FileReference */

const TYPE = "DragKitDemoModel";
// place of the photograph among the outputs of Demo Model
const PHOTOGRAPH = 3;
/** What stands for the pack's own folder, where ComfyUI says input, output or temp. */
const PACK = "dragkit";

/** @param {{type?: string}} node @param {number} slot of its outputs @param {unknown} name of the photograph
 * @returns {FileReference|null} */
export const demoPhotograph = ({ type }, slot, name) =>
  type === TYPE && slot === PHOTOGRAPH && typeof name === "string" ? { filename: `${name}.jpg`, subfolder: "", type: PACK } : null;

/** Where the pack has a file; null for another's. @param {FileReference} file */
export const packAddress = ({ type, filename }) => (type === PACK ? new URL(`../photographs/${filename}`, import.meta.url).href : null);
