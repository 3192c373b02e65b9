"""A pack for ComfyUI, beside DragKit in the one that `dragkit check` starts: random networks, nodes that measure."""


async def comfy_entrypoint():
    from .nodes import CheckExtension

    return CheckExtension()
