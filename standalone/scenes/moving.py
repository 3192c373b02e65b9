"""Random pictures with parts that move on known paths: shapes, creatures, faces, elastic photographs."""

import math

import torch

from .moving_shapes import Blob, Part, Strip, draw
from .trajectories import STILL, Elastic, Globe, Joints, Swing, unit

KINDS = ("translation", "rotation", "limbs", "face", "scaling", "elastic", "camera", "head", "part")
# how often a training sees each
WEIGHTS = (0.16, 0.18, 0.27, 0.08, 0.09, 0.17, 0.05, 0.15, 0.2)
# and in a region: things that hang together with what stays, more than what is cut out
IN_REGION = (0.04, 0.06, 0.07, 0.08, 0.04, 0.27, 0.0, 0.18, 0.26)


def _colour(dice):
    return dice.noise(3)[:, None, None]


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
            turn, curl, knee = (dice.extent(limit) * moves for limit in (1.9, 2.2, 1.6))
            jointed = dice.chance(0.3)
            turn *= dice.chance(0.75)
            curl, knee = curl * dice.chance(0.65) * (not jointed), knee * dice.chance(0.5) * jointed
            # beyond this, an end says nothing of the way there
            much = min(1.0, 2.2 * dice.spread / (abs(turn) + abs(curl) + abs(knee) + 1e-9))
            turn, curl, knee = turn * much, curl * much, knee * much
            own = group * 10 + i
            if jointed:
                motion, half = Swing(root, angle, turn), length * 0.55
                limbs.append(self.part(motion, Strip(half, width, width * 0.85), own, look))
                lower = Swing(root, angle + dice.number(-1, 1), turn + knee, arm=(half, angle, turn))
                limbs.append(self.part(lower, Strip(half, width * 0.85, width * 0.6), own, look))
            else:
                motion = Swing(root, angle, turn, curvature=dice.number(-1, 1) / length, bend=curl / length)
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

    def head(self, group):
        """A round head that turns, which is mostly a photograph, maybe with shoulders that stay."""
        dice = self.dice
        radii = (self.length(0.12, 0.3), self.length(0.12, 0.3))
        swing = Swing(
            self.place(0.25), dice.direction(), dice.extent(0.3), shift=unit(dice.direction(), self.length(0, 0.06))
        )
        shape = Blob((0.0, 0.0), radii)
        head = self.part(Globe(swing, radii, dice.extent(0.9)), shape, group * 10, photograph=0.85)
        for _ in range(dice.pick((0, 2, 3))):
            place = tuple(dice.number(-0.6, 0.6) * radius for radius in radii)
            head.marks.append((Blob(place, tuple(dice.number(0.08, 0.2) * r for r in radii)), _colour(dice)))
        parts = [head]
        if dice.chance(0.6):
            angle = dice.direction()
            place = tuple(m + 1.1 * max(radii) * d for m, d in zip(swing.anchor, unit(angle), strict=True))
            body = self.part(Swing(place, angle), self.blob(low=0.12, high=0.3), group * 10 + 9)
            parts.insert(0, body)
        return parts

    def joints(self):
        """One to three parts of the picture, such as limbs and jaws, that turn about a pin at their edge or shift."""
        dice, parts = self.dice, []
        for _ in range(dice.pick((1, 1, 2, 3))):
            length = self.length(0.1, 0.4)
            if dice.chance(0.5):
                shape = Strip(length, self.length(0.03, 0.09), self.length(0.03, 0.09))
            else:
                shape = self.blob((length / 2, 0.0), 0.06, 0.2)
            turns = dice.chance(0.7)
            turn, shift = dice.extent(1.2) * turns, dice.extent(0.3 * self.size) * (not turns or dice.chance(0.3))
            growth = dice.extent(0.3) * dice.chance(0.2)
            swing = Swing(self.place(), dice.direction(), turn, growth, shift=unit(dice.direction(), shift))
            parts.append((swing, shape, self.length(0.04, 0.25)))
        return Joints(tuple(parts))

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


def scene(dice, surfaces, size, kind=None):
    """A random Scene of `size` pixels, of a kind of KINDS or any of them."""
    kind = kind or dice.pick(KINDS, WEIGHTS)
    build, parts, motion = Builder(dice, surfaces, size), [], STILL
    ground = surfaces.surface(dice, 0.6)
    if kind in ("elastic", "camera", "part"):
        motion = {"elastic": build.elastic, "camera": build.camera, "part": build.joints}[kind]()
        if kind != "camera":
            ground = surfaces.surface(dice, 0.85)
    else:
        # things that stay, behind what moves
        for i in range(dice.pick((0, 0, 1, 2, 3))):
            parts.append(build.part(Swing(build.place(0.0), dice.direction()), build.blob(low=0.04), -2 - i))
        count = 1 if kind in ("limbs", "face", "head") else dice.pick((1, 1, 1, 2, 2, 3))
        for i in range(count):
            # beside something of the asked kind, other things may move
            other = i and dice.chance(0.5)
            parts += getattr(build, dice.pick(("translation", "rotation", "scaling")) if other else kind)(i + 1)
    drawn = draw(size, ground, motion, parts, kind)
    grain = dice.number(0, 0.04)
    drawn.picture = (drawn.picture + grain * torch.randn(drawn.picture.shape, generator=dice.generator)).clamp(0, 1)
    return drawn
