"""MD: how far from its target the content of a handle is found again, in each of the ways that go by that name."""

import torch
import torch.nn.functional as F

# channels that are enlarged at a time
CHUNK = 64
# pixels, RegionDrag's least radius
LEAST = 5


def found_at(source, dragged, handles, size, region=None, mode="bilinear"):
    """Where the source's features [1, C, h, w] at handles [N, 2] (x, y, whole pixels of size (H, W)) are in those of
    the dragged picture: [N, 2], the first of the largest cosines. region [1 or N, H, W] (bool) is where is looked; the
    features are enlarged to size by mode (DIFT, Tang et al. 2023)."""
    height, width = size
    x, y = handles.unbind(1)
    dots, norms, own = 0, 0, 0
    for one, other in zip(source.split(CHUNK, 1), dragged.split(CHUNK, 1), strict=True):
        at = F.interpolate(one, size, mode=mode)[0, :, y, x]
        everywhere = F.interpolate(other, size, mode=mode)[0]
        dots = dots + torch.einsum("cn,chw->nhw", at, everywhere)
        norms, own = norms + everywhere.square().sum(0), own + at.square().sum(0)
    cosine = dots / (norms.sqrt() * own.sqrt()[:, None, None]).clamp(min=1e-8)
    if region is not None:
        cosine = cosine.masked_fill(~region, -torch.inf)
    best = cosine.flatten(1).argmax(1)
    return torch.stack((best % width, best // width), 1)


def discs(handles, targets, size):
    """[N, H, W] (bool): the discs around handle and target of which RegionDrag says that one holds the content; their
    radius is the drag's length / sqrt(2), LEAST at the least."""
    height, width = size
    radius = ((targets - handles).double().norm(dim=1) / 2**0.5).clamp(min=LEAST)[:, None, None]
    rows, columns = torch.arange(height)[:, None], torch.arange(width)

    def around(ends):
        x, y = ends.double()[..., None, None].unbind(1)
        return ((columns - x) ** 2 + (rows - y) ** 2).sqrt() < radius

    return around(handles) | around(targets)


def in_pixels(found, targets):
    """Distances [N] in pixels."""
    return (found - targets).double().norm(dim=1)


def in_sides(found, targets, size):
    """Distances [N] where the picture is 1 wide and 1 high."""
    height, width = size
    return ((found - targets).double() / torch.tensor([width, height])).norm(dim=1)
