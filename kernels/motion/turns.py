"""A turn and a scale at a handle, for moving least squares: besides the drags, every fit takes in the motion of a small
ring around the handle, so that near it the picture turns and scales as the handle does, and all of it where no other
drag speaks."""

from dataclasses import dataclass

import torch

# radius of the ring, of the longer side of what moves; a held region is computed on a lattice, which shows a turn in
# less than this badly where other handles hold still nearby
RING = 1 / 8


@dataclass(frozen=True)
class Turns:
    """angle [N] in radians, clockwise as the picture is seen, and growth [N], the logarithm of the scale, at N handles;
    radius in cells. Handles of which neither differs from 0 have no ring: the drags alone decide there."""

    angle: torch.Tensor
    growth: torch.Tensor
    radius: float

    @classmethod
    def of(cls, turns, part):
        """From turns [N, 2], degrees and scale, on the device of the part [h, w] that moves; None from None."""
        if turns is None:
            return None
        # once, since every chunk of cells asks for them
        turns = turns.to(part.device, torch.float32)
        return cls(turns[:, 0].deg2rad(), turns[:, 1].log(), RING * max(part.shape))

    def part(self, share):
        """That part of the way."""
        return Turns(self.angle * share, self.growth * share, self.radius)

    @property
    def bend(self):
        """How much the way bends, as a number."""
        return torch.hypot(self.angle, self.growth).max()

    def moments(self, weight):
        """What the rings add to the sums of a fit, each [n], for weights [N, n] of the handles: of squared distances,
        and of the products that make a, b of the matrix [[a, -b], [b, a]]."""
        angle, growth = (one.to(weight) for one in (self.angle, self.growth))
        square = self.radius**2 * ((angle != 0) | (growth != 0))
        scale = growth.exp()
        return tuple(
            one @ weight for one in (square.to(weight), square * scale * angle.cos(), square * scale * angle.sin())
        )


def unused(points, node, followed=False):
    """A sentence where DragPoints turn or scale and a node, or a choice of its, does not follow that; else None."""
    if points.turns is None or followed:
        return None
    count = int((points.turns != points.turns.new_tensor([0, 1])).any(1).sum())
    return (
        f"{node}: {count} of the points turn or scale, which is not followed here; the warp and FastDrag follow it, "
        "with displacement rigid, similarity or affine and no flow"
    )
