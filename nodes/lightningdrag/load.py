"""LightningDrag's networks from disk: DragKit's one file, or a folder of the published ones."""

from pathlib import Path

import comfy.supported_models
import comfy.utils
import folder_paths
import torch
from comfy_api.latest import io

from ...kernels.diffusion.sd15_unet import unet_shapes
from ...kernels.lightningdrag.embedding import build as build_point_embedding
from ...kernels.lightningdrag.files import LightningDragError, check_appearance, flat, from_published, unpack
from ...kernels.lightningdrag.image_tokens import build as build_image_projection
from ...weights import LIGHTNINGDRAG
from ...weights.tensor_files import read_safetensors
from ..demo_model import load_model
from ..model_files import chosen, on_device
from ..sd15 import from_diffusers, sd15_patcher
from ..types import LightningDragType, schema

NODE = "Load LightningDrag"
FOLDER = "lightningdrag"
# where IP-Adapter's own nodes keep it, too
IP_ADAPTERS = "ipadapter"
ATTENTION = "lightning-drag-sd15-attn.bin"
EMBEDDING = "point_embedding/point_embedding.pt"
APPEARANCE = "appearance_encoder/diffusion_pytorch_model.safetensors"
IP_ADAPTER = ("ip-adapter_sd15.safetensors", "ip-adapter_sd15.bin")
BUNDLED = "dragkit-lightningdrag (bundled, of the demo model)"

for kind in (FOLDER, IP_ADAPTERS):
    folder_paths.add_model_folder_path(kind, str(Path(folder_paths.models_dir) / kind))


class LightningDrag:
    """LightningDragWeights as networks that ComfyUI moves to its device and back; image_projection is None without
    image tokens."""

    def __init__(self, weights, name):
        self.weights, self._name, self._made = weights, name, {}
        self.point_embedding = on_device(build_point_embedding(weights.point_embedding, name))
        self.image_projection = build_image_projection(weights.image_proj, name) if weights.image_proj else None

    def appearance(self, heads):
        """The appearance encoder as MODEL, with as many attention heads as the model it is for: no weight tells. The
        bundled weights have the demo model itself for it."""
        if heads not in self._made and not self.weights.appearance:
            self._made = {heads: load_model()}
        elif heads not in self._made:
            weights = from_diffusers(_whole(self.weights.appearance, self._name))
            what = f"{self._name} has no appearance encoder"
            self._made = {heads: sd15_patcher(weights, what, comfy.supported_models.SD15, heads)}
        return self._made[heads]


def _whole(appearance, name):
    """The weights of an appearance encoder with zeros for what follows its last self-attention, which nobody reads."""
    widths, context = check_appearance(appearance, name)
    like = appearance["conv_in.weight"]
    return {key: torch.zeros(shape, dtype=like.dtype) for key, shape in unet_shapes(widths, 4, context).items()} | (
        appearance
    )


def _pickled(path):
    """Tensors of a published file; ValueError names it."""
    try:
        return flat(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        # zip, pickle and torch each raise their own
        raise ValueError(f"{NODE}: {path.name} cannot be read ({type(error).__name__})") from error


def _published(folder):
    tops = [
        folder,
        *map(Path, folder_paths.get_folder_paths(FOLDER)),
        *map(Path, folder_paths.get_folder_paths(IP_ADAPTERS)),
    ]
    adapter = next((top / name for top in tops for name in IP_ADAPTER if (top / name).is_file()), None)
    if adapter is None:
        raise ValueError(
            f"{NODE}: {' or '.join(IP_ADAPTER)} is missing; put it into ComfyUI/models/{IP_ADAPTERS} or beside the "
            f"folder {folder.name}"
        )
    paths = [folder / ATTENTION, folder / EMBEDDING, adapter, folder / APPEARANCE]
    for path in paths:
        if not path.is_file():
            raise ValueError(f"{NODE}: the folder {folder.name} has no {path.relative_to(folder)}")
    loaded = [
        read_safetensors(path, f"{NODE}: {path.name}")[0] if path.suffix == ".safetensors" else _pickled(path)
        for path in paths
    ]
    return from_published(*loaded, [f"{NODE}: {path.name}" for path in paths])


def files():
    """{name: path} of the bundled file, DragKit's own ones and folders with the published ones."""
    found = {BUNDLED: LIGHTNINGDRAG}
    for top in map(Path, folder_paths.get_folder_paths(FOLDER)):
        folders = {path.parent for path in top.rglob(ATTENTION)}
        paths = [path for path in top.rglob("*.safetensors") if not folders & set(path.parents)]
        for path in sorted(folders) + sorted(path for path in paths if path.name not in IP_ADAPTER):
            # weights may lie in the model folder itself
            found.setdefault(str(path.relative_to(top)) if path != top else path.name, path)
    return found


def load_lightning_drag(path, name):
    if path.is_dir():
        return LightningDrag(_published(path), f"{NODE}: {name}")
    weights = unpack(*read_safetensors(path, f"{NODE}: {name}"), f"{NODE}: {name}")
    if not weights.appearance and name != BUNDLED:
        raise ValueError(f"{NODE}: {name} has no appearance encoder; it was trained for the demo model")
    return LightningDrag(weights, f"{NODE}: {name}")


class LoadLightningDrag(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitLoadLightningDrag",
            display_name=NODE,
            description="What makes an SD1.5 inpainting model follow drag points (LightningDrag).",
            search_aliases=["LightningDrag", "point embedding", "appearance encoder"],
            inputs=[
                io.Combo.Input(
                    "model_name",
                    options=list(files()),
                    tooltip="In ComfyUI/models/lightningdrag: the folder of the published files, or one file that "
                    "`dragkit convert-lightningdrag` wrote. The bundled one belongs to the Demo Model.",
                ),
            ],
            outputs=[
                LightningDragType.Output(
                    "lightning_drag", display_name="lightning_drag", tooltip="For Apply LightningDrag."
                )
            ],
        )

    @classmethod
    def execute(cls, model_name):
        path = chosen(files(), model_name, NODE, f"ComfyUI/models/{FOLDER}")
        try:
            return io.NodeOutput(load_lightning_drag(path, model_name))
        except LightningDragError as error:
            raise ValueError(str(error)) from error
