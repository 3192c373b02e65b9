"""What videos teach a motion predictor."""

import torch
import torch.nn.functional as F
from dragkit.kernels.motion.first_guess import STEP
from dragkit.kernels.motion.prediction import SIDE
from dragkit.standalone.pictures import to_pil
from dragkit.standalone.scenes.motions import positions
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.scenes.random_choices import Dice
from dragkit.standalone.train.motion_videos import FLOW_SIDE, Videos, follow_flow, item_of
from dragkit.standalone.train.optical_flow import dis
from dragkit.standalone.train.video_frames import read_frames
from PIL import Image

from .film import film


def handles_in(inputs):
    """Pixels whose whole surroundings are in the heatmap [S, S]: those of the handles, and between close ones."""
    return F.max_pool2d(1 - inputs[5:], 9, 1, 4)[0] == 0


def test_what_a_video_teaches(tmp_path):
    film(tmp_path / "good.mp4")
    items = (Videos([tmp_path / "good.mp4"])[i] for i in range(20))
    inputs, guess, flow, weight, _ = next(item for item in items if not item[-1].any())
    assert inputs.shape == (6, SIDE, SIDE) and flow.shape == guess.shape == (2, SIDE, SIDE) and weight.shape[0] == 1
    handles = handles_in(inputs)
    assert 1 <= handles.sum()
    # the square runs to the right: targets lie there, and a step is a step
    assert (inputs[3][handles] > 0.7).all() and inputs[4][handles].abs().max() < 0.3
    torch.testing.assert_close(guess, inputs[3:5] * STEP * SIDE)
    torch.testing.assert_close(flow[:, handles].median(1).values, torch.tensor([STEP * SIDE, 0.0]), atol=0.5, rtol=0)
    # what the square covers cannot be followed
    assert 0 < (weight < 0.5).float().mean() < 0.5
    inputs, guess, flow, weight, inside = next(item for item in items if item[-1].any())
    # the square, which alone moves, and where it goes lie in the region, at whose border the guess is held
    assert inside.shape == weight.shape and set(inside.unique().tolist()) == {0.0, 1.0}
    assert (inside[0][flow.norm(dim=0) > 1]).float().mean() > 0.9 and not guess[:, inside[0] == 0].any()


def test_masks_say_where_handles_may_lie(tmp_path):
    film(tmp_path / "good.mp4", 16)
    (tmp_path / "good_masks").mkdir()
    mask = Image.new("L", (192, 192), 0)
    mask.paste(255, (0, 64, 192, 84))
    mask.save(tmp_path / "good_masks" / "00000.png")
    rows = handles_in(Videos([tmp_path / "good.mp4"])[1][0]).nonzero()[:, 0]
    assert ((rows >= 64 * SIDE // 192) & (rows <= 84 * SIDE // 192)).all()


def test_frames_from_the_middle(tmp_path):
    film(tmp_path / "good.mp4")
    whole, part = read_frames(tmp_path / "good.mp4", 0, 30), read_frames(tmp_path / "good.mp4", 9, 5)
    assert len(whole) == 24 and len(part) == 5
    assert [frame.tobytes() for frame in part] == [frame.tobytes() for frame in whole[9:14]]


def test_flow_is_followed_and_checked():
    still = torch.zeros(2, FLOW_SIDE, FLOW_SIDE)
    right = still + torch.tensor([2.0, 0.0]).view(2, 1, 1)
    flows = iter([torch.stack((right, right)), torch.stack((-right, still))])
    places, known = follow_flow([Image.new("RGB", (FLOW_SIDE, FLOW_SIDE))] * 3, lambda before, after: next(flows))
    torch.testing.assert_close(places[2] - positions(FLOW_SIDE), torch.tensor([4.0, 0.0]).expand_as(places[2]))
    assert known[1, 50, :-2].all() and not known[1, 50, -2:].any()
    # the second pair does not come back
    assert not known[2].any()


def test_nothing_moves():
    frames = [to_pil(photograph("coffee", FLOW_SIDE))] * 16
    assert item_of(frames, None, Dice(0), dis) is None
