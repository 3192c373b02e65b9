// @ts-check
// The editor's icons: paths in a square of 24 units, drawn as lines in the colour of the text.

/** @type {Record<string, string>} */
const PATHS = {
  drag: "M5 19 17 7M10 7h7v7M5 19m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  region: "M3 4h8v7H3zM13 13h8v7h-8zM7 14c0 3 1 4 4 4m-2-2 2 2-2 2",
  brush: "M20 4 10 14M8 13c-3 0-3 3-5 6 4 1 8 0 8-3a3 3 0 0 0-3-3",
  erase: "M9 20 4 15 14 5l6 6-9 9M9 10l6 6M9 20h11",
  polygon: "M8 15c-3-1-5-3-5-5 0-3 4-6 9-6s9 3 9 6-4 6-9 6M8 15a2 2 0 1 1 4 1 2 2 0 0 1-4-1M9 17c0 2-1 3-3 4",
  box: "M4 6h16v12H4z",
  undo: "M9 6 4 11l5 5M4 11h10a5 5 0 0 1 0 10h-3",
  redo: "m15 6 5 5-5 5M20 11H10a5 5 0 0 0 0 10h3",
  enabled: "M12 4v8M7 7a7 7 0 1 0 10 0",
  locked: "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
  remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  hull: "M3 4h4M10 4h4M17 4h4M3 20h4M10 20h4M17 20h4M3 7v3M3 14v3M21 7v3M21 14v3M8 15l7-6M8 15v.01M15 9h-4M15 9v4",
  invert: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  clear: "M4 5h16v14H4zM9 9l6 6M15 9l-6 6",
  close: "m6 6 12 12M18 6 6 18",
  restart: "M4 12a8 8 0 1 0 3-6M4 4v5h5",
  pin: "M12 14v7M8 4h8M9 4v5l-3 4h12l-3-4V4",
  grow: "M9 9h6v6H9zM12 5V2m-2 2 2-2 2 2M12 19v3m-2-2 2 2 2-2M5 12H2m2-2-2 2 2 2M19 12h3m-2-2 2 2-2 2",
  shrink: "M10 10h4v4h-4zM12 2v5m-2-2 2 2 2-2M12 22v-5m-2 2 2-2 2 2M2 12h5m-2-2 2 2-2 2M22 12h-5m2-2-2 2 2 2",
  smooth: "M3 18c5 0 4-12 9-12s4 12 9 12",
  fill: "M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18M12 9a3 3 0 1 0 0 6 3 3 0 1 0 0-6M12 11v2",
  original: "M4 5h16v14H4zM7 15l3-4 3 3 2-2 2 3",
  preview: "M4 5h16v14H4zM8 14c2-6 6-6 8 0M14 13l2 1 1-2",
  result: "M4 5h16v14H4zM8 12l3 3 5-6",
  unpicture: "M4 5h9M20 11v8H4V5M4 16l5-5 6 6M16 3l5 5M21 3l-5 5",
  mask: "M3 12s3-6 9-6 9 6 9 6-3 6-9 6-9-6-9-6M12 12m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0",
  large: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  text: "M8 5c-4 0 0 6-4 7 4 1 0 7 4 7M16 5c4 0 0 6 4 7-4 1 0 7-4 7",
  run: "M13 3 5 14h6l-1 7 8-11h-6z",
  picture: "M11 5H4v14h16v-7M4 16l5-5 6 6M18 9V3m-3 3 3-3 3 3",
};

/** @param {string} name @returns {string} markup of an SVG */
export function icon(name) {
  return (
    '<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor" stroke-width="2" ' +
    `stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`
  );
}
