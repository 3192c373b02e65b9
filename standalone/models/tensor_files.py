"""safetensors files that people name at the command line."""

from safetensors import SafetensorError, safe_open


def read_safetensors(path, error_type):
    """Tensors and metadata of a file; error_type for one that cannot be read."""
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise error_type(f"{path} is no safetensors file that can be read ({type(error).__name__})") from error
