"""Files of motion predictors."""

import json

import pytest
import torch
from dragkit.kernels.motion.simvp import PredictorError, SimVP, build, metadata_of
from dragkit.standalone.models.predictors import in_regions, load_motion_predictor
from safetensors.torch import save_file


def test_a_file_says_whether_its_network_knows_regions():
    network = SimVP(8, 16, 2, 2)
    weights, said = network.state_dict(), metadata_of(network)
    before = {key: value for key, value in said.items() if key != "regions"}
    assert not build(weights, said, "x").knows_regions and not build(weights, before, "x").knows_regions
    network.knows_regions = True
    there = build(weights, metadata_of(network), "x")
    assert there.knows_regions and not in_regions(there, False).knows_regions and there.knows_regions
    assert in_regions(there, False).dec.readout.weight is there.dec.readout.weight


def test_files_of_another_kind_are_refused(tmp_path):
    network = SimVP(8, 16, 2, 2)
    weights, good = network.state_dict(), metadata_of(network)
    assert torch.equal(build(weights, good, "x").dec.readout.weight, network.dec.readout.weight)
    bad = {
        "no motion predictor": (weights, None),
        "do not fit": (weights, good | {"config": json.dumps(network.config | {"hid_T": 32})}),
        "not possible": (weights, good | {"config": json.dumps(network.config | {"N_T": 10**9})}),
        "that its metadata describes": (weights, good | {"config": "{"}),
    }
    for message, (tensors, metadata) in bad.items():
        save_file(tensors, tmp_path / "other.safetensors", metadata)
        with pytest.raises(PredictorError, match=message) as caught:
            load_motion_predictor(tmp_path / "other.safetensors")
        assert "\n" not in str(caught.value) and "other.safetensors" in str(caught.value)
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(PredictorError, match="text.safetensors is no safetensors file"):
        load_motion_predictor(tmp_path / "text.safetensors")
