"""The mathematics: pure torch over tensors and callables; no ComfyUI, no diffusers, no files, no printing."""
