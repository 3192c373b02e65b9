"""FlowGen against the published code's numbers, and which weights it takes."""

import json
import zlib

import pytest
import torch
from dragkit.kernels.instantdrag.conditioning import flow_channels
from dragkit.kernels.instantdrag.flowgen import FlowGen, FlowGenError, build
from dragkit.kernels.instantdrag.flowgen_maps import generate_flow

from .published import GOLDEN, NUMBERS, published_input, published_picture, published_points

MANIFEST = json.loads((GOLDEN / "instantdrag_flowgen_manifest.json").read_text())
RULES = {"ruleA": None, "ruleB_gain0.5": 0.5}


def published_weights(ngf, gain):
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in FlowGen(ngf).state_dict().items()}
    weights = {}
    for name, shape in shapes.items():
        r = torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode()) & 0x7FFFFFFF))
        if len(shape) == 1 and name.endswith("weight"):
            weights[name] = 1 + 0.02 * r
        else:
            weights[name] = r * (gain / shape[1:].numel() ** 0.5 if gain and len(shape) > 1 else 0.02)
    return weights


@pytest.fixture(scope="module", params=RULES)
def official(request):
    """The network of the published size under a rule of weights, and the rule."""
    return build(published_weights(64, RULES[request.param]), "test"), request.param


def test_the_network_has_the_published_parameters():
    with torch.device("meta"):
        network = FlowGen()
    assert {name: list(value.shape) for name, value in network.state_dict().items()} == MANIFEST["keys"]
    assert sum(value.numel() for value in network.parameters()) == MANIFEST["params"]
    assert sum(isinstance(one, torch.nn.Dropout) for one in network.modules()) == 3


def test_the_network_gives_the_published_numbers(official):
    network, rule = official
    golden = NUMBERS[f"flowgen/out_ngf64_{rule}"]
    assert (network(published_input())[..., 1::8, 2::8] - golden).abs().max() < 1e-4 * golden.std()
    if rule == "ruleB_gain0.5":
        # the whole way from a picture and a drag
        picture, (handles, targets) = published_picture(), published_points("one_point_auto")
        flow = generate_flow(network, picture, handles, targets, "published")
        golden = NUMBERS["maps/one_point_auto/flow_latent"]
        assert (flow_channels(flow, 64, 64)[..., ::3, 1::3] - golden).abs().max() < 1e-4 * golden.std()


@pytest.mark.parametrize("rule", RULES)
def test_a_narrower_network_is_recognised(rule):
    golden = NUMBERS[f"flowgen/out_ngf32_{rule}"]
    network = build({name: value.half() for name, value in published_weights(32, RULES[rule]).items()}, "test")
    network.load_state_dict(published_weights(32, RULES[rule]))
    assert (network(published_input())[..., 1::4, 2::4] - golden).abs().max() < 1e-4 * golden.std()


def test_weights_that_are_no_flowgen_are_named():
    with torch.device("meta"):
        good = FlowGen(32).state_dict()
    last = "model.model.3.bias"
    wrong = {
        "it has no model.model.0.weight, it begins with conv_in.weight": {"conv_in.weight": torch.zeros(1)},
        "it is empty": {},
        "its first layer has 33 channels": {"model.model.0.weight": torch.zeros(33, 5, 4, 4)},
        "model.model.0.weight is [32, 4, 4, 4] instead of [32, 5, 4, 4]": good
        | {"model.model.0.weight": torch.zeros(32, 4, 4, 4)},
        f"{last} is missing": {name: value for name, value in good.items() if name != last},
        "more [3] does not belong there": good | {"more": torch.zeros(3)},
    }
    for said, weights in wrong.items():
        with pytest.raises(FlowGenError) as error:
            build(weights, "Load FlowGen: file")
        assert str(error.value).startswith("Load FlowGen: file is no FlowGen: ") and said in str(error.value)
        assert "\n" not in str(error.value)
