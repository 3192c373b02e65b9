"""Guidance that a network was taught (FLUX.1 dev, FLUX.2): a number in its conditioning, which ComfyUI takes for 3.5
where nobody named one. A picture comes back only at what it was inverted at, and best at 1."""

from comfy.patcher_extension import WrappersMP

FAITHFUL = 1.0
KEY = "guidance"


def takes_guidance(model):
    """Whether the model's network has such an input."""
    network = model.get_model_object("diffusion_model")
    return bool(getattr(getattr(network, "params", None), "guidance_embed", False))


def names_guidance(positive):
    return any(KEY in options for _, options in positive)


def with_guidance(model, positive):
    """The CONDITIONING, faithful where it names no guidance and the model takes one."""
    if not takes_guidance(model):
        return positive
    return [[tokens, {KEY: FAITHFUL} | options] for tokens, options in positive]


def faithful(model):
    """Adds to the (cloned) model that sampling is at that guidance, too, where its conditioning names none."""
    if not takes_guidance(model):
        return

    def sample(executor, *args, **kwargs):
        # of this run alone
        for conds in executor.class_obj.conds.values():
            for cond in conds:
                cond.setdefault(KEY, FAITHFUL)
        return executor(*args, **kwargs)

    model.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, "dragkit_guidance", sample)
