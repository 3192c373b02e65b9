// The part of ComfyUI's frontend that DragKit uses (frontend 1.27 and later).

import type { Graph, GraphNode } from "./sources.mjs";

export interface Widget {
  name: string;
  value: unknown;
  type?: string;
  element?: HTMLElement;
  callback?: (value: unknown) => void;
  onRemove?: () => void;
}

export interface ComfyNode extends GraphNode {
  size: [number, number];
  setSize(size: [number, number]): void;
  addDOMWidget(name: string, type: string, element: HTMLElement, options: Record<string, unknown>): Widget;
  removeWidget(widget: Widget): void;
  onExecuted?: (message: Record<string, any>) => void;
  onConfigure?: (info: { widgets_values?: unknown; widgets_values_named?: Record<string, unknown> }) => void;
  onAdded?: () => void;
  onRemoved?: () => void;
  onConnectionsChange?: () => void;
  previewMediaType?: string;
  pasteFile?: (file: File) => void;
  onDragOver?: (event: DragEvent) => boolean;
  onDragDrop?: (event: DragEvent) => boolean;
}

/** The node that stands for a subgraph. _widget: what an input shows, where a widget inside is promoted to it */
export interface SubgraphHost extends ComfyNode {
  subgraph: Graph & { events?: EventTarget };
  inputs: { name: string; link?: number | null; _widget?: Widget }[];
}

interface ChangeTracker {
  captureCanvasState?: () => void;
  checkState?: () => void;
}

export interface App {
  graph: Graph & { rootGraph?: Graph; id?: string };
  rootGraph?: Graph & { id?: string };
  canvas: { canvas: HTMLCanvasElement; graph?: Graph; ds: { scale: number } };
  extensionManager?: {
    workflow?: { activeWorkflow?: { changeTracker?: ChangeTracker } };
    setting?: { get(id: string): unknown };
  };
  getRandParam(): string;
  queuePrompt(number: number, count: number, nodes?: string[]): Promise<unknown>;
  registerExtension(extension: Record<string, unknown>): void;
}

export interface Api extends EventTarget {
  apiURL(path: string): string;
  fetchApi(path: string, options?: RequestInit): Promise<Response>;
}
