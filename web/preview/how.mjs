// @ts-check
// How drags move things: what the node downstream of the points was told.

/** @typedef {import("./displacements.mjs").Choice} Choice */
/** @typedef {import("./displacements.mjs").Border} Border */
/** @typedef {{readonly displacement: Choice, readonly border: Border, readonly finds: boolean,
 *  readonly masked: boolean, readonly chosen: string|null}} How finds: where no region is painted only what is around the
 *  handles moves; masked: whether a painted region is heeded; chosen: the displacement that was chosen downstream, null
 *  where that is not known */

const CHOICES = ["stretch", "rigid", "similarity", "affine", "nearest", "nearest-4"];

/** What a new Drag Warp does. @type {How} */
export const DEFAULT = { displacement: "similarity", border: "held", finds: true, masked: true, chosen: null };

/**
 * @param {unknown} displacement @param {unknown} border of the node downstream @param {boolean} finds
 * @param {boolean} masked @returns {How} the default where they are not known
 */
export function howOf(displacement, border, finds, masked) {
  const known = displacement === "arap" || CHOICES.includes(String(displacement));
  if (!known || (border !== "free" && border !== "held")) return DEFAULT;
  const shown = displacement === "arap" ? "rigid" : /** @type {How["displacement"]} */ (displacement);
  // held at a circle, not at the region's border
  const own = displacement === "stretch" ? "free" : border;
  return { displacement: shown, border: own, finds, masked, chosen: String(displacement) };
}

/** @param {How} how what the preview shows, in a few words */
export function said({ displacement, border, chosen }) {
  const way = displacement === "stretch" ? displacement : `${displacement}, ${border}`;
  return chosen && chosen !== displacement ? `preview: ${way} (close to ${chosen})` : `preview: ${way}`;
}
