"""What a node is given beside its pictures or latents, on the real server: one rule for every node."""

import torch
from PIL import Image

from .graphs import tensor

DRAG = "0.4,0.5 -> 0.6,0.5"
PREDICTOR, LIGHTNINGDRAG = "dragkit-motion (bundled)", "dragkit-lightningdrag (bundled, of the demo model)"


def picture(graph, batch, width=128, height=96):
    """A picture, and with out(1) a mask."""
    return graph.node("TestImage", width=width, height=height, batch=batch, seed=0)


def latent(graph, batch):
    return graph.node("TestLatent", width=128, height=96, batch=batch, seed=3, channels=4)


def points(graph):
    return graph.node("DragKitDragPoints", points=DRAG)


def flowgen(graph, image, **options):
    network = graph.node("DragKitLoadMotionPredictor", predictor=PREDICTOR)
    return graph.node(
        "DragKitFlowGen", network=network, image=image, drag_points=points(graph), scale=0.0, mode="proportional",
        **options,
    )  # fmt: skip


def warp(graph, image, **options):
    return graph.node(
        "DragKitDragWarp", image=image, drag_points=points(graph), displacement="similarity", sampling="bilinear",
        front="longest", seam=0, grow=0, feather=0, **options,
    )  # fmt: skip


def warpage(graph, samples, **options):
    return graph.node("DragKitLatentWarpage", samples=samples, drag_points=points(graph), mode="inverse", **options)


def bnni(graph, samples, holes):
    return graph.node("DragKitBNNI", samples=samples, holes=holes, mode="simultaneous")


def dynadrag(graph, image, mask=None):
    model = graph.node("TestTinyModel", kind="sd15", seed=0)
    return graph.node(
        "DragKitDynaDrag", model=model, positive=model.out(1), vae=graph.node("TestTinyVAE", seed=0), image=image,
        drag_points=points(graph), rounds=1, steps=3, strength=0.67, adam_steps=2, learning_rate=0.2, radius=4,
        mask_weight=0.1, selection="every", tolerance=2.0, preview_steps=1, block="last", checkpointing="off",
        **({} if mask is None else {"mask": mask}),
    )  # fmt: skip


def supervision(graph, samples, mask=None):
    model = graph.node("TestTinyModel", kind="sd15", seed=0)
    return graph.node(
        "DragKitMotionSupervision", model=model, positive=model.out(1), samples=samples, steps=2,
        sigmas=graph.node("TestSigmas", values="3, 1"), from_points=points(graph),
        to_points=graph.node("DragKitDragPoints", points="0.45,0.55 -> 0.6,0.5"),
        learning_rate=0.01, radius=1, mask_weight=10.0, block="last", checkpointing="off",
        **({} if mask is None else {"mask": mask}),
    )  # fmt: skip


def lightningdrag(graph, image, mask):
    demo = graph.node("DragKitDemoModel", photograph="coffee", network="inpainting")
    return graph.node(
        "DragKitApplyLightningDrag", model=demo, vae=demo.out(1), positive=demo.out(2), negative=demo.out(2),
        lightning_drag=graph.node("DragKitLoadLightningDrag", model_name=LIGHTNINGDRAG), image=image, mask=mask,
        drag_points=points(graph), decay="none", guided_steps=0, keep_outside=True,
    )  # fmt: skip


def test_a_batch_is_one_for_all_or_one_each(comfy):
    def said(build, batch):
        graph = comfy.graph()
        graph.dump(build(graph, batch), "never")
        return comfy.run_error(graph)

    def masks(graph):
        return picture(graph, 2).out(1)

    def flows(graph):
        return warpage(graph, latent(graph, 2), mask=masks(graph)).out(2)

    pictures = {
        "Drag Warp: mask": lambda g, n: warp(g, picture(g, n), mask=masks(g)),
        "Drag Warp: flow": lambda g, n: warp(g, picture(g, n), flow=flows(g)),
        "FlowGen: mask": lambda g, n: flowgen(g, picture(g, n), mask=masks(g)),
        "Apply LightningDrag: mask": lambda g, n: lightningdrag(g, picture(g, n), masks(g)),
    }
    latents = {
        "Latent Warpage: mask": lambda g, n: warpage(g, latent(g, n), mask=masks(g)),
        "Latent Warpage: flow": lambda g, n: warpage(g, latent(g, n), flow=flows(g)),
        "BNNI: holes": lambda g, n: bnni(g, latent(g, n), masks(g)),
    }
    for kind, nodes in {"pictures": pictures, "latents": latents}.items():
        for name, build in nodes.items():
            assert said(build, 3) == f"{name} has a batch of 2, but there are 3 {kind}"
    one = {
        "DynaDrag: mask": ("pictures", lambda g, n: dynadrag(g, picture(g, n), masks(g))),
        "Motion Supervision: mask": ("latents", lambda g, n: supervision(g, latent(g, n), masks(g))),
    }
    for name, (kind, build) in one.items():
        assert said(build, 1) == f"{name} has a batch of 2, but there are 1 {kind}"


def unlike(found, names):
    """Names of the nodes whose results under the two names differ."""
    one, other = names
    nodes = {key.split(".", 1)[1] for key in found if key.startswith(f"{one}.")}
    return {node for node in nodes if not torch.equal(found[f"{one}.{node}"], found[f"{other}.{node}"])}


def everything(graph, name, mask):
    """Dumps what every node that takes a mask makes with it."""
    options = {} if mask is None else {"mask": mask}
    image, samples = picture(graph, 1), latent(graph, 1)
    graph.dump(flowgen(graph, image, **options), f"{name}.flowgen")
    graph.dump(warp(graph, image, **options), f"{name}.warp")
    graph.dump(warpage(graph, samples, **options), f"{name}.warpage")
    drawn = graph.node("DragKitDragPoints", points=DRAG, image=image, **options)
    graph.dump(drawn.out(1), f"{name}.region")
    shown = graph.node("DragKitDragPointsPreview", image=image, drag_points=drawn, **options)
    graph.dump(shown, f"{name}.preview")
    if mask is not None:
        # a required input
        graph.dump(lightningdrag(graph, image, mask).out(3), f"{name}.lightningdrag")
    graph.dump(dynadrag(graph, image, **options), f"{name}.dynadrag")
    graph.dump(supervision(graph, samples, **options), f"{name}.supervision")
    edited = graph.node("TestImage", width=128, height=96, batch=1, seed=9)
    pasted = graph.node("DragKitPasteBack", image=image, edited=edited, feather=8, **options)
    graph.dump(pasted, f"{name}.paste")


def test_a_mask_in_which_nothing_is_painted_is_none_whatever_its_size(comfy):
    graph = comfy.graph()
    everything(graph, "none", None)
    for name, value in {"empty": 0.0, "gif": 4.6e-5, "cmyk": 1 / 255}.items():
        everything(graph, name, graph.node("SolidMask", value=value, width=64, height=64))
    noise = torch.rand(1, 96, 128, 3, generator=torch.Generator().manual_seed(5)) / 20
    everything(graph, "noise", tensor(comfy, graph, noise[..., 0]).out(1))
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for name in ("gif", "cmyk", "noise"):
        assert unlike(found, ("none", name)) == unlike(found, ("empty", name)) == set()
    assert found["none.flowgen"].abs().amax() > 1
    assert "Latent Warpage: mask is nowhere above 0.0625; it counts as none" in comfy.log()


def test_greys_count_like_white(comfy):
    graph = comfy.graph()
    box = torch.zeros(1, 96, 128)
    box[:, 24:72, 32:96] = 1
    for percent in (100, 50, 30, 10):
        everything(graph, f"grey{percent}", tensor(comfy, graph, percent / 100 * box).out(1))
    everything(graph, "all", graph.node("SolidMask", value=0.3, width=128, height=96))
    everything(graph, "none", None)
    found = comfy.tensors(comfy.run(graph, timeout=600))
    for percent in (50, 30, 10):
        assert unlike(found, ("grey100", f"grey{percent}")) == set()
    # all of it is none; the preview alone outlines it
    assert unlike(found, ("none", "all")) == {"preview"}
    assert unlike(found, ("none", "grey100")) == {
        "flowgen", "warp", "warpage", "region", "preview", "dynadrag", "supervision", "paste"
    }  # fmt: skip


def test_a_mask_that_holds_everything_still_is_named(comfy):
    graph = comfy.graph()
    stray = torch.zeros(1, 96, 128)
    stray[0, 3, 5] = 1
    stray = tensor(comfy, graph, stray).out(1)
    image, samples = picture(graph, 1), latent(graph, 1)

    def said(node):
        one = comfy.graph()
        one.nodes = dict(graph.nodes)
        one.dump(node, "never")
        return comfy.run_error(one)

    grid = "mask covers no cell of the 16 x 12 grid by half; paint more of it, or leave the mask out"
    assert said(warpage(graph, samples, mask=stray)) == f"Latent Warpage: {grid}"
    assert said(supervision(graph, samples, stray)) == f"Motion Supervision: {grid}"
    assert "point 1 starts outside the region" in said(warp(graph, image, mask=stray))
    assert "DynaDrag: mask covers none of the handles" in said(dynadrag(graph, image, stray))


def test_load_image_of_files_without_transparency(comfy):
    """A GIF's mask is 4.6e-5 everywhere, a CMYK JPEG's 1/255."""
    graph = comfy.graph()
    colours = (255 * torch.rand(12, 16, 3, generator=torch.Generator().manual_seed(4))).byte().numpy()
    picture = Image.fromarray(colours).resize((128, 96), Image.Resampling.BICUBIC)
    for name, file in {"gif": picture.convert("P"), "jpg": picture.convert("CMYK"), "png": picture}.items():
        file.save(comfy.folder / "input" / f"faint.{name}")
        loaded = graph.node("LoadImage", image=f"faint.{name}")
        graph.dump(loaded.out(1), f"{name}.mask")
        drawn = graph.node("DragKitDragPoints", points=DRAG, image=loaded, mask=loaded.out(1))
        graph.dump(drawn.out(1), f"{name}.region")
        graph.dump(warpage(graph, latent(graph, 1), mask=drawn.out(1)), f"{name}.drawn")
        graph.dump(warpage(graph, latent(graph, 1), mask=loaded.out(1)), f"{name}.loaded")
        graph.dump(warp(graph, loaded, mask=loaded.out(1)), f"{name}.warp")
        graph.dump(warp(graph, loaded), f"{name}.bare")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for name in ("gif", "jpg", "png"):
        assert found[f"{name}.mask"].max() < 0.01
        assert torch.equal(found[f"{name}.region"], torch.ones(1, 96, 128))
        assert torch.equal(found[f"{name}.drawn"], found["png.loaded"])
        assert torch.equal(found[f"{name}.loaded"], found["png.loaded"])
        assert torch.equal(found[f"{name}.warp"], found[f"{name}.bare"])


def test_motions_and_masks_of_a_latent_lie_where_vae_encode_cut_the_picture(comfy):
    """101 x 75 pixels are 12 x 9 cells of 8, 2 and 1 pixels from the left and the top."""
    whole = torch.rand(1, 72, 96, 3, generator=torch.Generator().manual_seed(3))
    odd = torch.rand(1, 75, 101, 3, generator=torch.Generator().manual_seed(4))
    odd[:, 1:73, 2:98] = whole
    # the columns that are left out belong to no cell
    box, around = torch.zeros(1, 72, 96), torch.zeros(1, 75, 101)
    box[:, 16:56, 24:72] = 1
    around[:, 1:73, 2:98] = box
    graph = comfy.graph()
    samples = graph.node("TestLatent", width=96, height=72, batch=1, seed=3, channels=4)
    for name, image, mask, drag in (("whole", whole, box, "40,36 -> 60,30"), ("odd", odd, around, "42,37 -> 62,31")):
        image, mask = tensor(comfy, graph, image), tensor(comfy, graph, mask).out(1)
        drawn = graph.node("DragKitDragPoints", points=drag, image=image, mask=mask)
        moved = graph.node(
            "DragKitLatentWarpage", samples=samples, drag_points=drawn, mode="inverse", mask=drawn.out(1)
        )
        graph.dump(moved, f"{name}.latent")
        graph.dump(moved.out(2), f"{name}.flow")
        warped = graph.node(
            "DragKitDragWarp", image=image, drag_points=drawn, displacement="similarity", sampling="bilinear",
            front="longest", seam=0, grow=0, feather=0, flow=moved.out(2),
        )  # fmt: skip
        graph.dump(warped, f"{name}.warped")
        graph.dump(warped.out(3), f"{name}.applied")
        again = graph.node(
            "DragKitLatentWarpage", samples=samples, drag_points=drawn, mode="inverse", flow=warped.out(3)
        )
        graph.dump(again.out(2), f"{name}.again")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for key in ("latent", "flow"):
        torch.testing.assert_close(found[f"odd.{key}"], found[f"whole.{key}"])
    assert found["whole.flow"].abs().max() > 1
    torch.testing.assert_close(found["odd.applied"][..., 1:73, 2:98], found["whole.applied"])
    torch.testing.assert_close(found["odd.warped"][:, 1:73, 2:98], found["whole.warped"], atol=1e-4, rtol=0)
    torch.testing.assert_close(found["odd.again"], found["whole.again"])
