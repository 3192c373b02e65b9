"""How near a result is to the true picture, and how near dragged content is to where it belongs."""

import pickle
from pathlib import Path

import torch
from skimage.feature import match_template
from skimage.metrics import structural_similarity

from ..user_input import UserError

PATCH = 8  # half size of the matched patches, pixels
PROBES = 24


def psnr(result, target, region):
    """dB over region [H, W] (bool) of pictures [3, H, W] in 0..1."""
    error = (result - target)[:, region].square().mean().clamp(min=1e-10)
    return -10 * torch.log10(error).item()


def ssim(result, target, region):
    """Mean over the region of SSIM's map (11 pixel Gaussian window, Wang et al. 2004)."""
    _, values = structural_similarity(
        result.permute(1, 2, 0).numpy(), target.permute(1, 2, 0).numpy(),
        channel_axis=2, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True,
    )  # fmt: skip
    return float(values[region.numpy()].mean())


# AlexNet's weights as torchvision calls them in torch.hub's cache, and its convolutions in the five slices of LPIPS
ALEXNET, SLICES = "alexnet-owt-7be5be79.pth", {0: 1, 3: 2, 6: 3, 8: 4, 10: 5}


def load_lpips(path=None):
    """LPIPS by AlexNet (Zhang et al. 2018) as a function of two pictures [3, H, W] in 0..1, or a sentence why there is
    none. It needs the package lpips, and AlexNet's weights in a file or in torch.hub's cache; nothing is downloaded.
    UserError where a file is named and does not do."""
    file = Path(path or Path(torch.hub.get_dir(), "checkpoints", ALEXNET))
    try:
        import lpips

        weights = torch.load(file, map_location="cpu", weights_only=True)
        network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
        for layer, number in SLICES.items():
            convolution = getattr(network.net, f"slice{number}").get_submodule(str(layer))
            convolution.load_state_dict({part: weights[f"features.{layer}.{part}"] for part in ("weight", "bias")})
    except (ImportError, OSError, EOFError, pickle.UnpicklingError, RuntimeError, KeyError, TypeError) as error:
        need = f"it needs the package lpips, and {ALEXNET} in torch.hub's cache or named with --lpips"
        reason = f"LPIPS cannot be measured ({type(error).__name__}: {str(error).splitlines()[0]}); {need}"
        if path:
            raise UserError(f"--lpips {path}: {reason}") from error
        return reason

    @torch.no_grad()
    def distance(result, target):
        return network(result[None], target[None], normalize=True).item()

    return distance


def probes(case, generator):
    """Up to 24 source pixels [n, 2] (x, y) whose content moves by more than a pixel to a place inside the frame where
    the true picture has texture, spread over the moving region."""
    moving = case.flow.norm(dim=0) > 1
    candidates = moving.nonzero().flip(-1)
    candidates = candidates[torch.randperm(len(candidates), generator=generator)]
    side = moving.shape[-1]
    grey = case.target.mean(0)
    kept = []
    for x, y in candidates.tolist():
        tx, ty = (int(v) for v in (torch.tensor([x, y]) + case.flow[:, y, x]).round())
        if not (PATCH <= tx < side - PATCH and PATCH <= ty < side - PATCH):
            continue
        if grey[ty - PATCH : ty + PATCH + 1, tx - PATCH : tx + PATCH + 1].std() < 0.03:
            continue
        if all(abs(x - a) + abs(y - b) > 8 for a, b, _, _ in kept):
            kept.append((x, y, tx, ty))
        if len(kept) == PROBES:
            break
    return kept


def content_distance(result, case, places):
    """Mean distance in pixels between where the probes' content should be and where it is found: the 17 x 17 patch of
    the true picture around each true place is searched in the result by normalised cross-correlation, as far as the
    content moved plus 8 pixels."""
    found, grey, truth = [], result.mean(0).numpy(), case.target.mean(0).numpy()
    side = grey.shape[-1]
    for x, y, tx, ty in places:
        reach = int(torch.linalg.vector_norm(case.flow[:, y, x])) + 8 + PATCH
        top, left = max(0, ty - reach), max(0, tx - reach)
        window = grey[top : min(side, ty + reach + 1), left : min(side, tx + reach + 1)]
        match = match_template(window, truth[ty - PATCH : ty + PATCH + 1, tx - PATCH : tx + PATCH + 1])
        row, column = divmod(int(match.argmax()), match.shape[1])
        found.append(((top + row + PATCH - ty) ** 2 + (left + column + PATCH - tx) ** 2) ** 0.5)
    return sum(found) / len(found)
