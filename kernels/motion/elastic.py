"""Elastic motion: held at the border of a region, where it fades to nothing without a kink, and never folding.

The displacement is a motion that fits the drags, times the sum of the biharmonic functions of the handles, which is 1
at each of them. A long drag is many such steps in succession, each from where the handles are by then.
"""

import math

import torch
import torch.nn.functional as F

from .biharmonic import ClampedPlate, cells_around
from .nodes import apart_and_unlike, refine

# lattice cells along the longer side of a region
CELLS = 64
# part of a lattice cell and half a cell around it that must be region for the plate to reach it, so that it is down at
# the border itself; not all of it, since painted regions have specks, and since real pairs are a little better met so
COVERED = 0.75
# lattice cells around it: a handle at its border has cells one beyond, whose border is two more, of which opposite
# sides share one
PAD = 2
# times at which the paths are looked at
SAMPLES = 33
# how much a step may bend, from 0 to 1 where it might fold: by measurement, half of that; and the most steps
BEND, STEPS = 0.5, 16


class HeldRegion:
    """A region [h, w] (bool, not empty) that is held at its border and pulled at handles [N, 2] (cell indices), N > 0;
    a handle outside pulls where the region is nearest. Serves any targets; plate is ClampedPlate or Plates."""

    def __init__(self, region, handles, plate=ClampedPlate):
        self.size = region.shape
        self.step = -(-max(region.shape) // CELLS)
        margin = (self.step - 1) // 2
        covered = F.avg_pool2d(region[None].float(), self.step + 2 * margin, self.step, margin, ceil_mode=True)[0]
        # a region that is thin everywhere has the cells that it covers most
        inside = F.pad(covered >= covered.amax().clamp(max=COVERED), (PAD,) * 4)
        handles = handles.to(region.device, torch.float64)
        cell = handles.round().long()
        last = cell.new_tensor(region.shape[::-1]) - 1
        x, y = cell.clamp(min=0).minimum(last).T
        within = region[y, x] & (cell >= 0).all(1) & (cell <= last).all(1)
        centres = self._cells(inside)
        nearest = centres[torch.cdist(handles, centres).argmin(1)]
        self.shift = torch.where(within[:, None], 0, nearest - handles)
        self.handles = handles + self.shift
        columns, rows, _ = cells_around(self._on_lattice(self.handles))
        inside[rows, columns] = True
        self.plate = plate(inside)
        self.extent = self.handles.new_tensor(inside.shape[::-1])

    def _on_lattice(self, points):
        return (points - (self.step - 1) / 2) / self.step + PAD

    def _cells(self, inside):
        """Centres [n, 2] of the lattice cells inside."""
        return (inside.nonzero().flip(-1).double() - PAD) * self.step + (self.step - 1) / 2

    def _read(self, fields, points):
        """Values [k, n] of fields [k, h, w] on the lattice at points [n, 2]."""
        grid = (2 * self._on_lattice(points) + 1) / self.extent.to(points) - 1
        return F.grid_sample(fields[None], grid[None, None], align_corners=False)[0, :, 0]

    def _enlarged(self, fields):
        """fields [k, h, w] on the lattice, float32 on the cells of the region."""
        wide = F.interpolate(fields[None].float(), scale_factor=self.step, mode="bilinear", align_corners=False)[0]
        start = PAD * self.step
        return wide[:, start : start + self.size[0], start : start + self.size[1]]

    def _fades(self, points):
        return self.plate.lifted(self._on_lattice(points), torch.ones_like(points[..., :1]))

    def fade(self):
        """[h, w]: 1 at the handles, 0 at the border."""
        return self._enlarged(self._fades(self.handles[None])[0])[0].clamp(0, 1)

    def _times(self, vectors, turns):
        """Times from 0 to 1 between which every step bends as much; the last begins where a path leaves the region."""
        time = torch.linspace(0, 1, SAMPLES, dtype=vectors.dtype, device=vectors.device)
        path = self.handles + time[:, None, None] * vectors
        columns, rows, weight = cells_around(self._on_lattice(path))
        height, width = self.plate.inside.shape
        within = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        within &= self.plate.inside[rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
        stays = ((weight * within).sum(-1) > 0.999).all(1).cumprod(0)

        border = torch.stack((self.plate.border % width, self.plate.border // width), 1).to(path)
        space = torch.cdist(self._on_lattice(path).flatten(0, 1), border).amin(1).view(SAMPLES, -1) * self.step
        bend = (vectors.norm(dim=1) / space.clamp(min=self.step)).amax(1)
        apart, unlike = apart_and_unlike(path, path + vectors)
        bend = torch.maximum(bend, (unlike / apart.clamp(min=self.step)).amax((1, 2)))
        if turns is not None:
            bend = torch.maximum(bend, turns.bend.to(bend))
        total = F.pad(((bend[1:] + bend[:-1]) / (2 * SAMPLES - 2) * stays[1:]).cumsum(0), (1, 0))
        bends, until = torch.stack((total[-1], (stays.sum() - 1) / (SAMPLES - 1))).tolist()

        steps = min(STEPS, max(1, math.ceil(bends / BEND)))
        goal = total[-1] * torch.arange(steps, device=time.device) / steps
        right = torch.searchsorted(total, goal, right=True).clamp(1, SAMPLES - 1)
        part = (goal - total[right - 1]) / (total[right] - total[right - 1]).clamp(min=1e-12)
        starts = ((right - 1 + part) / (SAMPLES - 1)).clamp(max=until)
        return torch.cat((starts, starts.new_tensor([until, 1.0] if until < 1 else [until])))

    def steps(self, motion, targets, turns=None):
        """Functions, to be applied in turn, that move points [2, n] (x, y) by drags to targets [N, 2] and Turns; motion
        is of mls. The handles go straight. While no path crosses another or leaves the region, each function is one to
        one (rigid, similarity; affine may fold beside handles in a line)."""
        vectors = targets.to(self.handles) + self.shift - self.handles
        times = self._times(vectors, turns)
        path = self.handles + times[:, None, None] * vectors

        def one(fade, start, end, share):
            part_of_turns = turns and turns.part(share)

            def step(points):
                part = self._read(fade.to(points), points.T).clamp(0, 1)
                return points + part * motion(points, start.to(points), end.to(points), part_of_turns)

            return step

        return [one(*ends) for ends in zip(self._fades(path[:-1]), path[:-1], path[1:], times.diff(), strict=True)]

    def moved(self, motion, targets, turns=None):
        """Displacements [2, h, w] (float32) by drags to targets [N, 2] and Turns; motion is of mls."""
        steps = self.steps(motion, targets, turns)

        def displacement(points):
            end = points
            for step in steps:
                end = step(end)
            return end - points

        targets = targets.to(self.handles) + self.shift
        apart, unlike = apart_and_unlike(self.handles, targets)
        # what the lattice cannot show: drags that differ by more than a cell within a lattice cell
        close = (apart < self.step) & (unlike * self.step**2 > apart**2)
        radius = torch.where(close, apart + self.step, 0).amax(1)

        inside = self.plate.inside
        flow = self.handles.new_zeros(2, *inside.shape)
        # double where systems are solved; to move points, single does
        flow[:, inside] = displacement(self._cells(inside).T.float()).double()
        # what the lattice misses between its cells
        missed = (targets - self.handles - self._read(flow, self.handles).T) * (radius == 0)[:, None]
        flow += self.plate.lifted(self._on_lattice(self.handles)[None], missed[None])[0]
        flow = self._enlarged(flow)
        refine(flow, displacement, self.handles.float(), radius)
        return flow
