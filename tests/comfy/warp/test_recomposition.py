"""Drag Recomposition on tiny edit models, and the same from stock nodes alone, on the real server."""

import pytest
import torch
from dragkit.kernels.points.masks import share_of_grid

from ..graphs import tensor

KINDS = ["flux", "flux2", "qwen", "longcat", "zimage", "omnigen2"]
STEPS, HELD, SWITCH = 5, 2, 0.5
ROWS, COLUMNS = 12, 16


def latents(kind, seed, batch=1, rows=ROWS, columns=COLUMNS):
    """As a VAE of the kind gives them: packed in FLUX.2, with a frame in Qwen-Image."""
    channels, frames = {"flux2": (128, ()), "qwen": (16, (1,))}.get(kind, (16, ()))
    shape = (batch, channels, *frames, rows, columns)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + 10 * KINDS.index(kind)))


def cell(kind):
    return 16 if kind == "flux2" else 8


def soft(kind, rows=ROWS, columns=COLUMNS, over=(0, 0)):
    """Pixels [1, H, W]: left kept, right refined with a hole in it; the picture is larger than its whole cells."""
    mask = torch.zeros(1, rows, columns)
    mask[:, 2:, columns // 2 :], mask[:, 5:9, -4:] = 0.5, 1
    mask = mask.repeat_interleave(cell(kind), 1).repeat_interleave(cell(kind), 2)
    down, right = over
    padding = (right // 2, right - right // 2, down // 2, down - down // 2)
    return torch.nn.functional.pad(mask[:, None], padding, "replicate")[:, 0]


class Edit:
    """A graph with a tiny edit model, its texts, and the latents of a warped picture and of the original."""

    def __init__(self, comfy, kind, warped=None, original=None):
        self.comfy, self.graph, self.kind = comfy, comfy.graph(), kind
        options = comfy.object_info()["TestTinyEditModel"]["input"]["required"]["kind"]
        known = options[0] if isinstance(options[0], list) else options[1]["options"]
        if kind not in known:
            pytest.skip(f"{kind} not tested: this ComfyUI has no such model")
        self.model = self.graph.node("TestTinyEditModel", kind=kind, seed=0)
        self.positive, self.other, self.negative = (self.model.out(i) for i in (1, 2, 3))
        self.warped = self.tensor(latents(kind, 1) if warped is None else warped, 2)
        self.original = self.tensor(latents(kind, 2) if original is None else original, 2)

    def tensor(self, value, output):
        return tensor(self.comfy, self.graph, value).out(output)

    def reference(self, text, latent):
        return self.graph.node("ReferenceLatent", conditioning=text, latent=latent)

    def staged(self, switch=SWITCH):
        """The warped picture as reference early, the original later, by stock nodes."""
        parts = [
            self.graph.node("ConditioningSetTimestepRange", conditioning=self.reference(*what), start=start, end=end)
            for what, start, end in (
                ((self.other, self.warped), 0.0, switch),
                ((self.positive, self.original), switch, 1.0),
            )
        ]
        return self.graph.node("ConditioningCombine", conditioning_1=parts[0], conditioning_2=parts[1])

    def evidence(self):
        return self.reference(self.negative, self.warped)

    def recomposition(self, mask, until=0.47, reference_until=0.0, **evidence):
        links = {"mask": self.tensor(mask, 1)} | evidence
        return self.graph.node("DragKitDragRecomposition", until=until, reference_until=reference_until, **links)

    def euler(self):
        return self.graph.node("KSamplerSelect", sampler_name="euler")

    def sample(self, sampler, positive, cfg=None, steps=STEPS, **links):
        """A SamplerCustomAdvanced; without cfg a Basic Guider."""
        links = {"model": self.model, "latent": self.warped, "seed": 7} | links
        guider = (
            self.graph.node("BasicGuider", model=links["model"], conditioning=positive)
            if cfg is None
            else self.graph.node(
                "CFGGuider", model=links["model"], positive=positive, negative=links["negative"], cfg=cfg
            )
        )
        return self.graph.node(
            "SamplerCustomAdvanced",
            noise=links.get("noise") or self.graph.node("RandomNoise", noise_seed=links["seed"]),
            guider=guider,
            sampler=sampler,
            sigmas=self.graph.node(
                "BasicScheduler", model=self.model, scheduler="simple", steps=steps, denoise=links.get("denoise", 1.0)
            ),
            latent_image=links["latent"],
        )

    def watched(self):
        node = self.graph.node("TestReferences", model=self.model, first=self.warped, second=self.original)
        return node, node.out(1)

    def run(self):
        return self.comfy.tensors(self.comfy.run(self.graph, timeout=120))

    def error(self, *what, **links):
        self.graph.dump(self.sample(*what, **links), "never")
        message = self.comfy.run_error(self.graph)
        assert "\n" not in message and message.startswith("Drag Recomposition: ")
        return message


@pytest.fixture(scope="module", params=KINDS)
def ran(comfy, request):
    """(kind, what came out, what the log said)."""
    edit = Edit(comfy, request.param)
    mask, staged = soft(edit.kind), edit.staged()

    def dump(name, *what, **links):
        node = edit.sample(*what, **links)
        edit.graph.dump(node, name)
        edit.graph.dump(node.out(1), f"{name}.shown")
        return node

    dump("euler", edit.euler(), staged)
    dump("all", edit.recomposition(torch.ones_like(mask), 1.0), staged)
    dump("warped", edit.euler(), edit.evidence())
    dump("none", edit.recomposition(torch.zeros_like(mask), 1.0, evidence=edit.evidence()), staged)
    dump("kept", edit.recomposition(mask, 1.0), staged)
    dump("half", edit.recomposition(torch.full_like(mask, 0.25), 1.0), staged, steps=1)
    dump("one", edit.euler(), staged, steps=1)
    model, seen = edit.watched()
    published = dump("published", edit.recomposition(mask, evidence=edit.evidence()), staged, model=model)
    edit.graph.dump(seen, "published.seen", published)
    model, seen = edit.watched()
    plain = edit.reference(edit.positive, edit.original)
    shown = dump("shown", edit.recomposition(mask, reference_until=SWITCH), plain, model=model)
    edit.graph.dump(seen, "shown.seen", shown)
    dump("hidden", edit.recomposition(mask), plain)
    dump("bare", edit.recomposition(mask, reference_until=SWITCH), edit.positive)
    model, seen = edit.watched()
    stock = edit.graph.node(
        "KSampler",
        model=model,
        positive=staged,
        negative=edit.negative,
        latent_image=edit.graph.node("SetLatentNoiseMask", samples=edit.warped, mask=edit.tensor(mask, 1)),
        seed=7,
        steps=STEPS,
        cfg=1.0,
        sampler_name="euler",
        scheduler="simple",
        denoise=1.0,
    )
    edit.graph.dump(stock, "stock")
    edit.graph.dump(seen, "stock.seen", stock)
    again = edit.graph.node("TestAfter", any=edit.warped, after=published)
    dump("again", edit.euler(), staged, latent=again)
    since = len(comfy.log())
    return edit.kind, edit.run(), comfy.log(since)


def near(found, expected, size=1e-5):
    torch.testing.assert_close(found, expected, atol=size, rtol=0)


def apart(found, other):
    return float((found - other).abs().mean()) > 1e-4


def test_what_is_kept_is_the_warped_pictures_latent(ran):
    kind, found, _ = ran
    warped, mask = latents(kind, 1), share_of_grid(soft(kind), ROWS, COLUMNS)[0]
    for name in ("kept", "kept.shown", "stock"):
        near(found[name][..., mask == 0], warped[..., mask == 0])
        assert apart(found[name][..., mask == 0.5], warped[..., mask == 0.5])
        assert apart(found[name][..., mask == 1], warped[..., mask == 1])
    # free steps change all of it
    assert apart(found["published"][..., mask == 0], warped[..., mask == 0])


def test_the_pictures_path_and_the_warped_ones_are_those_of_stock_euler(ran):
    _, found, _ = ran
    near(found["all"], found["euler"])
    near(found["none"], found["warped"])
    assert apart(found["all"], found["none"]) and apart(found["published"], found["euler"])
    assert torch.equal(found["again"], found["euler"]), "the model was left otherwise"


def test_a_soft_mask_mixes_by_its_value(ran):
    kind, found, _ = ran
    near(found["half"], 0.25 * found["one"] + 0.75 * latents(kind, 1))
    near(found["half.shown"], found["half"])


def test_each_reference_is_seen_when_it_should_be_and_evaluations_are_as_said(ran):
    _, found, log = ran
    references = [int(found[f"published.seen.references.{i}"]) for i in range(STEPS + HELD)]
    # the picture's and the warped one's in turn, then the picture's alone, from the third step on with the original
    assert references == [0, 0, 0, 0, 0, 1, 1]
    levels = found["published.seen.sigmas"]
    assert len(levels) == STEPS + HELD
    assert levels[0] == levels[1] and levels[2] == levels[3] and (levels[[1, 3, 4, 5]] > levels[[2, 4, 5, 6]]).all()
    assert [int(found[f"stock.seen.references.{i}"]) for i in range(STEPS)] == [0, 0, 0, 1, 1]
    near(found["stock.seen.sigmas"], levels[[0, 2, 4, 5, 6]])
    said = "Drag Recomposition: 2 of 5 steps were held, with 58 % of the cells kept and 8 % painted anew; "
    asked = "; evaluations of the network: 5 for the picture (with CFG, of both conditionings)"
    assert f"{said}the warped picture was the reference in the first 0{asked} and 2 for the warped picture" in log
    assert "Drag Recomposition: 5 of 5 steps were held, with 100 % of the cells kept and 0 % painted anew" in log
    assert log.count("Drag Recomposition: 1 of 1 steps were held, with 0 % of the cells kept and 0 % painted anew") == 1


def test_the_sampler_itself_shows_the_warped_picture_first(ran):
    _, found, log = ran
    # half of five steps, rounded to even
    assert [int(found[f"shown.seen.references.{i}"]) for i in range(STEPS)] == [0, 0, 1, 1, 1]
    assert apart(found["shown"], found["hidden"])
    assert "painted anew; the warped picture was the reference in the first 2; evaluations" in log
    assert "painted anew; no conditioning has a reference latent; evaluations" in log


@pytest.mark.parametrize("kind", ["flux", "flux2", "qwen"])
def test_a_batch_has_its_own_masks_with_and_without_guidance(comfy, kind):
    warped = latents(kind, 1, batch=2)
    edit = Edit(comfy, kind, warped, latents(kind, 2, batch=2))
    mask = torch.cat((soft(kind), soft(kind).flip(2)))
    plain, negative = (edit.reference(text, edit.original) for text in (edit.positive, edit.negative))
    model, seen = edit.watched()
    recomposition = edit.recomposition(mask, 1.0, 0.6)
    guided = edit.sample(recomposition, plain, 3.0, model=model, negative=negative)
    edit.graph.dump(guided, "guided")
    edit.graph.dump(seen, "seen", guided)
    edit.graph.dump(edit.sample(recomposition, plain, 1.0, negative=negative), "plain")
    published = edit.recomposition(mask, 0.47, 0.37, evidence=edit.evidence())
    edit.graph.dump(edit.sample(published, plain, 3.0, negative=negative), "published")
    found = edit.run()
    cells = share_of_grid(mask, ROWS, COLUMNS)
    for i in range(2):
        for name in ("guided", "plain"):
            near(found[name][i][..., cells[i] == 0], warped[i][..., cells[i] == 0])
            assert apart(found[name][i][..., cells[i] == 1], warped[i][..., cells[i] == 1])
    assert apart(found["guided"], found["plain"]) and found["published"].isfinite().all()
    calls = range(len(found["seen.sigmas"]))
    conds = [pair for i in calls for pair in zip(
        found[f"seen.conds.{i}"].tolist(), found[f"seen.references.{i}"].tolist(), strict=True
    )]  # fmt: skip
    assert sorted(conds) == [(0, 0)] * 3 + [(0, 1)] * 2 + [(1, 0)] * 3 + [(1, 1)] * 2
    assert (found["seen.latents"] == 2).all()


@pytest.mark.parametrize("kind", ["flux", "flux2", "qwen"])
def test_sizes_that_are_no_whole_cells(comfy, kind):
    rows, columns = 11, 15
    warped = latents(kind, 1, rows=rows, columns=columns)
    edit = Edit(comfy, kind, warped, latents(kind, 2, rows=rows, columns=columns))
    mask = soft(kind, rows, columns, over=(5, cell(kind) - 1))
    edit.graph.dump(edit.sample(edit.recomposition(mask, 1.0), edit.staged()), "kept")
    kept = soft(kind, rows, columns)[0, :: cell(kind), :: cell(kind)] == 0
    found = edit.run()["kept"]
    near(found[..., kept], warped[..., kept])
    # no other cell has a part in what is kept
    assert ((found - warped).abs().flatten(0, -3).amax(0)[~kept] > 0.01).all()


def test_cancel_stops_in_the_sampler_and_progress_counts_the_steps(comfy):
    edit = Edit(comfy, "flux")
    what = edit.recomposition(soft("flux"), evidence=edit.evidence()), edit.staged()
    interrupted = edit.graph.node("TestInterrupt", model=edit.model, after=3)
    edit.graph.dump(edit.sample(*what, model=interrupted), "never")
    assert comfy.run_interrupted(edit.graph) == "SamplerCustomAdvanced"

    edit = Edit(comfy, "flux")
    what = edit.recomposition(soft("flux"), evidence=edit.evidence()), edit.staged()
    watched = edit.graph.node("TestProgress", model=edit.model)
    sampled = edit.sample(*what, model=watched)
    edit.graph.dump(watched.out(1), "progress", sampled)
    edit.graph.dump(edit.sample(edit.euler(), what[1]), "euler")
    found = edit.run()
    # the bar leaves out some on newer versions
    assert found["progress.values"][-1] == STEPS and (found["progress.totals"] == STEPS).all()
    edit = Edit(comfy, "flux")
    edit.graph.dump(edit.sample(edit.euler(), edit.staged()), "euler")
    assert torch.equal(edit.run()["euler"], found["euler"])


def test_what_cannot_be_sampled_is_said_in_one_sentence(comfy):
    def error(kind="flux", mask=None, evidence=None, warped=None, **links):
        edit = Edit(comfy, kind, warped)
        given = {} if evidence is None else {"evidence": evidence(edit)}
        links = {key: make(edit) for key, make in links.items()}
        return edit.error(edit.recomposition(soft(kind) if mask is None else mask, **given), edit.staged(), **links)

    assert "mask has values that are no numbers" in error(mask=torch.full((1, 96, 128), torch.nan))
    assert "mask is 128 x 48, which has other proportions than the 16 x 12 grid" in error(mask=torch.ones(1, 48, 128))
    assert "mask has a batch of 2, but there are 1 latents" in error(mask=torch.ones(2, 96, 128))
    assert "latent_image is empty" in error(warped=torch.zeros(1, 16, ROWS, COLUMNS))
    frames = error("qwen", warped=latents("qwen", 1).expand(-1, -1, 3, -1, -1))
    assert "latent_image has shape [1, 16, 3, 12, 16]; connect the latent of pictures" in frames
    assert "there is no noise to start from" in error(noise=lambda edit: edit.graph.node("DisableNoise"))
    masked = error(
        latent=lambda edit: edit.graph.node(
            "SetLatentNoiseMask", samples=edit.warped, mask=edit.tensor(soft("flux"), 1)
        )
    )
    assert "latent_image has a noise mask; connect its mask to Drag Recomposition" in masked
    assert "evidence has no reference latent" in error(evidence=lambda edit: edit.negative)
    assert "evidence has 2 conditionings" in error(evidence=lambda edit: edit.staged())
    ranged = error(
        evidence=lambda edit: edit.graph.node(
            "ConditioningSetTimestepRange", conditioning=edit.evidence(), start=0.0, end=0.5
        )
    )
    assert "evidence has start_percent, end_percent" in ranged
