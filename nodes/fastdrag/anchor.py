"""What may not change is led back along the path on which it was inverted, at no further evaluation (as DragFlow's and
KV-Edit's backgrounds are)."""

import logging

import torch
from comfy.patcher_extension import WrappersMP
from comfy_api.latest import io

from ...kernels.diffusion.anchor import Path, lands_on
from ..distilled_guidance import faithful
from ..fitting import mask_of_latent
from ..inputs import MASK_INPUT
from ..model_space import is_flow
from ..picture_cells import picture_cells
from ..types import KVCacheType, schema

NODE = "Anchor Background"


class _Anchor:
    """A post-CFG function: outside region (bool, in the axes of the latents) every step ends on path."""

    def __init__(self, path, region):
        self.path, self.region = path, region

    def __call__(self, args):
        x, denoised, sigma = args["input"], args["denoised"], float(args["sigma"][0])
        first = self.path.latents[0]
        if x.shape[1:] != first.shape[1:] or len(x) % len(first):
            raise ValueError(
                f"{NODE}: the sampler has a latent of shape {list(x.shape)}, but {list(first.shape)} was inverted; "
                "sample what KV-Cache Inversion noised, at its size"
            )
        ahead = args["model_options"]["transformer_options"]["sample_sigmas"].tolist()
        # solvers that look between two levels go to the next one, too
        following = max((level for level in ahead if level < sigma), default=0.0)
        target = self.path.at(following).to(x)
        repeats = (len(x) // len(first), *(1,) * (x.ndim - 1))
        held = lands_on(target.repeat(repeats), x, sigma, following)
        region = self.region.to(x.device)
        region = region.repeat(len(x) // len(region), *repeats[1:])
        return torch.where(region, denoised, held)


def _comes_last(anchor):
    """A wrapper that has the anchor act on what the other functions behind CFG return, whenever they were added."""

    def sample(executor, *args, **kwargs):
        options = executor.class_obj.model_options
        functions = options["sampler_post_cfg_function"]
        options["sampler_post_cfg_function"] = [one for one in functions if one is not anchor] + [anchor]
        return executor(*args, **kwargs)

    return sample


class AnchorBackground(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitAnchorBackground",
            display_name=NODE,
            description="Outside the mask the sampler returns exactly the latent that was inverted. Costs nothing.",
            search_aliases=["keep background", "FastDrag", "DragFlow", "KV-Edit", "preserve", "inversion"],
            inputs=[
                io.Model.Input("model", tooltip="The model for the sampler, as from Apply KV Cache."),
                KVCacheType.Input("kv_cache", tooltip="From KV-Cache Inversion; it knows the path."),
                MASK_INPUT,
            ],
            outputs=[
                io.Model.Output("anchored_model", display_name="anchored_model", tooltip="The model, for the sampler.")
            ],
        )

    @classmethod
    def execute(cls, model, kv_cache, mask=None):
        if kv_cache.is_flow != is_flow(model):
            raise ValueError(f"{NODE}: kv_cache was recorded with a model of another kind of noise; connect that one")
        picture = picture_cells({"samples": kv_cache.path[0]}, NODE)
        region = mask_of_latent(picture.of_picture(mask), picture.cells, NODE)
        if region is None:
            logging.info("%s: there is no mask, so everything may change and nothing is anchored", NODE)
            return io.NodeOutput(model)
        anchor = _Anchor(Path([0.0, *kv_cache.levels], kv_cache.path), picture.on_samples(region))
        anchored = model.clone()
        anchored.set_model_sampler_post_cfg_function(anchor)
        anchored.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, "dragkit_anchor", _comes_last(anchor))
        faithful(anchored)
        return io.NodeOutput(anchored)
