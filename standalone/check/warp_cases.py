"""Cases of the warp kernels: from a FLOW to a moved picture or latent."""

import torch

from ...kernels.warp import alpha, batches, bnni, latent, packed_cells, paste, picture, recomposition
from .cases import Case

# pixels at a border that content reaches or misses by a rounding
EDGES = 0.005
INVERSE = ("warp.picture", "warp.inverse", "warp.sheet")


def _drag_warp(sampling, front):
    def run(given):
        return picture.drag_warp(given.picture(), given.flow(), given.ellipse()[None], sampling, front)

    return Case(f"Drag Warp, {sampling}, {front} in front", INVERSE, run, 1e-3, EDGES)


def _held(given):
    """An elastic sheet, stretched more than it could be without tearing."""
    part = given.ellipse()
    moved = 3 * given.flow() * given.picture(1)
    return picture.drag_warp(given.picture(), moved * part, part[None], tears=False)


def _pieces(given):
    moved = torch.tensor([[[[given.width // 8]], [[3.25]]]]).to(given.device) * given.ellipse(0.4, 0.5, 0.25)
    return picture.drag_warp(given.picture(), moved, given.ellipse(0.4, 0.5, 0.25)[None])


def _alpha(given):
    return alpha.warp_picture(given.picture(4), given.flow(), given.ellipse()[None], "bilinear", "longest")


def _relocated(given):
    # a rounding that decides is not asked for: no displacement near half a cell
    moved = given.flow().round() + 0.2
    return batches.warp_batch(given.latent(), moved, given.ellipse()[None], "fastdrag")


def _paste(given):
    return paste.paste(given.picture(), given.picture(seed=9), given.ellipse()[None].float(), feather=4)


def _recomposed(given):
    moved = given.ellipse()[None]
    found = recomposition.regions(moved, recomposition.opened_by(given.flow(), moved), 3, 2)
    return recomposition.soft_mask(found, 0.5)


CASES = [
    *(_drag_warp("bilinear", front) for front in ("longest", "shortest", "first", "last")),
    _drag_warp("bicubic", "longest"),
    Case("Drag Warp that does not tear", INVERSE, _held, 1e-3, EDGES),
    Case("Drag Warp of pieces", INVERSE, _pieces, 1e-3, EDGES),
    Case("Drag Warp with transparency", ("warp.alpha", *INVERSE), _alpha, 1e-3, EDGES),
    Case(
        "what to paint anew", ("warp.picture",),
        lambda given: picture.inpaint_mask(given.holes()[None], given.ellipse()[None], 2, 1, 2),
    ),
    Case(
        "packed cells", ("warp.packed_cells",),
        lambda given: packed_cells.pack(packed_cells.unpack(given.latent(8)) * 2),
    ),
    Case("recomposition masks", ("warp.recomposition",), _recomposed, 1e-4, EDGES),
    Case("paste back", ("warp.paste",), _paste),
    Case(
        "latent warp", ("warp.latent", *INVERSE),
        lambda given: latent.warp(given.latent(), given.flow(), given.ellipse()), 1e-3, EDGES,
    ),
    Case("latent relocation as published", ("warp.relocate", "warp.batches"), _relocated),
    Case("BNNI", ("warp.bnni",), lambda given: bnni.bnni(given.latent(), given.holes())),
    Case("BNNI as published", ("warp.bnni",), lambda given: bnni.bnni_sequential(given.latent(), given.holes()), 1e-3),
]  # fmt: skip
