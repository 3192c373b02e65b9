// @ts-check
// A turn and a scale at a handle, for moving least squares, with the numbers of kernels/motion/turns.py.

/** @typedef {readonly [number, number]} Turn degrees, clockwise, and scale; of every handle, 0 and 1 for none */

// of the longer side of what moves
const RING = 1 / 8;

/** @param {readonly Turn[]} turns */
const turned = (turns) => turns.some(([degrees, scale]) => degrees !== 0 || scale !== 1);

export class Turns {
  /** @param {readonly number[]} angle in radians @param {readonly number[]} growth logarithm of the scale
   * @param {number} radius in cells */
  constructor(angle, growth, radius) {
    this.angle = angle;
    this.growth = growth;
    this.radius = radius;
  }

  /** @param {readonly Turn[]|null} turns @param {number} side the longer one of what moves, in cells */
  static of(turns, side) {
    if (!turns || !turned(turns)) return null;
    return new Turns(turns.map(([degrees]) => (degrees * Math.PI) / 180), turns.map(([, scale]) => Math.log(scale)), RING * side);
  }

  /** That part of the way. @param {number} share */
  part(share) {
    return new Turns(this.angle.map((value) => value * share), this.growth.map((value) => value * share), this.radius);
  }

  /** How much the way bends. */
  get bend() {
    return Math.max(...this.angle.map((angle, k) => Math.hypot(angle, this.growth[k])));
  }

  /** Of each handle what its ring adds to the sums of a fit: to that of squared distances, and to those of which a and b
   * of the matrix [[a, -b], [b, a]] are made. */
  get moments() {
    return Float64Array.from(
      this.angle.flatMap((angle, k) => {
        const square = angle || this.growth[k] ? this.radius ** 2 : 0;
        const scale = square * Math.exp(this.growth[k]);
        return [square, scale * Math.cos(angle), scale * Math.sin(angle)];
      }),
    );
  }
}
