"""diffusers' pipelines from disk: SD1.5, SD2 and SDXL folders, SD1.5 and SDXL checkpoint files."""

import json
import pickle
from pathlib import Path

import diffusers
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from packaging.version import Version
from safetensors import SafetensorError, safe_open
from transformers import CLIPTokenizer

# the architectures of the public SD1.5 and SDXL models, which a checkpoint file does not state
CONFIGS = Path(__file__).parent / "configs"
FOLDER_CLASSES = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL", "text_encoder": "CLIPTextModel"}
FILE_KEYS = {
    "UNet": "model.diffusion_model.input_blocks.0.0.weight",
    "VAE": "first_stage_model.encoder.conv_in.weight",
}
TEXT_ENCODER_KEYS = {
    "sdxl": "conditioner.embedders.1.model.positional_embedding",
    "sd15": "cond_stage_model.transformer.text_model.embeddings.position_embedding.weight",
}
# input channels of the UNet of an inpainting model
INPAINTING = 9
# a checkpoint states v-prediction and a schedule that ends in pure noise by tensors of these names
V_PREDICTION, ZERO_SNR = "v_pred", "ztsnr"
# what an edit does not need; None keeps diffusers from loading it
UNUSED_XL = {"feature_extractor": None, "image_encoder": None}
UNUSED = UNUSED_XL | {"safety_checker": None, "requires_safety_checker": False}
# diffusers renamed the argument, and ignores the name it does not know
DTYPE = "dtype" if Version(diffusers.__version__) >= Version("0.40") else "torch_dtype"


class CheckpointError(ValueError):
    """A model on disk that cannot be used; the message says what was found."""


def _check_channels(path, channels, wanted):
    if channels == wanted:
        return
    if wanted == INPAINTING:
        raise CheckpointError(
            f"{path} has a UNet of {channels} input channels; an inpainting model is needed, which has {wanted}"
        )
    kind = "inpainting models" if channels == INPAINTING else "such models"
    raise CheckpointError(f"{path} has a UNet of {channels} input channels; {kind} cannot be used, {wanted} are needed")


def _from_folder(path, dtype, channels):
    index = path / "model_index.json"
    if not index.is_file():
        raise CheckpointError(f"{path} is a folder without model_index.json; a folder must be in diffusers' format")
    parts = json.loads(index.read_text())
    for part, wanted in FOLDER_CLASSES.items():
        found = (parts.get(part) or [None, None])[1]
        if found != wanted:
            raise CheckpointError(
                f"{path} ({parts.get('_class_name')}) has {found or 'nothing'} as {part}; "
                f"SD1.5, SD2 and SDXL folders have {wanted}"
            )
    _check_channels(path, json.loads((path / "unet" / "config.json").read_text())["in_channels"], channels)
    # folders are often fetched with their half-precision files only
    half = (path / "unet" / "diffusion_pytorch_model.fp16.safetensors").is_file()
    full = any((path / "unet" / f"diffusion_pytorch_model.{kind}").is_file() for kind in ("safetensors", "bin"))
    options = {"variant": "fp16" if half and not full else None, "local_files_only": True}
    vae = AutoencoderKL.from_pretrained(path / "vae", **{DTYPE: torch.float32}, **options)
    options |= {"vae": vae, DTYPE: dtype}
    if "text_encoder_2" in parts:
        return StableDiffusionXLPipeline.from_pretrained(path, **options, **UNUSED_XL)
    return StableDiffusionPipeline.from_pretrained(path, **options, **UNUSED)


def _tensors(path):
    """Names and shapes of the tensors in a checkpoint file, without reading them."""
    if path.suffix == ".safetensors":
        with safe_open(path, "pt") as file:
            return {name: file.get_slice(name).get_shape() for name in file.keys()}
    if path.suffix == ".ckpt":
        try:
            content = torch.load(path, map_location="meta", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
            raise CheckpointError(f"{path} is no checkpoint, or holds more than weights; use a .safetensors") from error
        content = content.get("state_dict", content) if isinstance(content, dict) else {}
        return {name: list(value.shape) for name, value in content.items() if isinstance(value, torch.Tensor)}
    raise CheckpointError(f"{path} must be a .safetensors or .ckpt file or a diffusers folder")


def _from_file(path, dtype, config, has_prompt, channels):
    shapes = _tensors(path)
    for part, key in FILE_KEYS.items():
        if key not in shapes:
            raise CheckpointError(
                f"{path} holds no {part} of an SD1.5 or SDXL checkpoint, but {len(shapes)} tensors such as "
                f"{min(shapes, default='none')}"
            )
    _check_channels(path, shapes[FILE_KEYS["UNet"]][1], channels)
    kind = next((kind for kind, key in TEXT_ENCODER_KEYS.items() if key in shapes), None)
    if kind is None:
        raise CheckpointError(
            f"{path} holds no text encoder of SD1.5 or SDXL; load other models from a diffusers folder"
        )
    config = Path(config or CONFIGS / kind)
    tokenizers = dict.fromkeys(["tokenizer", "tokenizer_2"] if kind == "sdxl" else ["tokenizer"])
    for name in tokenizers:
        if (config / name).is_dir():
            tokenizers[name] = CLIPTokenizer.from_pretrained(config / name)
        elif has_prompt:
            raise CheckpointError(f"{path} has no tokenizer for a prompt; prompts need a diffusers folder")
    options = {"config": str(config), "local_files_only": True}
    vae = AutoencoderKL.from_single_file(str(path), subfolder="vae", **{DTYPE: torch.float32}, **options)
    options |= {DTYPE: dtype}
    if channels != 4:
        # the public model's configuration says 4
        options["unet"] = UNet2DConditionModel.from_single_file(
            str(path), subfolder="unet", in_channels=channels, **options
        )
    options |= {"vae": vae, **tokenizers}
    if kind == "sdxl":
        pipe = StableDiffusionXLPipeline.from_single_file(str(path), **options, **UNUSED_XL)
    else:
        pipe = StableDiffusionPipeline.from_single_file(str(path), **options, **UNUSED)
    if V_PREDICTION in shapes:
        pipe.scheduler = DDIMScheduler.from_config(
            pipe.scheduler.config, prediction_type="v_prediction", rescale_betas_zero_snr=ZERO_SNR in shapes
        )
    return pipe


def load_pipeline(path, dtype, config, has_prompt, channels):
    """The pipeline of a folder or file whose UNet takes `channels`, its VAE in float32; config as for load_checkpoint;
    has_prompt: it must know other prompts than the empty one. CheckpointError for everything that cannot be used."""
    if not path.exists():
        raise CheckpointError(f"{path} does not exist; the model must be a checkpoint file or a diffusers folder")
    try:
        return (
            _from_folder(path, dtype, channels)
            if path.is_dir()
            else _from_file(path, dtype, config, has_prompt, channels)
        )
    except CheckpointError:
        raise
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        # shapes that do not fit are listed one to a line
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(f"{path} cannot be loaded: {reason}") from error
