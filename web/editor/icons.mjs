// @ts-check
// The editor's icons: paths in a square of 24 units, drawn as lines in the colour of the text.

/** @type {Record<string, string>} */
const PATHS = {
  drag: "M5 19 17 7M10 7h7v7M5 19m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  region: "M3 4h8v7H3zM13 13h8v7h-8zM7 14c0 3 1 4 4 4m-2-2 2 2-2 2",
  brush: "M20 4 10 14M8 13c-3 0-3 3-5 6 4 1 8 0 8-3a3 3 0 0 0-3-3",
  erase: "M9 20 4 15 14 5l6 6-9 9M9 10l6 6M9 20h11",
  polygon: "M4 9 12 4l8 6-3 9-10 1zM4 9l3 11",
  box: "M4 6h16v12H4z",
  undo: "M9 6 4 11l5 5M4 11h10a5 5 0 0 1 0 10h-3",
  redo: "m15 6 5 5-5 5M20 11H10a5 5 0 0 0 0 10h3",
  enabled: "M12 4v8M7 7a7 7 0 1 0 10 0",
  locked: "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
  remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  hull: "m12 3 8 6-2 10H7L3 9zM12 11v.01M9 14v.01M15 14v.01",
  invert: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  clear: "m6 6 12 12M18 6 6 18",
  mask: "M3 12s3-6 9-6 9 6 9 6-3 6-9 6-9-6-9-6M12 12m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0",
  large: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  text: "M8 5c-4 0 0 6-4 7 4 1 0 7 4 7M16 5c4 0 0 6 4 7-4 1 0 7-4 7",
  run: "M13 3 5 14h6l-1 7 8-11h-6z",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M9 9v.01",
};

/** @param {string} name @returns {string} markup of an SVG */
export function icon(name) {
  return (
    '<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor" stroke-width="2" ' +
    `stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`
  );
}
