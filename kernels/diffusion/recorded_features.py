"""What a KV cache holds of the picture: features of its places, by which they look at each other."""

import math

import torch.nn.functional as F

from .kv_cache import KVCacheError


def _shape(tokens, height, width):
    """Rows and columns of the tokens of a block on a height x width latent: every 1, 2, 4, ... cells."""
    step = 1
    while step <= max(height, width):
        rows, columns = (math.ceil(side / step) for side in (height, width))
        if rows * columns == tokens:
            return rows, columns
        step *= 2
    raise KVCacheError(f"KV cache: {tokens} recorded places are no grid over a latent of {width} x {height} cells")


def finest_grid(cache, height, width):
    """Rows and columns of the finest recorded grid over a height x width latent. KVCacheError for an empty cache."""
    if not cache.entries:
        raise KVCacheError("KV cache: nothing was recorded; run the inversion first")
    return _shape(max(entry.shape[1] for entry in cache.entries.values()), height, width)


def recorded_features(cache, number, height, width, rows, columns):
    """For every entry of a KVCache the features [C, rows, columns] (float32; C differs) of latent `number` of its
    batch, height x width cells: less their mean, and of length 1 in each place."""
    for entry in cache.entries.values():
        grid = _shape(entry.shape[1], height, width)
        features = entry[number].float().T.unflatten(1, grid)
        features = F.normalize(features - features.mean((1, 2), keepdim=True), dim=0)
        if grid != (rows, columns):
            features = F.interpolate(features[None], (rows, columns), mode="bilinear", antialias=True)[0]
        yield features
