"""Optical flow between frames of a video: OpenCV's DIS (Kroeger et al. 2016), or torchvision's RAFT (Teed and Deng
2020) with weights that are on the disk.

An estimator takes two lists of N square PIL images, before and after, and gives the flow [N, 2, S, S] in pixels.
"""

import pickle
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import get_worker_info

from ..pictures import to_tensor
from .data_errors import MORE_PACKAGES, DataError

# pairs at once
BATCH = 8


def dis(before, after):
    """The estimator that needs no weights."""
    try:
        import cv2
    except ImportError as error:
        raise DataError(MORE_PACKAGES) from error
    engine = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [[np.array(frame.convert("L")) for frame in frames] for frames in (before, after)]
    flows = [torch.from_numpy(engine.calc(*pair, None)) for pair in zip(*grey, strict=True)]
    return torch.stack(flows).permute(0, 3, 1, 2)


def _network(path, kinds):
    """The one of torchvision's networks that the weights in a file are of."""
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        shapes = {name: value.shape for name, value in weights.items()}
    except (OSError, EOFError, RuntimeError, AttributeError, pickle.UnpicklingError) as error:
        raise DataError(f"{path} is no file of weights that can be read ({type(error).__name__})") from error
    for kind in kinds:
        network = kind(weights=None)
        if shapes == {name: value.shape for name, value in network.state_dict().items()}:
            network.load_state_dict(weights)
            return network.eval()
    raise DataError(f"{path} holds no weights of torchvision's raft_large or raft_small")


class Raft:
    """The estimator of a file of weights; without one, of the best that torch.hub's cache has. DataError without."""

    def __init__(self, path=None):
        try:
            from torchvision.models import optical_flow
        except ImportError as error:
            raise DataError('RAFT needs one more package: pip install "dragkit[raft]"') from error
        if path is None:
            published = (optical_flow.Raft_Large_Weights.DEFAULT, optical_flow.Raft_Small_Weights.DEFAULT)
            folder = Path(torch.hub.get_dir()) / "checkpoints"
            files = [folder / Path(weights.url).name for weights in published]
            path = next((file for file in files if file.is_file()), None)
            if path is None:
                raise DataError(
                    f"RAFT's weights are not on the disk; put {files[0].name} (from {published[0].url}) into {folder}, "
                    "or name a file with --flow FILE"
                )
        self.network = _network(path, (optical_flow.raft_large, optical_flow.raft_small))

    @torch.no_grad()
    def __call__(self, before, after):
        # a forked worker cannot use the GPU of its parent
        device = "cuda" if get_worker_info() is None and torch.cuda.is_available() else "cpu"
        network = self.network.to(device)
        pairs = [torch.stack([to_tensor(frame) for frame in frames]) * 2 - 1 for frames in (before, after)]
        parts = zip(*(frames.split(BATCH) for frames in pairs), strict=True)
        return torch.cat([network(*(part.to(device) for part in two))[-1].cpu() for two in parts])


def estimator(flow):
    """The estimator of a name, "dis" or "raft", or of a file of RAFT's weights."""
    if flow == "dis":
        return dis
    return Raft(None if flow == "raft" else flow)
