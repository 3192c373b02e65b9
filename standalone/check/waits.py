"""How often the program waits for a card."""

import warnings

import torch


def counted(device, function, *arguments):
    """How often function(*arguments) waits for a CUDA device when it runs a second time, by torch's own watch."""
    function(*arguments)
    torch.cuda.synchronize(device)
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            function(*arguments)
        finally:
            torch.cuda.set_sync_debug_mode(before)
    return sum("synchronizing CUDA operation" in str(one.message) for one in seen)
