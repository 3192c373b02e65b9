"""`dragkit demo` and `dragkit edit`: a picture, points and a method from the command line."""

import sys
from pathlib import Path

from .user_input import UserError, read_points


def _fit(image, multiple):
    """The picture cropped at the right and below to whole latent cells."""
    height, width = (side // multiple * multiple for side in image.shape[-2:])
    if not height or not width:
        raise UserError(
            f"the picture is {image.shape[3]} x {image.shape[2]}; it must be at least {multiple} pixels wide and high"
        )
    return image[..., :height, :width]


def demo(arguments):
    import torch

    from ..kernels.drawing.overlay import draw_points
    from .edit_methods import run_fastdrag
    from .models.drag_model import load_demo
    from .picture_files import save_picture
    from .scenes.demo_drag import DRAG, PHOTOGRAPH, REGION
    from .scenes.photographs import photograph

    print(f"Photograph: {PHOTOGRAPH} (bundled). Model: the bundled demo model, trained on four photographs.")
    image = photograph(PHOTOGRAPH)[None]
    points = read_points(DRAG, (256, 256))
    mask = REGION(256)[None]
    print(f"FastDrag: {len(points)} drag(s), inversion, latent warpage, BNNI, sampling with the KV cache.")
    after = run_fastdrag(load_demo(), image, points, mask)
    shown = draw_points(image.permute(0, 2, 3, 1), points, mask).permute(0, 3, 1, 2)
    save_picture(torch.cat((image, shown, after), 3)[0], arguments.output)
    print(f"Before, points and after: {arguments.output}")


def edit(arguments):
    from ..kernels.points.masks import resize_mask
    from .edit_methods import METHODS, TRANSPARENT
    from .edit_models import choose
    from .picture_files import check_writable, read_mask, read_picture, save_picture

    if arguments.method == "lightningdrag" and arguments.seed + arguments.candidates > 2**64:
        raise UserError(f"--seed is {arguments.seed}, which has no {arguments.candidates - 1} seeds behind it")
    image, profile = read_picture(arguments.image)
    points = read_points(arguments.points, (image.shape[3], image.shape[2]))
    mask = None if arguments.mask is None else read_mask(arguments.mask)
    if mask is not None:
        mask = resize_mask(mask, *image.shape[-2:], arguments.mask)
    output = Path(arguments.output)
    holds_alpha = check_writable(output, image)
    method, model = choose(arguments, image[:, :3])
    if image.shape[1] == 4 and not (holds_alpha and method in TRANSPARENT):
        by = f"{output.suffix} holds none" if method in TRANSPARENT else f"{method} knows none"
        print(f"The result has no transparency: {by}; hidden colours show.", file=sys.stderr)
        image = image[:, :3]
    fitted = _fit(image, 1 if model is None else model.multiple)
    if mask is not None:
        mask = mask[..., : fitted.shape[2], : fitted.shape[3]]
    if fitted.shape != image.shape:
        # fractions of the whole picture become fractions of what is left of it
        points = points.from_pixels(*points.to_pixels(image.shape[3], image.shape[2]), fitted.shape[3], fitted.shape[2])
    after = METHODS[method](model, fitted, points, mask, arguments)
    for i, picture in enumerate(after):
        # further candidates beside the first
        path = output if i == 0 else output.with_stem(f"{output.stem}-{i + 1}")
        save_picture(picture, path, profile)
        print(path)
