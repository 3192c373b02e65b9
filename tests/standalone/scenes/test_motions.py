"""Motions and their inverses."""

import pytest
import torch
from dragkit.standalone.scenes.motions import Bend, Pull, positions


@pytest.mark.parametrize("motion", [Pull((120, 130), (25.0, 10.0), 36.0), Bend((90, 90), (0.8, 0.6), 80, 26, 26)])
def test_motions_invert(motion):
    xy = positions(256)
    torch.testing.assert_close(motion.forward(motion.inverse(xy)), xy, atol=0.01, rtol=0)
