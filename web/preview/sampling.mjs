// @ts-check
// A picture's colours between its pixels.

// two of a pixel's four channels, with room above each for a product with a weight 0..256
const CHANNELS = 0x00ff00ff;
const HALF = 0x00800080;

/** Blends two pairs of channels. @param {number} a @param {number} b @param {number} weight of b, 0..256 */
function blend(a, b, weight) {
  return ((Math.imul(a, 256 - weight) + Math.imul(b, weight) + HALF) >>> 8) & CHANNELS;
}

/**
 * A copy of a picture (RGBA) to sample: the last pixel's right and lower neighbours have weight 0, but reading beyond an
 * array is slow. @param {Uint8ClampedArray} picture @param {number} width @param {number} height
 */
export function sampled(picture, width, height) {
  const source = new Uint32Array(width * height + width + 1);
  new Uint8ClampedArray(source.buffer).set(picture);
  return source;
}

/**
 * The bilinear colour (packed) at a place of a copy that `sampled` made.
 * @param {Uint32Array} source @param {number} width @param {number} x @param {number} y in 1/256 pixel, in the picture
 */
export function colourAt(source, width, x, y) {
  const from = (y >> 8) * width + (x >> 8);
  const right = x & 255;
  const below = y & 255;
  const a = source[from];
  const b = source[from + 1];
  const c = source[from + width];
  const d = source[from + width + 1];
  const even = blend(blend(a & CHANNELS, b & CHANNELS, right), blend(c & CHANNELS, d & CHANNELS, right), below);
  const odd = blend(
    blend((a >>> 8) & CHANNELS, (b >>> 8) & CHANNELS, right),
    blend((c >>> 8) & CHANNELS, (d >>> 8) & CHANNELS, right),
    below,
  );
  return even | (odd << 8);
}
