"""The picture beneath the points, as the editor shows it."""

import comfy.utils
from comfy_api.latest import ui

# the longer side of what the editor is shown
SIDE = 1024


def _file(values, width, height):
    """The first of values [B, H, W, C], scaled down, as a temporary file for the editor; width and height are those of
    the picture."""
    rows, columns = values.shape[1:3]
    scale = min(1, SIDE / max(rows, columns))
    rows, columns = max(1, round(rows * scale)), max(1, round(columns * scale))
    small = comfy.utils.common_upscale(values[:1, ..., :3].float().movedim(-1, 1), columns, rows, "area", "disabled")
    (file,) = ui.PreviewImage(small.movedim(1, -1).expand(-1, -1, -1, 3)).as_dict()["images"]
    return {**file, "width": width, "height": height}


def editor_view(picture, mask):
    """What the editor shows beneath the points: the picture, and the mask if there is one."""
    height, width = picture.shape[1:3]
    view = {"dragkit_picture": [_file(picture, width, height)]}
    if mask is not None:
        view["dragkit_mask"] = [_file(mask[..., None], width, height)]
    return view
