"""LightningDrag's networks: which models and files they are for, the image encoder, the shipped one."""

from dataclasses import replace

import pytest
import torch
from diffusers import UNet2DConditionModel
from dragkit.kernels.lightningdrag.files import LightningDragError
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.standalone.loads import Loads
from dragkit.standalone.methods.lightningdrag import lightningdrag
from dragkit.standalone.models.lightningdrag import embed_image, load_demo_lightningdrag, load_lightningdrag
from dragkit.standalone.models.unet import Denoiser
from dragkit.standalone.scenes.photographs import photograph
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from ...golden import lightningdrag_tiny as tiny
from ...golden.lightningdrag_tiny import NUMBERS
from ..inpainting import CONFIG


def test_other_models_and_files_are_named(model, drag, file, tmp_path):
    narrow = UNet2DConditionModel(**CONFIG | {"in_channels": 4})
    other = replace(model, denoiser=Denoiser(narrow, NUMBERS["text_embeds"]))
    with pytest.raises(LightningDragError, match="4 input channels; LightningDrag needs an SD1.5 inpainting model"):
        load_lightningdrag(file, other)
    wide = UNet2DConditionModel(**CONFIG | {"block_out_channels": (16, 32, 32, 64)})
    with pytest.raises(LightningDragError, match="light.safetensors is for another model: the model has 64 channels"):
        load_lightningdrag(file, replace(model, denoiser=Denoiser(wide, NUMBERS["text_embeds"])))
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(LightningDragError, match="text.safetensors is no safetensors file"):
        load_lightningdrag(tmp_path / "text.safetensors", model)
    with pytest.raises(LightningDragError, match="no folder of a CLIP image encoder"):
        embed_image(tmp_path, tiny.picture(), drag)


def test_the_image_encoder_sees_the_picture(drag, tmp_path):
    sizes = dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=28)
    for name, values in (("good", tiny.CLIP), ("other", 7)):
        config = CLIPVisionConfig(**sizes, patch_size=14, projection_dim=values)
        CLIPVisionModelWithProjection(config).save_pretrained(tmp_path / name)
    one, other = (embed_image(tmp_path / "good", picture, drag) for picture in (tiny.picture(), 0 * tiny.picture()))
    assert one.shape == (1, tiny.CLIP) and not torch.equal(one, other)
    # for edits that follow each other it is loaded once
    load = Loads()
    assert torch.equal(embed_image(tmp_path / "good", tiny.picture(), drag, load), one)
    (tmp_path / "good/config.json").unlink()
    assert torch.equal(embed_image(tmp_path / "good", 0 * tiny.picture(), drag, load), other)
    with pytest.raises(LightningDragError, match="gives embeddings of 7 values; .* for those of 20"):
        embed_image(tmp_path / "other", tiny.picture(), drag)


def test_the_shipped_network_brings_what_is_dragged_to_its_target():
    model, drag = load_demo_lightningdrag()
    picture, points = photograph("coffee")[None], DragPoints([[0.63, 0.73]], [[0.63, 0.83]])
    region = torch.zeros(1, 256, 256)
    region[:, 144:248, 112:232] = 1
    spoon = picture[..., 176:200, 152:176]

    def spoon_below(points):
        options = {"steps": 8, "scale": 4.0, "candidates": 2, "sampler": "ddim"}
        with torch.no_grad():
            found = lightningdrag(model, drag, picture, points, region, **options)
        # its place 26 pixels below
        return (found[..., 202:226, 152:176] - spoon).square().mean()

    assert spoon_below(points) < 0.6 * spoon_below(DragPoints(torch.zeros(0, 2), torch.zeros(0, 2)))
