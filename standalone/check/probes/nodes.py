"""Sources of random networks and seeded data, and probes that say what was measured in the history of a workflow."""

import time
from pathlib import Path

import comfy.model_management
import comfy.samplers
import folder_paths
import torch
from comfy.patcher_extension import WrappersMP
from comfy_api.latest import ComfyExtension, io

from .networks import DTYPES, KINDS, conditioning, lightning_drag, model_of, of_dragkit

LightningDrag = io.Custom("LIGHTNING_DRAG")
Flow = io.Custom("FLOW")
# what makes a workflow run again
TURN = io.Int.Input("turn", default=0, min=0)
WHOLE = io.Boolean.Input("whole", default=True)


def _schema(node_id, inputs, outputs=(), **options):
    return io.Schema(
        node_id=node_id, display_name=node_id, category="dragkit/check", inputs=inputs, outputs=list(outputs), **options
    )  # fmt: skip


def _drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _wait():
    device = comfy.model_management.get_torch_device()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return device


def _measured(function):
    """(seconds, most bytes in use meanwhile or None, what the function gives)."""
    device = _wait()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    start = time.perf_counter()
    found = function()
    _wait()
    seconds = time.perf_counter() - start
    return seconds, torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None, found


def _differs(found, expected):
    """Root mean square of the difference, in parts of that of what is expected."""
    found, expected = found.double(), expected.double()
    return ((found - expected).square().mean() / expected.square().mean()).sqrt().item()


class Said(io.ComfyNode):
    """Says a dictionary in the history; runs each time."""

    @classmethod
    def say(cls, **found):
        return io.NodeOutput(ui={"check": [found]})

    @classmethod
    def fingerprint_inputs(cls, **inputs):
        return time.time()


class CheckModel(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        kinds = io.Combo.Input("kind", options=list(KINDS))
        precision = io.Combo.Input("precision", options=list(DTYPES))
        return _schema("CheckModel", [kinds, WHOLE, precision], [io.Model.Output(), io.Conditioning.Output()])

    @classmethod
    def execute(cls, kind, whole, precision):
        return io.NodeOutput(model_of(kind, whole, precision), conditioning(kind))


class CheckLightningDrag(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return _schema("CheckLightningDrag", [WHOLE], [LightningDrag.Output()])

    @classmethod
    def execute(cls, whole):
        return io.NodeOutput(lightning_drag(whole))


class _Means:
    """A VAE whose latents are means of 8 x 8 pixels: an autoencoder takes the same time with any method."""

    latent_channels = 4

    def spacial_compression_encode(self):
        return 8

    def encode(self, pixels):
        mean = torch.nn.functional.avg_pool2d(2 * pixels.movedim(-1, 1) - 1, 8)
        return torch.cat((3 * mean, 0.5 - 2 * mean.mean(1, keepdim=True)), 1)


class CheckSources(io.ComfyNode):
    """A picture, the latent and the motion of that size, a mask of its middle, and a VAE."""

    @classmethod
    def define_schema(cls):
        outputs = [io.Image.Output(), io.Latent.Output(), Flow.Output(), io.Mask.Output(), io.Vae.Output()]
        return _schema("CheckSources", [io.Int.Input("cells", default=16, min=4), TURN], outputs)

    @classmethod
    def execute(cls, cells, turn):
        image = _drawn(1, 8 * cells, 8 * cells, 3, seed=turn).sigmoid()
        mask = torch.zeros(1, 8 * cells, 8 * cells)
        middle = slice(2 * cells, 6 * cells)
        mask[:, middle, middle] = 1
        latent = {"samples": _drawn(1, 4, cells, cells, seed=turn)}
        return io.NodeOutput(image, latent, 0.02 * _drawn(1, 2, 64, 64, seed=turn), mask, _Means())


class CheckEvaluation(Said):
    """Seconds and memory of one evaluation of a network, as samplers ask for it, and what it answers."""

    @classmethod
    def define_schema(cls):
        inputs = [
            io.Model.Input("model"), io.Conditioning.Input("positive"), io.Latent.Input("samples"),
            io.Float.Input("sigma", default=1.0), io.Int.Input("batch", default=1, min=1),
            io.Int.Input("runs", default=1, min=1), io.String.Input("like", default=""),
            io.String.Input("file", default=""),
        ]  # fmt: skip
        return _schema("CheckEvaluation", inputs, is_output_node=True)

    @classmethod
    def execute(cls, model, positive, samples, sigma, batch, runs, like, file):
        sampling = of_dragkit("nodes.sampling")
        seconds, peak, found = [], None, None

        def sample(network, x, sigmas, extra_args=None, callback=None, disable=None):
            nonlocal peak, found
            level = sigmas[0] * x.new_ones(len(x))
            network(x, level, **extra_args)
            for _ in range(runs):
                took, peak, found = _measured(lambda: network(x, level, **extra_args))
                seconds.append(took)
            return x

        channels = model.get_model_object("latent_format").latent_channels
        latent = samples["samples"].repeat(batch, channels // samples["samples"].shape[1], 1, 1)
        sampling.run_sampler(
            model, positive, latent, comfy.samplers.KSAMPLER(sample), torch.tensor([sigma, 0.0]), "Check"
        )
        found = found.float().cpu()
        folder = Path(folder_paths.get_temp_directory())
        folder.mkdir(exist_ok=True)
        if file:
            torch.save(found, folder / file)
        differs = _differs(found, torch.load(folder / like)) if like else None
        finite = bool(found.isfinite().all())
        return cls.say(
            seconds=sorted(seconds)[runs // 2], peak=peak, finite=finite, differs=differs if finite else None
        )


class CheckGradient(Said):
    """Seconds, memory and equality of the gradient that DynaDrag follows, with and without checkpointing."""

    @classmethod
    def define_schema(cls):
        inputs = [
            io.Model.Input("model"), io.Conditioning.Input("positive"), io.Latent.Input("samples"),
            io.Sigmas.Input("sigmas"),
        ]  # fmt: skip
        return _schema("CheckGradient", inputs, is_output_node=True)

    @classmethod
    def execute(cls, model, positive, samples, sigmas):
        gradients, space = of_dragkit("nodes.dynadrag.gradients"), of_dragkit("nodes.model_space")
        patched = gradients.differentiable(model)
        scale = gradients.loss_scale(model)
        found, said = {}, {}
        for way in ("off", "on"):
            within = gradients.Gradients(patched, positive, samples["samples"], sigmas, "last", way, "Check")

            def gradient(evaluate):
                z = space.to_vp(model, samples["samples"], float(sigmas[0])).requires_grad_()
                features, _ = evaluate(z, False)
                weights = _drawn(*features.shape).to(features) / features.numel() ** 0.5
                (scale * (features * weights).sum()).backward()
                return z.grad / scale

            def work(evaluate):
                gradient(evaluate)
                return _measured(lambda: gradient(evaluate))

            try:
                seconds, peak, found[way] = within(work)
            except comfy.model_management.OOM_EXCEPTION:
                comfy.model_management.soft_empty_cache()
                said[way] = None
                continue
            good = bool(found[way].isfinite().all() and found[way].any())
            said[way] = {"seconds": seconds, "peak": peak, "good": good}
        differs = _differs(found["on"], found["off"]) if len(found) == 2 else None
        return cls.say(**said, differs=differs)


class CheckLatent(Said):
    """Whether a latent is finite, and how much it differs from one of the same name that was kept before."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Latent.Input("samples"), io.String.Input("file", default=""), io.String.Input("like", default="")]
        return _schema("CheckLatent", inputs, is_output_node=True)

    @classmethod
    def execute(cls, samples, file, like):
        folder, found = Path(folder_paths.get_temp_directory()), samples["samples"]
        folder.mkdir(exist_ok=True)
        if file:
            torch.save(found, folder / file)
        equal = torch.equal(found, torch.load(folder / like)) if like else None
        return cls.say(finite=bool(found.isfinite().all()), spread=found.float().std().item(), equal=equal)


class CheckUsedUp(io.ComfyNode):
    """A MODEL that uses up the device's memory in its third evaluation, or, on the CPU, says so as torch does."""

    @classmethod
    def define_schema(cls):
        return _schema("CheckUsedUp", [io.Model.Input("model"), TURN], [io.Model.Output()])

    @classmethod
    def execute(cls, model, turn):
        left = 3

        def evaluate(executor, *args, **options):
            nonlocal left
            left -= 1
            if left == 0:
                device = comfy.model_management.get_torch_device()
                if device.type != "cuda":
                    raise comfy.model_management.OOM_EXCEPTION("Allocation on device (a stand-in)")
                # more than there is, whichever card it is
                torch.empty(1 << 42, dtype=torch.uint8, device=device)
            return executor(*args, **options)

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "dragkit_check", evaluate)
        return io.NodeOutput(model)


class CheckStopped(io.ComfyNode):
    """A MODEL whose run is interrupted, or has no memory left, in its at-th evaluation; 0 is never."""

    @classmethod
    def define_schema(cls):
        how = io.Combo.Input("how", options=["interrupt", "memory"])
        return _schema("CheckStopped", [io.Model.Input("model"), io.Int.Input("at", min=0), how], [io.Model.Output()])

    @classmethod
    def execute(cls, model, at, how):
        left = at

        def evaluate(executor, *args, **options):
            nonlocal left
            left -= 1
            if left == 0 and how == "memory":
                raise comfy.model_management.OOM_EXCEPTION("Allocation on device (a stand-in)")
            if left == 0:
                comfy.model_management.interrupt_current_processing()
            return executor(*args, **options)

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "dragkit_check", evaluate)
        return io.NodeOutput(model)

    @classmethod
    def fingerprint_inputs(cls, **inputs):
        return time.time()


class CheckNetwork(Said):
    """What must not change of a MODEL: its weights, as a number, and what hangs on its modules."""

    @classmethod
    def define_schema(cls):
        return _schema("CheckNetwork", [io.Model.Input("model")], is_output_node=True)

    @classmethod
    def execute(cls, model):
        network = model.model.diffusion_model
        weights = sum(float(one.double().sum()) for one in network.parameters())
        hooks = sum(
            len(one._forward_hooks) + len(one._forward_pre_hooks) + ("forward" in vars(one))
            for one in network.modules()
        )
        return cls.say(weights=weights, hooks=hooks, patches=len(model.patches))


class CheckMemory(Said):
    """Bytes that are in use: allocated on the card, or resident where the system says it."""

    @classmethod
    def define_schema(cls):
        return _schema("CheckMemory", [io.Latent.Input("samples")], is_output_node=True)

    @classmethod
    def execute(cls, samples):
        device = _wait()
        if device.type == "cuda":
            return cls.say(bytes=torch.cuda.memory_allocated(device))
        status = Path("/proc/self/status")
        used = int(status.read_text().split("VmRSS:")[1].split()[0]) * 1024 if status.is_file() else None
        return cls.say(bytes=used)


class CheckExtension(ComfyExtension):
    async def get_node_list(self):
        return [
            CheckModel, CheckLightningDrag, CheckSources, CheckEvaluation, CheckGradient, CheckLatent, CheckUsedUp,
            CheckStopped, CheckNetwork, CheckMemory,
        ]  # fmt: skip
