"""Networks of the pack's own kinds, from files in ComfyUI's model folders."""

from pathlib import Path

import comfy.model_management
import comfy.model_patcher
import folder_paths
from safetensors import SafetensorError, safe_open


def register_folder(name):
    """Has ComfyUI list the .safetensors files of its model folder `name`."""
    # add_model_folder_path would list files of every kind
    folders, _ = folder_paths.folder_names_and_paths.get(name, ([], set()))
    own = str(Path(folder_paths.models_dir) / name)
    folder_paths.folder_names_and_paths[name] = (list(dict.fromkeys([*folders, own])), {".safetensors"})


def read_safetensors(path, name):
    """Tensors and metadata of a file; ValueError names it."""
    try:
        with safe_open(path, "pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata()
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{name} is no safetensors file that can be read ({type(error).__name__})") from error


def on_device(network):
    """A patcher that ComfyUI moves to its device and back as any model."""
    return comfy.model_patcher.ModelPatcher(
        network,
        load_device=comfy.model_management.get_torch_device(),
        offload_device=comfy.model_management.unet_offload_device(),
    )
