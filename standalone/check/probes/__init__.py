"""A pack for ComfyUI, beside DragKit in the one that `dragkit check` starts: random networks, nodes that measure."""


async def comfy_entrypoint():
    from comfy_api.latest import ComfyExtension

    from . import measures, sources

    class CheckExtension(ComfyExtension):
        async def get_node_list(self):
            return [
                sources.CheckModel, sources.CheckLightningDrag, sources.CheckSources, sources.CheckStopped,
                measures.CheckEvaluation, measures.CheckGradient, measures.CheckLatent, measures.CheckNetwork,
                measures.CheckMemory,
            ]  # fmt: skip

    return CheckExtension()
