"""Training items from videos (DynaDrag, Sec. 8): optical flow, followed from a random frame to a later one."""

from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import Dataset

from ...kernels.motion.first_guess import STEP
from ...kernels.motion.flow import resize_flow
from ...kernels.motion.prediction import SIDE
from ..pictures import to_tensor
from ..scenes.drag_samples import choose_handles, network_view, next_time, painted
from ..scenes.motions import positions
from ..scenes.random_choices import Dice
from .data_errors import DataError, warn
from .optical_flow import estimator
from .video_frames import VideoError, count_frames, read_frames

# frames from the start to the end of a drag
SHORTEST, LONGEST = 15, 55
# pixels of the square that the flow is computed on
FLOW_SIDE = 3 * SIDE
# pixels per frame below which a flow is noise
STILL = 0.15


def _at(field, places):
    """Values [S, S, 2] of field [2, S, S] at places [S, S, 2]."""
    grid = places / field.shape[-1] * 2 - 1
    return F.grid_sample(field[None], grid[None], "bilinear", "border", align_corners=False)[0].permute(1, 2, 0)


def follow_flow(frames, estimate):
    """Where every pixel of the first of the frames (square PIL images) is in each of them, [T, S, S, 2], and whether it
    is known up to there [T, S, S]: flows there and back must agree (Sundaram et al. 2010), inside the frame."""
    size = frames[0].width
    places = [positions(size)]
    known = [torch.ones(size, size, dtype=torch.bool)]
    flows = estimate(frames[:-1], frames[1:]), estimate(frames[1:], frames[:-1])
    for there, back in zip(*flows, strict=True):
        step = _at(there, places[-1])
        place = places[-1] + step
        returned = _at(back, place)
        lengths = step.square().sum(-1) + returned.square().sum(-1)
        agree = (step + returned).square().sum(-1) < 0.01 * lengths + 0.5
        places.append(place)
        known.append(known[-1] & agree & ((place > 0) & (place < size)).all(-1))
    return torch.stack(places), torch.stack(known)


def item_of(frames, mask, dice, estimate):
    """What Sample.item has, of consecutive square PIL images, every other one with a region; None where nothing moves
    enough.

    mask [S', S'] (bool, S' = FLOW_SIDE) or None: where handles may lie; estimate: as in optical_flow.
    """
    places, known = follow_flow(frames, estimate)
    speed = (places[1] - places[0]).norm(dim=-1)
    speed = torch.where((speed > STILL) & known[-1] & (True if mask is None else mask), speed, 0)
    if not speed.any():
        return None
    _, rows, columns = choose_handles(speed, dice)
    paths = places[:, rows, columns]
    if (paths[-1] - paths[0]).norm(dim=-1).amax() < 0.02 * FLOW_SIDE:
        return None
    time = next_time(paths, STEP * FLOW_SIDE) * (len(frames) - 1)
    before = min(int(time), len(frames) - 2)
    flow = torch.lerp(places[before], places[before + 1], time - before) - places[0]
    flow = resize_flow(flow.permute(2, 0, 1)[None], SIDE, SIDE)[0]
    weight = F.interpolate(known[before + 1][None, None].float(), (SIDE, SIDE), mode="area")[0]
    picture = to_tensor(frames[0].resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    scale = SIDE / FLOW_SIDE
    region, inside = None, torch.zeros_like(weight)
    if dice.chance(0.5):
        whole = torch.where(known[-1] & (speed > 0), (places[-1] - places[0]).permute(2, 0, 1), 0)
        inside = F.interpolate(painted(whole, dice)[None, None].float(), (SIDE, SIDE), mode="area")[0].round()
        region = inside[0] > 0
    return *network_view(picture, paths[0] * scale, paths[-1] * scale, region), flow, weight, inside


class Videos(Dataset):
    """Training items of video files; those that cannot be used are named, skipped and counted.

    Beside a video, a folder <name without suffix>_masks may hold NNNNN.png (five digits, the first frame is 00000) for
    some or all frames: white where handles may lie. Item i of a seed is always the same.
    """

    def __init__(self, paths, seed=0, flow="dis", length=1 << 40):
        self.seed, self.length, self.skipped, self.videos = seed, length, 0, []
        self.estimate = estimator(flow)
        for path in paths:
            try:
                count = count_frames(path)
                if count <= SHORTEST or len(read_frames(path, 0, SHORTEST + 1)) <= SHORTEST:
                    raise VideoError(f"it has fewer than {SHORTEST + 1} frames")
                self.videos.append((Path(path), count))
            except VideoError as error:
                warn(path, error)
                self.skipped += 1
        if not self.videos:
            raise DataError("none of the videos can be used")

    def __len__(self):
        return self.length

    def _mask(self, path, number, size, box):
        file = path.parent / f"{path.stem}_masks" / f"{number:05}.png"
        if not file.exists():
            return None
        image = (
            Image.open(file)
            .convert("L")
            .resize(size)
            .resize((FLOW_SIDE, FLOW_SIDE), Image.Resampling.BILINEAR, box=box)
        )
        return to_tensor(image)[0] > 0.5

    def _try(self, dice):
        path, count = dice.pick(self.videos)
        start = dice.whole(0, count - SHORTEST - 1)
        try:
            frames = read_frames(path, start, dice.whole(SHORTEST, LONGEST) + 1)
        except VideoError as error:
            warn(path, error)
            self.skipped += 1
            self.videos.remove((path, count))
            if not self.videos:
                raise DataError("none of the videos can be decoded to the end") from error
            return None
        if len(frames) <= SHORTEST:
            return None
        # a random square of the frame, the greatest that fits
        side = min(frames[0].size)
        left, top = (dice.whole(0, length - side) for length in frames[0].size)
        box = (left, top, left + side, top + side)
        square = [frame.resize((FLOW_SIDE, FLOW_SIDE), Image.Resampling.BILINEAR, box=box) for frame in frames]
        return item_of(square, self._mask(path, start, frames[0].size, box), dice, self.estimate)

    def __getitem__(self, index):
        dice = Dice((self.seed << 40) + index)
        for _ in range(200):
            item = self._try(dice)
            if item is not None:
                return item
        raise DataError("nothing moves in these videos, or their motion cannot be followed")
