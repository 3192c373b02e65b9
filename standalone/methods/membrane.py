"""A membrane spanned over what is known: colours over a hole, or the motion of a sheet held at its border."""

import torch
import torch.nn.functional as F

# relaxations per level of the pyramid
SWEEPS = 20
# cells of the longer side that a motion is computed on, and how many of them a handle goes in one step
CELLS, STRIDE = 96, 0.5
# of what moves as a whole around a handle, of the shorter side
RADIUS = 1 / 16


class MembraneError(ValueError):
    """A drag that cannot move anything; the message names it."""


def span(values, unknown):
    """values [B, C, H, W] where unknown [1, 1, H, W] (bool) is False, and between them about the solution of Laplace's
    equation, by a pyramid (pull-push) and Jacobi sweeps. Zero where nothing is known."""
    known = (~unknown).to(values)
    if not unknown.any() or known.shape[-2:] == (1, 1):
        return values * known
    height, width = values.shape[-2:]
    pad = (0, width % 2, 0, height % 2)
    weight = F.avg_pool2d(F.pad(known, pad), 2)
    half = F.avg_pool2d(F.pad(values * known, pad), 2) / weight.clamp(min=0.25)
    large = F.interpolate(span(half, weight == 0), scale_factor=2, mode="bilinear")[..., :height, :width]
    out = torch.where(unknown, large, values)
    for _ in range(SWEEPS):
        around = F.pad(out, (1, 1, 1, 1), mode="replicate")
        mean = (around[..., 1:-1, 2:] + around[..., 1:-1, :-2] + around[..., 2:, 1:-1] + around[..., :-2, 1:-1]) / 4
        out = torch.where(unknown, mean, out)
    return out


def fill(image, mask):
    """image [1, C, H, W] with what mask [1, H, W] (0..1) says filled smoothly from around it; where nothing is
    around, as it is."""
    hole = mask[0] > 0
    if not hole.any() or hole.all():
        return image
    rows, columns = hole.any(1).nonzero(), hole.any(0).nonzero()
    # one pixel around is all that a membrane depends on
    box = (..., *(slice(max(0, int(n[0]) - 1), int(n[-1]) + 2) for n in (rows, columns)))
    part, out = mask[box][:, None], image.clone()
    out[box] = torch.lerp(image[box], span(image[box], part > 0), part)
    return out


def _held_cells(region, side):
    """bool [1, 1, rows, columns] of cells of side x side pixels: those that touch what is not of region [H, W], or the
    border of the picture, and all around them, so that between cells nothing moves at the border."""
    height, width = region.shape
    held = F.max_pool2d(F.pad((~region)[None, None].float(), (0, -width % side, 0, -height % side), value=1), side)
    return F.max_pool2d(F.pad(held, (1, 1, 1, 1), value=1), 3, 1) > 0


def _step(places, at, drag, held):
    """Displacement [1, 2, rows, columns] of the cells: drag [N, 2] around places at [N, 2], 0 where held."""
    apart = torch.cdist(at, places[held[0, 0]])
    radius = (apart.amin(1) / 2).clamp(max=RADIUS * min(held.shape[-2:])).clamp(min=1)
    distance = torch.cdist(places.flatten(0, 1), at) / radius
    near, nearest = distance.min(1)
    pulled = (near <= 1).view_as(held)
    moves = torch.where(pulled, drag[nearest].T.view(1, 2, *held.shape[-2:]), 0)
    return span(moves, ~(held | pulled))


def sheet_back(handles, targets, region):
    """What leads from each pixel back to the source of its content, [2, H, W] (x, y; pixels), under the drags handles
    -> targets [N, 2] (pixel indices): a sheet over region [H, W] (bool), held where it or the picture ends. It is
    pulled in short steps, so that it does not fold. MembraneError for a handle outside the region."""
    height, width = region.shape
    for number, (x, y) in enumerate(handles.round().long().tolist(), 1):
        if not region[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]:
            raise MembraneError(f"point {number} starts outside the mask; move it into the mask, or make that larger")
    side = -(-max(height, width) // CELLS)
    held = _held_cells(region, side)
    rows, columns = held.shape[-2:]
    places = torch.stack(torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="xy"), -1).float()
    start, drag = (handles.float() + 0.5) / side - 0.5, (targets - handles).float() / side
    steps = int(torch.ceil(drag.norm(dim=1).amax() / STRIDE)) if len(drag) else 0
    source = places.clone()
    for i in reversed(range(steps)):
        move = _step(places, start + drag * (i / steps), drag / steps, held)
        grid = (source * 2 + 1) / source.new_tensor([columns, rows]) - 1
        source = source - F.grid_sample(move, grid[None], align_corners=False)[0].movedim(0, -1)
    back = F.interpolate((source - places).movedim(-1, 0)[None] * side, scale_factor=side, mode="bilinear")
    return back[0, :, :height, :width] * region


def pull_sheet(image, handles, targets, region, sampling="bilinear"):
    """image [1, C, H, W] in 0..1, a fourth channel of which is straight alpha, warped by sheet_back."""
    back = sheet_back(handles, targets, region)
    height, width = region.shape
    columns, rows = torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy")
    grid = torch.stack(((columns + back[0]) * 2 + 1, (rows + back[1]) * 2 + 1), -1) / torch.tensor([width, height]) - 1
    alpha = image[:, 3:] if image.shape[1] == 4 else torch.ones_like(image[:, :1])
    seen = torch.cat((image[:, :3] * alpha, alpha), 1)
    seen = F.grid_sample(seen, grid[None], sampling, "border", align_corners=False).clamp(0, 1)
    warped = torch.cat((seen[:, :3] / seen[:, 3:].clamp(min=1e-6), seen[:, 3:]), 1)[:, : image.shape[1]]
    return torch.where((back != 0).any(0), warped.clamp(0, 1), image)
