"""Drag Warp on pictures of all sizes by every displacement, and the latent warp of a large latent."""

from .outcome import failed, not_tried, passed

SIDES = (512, 1024, 2048, 4096)
# milliseconds on an H100 or its like
GOALS = {2048: 10.0}
LATENT_GOAL = 2.0


def _warped(setting, side, choice, border):
    from ...kernels.motion.displacements import displace
    from ...kernels.warp.picture import drag_warp
    from ..bench.warp import times_case

    image, handles, targets, region = times_case(side, whole=False)
    image, region = image.to(setting.device), region.to(setting.device)

    def edit():
        flow = displace(handles, targets, region, choice, border=border)
        return drag_warp(image, flow, region[None], tears=border == "free")

    runs = 5 if setting.is_card else 1
    seconds = setting.median(edit, runs, warm_up=2 if setting.is_card else 0)
    warped = edit()
    still = ~(warped.moved | warped.opened)
    if not warped.image.isfinite().all():
        return failed("the picture is not finite")
    if not warped.moved.any():
        return failed("nothing has moved")
    if not ((warped.image == image) | ~still[:, None]).all():
        return failed("a pixel that nothing moved has changed")
    if border == "held" and choice != "stretch" and (warped.moved[0] & ~region).any():
        return failed("a motion that is held has left its region")
    return passed(1e3 * seconds, "ms", goal=GOALS.get(side))


def _latent(setting, mode):
    from ..bench.kernels import latent_case, latent_edit

    case = [one.to(setting.device) for one in latent_case(128, 16, 5)]
    case[1:3] = (one.cpu() for one in case[1:3])
    seconds = setting.median(lambda: latent_edit(mode, *case), 5 if setting.is_card else 1)
    after = latent_edit(mode, *case)
    if not after.isfinite().all():
        return failed("the latent is not finite")
    return passed(1e3 * seconds, "ms", goal=LATENT_GOAL)


def checks(setting):
    from ...kernels.motion.displacements import BORDERS, DISPLACEMENTS
    from ..methods.fastdrag import FILL_OF_MODE

    for mode in FILL_OF_MODE:
        yield f"Latent Warpage ({mode}) and BNNI, 128 x 128 x 16", lambda mode=mode: _latent(setting, mode)
    for side in SIDES:
        if setting.quick and not setting.is_card and side > SIDES[0]:
            yield f"Drag Warp, {side} x {side}", lambda: not_tried("left out by --quick on the CPU")
            continue
        for border in BORDERS:
            for choice in DISPLACEMENTS:
                yield (
                    f"Drag Warp, {side} x {side}, {choice}, {border}",
                    lambda side=side, border=border, choice=choice: _warped(setting, side, choice, border),
                )
