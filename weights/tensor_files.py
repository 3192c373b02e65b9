"""safetensors files, those shipped and those of other people."""

from safetensors import SafetensorError, safe_open


def read_safetensors(path, name, error_type=ValueError):
    """Tensors {key: tensor} and metadata of a file; error_type, whose message begins with name, where it cannot be
    read."""
    try:
        with safe_open(path, "pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise error_type(f"{name} is no safetensors file that can be read ({type(error).__name__})") from error
