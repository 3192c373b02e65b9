"""SimVP (Gao et al. 2022) as DynaDrag modifies it (Sec. 6): 6 channels in, flow out, no time axis, skip kept."""

import json

import torch
import torch.nn.functional as F
from torch import nn

INPUTS, OUTPUTS = 6, 2
# greatest sizes that a file may ask for
SIZES = {"hid_S": 512, "hid_T": 2048, "N_S": 8, "N_T": 32}


def strides(count):
    """Of the encoder's layers; the decoder's are the same backwards."""
    return [1 + i % 2 for i in range(count)]


class _Norm(nn.Module):
    """Convolution, GroupNorm and LeakyReLU; transposed where the decoder doubles the size."""

    def __init__(self, inputs, outputs, kernel, groups=1, norm_groups=2, stride=1, up=False):
        super().__init__()
        padding = kernel // 2
        if up and stride == 2:
            self.conv = nn.ConvTranspose2d(inputs, outputs, kernel, 2, padding, output_padding=1)
        else:
            self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups)
        self.norm = nn.GroupNorm(norm_groups, outputs)

    def forward(self, x):
        return F.leaky_relu(self.norm(self.conv(x)), 0.2)


class _Layer(nn.Module):
    def __init__(self, inputs, outputs, stride, up=False):
        super().__init__()
        self.conv = _Norm(inputs, outputs, 3, stride=stride, up=up)

    def forward(self, x):
        return self.conv(x)


class _Inception(nn.Module):
    """A 1x1 convolution, then the sum of four grouped ones with kernels 3, 5, 7 and 11."""

    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        groups = 8 if hidden % 8 == 0 else 1
        self.conv1 = nn.Conv2d(inputs, hidden, 1)
        self.layers = nn.ModuleList(_Norm(hidden, outputs, k, groups, groups) for k in (3, 5, 7, 11))

    def forward(self, x):
        x = self.conv1(x)
        return sum(layer(x) for layer in self.layers)


class _Encoder(nn.Module):
    def __init__(self, channels, count):
        super().__init__()
        inputs = [INPUTS] + [channels] * (count - 1)
        self.enc = nn.ModuleList(_Layer(i, channels, s) for i, s in zip(inputs, strides(count), strict=True))

    def forward(self, x):
        x = skip = self.enc[0](x)
        for layer in self.enc[1:]:
            x = layer(x)
        return x, skip


class _Translator(nn.Module):
    def __init__(self, channels, hidden, count):
        super().__init__()
        down, up = [channels] + [hidden] * (count - 1), [hidden] + [2 * hidden] * (count - 1)
        outputs = [hidden] * (count - 1) + [channels]
        self.enc = nn.ModuleList(_Inception(i, hidden // 2, hidden) for i in down)
        self.dec = nn.ModuleList(_Inception(i, hidden // 2, o) for i, o in zip(up, outputs, strict=True))

    def forward(self, x):
        skips = []
        for block in self.enc:
            x = block(x)
            skips.append(x)
        x = self.dec[0](x)
        for block, skip in zip(self.dec[1:], skips[-2::-1], strict=True):
            x = block(torch.cat((x, skip), 1))
        return x


class _Decoder(nn.Module):
    def __init__(self, channels, count):
        super().__init__()
        inputs = [channels] * (count - 1) + [2 * channels]
        self.dec = nn.ModuleList(
            _Layer(i, channels, s, up=True) for i, s in zip(inputs, strides(count)[::-1], strict=True)
        )
        self.readout = nn.Conv2d(channels, OUTPUTS, 1)

    def forward(self, x, skip):
        for layer in self.dec[:-1]:
            x = layer(x)
        return self.readout(self.dec[-1](torch.cat((x, skip), 1)))


class SimVP(nn.Module):
    """Maps [B, 6, H, W] (RGB, delta x, delta y, heatmap) to flow [B, 2, H, W], any H and W.

    hid_S, hid_T are the channels of encoder and translator, N_S, N_T their depths; the defaults are the published ones
    (13.8 million parameters). Parameter names are those of the published code. knows_regions: whether it was trained
    with regions, and so is asked in one.
    """

    knows_regions = False

    def __init__(self, hid_S=64, hid_T=256, N_S=4, N_T=8):  # noqa: N803
        super().__init__()
        self.config = {"hid_S": hid_S, "hid_T": hid_T, "N_S": N_S, "N_T": N_T}
        self.multiple = 2 ** (N_S // 2)
        self.enc = _Encoder(hid_S, N_S)
        self.hid = _Translator(hid_S, hid_T, N_T)
        self.dec = _Decoder(hid_S, N_S)

    def forward(self, x):
        height, width = x.shape[-2:]
        # repeated at the right and below to what the strides need, cropped after
        pad = (0, -width % self.multiple, 0, -height % self.multiple)
        latent, skip = self.enc(F.pad(x, pad, mode="replicate") if any(pad) else x)
        return self.dec(self.hid(latent), skip)[..., :height, :width]


FORMAT = "dragkit.motion_predictor"


class PredictorError(ValueError):
    """Weights that are no motion predictor; the message says why."""


def metadata_of(network):
    """The strings that travel with the weights of a SimVP."""
    return {"format": FORMAT, "config": json.dumps(network.config), "regions": json.dumps(network.knows_regions)}


def build(weights, metadata, name):
    """The SimVP, float32 and in evaluation mode, of a file's tensors and metadata; PredictorError names the file."""
    if (metadata or {}).get("format") != FORMAT:
        raise PredictorError(f"{name} is no motion predictor (its metadata lacks the format {FORMAT})")
    try:
        config = json.loads(metadata["config"])
        if set(config) != set(SIZES) or not all(type(config[k]) is int and 1 <= config[k] <= SIZES[k] for k in SIZES):
            raise PredictorError(f"{name} asks for sizes of the network that are not possible: {config}")
        # nothing is allocated before the tensors are seen to fit
        with torch.device("meta"):
            network = SimVP(**config)
        # files of before have none
        network.knows_regions = metadata.get("regions") == "true"
        network.load_state_dict({key: value.float() for key, value in weights.items()}, assign=True)
    except (KeyError, TypeError, RuntimeError, json.JSONDecodeError) as error:
        raise PredictorError(f"the weights in {name} do not fit the network that its metadata describes") from error
    return network.eval().requires_grad_(False)
