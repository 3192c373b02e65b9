"""A tiny LightningDrag in ComfyUI's folder."""

import pytest

from .graphs import saved, weights


@pytest.fixture(scope="session")
def file(comfy):
    return saved(comfy, "tiny.safetensors", weights())
