"""Motion supervision: the authors' numbers of DragDiffusion, hand-computed cases, identities."""

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.diffusion.feature_patches import patch_positions
from dragkit.kernels.dynadrag.motion_supervision import LatentOptimizer, SupervisionError, mask_loss, motion_loss
from dragkit.kernels.dynadrag.point_tracking import track_points

from ...golden.dragdiffusion import golden
from ...stand_in_card import CARD, stand_in_card


def patch_loss(features, handles, destinations, radius):
    """The first term of Eq. 2 as it stands."""
    return motion_loss(features, features, *(patch_positions(points, radius) for points in (handles, destinations)))


@pytest.mark.parametrize("case", ["update_two_points", "update_no_mask_big_lr"])
def test_dragdiffusions_loop_gives_the_authors_losses_and_latents(case):
    """Tracking instead of prediction: destinations are one cell from the tracked handle towards the target."""
    case = golden(case)
    updates, r_m, r_p, lr, lam = case["params_n_rm_rp_lr_lam"].tolist()
    handles, targets = case["handle_yx"].flip(1), case["target_yx"].flip(1)
    mask_half = case["mask_half"].float()
    mask = F.interpolate(mask_half, case["z0"].shape[-2:], mode="nearest")[0]

    def evaluate(z):
        height, width = z.shape[-2:]
        features = torch.tanh(F.conv2d(z, case["w_feat"], padding=1))
        features = F.interpolate(features, (4 * height, 4 * width), mode="bilinear", align_corners=False)
        eps = F.conv2d(torch.tanh(z), case["w_eps"], padding=1)
        clean = (z - 0.65**0.5 * eps) / 0.35**0.5
        return features, 0.42**0.5 * clean + 0.58**0.5 * eps

    features_0, previous_0 = evaluate(case["z0"])
    optimizer = LatentOptimizer(case["z0"], lr)
    current, tracked, losses, latents = handles, [], [], []
    for update in range(int(updates)):

        def loss_of(z, first=update == 0):
            nonlocal current
            features, previous = evaluate(z)
            if not first:
                current = track_points(features_0, features.detach(), handles, current, int(r_p))
                tracked.append(current)
            way = targets - current
            moving = way.norm(dim=1) >= 2
            start = current[moving].trunc()
            ends = start + F.normalize(way[moving], dim=1)
            loss = patch_loss(features, start, ends, int(r_m))
            return loss + lam * mask_loss(previous, previous_0, mask) if mask_half.any() else loss

        losses.append(optimizer.step(loss_of))
        latents.append(optimizer.z.detach().clone())
    torch.testing.assert_close(torch.tensor(losses), case["loss"], rtol=1e-5, atol=1e-5)
    assert torch.equal(torch.stack(tracked), case["handles_after_tracking"].flip(2))
    torch.testing.assert_close(torch.stack(latents), case["z_after_step"], rtol=1e-4, atol=1e-4)


def test_the_loss_of_a_ramp_is_the_way_times_its_slope():
    ramp = torch.arange(12.0).expand(1, 3, 10, 12) * 0.5
    handle, end = torch.tensor([[4.0, 5.0]]), torch.tensor([[6.5, 5.0]])
    # 9 cells, each 2.5 cells further up a slope of 0.5
    assert patch_loss(ramp, handle, end, 1).item() == pytest.approx(9 * 2.5 * 0.5)
    assert patch_loss(ramp, handle, handle, 1).item() == 0


def test_the_gradient_pulls_on_the_destination_only():
    features = torch.randn(1, 4, 9, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    handle, end = torch.tensor([[2.0, 2.0]]), torch.tensor([[6.3, 5.6]])
    patch_loss(features, handle, end, 1).backward()
    touched = features.grad.abs().sum((0, 1)).nonzero()
    assert touched.min(0).values.tolist() == [4, 5] and touched.max(0).values.tolist() == [7, 8]
    step = 1e-6
    for c, y, x in ((0, 5, 6), (3, 4, 5), (2, 7, 8)):
        # L1 has kinks; away from them the difference quotient is exact
        moved = features.detach().clone()
        moved[0, c, y, x] += step
        quotient = (patch_loss(moved, handle, end, 1) - patch_loss(features.detach(), handle, end, 1)) / step
        assert features.grad[0, c, y, x].item() == pytest.approx(quotient.item(), abs=1e-6)


def test_the_mask_term_counts_what_leaves_the_original_outside():
    original = torch.zeros(1, 2, 4, 4)
    moved = original + 3
    mask = torch.zeros(1, 4, 4)
    mask[0, :2] = 1
    assert mask_loss(moved, original, mask).item() == 3 * 2 * 8
    assert mask_loss(moved, original, torch.ones_like(mask)).item() == 0


@pytest.mark.parametrize("damping", [0.0, 3.0])
@pytest.mark.parametrize("scale", [1.0, 1024.0])
def test_the_scale_of_the_loss_does_not_change_the_steps(scale, damping):
    target = torch.randn(1, 4, 3, 3, generator=torch.Generator().manual_seed(2))
    plain, scaled = (LatentOptimizer(torch.zeros(1, 4, 3, 3), 0.05, s, damping) for s in (1.0, scale))
    for _ in range(5):
        for optimizer in (plain, scaled):
            optimizer.step(lambda z: (z - target).abs().sum())
    torch.testing.assert_close(plain.z, scaled.z)


def test_after_a_loss_that_is_no_number_the_latent_is_the_last_one_whose_loss_was():
    optimizer = LatentOptimizer(torch.ones(1, 4, 2, 2))
    optimizer.step(lambda z: z.square().sum())
    good = optimizer.latent(torch.ones(1))
    optimizer.step(lambda z: z.square().sum())
    after = optimizer.latent(torch.ones(1))
    assert not torch.equal(after, good)
    with pytest.raises(SupervisionError, match="finite"):
        optimizer.step(lambda z: (z * float("nan")).sum())
    # a finite loss was never seen at `after`, but at what came before it
    assert torch.equal(optimizer.z, good)


def test_a_gradient_that_is_no_number_leaves_the_latent_as_it_was():
    optimizer = LatentOptimizer(torch.zeros(1, 4, 2, 2))
    with pytest.raises(SupervisionError, match="finite"):
        optimizer.step(lambda z: z.square().sqrt().sum())
    assert torch.equal(optimizer.z, torch.zeros(1, 4, 2, 2))


def test_damping_leaves_alone_what_hardly_matters_and_0_is_adam():
    slope = torch.tensor([4.0, 4.0, 0.01, 0.0]).view(1, 4, 1, 1)
    moved = {}
    for damping in (0.0, 3.0):
        optimizer = LatentOptimizer(torch.zeros(1, 4, 1, 1), 0.1, damping=damping)
        optimizer.step(lambda z: (z * slope).sum())
        moved[damping] = optimizer.z.detach().abs().flatten()
    # Adam's first step is lr for every element with any gradient
    torch.testing.assert_close(moved[0.0], torch.tensor([0.1, 0.1, 0.1, 0.0]))
    # gradients of root 2 and nearly 0 root mean squares: lr g / (g + 3)
    torch.testing.assert_close(moved[3.0][:2], torch.full((2,), 0.1 * 2**0.5 / (2**0.5 + 3)))
    assert moved[3.0][2] < 0.01 * moved[3.0][0] and moved[3.0][3] == 0


def test_damped_steps_of_no_gradient_are_none():
    optimizer = LatentOptimizer(torch.ones(1, 4, 2, 2), damping=3.0)
    optimizer.step(lambda z: (z * 0).sum())
    assert torch.equal(optimizer.z, torch.ones(1, 4, 2, 2))


def test_steps_at_once_are_those_one_by_one():
    target = torch.randn(1, 4, 3, 5, generator=torch.Generator().manual_seed(2))
    one, many = (LatentOptimizer(torch.zeros(1, 4, 3, 5), 0.05, damping=3.0) for _ in range(2))
    losses = [one.step(lambda z: (z - target).abs().sum()) for _ in range(4)]
    assert many.step(lambda z: (z - target).abs().sum(), 4) == losses[-1] < losses[0]
    assert torch.equal(one.z, many.z)


def test_of_steps_at_once_the_last_whose_loss_was_a_number_is_kept():
    seen = []

    def loss_of(z):
        seen.append(z.detach().clone())
        return z.square().sum() * (float("nan") if len(seen) == 4 else 1.0)

    optimizer = LatentOptimizer(torch.ones(1, 4, 2, 2))
    with pytest.raises(SupervisionError, match="finite"):
        optimizer.step(loss_of, 6)
    assert torch.equal(optimizer.z, seen[2]) and not torch.equal(seen[2], seen[3])


def test_a_card_is_waited_for_once_however_many_steps_there_are():
    found = []
    for count in (1, 7):
        with stand_in_card() as waits:
            optimizer = LatentOptimizer(torch.ones(1, 4, 2, 2).to(CARD), damping=3.0)
            waits.clear()
            optimizer.step(lambda z: z.square().sum(), count)
            found.append(len(waits))
    assert found == [1, 1]
