"""Nodes that measure, and say what they found in the history of their workflow."""

import time
from pathlib import Path

import comfy.model_management
import comfy.samplers
import folder_paths
import torch
from comfy_api.latest import io

from .networks import of_dragkit
from .schema import drawn, schema


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
        return schema("CheckEvaluation", inputs, is_output_node=True)

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
        return schema("CheckGradient", inputs, is_output_node=True)

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
                weights = drawn(*features.shape).to(features) / features.numel() ** 0.5
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
        return schema("CheckLatent", inputs, is_output_node=True)

    @classmethod
    def execute(cls, samples, file, like):
        folder, found = Path(folder_paths.get_temp_directory()), samples["samples"]
        folder.mkdir(exist_ok=True)
        if file:
            torch.save(found, folder / file)
        equal = torch.equal(found, torch.load(folder / like)) if like else None
        return cls.say(finite=bool(found.isfinite().all()), spread=found.float().std().item(), equal=equal)


class CheckNetwork(Said):
    """What must not change of a MODEL: its weights, as a number, and what hangs on its modules."""

    @classmethod
    def define_schema(cls):
        return schema("CheckNetwork", [io.Model.Input("model")], is_output_node=True)

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
        return schema("CheckMemory", [io.Latent.Input("samples")], is_output_node=True)

    @classmethod
    def execute(cls, samples):
        device = _wait()
        if device.type == "cuda":
            return cls.say(bytes=torch.cuda.memory_allocated(device))
        status = Path("/proc/self/status")
        used = int(status.read_text().split("VmRSS:")[1].split()[0]) * 1024 if status.is_file() else None
        return cls.say(bytes=used)
