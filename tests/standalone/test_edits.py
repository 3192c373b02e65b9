"""`dragkit demo` and `dragkit edit` by every method."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from dragkit.kernels.lightningdrag.files import FORMAT, pack
from dragkit.kernels.motion.simvp import SimVP
from dragkit.kernels.points.drag_points import parse_points
from dragkit.standalone import edit_methods
from dragkit.standalone.cli import main, parser
from dragkit.standalone.edit_models import demo_knows
from dragkit.standalone.models import predictors
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.models.flowdiffusion import CHANNELS
from dragkit.standalone.models.widened import widened
from dragkit.standalone.pictures import to_pil, to_tensor
from dragkit.standalone.scenes.demo_drag import REGION
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.train.flowdiffusion import export
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPTextModel

from ..golden import lightningdrag_tiny as tiny
from .inpainting import unet
from .pipelines import scheduler, text_config, tokenizer


def test_demo_command_writes_before_points_warp_and_fastdrag(tmp_path, capsys):
    output = tmp_path / "demo.png"
    main(["demo", "-o", str(output)])
    before, _, warped, after = to_tensor(Image.open(output)).split(256, 2)
    kept = REGION(256)[None] == 0
    for picture in (warped, after):
        assert torch.equal(picture[kept.expand_as(picture)], before[kept.expand_as(before)])
        assert (picture - before).abs().mean() > 0.005
    assert str(output) in capsys.readouterr().out


def test_edit_command(tmp_path):
    source, mask, points, output = (tmp_path / name for name in ("in.png", "mask.png", "points.txt", "out.png"))
    to_pil(photograph("coffee")[:, :205, :250]).save(source)
    Image.new("L", (250, 205), 255).save(mask)
    points.write_text("120,100 -> 150,100\n")
    main(["edit", str(source), "--points", str(points), "--mask", str(mask), "-o", str(output)])
    from_file = to_tensor(Image.open(output))
    assert from_file.shape == (3, 205, 250)
    main(["edit", str(source), "--points", "120,100 -> 150,100", "-o", str(output)])
    assert torch.equal(to_tensor(Image.open(output)), from_file)


TURNED = '{"format":"dragkit.points","version":1,"points":[{"handle":[0.5,0.5],"target":[0.5,0.5],"turn":40}]}'


def test_a_turn_at_a_point_is_followed_or_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    to_pil(photograph("coffee")[:, :205, :250]).save("in.png")
    for displacement in ("similarity", "arap"):
        main(
            ["edit", "in.png", "--method", "warp", "--points", TURNED, "--displacement", displacement, "-o", "out.png"]
        )
        moved = not torch.equal(to_tensor(Image.open("out.png")), to_tensor(Image.open("in.png")))
        said = "--method warp: 1 of the points turn or scale, which is not followed here" in capsys.readouterr().err
        assert moved == (displacement == "similarity") and said == (displacement == "arap")


def test_masks_of_the_command_line_are_read_by_the_rule_of_the_nodes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # 5 rows and 2 columns are no cell
    to_pil(photograph("coffee")[:, :205, :250]).save("in.png")
    before = to_tensor(Image.open("in.png"))
    box = np.zeros((205, 250), np.uint8)
    box[60:150, 70:190] = 1
    said, found = {}, {}
    for name, grey in {"none": None, "black": 0, "faint": 1, "grey": 77, "white": 255}.items():
        words = []
        if grey is not None:
            Image.fromarray(box * grey).save(f"{name}.png")
            words = ["--mask", f"{name}.png"]
        edit = ["edit", "in.png", "--points", "120,100 -> 150,100", "--method", "fastdrag", "--steps", "4", *words]
        main([*edit, "-o", "out.png"])
        said[name], found[name] = capsys.readouterr().err, to_tensor(Image.open("out.png"))
    for name in ("black", "faint"):
        assert f"{name}.png is nowhere white; it counts as none, so everything may change." in said[name]
        assert torch.equal(found[name], found["none"])
    assert "nowhere white" not in said["none"] + said["grey"] + said["white"]
    assert torch.equal(found["grey"], found["white"])
    outside = torch.from_numpy(box == 0)
    assert torch.equal(found["white"][:, outside], before[:, outside])
    assert not torch.equal(found["white"], before) and not torch.equal(found["none"][:, outside], before[:, outside])
    # a picture keeps what is no cell, 2 rows above and 3 below, 1 column on either side
    for edge in (np.s_[:, :2], np.s_[:, -3:], np.s_[:, :, :1], np.s_[:, :, -1:]):
        assert torch.equal(found["none"][edge], before[edge])


@pytest.mark.parametrize(
    "change,message",
    [
        ({"image": "missing.png"}, "there is no file 'missing.png'"),
        ({"image": "cut.png"}, "cut.png cannot be read to its end"),
        ({"--mask": "cut.png"}, "cut.png cannot be read to its end"),
        ({"-o": "missing/out.png"}, "there is no folder 'missing'"),
        ({"--points": "pionts.txt"}, "'pionts.txt': there is no such file"),
        ({"--method": "lightningdrag", "--seed": str(2**64 - 1)}, "which has no 3 seeds behind it"),
        ({"--points": "1,2 -> 3000,4"}, "point 1 has target x = 3000; the picture is 64 x 48 pixels"),
        ({"--points": "{"}, "no valid JSON"),
        ({"--mask": "square.png", "--region": "picture"}, "--region finds what moves where no --mask says it"),
        ({"--method": "fastdrag", "--region": "picture"}, "--region is for the warp, but the method is fastdrag"),
        ({"image": "known.png", "--region": "picture"}, "--region is for the warp, but the method is fastdrag"),
        ({"--mask": "square.png"}, "square.png is 48 x 48, but the picture is 64 x 48"),
        ({"--model": "nowhere"}, "nowhere"),
        ({"--prompt": "a cat"}, "knows only the empty prompt"),
        ({"image": "known.png", "--strength": "0.01"}, "less than one step"),
    ],
)
def test_edit_says_what_is_wrong_and_writes_nothing(tmp_path, monkeypatch, change, message):
    monkeypatch.chdir(tmp_path)
    to_pil(photograph("coffee")[:, :48, :64]).save("in.png")
    to_pil(photograph("coffee")).save("known.png")
    Path("cut.png").write_bytes(Path("in.png").read_bytes()[:-2000])
    Image.new("L", (48, 48), 255).save("square.png")
    options = {"--points": "10,10 -> 20,10", "-o": "out.png"} | change
    image = options.pop("image", "in.png")
    with pytest.raises(SystemExit) as caught:
        main(["edit", image, *(part for pair in options.items() for part in pair)])
    text = str(caught.value.code)
    assert message in text and text.startswith("dragkit: ") and "\n" not in text
    assert not (tmp_path / "out.png").exists()


def test_a_region_is_found_in_the_picture_and_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # a thing of one colour on a ground of another
    picture = torch.tensor([0.2, 0.5, 0.3])[:, None, None].repeat(1, 101, 90)
    picture[:, 40:60, 20:40] = torch.tensor([0.8, 0.4, 0.3])[:, None, None]
    picture += 0.02 * torch.rand(picture.shape, generator=torch.Generator().manual_seed(0))
    to_pil(picture).save("in.png")
    said, found = {}, {}
    for name, words in {
        "picture": ["--region", "picture"],
        "points": ["--method", "warp", "--no-inpaint", "--region", "points"],
        "disc": ["--method", "warp", "--no-inpaint"],
        "held": [],
    }.items():
        main(["edit", "in.png", "--points", "30,50 -> 60,50", *words, "-o", "out.png"])
        said[name], found[name] = capsys.readouterr().err, to_tensor(Image.open("out.png"))
    assert "Region: the thing that the handles lie on, 4% of the picture." in said["picture"]
    assert all("Region: a disc around each handle." in said[name] for name in ("points", "disc", "held"))
    # all of the thing has moved, and nothing that lies around it
    moved = found["picture"]
    assert (moved[0, 44:56, 54:66] > 0.75).all() and (moved[0, 42:58, 22:38] < 0.5).all()
    before = to_tensor(Image.open("in.png"))
    assert torch.equal(moved[:, :35], before[:, :35]) and torch.equal(moved[:, 65:], before[:, 65:])
    assert torch.equal(found["points"], found["disc"]) and not torch.equal(found["disc"], moved)


def test_edit_by_warp(tmp_path):
    source, mask, output = (str(tmp_path / name) for name in ("in.png", "mask.png", "out.png"))
    picture = photograph("coffee")[:, :101, :90]
    to_pil(picture).save(source)
    region = torch.zeros(3, 101, 90)
    region[:, 40:60, 20:40] = 1
    to_pil(region).save(mask)
    edit = ["edit", source, "--points", "30,50 -> 60,50", "--mask", mask, "--method", "warp", "-o", output]
    edit += ["--border", "free"]
    main([*edit, "--no-inpaint"])
    alone, before = to_tensor(Image.open(output)), to_tensor(Image.open(source))
    # no model, no whole latent cells
    assert alone.shape == (3, 101, 90)
    torch.testing.assert_close(alone[:, 40:60, 50:70], before[:, 40:60, 20:40], atol=1 / 255, rtol=0)
    main([*edit, "--steps", "2", "--displacement", "arap", "--seam", "0", "--grow", "0", "--feather", "0"])
    after = to_tensor(Image.open(output))
    assert after.shape == (3, 101, 90)
    changed = (after != alone).any(0)
    assert changed[40:60, 20:40].float().mean() > 0.9 and not changed[:, 40:].any()
    # a sheet held at a circle may leave the mask, whatever is said of the border
    sheets = []
    for words in ([], ["--border", "held"], ["--border", "free"]):
        main([*edit[:-2], *words, "--displacement", "stretch", "--no-inpaint"])
        sheets.append(to_tensor(Image.open(output)))
    assert all(torch.equal(one, sheets[0]) for one in sheets) and (sheets[0] != before)[:, 40:60, 40:].any()
    with pytest.raises(SystemExit, match="point 1 starts outside the region"):
        main([*edit[:3], "80,90 -> 60,50", *edit[4:], "--no-inpaint"])


def stranger(side=160):
    """[3, side * 3 / 4, side]: a bundled photograph that the demo model never saw."""
    return photograph("camera", side)[:, : side * 3 // 4]


@pytest.mark.parametrize("name,known", [("coffee", True), ("chelsea", True), ("camera", False), ("retina", False)])
def test_what_the_demo_model_knows(demo, name, known):
    assert demo_knows(demo, photograph(name)[None]) == known
    # what it learned by heart has one size and one direction
    assert not demo_knows(demo, photograph(name, 400)[None])
    assert not demo_knows(demo, photograph(name)[None].flip(-1))


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (7, 40), (64, 48)])
def test_the_demo_model_knows_nothing_plain_or_tiny(demo, shape):
    assert not demo_knows(demo, torch.full((1, 3, *shape), 0.5))


def test_a_photograph_that_the_demo_model_does_not_know_is_pulled_without_a_network(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = stranger()[:, :117, :151]
    to_pil(before).save("in.png")
    before = to_tensor(Image.open("in.png"))
    region = torch.zeros(3, 117, 151)
    region[:, 20:100, 10:140] = 1
    to_pil(region).save("mask.png")
    monkeypatch.setattr("dragkit.standalone.models.unet.Denoiser.__call__", None)
    main(["edit", "in.png", "--points", "60.5,50.5 -> 75.5,56.5", "--mask", "mask.png", "-o", "out.png"])
    told = capsys.readouterr().err
    assert "The demo model does not know in.png" in told and "without a network" in told and "--model" in told
    after = to_tensor(Image.open("out.png"))
    # its own size, nothing outside the mask, and sharp: what was at the handle is at the target
    assert after.shape == before.shape
    assert torch.equal(after[region == 0], before[region == 0])
    torch.testing.assert_close(after[:, 56, 75], before[:, 50, 60], atol=2 / 255, rtol=0)
    torch.testing.assert_close(after[:, 54:59, 73:78], before[:, 48:53, 58:63], atol=0.1, rtol=0)
    # a pull that tears the border's content, too, and whose filling grows and fades outward
    main(["edit", "in.png", "--points", "16,60 -> 110,60", "--mask", "mask.png", "--grow", "6", "-o", "torn.png"])
    torn = to_tensor(Image.open("torn.png"))
    assert torch.equal(torn[region == 0], before[region == 0]) and not torch.equal(torn, before)


@pytest.mark.parametrize(
    "method,wanted",
    [
        ("fastdrag", "an SD1.5, SD2 or SDXL checkpoint with --model"),
        ("dynadrag", "an SD1.5, SD2 or SDXL checkpoint with --model"),
        ("instantdrag", "InstantDrag's UNet with --flowdiffusion"),
        ("lightningdrag", "an SD1.5 inpainting checkpoint with --model and, with --lightningdrag, the file"),
    ],
)
def test_a_method_that_needs_a_network_says_which(tmp_path, method, wanted):
    to_pil(stranger()).save(tmp_path / "in.png")
    out = tmp_path / "out.png"
    with pytest.raises(SystemExit) as caught:
        main(["edit", str(tmp_path / "in.png"), "--points", "60,50 -> 75,56", "--method", method, "-o", str(out)])
    text = str(caught.value.code)
    assert f"--method {method} needs" in text and wanted in text and "\n" not in text and not out.exists()


def test_warp_of_a_stranger_fills_smoothly(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # two greys, a dark square on the left one
    picture = torch.full((3, 96, 160), 0.7)
    picture[:, 30:50, 20:40] = 0.1
    to_pil(picture).save("in.png")
    region = torch.zeros(3, 96, 160)
    region[:, 26:54, 16:44] = 1
    to_pil(region).save("mask.png")
    edit = ["edit", "in.png", "--points", "30,40 -> 90,40", "--mask", "mask.png", "-o", "out.png"]
    for words in (["--method", "warp"], ["--displacement", "rigid"]):
        main([*edit, "--border", "free", *words])
        assert "warped without a network, and what opens up is filled smoothly" in capsys.readouterr().err
        after = to_tensor(Image.open("out.png"))
        assert (after[:, 26:54, 16:44] - 0.7).abs().max() < 0.02
        assert (after[:, 34:46, 84:96] - 0.1).abs().max() < 0.02


def test_transparency_moves_with_the_warp_and_is_named_where_it_is_lost(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cut_out = torch.cat((photograph("coffee")[:, :96, :160], torch.zeros(1, 96, 160)))
    cut_out[3, 30:60, 40:70] = 1
    to_pil(cut_out).save("in.png")
    edit = ["edit", "in.png", "--points", "55,45 -> 75,45", "-o"]
    for words in (["out.png", "--method", "warp"], ["out.png", "--displacement", "rigid", "--method", "warp"]):
        main([*edit, *words, "--no-inpaint"])
        alpha = np.asarray(Image.open("out.png").getchannel("A"))
        assert alpha[45, 75] == 255 and alpha[10, 10] == 0
    assert "transparency" not in capsys.readouterr().err
    main([*edit, "out.jpg", "--method", "warp", "--no-inpaint"])
    assert "The result has no transparency: .jpg holds none" in capsys.readouterr().err
    main([*edit, "out.png", "--steps", "2"])
    assert "The result has no transparency: fastdrag knows none" in capsys.readouterr().err
    assert Image.open("out.png").mode == "RGB"


def test_a_turned_picture_and_its_mask(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exif = Image.Exif()
    exif[0x112] = 6
    to_pil(stranger(256)).save("in.jpg", exif=exif, quality=95)
    Image.new("L", (256, 192), 255).save("mask.png", exif=exif)
    # 200 lies in its height alone
    main(["edit", "in.jpg", "--points", "90,200 -> 100,190", "--mask", "mask.png", "-o", "out.png"])
    assert Image.open("out.png").size == (192, 256)


def test_edit_by_instantdrag(tmp_path, capsys):
    to_pil(photograph("coffee")[:, 64:192, 64:224]).save(tmp_path / "photo.png")
    edit = ["edit", str(tmp_path / "photo.png"), "--points", "60,60 -> 62,60", "--method", "instantdrag"]
    edit += ["-o", str(tmp_path / "out.png"), "--steps", "6"]
    with pytest.raises(SystemExit, match="InstantDrag needs its own UNet"):
        main([*edit, "--model", str(tmp_path / "photo.png")])
    # without motion and picture learned, the network alone paints; the bundled one learned both
    export(widened(load_demo().denoiser.unet, CHANNELS), tmp_path / "flow.safetensors")
    main([*edit, "--flowdiffusion", str(tmp_path / "flow.safetensors")])
    untrained = np.array(Image.open(tmp_path / "out.png"))
    main(edit)
    before = np.array(Image.open(tmp_path / "photo.png"))
    after = np.array(Image.open(tmp_path / "out.png"))
    assert np.abs(after - 1.0 * before).mean() < np.abs(untrained - 1.0 * before).mean() / 2
    assert Image.open(tmp_path / "out.png").size == (160, 128)


def test_the_predictors_motion_is_held_at_the_border_of_a_mask(monkeypatch, capsys):
    image, mask = torch.rand(1, 3, 96, 128), torch.zeros(1, 96, 128)
    mask[:, 20:80, 20:100] = 1
    points = parse_points("50,50 -> 70,50", (128, 96))
    network = SimVP(8, 16, 2, 2).requires_grad_(False)
    monkeypatch.setattr(predictors, "load_motion_predictor", lambda path: network)

    def moved(knows_regions, *words):
        network.knows_regions = knows_regions
        words = ["edit", __file__, "--points", "p", "--method", "instantdrag", *words, "-o", "x.png"]
        return edit_methods._flow_of(image, points, mask, parser().parse_args(words))[0].norm(dim=0)

    guess, held, free = moved(False), moved(True), moved(True, "--border", "free")
    assert torch.equal(held, moved(True, "--border", "held"))
    assert capsys.readouterr().err.count("knows no regions: in the mask its first guess alone") == 1
    # the untrained network says something of its own, if it is asked; the border is held in any case
    assert not torch.allclose(guess, held, atol=0.1) and guess[50, 50] == pytest.approx(20, abs=0.5)
    edge = torch.zeros(96, 128, dtype=torch.bool)
    edge[21:79, 21:23] = True
    assert max(guess[edge].max(), held[edge].max()) < 2 < 5 < free[edge].min()
    assert not any(one[mask[0] == 0].any() for one in (guess, held, free))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An inpainting checkpoint `model`, its LightningDrag `light.safetensors` and `photo.png`, 96 x 64."""
    folder = tmp_path_factory.mktemp("edit")
    vae = AutoencoderKL(
        block_out_channels=(8,) * 4, layers_per_block=1, norm_num_groups=8, latent_channels=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    StableDiffusionPipeline(
        unet=unet(), vae=vae, text_encoder=CLIPTextModel(text_config(tiny.CONTEXT)),
        tokenizer=tokenizer(folder / "vocabulary", "<|endoftext|>"), scheduler=scheduler(), safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder / "model")  # fmt: skip
    save_file(pack(tiny.drag_weights()), folder / "light.safetensors", {"format": FORMAT})
    to_pil(photograph("coffee")[:, :64, :96]).save(folder / "photo.png")
    return folder


@pytest.fixture
def edit(folder, tmp_path):
    """Runs the command; the pictures that it wrote."""

    def run(*options, points="30,30 -> 60,30", model=folder / "model"):
        out = tmp_path / "out.png"
        main(
            ["edit", str(folder / "photo.png"), "--points", points, "--method", "lightningdrag", "--model", str(model),
             "-o", str(out), *options]
        )  # fmt: skip
        return [Image.open(path) for path in sorted(tmp_path.glob("out*.png"), key=lambda path: len(path.stem))]

    return run


def test_edit_by_lightningdrag(edit, folder, capsys):
    with pytest.raises(SystemExit, match="LightningDrag needs its weights: name with --lightningdrag"):
        edit()
    light = ("--lightningdrag", str(folder / "light.safetensors"), "--steps", "2")
    with pytest.raises(SystemExit, match="light.safetensors is not for the demo model; name an SD1.5 inpainting model"):
        edit(*light, model="demo")
    with pytest.raises(SystemExit, match="there are 300 points"):
        edit(*light, points="\n".join(["30,30 -> 60,30"] * 300))
    pictures = edit(*light, "--candidates", "3", "--points-scale", "2", "--decay", "linear", "--seed", "4")
    assert [picture.size for picture in pictures] == [(96, 64)] * 3
    assert pictures[0].tobytes() != pictures[1].tobytes()
    capsys.readouterr()
    edit(*light, "--candidates", "1", points="30,30 -> 60,30\n30,30 -> 40,40")
    assert "Of points on the same pixel the last counts; lost: 1." in capsys.readouterr().err
    edit(*light, "--candidates", "1", points="")
    assert "There are no points: what the mask covers is painted anew." in capsys.readouterr().err
