"""How every probe is described to ComfyUI, and the numbers that all draw."""

import torch
from comfy_api.latest import io


def schema(node_id, inputs, outputs=(), **options):
    return io.Schema(
        node_id=node_id, display_name=node_id, category="dragkit/check", inputs=inputs, outputs=list(outputs), **options
    )  # fmt: skip


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
