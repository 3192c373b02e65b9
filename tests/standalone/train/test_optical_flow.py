"""Optical flow with RAFT: which weights are taken, and that the network sees what it was trained on."""

import sys

import pytest
import torch
from dragkit.standalone.cli import main
from dragkit.standalone.pictures import to_pil
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.train.data_errors import DataError
from dragkit.standalone.train.optical_flow import BATCH, Raft, dis, estimator

SIDE = 128


def frames(count):
    """The bundled photograph running to the left, two pixels a frame."""
    whole = photograph("coffee", 256)
    return [to_pil(whole[:, 60 : 60 + SIDE, 20 + 2 * i : 20 + 2 * i + SIDE]) for i in range(count)]


@pytest.fixture
def networks():
    reason = "RAFT not tested: torchvision is not installed"
    return pytest.importorskip("torchvision.models.optical_flow", reason=reason)


def saved(network, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), path)
    return network.eval()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of torch.hub's files."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    return tmp_path / "torch/hub/checkpoints"


def test_dis_follows_a_shift():
    flow = dis(frames(3)[:-1], frames(3)[1:])
    assert flow.shape == (2, 2, SIDE, SIDE)
    expected = torch.tensor([-2.0, 0.0]).expand(2, -1)
    torch.testing.assert_close(flow.flatten(2).median(-1).values, expected, atol=0.1, rtol=0)


@pytest.mark.parametrize("kind", ["raft_small", "raft_large"])
def test_raft_gives_what_its_network_gives(networks, tmp_path, kind):
    torch.manual_seed(0)
    network = saved(getattr(networks, kind)(), tmp_path / "raft.pth")
    count = BATCH + 1
    flow = Raft(tmp_path / "raft.pth")(frames(count + 1)[:-1], frames(count + 1)[1:])
    assert flow.shape == (count, 2, SIDE, SIDE)
    # the transform that torchvision publishes with the weights
    transform = networks.Raft_Small_Weights.DEFAULT.transforms()
    with torch.no_grad():
        for i in (0, count - 1):
            pair = (frame[None] for frame in transform(*frames(count + 1)[i : i + 2]))
            torch.testing.assert_close(flow[i : i + 1], network(*pair)[-1], rtol=1e-3, atol=1e-3)
    assert (flow[0] - flow[-1]).abs().max() > 1e-2


def test_the_cache_is_looked_into_and_large_comes_first(networks, cache):
    large, small = networks.Raft_Large_Weights.DEFAULT, networks.Raft_Small_Weights.DEFAULT
    large, small = (cache / weights.url.rpartition("/")[2] for weights in (large, small))
    with pytest.raises(DataError) as missing:
        estimator("raft")
    assert large.name in str(missing.value) and str(cache) in str(missing.value) and "\n" not in str(missing.value)
    saved(networks.raft_small(), small)
    assert estimator("raft").network.mask_predictor is None
    saved(networks.raft_large(), large)
    assert estimator("raft").network.mask_predictor is not None


def test_files_that_are_no_weights_are_refused(networks, tmp_path):
    (tmp_path / "text.pth").write_text("no weights")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    for name in ("text.pth", "list.pth", "missing.pth"):
        with pytest.raises(DataError, match=f"{name} is no file of weights that can be read"):
            Raft(tmp_path / name)
    with pytest.raises(DataError, match="other.pth holds no weights of torchvision's raft_large or raft_small"):
        Raft(tmp_path / "other.pth")


def test_the_command_says_what_raft_needs(tmp_path, monkeypatch):
    (tmp_path / "film.mp4").touch()
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(SystemExit, match=r'RAFT needs one more package: pip install "dragkit\[raft\]"'):
        out = str(tmp_path / "m.safetensors")
        main(["train-motion", str(tmp_path), "--out", out, "--precision", "no", "--flow", "raft"])
