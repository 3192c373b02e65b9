"""Nodes for the tests on a real ComfyUI server: tiny random models, probes, patches as other packs apply them."""


async def comfy_entrypoint():
    from .nodes import TestExtension

    return TestExtension()
