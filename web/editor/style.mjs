// @ts-check
// The editor's look, in ComfyUI's theme colours; each editor carries its own copy, so that nothing is left in the page.

export const STYLE = `
.dragkit { display: flex; flex-direction: column; gap: 3px; min-height: 300px; width: 100%; height: 100%;
  box-sizing: border-box; position: relative; color: var(--fg-color, #ddd);
  background: var(--component-node-background, var(--comfy-menu-bg, #222));
  font: 12px/1.35 system-ui, sans-serif; border-radius: 6px; user-select: none; container-type: inline-size; }
/* in App mode nobody can make it larger */
[data-testid="app-mode-widget-item"] .dragkit { min-height: min(480px, 60vh); }
.dragkit * { box-sizing: border-box; }
.dragkit-bar { display: flex; flex-wrap: wrap; gap: 2px 8px; align-items: center; }
.dragkit-group { display: inline-flex; gap: 2px; }
.dragkit-bar button, .dragkit-panel button, .dragkit-empty button { display: inline-flex; align-items: center; gap: 4px;
  justify-content: center; min-width: 24px; height: 24px; padding: 0 4px; margin: 0; cursor: pointer; font: inherit;
  color: var(--input-text, #ddd); background: var(--comfy-input-bg, #333); border: 1px solid var(--border-color, #4e4e4e);
  border-radius: 4px; }
.dragkit-bar button:hover:enabled, .dragkit-panel button:hover { border-color: var(--p-primary-color, #60a5fa); }
.dragkit-bar button[aria-pressed="true"] { background: var(--p-primary-color, #60a5fa); color: #000; }
.dragkit-bar button:has(span) svg { display: none; }
@container (width < 620px) { .dragkit-bar button span { display: none; } .dragkit-bar button:has(span) svg { display: inline; } }
.dragkit-bar button:disabled { opacity: .4; cursor: default; }
.dragkit-stage select { position: absolute; top: 4px; right: 4px; max-width: 60%; height: 24px; margin: 0; font: inherit; color: var(--input-text, #ddd);
  background: var(--comfy-input-bg, #333); border: 1px solid var(--border-color, #4e4e4e); border-radius: 4px; }
.dragkit-options { flex-wrap: nowrap; height: 24px; overflow: hidden; }
.dragkit-options label { display: inline-flex; align-items: center; gap: 1px; color: var(--descrip-text, #999); }
.dragkit-bar input[type="range"] { width: 36px; margin: 0; accent-color: var(--p-primary-color, #60a5fa); }
.dragkit-bar input[type="number"] { width: 36px; height: 22px; padding: 0 2px; margin: 0; font: inherit; text-align: right;
  color: var(--input-text, #ddd); background: var(--comfy-input-bg, #333); border: 1px solid var(--border-color, #4e4e4e);
  border-radius: 4px; appearance: textfield; }
.dragkit-bar input[type="number"]::-webkit-inner-spin-button { display: none; }
.dragkit-bar input[type="number"]:disabled { opacity: .4; }
/* the tooltip of ComfyUI's Nodes 2.0 for the whole input would lie over the picture */
body:has(.dragkit:hover) .p-tooltip { display: none; }
.dragkit-stage { position: relative; flex: 1 1 0; min-height: 120px; border-radius: 4px; overflow: hidden;
  background: var(--comfy-input-bg, #1a1a1a); }
.dragkit:focus-within .dragkit-stage { outline: 1px solid var(--p-primary-color, #60a5fa); outline-offset: -1px; }
.dragkit-stage canvas { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; cursor: crosshair; }
.dragkit-keys { position: absolute; left: 0; top: 0; width: 1px; height: 1px; padding: 0; border: 0; opacity: 0;
  pointer-events: none; }
.dragkit-empty { position: absolute; left: 8px; right: 8px; bottom: 8px; display: flex; flex-wrap: wrap; gap: 6px;
  align-items: center; justify-content: center; text-align: center; color: #ddd; pointer-events: none; }
.dragkit-empty span { padding: 2px 6px; border-radius: 4px; background: rgba(0, 0, 0, .7); }
.dragkit-empty button { pointer-events: auto; padding: 0 8px; }
/* neither takes room from the picture: it must not move under the hand */
.dragkit-status { height: 33px; overflow: auto; color: var(--descrip-text, #999); overflow-wrap: anywhere; }
.dragkit-notice { color: #ffb020; overflow-wrap: anywhere; }
.dragkit-first { position: absolute; left: 50%; bottom: 8px; transform: translateX(-50%); width: max-content;
  max-width: calc(100% - 16px); padding: 2px 8px; text-align: center; color: #fff; background: rgba(0, 0, 0, .7);
  border-radius: 4px; pointer-events: none; }
.dragkit-stage .dragkit-notice { position: absolute; inset: 0 0 auto; padding: 2px 6px; pointer-events: none;
  background: rgba(0, 0, 0, .7); }
.dragkit-notice:empty, .dragkit [hidden] { display: none; }
.dragkit-panel { position: absolute; inset: 0; z-index: 1; display: flex; flex-direction: column; gap: 4px; padding: 6px;
  background: var(--comfy-menu-bg, #222); border-radius: 6px; }
.dragkit-panel textarea { flex: 1; resize: none; font: 12px/1.4 ui-monospace, monospace; color: var(--input-text, #ddd);
  background: var(--comfy-input-bg, #1a1a1a); border: 1px solid var(--border-color, #4e4e4e); border-radius: 4px; }
.dragkit-panel div { display: flex; gap: 4px; }
.dragkit-large { width: 100vw; height: 100vh; max-width: none; max-height: none; margin: 0; padding: 10px; border: 0;
  background: var(--comfy-menu-bg, #222); }
.dragkit-large::backdrop { background: #000; }
/* what is selected is never cut off by what is known of the picture */
.dragkit-said { display: block; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.dragkit-said:has(+ :empty) { display: inline; white-space: normal; }
@container (width < 330px) {
  .dragkit-options { flex-wrap: wrap; height: 50px; gap: 2px 6px; }
  .dragkit-status { height: 49px; }
}
`;
