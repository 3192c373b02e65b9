// @ts-check
// What ComfyUI's own nodes do to the size and place of a picture, with their roundings. Colours between pixels are found
// by the browser.

/** @typedef {readonly [number, number]} Size width, height */
/** @typedef {readonly [number, number, number, number]} Box x, y, width, height in pixels */
/** @typedef {{readonly size: Size, readonly from: Box, readonly to: Box, readonly fill?: string, readonly turns?: number,
 *  readonly flip?: "x"|"y", readonly smooth?: boolean}} Step size: of the result; from: the part of the picture that is
 *  taken; to: where it goes; fill: what is around it; turns: quarters clockwise; flip: the axis that is turned round */
/** @typedef {Record<string, any>} Values of a node's widgets; undefined for those that a version does not have */

const MAX_PIXELS = 64e6;
// of FLUX.1 Kontext, in ComfyUI's nodes_flux.py
const KONTEXT = [
  [672, 1568], [688, 1504], [720, 1456], [752, 1392], [800, 1328], [832, 1248], [880, 1184], [944, 1104], [1024, 1024],
  [1104, 944], [1184, 880], [1248, 832], [1328, 800], [1392, 752], [1456, 720], [1504, 688], [1568, 672],
];

/** As Python rounds: halves to the even neighbour. @param {number} value */
export function round(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2) ? below + 1 : below;
}

/** @param {Size} size @returns {Box} */
const whole = ([width, height]) => [0, 0, width, height];

/** comfy.utils.common_upscale. @param {Size} size @param {number} width @param {number} height @param {unknown} method
 * @param {unknown} [crop] @returns {Step} */
function scaled(size, width, height, method, crop) {
  const [old, wanted] = [size[0] / size[1], width / height];
  const x = crop === "center" && old > wanted ? round((size[0] - size[0] * (wanted / old)) / 2) : 0;
  const y = crop === "center" && old < wanted ? round((size[1] - size[1] * (old / wanted)) / 2) : 0;
  const from = /** @type {Box} */ ([x, y, size[0] - 2 * x, size[1] - 2 * y]);
  return { size: [width, height], from, to: whole([width, height]), smooth: method !== "nearest-exact" };
}

/** @param {Size} size @returns {Step} */
const same = (size) => ({ size, from: whole(size), to: whole(size) });

/** A side of 0 follows from the other. @param {Size} size @param {number} width @param {number} height
 * @param {unknown} method @param {unknown} [crop] */
function scaledTo(size, width, height, method, crop) {
  if (width === 0 && height === 0) return same(size);
  const across = width === 0 ? Math.max(1, round((size[0] * height) / size[1])) : width;
  const down = height === 0 ? Math.max(1, round((size[1] * width) / size[0])) : height;
  return scaled(size, across, down, method, crop);
}

/** @param {Size} size @param {number} side @param {boolean} longer whether side is the longer one @param {unknown} method */
function scaledSide([width, height], side, longer, method) {
  if (width === height) return scaled([width, height], side, side, method);
  return height > width === longer
    ? scaled([width, height], round((width / height) * side), side, method)
    : scaled([width, height], side, round((height / width) * side), method);
}

/** @param {Size} size @param {number} total pixels @param {unknown} method @param {number} [steps] */
function scaledPixels([width, height], total, method, steps = 1) {
  const by = Math.sqrt(total / (width * height));
  return scaled([width, height], round((width * by) / steps) * steps, round((height * by) / steps) * steps, method);
}

/** @param {Size} size @param {number} x @param {number} y @param {number} width @param {number} height @returns {Step} */
function cropped(size, x, y, width, height) {
  const [left, top] = [Math.min(x, size[0] - 1), Math.min(y, size[1] - 1)];
  const kept = /** @type {const} */ ([Math.min(width, size[0] - left), Math.min(height, size[1] - top)]);
  return { size: kept, from: [left, top, ...kept], to: whole(kept) };
}

/** @param {Size} size @param {number} multiple @param {unknown} method @returns {Step} */
function multipleOf(size, multiple, method) {
  const [width, height] = size.map((side) => Math.floor(side / multiple) * multiple);
  if (multiple <= 1 || !width || !height || (width === size[0] && height === size[1])) return same(size);
  const wide = width / size[0] >= height / size[1];
  const across = wide ? width : Math.max(Math.ceil(size[0] * (height / size[1])), width);
  const down = wide ? Math.max(Math.ceil(size[1] * (width / size[0])), height) : height;
  const to = /** @type {Box} */ ([-Math.floor((across - width) / 2), -Math.floor((down - height) / 2), across, down]);
  return { size: [width, height], from: whole(size), to, smooth: method !== "nearest-exact" };
}

/** "Resize Image/Mask" of newer versions. @param {Size} size @param {Values} values @param {Size} [match] @returns {Step|null} */
function resized(size, values, match) {
  const { resize_type: kind, scale_method: method } = values;
  const given = (/** @type {string} */ name) => values[`resize_type.${name}`];
  if (kind === "scale by multiplier") return scaled(size, round(size[0] * given("multiplier")), round(size[1] * given("multiplier")), method);
  if (kind === "scale dimensions") return scaledTo(size, given("width"), given("height"), method, given("crop"));
  if (kind === "scale longer dimension") return scaledSide(size, given("longer_size"), true, method);
  if (kind === "scale shorter dimension") return scaledSide(size, given("shorter_size"), false, method);
  if (kind === "scale width") return scaledTo(size, given("width"), 0, method);
  if (kind === "scale height") return scaledTo(size, 0, given("height"), method);
  if (kind === "scale total pixels") return scaledPixels(size, Math.trunc(given("megapixels") * 1024 * 1024), method);
  if (kind === "match size" && match) return scaled(size, match[0], match[1], method, given("crop"));
  if (kind === "scale to multiple") return multipleOf(size, given("multiple"), method);
  return null;
}

/** By the type of a node. @type {Record<string, (size: Size, values: Values, match?: Size) => Step|null>} */
const STEPS = {
  ImageScale: (size, { width, height, upscale_method, crop }) => scaledTo(size, width, height, upscale_method, crop),
  ImageScaleBy: (size, { scale_by, upscale_method }) => scaled(size, round(size[0] * scale_by), round(size[1] * scale_by), upscale_method),
  ImageScaleToMaxDimension: (size, { largest_size, upscale_method }) => scaledSide(size, largest_size, true, upscale_method),
  ImageScaleToTotalPixels: (size, { megapixels, upscale_method, resolution_steps }) => {
    const total = megapixels * 1024 * 1024;
    return scaledPixels(size, resolution_steps === undefined ? Math.trunc(total) : total, upscale_method, resolution_steps);
  },
  ImageCrop: (size, { x, y, width, height }) => cropped(size, x, y, width, height),
  ImageCropV2: (size, { crop_region: { x = 0, y = 0, width = 512, height = 512 } }) => cropped(size, x, y, width, height),
  ImagePadForOutpaint: ([width, height], { left, top, right, bottom }) => ({
    size: [width + left + right, height + top + bottom],
    from: whole([width, height]),
    to: [left, top, width, height],
    fill: "rgb(127.5 127.5 127.5)",
  }),
  ResizeAndPadImage: (size, { target_width, target_height, padding_color, interpolation }) => {
    const by = Math.min(target_width / size[0], target_height / size[1]);
    const [width, height] = size.map((side) => Math.trunc(side * by));
    const to = /** @type {Box} */ ([Math.floor((target_width - width) / 2), Math.floor((target_height - height) / 2), width, height]);
    const fill = padding_color === "black" ? "black" : "white";
    return { size: [target_width, target_height], from: whole(size), to, fill, smooth: interpolation !== "nearest-exact" };
  },
  FluxKontextImageScale: (size) => {
    const far = (/** @type {number[]} */ [width, height]) => Math.abs(size[0] / size[1] - width / height);
    // of two that are as near, the narrower one comes first in the list
    const [width, height] = KONTEXT.reduce((best, one) => (far(one) < far(best) ? one : best));
    return scaled(size, width, height, "lanczos", "center");
  },
  ImageRotate: (size, { rotation }) => {
    const turns = ["none", "90", "180", "270"].indexOf(String(rotation).split(" ")[0]);
    const turned = /** @type {Size} */ (turns % 2 ? [size[1], size[0]] : size);
    return turns < 0 ? null : { size: turned, from: whole(size), to: whole(turned), turns };
  },
  ImageFlip: (size, { flip_method }) => ({ ...same(size), flip: String(flip_method).startsWith("x") ? "y" : "x" }),
  ResizeImageMaskNode: resized,
};

/** @param {string} type of a node */
export const isStep = (type) => Object.hasOwn(STEPS, type);

/**
 * What a node does to a picture; null where that is not known, or is no picture.
 * @param {string} type of the node @param {Size} size of the picture @param {Values} values @param {Size} [match] size of the
 * picture whose size it is to have @returns {Step|null}
 */
export function stepOf(type, size, values, match) {
  const step = STEPS[type](size, values, match);
  if (!step) return null;
  const numbers = [...step.size, ...step.from, ...step.to];
  const [width, height] = step.size;
  const possible = numbers.every(Number.isInteger) && Math.min(width, height, ...step.to.slice(2)) >= 1;
  return possible && width * height <= MAX_PIXELS ? step : null;
}
