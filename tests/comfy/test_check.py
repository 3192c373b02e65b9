"""The workflows that `dragkit check --comfyui` runs."""

import torch
from dragkit.standalone.check.comfyui import POLICIES, dynadrag, fastdrag


def test_they_run_and_policies_and_checkpointing_change_nothing(comfy):
    pictures = [comfy.images(comfy.run(fastdrag(policy), timeout=300))[0] for policy in POLICIES]
    assert pictures[0].std() > 0.05
    assert all(torch.equal(one, pictures[0]) for one in pictures[1:])
    kept, again = (comfy.images(comfy.run(dynadrag(way), timeout=300))[0] for way in ("off", "on"))
    # beside another order of sums
    assert (kept - again).abs().mean() < 1 / 255
    assert kept.shape == pictures[0].shape and not torch.equal(kept, pictures[0])
