"""SimVP against the published code's numbers."""

import json
import zlib
from pathlib import Path

import pytest
import torch
from dragkit.kernels.motion.simvp import SimVP
from safetensors.torch import load_file

GOLDEN = Path(__file__).parents[2] / "golden"
MANIFEST = json.loads((GOLDEN / "simvp_manifest.json").read_text())
CASES = list(MANIFEST)


def published(case):
    """The network of a golden case with the weights of its rule."""
    config, gain = MANIFEST[case]["config"], 1.4 if MANIFEST[case]["rule"].startswith("B") else None
    network = SimVP(**{key: config[key] for key in ("hid_S", "hid_T", "N_S", "N_T")}).eval()
    for name, value in network.state_dict().items():
        r = torch.randn(value.shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode()) & 0x7FFFFFFF))
        if value.ndim == 1 and name.endswith("weight"):
            r = 1 + 0.02 * r
        elif gain and value.ndim > 1:
            r = r * (gain / value[0].numel() ** 0.5)
        else:
            r = 0.02 * r
        value.copy_(r)
    return network


@pytest.mark.parametrize("case", CASES)
def test_simvp_has_the_published_parameters(case):
    config = {key: MANIFEST[case]["config"][key] for key in ("hid_S", "hid_T", "N_S", "N_T")}
    with torch.device("meta"):
        network = SimVP(**config)
    assert {k: list(v.shape) for k, v in network.state_dict().items()} == MANIFEST[case]["keys"]
    assert sum(p.numel() for p in network.parameters()) == MANIFEST[case]["params"]


def test_simvp_is_published_by_default():
    assert SimVP().config.items() <= MANIFEST["cli_default"]["config"].items()


@pytest.mark.parametrize("case", CASES)
def test_simvp_gives_the_published_outputs(case):
    golden = {
        k.split("/")[1]: v for k, v in load_file(GOLDEN / "simvp.safetensors").items() if k.startswith(case + "/")
    }
    network = published(case)
    with torch.no_grad():
        latent, skip = network.enc(golden["in"])
        translated = network.hid(latent)
        out = network(golden["in"])
    # of the skip connection every eighth channel is kept
    for name, value in {
        "enc_latent": latent,
        "enc_skip": skip[:, ::8],
        "translator_out": translated,
        "out": out,
    }.items():
        assert (value - golden[name]).abs().max() < 1e-4 * golden[name].std(), name


def test_any_size_is_padded_and_cropped():
    network = published("tiny_B")
    x = torch.rand(2, 6, 23, 30, generator=torch.Generator().manual_seed(0))
    wide = torch.nn.functional.pad(x, (0, 2, 0, 1), mode="replicate")
    with torch.no_grad():
        assert torch.equal(network(x), network(wide)[..., :23, :30])
        assert network(x[:1, :, :1, :1]).shape == (1, 2, 1, 1)
