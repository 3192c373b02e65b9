"""Models and scenes that tests of several rooms share."""

import pytest
from dragkit.kernels.diffusion.ddim import alphas_cumprod
from dragkit.kernels.lightningdrag.files import FORMAT, pack
from dragkit.standalone.models.drag_model import DragModel, load_demo
from dragkit.standalone.models.lightningdrag import load_lightningdrag
from dragkit.standalone.models.unet import Denoiser
from dragkit.standalone.scenes.ground_truth import cases
from safetensors.torch import save_file

from ..golden import lightningdrag_tiny as tiny
from ..golden.lightningdrag_tiny import NUMBERS
from .inpainting import unet


@pytest.fixture(scope="session")
def demo():
    return load_demo()


@pytest.fixture(scope="session")
def some_cases():
    """Scenes whose drag has a known outcome."""
    return list(cases(every=7))


@pytest.fixture(scope="session")
def model():
    """The inpainting model of LightningDrag's golden numbers."""
    network = unet().eval().requires_grad_(False)
    return DragModel(
        tiny.encode, lambda latent: latent[:, :3], Denoiser(network, NUMBERS["text_embeds"]), alphas_cumprod(),
        unprompted=NUMBERS["negative_text_embeds"],
    )  # fmt: skip


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    """The file of its LightningDrag."""
    path = tmp_path_factory.mktemp("light") / "light.safetensors"
    save_file(pack(tiny.drag_weights()), path, {"format": FORMAT})
    return path


@pytest.fixture(scope="session")
def drag(file, model):
    """That LightningDrag, loaded."""
    return load_lightningdrag(file, model)
