"""FastDrag on diffusers' flow-matching pipelines from disk, in Python and by `dragkit edit`."""

import pytest
import torch
from dragkit.kernels.points.drag_points import parse_points
from dragkit.standalone.cli import main
from dragkit.standalone.methods.flow_fastdrag import flow_fastdrag, flow_fastdrag_latent
from dragkit.standalone.models.flow_models import NOISIEST, flow_kind, load_flow_model
from dragkit.standalone.models.pipelines import CheckpointError
from dragkit.standalone.pictures import to_pil, to_tensor
from PIL import Image

from ..flow_pipelines import KINDS, flow_pipeline
from ..pipelines import small_pipeline

SIZE = (128, 96)
DRAG = parse_points("30,40 -> 50,44", SIZE)
CLASSES = {"flux": "FluxPipeline", "sd3": "StableDiffusion3Pipeline", "qwen": "QwenImagePipeline"}


@pytest.fixture(scope="module", params=KINDS)
def folder(request, tmp_path_factory):
    return flow_pipeline(tmp_path_factory.mktemp(request.param) / "model", request.param), request.param


@pytest.fixture(scope="module")
def model(folder):
    return load_flow_model(folder[0], "a cat")


@pytest.fixture
def picture():
    return torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))


def left():
    mask = torch.zeros(1, 96, 128)
    mask[..., :64] = 1
    return mask


def test_a_folder_is_known_by_its_class(folder, tmp_path):
    assert flow_kind(folder[0]) == CLASSES[folder[1]]
    assert flow_kind(small_pipeline(tmp_path / "sd")) is None
    assert flow_kind(tmp_path) is None and flow_kind(tmp_path / "nothing.safetensors") is None


def test_levels_go_up_from_the_picture_and_stop_below_noise(model):
    levels = model.sigmas(20, 1.0)
    assert len(levels) == 21 and levels[0] == 0 and levels[-1] == NOISIEST
    assert levels == sorted(levels) and model.sigmas(20, 0.5) == levels[:11]
    # shifted towards noise
    assert levels[10] > 0.7
    with pytest.raises(ValueError, match="strength 0.01 of 10 steps is less than one step"):
        model.sigmas(10, 0.01)


def test_a_drag_changes_the_region_and_nothing_else(model, picture):
    latent = model.encode(picture)
    assert latent.shape == (1, 16, 12, 16)
    done = []
    options = {"steps": 10, "strength": 0.4, "callback": lambda *one: done.append(one)}
    edited = flow_fastdrag_latent(model, latent, DRAG, left(), **options)
    assert torch.equal(edited[..., 8:], latent[..., 8:])
    assert (edited - latent)[..., :8].norm() > 0.05 * latent.norm()
    assert done == [(i + 1, 8) for i in range(8)]
    assert flow_fastdrag(model, picture, DRAG, left(), steps=4).shape == picture.shape


def test_without_a_drag_refinement_brings_the_picture_back(model, picture):
    latent = model.encode(picture)
    none = parse_points("")
    errors = [
        float((flow_fastdrag_latent(model, latent, none, steps=40, strength=0.1, refinement=r) - latent).norm())
        for r in (0, 6)
    ]
    assert errors[1] < 0.05 * errors[0] and errors[1] < 1e-2 * latent.norm()


def test_the_prompt_counts(folder, model):
    other = load_flow_model(folder[0], "a dog on a red sofa")
    x = torch.randn(1, 16, 4, 6, generator=torch.Generator().manual_seed(1))
    assert not torch.equal(other.velocity(x, 0.5), model.velocity(x, 0.5))


def test_the_command_drags_and_keeps_the_rest(folder, picture, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    to_pil(picture[0]).save("in.png")
    to_pil(left().expand(3, -1, -1)).save("mask.png")
    words = ["edit", "in.png", "--points", "30,40 -> 50,44", "--mask", "mask.png", "--model", str(folder[0])]
    main([*words, "--steps", "4", "--prompt", "a cat", "-o", "out.png"])
    after, before = (to_tensor(Image.open(name)) for name in ("out.png", "in.png"))
    assert torch.equal(after[..., 64:], before[..., 64:]) and (after - before).abs().mean() > 0.01
    assert "The attention of this model is not recorded" in capsys.readouterr().err
    for method in ("dynadrag", "instantdrag", "lightningdrag", "warp"):
        sentence = f"is a flow-matching model, which serves FastDrag alone; {method} needs a model with a UNet"
        with pytest.raises(SystemExit, match=sentence):
            main([*words, "--method", method, "-o", "out.png"])


def test_a_damaged_folder_is_named(tmp_path):
    folder = flow_pipeline(tmp_path / "model", "flux")
    (folder / "transformer/config.json").unlink()
    with pytest.raises(CheckpointError, match="model cannot be loaded: "):
        load_flow_model(folder)
