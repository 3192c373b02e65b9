"""Random pictures with parts that move on known paths: shapes, creatures, faces, elastic photographs."""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from .motions import positions
from .trajectories import STILL, Elastic, Swing, unit

KINDS = ("translation", "rotation", "limbs", "face", "scaling", "elastic", "camera")


class Dice:
    """Random numbers of one seed; `spread` > 1 widens the ranges of the motions beyond those of the training."""

    def __init__(self, seed, spread=1.0):
        self.generator, self.spread = torch.Generator().manual_seed(seed), spread

    def number(self, low=0.0, high=1.0):
        return low + (high - low) * torch.rand((), generator=self.generator).item()

    def chance(self, probability):
        return self.number() < probability

    def whole(self, low, high):
        """From low to high, both included."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def pick(self, items, weights=None):
        if weights is None:
            return items[self.whole(0, len(items) - 1)]
        return items[int(torch.multinomial(torch.tensor(weights, dtype=torch.float32), 1, generator=self.generator))]

    def extent(self, limit):
        """Of a motion: either sign, small ones more often."""
        return self.pick((-1, 1)) * limit * self.spread * (0.06 + 0.94 * self.number() ** 1.3)

    def direction(self):
        return self.number(0, 2 * math.pi)

    def noise(self, *shape):
        return torch.rand(shape, generator=self.generator)


def texture(dice, size=96):
    """A generated surface [3, size, size] in 0..1: noise, stripes, checks or spots in two to three colours."""
    colours = dice.noise(3, 3)
    y, x = torch.meshgrid(*2 * (torch.linspace(0, 1, size),), indexing="ij")
    angle, count = dice.direction(), dice.number(2, 14)
    along = (x * math.cos(angle) + y * math.sin(angle)) * count
    across = (y * math.cos(angle) - x * math.sin(angle)) * count
    kind = dice.pick(("noise", "stripes", "checks", "spots", "shade"), (0.4, 0.15, 0.1, 0.15, 0.2))
    rough = sum(
        F.interpolate(dice.noise(1, 2, n, n), (size, size), mode="bicubic")[0] / (i + 1.2)
        for i, n in enumerate((3, 7, 17, 41))
    )
    rough = (rough - rough.amin()) / (rough.amax() - rough.amin())
    value = {
        "noise": rough[0],
        "stripes": 0.5 + 0.5 * torch.sin(2 * math.pi * along + 2 * rough[0]),
        "checks": (torch.sin(math.pi * along) * torch.sin(math.pi * across) > 0).float(),
        "spots": ((along % 1 - 0.5).square() + (across % 1 - 0.5).square() < dice.number(0.04, 0.14)).float(),
        "shade": (along - along.min()) / (along.max() - along.min()),
    }[kind]
    picture = torch.lerp(colours[0, :, None, None], colours[1, :, None, None], value)
    return torch.lerp(picture, colours[2, :, None, None], dice.number(0, 0.5) * rough[1]).clamp(0, 1)


class Surfaces:
    """What things are made of: the given photographs [3, H, W] in 0..1 and generated textures."""

    def __init__(self, photographs, seed, count=160):
        self.photographs = list(photographs)
        self.textures = [texture(Dice(seed * 100_003 + i)) for i in range(count)]

    def surface(self, dice, photograph=0.5):
        """One of them, its change of colours (matrix [3, 3], lift [3]), and how a part's coordinates are laid out on it
        (matrix [2, 2], place [2])."""
        pool = self.photographs if dice.chance(photograph) and self.photographs else self.textures
        picture = dice.pick(pool)
        colours = torch.eye(3)
        if dice.chance(0.6):
            colours = colours[torch.randperm(3, generator=dice.generator)]
        if dice.chance(0.15):
            colours = torch.full((3, 3), 1 / 3)
        gain = dice.noise(3, 1) * 0.7 + 0.6
        lift = 0.5 - 0.5 * gain[:, 0] + dice.noise(3) * 0.3 - 0.15
        angle = dice.number(-0.5, 0.5) if dice.chance(0.7) else dice.direction()
        zoom, flip = dice.number(0.6, 1.7), dice.pick((-1, 1))
        matrix = torch.tensor([unit(angle, zoom * flip), unit(angle + math.pi / 2, zoom)]).T
        return picture, (gain * colours, lift), (matrix, dice.noise(2) * 2 - 1)


def paint(surface, c, size):
    """A surface at rest positions c [h, w, 2] of a picture of `size` pixels: [3, h, w]."""
    picture, (colours, lift), (matrix, place) = surface
    grid = ((c * (2 / size)) @ matrix.T + place)[None]
    look = F.grid_sample(picture[None], grid, "bilinear", "reflection", align_corners=False)[0]
    return (colours @ look.flatten(1) + lift[:, None]).view_as(look).clamp(0, 1)


@dataclass(frozen=True)
class Blob:
    """Distance-like function of a closed shape around `centre`: radii (a, b), power 2 = ellipse, 6 = box; wavy edge."""

    centre: tuple
    radii: tuple
    power: float = 2.0
    waves: tuple = ()

    def __call__(self, c):
        offset = (c - torch.tensor(self.centre)) / torch.tensor(self.radii)
        radius = offset.abs().clamp(min=1e-4).pow(self.power).sum(-1).pow(1 / self.power)
        curve = 1.0
        if self.waves:
            angle = torch.atan2(offset[..., 1], offset[..., 0])
            curve = 1 + sum(size * torch.cos(count * angle + phase) for count, size, phase in self.waves)
        return (radius - curve) * min(self.radii)


@dataclass(frozen=True)
class Strip:
    """A tapering rounded strip from the anchor along u."""

    length: float
    width: float
    tip: float

    def __call__(self, c):
        along = c[..., 0].clamp(0, self.length)
        half = self.width + (self.tip - self.width) * along / self.length
        return torch.hypot(c[..., 0] - along, c[..., 1]) - half


@dataclass
class Part:
    """`group`: parts that hang together move together. `marks`: (shape, colour) drawn on it."""

    motion: object
    shape: object
    surface: tuple
    group: int
    outline: float = 0.0
    marks: list = field(default_factory=list)


@dataclass
class Scene:
    """picture [3, S, S]; owner [S, S]: the part seen at a pixel, -1 = ground; rest [S, S, 2]: its rest position."""

    picture: torch.Tensor
    owner: torch.Tensor
    rest: torch.Tensor
    motions: list
    groups: list
    kind: str


def _colour(dice):
    return dice.noise(3)[:, None, None]


def draw(size, ground, ground_motion, parts, kind):
    xy = positions(size)
    picture, owner, rest = paint(ground, xy, size), torch.full((size, size), -1), xy.clone()
    for index, part in enumerate(parts):
        c = part.motion.inverse(xy)
        distance = part.shape(c)
        inside = (0.5 - distance).clamp(0, 1)
        look = paint(part.surface, c, size)
        if part.outline:
            look = look * (1 - 0.8 * (1 - (distance + part.outline).abs() / part.outline).clamp(0, 1))
        for shape, colour in part.marks:
            look = torch.lerp(look, colour.expand_as(look), (0.5 - shape(c)).clamp(0, 1))
        picture = torch.lerp(picture, look, inside)
        seen = inside > 0.5
        owner[seen] = index
        rest[seen] = c[seen]
    return Scene(
        picture, owner, rest, [p.motion for p in parts] + [ground_motion], [p.group for p in parts] + [-1], kind
    )


class Builder:
    """Makes the parts of one scene; lengths in pixels of a picture of `size`."""

    def __init__(self, dice, surfaces, size):
        self.dice, self.surfaces, self.size = dice, surfaces, size

    def length(self, low, high):
        return self.dice.number(low, high) * self.size

    def place(self, margin=0.2):
        return (self.length(margin, 1 - margin), self.length(margin, 1 - margin))

    def blob(self, centre=(0.0, 0.0), low=0.08, high=0.24):
        dice = self.dice
        radius = self.length(low, high)
        waves = ()
        if dice.chance(0.5):
            waves = tuple((n, dice.number(0, 0.3 / n), dice.direction()) for n in (2, 3, 4, 5))
        return Blob(centre, (radius, radius * dice.number(0.45, 1)), dice.pick((1.3, 2.0, 2.0, 3.0, 8.0)), waves)

    def part(self, motion, shape, group, surface=None, photograph=0.45):
        dice = self.dice
        outline = dice.number(0.5, 1.6) * self.size / 96 if dice.chance(0.45) else 0.0
        return Part(motion, shape, surface or self.surfaces.surface(dice, photograph), group, outline)

    def translation(self, group):
        shift = unit(self.dice.direction(), self.dice.extent(0.55 * self.size))
        return [self.part(Swing(self.place(0.15), self.dice.direction(), shift=shift), self.blob(), group)]

    def rotation(self, group):
        """About its own middle, or about a pin anywhere in it, which is often seen."""
        dice = self.dice
        turn = dice.extent(2.2)
        if dice.chance(0.45):
            return [self.part(Swing(self.place(), dice.direction(), turn), self.blob(high=0.3), group)]
        if dice.chance(0.5):
            shape = Strip(self.length(0.2, 0.55), self.length(0.03, 0.09), self.length(0.02, 0.1))
        else:
            shape = self.blob((self.length(0.08, 0.25), 0.0), 0.12, 0.28)
        part = self.part(Swing(self.place(), dice.direction(), turn), shape, group)
        if dice.chance(0.75):
            radius = self.length(0.012, 0.03)
            part.marks.append((Blob((0.0, 0.0), (radius, radius)), _colour(dice)))
        return [part]

    def limbs(self, group):
        """A body that stays, with one to four tails or arms; some swing or curl, some have a joint."""
        dice = self.dice
        surface = self.surfaces.surface(dice, 0.3)
        middle, radius = self.place(0.3), self.length(0.07, 0.17)
        body = self.part(
            Swing(middle, dice.direction()), Blob((0.0, 0.0), (radius, radius * dice.number(0.7, 1.3))), group
        )
        body.surface = surface if dice.chance(0.75) else body.surface
        limbs, start, count = [], dice.direction(), dice.whole(1, 4)
        for i in range(count):
            look = surface if dice.chance(0.8) else self.surfaces.surface(dice, 0.3)
            angle = start + (i + dice.number(-0.25, 0.25)) * 2 * math.pi / count
            root = tuple(m + 0.8 * radius * d for m, d in zip(middle, unit(angle), strict=True))
            angle += dice.number(-0.6, 0.6)
            length, width = self.length(0.15, 0.42), self.length(0.018, 0.06)
            moves = i == 0 or dice.chance(0.5)
            turn = dice.extent(1.9) * moves
            own = group * 10 + i
            if dice.chance(0.3):
                # upper and lower arm; the joint turns too
                joint, more = dice.number(-1, 1), dice.extent(1.6) * moves * dice.pick((0, 1))
                limbs.append(self.part(Swing(root, angle, turn), Strip(length * 0.55, width, width * 0.85), own, look))
                lower = Swing(root, angle + joint, turn + more, arm=(length * 0.55, angle, turn))
                limbs.append(self.part(lower, Strip(length * 0.55, width * 0.85, width * 0.6), own, look))
            else:
                bend = dice.extent(2.4) / length * moves * dice.pick((0, 1, 1))
                if bend and dice.chance(0.35):
                    turn = 0.0
                motion = Swing(root, angle, turn, curvature=dice.number(-1, 1) / length, bend=bend)
                limbs.append(self.part(motion, Strip(length, width, width * dice.number(0.3, 1.2)), own, look))
        body.group = group * 10 + 9
        return limbs + [body] if dice.chance(0.5) else [body] + limbs

    def face(self, group):
        """A head with eyes and mouth that nods sideways about its neck, on shoulders that stay."""
        dice = self.dice
        neck, height = (self.length(0.25, 0.75), self.length(0.6, 0.85)), self.length(0.13, 0.26)
        wide = height * dice.number(0.65, 1)
        tilt = dice.number(-0.3, 0.3) - math.pi / 2
        head = self.part(Swing(neck, tilt, dice.extent(1.0)), Blob((height, 0.0), (height, wide)), group * 10)
        dark = _colour(dice) * 0.4
        eye = wide * dice.number(0.1, 0.2)
        for side in (-1, 1):
            head.marks.append((Blob((1.2 * height, side * 0.4 * wide), (eye, eye)), dark))
        head.marks.append((Blob((0.55 * height, 0.0), (eye * 0.6, 0.4 * wide)), _colour(dice)))
        shoulders = Blob((0.0, -self.length(0.18, 0.26)), (self.length(0.18, 0.34), self.length(0.18, 0.24)), 2.6)
        body = self.part(Swing(neck, math.pi), shoulders, group * 10 + 9)
        if dice.chance(0.4):
            body.surface = head.surface
        return [body, head]

    def scaling(self, group):
        """About the middle, or away from a foot that stays."""
        dice = self.dice
        growth = dice.extent(0.75)
        shape = self.blob((0.0, 0.0) if dice.chance(0.6) else (self.length(0.1, 0.2), 0.0), 0.1, 0.26)
        return [self.part(Swing(self.place(0.25), dice.direction(), growth=growth), shape, group)]

    def elastic(self):
        """Pulls, twists and swellings of the picture; a pull shorter than its width does not fold it."""
        dice, bumps = self.dice, []
        for _ in range(dice.whole(1, 3)):
            sigma = self.length(0.07, 0.22)
            kind = dice.pick(("pull", "twist", "swell"), (0.5, 0.3, 0.2))
            vector = unit(dice.direction(), dice.extent(1.1) * sigma) if kind == "pull" else (0.0, 0.0)
            turn = dice.extent(1.3) if kind == "twist" else 0.0
            bumps.append((self.place(), sigma, vector, turn, dice.extent(0.5) if kind == "swell" else 0.0))
        return Elastic(tuple(bumps))

    def camera(self):
        """The whole picture shifts, turns or zooms about a place in it."""
        dice, kind = self.dice, self.dice.whole(0, 2)
        shift = unit(dice.direction(), dice.extent(0.35 * self.size) * (kind == 0))
        turn, growth = dice.extent(0.7) * (kind == 1), dice.extent(0.4) * (kind == 2)
        return Elastic(((self.place(0.1), 50.0 * self.size, shift, turn, growth),))


WEIGHTS = {
    "translation": 0.16, "rotation": 0.18, "limbs": 0.27, "face": 0.08, "scaling": 0.09, "elastic": 0.17, "camera": 0.05,
}  # fmt: skip


def scene(dice, surfaces, size, kind=None):
    """A random Scene of `size` pixels, of a kind of KINDS or any of them."""
    kind = kind or dice.pick(KINDS, [WEIGHTS[k] for k in KINDS])
    build, parts, motion = Builder(dice, surfaces, size), [], STILL
    ground = surfaces.surface(dice, 0.6)
    if kind in ("elastic", "camera"):
        motion = getattr(build, kind)()
        if kind == "elastic":
            ground = surfaces.surface(dice, 0.85)
    else:
        # things that stay, behind what moves
        for i in range(dice.pick((0, 0, 1, 2, 3))):
            parts.append(build.part(Swing(build.place(0.0), dice.direction()), build.blob(low=0.04), -2 - i))
        count = 1 if kind in ("limbs", "face") else dice.pick((1, 1, 1, 2, 2, 3))
        for i in range(count):
            # beside something of the asked kind, other things may move
            other = i and dice.chance(0.5)
            parts += getattr(build, dice.pick(("translation", "rotation", "scaling")) if other else kind)(i + 1)
    drawn = draw(size, ground, motion, parts, kind)
    grain = dice.number(0, 0.04)
    drawn.picture = (drawn.picture + grain * torch.randn(drawn.picture.shape, generator=dice.generator)).clamp(0, 1)
    return drawn
