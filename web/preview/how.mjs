// @ts-check
// How what was drawn moves things: what the node downstream was told.

import { t } from "../document/words.mjs";

/** @typedef {import("./displacements.mjs").Choice} Choice */
/** @typedef {import("./displacements.mjs").Border} Border */
/** @typedef {import("./moved_picture.mjs").Front} Front */
/** @typedef {"own"|"none"|"other"} Mask the region of this node, no mask, or one that another node makes */
/** @typedef {{
 *   readonly moves: "drags"|"regions", readonly displacement: Choice, readonly border: Border, readonly front: Front,
 *   readonly mask: Mask, readonly finds: boolean, readonly latent: "inverse"|"fastdrag"|null, readonly known: boolean,
 * }} How moves: arrows, or region pairs, which nothing holds; finds: where no region is painted only what is around the
 *   handles moves; latent: the mode in which latent cells are moved, null for a picture; known: false where nothing
 *   downstream says how */

const CHOICES = ["stretch", "rigid", "similarity", "affine", "arap", "nearest", "nearest-4"];
const FRONTS = ["longest", "shortest", "first", "last"];
const MODES = ["inverse", "fastdrag"];

/** What a new Drag Warp does. @type {How} */
export const DEFAULT = {
  moves: "drags", displacement: "similarity", border: "held", front: "longest", mask: "own", finds: true, latent: null, known: false,
};
/** What a new Region Drag and Drag Warp do. @type {How} */
export const DEFAULT_REGIONS = { ...DEFAULT, moves: "regions", border: "free" };

/**
 * @param {{displacement?: unknown, border?: unknown, front?: unknown, mode?: unknown}} widgets of the node downstream, mode
 * for latents @param {Partial<Pick<How, "moves"|"mask"|"finds">>} [more] @returns {How} the default where they are not known
 */
export function howOf({ displacement, border, front = "longest", mode = null }, more = {}) {
  const wide = more.moves === "regions";
  const told = wide || (CHOICES.includes(String(displacement)) && (border === "free" || border === "held"));
  if (!told || !FRONTS.includes(String(front)) || (mode !== null && !MODES.includes(String(mode)))) {
    return wide ? DEFAULT_REGIONS : DEFAULT;
  }
  return {
    ...DEFAULT,
    ...(wide ? {} : { displacement: /** @type {Choice} */ (displacement) }),
    // held at a circle, not at the region's border; a motion that comes as it is, nowhere
    border: wide || displacement === "stretch" ? "free" : /** @type {Border} */ (border),
    front: /** @type {Front} */ (front),
    latent: /** @type {How["latent"]} */ (mode),
    ...more,
    known: true,
  };
}

/** @param {How} how what the preview shows, in a few words */
export function said({ moves, displacement, border, front, mask, latent }) {
  const way = [
    ...(moves === "regions" ? [t("region pairs")] : displacement === "stretch" ? [displacement] : [displacement, border]),
    ...(front === "longest" ? [] : [t("{front} in front", { front })]),
    ...(latent ? [latent === "fastdrag" ? t("whole latent cells") : t("latent cells")] : []),
    ...(mask === "other" ? [t("without the mask that another node makes")] : []),
  ];
  return t("preview: {way}", { way: way.join(", ") });
}
