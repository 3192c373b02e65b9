"""The file from which an interrupted training goes on."""

import torch


def save_checkpoint(path, parts, **values):
    """Writes the states of parts {name: module, optimizer or schedule} and plain values; half a file is never there."""
    temporary = path.with_suffix(".part")
    torch.save({name: part.state_dict() for name, part in parts.items()} | values, temporary)
    temporary.replace(path)


def read_checkpoint(path):
    """What save_checkpoint wrote, {} where nothing was."""
    return torch.load(path, weights_only=True) if path.exists() else {}


def restore(parts, state):
    """Gives parts the states that read_checkpoint found."""
    for name, part in parts.items():
        part.load_state_dict(state[name])
