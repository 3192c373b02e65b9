"""Files of FlowDiffusion and FlowGen."""

import pytest
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.models.flowdiffusion import (
    CHANNELS,
    FORMAT,
    load_demo_flowdiffusion,
    with_flowdiffusion,
)
from dragkit.standalone.models.pipelines import CheckpointError
from dragkit.standalone.models.predictors import load_flowgen
from dragkit.standalone.models.widened import widened
from dragkit.weights import FLOWDIFFUSION, MOTION_PREDICTOR
from safetensors.torch import load_file, save_file


def test_wrong_files_are_named(tmp_path):
    model = load_demo()
    with pytest.raises(CheckpointError, match="no config.json"):
        with_flowdiffusion(model, tmp_path)
    model.denoiser.unet.save_pretrained(tmp_path / "unet")
    with pytest.raises(CheckpointError, match=f"has a UNet of 4 input channels; a FlowDiffusion has {CHANNELS}"):
        with_flowdiffusion(model, tmp_path)
    widened(model.denoiser.unet, CHANNELS).save_pretrained(tmp_path / "wide")
    assert with_flowdiffusion(model, tmp_path / "wide").denoiser.unet.config.in_channels == CHANNELS
    (tmp_path / "text.safetensors").write_text("hello")
    for load in (load_flowgen, load_demo_flowdiffusion):
        with pytest.raises(ValueError, match="text.safetensors is no safetensors file"):
            load(tmp_path / "text.safetensors")
    packed = load_file(FLOWDIFFUSION)
    del packed["mid_block.resnets.0.conv1.weight.scale"]
    save_file(packed, tmp_path / "part.safetensors", {"format": FORMAT})
    with pytest.raises(CheckpointError, match="part.safetensors is no FlowDiffusion of the demo model"):
        load_demo_flowdiffusion(tmp_path / "part.safetensors")
    with pytest.raises(CheckpointError, match="dragkit-motion.safetensors is no FlowDiffusion of the demo model"):
        load_demo_flowdiffusion(MOTION_PREDICTOR)
