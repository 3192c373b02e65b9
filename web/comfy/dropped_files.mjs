// @ts-check
// Pictures that are pasted or dropped on a node.

/** @param {import("./frontend.d.ts").ComfyNode} node @param {(file: File) => void} upload */
export function takeFiles(node, upload) {
  node.previewMediaType = "image";
  node.pasteFile = upload;
  node.onDragOver = (event) => [...(event.dataTransfer?.items ?? [])].some(({ kind }) => kind === "file");
  node.onDragDrop = (event) => {
    const file = [...(event.dataTransfer?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (file) upload(file);
    return file !== undefined;
  };
}
