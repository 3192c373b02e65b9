"""The test nodes: sources of tiny models and data, patches as other packs apply them, probes for the client."""

import copy
import dataclasses
import gc
import sys
import time
from pathlib import Path

import comfy.clip_vision
import comfy.latent_formats
import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.model_sampling
import comfy.samplers
import comfy.sd
import comfy.supported_models
import comfy.utils
import execution
import folder_paths
import numpy as np
import psutil
import torch
from comfy.k_diffusion.sampling import sample_lcm
from comfy.ldm.modules.attention import optimized_attention
from comfy.patcher_extension import WrappersMP
from comfy_api.latest import ComfyExtension, io
from safetensors.torch import load_file, save_file

from . import edit_models, flow_models, models

CATEGORY = "dragkit/tests"
# these take a text of one length alone
ONE_LENGTH = ("wan",)
SEED = io.Int.Input("seed", default=0, min=0)
Counter = io.Custom("TEST_COUNTER")
Found = io.Custom("TEST_FOUND")


def schema(node_id, inputs, outputs=(), **options):
    return io.Schema(
        node_id=node_id,
        display_name=node_id,
        category=CATEGORY,
        inputs=inputs,
        outputs=list(outputs),
        hidden=[],
        **options,
    )


def generator(seed):
    return torch.Generator().manual_seed(seed)


class TestTinyModel(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        inputs = [io.Combo.Input("kind", options=[*models.KINDS, *flow_models.KINDS]), SEED]
        outputs = [io.Model.Output(), io.Conditioning.Output("positive"), io.Conditioning.Output("negative")]
        return schema("TestTinyModel", inputs, outputs)

    @classmethod
    def execute(cls, kind, seed):
        if kind in flow_models.KINDS:
            # a negative of another length
            negative = flow_models.conditioning(kind, seed + 2, flow_models.TOKENS + 3 * (kind not in ONE_LENGTH))
            return io.NodeOutput(
                flow_models.model_patcher(kind, seed), flow_models.conditioning(kind, seed + 1), negative
            )
        return io.NodeOutput(
            models.model_patcher(kind, seed), models.conditioning(kind, seed + 1), models.conditioning(kind, seed + 2)
        )


class TestHalfModel(io.ComfyNode):
    """The model of TestTinyModel in bfloat16."""

    @classmethod
    def define_schema(cls):
        return schema("TestHalfModel", [io.Combo.Input("kind", options=models.KINDS), SEED], [io.Model.Output()])

    @classmethod
    def execute(cls, kind, seed):
        return io.NodeOutput(models.model_patcher(kind, seed, torch.bfloat16))


class TestTinyEditModel(io.ComfyNode):
    """A tiny edit model of those that this ComfyUI has, and texts for it; references come from stock nodes."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Combo.Input("kind", options=edit_models.KINDS), SEED]
        outputs = [io.Model.Output(), *(io.Conditioning.Output(name) for name in ("positive", "other", "negative"))]
        return schema("TestTinyEditModel", inputs, outputs)

    @classmethod
    def execute(cls, kind, seed):
        texts = (edit_models.conditioning(kind, seed + i) for i in (1, 2, 3))
        return io.NodeOutput(flow_models.model_patcher(kind, seed), *texts)


class TestCellVAE(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema("TestCellVAE", [io.Combo.Input("kind", options=edit_models.KINDS)], [io.Vae.Output()])

    @classmethod
    def execute(cls, kind):
        return io.NodeOutput(edit_models.CellVAE(kind))


class TestTinyVAE(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        channels = io.Int.Input("channels", default=4, min=1, max=64, optional=True)
        return schema("TestTinyVAE", [SEED, channels], [io.Vae.Output()])

    @classmethod
    def execute(cls, seed, channels=4):
        return io.NodeOutput(models.vae(seed, channels))


class TestNoUNet(io.ComfyNode):
    """A model whose network is none of the known ones."""

    @classmethod
    def define_schema(cls):
        return schema("TestNoUNet", [], [io.Model.Output()])

    @classmethod
    def execute(cls):
        model = models.model_patcher("sd15", 0)
        model.add_object_patch("diffusion_model", torch.nn.Identity())
        return io.NodeOutput(model)


class TestLatent(io.ComfyNode):
    """Gaussian latents with the spread that Stable Diffusion's VAE gives them, unit variance inside the model."""

    @classmethod
    def define_schema(cls):
        inputs = [
            io.Int.Input("width", default=128, min=8, max=4096, step=8),
            io.Int.Input("height", default=128, min=8, max=4096, step=8),
            io.Int.Input("batch", default=1, min=1, max=64),
            SEED,
            io.Int.Input("channels", default=4, min=1, max=64),
        ]
        return schema("TestLatent", inputs, [io.Latent.Output()])

    @classmethod
    def execute(cls, width, height, batch, seed, channels):
        noise = torch.randn(batch, channels, height // 8, width // 8, generator=generator(seed))
        return io.NodeOutput({"samples": noise / 0.18215})


class TestDiffusersFlow(io.ComfyNode):
    """MODEL and CONDITIONING of a file with a transformer by diffusers' names, and its `text` and `pooled`."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Combo.Input("kind", options=["flux", "sd3", "qwen"]), io.String.Input("file")]
        return schema("TestDiffusersFlow", inputs, [io.Model.Output(), io.Conditioning.Output()])

    @classmethod
    def execute(cls, kind, file):
        weights = load_file(Path(folder_paths.get_input_directory(), file))
        text, pooled = weights.pop("text"), weights.pop("pooled", None)
        options = {} if pooled is None else {"pooled_output": pooled}
        return io.NodeOutput(flow_models.from_diffusers(kind, weights), [[text, options]])


class TestModelLatent(io.ComfyNode):
    """Smooth latents of the shape and spread that the model's have."""

    @classmethod
    def define_schema(cls):
        sides = [io.Int.Input(name, default=16, min=1, max=512) for name in ("columns", "rows")]
        inputs = [io.Model.Input("model"), *sides, io.Int.Input("batch", default=1, min=1, max=64), SEED]
        return schema("TestModelLatent", inputs, [io.Latent.Output()])

    @classmethod
    def execute(cls, model, columns, rows, batch, seed):
        return io.NodeOutput({"samples": flow_models.latent(model, columns, rows, batch, seed)})


class TestImage(io.ComfyNode):
    """A smooth random picture, and a mask of its middle."""

    @classmethod
    def define_schema(cls):
        inputs = [
            io.Int.Input("width", default=128, min=8, max=4096),
            io.Int.Input("height", default=128, min=8, max=4096),
            io.Int.Input("batch", default=1, min=1, max=64),
            SEED,
        ]
        return schema("TestImage", inputs, [io.Image.Output(), io.Mask.Output()])

    @classmethod
    def execute(cls, width, height, batch, seed):
        coarse = torch.rand(batch, 3, 5, 5, generator=generator(seed))
        image = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear").movedim(1, -1)
        mask = torch.zeros(batch, height, width)
        mask[:, height // 4 : -(height // 4), width // 4 : -(width // 4)] = 1
        return io.NodeOutput(image, mask)


class TestSigmas(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema("TestSigmas", [io.String.Input("values", default="1, 0")], [io.Sigmas.Output()])

    @classmethod
    def execute(cls, values):
        return io.NodeOutput(torch.tensor([float(value) for value in values.split(",")]))


class TestTensor(io.ComfyNode):
    """The tensor `tensor` of a safetensors file in the input folder, as whatever socket is connected."""

    @classmethod
    def define_schema(cls):
        kinds = (io.Image, io.Mask, io.Latent, io.Custom("FLOW"), io.Conditioning, io.Sigmas)
        return schema("TestTensor", [io.String.Input("file")], [kind.Output() for kind in kinds])

    @classmethod
    def execute(cls, file):
        tensor = load_file(Path(folder_paths.get_input_directory(), file))["tensor"]
        return io.NodeOutput(tensor, tensor, {"samples": tensor}, tensor, [[tensor, {}]], tensor)


class TestStandIn(io.ComfyNode):
    """The MODEL with a formula of latent 4, picture 4, flow 2 and timestep in the place of its network."""

    @classmethod
    def define_schema(cls):
        return schema("TestStandIn", [io.Model.Input("model")], [io.Model.Output()])

    @classmethod
    def execute(cls, model):
        def formula(executor, x, timesteps, context, *args, **options):
            latent, picture, flow = x.split((4, 4, 2), 1)
            along = 2 * flow[:, :1] - flow[:, 1:]
            level = 0.7 + timesteps.view(-1, 1, 1, 1) / 3000
            text = context.mean((1, 2)).view(-1, 1, 1, 1)
            return torch.sin(latent + 0.5 * picture) * level + 0.3 * latent + 0.8 * along + 0.05 * text

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "dragkit_tests_stand_in", formula)
        return io.NodeOutput(model)


class MeanVAE:
    """Has 8x8 means for a latent."""

    def __init__(self, channels):
        self.latent_channels = channels

    def spacial_compression_encode(self):
        return 8

    def encode(self, pixels):
        mean = torch.nn.functional.avg_pool2d(2 * pixels.movedim(-1, 1) - 1, 8)
        return torch.cat((3 * mean, 0.5 - 2 * mean.mean(1, keepdim=True)), 1)


class TestMeanVAE(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema("TestMeanVAE", [io.Int.Input("channels", default=4)], [io.Vae.Output()])

    @classmethod
    def execute(cls, channels):
        return io.NodeOutput(MeanVAE(channels))


class TestInvertedVAE(io.ComfyNode):
    """The VAE with pictures in inverted colours."""

    @classmethod
    def define_schema(cls):
        return schema("TestInvertedVAE", [io.Vae.Input("vae")], [io.Vae.Output()])

    @classmethod
    def execute(cls, vae):
        inverted = copy.copy(vae)
        inverted.decode = lambda latent: 1 - vae.decode(latent)
        return io.NodeOutput(inverted)


class TestGoldenLightningDrag(io.ComfyNode):
    """The tiny inpainting UNet of a file with diffusers' names, and LIGHTNING_DRAG with its appearance encoder made."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Custom("LIGHTNING_DRAG").Input("lightning_drag"), io.String.Input("file"), io.Int.Input("heads")]
        return schema("TestGoldenLightningDrag", inputs, [io.Model.Output(), io.Custom("LIGHTNING_DRAG").Output()])

    @classmethod
    def execute(cls, lightning_drag, file, heads):
        sd15, config = of_dragkit("nodes.sd15"), comfy.supported_models.SD15
        weights = sd15.from_diffusers(load_file(Path(folder_paths.get_input_directory(), file)))
        config.custom_operations = models.EightGroups
        try:
            lightning_drag.appearance(heads)
            return io.NodeOutput(sd15.sd15_patcher(weights, file, config, heads), lightning_drag)
        finally:
            config.custom_operations = None


class TestImageEmbeds(io.ComfyNode):
    """CLIP vision's output with the embedding in a file."""

    @classmethod
    def define_schema(cls):
        return schema("TestImageEmbeds", [io.String.Input("file")], [io.ClipVisionOutput.Output()])

    @classmethod
    def execute(cls, file):
        output = comfy.clip_vision.Output()
        output["image_embeds"] = load_file(Path(folder_paths.get_input_directory(), file))["tensor"]
        return io.NodeOutput(output)


class TestLCMSampler(io.ComfyNode):
    """ComfyUI's lcm sampler with the noises [steps, ...] of a file."""

    @classmethod
    def define_schema(cls):
        return schema("TestLCMSampler", [io.String.Input("file")], [io.Sampler.Output()])

    @classmethod
    def execute(cls, file):
        noises = load_file(Path(folder_paths.get_input_directory(), file))["tensor"]

        def sample(model, x, sigmas, **options):
            left = iter(noises)
            return sample_lcm(model, x, sigmas, noise_sampler=lambda *_: next(left).to(x), **options)

        return io.NodeOutput(comfy.samplers.KSAMPLER(sample))


class TestReload(io.ComfyNode):
    """The MODEL made again in the way that it names itself, which later versions use."""

    @classmethod
    def define_schema(cls):
        return schema("TestReload", [io.Model.Input("model")], [io.Model.Output()])

    @classmethod
    def execute(cls, model):
        make, arguments = model.cached_patcher_init[:2]
        return io.NodeOutput(make(*arguments, disable_dynamic=True))


class TestLora(io.ComfyNode):
    """A rank 4 LoRA on every attention projection, through the stock LoRA code."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Model.Input("model"), SEED, io.Float.Input("strength", default=1.0, min=-10, max=10)]
        return schema("TestLora", inputs, [io.Model.Output()])

    @classmethod
    def execute(cls, model, seed, strength):
        random, lora = generator(seed), {}
        for key, weight in model.model.state_dict().items():
            attends = "attn" in key or "attention" in key
            if attends and weight.ndim == 2 and key.startswith("diffusion_model.") and key.endswith(".weight"):
                name, (rows, columns) = key.removesuffix(".weight"), weight.shape
                lora[f"{name}.lora_up.weight"] = torch.randn(rows, 4, generator=random) / 2
                lora[f"{name}.lora_down.weight"] = torch.randn(4, columns, generator=random) / columns**0.5
        return io.NodeOutput(comfy.sd.load_lora_for_models(model, None, lora, strength, 0)[0])


class TestAttn1Patch(io.ComfyNode):
    """A self-attention patch in the list that other packs share: larger keys, in each block by another factor."""

    @classmethod
    def define_schema(cls):
        return schema("TestAttn1Patch", [io.Model.Input("model")], [io.Model.Output()])

    @classmethod
    def execute(cls, model):
        model = model.clone()

        def enlarge(query, key, value, extra_options):
            return query, (1.1 + 0.05 * extra_options["block"][1]) * key, value

        model.set_model_attn1_patch(enlarge)
        return io.NodeOutput(model)


class TestAttn2Patch(io.ComfyNode):
    """Extra cross-attention to four random tokens in every block, by attn2 replacement as image prompt adapters do."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Model.Input("model"), SEED, io.Float.Input("weight", default=0.5, min=-10, max=10)]
        return schema("TestAttn2Patch", inputs, [io.Model.Output()])

    @classmethod
    def execute(cls, model, seed, weight):
        model = model.clone()

        def attend(query, key, value, extra_options):
            tokens = torch.randn(2, 1, 4, query.shape[-1], generator=generator(seed)).to(query)
            extra_key, extra_value = tokens.expand(-1, query.shape[0], -1, -1)
            heads = extra_options["n_heads"]
            extra = optimized_attention(query, extra_key, extra_value, heads)
            return optimized_attention(query, key, value, heads) + weight * extra

        for block, count in (("input", 12), ("middle", 1), ("output", 12)):
            for index in range(count):
                model.set_model_attn2_replace(attend, block, index)
        return io.NodeOutput(model)


class TestControl(io.ComfyNode):
    """A tiny ControlNet with a random hint, applied as the stock node does: to both branches, stacking on others."""

    @classmethod
    def define_schema(cls):
        inputs = [
            io.Conditioning.Input("conditioning"),
            io.Combo.Input("kind", options=models.KINDS),
            SEED,
            io.Float.Input("strength", default=1.0, min=0, max=10),
            io.Float.Input("end", default=1.0, min=0, max=1, optional=True),
        ]
        return schema("TestControl", inputs, [io.Conditioning.Output()])

    @classmethod
    def execute(cls, conditioning, kind, seed, strength, end=1.0):
        network = models.control_net(kind, seed)
        hint = torch.rand(1, 3, 64, 64, generator=generator(seed))
        result = []
        for tokens, options in conditioning:
            control = network.copy().set_cond_hint(hint, strength, (0.0, end))
            control.set_previous_controlnet(options.get("control"))
            result.append([tokens, options | {"control": control, "control_apply_to_uncond": True}])
        return io.NodeOutput(result)


class TestInstead(io.ComfyNode):
    """Evaluates the network otherwise than ComfyUI: in two parts, one after the other, twice, or not at all."""

    @classmethod
    def define_schema(cls):
        how = io.Combo.Input("how", options=["parts", "twice", "never"])
        return schema("TestInstead", [io.Model.Input("model"), how], [io.Model.Output()])

    @classmethod
    def execute(cls, model, how):
        def evaluate(apply_model, args):
            x, options = args["input"], args["c"]

            def network(part):
                return apply_model(part, args["timestep"], **options)

            if how == "parts":
                return torch.cat([network(part) for part in x.chunk(2, dim=-1)], dim=-1)
            return x / 2 if how == "never" else (network(x) + network(x)) / 2

        model = model.clone()
        model.set_model_unet_function_wrapper(evaluate)
        return io.NodeOutput(model)


class TestSplitBatch(io.ComfyNode):
    """Evaluates each conditioning by itself, last first, as ComfyUI does when memory is short."""

    @classmethod
    def define_schema(cls):
        return schema("TestSplitBatch", [io.Model.Input("model")], [io.Model.Output()])

    @classmethod
    def execute(cls, model):
        def split(executor, model, conds, *args):
            outputs = [None] * len(conds)
            for i in reversed(range(len(conds))):
                alone = [cond if i == j else None for j, cond in enumerate(conds)]
                outputs[i] = executor(model, alone, *args)[i]
            return outputs

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, "dragkit_tests", split)
        return io.NodeOutput(model)


@dataclasses.dataclass
class Evaluations:
    latents: list = dataclasses.field(default_factory=list)
    timesteps: list = dataclasses.field(default_factory=list)
    sigmas: list = dataclasses.field(default_factory=list)
    conds: list = dataclasses.field(default_factory=list)
    guidance: list = dataclasses.field(default_factory=list)


class Rerun(io.ComfyNode):
    """A node that is never answered from the server's cache, nor is anything behind it."""

    @classmethod
    def fingerprint_inputs(cls, **inputs):
        return time.monotonic_ns()


class TestCount(Rerun):
    """Counts evaluations of the network from now on; connect the counter to TestDump, `after` to what it waits for."""

    @classmethod
    def define_schema(cls):
        return schema("TestCount", [io.Model.Input("model")], [io.Model.Output(), Counter.Output("counter")])

    @classmethod
    def execute(cls, model):
        seen = Evaluations()

        def count(executor, x, timesteps, context, y, control, transformer_options, **options):
            seen.latents.append(len(x))
            seen.timesteps.append(float(timesteps[0]))
            seen.sigmas.append(float(transformer_options["sigmas"][0]))
            seen.conds.append(list(transformer_options["cond_or_uncond"]))
            return executor(x, timesteps, context, y, control, transformer_options, **options)

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "dragkit_tests_count", count)
        return io.NodeOutput(model, seen)


class TestOtherModel(io.ComfyNode):
    """The MODEL as one that makes a picture of a picture, of pixels, or of sound."""

    @classmethod
    def define_schema(cls):
        of = io.Combo.Input("of", options=["picture", "pixels", "sound"])
        return schema("TestOtherModel", [io.Model.Input("model"), of], [io.Model.Output()])

    @classmethod
    def execute(cls, model, of):
        model = model.clone()
        if of == "picture":
            model.add_object_patch("model_sampling", comfy.model_sampling.IMG_TO_IMG())
        else:
            formats = {"pixels": comfy.latent_formats.ChromaRadiance, "sound": comfy.latent_formats.StableAudio1}
            model.add_object_patch("latent_format", formats[of]())
        return io.NodeOutput(model)


class TestEvaluations(Rerun):
    """Counts what any network is asked from now on, and presses Cancel at the `stop`-th; 0 is never."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Model.Input("model"), io.Int.Input("stop", default=0, min=0)]
        return schema("TestEvaluations", inputs, [io.Model.Output(), Counter.Output("counter")])

    @classmethod
    def execute(cls, model, stop):
        seen = Evaluations()

        def count(executor, x, t, *args, **options):
            seen.latents.append(len(x))
            seen.sigmas.append(float(t[0]))
            # what FLUX is given, 0 where there is none
            seen.guidance.append(float(options["guidance"][0]) if options.get("guidance") is not None else 0.0)
            if len(seen.latents) == stop:
                comfy.model_management.interrupt_current_processing()
            return executor(x, t, *args, **options)

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.APPLY_MODEL, "dragkit_tests_evaluations", count)
        return io.NodeOutput(model, seen)


class TestReferences(Rerun):
    """Writes down each evaluation from now on: its sigma, how many latents each conditioning has in it, and for each
    conditioning which it is (0 positive, 1 negative) and which reference it has: 0 first, 1 second, -1 none."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Model.Input("model"), io.Latent.Input("first"), io.Latent.Input("second")]
        return schema("TestReferences", inputs, [io.Model.Output(), Found.Output("seen")])

    @classmethod
    def execute(cls, model, first, second):
        seen = {"sigmas": [], "latents": [], "conds": [], "references": []}

        def which(reference):
            known = [model.model.process_latent_in(one["samples"]).to(reference) for one in (first, second)]
            return [float((reference[:1] - one[:1]).abs().max()) < 1e-5 for one in known].index(True)

        def watch(executor, x, t, concat, text, control, transformer_options, **options):
            conds, given = transformer_options["cond_or_uncond"], options.get("ref_latents")
            references = [None] * len(conds) if given is None else given[0].chunk(len(conds))
            seen["sigmas"].append(float(t[0]))
            seen["latents"].append(len(x) // len(conds))
            seen["conds"].append(list(conds))
            seen["references"].append([-1 if one is None else which(one) for one in references])
            return executor(x, t, concat, text, control, transformer_options, **options)

        watched = model.clone()
        watched.add_wrapper_with_key(WrappersMP.APPLY_MODEL, "dragkit_tests_references", watch)
        return io.NodeOutput(watched, seen)


class TestInterrupt(Rerun):
    """Presses Cancel when the network has been evaluated `after` times."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Model.Input("model"), io.Int.Input("after", default=1, min=1)]
        return schema("TestInterrupt", inputs, [io.Model.Output()])

    @classmethod
    def execute(cls, model, after):
        left = after

        def interrupt(executor, *args, **options):
            nonlocal left
            result = executor(*args, **options)
            left -= 1
            if left == 0:
                comfy.model_management.interrupt_current_processing()
            return result

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "dragkit_tests_interrupt", interrupt)
        return io.NodeOutput(model)


class TestRecord(Rerun):
    """Keeps the last evaluation of the network from now on, what went in and what came out, for TestReplay."""

    @classmethod
    def define_schema(cls):
        return schema("TestRecord", [io.Model.Input("model")], [io.Model.Output(), Found.Output("record")])

    @classmethod
    def execute(cls, model):
        last = {}

        def record(executor, x, timesteps, context, y, control, transformer_options, **options):
            output = executor(x, timesteps, context, y, control, transformer_options, **options)
            last.update(x=x, timesteps=timesteps, context=context, y=y, output=output.detach())
            return output

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "dragkit_tests_record", record)
        return io.NodeOutput(model, last)


class TestReplay(Rerun):
    """What the network of another model gives for the evaluation that TestRecord kept, after `after` was made."""

    @classmethod
    def define_schema(cls):
        inputs = [io.Model.Input("model"), Found.Input("record"), io.AnyType.Input("after")]
        return schema("TestReplay", inputs, [Found.Output("found")])

    @classmethod
    def validate_inputs(cls, input_types):
        return True

    @classmethod
    def execute(cls, model, record, after):
        comfy.model_management.load_models_gpu([model])
        inputs = [record[name] for name in ("x", "timesteps", "context", "y")]
        output = model.model.diffusion_model(*inputs, None, model.model_options["transformer_options"])
        return io.NodeOutput({"recorded": record["output"], "replayed": output})


class TestProgress(Rerun):
    """Writes down what progress bars show from now on; connect `progress` to TestDump, `after` to what it waits for."""

    @classmethod
    def define_schema(cls):
        return schema("TestProgress", [io.Model.Input("model")], [io.Model.Output(), Found.Output("progress")])

    @classmethod
    def execute(cls, model):
        show, shown = comfy.utils.PROGRESS_BAR_HOOK, {"values": [], "totals": [], "previews": []}

        def write_down(value, total, preview, **options):
            shown["values"].append(value)
            shown["totals"].append(total)
            if preview is not None:
                shown["previews"].append(torch.from_numpy(np.array(preview[1])))
            return show(value, total, preview, **options)

        comfy.utils.set_progress_bar_global_hook(write_down)
        return io.NodeOutput(model, shown)


class TestFailure(Rerun):
    """Fails in the `at`-th evaluation of the network: the memory is used up, or what comes out is no number."""

    @classmethod
    def define_schema(cls):
        how = io.Combo.Input("how", options=["memory", "number"])
        return schema("TestFailure", [io.Model.Input("model"), io.Int.Input("at", min=1), how], [io.Model.Output()])

    @classmethod
    def execute(cls, model, at, how):
        left = at

        def fail(executor, *args, **options):
            nonlocal left
            result = executor(*args, **options)
            left -= 1
            if left == 0 and how == "memory":
                raise torch.cuda.OutOfMemoryError("out of memory")
            return result * float("nan") if left == 0 else result

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "dragkit_tests_failure", fail)
        return io.NodeOutput(model)


def of_dragkit(name):
    """A module of the pack, under the name by which ComfyUI loaded it."""
    return next(module for path, module in sys.modules.items() if path.endswith(f"dragkit.{name}"))


class TestGradient(Rerun):
    """Features and z_{t-1} of a latent by the pack's gradient route, the gradient of a smooth function of them, its
    slope along that gradient, and the difference quotient there; `ran` counts evaluations of the last decoder block,
    `left_before` and `left` what is on the network's modules that was not made with them."""

    @classmethod
    def define_schema(cls):
        inputs = [
            io.Model.Input("model"),
            io.Conditioning.Input("positive"),
            io.Latent.Input("samples"),
            io.Sigmas.Input("sigmas"),
            io.String.Input("block", default="last"),
            io.String.Input("checkpointing", default="off"),
            io.Boolean.Input("complete", default=True),
        ]
        return schema("TestGradient", inputs, [Found.Output("found")])

    @classmethod
    def execute(cls, model, positive, samples, sigmas, block, checkpointing, complete):
        gradients, space = of_dragkit("nodes.dynadrag.gradients"), of_dragkit("nodes.model_space")
        patched = gradients.differentiable(model)
        latent = samples["samples"]
        within = gradients.Gradients(patched, positive, latent, sigmas, block, checkpointing, "Test")
        network = model.model.diffusion_model

        def left():
            return sum(len(one._forward_hooks) + ("forward" in vars(one)) for one in network.modules())

        left_before = left()
        module, ran = network.output_blocks[-1][-1], []
        handle = module.register_forward_hook(lambda *_: ran.append(1))

        def work(evaluate):
            def value(z):
                features, previous = evaluate(z, complete)
                parts = [features] if previous is None else [features, previous]
                weights = [torch.randn(part.shape, generator=generator(i)).to(part) for i, part in enumerate(parts)]
                return sum((part * weight).sum() for part, weight in zip(parts, weights, strict=True)), parts

            z = space.to_vp(model, latent, float(sigmas[0])).requires_grad_()
            loss, parts = value(z)
            found = {"ran": len(ran)}
            loss.backward()
            along = z.grad / z.grad.norm()
            with torch.no_grad():
                quotient = (value(z + 0.01 * along)[0] - value(z - 0.01 * along)[0]) / 0.02
            return found | {
                "features": parts[0],
                "previous": None if len(parts) == 1 else parts[1],
                "gradient": z.grad,
                "slope": (z.grad * along).sum(),
                "quotient": quotient,
            }

        found = within(work)
        handle.remove()
        return io.NodeOutput(found | {"left_before": left_before, "left": left()})


class TestGate(Rerun):
    """Passes a picture on once there is a file `gate` in the output folder."""

    @classmethod
    def define_schema(cls):
        return schema("TestGate", [io.Image.Input("image")], [io.Image.Output()])

    @classmethod
    def execute(cls, image):
        while not Path(folder_paths.get_output_directory(), "gate").exists():
            comfy.model_management.throw_exception_if_processing_interrupted()
            time.sleep(0.01)
        return io.NodeOutput(image)


MEASURED = psutil.virtual_memory


class TestMemory(Rerun):
    """From now on the machine's memory is "short" as long as ComfyUI keeps a MODEL of an older workflow in its cache of
    results, or as it "is". `networks` counts those in memory; -1 where ComfyUI does not look at memory."""

    @classmethod
    def define_schema(cls):
        state = io.Combo.Input("state", options=["short", "is"])
        return schema("TestMemory", [state], [io.Int.Output("networks")])

    @classmethod
    def execute(cls, state):
        if not hasattr(execution.CacheType, "RAM_PRESSURE"):
            return io.NodeOutput(-1)
        cache = comfy.memory_management.extra_ram_release_callback.__self__

        def short():
            old = [entry for key, entry in cache.cache.items() if cache.used_generation[key] < cache.generation]
            outputs = [one for entry in old for output in entry.outputs or () for one in output]
            kept = any(isinstance(one, comfy.model_patcher.ModelPatcher) for one in outputs)
            return MEASURED()._replace(available=0 if kept else 1 << 50)

        psutil.virtual_memory = short if state == "short" else MEASURED
        gc.collect()
        return io.NodeOutput(sum(isinstance(one, comfy.model_base.BaseModel) for one in gc.get_objects()))


class TestAfter(io.ComfyNode):
    """Passes `any` on when `after` has been made."""

    @classmethod
    def define_schema(cls):
        inputs = [io.AnyType.Input("any"), io.AnyType.Input("after")]
        return schema("TestAfter", inputs, [io.AnyType.Output()])

    @classmethod
    def validate_inputs(cls, input_types):
        return True

    @classmethod
    def execute(cls, any, after):
        return io.NodeOutput(any)


def leaves(name, value):
    """(name, tensor or plain value) of everything inside `value`; a LATENT's samples carry the name itself."""
    if dataclasses.is_dataclass(value) or "dragkit" in type(value).__module__:
        value = vars(value)
    if isinstance(value, list | tuple) and value and all(isinstance(item, bool | int | float) for item in value):
        yield name, torch.tensor(value)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(f"{name}.{index}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(name if key == "samples" else f"{name}.{key}", item)
    elif isinstance(value, torch.Tensor):
        yield name, value.detach().cpu().contiguous().clone()
    elif isinstance(value, bool | int | float):
        yield name, torch.tensor(value)
    else:
        yield name, value if isinstance(value, str | None) else type(value).__name__


class TestDump(Rerun):
    """Sends everything inside `any` to the test, under `name`."""

    @classmethod
    def define_schema(cls):
        inputs = [
            io.AnyType.Input("any"),
            io.String.Input("name", default="value"),
            io.AnyType.Input("after", optional=True),
        ]
        return schema("TestDump", inputs, is_output_node=True)

    @classmethod
    def validate_inputs(cls, input_types):
        return True  # older versions compare "*" with the type of the link, unless a node checks the types itself

    @classmethod
    def execute(cls, any, name, after=None):
        found = dict(leaves(name, any))
        tensors = {key: value for key, value in found.items() if isinstance(value, torch.Tensor)}
        plain = {key: value for key, value in found.items() if key not in tensors}
        path = Path(folder_paths.get_output_directory(), "dumps", f"{time.monotonic_ns()}.safetensors")
        path.parent.mkdir(exist_ok=True)
        save_file(tensors, path)
        return io.NodeOutput(ui={"dump": [{"file": path.name, "plain": plain}]})


class TestExtension(ComfyExtension):
    async def get_node_list(self):
        return [
            TestTinyModel,
            TestHalfModel,
            TestTinyEditModel,
            TestCellVAE,
            TestTinyVAE,
            TestNoUNet,
            TestLatent,
            TestDiffusersFlow,
            TestModelLatent,
            TestImage,
            TestSigmas,
            TestTensor,
            TestStandIn,
            TestMeanVAE,
            TestInvertedVAE,
            TestReload,
            TestGoldenLightningDrag,
            TestLCMSampler,
            TestImageEmbeds,
            TestLora,
            TestAttn1Patch,
            TestAttn2Patch,
            TestControl,
            TestInstead,
            TestSplitBatch,
            TestCount,
            TestOtherModel,
            TestEvaluations,
            TestReferences,
            TestInterrupt,
            TestFailure,
            TestProgress,
            TestRecord,
            TestReplay,
            TestGradient,
            TestGate,
            TestMemory,
            TestAfter,
            TestDump,
        ]
