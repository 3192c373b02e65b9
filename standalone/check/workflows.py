"""Workflows of the methods, for ComfyUI: on the bundled demo model, and on the random networks of the probes."""

DRAG = "150,178 -> 118,178\n60,90 -> 70,80"
# of any picture
RELATIVE = (
    '{"format":"dragkit.points","version":1,"points":[{"handle":[0.4,0.45],"target":[0.55,0.5]},'
    '{"handle":[0.6,0.5],"target":[0.62,0.45]}]}'
)
STEPS, INSTANTDRAG_STEPS, LIGHTNINGDRAG_STEPS, LIGHTNINGDRAG_SCALE = 10, 20, 8, 3.0
# of the schedule: evaluations of FastDrag, there and back
STRENGTH, FASTDRAG_EVALUATIONS = 0.7, 14


def _node(class_type, **inputs):
    return {"class_type": class_type, "inputs": inputs}


def _demo(drag=DRAG, network="plain"):
    return {
        "demo": _node("DragKitDemoModel", photograph="chelsea", network=network),
        "points": _node("DragKitDragPoints", points=drag, image=["demo", 3]),
    }


def _sampled(model, positive, negative, latent, policy):
    """FastDrag from a latent to a latent, that of the node "sampled"."""
    return {
        "inverted": _node(
            "DragKitKVCacheInversion", model=model, positive=positive, samples=latent, cache_device=policy, steps=STEPS,
            strength=STRENGTH, refinement=0, blocks="decoder",
        ),
        "warped": _node(
            "DragKitLatentWarpage", samples=["inverted", 0], drag_points=["points", 0], mode="inverse"
        ),
        "filled": _node("DragKitBNNI", samples=["warped", 0], holes=["warped", 1], mode="simultaneous"),
        "cached": _node(
            "DragKitApplyKVCache", model=model, kv_cache=["inverted", 1], start=0.0, end=1.0, strength=1.0
        ),
        "euler": _node("KSamplerSelect", sampler_name="euler"),
        "sampled": _node(
            "SamplerCustom", model=["cached", 0], add_noise=False, noise_seed=0, cfg=1.0, positive=positive,
            negative=negative, sampler=["euler", 0], sigmas=["inverted", 2], latent_image=["filled", 0],
        ),
    }  # fmt: skip


def fastdrag(policy):
    """The workflow of FastDrag, whose picture the node "saved" writes."""
    return (
        _demo()
        | {"latent": _node("VAEEncode", pixels=["demo", 3], vae=["demo", 1])}
        | _sampled(["demo", 0], ["demo", 2], ["demo", 2], ["latent", 0], policy)
        | {
            "decoded": _node("VAEDecode", samples=["sampled", 0], vae=["demo", 1]),
            "saved": _node("SaveImage", images=["decoded", 0], filename_prefix="check"),
        }
    )


def dynadrag(checkpointing):
    """The workflow of two rounds of DynaDrag by tracking, whose picture the node "saved" writes."""
    return _demo() | {
        "dragged": _node(
            "DragKitDynaDrag", model=["demo", 0], vae=["demo", 1], positive=["demo", 2], image=["demo", 3],
            drag_points=["points", 0], rounds=2, steps=5, strength=0.6, adam_steps=2, learning_rate=0.2, radius=4,
            mask_weight=0.1, selection="every", tolerance=2.0, preview_steps=1, block="last",
            checkpointing=checkpointing,
        ),
        "saved": _node("SaveImage", images=["dragged", 1], filename_prefix="check"),
    }  # fmt: skip


def _random(kind, whole, precision, cells, turn):
    """A random network with a picture of so many cells; another turn has another picture."""
    return {
        "model": _node("CheckModel", kind=kind, whole=whole, precision=precision),
        "sources": _node("CheckSources", cells=cells, turn=turn),
        "points": _node("DragKitDragPoints", points=RELATIVE, image=["sources", 0]),
    }


MODEL, EMPTY = ["model", 0], ["model", 1]
IMAGE, LATENT, FLOW, MASK, VAE = (["sources", i] for i in range(5))


def _evaluated(positive, batch, file="", like="", runs=3):
    return _node(
        "CheckEvaluation", model=MODEL, positive=positive, samples=LATENT, batch=batch, sigma=1.0, runs=runs, file=file,
        like=like,
    )  # fmt: skip


def evaluation(kind, whole, precision, cells, file="", like="", runs=1):
    """The node "evaluation" says what one evaluation takes, keeps its answer as file, and compares it with like."""
    return _random(kind, whole, precision, cells, 0) | {"evaluation": _evaluated(EMPTY, 1, file, like, runs)}


def fastdrag_of(whole, precision, cells, turn, kind="SD1.5", policy="auto", file="", like=""):
    """FastDrag on a random network; the node "latent" looks at what comes out."""
    return (
        _random(kind, whole, precision, cells, turn)
        | _sampled(MODEL, EMPTY, EMPTY, LATENT, policy)
        | {"latent": _node("CheckLatent", samples=["sampled", 0], file=file, like=like)}
    )


def used_up(turn):
    """FastDrag on a small random network that uses up the memory on its way back."""
    nodes = fastdrag_of(False, "float32", 16, turn)
    nodes["used_up"] = _node("CheckStopped", model=["cached", 0], at=3, how="memory")
    nodes["sampled"]["inputs"]["model"] = ["used_up", 0]
    return nodes


def memory_after(turn):
    """FastDrag on a small random network; the node "memory" says what is in use after it."""
    return fastdrag_of(False, "float32", 16, turn) | {"memory": _node("CheckMemory", samples=["sampled", 0])}


def gradient(kind, whole, precision, cells):
    """DynaDrag's gradient in the node "gradient", after an inversion."""
    nodes = _random(kind, whole, precision, cells, 0) | _sampled(MODEL, EMPTY, EMPTY, LATENT, "auto")
    said = _node("CheckGradient", model=MODEL, positive=EMPTY, samples=["inverted", 0], sigmas=["inverted", 2])
    return {name: nodes[name] for name in ("model", "sources", "inverted")} | {"gradient": said}


def _instantdrag(steps, model, empty, vae, image, flow):
    return {
        "seen": _node(
            "DragKitInstantDragConditioning", conditioning=empty, vae=vae, image=image, flow=flow, flow_strength=1.0
        ),
        "guider": _node(
            "DualCFGGuider", model=model, cond1=["seen", 0], cond2=["seen", 1], negative=["seen", 2], cfg_conds=1.5,
            cfg_cond2_negative=1.5, style="regular",
        ),
        "noise": _node("RandomNoise", noise_seed=1),
        "euler": _node("KSamplerSelect", sampler_name="euler"),
        "sigmas": _node("BasicScheduler", model=model, scheduler="ddim_uniform", steps=steps, denoise=1.0),
        "sampled": _node(
            "SamplerCustomAdvanced", noise=["noise", 0], guider=["guider", 0], sampler=["euler", 0],
            sigmas=["sigmas", 0], latent_image=["seen", 3],
        ),
    }  # fmt: skip


def _lightningdrag(model, empty, vae, image, mask):
    """With LIGHTNING_DRAG of the node "lightning"."""
    return {
        "seen": _node(
            "DragKitApplyLightningDrag", model=model, lightning_drag=["lightning", 0], vae=vae, image=image, mask=mask,
            drag_points=["points", 0], positive=empty, negative=empty, decay="inv_square", guided_steps=0,
            keep_outside=True,
        ),
        "sampled": _node(
            "KSampler", model=["seen", 0], positive=["seen", 1], negative=["seen", 2], latent_image=["seen", 3], seed=0,
            steps=LIGHTNINGDRAG_STEPS, cfg=LIGHTNINGDRAG_SCALE, sampler_name="ddim", scheduler="ddim_uniform",
            denoise=1.0,
        ),
    }  # fmt: skip


def instantdrag_of(whole, precision, cells, turn, steps=INSTANTDRAG_STEPS):
    """InstantDrag on a random FlowDiffusion; "evaluation" is the batch of three of a step."""
    return _edit(
        "FlowDiffusion",
        whole,
        precision,
        cells,
        turn,
        _instantdrag(steps, MODEL, EMPTY, VAE, IMAGE, FLOW),
        ["seen", 0],
        3,
    )


def lightningdrag_of(whole, precision, cells, turn):
    """LightningDrag on a random inpainting network; "evaluation" is the plain batch of two of a step."""
    nodes = _lightningdrag(MODEL, EMPTY, VAE, IMAGE, MASK) | {"lightning": _node("CheckLightningDrag", whole=whole)}
    return _edit("SD1.5 inpainting", whole, precision, cells, turn, nodes, ["seen", 1], 2)


def _edit(kind, whole, precision, cells, turn, nodes, positive, batch):
    """(the edit, whose result the node "latent" looks at; the bare evaluation)."""
    nodes = _random(kind, whole, precision, cells, turn) | nodes
    one = _evaluated(positive, batch)
    return nodes | {"latent": _node("CheckLatent", samples=["sampled", 0], file="", like="")}, nodes | {
        "evaluation": one
    }


# of the bundled models, with every edit's own drag
DEMO_VAE, DEMO_EMPTY, DEMO_IMAGE = ["demo", 1], ["demo", 2], ["demo", 3]


def _demo_fastdrag(model):
    return {"encoded": _node("VAEEncode", pixels=DEMO_IMAGE, vae=DEMO_VAE)} | _sampled(
        model, DEMO_EMPTY, DEMO_EMPTY, ["encoded", 0], "auto"
    )


def _demo_dynadrag(model):
    nodes = dynadrag("off")["dragged"]
    return {"sampled": nodes | {"inputs": nodes["inputs"] | {"model": model}}}


def _demo_instantdrag(model):
    flow = {
        "predictor": _node("DragKitLoadMotionPredictor", predictor="dragkit-motion (bundled)"),
        "flow": _node(
            "DragKitFlowGen", network=["predictor", 0], image=DEMO_IMAGE, drag_points=["points", 0], scale=0.0,
            mode="proportional", border="free",
        ),
    }  # fmt: skip
    return flow | _instantdrag(8, model, DEMO_EMPTY, DEMO_VAE, DEMO_IMAGE, ["flow", 0])


def _demo_lightningdrag(model):
    name = "dragkit-lightningdrag (bundled, of the demo model)"
    return {"lightning": _node("DragKitLoadLightningDrag", model_name=name)} | _lightningdrag(
        model, DEMO_EMPTY, DEMO_VAE, DEMO_IMAGE, ["points", 1]
    )


FLOWDIFFUSION = "dragkit-flowdiffusion (bundled, of the demo model)"
# {method: (its part of a workflow, of the MODEL; the demo's network)}
DEMO_METHODS = {
    "FastDrag": (_demo_fastdrag, "plain"),
    "DynaDrag": (_demo_dynadrag, "plain"),
    "InstantDrag": (_demo_instantdrag, "plain"),
    "LightningDrag": (_demo_lightningdrag, "inpainting"),
}


def demo_edit(method, turn, at=0, how="interrupt", file="", like=""):
    """One of DEMO_METHODS on the demo model, which is stopped in the at-th evaluation; another turn drags elsewhere.
    The nodes "latent", "network" and "memory" look at what comes out."""
    make, network = DEMO_METHODS[method]
    nodes = _demo(f"150,178 -> {110 + turn % 40},{170 + turn % 17}", network)
    source = ["demo", 0]
    if method == "InstantDrag":
        nodes["flowdiffusion"] = _node("DragKitLoadFlowDiffusion", model_name=FLOWDIFFUSION)
        source = ["flowdiffusion", 0]
    nodes["stopped"] = _node("CheckStopped", model=source, at=at, how=how)
    return nodes | make(["stopped", 0]) | {
        "latent": _node("CheckLatent", samples=["sampled", 0], file=file, like=like),
        "network": _node("CheckNetwork", model=source),
        "memory": _node("CheckMemory", samples=["sampled", 0]),
    }  # fmt: skip
