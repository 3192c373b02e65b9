"""The region pairs of the JSON object, read into RegionPairs."""

from .json_values import DragPointsError, fractions, shown
from .region_pairs import RegionPair

MAX_REGIONS, MAX_REGION_CORNERS = 64, 10_000
MIN_CORNERS = 3


def _polygon(corners, owner, name):
    if not isinstance(corners, list) or len(corners) < MIN_CORNERS:
        number = len(corners) if isinstance(corners, list) else "no list of"
        raise DragPointsError(f"{owner} has a {name} with {number} corners; it must have {MIN_CORNERS} or more")
    corners = [fractions(corner, owner, f"{name} corner {number}") for number, corner in enumerate(corners, 1)]
    return tuple((float(x), float(y)) for x, y in corners)


def _pair(entry, owner):
    if not isinstance(entry, dict):
        raise DragPointsError(f"{owner} is {shown(entry)}; it must be an object with a handle and a target")
    handle, target = (_polygon(entry.get(name), owner, name) for name in ("handle", "target"))
    if len(handle) != len(target):
        raise DragPointsError(
            f"{owner} has a handle with {len(handle)} corners and a target with {len(target)}; there must be as many"
        )
    return RegionPair(handle, target)


def read_regions(entries):
    """RegionPairs, a tuple, of the JSON list entries, none of None. DragPointsError for anything else."""
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise DragPointsError(f'"regions" is {shown(entries)}; it must be a list of objects with a handle and a target')
    if len(entries) > MAX_REGIONS:
        raise DragPointsError(f"there are {len(entries)} regions; at most {MAX_REGIONS} can be used")
    regions = tuple(_pair(entry, f"region {number}") for number, entry in enumerate(entries, 1))
    count = sum(len(pair.handle) + len(pair.target) for pair in regions)
    if count > MAX_REGION_CORNERS:
        raise DragPointsError(f"the regions have {count} corners; at most {MAX_REGION_CORNERS} can be used")
    return regions
