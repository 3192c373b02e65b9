"""The demo model."""

import torch
from dragkit.standalone.bench.metrics import psnr
from dragkit.standalone.scenes.photographs import photograph
from dragkit.weights import TRAINED


def test_the_demo_model_knows_its_photographs(demo):
    everywhere = torch.ones(256, 256, dtype=torch.bool)
    reconstructed = [psnr(demo.decode(demo.encode(photograph(n)[None]))[0], photograph(n), everywhere) for n in TRAINED]
    assert min(reconstructed) > 35
