"""Cases of what belongs to DynaDrag, InstantDrag or LightningDrag alone."""

import torch
import torch.nn.functional as F

from ...kernels.diffusion.kv_cache import KVCache
from ...kernels.dynadrag import point_selection, point_tracking, predict_and_move
from ...kernels.instantdrag import conditioning, flowgen_maps
from ...kernels.instantdrag.flowgen import FlowGen
from ...kernels.lightningdrag import attention, embedding, guidance, image_tokens
from .cases import NETWORK, Case


def _features(given):
    """features = f(z), differentiable, on the device."""
    weight = given.normal(8, 4, 3, 3, seed=41) / 6
    return lambda z: torch.tanh(F.conv2d(z, weight, padding=1))


def _supervised(given):
    """Steps of Adam down Eq. 2. After each the latent differs by parts of the step."""
    features, z = _features(given), given.latent()
    settings = predict_and_move.Settings(steps=given.steps, lr=0.02, damping=3.0, r1=2)
    optimizer = settings.optimizer(z)
    size = given.width, given.height
    patches = [settings.patches(ends) for ends in given.drags()]
    mask = given.ellipse()[None]

    def evaluate(latent, complete):
        return features(latent), 0.9 * latent

    loss = predict_and_move.supervise(
        optimizer, evaluate, lambda found, at: (None, *patches), size, settings, mask, 0.9 * z
    )
    return optimizer.latent(z), loss


def _selected(given):
    return point_selection.select_points(_features(given)(given.latent()), *given.drags(), 0.3)


def _tracked(given):
    found = _features(given)(given.latent())
    handles, targets = given.drags()
    return point_tracking.track_points(found, found.roll((1, 2), (2, 3)), handles, targets, 6)


def _loop(given):
    """Two rounds of DynaDrag by tracking."""
    features = _features(given)
    settings = predict_and_move.Settings(rounds=2, steps=given.steps, lr=0.02, r1=2, preserving=False)
    z = given.latent()
    latent, rounds, finite = predict_and_move.predict_and_move(
        z, *given.drags(), (given.width, given.height), lambda work: work(lambda z, complete: (features(z), 0.9 * z)),
        predict_and_move.Tracker(4), settings, given.ellipse()[None],
    )  # fmt: skip
    assert finite
    return latent, torch.stack([one.handles for one in rounds])


def _flowgen(given):
    network = given.network("flowgen", lambda: FlowGen(32))
    return flowgen_maps.generate_flow(network, given.picture(), *given.fractions())


def _flow_maps(given):
    return [flowgen_maps.input_maps(given.picture(), *given.fractions(), mode)[0] for mode in flowgen_maps.MODES]


def _conditioning(given):
    rows, columns = given.height // 8, given.width // 8
    seen = conditioning.branches(
        given.normal(1, 4, rows, columns), conditioning.flow_channels(given.flow(), rows, columns)
    )
    return *seen, conditioning.guided(*seen, 1.5, 1.5)


def _point_embedding(given):
    network = given.network("embedding", lambda: embedding.PointEmbedding(4))
    maps = embedding.point_maps(*given.drags(), given.height, given.width)
    assert embedding.hidden_points(maps, given.points) is not None
    levels = network(maps.to(given.device))
    widths = {f"block{i}": handle.shape[1] for i, (handle, _) in enumerate(levels)}
    weights = {
        name: {
            "norm.weight": torch.ones(width, device=given.device), "norm.bias": torch.zeros(width, device=given.device),
            "proj.weight": given.normal(16, width, seed=42) / width**0.5,
        }
        for name, width in widths.items()
    }  # fmt: skip
    return attention.project_points(levels, weights)


def _point_attention(given):
    own, p_target, p_handle = (given.normal(n, 48, 16, seed=43 + n) for n in (2, 1, 1))
    cache = KVCache(attention.REFERENCE_LEVELS, "gpu")
    cache.put(0, "block", given.normal(1, 48, 16, seed=46))
    both = attention.with_reference(cache, "block", own)
    return (
        attention.add_to_queries(own, p_target, (False, True)),
        attention.add_to_keys(both, p_target, p_handle, (False, True)),
        attention.join_reference(own, own[:1], (p_target, p_handle), (False, True)),
    )


def _image_tokens(given):
    network = given.network("projection", lambda: image_tokens.ImageProjection(24, 20))
    tokens = network(given.normal(1, 24, seed=47))
    weights = {f"to_{part}_ip.weight": given.normal(32, 20, seed=48) / 5 for part in ("k", "v")}
    k, v = image_tokens.image_keys(tokens, weights)
    to_q, to_out = (given.network(name, lambda: torch.nn.Linear(32, 32)) for name in ("to_q", "to_out"))
    hidden = given.normal(2, 40, 32, seed=49)
    folded = image_tokens.fold(to_q, to_out, k, v, 4)
    return image_tokens.image_term(to_q(hidden), k, v, 4), image_tokens.folded_term(hidden, *folded, 4)


def _guided(given):
    scales = guidance.point_scales(3.0, "inv_square", given.steps)
    without, seen = given.latent(), given.normal(1, 4, given.height, given.width, seed=50)
    return [guidance.guided(without, seen, guidance.felt(scale)) for scale in scales]


CASES = [
    Case(
        "steps of motion supervision", ("dynadrag.motion_supervision", "diffusion.feature_patches"), _supervised,
        NETWORK, 0.005,
    ),
    Case("selection of points", ("dynadrag.point_selection",), _selected),
    Case("point tracking", ("dynadrag.point_tracking",), _tracked),
    Case("rounds of DynaDrag", ("dynadrag.predict_and_move",), _loop, NETWORK, 0.01),
    Case("FlowGen", ("instantdrag.flowgen", "instantdrag.flowgen_maps"), _flowgen, 2 * NETWORK),
    Case("what FlowGen sees", ("instantdrag.flowgen_maps",), _flow_maps, 1e-3),
    Case("what FlowDiffusion sees", ("instantdrag.conditioning",), _conditioning),
    Case("point embedding", ("lightningdrag.embedding", "lightningdrag.attention"), _point_embedding, NETWORK),
    Case("attention to reference and points", ("lightningdrag.attention",), _point_attention),
    Case("attention to image tokens", ("lightningdrag.image_tokens",), _image_tokens, NETWORK),
    Case("guidance over points", ("lightningdrag.guidance",), _guided),
]  # fmt: skip
