"""The command-line door: DragKit's kernels on diffusers models, the demo, the benches and the training."""
