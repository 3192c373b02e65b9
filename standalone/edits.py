"""`dragkit demo` and `dragkit edit`: a picture, points and a method from the command line."""

import sys
from pathlib import Path

from .user_input import UserError, read_points

# pixels inside a mask over which an edit fades, as in Paste Back
FEATHER = 16


def _fit(image, points, mask, cell):
    """Picture, DragPoints and mask on the picture's whole latent cells."""
    from ..kernels.points.latent_cells import whole_cells

    height, width = image.shape[-2:]
    if min(height, width) < cell:
        raise UserError(f"the picture is {width} x {height}; it must be at least {cell} pixels wide and high")
    fitted = whole_cells(image, cell, (2, 3))
    if fitted.shape == image.shape:
        return image, points, mask
    return fitted, points.on_cells(width, height, cell), None if mask is None else whole_cells(mask, cell)


def _painted(mask, image, name):
    """A mask [1, h, w] of a file at the size of image; None, said in a line, where nothing of it is painted."""
    from ..kernels.points.masks import read_mask, resize_mask

    mask = read_mask(mask, name)
    if mask is None:
        print(f"{name} is nowhere white; it counts as none, so everything may change.", file=sys.stderr)
        return None
    return resize_mask(mask, *image.shape[-2:], name)


def _check_region(arguments, method):
    if arguments.region and arguments.mask is not None:
        raise UserError("--region finds what moves where no --mask says it; leave one of them out")
    if arguments.region and method not in (None, "warp"):
        raise UserError(f"--region is for the warp, but the method is {method}; add --method warp")


def _found_region(image, points, arguments):
    """The mask [1, H, W] of --region, None where the warp finds its own; a line says which."""
    from ..kernels.points.picture_region import picture_region

    if arguments.region == "picture":
        mask = picture_region(image[0, :3], points)[None].float()
        print(f"Region: the thing that the handles lie on, {mask.mean():.0%} of the picture.", file=sys.stderr)
        return mask
    print("Region: a disc around each handle.", file=sys.stderr)
    return None


def demo(arguments):
    import torch

    from ..kernels.drawing.overlay import draw_points
    from ..kernels.warp.paste import paste
    from .edit_methods import run_fastdrag
    from .methods.warp import warp_picture
    from .models.drag_model import load_demo
    from .picture_files import save_picture
    from .scenes.demo_drag import DRAG, PHOTOGRAPH, REGION
    from .scenes.photographs import photograph

    print(f"Photograph: {PHOTOGRAPH} (bundled). Model: the bundled demo model, trained on four photographs.")
    image = photograph(PHOTOGRAPH)[None]
    points = read_points(DRAG, (256, 256))
    mask = REGION(256)[None]
    print(f"FastDrag: {len(points)} drag(s), inversion, latent warpage, BNNI, sampling with the KV cache.")
    after = paste(image, run_fastdrag(load_demo(), image, points, mask), mask, FEATHER)
    shown = draw_points(image.permute(0, 2, 3, 1), points, mask).permute(0, 3, 1, 2)
    warped, _ = warp_picture(image, points, mask)
    save_picture(torch.cat((image, shown, warped, after), 3)[0], arguments.output)
    print(f"Before, points, the warp alone (held at the region's border), FastDrag: {arguments.output}")


def edit(arguments):
    """Paths of the pictures that it wrote."""
    from ..kernels.motion.displacements import border_of, follows_turns
    from ..kernels.motion.turns import unused
    from ..kernels.warp.paste import paste
    from .edit_methods import METHODS, TRANSPARENT, displacement_of
    from .edit_models import choose
    from .picture_files import check_writable, read_mask, read_picture, save_picture

    if arguments.method == "lightningdrag" and arguments.seed + arguments.candidates > 2**64:
        raise UserError(f"--seed is {arguments.seed}, which has no {arguments.candidates - 1} seeds behind it")
    _check_region(arguments, arguments.method)
    image, profile = read_picture(arguments.image)
    points = read_points(arguments.points, (image.shape[3], image.shape[2]))
    mask = None if arguments.mask is None else _painted(read_mask(arguments.mask), image, arguments.mask)
    output = Path(arguments.output)
    holds_alpha = check_writable(output, image)
    method, model = choose(arguments, image[:, :3])
    _check_region(arguments, method)
    if method == "warp" and mask is None:
        if arguments.border is None and arguments.region == "picture":
            # what is found so is a thing
            arguments.border = "free"
        mask = _found_region(image, points, arguments)
    if image.shape[1] == 4 and not (holds_alpha and method in TRANSPARENT):
        by = f"{output.suffix} holds none" if method in TRANSPARENT else f"{method} knows none"
        print(f"The result has no transparency: {by}; hidden colours show.", file=sys.stderr)
        image = image[:, :3]
    if sentence := unused(points, f"--method {method}", follows_turns(displacement_of(method, arguments))):
        print(sentence, file=sys.stderr)
    after = METHODS[method](model, *_fit(image, points, mask, 1 if model is None else model.multiple), arguments)
    if method not in TRANSPARENT:
        after = paste(image, after, mask, FEATHER)
    else:
        # a warp leaves the rest as it is; a free one may carry what it moves out of the mask
        held = mask is not None and border_of(arguments.displacement, arguments.border) != "free"
        after = paste(image, after, (mask >= 0.5).float() if held else None)
    paths = []
    for i, picture in enumerate(after):
        # further candidates beside the first
        path = output if i == 0 else output.with_stem(f"{output.stem}-{i + 1}")
        save_picture(picture, path, profile)
        print(path)
        paths.append(path)
    return paths
