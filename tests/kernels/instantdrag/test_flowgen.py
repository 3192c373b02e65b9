"""InstantDrag's kernels against the published code's numbers, and where they are to be better than it."""

import json
import zlib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.instantdrag.conditioning import branches, flow_channels, guided
from dragkit.kernels.instantdrag.flowgen import FlowGen, FlowGenError, build
from dragkit.kernels.instantdrag.flowgen_maps import MODES, frame, generate_flow, input_maps
from dragkit.kernels.motion.flow import confine_flow
from dragkit.kernels.motion.prediction import sample_flow
from dragkit.kernels.motion.total_flow import compose, predict_total_flow
from safetensors.torch import load_file

GOLDEN = Path(__file__).parents[2] / "golden"
MANIFEST = json.loads((GOLDEN / "instantdrag_flowgen_manifest.json").read_text())
NUMBERS = load_file(GOLDEN / "instantdrag.safetensors")
MAPS = sorted({name.split("/")[1] for name in NUMBERS if name.startswith("maps/")})
RULES = {"ruleA": None, "ruleB_gain0.5": 0.5}
Y, X = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")


def close(found, golden, tolerance=1e-5):
    assert (found - golden).abs().max() <= tolerance * golden.abs().max()


def published_weights(ngf, gain):
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in FlowGen(ngf).state_dict().items()}
    weights = {}
    for name, shape in shapes.items():
        r = torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode()) & 0x7FFFFFFF))
        if len(shape) == 1 and name.endswith("weight"):
            weights[name] = 1 + 0.02 * r
        else:
            weights[name] = r * (gain / shape[1:].numel() ** 0.5 if gain and len(shape) > 1 else 0.02)
    return weights


def published_input():
    channel = torch.arange(3.0)[:, None, None]
    picture = torch.sin(0.05 * X + 0.02 * (channel + 1) * Y + channel) * torch.cos(0.031 * Y - 0.01 * channel * X)
    drags = torch.zeros(2, 256, 256)
    drags[:, 60, 100], drags[:, 203, 181] = torch.tensor([1, -0.5]), torch.tensor([-0.75, 1])
    return torch.cat((picture, drags))[None]


def published_picture():
    y, x = torch.meshgrid(torch.arange(512), torch.arange(512), indexing="ij")
    slopes = torch.stack((x + 2 * y, 37 + 2 * x + 2 * y, 74 + 3 * x + 2 * y))[None]
    return (slopes + 40 * ((x // 16 + y // 16) % 2)).remainder(256).float() / 255


def published_points(case):
    points = NUMBERS[f"maps/{case}/points_xy"].double() / 512
    return points[0::2], points[1::2]


def published_scale(case):
    scale = NUMBERS[f"maps/{case}/scale"].item()
    return None if scale == -1 else scale


@pytest.fixture(scope="module", params=RULES)
def official(request):
    """The network of the published size under a rule of weights, and the rule."""
    return build(published_weights(64, RULES[request.param]), "test"), request.param


def test_the_network_has_the_published_parameters():
    with torch.device("meta"):
        network = FlowGen()
    assert {name: list(value.shape) for name, value in network.state_dict().items()} == MANIFEST["keys"]
    assert sum(value.numel() for value in network.parameters()) == MANIFEST["params"]
    assert sum(isinstance(one, torch.nn.Dropout) for one in network.modules()) == 3


def test_the_network_gives_the_published_numbers(official):
    network, rule = official
    golden = NUMBERS[f"flowgen/out_ngf64_{rule}"]
    assert (network(published_input())[..., 1::8, 2::8] - golden).abs().max() < 1e-4 * golden.std()
    if rule == "ruleB_gain0.5":
        # the whole way from a picture and a drag
        picture, (handles, targets) = published_picture(), published_points("one_point_auto")
        flow = generate_flow(network, picture, handles, targets, "published")
        golden = NUMBERS["maps/one_point_auto/flow_latent"]
        assert (flow_channels(flow, 64, 64)[..., ::3, 1::3] - golden).abs().max() < 1e-4 * golden.std()


@pytest.mark.parametrize("rule", RULES)
def test_a_narrower_network_is_recognised(rule):
    golden = NUMBERS[f"flowgen/out_ngf32_{rule}"]
    network = build({name: value.half() for name, value in published_weights(32, RULES[rule]).items()}, "test")
    network.load_state_dict(published_weights(32, RULES[rule]))
    assert (network(published_input())[..., 1::4, 2::4] - golden).abs().max() < 1e-4 * golden.std()


def test_weights_that_are_no_flowgen_are_named():
    with torch.device("meta"):
        good = FlowGen(32).state_dict()
    last = "model.model.3.bias"
    wrong = {
        "it has no model.model.0.weight, it begins with conv_in.weight": {"conv_in.weight": torch.zeros(1)},
        "it is empty": {},
        "its first layer has 33 channels": {"model.model.0.weight": torch.zeros(33, 5, 4, 4)},
        "model.model.0.weight is [32, 4, 4, 4] instead of [32, 5, 4, 4]": good
        | {"model.model.0.weight": torch.zeros(32, 4, 4, 4)},
        f"{last} is missing": {name: value for name, value in good.items() if name != last},
        "more [3] does not belong there": good | {"more": torch.zeros(3)},
    }
    for said, weights in wrong.items():
        with pytest.raises(FlowGenError) as error:
            build(weights, "Load FlowGen: file")
        assert str(error.value).startswith("Load FlowGen: file is no FlowGen: ") and said in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("case", MAPS)
def test_maps_are_the_published_ones(case):
    handles, targets = published_points(case)
    maps, _ = input_maps(published_picture(), handles, targets, "published")
    close(maps[:, :3, 1::16, 4::16], NUMBERS["image"])
    vectors = torch.zeros(2, 256, 256)
    vectors[tuple(NUMBERS[f"maps/{case}/vectors_at"].long().T)] = NUMBERS[f"maps/{case}/vectors"]
    torch.testing.assert_close(maps[0, 3:], vectors, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", sorted(set(MAPS) - {"one_point_auto"}))
def test_flow_is_the_published_one(case):
    raw = torch.stack((0.6 * torch.sin(X / 40 + Y / 97), 0.45 * torch.cos(X / 71 - Y / 33)))[None]
    picture, points = published_picture(), published_points(case)
    flow = generate_flow(lambda maps: raw, picture, *points, "published", published_scale(case))
    found = flow_channels(flow, 64, 64)[..., ::3, 1::3]
    torch.testing.assert_close(found, NUMBERS[f"maps/{case}/flow_latent"], rtol=0, atol=1e-6)


def test_flow_becomes_fractions_of_the_picture_on_any_grid():
    close(flow_channels(NUMBERS["resize/in"], 20, 30), NUMBERS["resize/out"])


def answer(x, y):
    """A network that lets everything move along (x, y)."""
    return lambda maps: torch.tensor([x, y]).view(1, 2, 1, 1).expand(len(maps), 2, 256, 256)


@pytest.mark.parametrize("size", [(512, 512), (384, 512), (700, 301), (90, 128), (2000, 1999), (3, 400)])
def test_any_picture_keeps_its_proportions_and_the_direction_of_its_drags(size):
    height, width = size
    where = frame(height, width, "proportional")
    assert max(where.height, where.width) == 256
    assert abs(where.width / where.height / (width / height) - 1) < 0.51 / min(where.width, where.height)
    picture = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    handles = torch.tensor([[0.25, 0.5], [1.0, 1.0]], dtype=torch.float64)
    move = torch.tensor([[0.2, 0.05], [-0.1, -0.0125]], dtype=torch.float64)
    maps, _ = input_maps(picture, handles, handles + move, "proportional")
    assert maps.shape == (2, 5, 256, 256) and maps.isfinite().all()
    # each drag is four cells of the map, all in its own direction
    pixels = move * torch.tensor([width, height])
    for (x, y), drag in zip((handles * torch.tensor([where.width, where.height])).tolist(), pixels, strict=True):
        column = where.left + min(int(x), where.width - 1)
        row = where.top + min(int(y), where.height - 1)
        found = maps[0, 3:, row, column]
        assert torch.cosine_similarity(found.double(), drag, 0) > 1 - 1e-3
        assert found.norm() > 0
    assert torch.equal(maps[0, 3:], maps[1, 3:])
    flow = generate_flow(answer(0.4, 0.1), picture, handles, handles + move)
    assert flow.shape == (2, 2, where.height, where.width)
    # the longest component of all drags, in cells of the flow, and nothing turned
    longest = (move * torch.tensor([where.width, where.height])).abs().max()
    torch.testing.assert_close(flow[:, 0], torch.full_like(flow[:, 0], float(longest)))
    torch.testing.assert_close(flow[:, 1], flow[:, 0] / 4)
    half = generate_flow(answer(0.4, 0.1), picture, handles, handles + move, scale=0.5)
    torch.testing.assert_close(half, flow * 0.2)


def test_a_square_is_what_was_published_but_for_the_direction():
    handles, targets = published_points("one_point_auto")
    ours, theirs = (input_maps(published_picture(), handles, targets, mode)[0] for mode in MODES)
    assert torch.equal(ours[:, :3], theirs[:, :3]) and torch.equal(ours[:, 3], theirs[:, 3])
    torch.testing.assert_close(ours[:, 4], theirs[:, 4] / 2)  # (60, -30)


def test_the_picture_lies_where_its_handles_do():
    picture = torch.ones(1, 3, 256, 512)
    picture[..., 60:100, 300:340] = 0
    handle, target = torch.tensor([[320 / 512, 80 / 256]]).double(), torch.ones(1, 2).double()
    maps, _ = input_maps(picture, handle, target, "proportional")
    row, column = maps[0, 3].nonzero().float().mean(0).round().long().tolist()
    assert maps[0, :3, row, column].max() < -0.9
    # margins repeat the border
    assert maps[0, :3, :64].min() > 0.9 and maps[0, :3, 192:].min() > 0.9


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_without_motion_is_one_without_motion(mode):
    handles, targets = published_points("one_point_auto")
    for x, y in ((0.0, 0.0), (0.3, 0.0)):
        flow = generate_flow(answer(x, y), published_picture(), handles, targets, mode)
        assert flow.isfinite().all() and flow[:, 1].abs().max() == 0 and (flow[:, 0] != 0).all() == (x != 0)


@pytest.mark.parametrize("mode", MODES)
def test_without_a_drag_nothing_moves_and_nothing_is_asked(mode):
    handle = torch.tensor([[0.2, 0.3]], dtype=torch.float64)
    for points in ((handle, handle), (handle[:0], handle[:0])):
        flow = generate_flow(None, torch.rand(2, 3, 100, 200), *points, mode)
        assert flow.shape == (2, 2, *((256, 256) if mode == "published" else (128, 256))) and flow.abs().max() == 0


def test_branches_are_the_published_ones():
    image, flow = NUMBERS["diffusion/image"], NUMBERS["diffusion/flow_latent"]
    mean = F.avg_pool2d(image, 8)
    latent = torch.cat((3 * mean, 0.5 - 2 * mean.mean(1, keepdim=True)), 1)
    close(torch.cat(branches(latent, flow)), NUMBERS["diffusion/unet_in"])
    # one picture with many motions, one motion of many pictures
    for many in (branches(latent, flow.repeat(3, 1, 1, 1)), branches(latent.repeat(3, 1, 1, 1), flow)):
        assert all(torch.equal(a, b.repeat(3, 1, 1, 1)) for a, b in zip(many, branches(latent, flow), strict=True))


@pytest.mark.parametrize("scales", [(1.0, 5.0), (1.5, 1.5), (1.75, 1.5)])
def test_guidance_is_the_published_one(scales):
    e_flow, e_image, e_none = NUMBERS["diffusion/guidance_only/eps_flow_image_uncond"].split(1)
    golden = NUMBERS[f"diffusion/guidance_only/ig{scales[0]}_fg{scales[1]}"]
    close(guided(e_none, e_image, e_flow, *scales), golden)


def turning(height, width, angle):
    """Everything turns about the middle."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    offset = torch.complex(x - width / 2, y - height / 2)
    return torch.view_as_real(offset * (torch.exp(torch.tensor(1j * angle)) - 1)).permute(2, 0, 1)[None]


def test_steps_are_put_one_after_the_other():
    # twelve turns of 5 degrees are one of 60, which their sum is not
    steps = [turning(40, 60, torch.pi / 36)] * 12
    whole, inner = turning(40, 60, torch.pi / 3), (..., slice(12, 28), slice(20, 40))
    torch.testing.assert_close(compose(steps)[inner], whole[inner], rtol=0, atol=0.02)
    assert (sum(steps) - whole)[inner].abs().max() > 1


@pytest.mark.parametrize("size", [(512, 384), (100, 180)])
def test_the_whole_way_of_a_predictor_ends_at_the_targets(size):
    height, width = size
    handles = torch.tensor([[0.3, 0.4], [0.6, 0.6]], dtype=torch.float64)
    targets = torch.tensor([[0.5, 0.4], [0.7, 0.5]], dtype=torch.float64)
    seen = []

    def predict(image, now, goals):
        seen.append(image.shape)
        # a quarter of what remains, in each half what its handle needs, never less than a pixel
        step = (goals - now) / max(1.0, float((goals - now).norm(dim=1).max()) / 8)
        left = (torch.arange(image.shape[3]) < 0.5 * image.shape[3]).view(1, 1, 1, -1)
        first, second = (one.float().view(1, 2, 1, 1).expand(1, 2, *image.shape[-2:]) for one in step)
        return torch.where(left, first, second)

    flow = predict_total_flow(predict, torch.rand(1, 3, height, width), handles, targets)
    grid = torch.tensor([flow.shape[3], flow.shape[2]])
    assert max(grid) == min(256, max(size)) and len(seen) > 3 and all(one[-2:] == flow.shape[-2:] for one in seen)
    moved = handles + sample_flow(flow, handles * grid) / grid
    torch.testing.assert_close(moved, targets, rtol=0, atol=0.01)
    still = predict_total_flow(predict, torch.rand(1, 3, height, width), targets, targets)
    assert still.shape == flow.shape and still.abs().max() == 0


def test_flow_is_confined_to_a_region_of_another_size():
    flow = torch.ones(2, 2, 30, 40)
    mask = torch.zeros(1, 60, 80)
    mask[:, 20:40, 40:] = 1
    found = confine_flow(flow, mask)
    assert (found[:, :, 10:20, 20:] == 1).all() and found.sum() == 2 * 2 * 10 * 20
    assert torch.equal(confine_flow(flow[:1], mask.repeat(2, 1, 1)), found)
