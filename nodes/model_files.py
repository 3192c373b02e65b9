"""Networks of the pack's own kinds, from files in ComfyUI's model folders."""

from pathlib import Path

import comfy.model_management
import comfy.model_patcher
import folder_paths


def register_folder(name):
    """Has ComfyUI list the .safetensors files of its model folder `name`."""
    # add_model_folder_path would list files of every kind
    folders, _ = folder_paths.folder_names_and_paths.get(name, ([], set()))
    own = str(Path(folder_paths.models_dir) / name)
    folder_paths.folder_names_and_paths[name] = (list(dict.fromkeys([*folders, own])), {".safetensors"})


def listed(folder):
    """{name: path} of the files that ComfyUI lists in its model folder `folder`."""
    return {name: folder_paths.get_full_path(folder, name) for name in folder_paths.get_filename_list(folder)}


def chosen(files, name, node, where):
    """The path of name in files {name: path}; ValueError in the name of a node."""
    # ComfyUI 0.3.64 does not look
    if files.get(name) is None:
        raise ValueError(f"{node}: there is no {name} in {where}")
    return files[name]


def on_device(network):
    """A patcher that ComfyUI moves to its device and back as any model."""
    return comfy.model_patcher.ModelPatcher(
        network,
        load_device=comfy.model_management.get_torch_device(),
        offload_device=comfy.model_management.unet_offload_device(),
    )
