"""DynaDrag's loop on a network that one can see through: features are the latent at twice its size."""

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.diffusion.feature_patches import sample_patches
from dragkit.kernels.dynadrag import predict_and_move as loop
from dragkit.kernels.dynadrag.predict_and_move import (
    Predictor,
    Settings,
    Tracker,
    carried,
    few,
    predict_and_move,
    supervise,
)

SIZE = (64, 48)
HANDLES = torch.tensor([[20.0, 20.0], [40.0, 30.0]], dtype=torch.float64)
TARGETS = torch.tensor([[28.0, 20.0], [40.0, 36.0]], dtype=torch.float64)


class Network:
    """Latents [1, 4, 6, 8]; `broken` evaluations give no number."""

    def __init__(self, broken=()):
        self.asked, self.broken = [], broken
        self.z = torch.randn(1, 4, 6, 8, generator=torch.Generator().manual_seed(0))

    def evaluate(self, z, complete):
        self.asked.append(complete)
        features = F.interpolate(z, scale_factor=2, mode="bilinear", align_corners=False)
        if len(self.asked) - 1 in self.broken:
            features = features * float("nan")
        return features, 0.9 * z if complete else None

    def run(self, guide=None, handles=HANDLES, targets=TARGETS, mask=None, callback=None, **settings):
        settings = Settings(**{"selection": "none", "steps": 2} | settings)
        guide = guide or straight()
        return predict_and_move(
            self.z, handles, targets, SIZE, lambda work: work(self.evaluate), guide, settings, mask, callback
        )


def straight(seen=None):
    """A Predictor whose whole flow is the first pair's way, at most four pixels a round."""

    def predict(picture, handles, targets):
        return (targets - handles)[0].float().view(1, 2, 1, 1).expand(1, 2, SIZE[1], SIZE[0])

    def render(latent):
        if seen is not None:
            seen.append(latent)
        return torch.zeros(1, 3, SIZE[1], SIZE[0])

    return Predictor(predict, render, torch.zeros(1, 3, SIZE[1], SIZE[0]))


def test_each_round_keeps_its_own_latent_and_the_predictor_sees_it():
    seen, called = [], []
    network = Network()
    latent, rounds, finite = network.run(straight(seen), callback=called.append, rounds=3)
    assert finite and called == rounds and [one.number for one in rounds] == [0, 1, 2]
    latents = [network.z, *(one.latent for one in rounds)]
    assert all(not torch.equal(a, b) for a, b in zip(latents, latents[1:], strict=False))
    # the first picture is there already; the very objects, by which a door may know what it has rendered
    assert all(a is b for a, b in zip(seen, latents[1:], strict=False)) and len(seen) == 2
    assert latent is latents[-1]
    assert torch.equal(rounds[-1].handles, TARGETS)


def test_nothing_to_do_is_the_latent_itself_and_asks_nothing():
    mask = torch.zeros(1, 6, 8)
    for change in ({"rounds": 0}, {"targets": HANDLES}, {"handles": HANDLES[:0], "targets": TARGETS[:0]}):
        network = Network()
        latent, rounds, finite = network.run(mask=mask, **change)
        assert latent is network.z and rounds == [] and finite and network.asked == []


def test_the_whole_network_is_asked_only_where_a_mask_holds_something():
    half = torch.zeros(1, 6, 8)
    half[..., :4] = 1
    for mask, lam, complete in (
        (None, 0.1, False),
        (torch.ones(1, 6, 8), 0.1, False),
        (half, 0.0, False),
        (half, 1, True),
    ):
        network = Network()
        network.run(mask=mask, lam=lam, rounds=2)
        # with the mask, one evaluation more, of the original
        assert network.asked == [complete] * (5 if complete else 4)


def test_a_heavy_mask_term_keeps_the_outside():
    mask = torch.zeros(1, 6, 8)
    mask[..., 1:-1, 1:-1] = 1
    moved = {}
    for lam in (0.0, 1e4):
        network = Network()
        latent, _, _ = network.run(mask=mask, lam=lam, rounds=4, steps=5, r1=3)
        moved[lam] = ((latent - network.z).abs() * (1 - mask)).sum().item()
    assert moved[1e4] < 0.5 * moved[0.0]


def test_pairs_chosen_in_the_first_round_alone_are_followed():
    # the second pair has the same content at both ends
    network = Network()
    network.z[..., 3:, :] = 1.0
    handles, targets = HANDLES.clone(), TARGETS.clone()
    handles[1], targets[1] = torch.tensor([40.0, 36.0]), torch.tensor([24.0, 36.0])
    first = network.run(handles=handles, targets=targets, selection="first", rounds=20)[1]
    assert all(one.valid.tolist() == [True, False] for one in first)
    assert len(first) < 20  # and when they have arrived, it is over
    every = network.run(handles=handles, targets=targets, selection="every", rounds=3)[1]
    assert every[0].valid.tolist() == [True, False]
    both = network.run(handles=handles, targets=targets, selection="none", rounds=3)[1]
    assert both[0].valid.tolist() == [True, True]


def test_patches_go_with_their_handle_and_turn_with_the_flow():
    handles = torch.tensor([[30.0, 20.0]], dtype=torch.float64)
    patches = Settings(r1=2).patches(handles)
    y, x = torch.meshgrid(torch.arange(48) + 0.5, torch.arange(64) + 0.5, indexing="ij")
    # a quarter turn about the handle, and everything 3 to the right
    turn = torch.stack((-(y - 20) - (x - 30) + 3, (x - 30) - (y - 20)))[None]
    following = handles + torch.tensor([1.0, -2.0])
    gone = carried(patches, handles, following, turn)[0]
    torch.testing.assert_close(gone[2, 2], following[0])
    # right of the handle becomes below it; what shifts everything counts as far as the handle goes
    torch.testing.assert_close(gone[2, 4], following[0] + torch.tensor([0.0, 4.0]))
    torch.testing.assert_close(gone[0, 2], following[0] + torch.tensor([4.0, 0.0]))
    still = carried(patches, handles, following, torch.zeros(1, 2, 48, 64))
    torch.testing.assert_close(still, patches + torch.tensor([1.0, -2.0]))


def test_the_first_content_arrives_and_not_what_the_rounds_made_of_it():
    far = {}
    for preserving in (True, False):
        network = Network()
        latent, _, _ = network.run(handles=HANDLES[:1], targets=TARGETS[:1], preserving=preserving, steps=5)
        first, last = (network.evaluate(z, False)[0] for z in (network.z, latent))
        # four pixels are a cell of the features
        ends = (sample_patches(f, p / 4 - 0.5, 1) for f, p in ((first, HANDLES[:1]), (last, TARGETS[:1])))
        start = sample_patches(first, TARGETS[:1] / 4 - 0.5, 1)
        content, arrived = ends
        far[preserving] = ((arrived - content).abs().mean() / (start - content).abs().mean()).item()
    assert far[True] < 0.35 < far[False]


def test_a_handle_that_has_arrived_is_held_unless_published(monkeypatch):
    pairs = []
    real = loop.motion_loss
    monkeypatch.setattr(loop, "motion_loss", lambda f, r, s, d: pairs.append(len(s)) or real(f, r, s, d))
    handles, targets = HANDLES.clone(), TARGETS.clone()
    targets[1] = handles[1]
    for preserving, count in ((True, 2), (False, 1)):
        pairs.clear()
        rounds = Network().run(handles=handles, targets=targets, preserving=preserving, rounds=2)[1]
        assert set(pairs) == {count} and all(one.valid.tolist() == [True, False] for one in rounds)


def test_tracking_finds_where_the_content_went_and_the_next_step_is_straight_on():
    features = torch.randn(1, 8, 24, 32, generator=torch.Generator().manual_seed(1))
    guide = Tracker()
    assert torch.equal(guide.found(features, HANDLES, SIZE), HANDLES)
    moved = guide.found(features.roll((1, 2), (2, 3)), HANDLES, SIZE)
    assert torch.equal(moved, HANDLES + torch.tensor([4.0, 2.0]))
    following, straightened, flow = guide.next(None, moved, TARGETS, 9, False)
    assert straightened == 0 and flow is None
    torch.testing.assert_close((following - moved).norm(dim=1), torch.tensor([2.0, 2.0], dtype=torch.float64))
    near = guide.next(None, TARGETS - 0.5, TARGETS, 9, False)[0]
    torch.testing.assert_close(near, TARGETS)


def test_tracked_handles_are_where_they_were_found():
    network = Network()
    latent, rounds, _ = network.run(Tracker(), rounds=4)
    assert torch.equal(rounds[0].handles, HANDLES) and len(rounds) == 4
    assert all((one.handles % 2 == 0).all() for one in rounds)
    assert not torch.equal(latent, network.z)


def test_a_loss_that_is_no_number_ends_the_loop_with_the_last_good_latent():
    network = Network(broken=[2])
    latent, rounds, finite = network.run(rounds=2)
    assert not finite and len(rounds) == 1
    # the second step of the first round led to where the network fails, and is taken back
    assert torch.equal(latent, Network().run(rounds=2, steps=1)[1][0].latent)
    latent, rounds, finite = Network(broken=[0]).run(rounds=2)
    assert not finite and rounds == [] and torch.equal(latent, network.z)


def test_few_levels_are_spread_and_keep_the_noisiest():
    assert few([1, 2, 3, 4, 5, 6, 7], 4) == [1, 3, 5, 7]
    assert few([1, 2, 3], 9) == [1, 2, 3]
    assert few([1, 2, 3], 1) == [3]


def test_the_centre_of_a_cells_pixels_is_the_cell():
    # features of 16 x 12 cells of 4 x 4 pixels: cell (5, 3) has its centre at pixel position (22, 14)
    z = torch.randn(1, 4, 12, 16, generator=torch.Generator().manual_seed(2))
    source, destination = torch.tensor([[22.0, 14.0]]), torch.tensor([[26.0, 18.0]])
    settings = Settings(steps=1, r1=0)
    optimizer, seen = settings.optimizer(z), []

    def aim(features, at):
        seen.append(at(source).tolist())
        return None, settings.patches(source), settings.patches(destination)

    loss = supervise(optimizer, lambda z, complete: (z, None), aim, SIZE, settings)
    assert seen == [[[5, 3]]]
    assert loss == pytest.approx((z[0, :, 4, 6] - z[0, :, 3, 5]).abs().mean().item())
    # bilinear sampling between cells would pull on four of them
    assert (optimizer.z.detach() != z)[0].any(0).nonzero().tolist() == [[4, 6]]
