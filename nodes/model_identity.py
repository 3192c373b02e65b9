"""What a MODEL's network is, whichever object holds it: ComfyUI drops models and loads their files again."""

import hashlib

import torch

# of each tensor; a fine-tune, a merge or another LoRA changes nearly all values of what it changes
SAMPLES = 8
_BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def _bits(tensor):
    """The bits of up to SAMPLES values, spread evenly; nothing else of the tensor is read or moved."""
    count = min(tensor.numel(), SAMPLES)
    places = torch.arange(count, device=tensor.device) * (tensor.numel() - 1) // max(count - 1, 1)
    return tensor.detach().view(_BITS[tensor.element_size()]).take(places).cpu().numpy().tobytes()


def _add(digest, value):
    """Adds a value of a patch: tensors, numbers and names in lists, or an adapter that holds such."""
    if isinstance(value, torch.Tensor):
        digest.update(f"{value.dtype}{list(value.shape)}".encode() + _bits(value))
    elif isinstance(value, (list, tuple)):
        digest.update(f"{len(value)}(".encode())
        for part in value:
            _add(digest, part)
    elif isinstance(value, (str, int, float, type(None))):
        digest.update(f"{value!r},".encode())
    else:
        digest.update(type(value).__name__.encode())
        _add(digest, getattr(value, "weights", None))


def model_identity(model):
    """A text that two MODELs share if their networks have the same weights and the same patches of weights (LoRAs,
    merges), wherever these lie and whether they are applied or not."""
    digest = hashlib.sha256()
    for name, weight in model.model.diffusion_model.named_parameters():
        # a compiled module has another name
        key = f"diffusion_model.{name}".replace("_orig_mod.", "")
        # the weight as it was loaded, while patches are applied
        backup = model.backup.get(key)
        _add(digest, weight if backup is None else backup.weight)
    for key in sorted(model.patches):
        _add(digest, [key, model.patches[key]])
    return digest.hexdigest()
