"""What the kernels are given when they are checked: the same seeded numbers for every device."""

from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class Given:
    """Inputs on a device: so many points and steps, on a picture or latent of height x width. What was asked for once
    is there already, so that a kernel's second run moves nothing to the device but what it moves itself."""

    device: torch.device
    points: int = 5
    steps: int = 2
    height: int = 64
    width: int = 88
    sent: dict = field(default_factory=dict, repr=False, compare=False)

    def _generator(self, seed):
        return torch.Generator().manual_seed(seed)

    def _send(self, key, make):
        if key not in self.sent:
            self.sent[key] = make().to(self.device)
        return self.sent[key]

    def random(self, *shape, seed=0):
        """Uniform numbers 0..1 of a shape."""
        return self._send(
            ("random", shape, seed), lambda: torch.rand(*shape, generator=self._generator(seed))
        )  # fmt: skip

    def normal(self, *shape, seed=0):
        return self._send(("normal", shape, seed), lambda: torch.randn(*shape, generator=self._generator(seed)))

    def _smooth(self, coarse):
        size = self.height, self.width
        return torch.nn.functional.interpolate(coarse, size, mode="bilinear", align_corners=True)

    def picture(self, channels=3, batch=1, seed=1):
        """[B, C, H, W] in 0..1, smooth."""
        return self._send(
            ("picture", channels, batch, seed),
            lambda: self._smooth(torch.rand(batch, channels, 7, 9, generator=self._generator(seed))),
        )

    def latent(self, channels=4):
        return self.normal(1, channels, self.height, self.width, seed=2)

    def drags(self, length=0.06):
        """Handles and targets [N, 2] (x, y; cells) in the middle of the picture, on the CPU as points come; drags of
        that part of the shorter side."""
        size = torch.tensor([self.width, self.height], dtype=torch.float64)
        handles = (0.32 + 0.36 * torch.rand(self.points, 2, generator=self._generator(3), dtype=torch.float64)) * size
        moves = torch.randn(self.points, 2, generator=self._generator(4), dtype=torch.float64)
        return handles, handles + length * min(self.height, self.width) * moves.clamp(-1.5, 1.5)

    def fractions(self):
        """Handles and targets [N, 2] as fractions of the picture, on the CPU."""
        size = torch.tensor([self.width, self.height], dtype=torch.float64)
        return tuple((ends + 0.5) / size for ends in self.drags())

    def ellipse(self, x=0.5, y=0.5, part=0.42):
        """A region [H, W] (bool) around a place, in fractions."""

        def make():
            rows, columns = (torch.arange(n, dtype=torch.float64) / n for n in (self.height, self.width))
            return ((columns - x) / part) ** 2 + ((rows[:, None] - y) / part) ** 2 < 1

        return self._send(("ellipse", x, y, part), make)

    def flow(self):
        """A smooth FLOW [1, 2, H, W] of some cells."""
        length = min(self.height, self.width) / 12
        return self._send(
            "flow", lambda: self._smooth(length * torch.randn(1, 2, 4, 5, generator=self._generator(5)))
        )  # fmt: skip

    def holes(self):
        """A few holes [H, W] (bool)."""
        return self._send("holes", lambda: torch.rand(self.height, self.width, generator=self._generator(6)) < 0.15)

    def network(self, name, build):
        """A network with seeded weights, in evaluation mode, on the device; another name is another network."""

        def make():
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(7)
                return build().eval().requires_grad_(False)

        return self._send(("network", name), make)
