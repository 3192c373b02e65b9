"""`dragkit edit --method lightningdrag` with a tiny inpainting checkpoint, and the LoRA files it takes."""

import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from dragkit.kernels.lightningdrag.files import FORMAT, pack
from dragkit.standalone.cli import main
from dragkit.standalone.models.lora_files import LoraError, add_lora
from dragkit.standalone.pictures import to_pil
from dragkit.standalone.scenes.photographs import photograph
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPTextModel

from ..golden import lightningdrag_tiny as tiny
from ..standalone.models.test_checkpoints import scheduler, text_config, tokenizer


def unet():
    network = UNet2DConditionModel(
        sample_size=16, in_channels=9, block_out_channels=tiny.WIDTHS, layers_per_block=2, norm_num_groups=tiny.GROUPS,
        cross_attention_dim=tiny.CONTEXT, attention_head_dim=tiny.HEADS,
    )  # fmt: skip
    network.load_state_dict(tiny.unet_weights())
    return network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An inpainting checkpoint `model`, its LightningDrag `light.safetensors` and `photo.png`, 96 x 64."""
    folder = tmp_path_factory.mktemp("edit")
    vae = AutoencoderKL(
        block_out_channels=(8,) * 4, layers_per_block=1, norm_num_groups=8, latent_channels=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    StableDiffusionPipeline(
        unet=unet(), vae=vae, text_encoder=CLIPTextModel(text_config(tiny.CONTEXT)),
        tokenizer=tokenizer(folder / "vocabulary", "<|endoftext|>"), scheduler=scheduler(), safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder / "model")  # fmt: skip
    save_file(pack(tiny.drag_weights()), folder / "light.safetensors", {"format": FORMAT})
    to_pil(photograph("coffee")[:, :64, :96]).save(folder / "photo.png")
    return folder


@pytest.fixture
def edit(folder, tmp_path):
    """Runs the command; the pictures that it wrote."""

    def run(*options, points="30,30 -> 60,30", model=folder / "model"):
        out = tmp_path / "out.png"
        main(
            ["edit", str(folder / "photo.png"), "--points", points, "--method", "lightningdrag", "--model", str(model),
             "-o", str(out), *options]
        )  # fmt: skip
        return [Image.open(path) for path in sorted(tmp_path.glob("out*.png"), key=lambda path: len(path.stem))]

    return run


def test_the_command_line(edit, folder, capsys):
    with pytest.raises(SystemExit, match="LightningDrag needs its weights: name with --lightningdrag"):
        edit()
    light = ("--lightningdrag", str(folder / "light.safetensors"), "--steps", "2")
    with pytest.raises(SystemExit, match="light.safetensors is not for the demo model; name an SD1.5 inpainting model"):
        edit(*light, model="demo")
    with pytest.raises(SystemExit, match="--candidates is 0; it must be at least 1"):
        edit(*light, "--candidates", "0")
    with pytest.raises(SystemExit, match="there are 300 points"):
        edit(*light, points="\n".join(["30,30 -> 60,30"] * 300))
    pictures = edit(*light, "--candidates", "3", "--points-scale", "2", "--decay", "linear", "--seed", "4")
    assert [picture.size for picture in pictures] == [(96, 64)] * 3
    assert pictures[0].tobytes() != pictures[1].tobytes()
    capsys.readouterr()
    edit(*light, "--candidates", "1", points="30,30 -> 60,30\n30,30 -> 40,40")
    assert "Of points on the same pixel the last counts; lost: 1." in capsys.readouterr().err
    edit(*light, "--candidates", "1", points="")
    assert "There are no points: what the mask covers is painted anew." in capsys.readouterr().err


def lora(names, rank=2):
    """A LoRA file's tensors in kohya's naming for layers {name: weight's shape}."""
    weights = {}
    for name, shape in names.items():
        name = f"lora_unet_{name.replace('.', '_')}"
        weights[f"{name}.lora_down.weight"] = torch.ones(rank, *shape[1:])
        weights[f"{name}.lora_up.weight"] = torch.ones(shape[0], rank, *[1] * (len(shape) - 2))
        weights[f"{name}.alpha"] = torch.tensor(1.0)
    return weights


LAYERS = {
    "down_blocks.0.resnets.0.conv1": (16, 16, 3, 3),
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0": (32, 32),
}


def test_a_lora_is_added_to_the_weights(tmp_path):
    save_file(lora(LAYERS) | {"lora_te_x.alpha": torch.tensor(1.0)}, tmp_path / "kohya.safetensors")
    both = {}
    for name, shape in LAYERS.items():
        both[f"unet.{name}.lora_A.weight"] = torch.ones(2, *shape[1:])
        both[f"unet.{name}.lora_B.weight"] = torch.ones(shape[0], 2, *[1] * (len(shape) - 2))
    save_file(both, tmp_path / "peft.safetensors")
    # alpha 1 of rank 2; no alpha is alpha 2
    for file, added in (("kohya", 1.0), ("peft", 2.0)):
        network, before = unet(), tiny.unet_weights()
        add_lora(network, tmp_path / f"{file}.safetensors")
        for name, value in network.state_dict().items():
            changed = name.removesuffix(".weight") in LAYERS
            torch.testing.assert_close(value, before[name] + added if changed else before[name])


def test_wrong_loras_are_named(tmp_path):
    for said, weights in (
        ("is no LoRA for a UNet: it has conv_in.weight", {"conv_in.weight": torch.zeros(1)}),
        ("is for another model: no_such_layer is no layer", lora({"no_such_layer": (3, 3)})),
        ("is for another model: conv_in has", lora({"conv_in": (16, 4, 3, 3)})),
    ):
        save_file(weights, tmp_path / "lora.safetensors")
        with pytest.raises(LoraError, match=f"lora.safetensors {said}"):
            add_lora(unet(), tmp_path / "lora.safetensors")
    (tmp_path / "lora.safetensors").write_text("hello")
    with pytest.raises(LoraError, match="is no safetensors file"):
        add_lora(unet(), tmp_path / "lora.safetensors")
