"""Models from disk: tiny random pipelines as diffusers folders and as checkpoint files in the original naming."""

import json
import re
import shutil
import socket

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.standalone.methods.fastdrag import fastdrag
from dragkit.standalone.models.checkpoints import load_checkpoint
from dragkit.standalone.models.pipelines import CONFIGS, CheckpointError
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from ..pipelines import scheduler, small_pipeline, text_config, tokenizer, unet, vae
from .payload import Payload

PICTURE = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(3))
DRAG = DragPoints([[0.3, 0.4]], [[0.6, 0.5]])
NO_DRAG = DragPoints(torch.zeros(0, 2), torch.zeros(0, 2))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refused(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refused)


@pytest.fixture(scope="module")
def sd15(tmp_path_factory):
    return small_pipeline(tmp_path_factory.mktemp("sd15") / "model")


@pytest.fixture(scope="module")
def sd2(tmp_path_factory):
    return small_pipeline(tmp_path_factory.mktemp("sd2") / "model", prediction_type="v_prediction")


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdxl")
    torch.manual_seed(0)
    StableDiffusionXLPipeline(
        unet=unet(
            80, attention_head_dim=(2, 4), use_linear_projection=True, transformer_layers_per_block=(2, 1),
            addition_embed_type="text_time", addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=24 + 6 * 8,
        ),
        vae=vae(0.6), scheduler=scheduler(),
        text_encoder=CLIPTextModel(text_config(32)), text_encoder_2=CLIPTextModelWithProjection(text_config(48)),
        tokenizer=tokenizer(folder / "1", "<|endoftext|>"), tokenizer_2=tokenizer(folder / "2", "!"),
        add_watermarker=False,
    ).save_pretrained(folder / "model")  # fmt: skip
    return folder / "model"


RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
UNET = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2", "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0", "conv_out": "out.2", "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip
CLIP = {
    r"self_attn\.out_proj": "attn.out_proj", "layer_norm": "ln_", r"mlp\.fc1": "mlp.c_fc", r"mlp\.fc2": "mlp.c_proj",
    r"encoder\.layers": "transformer.resblocks", r"embeddings\.position_embedding\.weight": "positional_embedding",
    r"embeddings\.token_embedding": "token_embedding", "final_ln_": "ln_final",
}  # fmt: skip


def unet_name(name, layers=1):
    """The original name of a parameter of the tiny UNet."""
    part, kind = name.rsplit(".", 1)
    if part in UNET:
        return f"{UNET[part]}.{kind}"
    if match := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)", part):
        place, rest = f"middle_block.{2 * int(match[2]) + (match[1] == 'attentions')}", match[3]
    else:
        side, block, what, layer, rest = re.fullmatch(r"(down|up)_blocks\.(\d)\.(\w+)\.(\d)\.(.+)", part).groups()
        block, layer = int(block), int(layer)
        match side, what:
            case "down", "downsamplers":
                place, rest = f"input_blocks.{(block + 1) * (layers + 1)}.0", "op"
            case "up", "upsamplers":
                # follows the attention where the block has one; the tiny up block 0 has none
                place = f"output_blocks.{block * (layers + 1) + layers}.{1 if block == 0 else 2}"
            case "down", _:
                place = f"input_blocks.{1 + block * (layers + 1) + layer}.{int(what == 'attentions')}"
            case _:
                place = f"output_blocks.{block * (layers + 1) + layer}.{int(what == 'attentions')}"
    return f"{place}.{RESNET.get(rest, rest)}.{kind}"


def vae_name(name):
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = name.replace("mid_block.attentions.0", "mid.attn_1").replace("conv_norm_out", "norm_out")
    name = re.sub(r"down_blocks\.(\d)\.", r"down.\1.", name)
    name = re.sub(r"up_blocks\.(\d)\.", lambda m: f"up.{2 - int(m[1])}.", name)
    name = (
        re.sub(r"resnets\.", "block.", name).replace("samplers.0.", "sample.").replace("conv_shortcut", "nin_shortcut")
    )
    for new, old in (("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out")):
        name = name.replace(f"attn_1.{new}", f"attn_1.{old}")
    return name


def original_vae(weights):
    # attention was a 1 x 1 convolution
    return {
        vae_name(name): value[..., None, None] if "attentions" in name and value.ndim == 2 else value
        for name, value in weights.items()
    }


def open_clip(weights):
    """Parameters of a CLIP text model as OpenCLIP names them."""
    result = {}
    for name, value in weights.items():
        if name == "text_projection.weight":
            result["text_projection"] = value.T.contiguous()
            continue
        name = name.removeprefix("text_model.")
        if match := re.fullmatch(r"encoder\.layers\.(\d+)\.self_attn\.q_proj\.(weight|bias)", name):
            parts = [weights[f"text_model.{name}".replace("q_proj", f"{part}_proj")] for part in "qkv"]
            result[f"transformer.resblocks.{match[1]}.attn.in_proj_{match[2]}"] = torch.cat(parts)
        elif not re.search(r"self_attn\.[kv]_proj", name):
            for new, old in CLIP.items():
                name = re.sub(new, old, name)
            result[name] = value
    return result


def prefixed(prefix, weights):
    return {prefix + name: value.contiguous() for name, value in weights.items()}


def original(folder):
    """The weights of a diffusers folder under the names of checkpoint files."""

    def part(name, file="diffusion_pytorch_model"):
        return load_file(folder / name / f"{file}.safetensors")

    text = part("text_encoder", "model")
    text = {"text_model." + name.removeprefix("text_model."): value for name, value in text.items()}
    weights = prefixed("model.diffusion_model.", {unet_name(name): value for name, value in part("unet").items()})
    weights |= prefixed("first_stage_model.", original_vae(part("vae")))
    if not (folder / "text_encoder_2").is_dir():
        return weights | prefixed("cond_stage_model.transformer.", text)
    weights |= prefixed("conditioner.embedders.0.transformer.", text)
    return weights | prefixed("conditioner.embedders.1.model.", open_clip(part("text_encoder_2", "model")))


def without_tokenizer(folder, to):
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("*.safetensors", "tokenizer*"))
    return to


@pytest.fixture(params=["sd15", "sd2", "sdxl"])
def folder(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["sd15", "sdxl"])
def pair(request, tmp_path):
    """The same weights as folder and as file, and a configuration without tokenizer."""
    folder = request.getfixturevalue(request.param)
    save_file(original(folder), tmp_path / "model.safetensors")
    return folder, tmp_path / "model.safetensors", without_tokenizer(folder, tmp_path / "config")


def relative(a, b):
    return ((a - b).norm() / b.norm()).item()


def test_a_folder_is_dragged_and_comes_back_without_a_drag(folder):
    model = load_checkpoint(folder)
    assert model.multiple == 4
    plain = model.decode(model.encode(PICTURE))
    same = fastdrag(model, PICTURE, NO_DRAG, refinement=4)
    assert same.shape == PICTURE.shape and (same - plain).abs().max() < 2e-3
    assert (fastdrag(model, PICTURE, NO_DRAG) - plain).abs().max() > 0.02
    moved = fastdrag(model, PICTURE, DRAG)
    assert moved.isfinite().all() and (moved - plain).abs().max() > 0.02


def test_the_latent_is_the_mode_in_units_of_the_scaling_factor(sd15):
    autoencoder = AutoencoderKL.from_pretrained(sd15 / "vae")
    model = load_checkpoint(sd15)
    mode = autoencoder.encode(PICTURE * 2 - 1).latent_dist.mode()
    torch.testing.assert_close(model.encode(PICTURE), mode * 0.7)
    torch.testing.assert_close(model.decode(mode * 0.7), (autoencoder.decode(mode).sample / 2 + 0.5).clamp(0, 1))


@pytest.mark.parametrize("prompt", ["", "7 8 9"])
def test_the_context_is_what_the_pipeline_makes_of_the_prompt(folder, prompt):
    kind = StableDiffusionXLPipeline if (folder / "text_encoder_2").is_dir() else StableDiffusionPipeline
    pipe = kind.from_pretrained(folder)
    with torch.no_grad():
        expected = pipe.encode_prompt(
            prompt=prompt, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=False
        )
    denoiser = load_checkpoint(folder, prompt).denoiser
    torch.testing.assert_close(denoiser.context, expected[0])
    if kind is StableDiffusionXLPipeline:
        torch.testing.assert_close(denoiser.pooled, expected[2])


def test_v_prediction_becomes_eps(sd15, sd2):
    eps, v = load_checkpoint(sd15), load_checkpoint(sd2)
    z = torch.randn(2, 4, 12, 16)
    output = eps.denoiser(z, 301)
    a = v.alphas[301]
    torch.testing.assert_close(v.denoiser(z, 301), a**0.5 * output + (1 - a) ** 0.5 * z)
    # the eps and the z_0 that v stands for compose z
    z_0 = a**0.5 * z - (1 - a) ** 0.5 * output
    torch.testing.assert_close(a**0.5 * z_0 + (1 - a) ** 0.5 * v.denoiser(z, 301), z)


def test_sdxl_hears_of_the_size_of_the_picture(sdxl):
    model = load_checkpoint(sdxl)
    z = torch.randn(2, 4, 12, 16)
    model.denoiser(z, 301)
    conditions = model.denoiser.kwargs["added_cond_kwargs"]
    assert conditions["time_ids"].tolist() == [[48, 64, 0, 0, 48, 64]] * 2
    assert conditions["text_embeds"].shape == (2, 24)


def test_the_schedule_is_the_folders_own(tmp_path):
    folder = small_pipeline(tmp_path / "model", rescale_betas_zero_snr=True)
    assert torch.equal(load_checkpoint(folder).alphas, scheduler(rescale_betas_zero_snr=True).alphas_cumprod)


@pytest.mark.parametrize("name", ["sd15", "sdxl"])
def test_files_name_every_parameter_of_the_folder(name, request):
    folder = request.getfixturevalue(name)
    weights = original(folder)
    parts = [load_file(file) for file in folder.glob("*/*.safetensors")]
    assert sum(v.numel() for v in weights.values()) == sum(v.numel() for part in parts for v in part.values())


def test_file_and_folder_of_the_same_weights_are_the_same_model(pair):
    folder, file, config = pair
    one, other = load_checkpoint(folder), load_checkpoint(file, config=config)
    z = one.encode(PICTURE)
    torch.testing.assert_close(other.encode(PICTURE), z)
    torch.testing.assert_close(other.denoiser.context, one.denoiser.context)
    torch.testing.assert_close(other.denoiser(z, 301), one.denoiser(z, 301))
    torch.testing.assert_close(other.decode(z), one.decode(z))
    assert torch.equal(other.alphas, one.alphas)
    torch.testing.assert_close(fastdrag(other, PICTURE, DRAG), fastdrag(one, PICTURE, DRAG), rtol=1e-3, atol=1e-4)


def test_an_inpainting_model_is_taken_where_one_is_asked_for(sd15, tmp_path):
    folder = small_pipeline(tmp_path / "painting", channels=9)
    save_file(original(folder), tmp_path / "model.safetensors")
    one = load_checkpoint(folder, channels=9)
    other = load_checkpoint(
        tmp_path / "model.safetensors", config=without_tokenizer(folder, tmp_path / "config"), channels=9
    )
    z = torch.randn(1, 9, 12, 16)
    torch.testing.assert_close(other.denoiser(z, 301), one.denoiser(z, 301))
    assert one.denoiser(z, 301).shape == (1, 4, 12, 16)
    prompted = load_checkpoint(folder, "7 8", channels=9)
    assert torch.equal(prompted.unprompted, one.denoiser.context) and torch.equal(one.unprompted, one.denoiser.context)
    assert not torch.equal(prompted.denoiser.context, one.denoiser.context)
    with pytest.raises(CheckpointError, match="4 input channels; an inpainting model is needed, which has 9"):
        load_checkpoint(sd15, channels=9)


def test_a_ckpt_is_read_as_weights_only(sd15, tmp_path):
    config = without_tokenizer(sd15, tmp_path / "config")
    torch.save({"state_dict": original(sd15), "epoch": 3}, tmp_path / "model.ckpt")
    z = torch.randn(1, 4, 12, 16)
    model = load_checkpoint(tmp_path / "model.ckpt", config=config)
    torch.testing.assert_close(model.denoiser(z, 301), load_checkpoint(sd15).denoiser(z, 301))


def test_a_file_that_states_v_prediction_is_heard(sd15, sd2, tmp_path):
    config = without_tokenizer(sd15, tmp_path / "config")
    marks = {"v_pred": torch.zeros(1), "ztsnr": torch.zeros(1)}
    save_file(original(sd15) | marks, tmp_path / "model.safetensors")
    model = load_checkpoint(tmp_path / "model.safetensors", config=config)
    expected = scheduler(rescale_betas_zero_snr=True).alphas_cumprod
    assert torch.equal(model.alphas, expected)
    z = torch.randn(1, 4, 12, 16)
    a = expected[301]
    torch.testing.assert_close(
        model.denoiser(z, 301), a**0.5 * load_checkpoint(sd15).denoiser(z, 301) + (1 - a) ** 0.5 * z
    )


def test_a_prompt_needs_a_tokenizer(sd15, tmp_path):
    save_file(original(sd15), tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="no tokenizer for a prompt; prompts need a diffusers folder"):
        load_checkpoint(tmp_path / "model.safetensors", "a cat", config=without_tokenizer(sd15, tmp_path / "config"))
    with_tokenizer = load_checkpoint(tmp_path / "model.safetensors", "7 8", config=sd15)
    assert torch.equal(with_tokenizer.denoiser.context, load_checkpoint(sd15, "7 8").denoiser.context)


def test_half_precision_keeps_latents_and_vae_in_float32(sd15):
    model = load_checkpoint(sd15, dtype=torch.float16)
    assert model.denoiser.unet.dtype == torch.float16
    z = model.encode(PICTURE)
    assert torch.equal(z, load_checkpoint(sd15).encode(PICTURE))
    assert model.denoiser(z, 301).dtype == torch.float32
    assert relative(model.denoiser(z, 301), load_checkpoint(sd15).denoiser(z, 301)) < 0.01


def test_a_folder_with_half_precision_files_only(sd15, tmp_path):
    pipe = StableDiffusionPipeline.from_pretrained(sd15)
    pipe.to(dtype=torch.float16).save_pretrained(tmp_path / "half", variant="fp16")
    model = load_checkpoint(tmp_path / "half")
    assert model.denoiser.unet.dtype == torch.float32
    assert relative(model.encode(PICTURE), load_checkpoint(sd15).encode(PICTURE)) < 0.01


def test_what_cannot_be_used_is_said(sd15, tmp_path):
    def said(pattern, path, content=None):
        if content is not None:
            save_file(content, path)
        with pytest.raises(CheckpointError, match=pattern) as error:
            load_checkpoint(path)
        assert "\n" not in str(error.value)

    said("no.safetensors does not exist", tmp_path / "no.safetensors")
    said("folder without model_index.json", tmp_path)
    (tmp_path / "text.txt").write_text("x")
    said("must be a .safetensors or .ckpt file or a diffusers folder", tmp_path / "text.txt")
    (tmp_path / "bad.safetensors").write_text("no tensors in here")
    said("bad.safetensors cannot be loaded", tmp_path / "bad.safetensors")
    torch.save({"state_dict": Payload()}, tmp_path / "code.ckpt")
    said("holds more than weights", tmp_path / "code.ckpt")
    torch.save(torch.zeros(3), tmp_path / "tensor.ckpt")
    said("no UNet .* but 0 tensors", tmp_path / "tensor.ckpt")
    lora = {"lora_unet_down.weight": torch.zeros(2)}
    said("no UNet .* but 1 tensors such as lora_unet_down.weight", tmp_path / "lora.safetensors", lora)

    weights = original(sd15)
    no_vae = {name: value for name, value in weights.items() if not name.startswith("first_stage")}
    said("holds no VAE", tmp_path / "unet.safetensors", no_vae)
    no_text = {name: value for name, value in weights.items() if not name.startswith("cond_stage")}
    said("no text encoder of SD1.5 or SDXL", tmp_path / "no_text.safetensors", no_text)
    key = "model.diffusion_model.input_blocks.0.0.weight"
    said("9 input channels; inpainting", tmp_path / "paint.safetensors", weights | {key: torch.zeros(32, 9, 3, 3)})
    # the tiny weights do not fit the public SD1.5 shapes
    said("tiny.safetensors cannot be loaded", tmp_path / "tiny.safetensors", weights)


def test_folders_that_cannot_be_used_are_said(tmp_path):
    folder = small_pipeline(tmp_path / "painting", channels=9)
    with pytest.raises(CheckpointError, match="9 input channels; inpainting models cannot be used"):
        load_checkpoint(folder)
    folder = small_pipeline(tmp_path / "clean", prediction_type="sample")
    with pytest.raises(CheckpointError, match="predicts sample"):
        load_checkpoint(folder)
    index = folder / "model_index.json"
    parts = json.loads(index.read_text())
    index.write_text(json.dumps(parts | {"_class_name": "FluxPipeline", "unet": None}))
    with pytest.raises(CheckpointError, match=r"\(FluxPipeline\) has nothing as unet"):
        load_checkpoint(folder)
    index.write_text(json.dumps(parts))
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot be loaded: .*no file named") as error:
        load_checkpoint(folder)
    assert "\n" not in str(error.value)


PUBLIC_PARAMETERS = [
    ("sd15", "unet", UNet2DConditionModel, 859_520_964),
    ("sd15", "vae", AutoencoderKL, 83_653_863),
    ("sd15", "text_encoder", CLIPTextModel, 123_060_480),
    ("sdxl", "unet", UNet2DConditionModel, 2_567_463_684),
    ("sdxl", "vae", AutoencoderKL, 83_653_863),
    ("sdxl", "text_encoder", CLIPTextModel, 123_060_480),
    ("sdxl", "text_encoder_2", CLIPTextModelWithProjection, 694_659_840),
]


@pytest.mark.parametrize("kind,part,model,count", PUBLIC_PARAMETERS)
def test_the_bundled_configurations_have_the_public_sizes(kind, part, model, count):
    folder = CONFIGS / kind / part
    with torch.device("meta"):
        if issubclass(model, CLIPTextModel | CLIPTextModelWithProjection):
            built = model(CLIPTextConfig.from_pretrained(folder))
        else:
            built = model.from_config(model.load_config(folder))
    assert sum(parameter.numel() for parameter in built.parameters()) == count


@pytest.mark.parametrize("kind,scale", [("sd15", 0.18215), ("sdxl", 0.13025)])
def test_the_bundled_schedules_are_the_public_ones(kind, scale):
    assert AutoencoderKL.load_config(CONFIGS / kind / "vae")["scaling_factor"] == scale
    alphas = DDIMScheduler.from_pretrained(CONFIGS / kind / "scheduler").alphas_cumprod
    assert alphas[0].item() == pytest.approx(0.99915, abs=1e-6) and alphas[-1].item() == pytest.approx(
        0.00466, abs=1e-5
    )
