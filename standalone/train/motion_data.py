"""What the motion predictor is trained on: DATA folders of videos or pictures, or what comes with DragKit."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError
from torch.utils.data import Dataset

from ...weights import TRAINED
from ..pictures import to_tensor
from ..scenes.drag_samples import make_sample
from ..scenes.moving import IN_REGION, KINDS
from ..scenes.photographs import photograph
from ..scenes.random_choices import Dice
from ..scenes.surfaces import PIXELS, Surfaces
from .data_errors import DataError, warn
from .motion_videos import Videos

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
VIDEOS = {".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v"}
# seeds of validation samples lie above those of the training
VALIDATION = 1 << 48


class Synthetic(Dataset):
    """Training items of scenes, as Sample.item has them, every other one with a region; endless, item i of a seed is
    always the same."""

    skipped = 0

    def __init__(self, photographs, seed=0, length=1 << 40):
        self.surfaces, self.seed, self.length = Surfaces(photographs, seed), seed, length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        seed, with_region = (self.seed << 40) + index, index % 2 == 1
        kind = Dice(seed).pick(KINDS, IN_REGION) if with_region else None
        return make_sample(seed, self.surfaces, kind=kind).item(with_region)


def bundled(seed=0):
    """Synthetic scenes of the bundled photographs that are not held out, and generated textures."""
    return Synthetic([photograph(name, PIXELS) for name in TRAINED], seed)


def pictures(paths, seed=0):
    """Synthetic scenes of the pictures of a folder; those that cannot be read are named, skipped and counted."""
    usable, skipped = [], 0
    for path in paths:
        try:
            image = Image.open(path).convert("RGB")
            image.thumbnail((PIXELS, PIXELS), Image.Resampling.LANCZOS)
            usable.append(to_tensor(image))
        except (OSError, UnidentifiedImageError) as error:
            warn(path, error)
            skipped += 1
    if not usable:
        raise DataError("none of the pictures can be read")
    data = Synthetic(usable, seed)
    data.skipped = skipped
    return data


def open_data(folder, seed=0, flow="dis"):
    """The data set of a DATA folder, None for what comes with DragKit; flow: of videos, for optical_flow.estimator."""
    if folder is None:
        return bundled(seed)
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder")
    files = sorted(path for path in folder.iterdir() if path.is_file())
    films = [path for path in files if path.suffix.lower() in VIDEOS]
    stills = [path for path in files if path.suffix.lower() in PICTURES]
    if films:
        return Videos(films, seed, flow)
    if stills:
        return pictures(stills, seed)
    raise DataError(f"{folder} holds neither videos ({' '.join(sorted(VIDEOS))}) nor pictures")
