"""Writes tests/golden/drag_warp.safetensors: DragKit's own displacements and warps of one small case, for every choice.

Run from the repository: python tests/golden/make_drag_warp.py, after a wanted change only.
"""

from pathlib import Path

import torch
from dragkit.kernels.motion.displacements import DISPLACEMENTS, displace
from dragkit.kernels.warp.picture import drag_warp
from safetensors.torch import save_file

x, y = torch.meshgrid(torch.arange(17.0), torch.arange(13.0), indexing="xy")
image = (torch.sin(x) + torch.cos(1.3 * y))[None, None]
region = ((x - 8) / 7) ** 2 + ((y - 6) / 5.5) ** 2 < 1
handles = torch.tensor([[4.2, 3.1], [11.7, 3.4], [8.0, 6.0], [5.3, 9.6], [11.1, 9.2]], dtype=torch.float64)
targets = handles + torch.tensor([[1.5, -0.5], [0.3, 1.2], [0.0, 0.0], [-1.0, 0.7], [2.0, 1.0]], dtype=torch.float64)

numbers = {"image": image, "region": region.to(torch.uint8), "handles": handles, "targets": targets}
for choice in DISPLACEMENTS:
    flow = displace(handles, targets, region, choice)
    warped = drag_warp(image, flow, region[None])
    numbers |= {f"{choice}/flow": flow, f"{choice}/image": warped.image}
    numbers[f"{choice}/opened"] = warped.opened.to(torch.uint8)
save_file(numbers, Path(__file__).parent / "drag_warp.safetensors")
