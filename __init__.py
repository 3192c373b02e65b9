"""DragKit: drag-based image editing nodes for ComfyUI."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    from .nodes import DragKit

    return DragKit()
