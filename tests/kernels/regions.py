"""Rectangles on a small grid."""

import torch

HEIGHT, WIDTH = 48, 64


def box(left, top, right, bottom):
    mask = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    mask[top:bottom, left:right] = True
    return mask
