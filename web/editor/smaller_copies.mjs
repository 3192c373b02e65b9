// @ts-check
// Copies of a picture at half its size, a quarter and so on, made once: a photograph is drawn sixty times a second.

/** @type {WeakMap<object, OffscreenCanvas[]>} */
const copies = new WeakMap();

/** @param {CanvasImageSource} image @returns {[number, number]} its own size */
export function sizeOf(image) {
  if (image instanceof HTMLImageElement) return [image.naturalWidth, image.naturalHeight];
  const { width, height } = /** @type {OffscreenCanvas} */ (image);
  return [width, height];
}

/** A picture, or its smallest copy that is still at least as wide as it is drawn. @param {CanvasImageSource} image that does
 * not change @param {number} width as it is drawn, in pixels of the screen @returns {CanvasImageSource} */
export function atLeast(image, width) {
  const made = copies.get(image) ?? [];
  copies.set(image, made);
  let [across, down] = sizeOf(image);
  let found = image;
  for (let i = 0; across / 2 >= Math.max(width, 1); i++) {
    [across, down] = [Math.ceil(across / 2), Math.max(Math.ceil(down / 2), 1)];
    if (!made[i]) {
      made[i] = new OffscreenCanvas(across, down);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (made[i].getContext("2d"));
      context.imageSmoothingQuality = "high";
      context.drawImage(found, 0, 0, across, down);
    }
    found = made[i];
  }
  return found;
}
