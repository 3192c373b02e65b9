"""The first guess of the next step, from the points and the region alone: even steps, on arcs where neighbouring drags
turn together; held at the border of the region, where there is one.

Points [N, 2] are (x, y) in pixels; a vector (x, y) is the complex number x + iy here, so that turning and growing is
one multiplication.
"""

import torch

from .displacements import REACH, displace

# of the longer side: how far the farthest handle moves in one step on its path (all that remains, if that is less)
STEP = 1 / 24
# of the longer side: neighbours of a handle
NEAR = 1 / 10
# logarithm of a growth, and part of the motion unexplained, that speak against one rigid thing
GROWTH, REST = 0.3, 0.4
# of DISPLACEMENTS, in a region
HELD = "rigid"


def _complex(points):
    return torch.view_as_complex(points.double().contiguous())


def turns(handles, targets, near):
    """log(turn and growth) [N] of each handle's surroundings until the end: by least squares over the handles weighted
    by a Gaussian of `near` pixels, pulled to 0 (all goes straight) where they do not move like one rigid thing."""
    z, motion = _complex(handles), _complex(targets - handles)
    weight = torch.exp(-(z[:, None] - z).abs().square() / (2 * near**2))
    weight = weight / weight.sum(1, keepdim=True)

    def centred(values):
        return values - (weight * values).sum(1, keepdim=True)

    z, motion = centred(z), centred(motion)
    spread = (weight * z.abs().square()).sum(1).clamp(min=1e-9)
    slope = (weight * z.conj() * motion).sum(1) / spread
    unexplained = (weight * (motion - slope[:, None] * z).abs().square()).sum(1)
    unexplained = unexplained / (weight * motion.abs().square()).sum(1).clamp(min=1e-9)
    turn = torch.log(1 + slope)
    trust = torch.exp(-((turn.real / GROWTH) ** 2) - unexplained / REST)
    # handles within a pixel of each other say nothing of a turn
    return torch.where((spread > 1) & turn.isfinite(), turn * trust, 0)


def _near(region, handle, reach):
    """Whether region [H, W] has a pixel within reach of handle (x, y), in x and in y."""
    (left, right), (top, bottom) = ((max(0, int(at - reach)), max(0, int(at + reach) + 1)) for at in handle)
    return bool(region[top:bottom, left:right].any())


def first_guess(handles, targets, height, width, region=None):
    """FLOW [1, 2, H, W] in which the farthest handle goes STEP of the longer side on its path, and the others as long.

    Each handle z runs on the spiral of its surroundings: after the part s of the time it has moved by
    (e^(s turn) - 1) / (e^turn - 1) of its drag. Pixels move as the handles do, weighted by 1 / distance^6; in a region
    [H, W] (bool, not empty) by the rigid displacement that is held at its border, and outside not at all. A handle that
    is REACH away from it, or has gone as far, pulls nothing.
    """
    side = max(height, width)
    turn = turns(handles, targets, NEAR * side)
    straight = turn.abs() < 1e-6
    turn = torch.where(straight, 1e-6, turn)
    motion = _complex(targets - handles)
    growth = torch.where(turn.real.abs() < 1e-9, 1, torch.expm1(turn.real) / turn.real)
    path = motion.abs() * (turn / (torch.exp(turn) - 1)).abs() * growth
    time = (STEP * side / path.clamp(min=1e-9)).amin().clamp(max=1.0)
    part = torch.where(straight, time.to(turn), (torch.exp(time * turn) - 1) / (torch.exp(turn) - 1))

    if region is not None:
        # there, since every handle asks again
        on_cpu = region.cpu()
        pull = torch.tensor([_near(on_cpu, handle, REACH * side) for handle in handles.tolist()])
        handles, moves = handles[pull] - 0.5, torch.view_as_real(part * motion)[pull]
        return displace(handles, handles + moves, region, HELD, reach=2 * REACH * side, border="held")

    y, x = torch.meshgrid(*(torch.arange(n, device=handles.device) + 0.5 for n in (height, width)), indexing="ij")
    offset = torch.complex(x, y).to(motion) - _complex(handles)[:, None, None]
    squared = offset.abs().square()
    weight = 1 / (squared + 1e-3) ** 3
    slope = torch.exp(turn) - 1
    moves = part[:, None, None] * (motion[:, None, None] + slope[:, None, None] * offset)
    flow = (weight / weight.sum(0) * moves).sum(0)
    return torch.view_as_real(flow).permute(2, 0, 1)[None].float()
